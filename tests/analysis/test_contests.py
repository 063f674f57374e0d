"""Systems beside one another: best of a group, win rates, Bradley-Terry strengths."""

import numpy as np
import pytest
from scipy import optimize

from haaqinet_eval.analysis.best import best_by_group, is_sure
from haaqinet_eval.analysis.pairs import (
    judged_strengths,
    strengths,
    strengths_with_intervals,
    win_rates,
    win_tables,
)
from haaqinet_eval.analysis.statistics import paired_difference


def test_the_best_of_a_group_is_compared_as_two_systems_are():
    rng = np.random.default_rng(3)
    scenes, listeners = np.divmod(np.arange(60), 5)
    scores = rng.normal(0.6, 0.05, (2, 60)) + np.array([[0.05], [0.0]]) * (listeners < 3)
    totals = np.zeros((2, 12, 5))
    totals[:, scenes, listeners] = scores
    count = np.ones((12, 5))
    count[11, :3] = 0  # a scene that the group did not hear
    totals[:, 11, :3] = 0
    one, nobody = best_by_group(totals, count, {"first": [0, 1, 2], "gone": []}), None
    assert [best.group for best in one] == ["first"]
    assert nobody is None
    mine = (listeners < 3) & (scenes < 11)
    found = paired_difference(scores[0][mine], scores[1][mine], scenes[mine], listeners[mine])
    (best,) = one
    assert best.system == 0
    assert best.means == pytest.approx(tuple(scores[:, mine].mean(axis=1)))
    assert best.lead.value == pytest.approx(found.value)
    assert (best.lead.low, best.lead.high, best.lead.p) == pytest.approx((found.low, found.high, found.p))
    assert is_sure(best) == (found.p < 0.05)


def test_a_system_that_is_best_for_one_listener_only_is_found_there():
    totals = np.stack([np.full((20, 3), 0.5), np.tile([0.2, 0.2, 0.9], (20, 1))])
    totals += np.random.default_rng(1).normal(0, 0.01, totals.shape)
    groups = {"a": [0], "b": [1], "c": [2]}
    found = best_by_group(totals, np.ones((20, 3)), groups)
    assert [(best.group, best.system, is_sure(best)) for best in found] == [
        ("a", 0, True), ("b", 0, True), ("c", 1, True)
    ]  # fmt: skip


def test_strengths_are_those_of_the_greatest_likelihood():
    rng = np.random.default_rng(2)
    wins = rng.integers(1, 40, (5, 5)).astype(float)
    np.fill_diagonal(wins, 0)

    def loss(b):
        return (wins * np.logaddexp(0, b[None, :] - b[:, None])).sum()

    expected = optimize.minimize(loss, np.zeros(5), tol=1e-10).x
    assert strengths(wins, prior=0) == pytest.approx(expected - expected.mean(), abs=1e-4)
    assert np.isfinite(strengths([[0, 50], [0, 0]])).all()  # one that always wins


def test_wins_count_draws_half_and_intervals_hold_the_strength():
    rng = np.random.default_rng(4)
    true = np.array([0.8, 0.0, -0.8])
    scenes, listeners = np.divmod(np.arange(400), 20)
    scores = true[:, None] + rng.gumbel(size=(3, 400))  # differences of Gumbel noise are logistic
    scores[1, :10] = scores[0, :10]
    tables, shape = win_tables(scores, scenes, listeners)
    wins = tables.sum(axis=-1)
    assert wins[0, 1] == (scores[0] > scores[1]).sum() + 5
    assert win_rates(wins)[0, 1] + win_rates(wins)[1, 0] == 1
    assert np.isnan(win_rates(wins)[0, 0])
    found = strengths_with_intervals(tables, shape)
    assert all(s.low < truth < s.high for s, truth in zip(found, true, strict=True))


def test_judges_who_disagree_make_wide_intervals():
    one, other = np.array([[0, 9], [1, 0]]), np.array([[0, 1], [9, 0]])
    alike = judged_strengths(np.stack([one] * 6))
    apart = judged_strengths(np.stack([one, other] * 3))
    assert alike[0].value > 0
    assert alike[0].low == pytest.approx(alike[0].value)
    assert apart[0].low < 0 < apart[0].high
    single = judged_strengths(one[None])
    assert single[0].low < single[0].value < single[0].high
    two = judged_strengths(np.array([[[0, 2], [0, 0]]]))  # two answers alike leave much open
    assert two[0].high - two[0].low > 1
