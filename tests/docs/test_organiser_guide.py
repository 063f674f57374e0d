"""docs/organiser.md says what is true: its commands and their options exist."""

import re
import shlex

import pytest
import typer.main
from places import ROOT

from haaqinet_eval.cli.commands import app

GUIDE = (ROOT / "docs" / "organiser.md").read_text(encoding="utf-8")
LINES = [
    line
    for block in re.findall(r"```sh\n(.*?)```", GUIDE, flags=re.DOTALL)
    for line in block.splitlines()
    if line.startswith("haaqinet ")
]


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_guide_can_be_typed(line):
    command, words = typer.main.get_command(app), shlex.split(line, comments=True)[1:]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    context = command.make_context("haaqinet", words)  # parses all options and arguments
    assert context.params


def test_the_guide_names_the_variable_of_the_proxy():
    pytest.importorskip("streamlit", reason="streamlit is not installed")
    from leaderboard.access import HEADER_VARIABLE

    assert f"`{HEADER_VARIABLE}`" in GUIDE
