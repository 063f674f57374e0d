"""Tables to take along, names that are hard to show, and the command that starts the board."""

import csv
import io
import json

import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed")

import pandas as pd
from typer.testing import CliRunner

from haaqinet_eval.cli import app, board
from leaderboard.exports import to_csv, to_json, to_latex
from leaderboard.words import verbatim

FRAME = pd.DataFrame({"Team": ["=cmd()", 'a "b", c_d'], "Mean": [0.123456789, None], "95 % from": [1, 2]})


def test_csv_keeps_full_precision_and_holds_no_formula():
    rows = list(csv.DictReader(io.StringIO(to_csv(FRAME))))
    assert [row["Team"] for row in rows] == ["'=cmd()", 'a "b", c_d']
    assert [row["Mean"] for row in rows] == ["0.123456789", ""]


def test_json_is_a_list_of_records():
    assert json.loads(to_json(FRAME)) == [
        {"Team": "=cmd()", "Mean": 0.123456789, "95 % from": 1},
        {"Team": 'a "b", c_d', "Mean": None, "95 % from": 2},
    ]


def test_latex_escapes_names_and_rounds():
    text = to_latex(FRAME)
    assert r"Team & Mean & 95 \% from \\" in text
    assert r'a "b", c\_d & -- & 2 \\' in text
    assert "0.123 & 1" in text
    assert text.startswith("\\begin{tabular}{lrr}\n\\toprule")


@pytest.mark.parametrize("name", ["a", "`a`", "a``b", "``", "*a* $b$ :red[c]", " a\nb "])
def test_a_name_in_markdown_is_code(name):
    code = verbatim(name)
    fence = code[: len(code) - len(code.lstrip("`"))]
    inside = code[len(fence) : -len(fence)]
    assert code.endswith(fence)
    assert fence not in inside
    assert inside.split() == name.split()


def run(monkeypatch, *arguments):
    """Calls the command; gives its result, and what it would have started."""
    started = []
    monkeypatch.setattr(board.os, "execve", lambda *call: started.append(call))
    monkeypatch.setattr(board.subprocess, "call", lambda *call, **options: 0)
    return CliRunner().invoke(app, ["leaderboard", *arguments]), started


@pytest.mark.skipif(board.os.name != "posix", reason="the server is a child elsewhere")
def test_the_board_listens_at_loopback_and_tells_nobody(monkeypatch, tmp_path):
    result, started = run(monkeypatch, "--store", str(tmp_path / "s.sqlite"), "--port", "8765")
    (_, command, environment) = started[0]
    assert result.exit_code == 0
    assert "(empty)" in result.output
    assert {"--server.address=127.0.0.1", "--server.port=8765"} <= set(command)
    assert {"--browser.gatherUsageStats=false", "--client.showErrorDetails=none"} <= set(command)
    assert environment["HAAQINET_STORE"] == f"sqlite:///{tmp_path / 's.sqlite'}"
    assert not any("sqlite" in part for part in command)  # a password would be seen by all


def test_opening_it_to_the_network_is_said(monkeypatch, tmp_path):
    result, _ = run(monkeypatch, "--store", str(tmp_path / "s.sqlite"), "--host", "0.0.0.0")
    assert "can read the board" in result.output


def test_without_streamlit_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(board.importlib.util, "find_spec", lambda name: None)
    result, started = run(monkeypatch, "--store", str(tmp_path / "s.sqlite"))
    assert "haaqinet-eval[leaderboard]" in str(result.exception)
    assert not started
