"""CONTRIBUTING.md tells the truth: its files are there, its code is that of the example."""

import re

import pytest
from places import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLE = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").rglob("*.*")))


@pytest.mark.parametrize("block", re.findall(r"^ *```(?:python|toml)\n(.*?)^ *```", TEXT, re.S | re.M))
def test_code_is_the_examples(block):
    there = {line.strip() for line in EXAMPLE.splitlines()}
    assert [line for line in block.splitlines() if line.strip() and line.strip() not in there] == []


def test_files_are_there():
    named = re.findall(r"`([a-z_]+(?:/[\w.-]+)+/?)`", TEXT)
    assert len(named) > 10
    folders = [ROOT, ROOT / "examples/plugin", ROOT / "recipes/haaqinet/config/design"]
    assert [name for name in named if not any((folder / name).exists() for folder in folders)] == []
