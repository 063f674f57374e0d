"""What users rely on beside accuracy: long songs, frames that show where it is bad, levels.

`benchmarks/haaqinet_behaviour.py` asks the same of more songs and ears.
"""

import numpy as np
import pytest

from haaqinet_eval import Audiogram, Stimulus, load_scorer
from haaqinet_eval.haaqi import Reference
from haaqinet_eval.model import auditory, texture
from haaqinet_eval.nalr import NalR
from haaqinet_eval.synthesis.conditions import CONDITIONS
from haaqinet_eval.synthesis.degradations import babble
from haaqinet_eval.synthesis.render import NFIR, SAMPLE_RATE, procedural_music

SECONDS = 9.0
EARS = {"sloping": Audiogram((20, 25, 30, 40, 50, 55, 60, 65)), "flat": Audiogram.flat(40)}
ENDLESS = 2**20  # frames, hops, blocks: nothing is cut


@pytest.fixture(scope="module")
def songs():
    """Two procedural songs of RMS 1."""
    made = [procedural_music(SECONDS, SAMPLE_RATE, np.random.default_rng(seed)) for seed in (0, 1)]
    return [song / np.std(song) for song in made]


def heard(signal, ear=EARS["sloping"], level1=65.0, amplified=False):
    signal = signal if amplified else NalR(NFIR, SAMPLE_RATE).amplify(ear, signal)
    return Stimulus(signal, SAMPLE_RATE, ear, level1)


def test_a_whole_song_scores_in_stretches_as_it_does_at_once(songs, monkeypatch):
    one, other = songs
    song = np.concatenate([one, other, one / 4, 2 * other, one + other])[: 40 * SAMPLE_RATE]
    stimulus = heard(song)
    assert len(song) > 3 * auditory.PORTION * auditory.STEP
    assert len(song) > 3 * texture.STRETCH * texture.HOP
    assert len(song) > 3 * texture.STRETCH_BLOCKS * texture.BLOCK
    in_stretches = load_scorer("haaqinet")(stimulus)
    monkeypatch.setattr(auditory, "PORTION", ENDLESS)
    monkeypatch.setattr(auditory, "ADAPTED", 2**18)  # points of a transform: 87 s
    monkeypatch.setattr(texture, "STRETCH", ENDLESS)
    monkeypatch.setattr(texture, "STRETCH_BLOCKS", ENDLESS)
    at_once = load_scorer("haaqinet")(stimulus)
    assert in_stretches.value == pytest.approx(at_once.value, abs=2e-5)
    assert in_stretches.parts == pytest.approx(at_once.parts, abs=2e-5)
    assert in_stretches.interval == pytest.approx(at_once.interval, abs=1e-4)
    np.testing.assert_allclose(in_stretches.frames, at_once.frames, atol=1e-3)


@pytest.mark.parametrize("snr_db", [10, -10])
@pytest.mark.parametrize("ear", EARS)
def test_frames_fall_where_there_is_babble_and_come_back(songs, ear, snr_db):
    scorer = load_scorer("haaqinet")
    for seed, song in enumerate(songs):
        part = slice(4 * SAMPLE_RATE, 5 * SAMPLE_RATE)
        bad = song.copy()
        bad[part] = babble(song[part], SAMPLE_RATE, np.random.default_rng(seed), snr_db=snr_db)
        before, after = (scorer(heard(x, EARS[ear])) for x in (song, bad))
        times, change = after.frame_times, after.frames - before.frames
        assert change[(times > 4.1) & (times < 4.9)].mean() < -0.2
        for middle in (2, 7):  # s: 2 s before it and 2 s after it
            assert abs(change[np.abs(times - middle) < 0.5].mean()) < 0.1


def test_scores_follow_the_level_as_haaqi_does(songs):
    """Music without its highs gets worse as it gets louder, music without amplification better."""
    levels, systems = (50, 60, 65, 70, 80), ("lowpass-2", "unamplified", "babble-2")
    haaqi, haaqinet, ear = load_scorer("haaqi"), load_scorer("haaqinet"), EARS["sloping"]
    table = np.empty((len(songs), len(systems), len(levels), 2))
    for n, song in enumerate(songs):
        clean = song[: 3 * SAMPLE_RATE]
        made = [CONDITIONS[name].process(clean, SAMPLE_RATE, np.random.default_rng(n)) for name in systems]
        bare = [CONDITIONS[name].fitting == "none" for name in systems]
        for j, level in enumerate(levels):
            target = heard(clean).processed
            reference = Reference(target, SAMPLE_RATE, ear, equalisation=2, level1=level)
            for i, signal in enumerate(made):
                given = heard(signal, ear, level, bare[i])
                true = haaqi(Stimulus(given.processed, SAMPLE_RATE, ear, level, reference=reference))
                table[n, i, j] = haaqinet(given).value, true.value
    change = table - table[:, :, levels.index(65), None]
    predicted, true = change[..., 0], change[..., 1]
    assert np.abs(predicted - true).mean() < 0.06
    assert np.corrcoef(predicted.ravel(), true.ravel())[0, 1] > 0.5
    for side in (predicted, true):
        rise = side[..., -1] - side[..., 0]  # from 50 to 80 dB SPL
        assert (rise[:, 0] < -0.02).all()
        assert (rise[:, 1] > 0.02).all()
