import numpy as np
import pytest
from scipy import stats

from haaqinet_eval import InputError
from haaqinet_eval.agreement import agreement, agreement_by, pair_scores
from haaqinet_eval.scores import Score


def test_figures_by_hand_and_by_definition():
    x, y = np.array([0.1, 0.4, 0.35, 0.8]), np.array([0.0, 0.5, 0.3, 0.9])
    a = agreement(x, y)
    assert a.lcc == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert a.srcc == pytest.approx(1.0)
    assert a.kendall == pytest.approx(1.0)
    assert a.mse == pytest.approx((0.01 + 0.01 + 0.0025 + 0.01) / 4)
    assert a.rmse == pytest.approx(a.mse**0.5)
    assert a.bias == pytest.approx(-0.0125)
    assert agreement([1, 2, 3], [1, 3, 2]).kendall == pytest.approx(1 / 3)
    assert agreement([1, 2, 2], [1, 2, 3]).srcc == pytest.approx(stats.spearmanr([1, 2, 2], [1, 2, 3])[0])


def test_no_correlation_is_made_up_for_constant_scores_or_one_pair():
    assert np.isnan(agreement([0.5, 0.5], [0.1, 0.9]).lcc)
    assert np.isnan(agreement([0.5], [0.1]).srcc)
    assert agreement([0.5], [0.1]).bias == pytest.approx(0.4)


@pytest.mark.parametrize(("x", "y"), [([1], [1, 2]), ([], []), ([np.nan], [1]), ([[1]], [[1]])])
def test_bad_vectors_are_refused(x, y):
    with pytest.raises(InputError):
        agreement(x, y)


def row(scorer, value, listener="L1", ear="left"):
    error = "" if value is not None else "silent"
    return Score("c", "a", "s1", "song", listener, ear, "", scorer, "1", value, error=error)


def test_only_trials_that_both_scored_are_compared_and_grouped():
    scores = [
        row("haaqi", 0.2), row("haaqinet", 0.3),
        row("haaqi", 0.6, ear="right"), row("haaqinet", None, ear="right"),
        row("haaqi", 0.8, "L2"), row("haaqinet", 0.7, "L2"),
    ]  # fmt: skip
    assert [(p.score, t.score) for p, t in pair_scores(scores, "haaqinet", "haaqi")] == [
        (0.3, 0.2),
        (0.7, 0.8),
    ]
    groups = agreement_by(scores, "haaqinet", "haaqi", lambda s: s.listener)
    assert {name: (a.n, round(a.bias, 6)) for name, a in groups.items()} == {"L1": (1, 0.1), "L2": (1, -0.1)}
