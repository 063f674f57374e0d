"""From a recipe's files to the board, for every challenge: zip, validate, submit, score, standings."""

import json

import pytest
import real_round

from haaqinet_eval.cadenza import CHALLENGES
from haaqinet_eval.store import open_store, read_rows, submissions

SYSTEMS = ["passthrough", "ideal"]
CAR = "cad1_task2"  # without stems, so nothing is ideal
LYRICS = "cad2_task1"  # whose target is the mixture, but for 2 dB
CAR_SYSTEMS = ["passthrough", "level_only"]


@pytest.fixture(scope="module", params=CHALLENGES)
def played(request, tmp_path_factory):
    """Challenge, its store, and what each step printed."""
    folder = tmp_path_factory.mktemp(request.param)
    root = real_round.small_root(request.param, folder / "root")
    systems = CAR_SYSTEMS if request.param == CAR else SYSTEMS
    zips = real_round.render(request.param, root, folder / "exp", systems)
    store = folder / "store.sqlite"
    common = ("--challenge", request.param, "--root", root)
    checked = {s: json.loads(real_round.call("validate", zips[s], *common, "--json")) for s in systems}
    for system in systems:
        told = (f"--team=team {system}", f"--system={system}", "--store", store)
        real_round.call("submit", zips[system], *common, *told, "--now")
    return request.param, store, checked


def test_what_the_recipe_writes_is_accepted(played):
    name, _, checked = played
    codes = {system: {f["code"] for f in found} for system, found in checked.items()}
    assert {f["severity"] for found in checked.values() for f in found} <= {"warning", "note"}
    assert ("copy_of_reference" in codes.get("ideal", ())) == (name != CAR)
    assert "copy_of_reference" not in codes["passthrough"]


def test_the_standings_are_the_means_of_the_scored_rows(played):
    name, path, _ = played
    table = json.loads(real_round.call("standings", "--challenge", name, "--store", path, "--json"))
    assert {entry["scorer"] for entry in table} == {"haaqi", "haaqinet"}
    store = open_store(str(path))
    rows = {(r.scorer, r.system, r.key): r for s in submissions(store) for r in read_rows(store, s.id)}
    store.close()
    for entry in table:
        own = [
            r.score
            for (scorer, system, _), r in rows.items()
            if (scorer, system) == (entry["scorer"], entry["system"])
        ]
        assert None not in own
        assert entry["coverage"] == 1
        assert entry["mean"] == pytest.approx(sum(own) / len(own))
    intrusive = {e["system"]: e for e in table if e["scorer"] == "haaqi"}
    if name != CAR:
        assert intrusive["ideal"]["rank"] == 1
        between = 0.97 if name == LYRICS else 0.9
        assert intrusive["ideal"]["mean"] > between > intrusive["passthrough"]["mean"]


def test_the_board_shows_them(played, monkeypatch):
    pytest.importorskip("streamlit", reason="streamlit is not installed")
    from streamlit.testing.v1 import AppTest

    from leaderboard import labels

    name, path, _ = played
    monkeypatch.setenv("HAAQINET_STORE", f"sqlite:///{path}")
    page = AppTest.from_file(str(labels.PAGES.with_name("app.py")), default_timeout=60).run()
    assert not page.exception
    shown = next(f.value for f in page.dataframe if "HAAQI (intrusive) rank" in f.value)
    assert sorted(shown.System) == sorted(CAR_SYSTEMS if name == CAR else SYSTEMS)
    assert name == CAR or list(shown.System) == ["ideal", "passthrough"]
    assert list(shown["HAAQI (intrusive) rank"]) == [1, 2]
    assert shown["HAAQI-Net (predicted) mean"].notna().all()
