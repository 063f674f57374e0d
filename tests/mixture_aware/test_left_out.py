"""Models on a base, songs left out of training, and the tables of real songs."""

import numpy as np
import pytest

from haaqinet_eval.mixture_aware.dense import Settings as DenseSettings
from haaqinet_eval.mixture_aware.fitting import Settings, fit_model, predict, with_base
from haaqinet_eval.mixture_aware.gain_features import stem_features
from haaqinet_eval.mixture_aware.left_out import left_out, widened
from haaqinet_eval.mixture_aware.tables import real_songs
from haaqinet_eval.mixture_aware.trial_files import Trials

pytest.importorskip("sklearn")
QUICK = (
    Settings(rounds=30, quantile_rounds=30, rate=0.2, share=1.0, seeds=1),
    DenseSettings(count=1, epochs=3),
)


def trials(songs, count=40, seed=0):
    """Trials whose score is a feature, less a song's own offset that no feature tells."""
    rng = np.random.default_rng(seed)
    size = count * len(songs)
    x = rng.uniform(0, 1, (size, 2))
    song = np.repeat(songs, count)
    offsets = {name: 0.05 * i for i, name in enumerate(songs)}
    true = np.clip(x[:, 0] * 0.8 + 0.1 - [offsets[s] for s in song], 0, 1)
    about = {
        "song": song,
        "group": np.char.add("real-", np.repeat(np.arange(size // 4), 4).astype(str)),
        "system": np.tile(["passthrough", "ideal", "spleeter", "hpss"], size // 4),
        "listener": np.repeat("L1", size),
        "kind": np.repeat("remix", size),
    }
    return Trials(("implied_known", "ratio_band_0"), x, np.stack([true] * 5, 1), about, {})


def test_a_song_is_told_by_a_model_that_never_heard_it():
    all_of, heard = trials(("a", "b", "c")), []

    def fit_on(some):
        heard.append(set(some.about["song"]))
        return fit_model(some, trials(("d",), seed=3), some.names, QUICK)

    scores, intervals = left_out(all_of, ("a", "c"), fit_on)
    assert heard == [{"b", "c"}, {"a", "b"}]
    told = np.isfinite(scores)
    assert set(all_of.about["song"][~told]) == {"b"}
    assert np.corrcoef(scores[told], all_of.true[told])[0, 1] > 0.9
    model = fit_on(all_of)
    true = all_of.true[told]
    half = np.full((40, 2), 0.5)
    margin = widened(model, [(half, true[:40]), (half, true[40:])]).margin - model.margin
    assert 0.9 <= np.mean(np.abs(true - 0.5) <= margin) < 0.95
    assert widened(model, [(np.stack([true - 1, true + 1], 1), true)]).margin < model.margin
    assert np.isfinite(intervals[told]).all()


def test_a_base_answers_for_output_and_mixture():
    some = trials(("a", "b"))
    base = fit_model(some, trials(("d",), seed=3), some.names, QUICK)
    extended = with_base(some, base)
    score = extended.column("base_score")
    np.testing.assert_allclose(score, predict(base, some)[0])
    through = extended.about["system"] == "passthrough"
    np.testing.assert_array_equal(extended.column("base_unprocessed_score")[through], score[through])
    assert np.ptp(extended.column("base_unprocessed_score")[:4]) == 0  # of one scene
    assert stem_features(extended.names) == ("base_score", "base_unprocessed_score", "implied_known")
    assert with_base(some, None) is some
    joined = some.joined(trials(("e",)))
    assert len(joined.true) == 120


def test_the_table_of_real_songs_has_the_best_system_first():
    some = trials(("a", "b"))
    table = real_songs({"haaqinet_target": some.true}, np.stack([some.true - 1, some.true + 1], 1), some)
    lines = table.splitlines()
    assert lines[0] == "| system | true HAAQI | haaqinet_target | ears |"
    means = [float(line.split("|")[2]) for line in lines[2:6]]
    assert means == sorted(means, reverse=True)
    assert "The 90 % interval holds 100.0% of the true scores; its mean width is 2.000." in table
