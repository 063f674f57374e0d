"""The scorer that knows the target: its parts against independent computations."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from places import ROOT

from haaqinet_eval import Audiogram, InputError
from haaqinet_eval.haaqi import Reference
from haaqinet_eval.mixture_aware.dense import Settings as DenseSettings
from haaqinet_eval.mixture_aware.dense import fit_dense
from haaqinet_eval.mixture_aware.ear import auditory_features, delay_of, shifted
from haaqinet_eval.mixture_aware.expected import PredictedTarget, expected_envelope, expected_gain
from haaqinet_eval.mixture_aware.features import compare
from haaqinet_eval.mixture_aware.gains import describe_gains
from haaqinet_eval.mixture_aware.model import TargetModel, margin_of
from haaqinet_eval.mixture_aware.predictor import load_target, save_target
from haaqinet_eval.mixture_aware.stems import RoleNet, describe_roles, shares_of
from haaqinet_eval.mixture_aware.trees import Booster, mean_of
from haaqinet_eval.synthesis.music import loudness
from haaqinet_eval.synthesis.remix import ABSENT, ROLES, Scene, draw_gains
from haaqinet_eval.synthesis.simulated_systems import SYSTEMS, Masks, Renderer, draw_systems

RATE = 24_000
EAR = Audiogram((10, 15, 20, 30, 45, 50, 55, 60))


def stems(seconds=2.0, seed=1):
    """Four signals [T] that overlap in frequency: pulses, clicks, a bass tone, noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * 220 * k * t) / k for k in range(1, 15)) * (1 + np.sin(2 * np.pi * 3 * t))
    drums = rng.standard_normal(len(t)) * np.exp(-30 * (t % 0.25))
    bass = np.sin(2 * np.pi * 80 * t)
    other = np.sin(2 * np.pi * 660 * t) + 0.2 * rng.standard_normal(len(t))
    return dict(zip(ROLES, (0.1 * x for x in (voice, drums, bass, other)), strict=True))


def scene(kind="remix", **gains):
    asked = dict.fromkeys(ROLES, ABSENT if kind == "stem" else 0.0) | gains
    return Scene(kind, "song", "made", stems(), asked)


def test_a_remix_is_as_loud_as_the_mixture_and_a_duet_gives_back_its_mean_power():
    remix = scene(vocals=10.0)
    levels = [loudness(x[:, None], RATE) for x in (remix.target, remix.mixture)]
    assert levels[0] == pytest.approx(levels[1], abs=0.05)
    duet = scene("duet", vocals=10.0)
    plain = sum(10 ** (duet.gains[name] / 20) * x for name, x in duet.stems.items())
    ratio = 20 * np.log10(np.std(duet.target) / np.std(plain))
    assert ratio == pytest.approx(-10 * np.log10((10 + 3) / 4))
    alone = scene("stem", bass=0.0)
    assert np.std(alone.target - alone.stems["bass"]) < 0.01 * np.std(alone.target)


def test_gains_are_those_of_the_challenges():
    rng = np.random.default_rng(0)
    changed = [sum(g != 0 for g in draw_gains("remix", ROLES, rng).values()) for _ in range(300)]
    assert set(changed) == {0, 1, 2, 3}
    assert all(len(set(draw_gains("duet", ("a", "b"), rng).values())) == 2 for _ in range(50))
    assert sorted(draw_gains("stem", ROLES, rng).values()) == [ABSENT] * 3 + [0.0]


def test_systems_are_what_their_names_say():
    some, rng = scene(vocals=6.0, drums=-10.0), np.random.default_rng(2)
    render = Renderer(some, {"own": lambda x: x, "other": lambda x: x}, rng)
    reference = Reference(some.target, RATE, EAR, equalisation=2, level1=some.level1)
    names = ("ideal", "partial_a", "mask_a", "mask_d", "passthrough", "opposite")
    score = {name: reference.score(render(SYSTEMS[name]), RATE).value for name in names}
    np.testing.assert_array_equal(render(SYSTEMS["passthrough"]), some.mixture)
    np.testing.assert_allclose(render(SYSTEMS["ideal"]), some.target)
    assert score["ideal"] > 0.97 > score["partial_a"] > score["passthrough"] > score["opposite"]
    assert score["mask_a"] > score["mask_d"]
    drawn = draw_systems(12, rng)
    assert drawn[0].name == "passthrough"
    assert len({s.name for s in drawn}) == 12


def test_masked_stems_add_up_to_the_mixture():
    some = scene()
    render = Renderer(some, {}, np.random.default_rng(3))
    whole = sum(render._masked(Masks(0.2, 12)).values())
    np.testing.assert_allclose(whole, some.mixture, atol=1e-5)


@pytest.mark.parametrize("delay", [0, 37, -801])
def test_delays_are_found_and_taken_back(delay):
    x = sum(stems().values())
    late = np.roll(x, delay) + 0.01 * np.random.default_rng(4).standard_normal(len(x))
    assert delay_of(late, x) == delay
    inner = slice(1000, -1000)
    np.testing.assert_array_equal(shifted(late, delay, len(x))[inner], np.roll(late, -delay)[inner])


def test_features_of_the_mixture_itself_are_those_of_no_change():
    x = sum(stems().values())
    heard = auditory_features(x, EAR, 85.0)
    features = compare(heard, heard)
    for name in ("cepstral", "coherence_mean", "d_loud", "d_norm"):
        assert features[name] == pytest.approx(1, abs=1e-3), name
    assert features["gain_middle"] == features["power_change"] == features["crest_change"] == 0


def test_the_gain_map_sees_which_bands_were_raised():
    x = sum(stems().values())
    bass = stems()["bass"]
    raised = compare(auditory_features(x + 2.16 * bass, EAR, 85.0), auditory_features(x, EAR, 85.0))  # +10 dB
    assert raised["level_change_0"] > 3 > abs(raised["level_change_5"])


def test_gains_by_role_and_by_size():
    one = describe_gains({"vocals": 6, "drums": 0, "bass": 0, "other": 0})
    two = describe_gains({"vocals": 0, "drums": 6, "bass": 0, "other": 0})
    assert one["gain_of_vocals"] > one["gain_of_drums"]
    assert {k: v for k, v in one.items() if "_of_" not in k} == {
        k: v for k, v in two.items() if "_of_" not in k
    }
    assert describe_gains({"b": -3, "a": 10}) == describe_gains({"x": 10, "y": -3})
    assert describe_gains({"vocals": 0, "drums": -200.0})["gains_absent"] == 1


def booster(seed, rows, true):
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(max_iter=25, max_leaf_nodes=9, random_state=seed).fit(rows, true)


def _first(boosters):
    """The boosters, asked for nothing beyond the first four features."""
    return {n: replace(b, feature=np.minimum(b.feature, 3)) for n, b in boosters.items()}


def test_trees_are_those_of_scikit_learn(tmp_path):
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((400, 6)).astype(np.float32).astype(float)
    true = np.tanh(rows[:, 0] * rows[:, 1]) + 0.3 * rows[:, 2]
    grown = booster(0, rows, true)
    np.testing.assert_allclose(
        [Booster.from_regressor(grown)(r) for r in rows], grown.predict(rows), atol=1e-6
    )
    many = [Booster.from_regressor(booster(i, rows, true)) for i in range(3)]
    assert mean_of(many)(rows[7]) == pytest.approx(np.mean([b(rows[7]) for b in many]))
    names, parts = tuple("abcdef"), dict(zip(("mean", "low", "high"), many, strict=True))
    networks = tuple(fit_dense(rows, np.full((400, 5), 0.5), DenseSettings(epochs=1), i) for i in range(2))
    model = TargetModel(names, parts, 0.1, networks)
    net, path = RoleNet(), tmp_path / "model.safetensors"
    save_target(path, model, net)
    again, guesser = load_target(path)
    assert (again.names, again.margin, len(again.networks)) == (names, 0.1, 2)
    assert again.of_row(rows[0])[0] == pytest.approx(model.of_row(rows[0])[0], abs=2e-3)  # half the bits
    levels = rng.uniform(20, 60, (100, 14))
    np.testing.assert_array_equal(shares_of(guesser, levels), shares_of(net.eval(), levels))
    stacked = TargetModel((*names[:2], "base_mean", "base_unprocessed_score"), _first(parts), 0.1, (), model)
    save_target(path, stacked, net)
    features = dict(zip(names, rows[1], strict=True))
    mixture = dict(zip(names, rows[2], strict=True))
    assert load_target(path)[0](features, mixture)[0] == pytest.approx(
        stacked(features, mixture)[0], abs=2e-3
    )
    expected = [model.boosters["mean"](rows[1]), model.of_row(rows[2])[0]]
    np.testing.assert_allclose(stacked.row(features, mixture)[2:], expected, rtol=1e-6)
    with pytest.raises(InputError, match="no such file"):
        load_target(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="format"):
        load_target(ROOT / "haaqinet_eval" / "weights" / "haaqinet.safetensors")


def test_networks_learn_what_depends_on_features_and_count_as_much_as_the_trees():
    rng = np.random.default_rng(8)
    rows = (10 + 3 * rng.standard_normal((1200, 4))).astype(np.float32).astype(float)
    true = 1 / (1 + np.exp(-(rows[:, 0] - 10) * (rows[:, 1] - 10) / 5))
    labels = np.stack([true, *[1 - true] * 4], 1)
    network = fit_dense(rows[:1000], labels[:1000], DenseSettings(width=64, noise=0.0), 0)
    predicted = network(torch.from_numpy(rows[1000:]).float()).numpy()
    assert np.corrcoef(predicted[:, 0], true[1000:])[0, 1] > 0.95
    assert np.corrcoef(predicted[:, 3], true[1000:])[0, 1] < -0.95
    none = Booster(*(np.array([x]) for x in (-1, 0.0, 0, 0, 0.0, 0)), np.array([0.25]))  # one leaf
    model = TargetModel(tuple("abcd"), dict.fromkeys(("mean", "low", "high"), none), 1.0, (network,))
    score = model.of_row(rows[1000])[0]
    assert score == pytest.approx((0.25 + predicted[0, 0]) / 2, abs=1e-6)


def test_the_margin_makes_intervals_hold_nine_in_ten():
    rng = np.random.default_rng(6)
    true = rng.standard_normal(2000)
    margin = margin_of(-np.ones(1000), np.ones(1000), true[:1000])
    inside = np.abs(true[1000:]) <= 1 + margin
    assert inside.mean() == pytest.approx(0.9, abs=0.03)


def test_the_guessed_target_is_the_mixture_with_gains_where_roles_are_known():
    levels = np.full((50, 14), 60.0)
    shares = np.zeros((4, 50, 14))
    shares[0, :, :7], shares[2, :, 7:] = 1, 1  # vocals below, bass above
    gain = expected_gain(shares, levels, {"vocals": 10.0, "drums": 0.0, "bass": -10.0, "other": 0.0})
    assert gain[0, 0] - gain[0, -1] == pytest.approx(20, abs=0.01)
    envelope = np.full((32, 200), 30.0, dtype=np.float32)
    moved = expected_envelope(envelope, gain, np.zeros(32))
    assert moved[0, 0] > 30 > moved[-1, 0]
    unchanged = PredictedTarget(envelope, envelope).describe(envelope)
    assert unchanged["aim_rest"] == unchanged["aim_slope"] == 0


def test_gains_that_were_given_are_seen_and_matched_with_those_asked_for():
    rng = np.random.default_rng(8)
    mixture = rng.uniform(40, 60, (80, 14))
    shares = np.zeros((4, 80, 14))
    for band in range(14):
        shares[band % 4, :, band] = 1
    asked = {"vocals": 6.0, "drums": -6.0, "bass": 0.0, "other": 0.0}
    gained = np.tensordot([asked[role] for role in ROLES], shares, 1)
    right = describe_roles(shares, mixture, mixture + gained, asked)
    wrong = describe_roles(shares, mixture, mixture - gained, asked)
    assert right["role_agrees"] == pytest.approx(1, abs=0.01)
    assert wrong["role_agrees"] == pytest.approx(-1, abs=0.01)
    assert right["role_missed_vocals"] == pytest.approx(0, abs=0.01)
    assert set(describe_roles(shares, mixture, mixture, {"a": 1.0, "b": 2.0}).values()) == {0.0}
