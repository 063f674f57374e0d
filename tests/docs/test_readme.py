"""README and the guides say what is true: their commands, files and code exist and run."""

import re

import numpy as np
import pytest
import soundfile
import typer.main
from places import ROOT

from haaqinet_eval.cli.commands import app
from haaqinet_eval.registry import scorer_records

README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md")))
COMMANDS = typer.main.get_command(app).commands
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README + GUIDES, flags=re.DOTALL)
SHELL = "\n".join(text for language, text in BLOCKS if language == "sh")
PROSE = re.sub(r"```.*?```", "", README + GUIDES, flags=re.DOTALL)


def test_every_command_is_told_and_every_one_named_exists():
    inline = "\n".join(re.findall(r"`([^`]+)`", PROSE))
    named = set(re.findall(r"^haaqinet ([a-z][a-z-]+)", f"{SHELL}\n{inline}", re.MULTILINE))
    assert named == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_has_help(name):
    command = COMMANDS[name]
    assert command.help
    for parameter in command.params:
        assert parameter.name == "help" or getattr(parameter, "help", None), f"{name}: {parameter.name}"


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", SHELL))
    assert {"demo", "test"} <= named <= targets


def test_files_that_readme_names_exist():
    paths = set(re.findall(r"\b(?:recipes|benchmarks|docs|tests)/[\w./-]*\w", README))
    assert len(paths) > 5
    for path in paths:
        assert (ROOT / path).exists(), path
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_readme_is_read_in_one_sitting():
    assert len(README.split()) <= 1500
    assert max(map(len, re.sub(r"^\|.*$", "", README, flags=re.MULTILINE).splitlines())) <= 140


def test_the_map_names_every_part():
    text = (ROOT / "docs/map.md").read_text(encoding="utf-8")
    for path in (ROOT / "haaqinet_eval").iterdir():
        part = path.stem
        if not part.startswith("_") and (path.suffix == ".py" or (path / "__init__.py").exists()):
            assert f"`{part}`" in text, f"{part} is not on the map"


def test_every_scorer_is_in_the_table():
    for name, record in scorer_records().items():
        assert f"| `{name}` |" in (GUIDES if record.kind == "neighbour" else README)


def test_python_examples_run(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    t = np.arange(2 * 32000) / 32000
    clean = 0.1 * np.sin(2 * np.pi * 220 * t)[:, None] + 0.01 * rng.standard_normal((len(t), 2))
    soundfile.write(tmp_path / "output.flac", clean, 32000)
    soundfile.write(tmp_path / "reference.wav", clean, 32000)
    monkeypatch.chdir(tmp_path)
    examples = [text for language, text in BLOCKS if language == "python"]
    assert examples
    for text in examples:
        exec(compile(text, "README.md", "exec"), {})
    assert capsys.readouterr().out
