"""The scorer with its shipped weights."""

import itertools
import json
import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import soxr
from haaqinet_cases import scores
from places import GOLDEN_FOLDER, ROOT

from haaqinet_eval import Audiogram, InputError, Stimulus, Unscorable, load_scorer
from haaqinet_eval.model import OUTPUTS, read_metadata, sha256
from haaqinet_eval.nalr import NalR
from haaqinet_eval.scorers import haaqinet
from haaqinet_eval.scorers.haaqinet import WEIGHTS
from haaqinet_eval.synthesis.render import procedural_music

RATE = 24_000
EAR = Audiogram((20, 25, 30, 40, 50, 55, 60, 65))


@pytest.fixture(scope="module")
def scorer():
    return load_scorer("haaqinet")


def song(seed, noise_db=None, seconds=3.0):
    """Amplified procedural music of RMS 1 before amplification, with or without noise."""
    rng = np.random.default_rng(seed)
    clean = procedural_music(seconds, RATE, rng)
    clean /= np.std(clean)
    noise = 0 if noise_db is None else 10 ** (noise_db / 20) * rng.standard_normal(len(clean))
    return Stimulus(NalR(140, RATE).amplify(EAR, clean + noise), RATE, EAR, level1=65.0)


def test_weights_are_those_of_the_card():
    card = (ROOT / "docs" / "model_card.md").read_text()
    assert WEIGHTS.stat().st_size <= 10e6
    assert sha256(WEIGHTS) in card
    assert {"name", "dimensions", "sample_rate", "format"} <= set(read_metadata(WEIGHTS))


def test_version_names_the_weights(scorer):
    assert scorer.version == f"{read_metadata(WEIGHTS)['name']}-{sha256(WEIGHTS)[:12]}"


def test_scores_are_those_of_other_releases_of_torch(scorer):
    """Stored with torch 2.11; `make test-latest` asks the newest, which torchaudio does not allow, too."""
    stored = json.loads((GOLDEN_FOLDER / "haaqinet.json").read_text(encoding="utf-8"))
    assert stored["version"] == scorer.version, "new weights: run tests/golden/make_haaqinet.py"
    np.testing.assert_allclose(scores(scorer), stored["scores"], rtol=0, atol=5e-4)
    by_torch = load_scorer("haaqinet")
    by_torch.quick = None
    np.testing.assert_allclose(scores(by_torch), stored["scores"], rtol=0, atol=1e-5)


def test_result(scorer):
    result = scorer(song(1))
    assert 0 <= result.value <= 1
    assert set(result.parts) == set(OUTPUTS[1:])
    assert all(0 <= v <= 1 for v in result.parts.values())
    assert result.value == pytest.approx(result.frames.mean(), abs=1e-6)
    assert np.diff(result.frame_times)[:-1] == pytest.approx(0.128)
    assert scorer(song(1)).value == result.value


def test_noise_lowers_the_score(scorer):
    levels = (None, -20, -10, 0)
    means = [np.mean([scorer(song(seed, db)).value for seed in range(3)]) for db in levels]
    assert all(a > b for a, b in itertools.pairwise(means)), means


def test_rate_level_and_type_do_not_matter(scorer):
    given = song(2, -25)
    value = scorer(given).value
    for rate in (22_050, 32_000, 48_000):
        other = replace(given, processed=soxr.resample(given.processed, RATE, rate), sample_rate=rate)
        assert scorer(other).value == pytest.approx(value, abs=0.05)
    quiet = replace(given, processed=(given.processed / 50).astype(np.float32), level1=65 + 20 * np.log10(50))
    assert scorer(quiet).value == pytest.approx(value, abs=1e-3)


BAD = {
    "silent": {"processed": np.zeros(RATE)},
    "not_finite": {"processed": np.full(RATE, np.nan)},
    "too_short": {"processed": np.ones(1000)},
    "not_mono": {"processed": np.ones((RATE, 2))},
    "bad_samples": {"processed": np.ones(RATE, dtype=np.int16)},
    "bad_sample_rate": {"sample_rate": float("nan")},
    "bad_level": {"level1": float("inf")},
    "bad_audiogram": {"audiogram": None},
}


@pytest.mark.parametrize("code", BAD)
def test_bad_input_has_a_code(scorer, code):
    with pytest.raises(Unscorable) as error:
        scorer(replace(song(1), **BAD[code]))
    assert error.value.code == code


def test_what_is_too_loud_for_any_ear_has_no_score(scorer):
    given = song(1)
    for other in (replace(given, processed=given.processed * 2.0**31), replace(given, level1=1e6)):
        with pytest.raises(Unscorable, match="is full scale 1") as error:
            scorer(other)
        assert error.value.code == "bad_level"


@pytest.mark.parametrize("kind", [np.float16, np.longdouble])
def test_samples_of_any_float_score_alike(scorer, kind):
    given = song(1)
    other = replace(given, processed=given.processed.astype(kind))
    assert scorer(other).value == pytest.approx(scorer(given).value, abs=2e-3)


def test_inaudible_music_is_silent(scorer):
    given = song(1)
    with pytest.raises(Unscorable, match="inaudible") as error:
        scorer(replace(given, processed=given.processed * 1e-6))
    assert error.value.code == "silent"


def test_weights_can_be_chosen_but_must_exist():
    with pytest.raises(InputError, match=r"none.safetensors: no such file"):
        load_scorer("haaqinet", weights="none.safetensors")


@pytest.mark.parametrize(("package", "asked"), [("safetensors", ""), ("torch", ", device='cuda'")])
def test_a_missing_package_names_the_extra(package, asked):
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from haaqinet_eval import InputError, load_scorer\n"
        f"try: load_scorer('haaqinet'{asked})\n"
        "except InputError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "haaqinet-eval[net]" in done.stdout


@pytest.mark.parametrize(("at_once", "most"), [(False, 600), (True, 600), (True, 4)])
def test_a_batch_of_unequal_ears_scores_as_one_by_one(scorer, at_once, most, monkeypatch):
    monkeypatch.setattr(scorer, "prefers_batches", at_once)
    monkeypatch.setattr(haaqinet, "AT_ONCE", most)  # s: all in one call, or two
    ears = [
        song(1),
        song(2, -20, seconds=1.7),
        song(3, seconds=3.0),
        replace(song(4), processed=np.zeros(RATE)),
    ]
    ears[1] = replace(ears[1], audiogram=Audiogram.flat(50), level1=72.0)
    results = scorer.score_batch(ears)
    assert results[3].code == "silent"
    for ear, result in zip(ears[:3], results[:3], strict=True):
        assert result.value == pytest.approx(scorer(ear).value, abs=1e-3)
        assert len(result.frames) == len(result.frame_times)


def test_a_song_scores_the_same_whether_its_memory_is_float32_or_read_only(scorer):
    given = song(5)
    frozen = given.processed.astype(np.float32)
    frozen.flags.writeable = False
    assert scorer(replace(given, processed=frozen)).value == pytest.approx(scorer(given).value, abs=1e-5)


@pytest.mark.parametrize("seconds", [0.5, 0.79, 0.82, 1.2, 6.0])
def test_frames_cover_the_clip_however_short(seconds):
    signal = np.random.default_rng(0).standard_normal(round(seconds * 24_000))
    stimulus = Stimulus(processed=signal, sample_rate=24_000, audiogram=Audiogram.flat(40), level1=65.0)
    scorer = load_scorer("haaqinet")
    result, (other,) = scorer(stimulus), scorer.score_batch([stimulus])
    assert len(result.frames) == math.ceil(seconds / 0.128)
    assert seconds - 0.128 < result.frame_times[-1] < seconds
    assert result.frames.mean() == pytest.approx(result.value, abs=1e-5)
    np.testing.assert_allclose(result.frames, other.frames, atol=1e-4)


FORK = """
import multiprocessing, sys
import numpy as np, torch
from haaqinet_eval import Audiogram, Stimulus, load_scorer
from haaqinet_eval.model import HaaqiNetLoss
torch.set_num_threads(2)
torch.randn(1_000_000).exp().sum()  # the parent's threads are there
scorers = [load_scorer("haaqinet", threads=2), load_scorer("haaqinet_target")]
signal = 0.1 * np.random.default_rng(0).standard_normal(72_000)
given = Stimulus(signal, 24_000, Audiogram.flat(40), 85.0, mixture=signal[::-1].copy(), gains={"vocals": 3.0})
loss = HaaqiNetLoss(threads=2)

def work(_):
    wave = torch.from_numpy(signal)[None].requires_grad_()
    value = loss(wave, 24_000, given.audiogram, given.level1)
    value.backward()
    again = load_scorer("haaqinet")(given).value
    return [*(scorer(given).value for scorer in scorers), again, 1 - value.item()]

with multiprocessing.get_context("fork").Pool(1) as pool:
    print(*pool.map(work, [0])[0])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_scores(scorer):
    """OpenMP's threads do not survive a fork: what asks for two of them waits for ever."""
    done = subprocess.run(
        [sys.executable, "-c", FORK], capture_output=True, text=True, timeout=240, check=True
    )
    blind, known, again, loss = map(float, done.stdout.split())
    signal = 0.1 * np.random.default_rng(0).standard_normal(72_000)
    expected = scorer(Stimulus(signal, 24_000, Audiogram.flat(40), 85.0)).value
    assert [blind, again] == pytest.approx([expected] * 2, abs=1e-5)
    assert loss == pytest.approx(expected, abs=1e-3)  # torch's
    assert 0 <= known <= 1


def test_scoring_imports_no_network_that_it_does_not_run():
    code = (
        "import sys; from haaqinet_eval import load_scorer; load_scorer('haaqinet')\n"
        "print(*[m for m in sys.modules if m.startswith(('haaqinet_eval.model', 'torch'))])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not loaded.strip()
    code = code.replace("load_scorer('haaqinet')", "load_scorer('haaqinet').net")
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "haaqinet_eval.model.net" in loaded
    assert not any(name in loaded for name in ("model.paper", "model.frame_member", "model.chunks"))
