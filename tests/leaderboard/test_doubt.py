"""What the board shows of the net's doubt, and of a trial over time: intervals, flags, frames, sound."""

import io
import wave
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed")

import board_store
from board_store import CHALLENGE, FRAMED, NASTY, SPLIT
from streamlit.testing.v1 import AppTest

from haaqinet_eval.analysis.agreement import coverage, reliability
from haaqinet_eval.store import (
    StoredScores,
    add_token,
    frame_scores,
    open_store,
    refresh,
    scorer_versions,
    submissions,
)
from leaderboard import labels, sound

APP = str(labels.PAGES.with_name("app.py"))
LEVELS = {name: level for name, level, _ in board_store.SYSTEMS}


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    folder = tmp_path_factory.mktemp("doubt")
    store = open_store(str(folder / "store.sqlite"))
    board_store.fill(store, folder)
    yield store
    store.close()


@pytest.fixture
def show(full, monkeypatch):
    """Shows a page of the full store or another, with the parameters of its address."""

    def run(page, store=full, **address):
        monkeypatch.setenv("HAAQINET_STORE", f"sqlite:///{store.url.database}")
        test = AppTest.from_file(APP, default_timeout=60).run()
        test.switch_page(str(labels.PAGES / f"{page}.py"))
        test.query_params.update(address)
        test.session_state["all-rows"] = True  # opened
        test.run()
        assert not test.exception, test.exception[0].message
        return test

    return run


def made(system, scorer="haaqinet"):
    rows = board_store.make_rows(system, LEVELS[system], board_store.make_trials())
    return [row for row in rows if row.scorer == scorer]


def said(test):
    kinds = (test.markdown, test.caption, test.info, test.warning, test.header)
    return " ".join(item.value for kind in kinds for item in kind)


def table(test, column):
    return next(frame.value for frame in test.dataframe if column in frame.value)


def metrics(test):
    return {metric.label: metric.value for metric in test.metric}


def test_the_coverage_is_that_of_the_rows(show):
    test = show("agreement", tab="Calibration")
    rows = [pair for name in LEVELS for pair in zip(made(name), made(name, "haaqi"), strict=True)]
    expected = coverage([p.low for p, _ in rows], [p.high for p, _ in rows], [t.score for _, t in rows])
    assert 0 < expected.inside < expected.n == 48 * len(LEVELS)
    shown = metrics(test)
    assert shown["Inside, of stated 90%"] == f"{expected.share:.1%}"
    assert shown["Below its interval"] == str(expected.below)
    assert "Fewer than stated" in said(test)
    groups = table(show("agreement"), "LCC").set_index("Group")
    mine = [
        (p.low <= t.score <= p.high) for p, t in zip(made("stream"), made("stream", "haaqi"), strict=True)
    ]
    assert groups.loc["example / stream", "In interval"] == pytest.approx(np.mean(mine))
    assert np.isnan(groups.loc["example / half", "In interval"])


def test_what_the_net_is_least_sure_of_is_listed_first(show):
    listed = table(show("agreement", tab="Verify first"), "width")
    strange = listed.unfamiliar.to_numpy()
    assert strange[: strange.sum()].all()
    assert strange.sum() == sum(row.unfamiliar for name in LEVELS for row in made(name))
    assert listed.width[strange].is_monotonic_decreasing
    sure = listed.width[~strange].dropna()
    assert sure.is_monotonic_decreasing
    assert listed.width[-39:].isna().all()  # of "half", whose rows have no interval
    assert listed.intrusive.notna().all()
    by_system = listed.groupby("system").unfamiliar.sum()
    assert by_system[f"{NASTY} / {NASTY}"] == 24


@pytest.fixture
def unverified(tmp_path):
    """A store whose one system was scored by the net alone, and "half" as an earlier version did."""
    store = open_store(str(tmp_path / "store.sqlite"))
    board_store.fill_failed(store)
    board_store.enter(store, board_store.System("example", "stream"), made("stream"))
    refresh(store)
    yield store
    store.close()


def test_predictions_without_haaqi_are_listed_too(show, unverified):
    listed = table(show("agreement", unverified, tab="Verify first", verify="without HAAQI"), "width")
    assert set(listed.system) == {"example / stream"}
    assert listed.intrusive.isna().all()
    assert len(listed) == 48


def test_a_store_without_intervals_says_so(show, tmp_path):
    store = open_store(str(tmp_path / "store.sqlite"))
    board_store.fill_failed(store)
    text = "".join(said(show("agreement", store, tab=tab)) for tab in ("Calibration", "Verify first"))
    assert "gave no interval" in text
    assert "without interval or flag" in text
    test = show("system", store, system="example / half", scorer=labels.title("haaqinet"))
    assert "no frame scores of this trial" in said(test)
    store.close()


def test_calibration_bins_hold_all_trials(show):
    test = show("agreement", tab="Calibration")
    shown = table(test, "spread")
    pairs = [pair for name in (*LEVELS, "half") for pair in pairs_of(name)]
    expected = reliability(*zip(*pairs, strict=True))
    assert shown.n.tolist() == [b.n for b in expected]
    assert shown.true.tolist() == pytest.approx([round(b.true, 4) for b in expected])
    slope, offset = np.polyfit(*zip(*pairs, strict=True), 1)
    assert f"HAAQI ≈ {offset:.3f} {slope:+.3f} × predicted" in said(test)


def pairs_of(system):
    """Predicted and true scores of a system's trials."""
    if system != "half":
        return [(p.score, t.score) for p, t in zip(made(system), made(system, "haaqi"), strict=True)]
    rows = [r for r in board_store.make_rows("half", 0.6, board_store.make_trials(), lost=9) if not r.failed]
    return list(zip(*([r.score for r in rows if r.scorer == s] for s in ("haaqinet", "haaqi")), strict=True))


def test_a_predicted_mean_is_marked_where_much_is_unfamiliar(show):
    test = show("standings")
    column = f"{labels.title('haaqinet')} mark"
    marks = table(test, column).set_index("System")[column]
    assert marks[NASTY] == "Unlike HAAQI-Net's training: 50% of trials"
    assert not any(marks[name] for name in ("stream", "separate", "ideal"))
    (warning,) = test.warning
    assert f"{labels.verbatim(f'{NASTY} / {NASTY}')} (50%)" in warning.value
    assert "example / " not in warning.value.replace(f"{NASTY} / {NASTY}", "")
    name = f"{NASTY} / {NASTY}"
    assert "50% of trials" in said(show("system", system=name, scorer=labels.title("haaqinet")))


def test_listeners_see_intervals(show):
    test = show("listeners", system="example / stream", listener="L9002")
    shown = table(test, "low")
    mine = [row for row in made("stream") if row.trial.listener == "L9002"]
    assert sorted(shown.low) == pytest.approx(sorted(round(row.low, 4) for row in mine))
    assert "intervals of 90 %" in said(test)


def test_frames_are_drawn_and_haaqi_is_said_to_have_none(show, full):
    address = {"system": "example / stream", "scene": FRAMED[1], "listener": "L9003"}
    test = show("system", scorer=labels.title("haaqinet"), **address)
    assert "no frame scores" not in said(test)
    assert "HAAQI (intrusive) kept no scores of frames" not in said(test)
    shown = table(test, "low")  # the rows, with intervals
    assert len(shown) == 48
    test = show("system", scorer=labels.title("haaqi"), **address)
    assert "HAAQI (intrusive) kept no scores of frames" in said(test)
    test = show("system", **{**address, "scene": "S00005"})
    assert "no frame scores of this trial" in said(test)


def test_the_sound_is_off_unless_it_is_allowed(show, full, monkeypatch):
    address = {"system": "example / stream", "scene": FRAMED[0], "listener": "L9001"}
    monkeypatch.delenv(sound.VARIABLE, raising=False)
    test = show("system", **address)
    assert "haaqinet leaderboard --audio" in said(test)
    assert not test.toggle
    monkeypatch.setenv(sound.VARIABLE, sound.ORGANISERS)
    test = show("system", **address)
    assert not test.toggle
    test.text_input(key="sound-token").set_value("wrong").run()
    assert test.error[0].value == "This token is not known."
    token = add_token(full, "Ada")
    test.text_input(key="sound-token").set_value(token).run()
    assert [toggle.value for toggle in test.toggle] == [False]
    monkeypatch.setenv(sound.VARIABLE, sound.EVERYBODY)
    test = show("system", **address)
    assert "Volume" in said(test)
    assert not test.get("audio")
    test.toggle(key="volume").set_value(True).run()
    assert len(test.get("audio")) == 1


def test_what_cannot_be_heard_is_told_without_a_path(show, full, monkeypatch, tmp_path):
    monkeypatch.setenv(sound.VARIABLE, sound.EVERYBODY)
    test = show("system", system="example / stream", scene="S00004", listener="L9001")
    assert "S00004_L9001_remix.flac is missing" in said(test)
    test = show("system", system="example / ideal")
    assert "not on the board's computer" in said(test)
    (entry,) = (s for s in submissions(full, challenge=CHALLENGE) if s.system.name == "stream")
    with pytest.raises(sound.InputError, match="has changed since it was handed in"):
        sound.listen(replace(entry, size=1), FRAMED[0], "L9001", "")
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(b"PK" + bytes(100))
    with pytest.raises(sound.InputError) as error:
        sound.listen(replace(entry, path=str(damaged), size=102), FRAMED[0], "L9001", "")
    assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize("level", [1.0, 1e-4, 0.0])
def test_what_is_played_is_quiet(level):
    samples = level * np.random.default_rng(1).uniform(-1, 1, (32_000, 2)).astype(np.float32)
    samples[::4000] *= 50  # clicks
    with wave.open(io.BytesIO(sound.quiet_wav(samples, 32_000))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 32_000, 32_000)
        data = np.frombuffer(file.readframes(32_000), "<i2") / 32767
    assert np.sqrt(np.mean(data**2)) <= 10 ** (sound.QUIET_DB / 20) * 1.01
    assert np.abs(data).max() <= 10 ** (sound.PEAK_DB / 20) * 1.01
    assert data.any() == (level > 0)


def test_frames_of_another_version_are_not_mixed_in(full):
    (entry,) = (s for s in submissions(full, challenge=CHALLENGE) if s.system.name == "stream")
    newer = [replace(row, version="example-3", frames=None) for row in made("stream")]
    StoredScores(full, entry).append(newer)
    refresh(full, [entry.id])
    versions = {v.version: v.id for v in scorer_versions(full, CHALLENGE, SPLIT)}
    found = {name: frame_scores(full, entry.id, id, FRAMED[0], "L9001") for name, id in versions.items()}
    assert len(found["example-2"]) == 2
    assert found["example-3"] == found["example-1"] == {}
