"""The documentation site: builds strictly, and its reference has every public class and function."""

import subprocess
import sys
import zlib
from importlib import import_module

import pytest
from places import ROOT

PUBLIC = (
    "",
    ".haaqi",
    ".lyrics",
    ".model",
    ".model.paper",
    ".scorers",
    ".registry",
    ".store",
    ".submissions",
    ".worker",
    ".distribute",
)


@pytest.fixture(scope="module")
def referenced(tmp_path_factory) -> set[str]:
    """Dotted names that the built site's inventory has (Sphinx's format: four lines, then zlib)."""
    pytest.importorskip("mkdocstrings", reason="mkdocstrings is not installed")
    site = tmp_path_factory.mktemp("docs") / "site"
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    packed = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    return {line.split(" ")[0] for line in zlib.decompress(packed).decode().splitlines()}


def test_boards_have_the_page_about_the_challenges():
    page, copy = (ROOT / folder / "challenges.md" for folder in ("docs", "haaqinet_eval/published"))
    assert page.read_text(encoding="utf-8") == copy.read_text(encoding="utf-8")


@pytest.mark.parametrize("part", PUBLIC)
def test_every_public_name_is_in_the_reference(part, referenced):
    module = import_module(f"haaqinet_eval{part}")
    public = {name: getattr(module, name) for name in module.__all__}
    homes = {
        name: f"{thing.__module__}.{thing.__qualname__}"
        for name, thing in public.items()
        if getattr(thing, "__module__", "").startswith("haaqinet_eval") and hasattr(thing, "__qualname__")
    }
    assert len(homes) > 1
    missing = {
        name for name, home in homes.items() if {home, f"{module.__name__}.{name}"}.isdisjoint(referenced)
    }
    assert [name for name in missing if f"{module.__name__}.{name}" not in referenced] == []
