"""Tables to take along, names that are hard to show, and the command that starts the board."""

import csv
import io
import json
import struct
from xml.etree import ElementTree

import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed")

import board_store
import numpy as np
import pandas as pd
from typer.testing import CliRunner

from haaqinet_eval.analysis.spectrogram import spectrogram
from haaqinet_eval.cli import board
from haaqinet_eval.cli.commands import app
from haaqinet_eval.store import System, open_store, refresh
from leaderboard import charts, sound, timecharts
from leaderboard.access import HEADER_VARIABLE
from leaderboard.exports import WIDTH, chart_data, to_csv, to_json, to_latex, to_png, to_svg
from leaderboard.labels import verbatim

FRAME = pd.DataFrame({"Team": ["=cmd()", 'a "b", c_d'], "Mean": [0.123456789, None], "95 % from": [1, 2]})


def test_csv_keeps_full_precision_and_holds_no_formula():
    rows = list(csv.DictReader(io.StringIO(to_csv(FRAME))))
    assert [row["Team"] for row in rows] == ["'=cmd()", 'a "b", c_d']
    assert [row["Mean"] for row in rows] == ["0.123456789", ""]


FORMULA = '=HYPERLINK("http://b.example","x")'


def test_a_team_that_is_a_formula_is_text_in_the_boards_csv(tmp_path, monkeypatch):
    from streamlit.testing.v1 import AppTest

    from leaderboard import labels

    store = open_store(str(tmp_path / "s.sqlite"))
    board_store.fill_failed(store)
    trials = board_store.make_trials()
    board_store.enter(store, System(FORMULA, "E1"), board_store.make_rows("E1", 0.5, trials))
    refresh(store)
    store.close()
    monkeypatch.setenv("HAAQINET_STORE", f"sqlite:///{tmp_path / 's.sqlite'}")
    made = []
    monkeypatch.setattr("leaderboard.exports._files", lambda what, name, *rest: made.append((what, name)))
    page = AppTest.from_file(str(labels.PAGES.with_name("app.py")), default_timeout=60).run()
    assert made == []  # nobody looks
    page.session_state["export-table-not-ranked"] = True
    page.session_state["export-table-standings-cad_icassp_2024"] = True
    page.run()
    assert not page.exception
    frames = [what for what, name in made if isinstance(what, pd.DataFrame)]
    cells = [cell for frame in frames for row in csv.reader(io.StringIO(to_csv(frame))) for cell in row]
    assert f"'{FORMULA}" in cells
    assert not [cell for cell in cells if cell.startswith("=")]


def scores(n=40):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"scene": "S1", "ear": ["left", "right"] * (n // 2)})
    frame = frame.assign(predicted=rng.random(n), intrusive=rng.random(n))
    return frame.assign(error=frame.predicted - frame.intrusive, middle=0.5, score=frame.predicted)


def binned():
    return pd.DataFrame({"ear": ["right", "left"], "start": 0.5, "stop": 0.55, "trials": [3, 4]})


def means():
    columns = {
        "name": ["a", "b"],
        "series": ["x", "y"],
        "system": ["a", "b"],
        "listener": ["L1", "L2"],
        "scorer": ["x", "y"],
        "kind": ["entry", "reference"],
    }
    figures = ("mean", "value", "difference", "low", "high", "predicted", "intrusive")
    numbers = {name: [0.2 + 0.01 * i, 0.4 + 0.01 * i] for i, name in enumerate(figures)}
    return pd.DataFrame({**columns, **numbers, "n": [3, 4], "loss": [20, 50]})


def over_time():
    seconds = np.tile(0.064 + 0.128 * np.arange(40), 2)
    return pd.DataFrame({"ear": ["left"] * 40 + ["right"] * 40, "seconds": seconds, "score": 0.5})


def picture():
    return timecharts.cells(spectrogram(np.random.default_rng(1).normal(size=8000), 8000, 10))


DRAWINGS = {
    "agreement": (scores, lambda f: charts.agreement_chart(f, ["scene"]), "HAAQI (intrusive)"),
    "many": (lambda: scores(6000), lambda f: charts.agreement_chart(f, ["scene"]), "HAAQI (intrusive)"),
    "bland_altman": (scores, lambda f: charts.bland_altman(f, ["scene"]), "Predicted minus intrusive"),
    "histogram": (binned, charts.histogram, "Trials, right ear"),
    "interval": (means, lambda f: charts.interval_chart(f, "HAAQI", charts.FIRST), "Mean HAAQI"),
    "heat_map": (means, lambda f: charts.heat_map(f, ["a", "b"], ["L1", "L2"], False), "L2"),
    "listeners": (means, lambda f: charts.listeners_chart(f, "L1"), "Mean score"),
    "groups": (means, lambda f: charts.groups_chart(f, ["a", "b"]), "Mean score"),
    "bars": (means, lambda f: charts.bars(f, "Mean"), "Mean"),
    "differences": (means, charts.differences_chart, "First minus second"),
    "calibration": (
        lambda: means().assign(spread=0.1),
        lambda f: charts.calibration_chart(f, 0.9, 0.05),
        "Mean predicted in the bin",
    ),
    "frames": (over_time, lambda f: timecharts.frames_chart(f, (0, 5)), "Frame score"),
    "spectrogram": (picture, lambda f: timecharts.spectrogram_chart(f, (0, 1), 0), "Hz"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_chart_is_exported_with_its_own_table(name):
    make, draw, title = DRAWINGS[name]
    frame = make()
    drawing = draw(frame)
    pd.testing.assert_frame_equal(chart_data(drawing), frame)
    svg = ElementTree.fromstring(to_svg(drawing))
    assert title in {text.strip() for text in svg.itertext()}
    marks = [e for e in svg.iter() if "mark-symbol" in e.get("class", "")]
    assert name != "many" or sum(map(len, marks)) >= len(frame)


def test_a_png_is_two_pixels_to_one_and_on_white():
    data = to_png(charts.bars(means(), "Mean"))
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, _ = struct.unpack(">II", data[16:24])
    assert width > 2 * WIDTH
    assert 'fill="white"' in to_svg(charts.bars(means(), "Mean"))[:400]


def test_json_is_a_list_of_records():
    assert json.loads(to_json(FRAME)) == [
        {"Team": "=cmd()", "Mean": 0.123456789, "95 % from": 1},
        {"Team": 'a "b", c_d', "Mean": None, "95 % from": 2},
    ]


def test_latex_takes_no_name_for_an_option_of_the_line_before():
    text = to_latex(pd.DataFrame({"[Team": ["[1ex] a", "*b", "two\n\nlines \x1b[2J"], "x": [1, 2, 3]}))
    lines = text.splitlines()
    assert [line for line in lines if line.startswith(("[", "*")) or not line.strip()] == []
    assert len(lines) == 9
    assert "{}[1ex] a & 1" in text
    assert "\x1b" not in text


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
    """Calls the command on a store that is there; gives its result, and what it would have started."""
    started = []
    open_store(arguments[arguments.index("--store") + 1]).close()
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
    assert environment["HAAQINET_AUDIO"] == "nobody"
    assert not any("sqlite" in part for part in command)  # a password would be seen by all


@pytest.mark.parametrize("header", ["", "X-Organiser"])
def test_opening_it_to_the_network_is_said(monkeypatch, tmp_path, header):
    monkeypatch.setenv(HEADER_VARIABLE, header)
    result, started = run(monkeypatch, "--store", str(tmp_path / "s.sqlite"), "--host", "0.0.0.0")
    assert "can read the board" in result.output
    assert (f"{HEADER_VARIABLE}={header}: whoever reaches 0.0.0.0" in result.output) == bool(header)
    assert "--logger.hideWelcomeMessage=true" in started[0][1]  # else Streamlit asks outside for its address
    result, _ = run(monkeypatch, "--store", str(tmp_path / "s.sqlite"))
    assert HEADER_VARIABLE not in result.output


@pytest.mark.parametrize("who", [sound.ORGANISERS, sound.EVERYBODY])
def test_sound_is_for_whom_the_organiser_says(monkeypatch, tmp_path, who):
    _, started = run(monkeypatch, "--store", str(tmp_path / "s.sqlite"), "--audio", who)
    assert started[0][2][sound.VARIABLE] == who
    result, started = run(monkeypatch, "--store", str(tmp_path / "s.sqlite"), "--audio", "all")
    assert (result.exit_code, started) == (2, [])


def test_without_streamlit_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(board.importlib.util, "find_spec", lambda name: None)
    result, started = run(monkeypatch, "--store", str(tmp_path / "s.sqlite"))
    assert "haaqinet-eval[leaderboard]" in str(result.exception)
    assert not started
