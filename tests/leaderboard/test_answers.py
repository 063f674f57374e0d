"""What the board answers: who is best for whom, why a system is bad for a listener, is a difference real."""

import re

import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed")

import board_store
import numpy as np
from board_store import CHALLENGE, LISTENERS, SPLIT
from streamlit.testing.v1 import AppTest

from haaqinet_eval.analysis.worst import MEANING
from haaqinet_eval.store import System, challenge, open_store, refresh, register_challenge
from leaderboard import labels

APP = str(labels.PAGES.with_name("app.py"))
ENTRIES = {name: level for name, level, facts in board_store.SYSTEMS if "reference" not in facts}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers")
    opened = open_store(str(folder / "store.sqlite"))
    board_store.fill(opened, folder)
    yield opened
    opened.close()


@pytest.fixture
def show(store, monkeypatch):
    """Shows a page, with the parameters of its address."""
    monkeypatch.setenv("HAAQINET_STORE", f"sqlite:///{store.url.database}")

    def run(page, **address):
        test = AppTest.from_file(APP, default_timeout=60)
        test.run()
        test.switch_page(str(labels.PAGES / f"{page}.py"))
        test.query_params.update({"challenge": f"{CHALLENGE} ({SPLIT})", **address})
        test.run()
        assert not test.exception, test.exception[0].message
        return test

    return run


def html(test):
    """All that a page shows as HTML of its own."""
    return "".join(block.proto.body for block in test.get("html"))


def table(test, column):
    return next(frame.value for frame in test.dataframe if column in frame.value)


def rows_of(system, scorer="haaqi"):
    made = board_store.make_rows(system, ENTRIES[system], board_store.make_trials())
    return [row for row in made if row.scorer == scorer]


def test_best_for_each_listener_is_that_of_the_rows(show):
    test = show("best")
    shown = table(test, "Listener").set_index("Listener")
    for listener in LISTENERS:
        means = {s: np.mean([r.score for r in rows_of(s) if r.trial.listener == listener]) for s in ENTRIES}
        best = max(means, key=means.get)
        assert shown.loc[listener, "Best"] == best
        assert shown.loc[listener, "Mean"].startswith(f"{means[best]:.3f} (")
    by = table(test, "Severity")
    assert list(by.Severity) == ["no hearing loss", "mild", "moderate", "severe"][: len(by)]
    page = html(test)
    assert page.count('class="cell best"') == len(LISTENERS)
    assert page.count("data:image/svg+xml") == len(LISTENERS)
    assert re.search(r'href="system\?challenge=[^"]*listener=L9003[^"]*of=L9003"', page)


def test_best_needs_one_scorer_and_one_system_only(show):
    one = show("best", scorer=labels.title("haaqinet"), among="example / stream")
    assert set(table(one, "Listener").Best) == {"stream"}
    assert "is best for 4 of 4 listeners" in html(one)


def test_a_system_says_where_it_is_worst_and_why(show):
    page = html(show("system", system="example / stream", of="L9004"))
    mine = sorted((r for r in rows_of("stream") if r.trial.listener == "L9004"), key=lambda row: row.score)
    found = re.findall(r"<td><bdi>(0\.\d{3})</bdi></td>", page)
    assert found[: len(mine[:10])] == [f"{row.score:.3f}" for row in mine[:10]]
    assert MEANING["mel_cepstral_high"] in page or MEANING["bm_sync5"] in page
    assert 'href="compare?challenge=' in page
    assert "scene=" in page


def test_all_pairs_are_counted_and_the_verdict_follows_from_them(show):
    page = html(show("compare", tab="All pairs"))
    one, other = (np.array([r.score for r in rows_of(name)]) for name in ("separate", "stream"))
    share = np.mean(one > other)
    assert f">{share:.2f}" in page
    assert "first=example%20%2F%20separate" in page
    text = " ".join(m.value for m in show("agreement").markdown)
    assert re.search(r"over-rates by|under-rates by|right on average", text)
    assert "for ranking here" in text or "can be used here" in text


def test_differences_by_listener_have_intervals(show):
    test = show("compare", first="example / separate", second="example / stream")
    shown = table(test, "difference").set_index("name")
    one, other = (
        np.array([r.score for r in rows_of(name) if r.trial.listener == "L9002"])
        for name in ("separate", "stream")
    )
    assert shown.loc["L9002", "difference"] == pytest.approx(np.mean(one - other), abs=1e-5)
    assert (shown.low < shown.difference).all()
    assert (shown.difference < shown.high).all()
    parts = show("compare", first="example / separate", second="example / stream", tab="Parts")
    assert not parts.info


def test_the_trend_has_the_best_so_far_and_what_systems_cost(show, store, monkeypatch):
    from leaderboard import filters, reading, trend

    shown = (challenge(store, CHALLENGE, SPLIT), "latest", "system", None, filters.SubmissionFilter())
    monkeypatch.setenv("HAAQINET_STORE", f"sqlite:///{store.url.database}")
    frame = trend.over_time("haaqi", *shown)
    assert list(frame.kind) == ["best so far"] + ["other"] * (len(ENTRIES) - 1)
    assert frame["mean"].iloc[0] == max(e.mean for e in trend.entries("haaqi", *shown))
    cost = trend.against("parameters", "haaqi", *shown).set_index("system").cost
    assert cost.to_dict() == {"example / separate": 83_600_000, "example / stream": 1_200_000}
    assert reading.shared(trend.against, "look-ahead", "haaqi", *shown).empty
    test = show("standings")
    assert any("do not tell their parameters" in text.value for text in test.caption)


PAIR = {"first": "example / separate", "second": "example / stream"}


def wins(difference):
    """Share of positive ones; a draw counts half."""
    return float(np.mean((np.sign(difference) + 1) / 2))


def test_a_against_b_counts_preferences_and_how_often_haaqi_agrees(show):
    test = show("against", **PAIR)
    made = {
        scorer: np.subtract(
            *([row.score for row in rows_of(name, scorer)] for name in ("separate", "stream"))
        )
        for scorer in ("haaqinet", "haaqi")
    }
    preferred, true = made["haaqinet"], made["haaqi"]
    metrics = {metric.label: metric.value for metric in test.metric}
    assert metrics["A preferred"] == f"{wins(preferred):.0%} of trials"
    assert metrics["HAAQI prefers the same"] == f"{wins(preferred * true):.0%}"
    found = table(test, "the same is preferred").set_index("HAAQI differs by at least")
    assert found.trials[0.0] == len(true)
    assert found["the same is preferred"][0.0] == pytest.approx(wins(preferred * true))
    clear = np.abs(true) >= 0.1
    assert (0.1 in found.index) == clear.any()
    against = show("against", tab="Where HAAQI says the opposite", **PAIR)
    listed = table(against, "preferred")
    assert len(listed) == min((preferred * true < 0).sum(), 25)
    assert (listed.preferred * listed.truth < 0).all()


def test_a_against_b_without_haaqi_says_that_its_agreement_is_not_known(tmp_path, monkeypatch):
    url, trials = f"sqlite:///{tmp_path / 'store.sqlite'}", board_store.make_trials()
    opened = open_store(url)
    register_challenge(opened, CHALLENGE, trials, LISTENERS, split=SPLIT)
    for name, level in (("better", 0.8), ("worse", 0.5)):
        rows = [row for row in board_store.make_rows(name, level, trials) if row.scorer == "haaqinet"]
        board_store.enter(opened, System("example", name), rows)
    refresh(opened)
    opened.close()
    monkeypatch.setenv("HAAQINET_STORE", url)
    test = AppTest.from_file(APP, default_timeout=60).run()
    test.switch_page(str(labels.PAGES / "against.py")).run()
    assert not test.exception
    metrics = {metric.label: metric.value for metric in test.metric}
    assert (metrics["A preferred"], metrics["HAAQI prefers the same"]) == ("100% of trials", "–")
    assert any("prefers `example / better`" in text.value for text in test.markdown)
    assert any("nobody knows how often this preference is right" in info.value for info in test.info)
