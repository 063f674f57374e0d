import dataclasses

import pytest

from haaqinet_eval import InputError
from haaqinet_eval.scores import (
    COLUMNS,
    Score,
    ScoreFile,
    merge_scores,
    read_scores,
    results_path,
    write_scores,
)
from haaqinet_eval.standings import current_versions, group_means, standings


def row(system="a", listener="L1", ear="left", score=0.5, scorer="haaqi", **more):
    error = "" if score is not None else "missing_file"
    return Score(
        "c", system, "s1", 'A, "B" & C\'s', listener, ear, "", scorer, "1", score, error=error, **more
    )


def test_rows_survive_the_file_with_odd_names_and_full_precision(tmp_path):
    rows = [
        row(score=1 / 3, parts={"d_loud": 0.1 + 0.2}, seconds=0.25),
        row(ear="right", score=None, message='no "file", sorry'),
    ]
    write_scores(tmp_path / "r.csv", rows)
    assert read_scores(tmp_path / "r.csv") == rows


def test_a_torn_last_line_is_dropped_and_the_rest_kept(tmp_path):
    path = tmp_path / "r.csv"
    file = ScoreFile(path)
    file.append([row(), row(ear="right")])
    whole = path.read_bytes()
    for cut in range(len(whole) - 1, len(whole) - 30, -1):
        path.write_bytes(whole[:cut])
        resumed = ScoreFile(path)
        assert [s.ear for s in resumed] == ["left"]
    resumed.append([row(ear="right")])
    assert path.read_bytes() == whole


def test_failed_rows_are_tried_again_and_scored_ones_never_twice(tmp_path):
    path = tmp_path / "r.csv"
    ScoreFile(path).append([row(), row(ear="right", score=None)])
    resumed = ScoreFile(path)
    assert row().key in resumed
    assert row(ear="right").key not in resumed
    resumed.append([row(score=0.9), row(ear="right", score=0.7)])
    assert [(s.ear, s.score) for s in read_scores(path)] == [("left", 0.5), ("right", 0.7)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0.5", "nan", "line 2: score 'nan' is not finite"),
        ("0.5", "half", "line 2: could not convert"),
        (",0.5,", ",,", "line 2: a row has either a score or an error"),
        ("c,a", "c,a,b", "line 2: wrong number of fields"),
        ("challenge", "kallenge", "expected the columns challenge"),
        (",high,unfamiliar", "", "lacks the columns high, unfamiliar: made by an earlier version"),
    ],
)
def test_a_damaged_file_is_refused_with_the_line(tmp_path, old, new, message):
    path = tmp_path / "r.csv"
    write_scores(path, [row()])
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=message) as error:
        read_scores(path)
    assert str(path) in str(error.value)


def test_a_folder_stands_for_its_results(tmp_path):
    for use in (results_path, read_scores, lambda path: write_scores(path, [])):
        with pytest.raises(InputError, match=f"{tmp_path}: is a folder"):
            use(tmp_path)
    assert list(tmp_path.iterdir()) == []
    write_scores(tmp_path / "results.csv", [row()])
    assert read_scores(results_path(tmp_path)) == [row()]


def test_merge_checks_gaps_duplicates_and_strangers(tmp_path):
    left, right = row(), row(ear="right")
    a, b = tmp_path / "1.csv", tmp_path / "2.csv"
    write_scores(a, [right])
    write_scores(b, [left])
    expected = [left.key, right.key]
    assert merge_scores([a, b], expected) == [left, right]
    with pytest.raises(InputError, match="1 of 2 rows are missing; first: c a s1"):
        merge_scores([a], expected)
    write_scores(b, [left, right])
    with pytest.raises(InputError, match=r"2.csv: .* is already in .*1.csv"):
        merge_scores([a, b], expected)
    with pytest.raises(InputError, match="1 rows are not expected"):
        merge_scores([b], [left.key])


def test_columns_are_the_documented_ones():
    assert COLUMNS == (
        "challenge", "system", "scene", "song", "listener", "ear", "stem",
        "scorer", "version", "score", "parts", "seconds", "error", "message",
        "low", "high", "unfamiliar",
    )  # fmt: skip


def test_an_incomplete_system_is_shown_but_never_ranked():
    scores = [
        row("good", score=0.4), row("good", ear="right", score=0.6),
        row("failed", score=0.99), row("failed", ear="right", score=None),
        row("half", score=0.99),
        row("best", score=0.8), row("best", ear="right", score=0.9),
    ]  # fmt: skip
    table = {s.system: s for s in standings(scores, expected=2)}
    assert [s.system for s in standings(scores, expected=2)] == ["best", "good", "failed", "half"]
    assert (table["best"].rank, table["good"].rank) == (1, 2)
    assert (table["good"].mean, table["good"].left, table["good"].right) == (0.5, 0.4, 0.6)
    assert table["failed"].mean is None
    assert table["failed"].rank is None
    assert table["failed"].errors == (("missing_file", 1),)
    assert table["half"].rank is None
    assert table["half"].coverage == 0.5


def test_ties_share_a_rank_and_scorers_are_ranked_apart():
    scores = [row("a"), row("b"), row("c", score=0.1), row("c", scorer="haaqinet", score=0.9)]
    ranks = [(s.scorer, s.system, s.rank) for s in standings(scores, expected=1)]
    assert ranks == [("haaqi", "a", 1), ("haaqi", "b", 1), ("haaqi", "c", 3), ("haaqinet", "c", 1)]


def test_versions_of_a_scorer_never_mix():
    old, new = row(score=0.1), dataclasses.replace(row(score=0.9), version="2")
    assert current_versions([old, new]) == [new]


def test_group_means_count_their_rows():
    means = group_means(
        [row(), row(ear="right", score=0.7), row(listener="L2", score=None)], lambda s: s.listener
    )
    assert means["a", "haaqi"] == {"L1": (pytest.approx(0.6), 2)}
