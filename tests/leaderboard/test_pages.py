"""The leaderboard's pages on a full store, an empty one, and one where nothing went well."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed")

import board_store
import pandas as pd
from board_store import CHALLENGE, LISTENERS, NASTY, SPLIT
from streamlit.testing.v1 import AppTest

from haaqinet_eval.analysis.agreement import agreement
from haaqinet_eval.analysis.statistics import mean_interval
from haaqinet_eval.store import (
    StoredScores,
    System,
    claim,
    note_run,
    open_store,
    refresh,
    standings,
    start_run,
    submissions,
    submit,
)
from leaderboard import charts, labels

APP = str(labels.PAGES.with_name("app.py"))
PAGES = [
    "standings",
    "listeners",
    "system",
    "compare",
    "against",
    "agreement",
    "correlations",
    "status",
    "rules",
    "method",
]
KINDS = ["full", "failed", "empty"]


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """URLs of the three stores."""
    folder = tmp_path_factory.mktemp("board")
    urls = {kind: f"sqlite:///{folder / kind}.sqlite" for kind in KINDS}
    for kind, url in urls.items():
        store = open_store(url)
        if kind == "full":
            board_store.fill(store, folder)
        elif kind == "failed":
            board_store.fill_failed(store)
        store.close()
    return urls


@pytest.fixture
def show(stores, monkeypatch):
    """Shows a page of a store, with the parameters of its address."""

    def run(page="standings", kind="full", **address):
        monkeypatch.setenv("HAAQINET_STORE", stores.get(kind, kind))
        test = AppTest.from_file(APP, default_timeout=60)
        test.query_params.update(address)
        if page != "standings":
            test.run()  # the pages are known from here on
            test.switch_page(str(labels.PAGES / f"{page}.py"))
            test.query_params.update(address)
        test.run()
        assert not test.exception, test.exception[0].message
        return test

    return run


def test_rules_of_a_challenge(show):
    test = show("rules")
    assert test.header[0].value == "ICASSP 2024 grand challenge"
    assert "Ranked by:" in test.markdown[0].value
    lines = test.markdown[1].value.splitlines()
    assert len(lines) >= 10
    assert any(line.startswith("- Level: 65 - 20 log10") for line in lines)


@pytest.fixture
def rows(stores):
    """The standings of the full store, by scorer and system."""
    store = open_store(stores["full"])
    yield {(e.scorer, e.system): e for e in standings(store, CHALLENGE, SPLIT) if e.origin == "here"}
    store.close()


def made_rows(system, level, scorer):
    """The invented rows of one scorer."""
    return [r for r in board_store.make_rows(system, level, board_store.make_trials()) if r.scorer == scorer]


def texts(test):
    """All Markdown on a page."""
    return [m.value for m in (*test.markdown, *test.caption, *test.title, *test.header, *test.warning)]


def table(test, column):
    """The table that has this column."""
    return next(frame.value for frame in test.dataframe if column in frame.value)


@pytest.mark.parametrize("kind", KINDS[:2])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(show, page, kind):
    test = show(page, kind)
    assert len(test.title) == 1
    assert not test.error
    for text in texts(test):  # a name is shown as code or not at all
        assert NASTY not in re.sub(r"(`+) ?.*?(?<!`)\1(?!`)", "", text)


def test_an_empty_store_says_how_to_fill_it(show):
    test = show(kind="empty")
    text = " ".join(texts(test))
    assert test.title[0].value == "This store is empty"
    for command in ("make demo", "haaqinet import-results", "haaqinet submit", "haaqinet load-published"):
        assert command in text


def test_a_store_that_cannot_be_opened_shows_no_path(tmp_path, monkeypatch):
    (tmp_path / "broken.sqlite").write_bytes(b"no database" * 100)
    monkeypatch.setenv("HAAQINET_STORE", str(tmp_path / "broken.sqlite"))
    test = AppTest.from_file(APP, default_timeout=60).run()
    assert not test.exception
    assert "cannot be opened" in test.error[0].value
    assert str(tmp_path) not in test.error[0].value


def test_each_scorer_has_its_own_mean_and_haaqi_a_rank(show, rows):
    test = show()
    shown = table(test, "HAAQI (intrusive) rank").set_index("System")
    assert set(shown.index) == {system for (_, system), entry in rows.items() if entry.mean is not None}
    for scorer in ("haaqi", "haaqinet"):
        name = labels.title(scorer)
        for system, line in shown.iterrows():
            entry = rows[scorer, system]
            assert line[f"{name} mean"] == entry.mean
            assert (line[f"{name} low"], line[f"{name} high"]) == (entry.low, entry.high)
            if scorer == "haaqi":
                rank = line[f"{name} rank"]
                assert (None if pd.isna(rank) else rank) == entry.rank
    assert shown.loc["ideal", "Kind"] == "reference: ideal"
    assert pd.isna(shown.loc["ideal", "HAAQI (intrusive) rank"])
    assert shown.loc["stream", "HAAQI (intrusive) ranks"] == "2"
    predicted = [name for name in shown if name.startswith("HAAQI-Net (predicted)")]
    assert not [name for name in predicted if "rank" in name or "tie" in name]
    assert "Not ranked: HAAQI-Net" in " ".join(texts(test))
    assert "Not ranked: HAAQI-Net" in " ".join(texts(show("system", scorer=labels.title("haaqinet"))))
    pair = {"first": "example / ideal", "second": f"{NASTY} / {NASTY}"}
    told = [
        " ".join(texts(show("compare", scorer=labels.title(scorer), **pair)))
        for scorer in ("haaqi", "haaqinet")
    ]
    assert ["is better" in text for text in told] == [True, False]
    assert "has the higher scores" in told[1]


def test_what_lacks_a_score_is_below_with_its_reason(show):
    test = show()
    below = table(test, "Reason").set_index("System")
    assert set(below.index) == {"half", "crashed", "waiting"}
    assert "silent_file 9" in below.loc["half", "Reason"].iloc[0]
    assert (below.loc["half", "Coverage"] == 39 / 48).all()
    assert "weights are missing" in below.loc["crashed", "Reason"].iloc[0]
    ranked = table(test, "HAAQI (intrusive) rank")
    assert not set(ranked.System) & set(below.index)
    assert not [f for f in show(kind="failed").dataframe if "HAAQI (intrusive) rank" in f.value]


def test_scores_made_elsewhere_and_published_ones_stand_apart(show):
    test = show()
    assert list(table(test, "Version").System) == ["elsewhere"]
    assert "elsewhere" not in set(table(test, "HAAQI (intrusive) rank").System)
    published = table(test, "Baseline")
    assert published.HAAQI.is_monotonic_decreasing
    assert not [name for name in published if published[name].isna().all()]  # nor a column without a word
    assert "Source: cadenzachallenge.org" in " ".join(texts(test))


def test_the_first_table_has_scores_with_intervals_links_and_ties_in_words(show, rows):
    html = lists(show())
    assert "leads by HAAQI" in html
    best, second = rows["haaqi", "separate"], rows["haaqi", "stream"]
    for entry in (best, second):
        assert f"<strong>{entry.mean:.3f}</strong> ({entry.low:.3f}–{entry.high:.3f})" in html
    assert (second.submission in best.ties) == ("not told apart from stream" in html)
    assert "system?challenge=" in html
    assert html.count("<tr") == 1 + len({system for (_, system), e in rows.items() if e.mean is not None})
    assert NASTY not in html  # but escaped
    narrow = lists(show(search="stream", columns="HAAQI (intrusive)"))
    assert narrow.count("<tr") == 2
    assert "What the ranking says" not in narrow


def lists(test):
    """All that a page shows as HTML of its own."""
    return "".join(block.proto.body for block in test.get("html"))


def test_a_subset_has_means_and_intervals_of_its_own(show):
    test = show(ear="left", severity="moderate")
    assert [info.value.split(".")[0] for info in test.info] == ["Filtered: left ears, severity moderate"]
    shown = table(test, "HAAQI (intrusive) rank").set_index("System")
    name = next(id for id, person in LISTENERS.items() if person.severity_humes == "moderate")
    rows = made_rows("stream", 0.69, "haaqi")
    mine = [row for row in rows if row.trial.listener == name and row.trial.ear == "left"]
    values = [row.score for row in mine]
    expected = mean_interval(values, [row.trial.scene for row in mine], [row.trial.listener for row in mine])
    line = shown.loc["stream"]
    assert line["HAAQI (intrusive) mean"] == pytest.approx(np.mean(values))
    assert line["HAAQI (intrusive) low"] == pytest.approx(expected.low)
    assert line["HAAQI (intrusive) high"] == pytest.approx(expected.high)
    assert pd.isna(line["HAAQI (intrusive) right"])


def test_ranks_are_made_anew_among_what_is_shown(show):
    shown = table(show(causal="yes"), "HAAQI (intrusive) rank").set_index("System")
    assert set(shown.index) == {"passthrough", "stream"}
    line = shown.loc["stream"]
    assert line["HAAQI (intrusive) rank"] == 1
    assert line["HAAQI (intrusive) rank of all"] == 2
    assert line["HAAQI (intrusive) ranks"] == "1"
    assert "HAAQI (intrusive) rank of all" not in table(show(), "HAAQI (intrusive) rank")


def test_filters_that_leave_nothing_say_so(show):
    test = show(until="2020-01-01")
    assert any("No submission passes" in info.value for info in test.info)
    assert not [frame for frame in test.dataframe if "HAAQI (intrusive) rank" in frame.value]


def test_the_address_chooses_system_and_listener(show):
    test = show("listeners", system="example / stream", listener="L9003")
    assert {box.key: box.value for box in test.selectbox if box.key in ("system", "listener")} == {
        "system": "example / stream",
        "listener": "L9003",
    }
    own = {row.score for row in made_rows("stream", 0.69, "haaqi")}
    shown = table(test, "predicted")
    assert len(shown) == 12
    assert set(shown.intrusive) <= {round(score, 4) for score in own}
    assert any(f"**{LISTENERS['L9003'].severity_humes.capitalize()}**" in text for text in texts(test))


def test_an_address_of_another_store_is_no_error(show):
    test = show("listeners", system="nobody / nothing", listener="L0000", challenge="other")
    assert next(box.value for box in test.selectbox if box.key == "listener") == "L9001"


def test_the_agreement_is_that_of_the_scores(show):
    frame = table(show("agreement"), "LCC").set_index("Group")
    made = (made_rows("separate", 0.71, scorer) for scorer in ("haaqinet", "haaqi"))
    expected = agreement(*([row.score for row in rows] for rows in made))
    line = frame.loc["example / separate"]
    found = (line.LCC, line.SRCC, line.Kendall, line.MSE, line.Bias)
    assert found == pytest.approx(
        (expected.lcc, expected.srcc, expected.kendall, expected.mse, expected.bias)
    )


def test_a_comparison_is_paired(show, rows):
    test = show("compare", first="example / separate", second="example / stream")
    metrics = {metric.label: metric.value for metric in test.metric}
    difference = rows["haaqi", "separate"].mean - rows["haaqi", "stream"].mean
    assert metrics["First minus second"] == f"{difference:+.4f}"
    assert metrics["Trials in common"] == "48 of 48"


def test_a_submission_tells_what_happened(show, stores):
    store = open_store(stores["full"])
    known = {s.system.name: s for s in submissions(store, challenge=CHALLENGE)}
    store.close()
    label = f"{known['crashed'].id}: example / crashed"
    test = show("status", submission=label)
    assert list(table(test, "Message").State) == ["queued", "scoring", "failed"]
    assert table(test, "Message").Message.iloc[-1] == "the scorer's weights are missing"
    test = show("status", submission=f"{known['damaged'].id}: example / damaged")
    findings = table(test, "File")
    assert (findings.Code[0], findings.Message[0]) == ("silent_file", "all samples are zero")
    assert findings.Meaning[0] == "All samples are zero."


def test_running_work_shows_its_pace(show, tmp_path):
    url = f"sqlite:///{tmp_path / 'running.sqlite'}"
    store = open_store(url)
    board_store.fill_failed(store)
    system = System("now", "running", causal=True)
    entry, _ = submit(store, CHALLENGE, system, sha256="running", scorers=["haaqi"], split=SPLIT)
    assert claim(store, "worker 1", id=entry.id)
    run = start_run(store, entry.id, {}, "worker 1")
    note_run(store, run, {"progress": {"scored": 36, "failed": {"silent_file": 4}, "rows": 100, "rate": 0.5}})
    store.close()
    shown = table(show("status", url), "Minutes left").iloc[0]
    assert (shown.Rows, shown.Failed, shown.Worker) == ("40 of 100", "silent_file 4", "worker 1")
    assert shown["Minutes left"] == pytest.approx(2.0)


def test_an_audiogram_is_drawn_as_audiologists_draw_it():
    spec = charts.audiogram_chart(LISTENERS["L9002"]).to_dict()
    points = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "point")["encoding"]
    assert points["x"]["scale"]["type"] == "log"
    assert points["x"]["axis"]["orient"] == "top"
    assert points["y"]["scale"]["reverse"] is True
    assert points["color"]["scale"] == {"domain": ["right", "left"], "range": [charts.RIGHT, charts.LEFT]}
    assert points["shape"]["scale"]["range"] == ["circle", charts.CROSS]
    red, _, blue = (int(charts.RIGHT[i : i + 2], 16) for i in (1, 3, 5))
    assert red > blue
    (data,) = spec["datasets"].values()
    drawn = {(row["ear"], row["Hz"]): row["dB HL"] for row in data}
    person = LISTENERS["L9002"]
    assert drawn == {
        (ear, hz): level
        for ear in ("left", "right")
        for hz, level in zip(person.ear(ear).frequencies, person.ear(ear).levels, strict=True)
    }


def test_no_chart_tells_by_colour_alone():
    frame = pd.DataFrame(
        {"predicted": [0.5], "intrusive": [0.4], "error": [0.1], "middle": [0.45], "ear": ["left"]}
    )
    for drawing in (charts.agreement_chart(frame, ["ear"]), charts.bland_altman(frame, ["ear"])):
        layers = [layer["encoding"] for layer in json.loads(drawing.to_json())["layer"]]
        assert all("shape" in layer for layer in layers if "color" in layer)
    means = pd.DataFrame({"listener": "L1", "loss": 20.0, "scorer": ["x", "y", "z"], "mean": [0.2, 0.3, 0.4]})
    *_, points = json.loads(charts.listeners_chart(means, "L1").to_json())["layer"]
    for channel in ("color", "shape"):
        assert len(set(points["encoding"][channel]["scale"]["range"])) == 3


def test_versions_of_the_net_are_told_apart(stores, show):
    store = open_store(stores["full"])
    try:
        (entry,) = (s for s in submissions(store, challenge=CHALLENGE) if s.system.name == "stream")
        newer = [
            replace(row, version="example-3", score=0.5) for row in made_rows("stream", 0.69, "haaqinet")
        ]
        StoredScores(store, entry).append(newer)
        refresh(store, [entry.id])
    finally:
        store.close()
    whole = table(show("agreement"), "LCC").set_index("Group")
    other = table(show("agreement", version="example-3"), "LCC").set_index("Group")
    assert len(whole) > len(other) == 2  # all trials, and the one system that has the version
    assert other.loc["example / stream", "Bias"] == pytest.approx(
        0.5 - np.mean([row.score for row in made_rows("stream", 0.69, "haaqi")])
    )
