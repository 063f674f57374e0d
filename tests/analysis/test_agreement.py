import numpy as np
import pytest
from scipy import stats

from haaqinet_eval import InputError
from haaqinet_eval.analysis.agreement import (
    affine_fit,
    agreement,
    agreement_by,
    by_uncertainty,
    coverage,
    interval_contains,
    pair_scores,
    reliability,
)
from haaqinet_eval.scores import Score
from haaqinet_eval.trials import Trial


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


@pytest.mark.parametrize(("number", "digits"), [(2, 9), (3, 1), (50, 1), (1000, 2), (1000, 9)])
def test_correlations_are_those_of_scipy_ties_and_all(number, digits):
    rng = np.random.default_rng(number)
    x = rng.normal(size=number).round(digits)
    y = (x + rng.normal(size=number)).round(digits)
    a = agreement(x, y)
    expected = [test(x, y).statistic for test in (stats.pearsonr, stats.spearmanr, stats.kendalltau)]
    assert [a.lcc, a.srcc, a.kendall] == pytest.approx(expected, abs=1e-12)


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
    return Score(Trial("c", "a", "s1", "song", listener, ear), scorer, "1", value, error=error)


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
    groups = agreement_by(scores, "haaqinet", "haaqi", lambda s: s.trial.listener)
    assert {name: (a.n, round(a.bias, 6)) for name, a in groups.items()} == {"L1": (1, 0.1), "L2": (1, -0.1)}


RNG = np.random.default_rng(3)


def test_intervals_of_ninety_per_cent_hold_nine_of_ten():
    true = RNG.normal(0.5, 0.1, 20_000)
    guess = true + RNG.normal(0, 0.05, 20_000)
    found = coverage(guess - 1.645 * 0.05, guess + 1.645 * 0.05, true)
    assert found.share == pytest.approx(0.9, abs=0.01)
    assert found.below + found.inside + found.above == found.n == 20_000
    assert found.width == pytest.approx(2 * 1.645 * 0.05)
    assert interval_contains([0.1, 0.1], [0.2, 0.2], [0.2, 0.3]).tolist() == [True, False]


def test_rows_without_interval_or_true_score_do_not_count():
    nan = float("nan")
    found = coverage([0.1, nan, 0.1], [0.3, nan, 0.3], [0.2, 0.2, nan])
    assert (found.n, found.inside) == (1, 1)
    assert np.isnan(coverage([nan], [nan], [0.2]).share)


def test_the_affine_fit_is_that_of_least_squares():
    x, y = RNG.uniform(0, 1, 50), RNG.uniform(0, 1, 50)
    assert affine_fit(x, y) == pytest.approx(tuple(np.polyfit(x, y, 1)))
    assert np.isnan(affine_fit([0.5, 0.5], [0.1, 0.9])).all()


def test_bins_hold_every_row_once():
    x, y = np.append(RNG.uniform(0, 1, 500), [0.0, 0.1, 1.0]), RNG.uniform(0, 1, 503)
    bins = reliability(x, y)
    assert sum(b.n for b in bins) == 503
    assert sum(b.n * b.true for b in bins) == pytest.approx(y.sum())
    assert all(b.start <= b.predicted <= b.stop for b in bins)
    last = (x >= 0.9) & (x <= 1)
    assert (bins[-1].n, bins[-1].spread) == (last.sum(), pytest.approx(np.std(y[last])))


def test_what_the_net_is_least_sure_of_comes_first():
    low, high = RNG.uniform(0, 0.4, 100), RNG.uniform(0.5, 1, 100)
    low[::7] = high[::7] = np.nan
    strange = RNG.uniform(0, 1, 100) < 0.2
    order = by_uncertainty(low, high, strange)
    assert sorted(order) == list(range(100))
    assert strange[order][: strange.sum()].all()
    for rows in (order[: strange.sum()], order[strange.sum() :]):
        width = (high - low)[rows]
        known = width[~np.isnan(width)]
        assert np.isnan(width[len(known) :]).all()
        assert (np.diff(known) <= 0).all()
