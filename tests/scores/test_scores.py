import dataclasses

import pytest

from haaqinet_eval import InputError
from haaqinet_eval.analysis.standings import current_versions, group_means, standings
from haaqinet_eval.scores import (
    COLUMNS,
    Score,
    ScoreFile,
    merge_scores,
    read_scores,
    results_path,
    write_scores,
)
from haaqinet_eval.trials import Trial


def row(system="a", listener="L1", ear="left", score=0.5, scorer="haaqi", **more):
    error = "" if score is not None else "missing_file"
    trial = Trial("c", system, "s1", 'A, "B" & C\'s', listener, ear)
    return Score(trial, scorer, "1", score, error=error, **more)


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
    for cut in range(len(whole) - 2, whole.rindex(b"\n", 0, -1) + 1, -1):
        path.write_bytes(whole[:cut])
        with pytest.raises(InputError, match=r"line 3.*the last line is not whole: evaluate again"):
            read_scores(path)  # a copy may have been cut off: no command goes on without saying so
        assert [s.trial.ear for s in read_scores(path, torn=True)] == ["left"]
    resumed = ScoreFile(path)
    assert [s.trial.ear for s in resumed] == ["left"]
    resumed.append([row(ear="right", message="é\u2028\x85")])
    path.write_bytes(path.read_bytes()[:-1])
    assert [s.message for s in read_scores(path)] == ["", "é\u2028\x85"]
    path.write_bytes(path.read_bytes().partition(b"\xa9")[0])
    assert [s.trial.ear for s in ScoreFile(path)] == ["left"]


def test_a_row_that_was_torn_within_quotes_is_dropped_too(tmp_path):
    path = tmp_path / "r.csv"
    write_scores(path, [row(), row(ear="right", score=None, message="first\nsecond")])
    text = path.read_text()
    path.write_text(text[: text.rindex("second")])
    assert [s.trial.ear for s in read_scores(path, torn=True)] == ["left"]
    with pytest.raises(InputError, match="line 3: unexpected end of data"):
        read_scores(path)


def test_failed_rows_are_tried_again_and_scored_ones_never_twice(tmp_path):
    path = tmp_path / "r.csv"
    ScoreFile(path).append([row(), row(ear="right", score=None)])
    resumed = ScoreFile(path)
    assert row().key in resumed
    assert row(ear="right").key not in resumed
    resumed.append([row(score=0.9), row(ear="right", score=0.7)])
    assert [(s.trial.ear, s.score) for s in read_scores(path)] == [("left", 0.5), ("right", 0.7)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0.5", "nan", "line 2, column score: 'nan' is not finite"),
        ("0.5", "half", "line 2, column score: 'half' is not a number$"),
        ("0.5", '"0,5"', "line 2, column score: '0,5' is not a number; decimals have a point"),
        ("0.5", "4.95E+15", r"column score: '4.95E\+15' is not in \[0, 1\]; a spreadsheet that takes"),
        ("0.5", "1.7", r"column score: '1.7' is not in \[0, 1\]$"),
        ("0.5", "-0.4", r"column score: '-0.4' is not in \[0, 1\]$"),
        ("0.4,0.6", "0.6,0.4", "columns low and high: '0.6' and '0.4' are no interval"),
        ("0.4,0.6", ",0.6", "columns low and high: '' and '0.6' are no interval"),
        ("0.4,0.6", "0.4,6", r"column high: '6' is not in \[0, 1\]"),
        (",left,", ",L,", "line 2, column ear: 'L' is neither left nor right"),
        (",left,", ",Left,", "line 2, column ear: 'Left' is neither left nor right"),
        ("c,a,", "c,,", "line 2, column system: is empty"),
        (",1\n", ",yes\n", "line 2, column unfamiliar: 'yes' is neither 0 nor 1"),
        ('"{""d"": 1.0}"', "[1]", r"line 2, column parts: '\[1\]' is no JSON object"),
        ('"{""d"": 1.0}"', "1", "column parts: '1' is no JSON object"),
        ('"{""d"": 1.0}"', '"{""d"": NaN}"', "column parts: 'd' is nan, not a finite number"),
        ('"{""d"": 1.0}"', '"{""d"": true}"', "column parts: 'd' is True, not a finite number"),
        ("2.0000", "-2", "column seconds: '-2' is below 0"),
        (",0.5,", ",,", "line 2, columns score and error: a row has either a score or an error"),
        ("c,a", "c,a,b", "line 2: 18 fields, not 17"),
        ("c,a", '"c,a', r"line 2: ',' expected after '\"'"),
        ("challenge", "kallenge", "expected the columns challenge"),
        (",", ";", "line 1: its columns are separated by semicolons, not commas: a spreadsheet saved it so"),
        (",high,unfamiliar", "", "lacks the columns high, unfamiliar: made by an earlier version"),
    ],
)
def test_a_damaged_file_is_refused_with_the_line(tmp_path, old, new, message):
    path = tmp_path / "r.csv"
    write_scores(path, [row(low=0.4, high=0.6, unfamiliar=True, parts={"d": 1}, seconds=2)])
    path.write_text(path.read_text().replace(old, new, -1 if old == "," else 1))
    with pytest.raises(InputError, match=message) as error:
        read_scores(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_a_trial_that_is_there_twice_is_told_with_both_lines(tmp_path):
    write_scores(tmp_path / "r.csv", [row(), row(ear="right"), row(score=0.9)])
    said = "r.csv, line 4: the trial and scorer of line 2 again .a s1 .* L1 left haaqi 1.$"
    for read in (read_scores, ScoreFile):
        with pytest.raises(InputError, match=said):
            read(tmp_path / "r.csv")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_other_programs_make_of_a_file_without_changing_it_is_read(tmp_path, encoding):
    rows = [row(unfamiliar=True), row(ear="right", score=0.25, scorer="louder"), row("é", score=None)]
    write_scores(tmp_path / "r.csv", rows)
    text = (tmp_path / "r.csv").read_text().replace(",1\n", ",TRUE\n").replace(",0\n", ",False\n")
    text = text.replace("0.25", "-40.5").replace("\n", "\r\n").rstrip()  # a scorer of another scale
    (tmp_path / "r.csv").write_bytes(text.encode(encoding))
    assert read_scores(tmp_path / "r.csv") == [rows[0], dataclasses.replace(rows[1], score=-40.5), rows[2]]


def test_another_table_is_told_by_its_name(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("scene,song,listener,left_score,right_score,score\r\ns,s,L,0.1,0.2,0.15\r\n")
    with pytest.raises(InputError, match=r"is a challenge's own table of scores.*haaqinet import-scores"):
        read_scores(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="line 1: byte 0x00 is not UTF-16 text"):
        read_scores(path)
    write_scores(path, [row()])
    path.with_name("scores_seconds.csv").write_text("")
    with pytest.raises(InputError, match=r"scores_seconds\.csv, line 1: expected the columns"):
        read_scores(path)


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
    with pytest.raises(InputError, match="missing: 1 of 2 rows; first: c a s1"):
        merge_scores([a], expected)
    write_scores(b, [left, right])
    with pytest.raises(InputError, match=r"2.csv: .* is already in .*1.csv"):
        merge_scores([a, b], expected)
    with pytest.raises(InputError, match="not expected: 1 row; first"):
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
        [row(), row(ear="right", score=0.7), row(listener="L2", score=None)], lambda s: s.trial.listener
    )
    assert means["a", "haaqi"] == {"L1": (pytest.approx(0.6), 2)}
