"""README says what is true: its commands, files and code exist and run."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer.main

from haaqinet_eval.cli import app
from haaqinet_eval.scorers import scorer_names

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)
SHELL = "\n".join(text for language, text in BLOCKS if language == "sh")
PROSE = re.sub(r"```.*?```", "", README, flags=re.DOTALL)


def test_every_command_is_in_readme_and_every_one_named_exists():
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


def test_the_map_names_every_part():
    for path in (ROOT / "haaqinet_eval").iterdir():
        part = path.stem
        if not part.startswith("_") and (path.suffix == ".py" or (path / "__init__.py").exists()):
            assert f"`{part}`" in README, f"{part} is not on the map"


def test_every_scorer_is_in_the_table():
    for name in scorer_names():
        assert f"| `{name}` |" in README


def test_recipe_lines_have_the_options_they_name():
    lines = re.findall(r"python (recipes/\S+\.py)(.*)", SHELL)
    assert lines
    for script, options in lines:
        paths = [*(ROOT / script).parent.rglob("*.yaml"), *(ROOT / "haaqinet_eval/conf").rglob("*.yaml")]
        configs = "\n".join(p.read_text() for p in paths)
        for key in re.findall(r"(?:^|\s)'?([a-z_.]+)=", options):
            assert re.search(rf"^\s*(- )?{re.escape(key.split('.')[-1])}:", configs, re.MULTILINE), (
                script,
                key,
            )


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
