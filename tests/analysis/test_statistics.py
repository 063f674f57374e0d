"""The two-way bootstrap against theory, simulations and plain resampling."""

import numpy as np
import pytest
from scipy import stats

from haaqinet_eval import InputError
from haaqinet_eval.analysis.statistics import (
    Resampling,
    compare_all,
    draw_weights,
    holm,
    mean_interval,
    p_value,
    pair_sums,
    paired_difference,
    rank_ranges,
    student_tail,
)


def crossed(rng, scenes, listeners, scene_sd, listener_sd, noise_sd):
    """Scores [S * L] of a balanced design with random effects, and their labels."""
    values = (
        rng.normal(0, scene_sd, (scenes, 1))
        + rng.normal(0, listener_sd, (1, listeners))
        + rng.normal(0, noise_sd, (scenes, listeners))
    )
    scene, listener = np.meshgrid(np.arange(scenes), np.arange(listeners), indexing="ij")
    return values.ravel(), scene.ravel(), listener.ravel()


def bootstrap_means(values, scene, listener, draws=2000):
    total, count = pair_sums(values, scene, listener, (scene.max() + 1, listener.max() + 1))
    resampling = Resampling.from_shape(total.shape, draws)
    return resampling.means(total, count)


def test_draws_weigh_each_row_by_scene_and_by_listener():
    rng = np.random.default_rng(0)
    keep = rng.random(12 * 7) < 0.6  # a sparse design, two rows (ears) per pair
    values, scene, listener = (np.repeat(x[keep], 2) for x in crossed(rng, 12, 7, 1, 1, 1))
    values = values + rng.normal(size=len(values))
    resampling = Resampling.from_shape((12, 7), 50)
    means = resampling.means(*pair_sums(values, scene, listener, (12, 7)))
    for w_scene, w_listener, mean in zip(resampling.scenes, resampling.listeners, means, strict=True):
        rows = np.repeat(values, (w_scene[scene] * w_listener[listener]).astype(int))
        assert mean == pytest.approx(rows.mean())


def test_draws_are_with_replacement_repeatable_and_apart_for_scenes_and_listeners():
    weights = draw_weights(20, 500)
    assert (weights.sum(axis=1) == 20).all()
    assert weights.mean() == pytest.approx(1)
    assert weights.var(axis=0).mean() == pytest.approx(1 - 1 / 20, rel=0.1)  # multinomial
    assert (draw_weights(20, 500) == weights).all()
    both = Resampling.from_shape((20, 20), 500)
    assert abs(np.corrcoef(both.scenes.ravel(), both.listeners.ravel())[0, 1]) < 0.05


def test_the_stream_of_draws_is_frozen():
    assert draw_weights(6, 3).astype(int).tolist() == [
        [2, 3, 1, 0, 0, 0],
        [0, 2, 1, 1, 2, 0],
        [1, 1, 1, 1, 0, 2],
    ]


def test_with_one_listener_it_is_the_plain_bootstrap_over_scenes():
    rng = np.random.default_rng(1)
    values = rng.gamma(2, 0.1, 200)
    found = mean_interval(values, np.arange(200), np.zeros(200))
    plain = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=2)
    width = plain.confidence_interval.high - plain.confidence_interval.low
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(plain.confidence_interval.low, abs=0.06 * width)
    assert found.high == pytest.approx(plain.confidence_interval.high, abs=0.06 * width)


@pytest.mark.parametrize(
    ("sds", "factor"),
    [((1, 0, 0), 1), ((0, 1, 0), 1), ((0, 0, 1), 3)],
    ids=["scenes", "listeners", "rows"],
)
def test_variance_is_owens(sds, factor):
    """Owen 2007: effects of scenes and listeners count once, the single row's three times."""
    rng = np.random.default_rng(3)
    scenes, listeners = 40, 30
    clusters = {(1, 0, 0): scenes, (0, 1, 0): listeners, (0, 0, 1): scenes * listeners}[sds]
    variances = [bootstrap_means(*crossed(rng, scenes, listeners, *sds), draws=400).var() for _ in range(40)]
    assert np.mean(variances) * clusters == pytest.approx(factor, rel=0.15)


def test_interval_covers_where_the_plain_one_does_not():
    rng = np.random.default_rng(4)
    hits = plain_hits = 0
    runs = 200
    for _ in range(runs):
        values, scene, listener = crossed(rng, 30, 20, 0.1, 0.1, 0.1)
        found = mean_interval(values, scene, listener, draws=400)
        hits += found.low < 0 < found.high
        plain_hits += abs(values.mean()) < 1.96 * values.std() / np.sqrt(len(values))
    assert 0.90 <= hits / runs <= 0.99
    assert plain_hits / runs < 0.6


def test_a_paired_difference_loses_what_both_systems_share():
    rng = np.random.default_rng(5)
    shared, scene, listener = crossed(rng, 40, 20, 0.15, 0.15, 0.0)
    first = shared + 0.01 + rng.normal(0, 0.02, len(shared))
    second = shared + rng.normal(0, 0.02, len(shared))
    found = paired_difference(first, second, scene, listener)
    alone = mean_interval(first, scene, listener)
    assert found.low < 0.01 < found.high
    assert found.low > 0
    assert found.p < 0.001
    assert found.high - found.low < 0.1 * (alone.high - alone.low)


def test_p_values_are_uniform_or_larger_when_there_is_no_difference():
    rng = np.random.default_rng(6)
    p = np.array(
        [
            paired_difference(values, np.zeros(len(values)), scene, listener, draws=300).p
            for values, scene, listener in (crossed(rng, 20, 15, 0.1, 0.1, 0.05) for _ in range(200))
        ]
    )
    assert (p < 0.05).mean() <= 0.08
    assert (p < 0.5).mean() == pytest.approx(0.45, abs=0.1)


def test_nothing_can_be_said_of_a_single_scene_and_listener():
    found = mean_interval([0.4, 0.6], ["s", "s"], ["l", "l"])
    assert found.value == 0.5
    assert np.isnan([found.low, found.high]).all()
    assert paired_difference([0.4], [0.2], ["s"], ["l"]).p == 1


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 20, 51])
@pytest.mark.parametrize("t", [0.0, 0.3, -1.0, 2.5, 9.0])
def test_student_tail_agrees_with_scipy(freedom, t):
    assert student_tail(t, freedom) == pytest.approx(2 * stats.t.sf(abs(t), freedom), abs=1e-12)


def test_equal_systems_have_p_1_and_a_constant_difference_p_0():
    assert p_value(0.0, np.zeros(100), 5) == 1
    assert p_value(0.1, np.full(100, 0.1), 5) == 0


def test_holm_by_hand():
    assert holm([0.001, 0.2, 0.02, 0.03]).tolist() == pytest.approx([0.004, 0.2, 0.06, 0.06])
    assert holm([]).tolist() == []
    assert holm([0.9, 0.8]).max() == 1


def test_rank_ranges_and_tie_groups():
    """a beats c, d; b beats d; everyone beats e: a to d are tied by chains, e is not."""
    means = np.array([0.4, 0.8, 0.6, 0.7, 0.1])  # d a c b e
    p = np.ones((5, 5))
    for better, worse in [(1, 2), (1, 0), (3, 0), (0, 4), (1, 4), (2, 4), (3, 4)]:
        p[better, worse] = p[worse, better] = 0.001
    found = rank_ranges(means, p)
    assert [(r.low, r.high, r.group) for r in found] == [
        (3, 4, 1),
        (1, 2, 1),
        (2, 4, 1),
        (1, 3, 1),
        (5, 5, 2),
    ]


def test_systems_far_apart_have_ranks_and_systems_close_by_have_ranges():
    rng = np.random.default_rng(7)
    shared, scene, listener = crossed(rng, 60, 20, 0.1, 0.1, 0.0)
    values = [shared + m + rng.normal(0, 0.03, len(shared)) for m in (0.5, 0.5001, 0.3)]
    resampling = Resampling.from_shape((60, 20))
    tables = [pair_sums(v, scene, listener, (60, 20)) for v in values]
    draws = np.stack([resampling.means(*t) for t in tables], axis=1)
    means = np.array([v.mean() for v in values])
    found = rank_ranges(means, compare_all(means, draws, resampling.freedom))
    assert {(r.low, r.high, r.group) for r in found[:2]} == {(1, 2, 1)}
    assert (found[2].low, found[2].high, found[2].group) == (3, 3, 2)


def test_mistakes_are_named():
    with pytest.raises(InputError, match="a value is not finite"):
        mean_interval([0.1, np.nan], [1, 2], [1, 2])
    with pytest.raises(InputError, match="2 scenes, 1 listeners"):
        mean_interval([0.1, 0.2], [1, 2], [1])
    with pytest.raises(InputError, match=r"\(0,\) values"):
        mean_interval([], [], [])
