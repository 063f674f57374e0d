"""The loop with scorers of known answers: order, faults, resume."""

import numpy as np
import pytest

from haaqinet_eval import Audiogram, Result, Stimulus, Trial, Unscorable
from haaqinet_eval.evaluate import evaluate
from haaqinet_eval.scores import ScoreFile, read_scores


class Mean:
    """Scores the mean of the samples and keeps what it was asked."""

    version = "1"
    sample_rate = 1.0
    needs = frozenset()
    limits = (0.0, 1.0)

    def __init__(self, name="mean"):
        self.name = name
        self.calls = 0

    def __call__(self, stimulus):
        self.calls += 1
        if not stimulus.processed.any():
            raise Unscorable("silent", "the signal is silent")
        return Result(float(stimulus.processed.mean()), {"n": len(stimulus.processed)})


def load(trial):
    if trial.scene == "missing":
        raise Unscorable("missing_file", f"{trial.scene}.flac: no such file")
    level = {"silent": 0.0, "s1": 0.25, "s2": 0.5}[trial.scene]
    return Stimulus(np.full(4, level), 1.0, Audiogram.flat(0))


def group(scene):
    return tuple(Trial("c", "sys", scene, "song", "L1", ear) for ear in ("left", "right"))


def test_rows_are_written_in_order_and_faults_keep_their_row(tmp_path):
    path = tmp_path / "r.csv"
    scorers = [Mean("mean"), Mean("other")]
    failed = evaluate([group(s) for s in ("s1", "missing", "silent", "s2")], load, scorers, ScoreFile(path))
    rows = read_scores(path)
    assert [(r.trial.scene, r.trial.ear, r.scorer) for r in rows[:4]] == [
        ("s1", "left", "mean"), ("s1", "left", "other"), ("s1", "right", "mean"), ("s1", "right", "other"),
    ]  # fmt: skip
    assert [r.score for r in rows if r.scorer == "mean"] == [0.25, 0.25, None, None, None, None, 0.5, 0.5]
    assert {(r.trial.scene, r.error, r.message) for r in failed} == {
        ("missing", "missing_file", "missing.flac: no such file"),
        ("silent", "silent", "the signal is silent"),
    }
    assert rows[0].parts == {"n": 4}


def test_a_second_run_scores_only_what_is_missing(tmp_path):
    path = tmp_path / "r.csv"
    evaluate([group("s1")], load, [Mean()], ScoreFile(path))
    first, second = Mean(), Mean("other")
    evaluate([group("s1"), group("s2")], load, [first, second], ScoreFile(path))
    assert (first.calls, second.calls) == (2, 4)
    keys = [r.key for r in read_scores(path)]
    assert len(keys) == len(set(keys)) == 8


def test_half_a_piece_of_work_is_scored_again_whole_but_written_once(tmp_path):
    path = tmp_path / "r.csv"
    evaluate([group("s1")], load, [Mean()], ScoreFile(path))
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    scorer = Mean()
    evaluate([group("s1")], load, [scorer], ScoreFile(path))
    assert scorer.calls == 2  # the right ear's random stream follows the left's
    assert [r.trial.ear for r in read_scores(path)] == ["left", "right"]


def test_a_bug_is_not_swallowed(tmp_path):
    def broken(trial):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        evaluate([group("s1")], broken, [Mean()], ScoreFile(tmp_path / "r.csv"))


def test_a_new_version_makes_new_rows(tmp_path):
    path = tmp_path / "r.csv"
    evaluate([group("s1")], load, [Mean()], ScoreFile(path))
    newer = Mean()
    newer.version = "2"
    evaluate([group("s1")], load, [newer], ScoreFile(path))
    assert [r.version for r in read_scores(path)] == ["1", "1", "2", "2"]
