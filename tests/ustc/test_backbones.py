"""Networks that training starts from: what learns, and that the systems read what is written."""

from dataclasses import replace

import numpy as np
import pytest
import spleeter_cases
import torch
from safetensors.torch import load_file, save_file
from torchaudio.models import HDemucs
from torchaudio.pipelines import HDEMUCS_HIGH_MUSDB

from haaqinet_eval.audio import resample
from haaqinet_eval.audiogram import Audiogram
from haaqinet_eval.errors import InputError
from haaqinet_eval.haaqi import Reference
from haaqinet_eval.nalr import NalR
from haaqinet_eval.systems import MUSDB_STEMS, spleeter
from haaqinet_eval.systems.by_ear import separator
from haaqinet_eval.systems.small_hdemucs import HDemucsSize
from haaqinet_eval.systems.spleeter_network import CACHED
from haaqinet_eval.ustc.backbones import Choice, resampled
from haaqinet_eval.ustc.scenes import SceneSet
from haaqinet_eval.ustc.targets import STAGES, haaqi_loss
from haaqinet_eval.ustc.training import UstcSettings, UstcTrainer

RATE = 24_000
SETTINGS = UstcSettings(STAGES, steps=1, batch_size=2, seconds=0.6, every=1, learning_rate=1e-3)
EAR = Audiogram((20, 25, 30, 40, 50, 55, 60, 65))


def choice(backbone, start=None):
    return Choice(backbone, start, HDemucsSize(), RATE)


@pytest.fixture(scope="module")
def scenes():
    rng, nalr = np.random.default_rng(1), NalR(220, RATE)
    stems = rng.normal(0, 0.05, (3, 4, RATE)).astype(np.float16)
    return SceneSet(stems, np.zeros((3, 4)), np.stack([nalr.build(EAR)[0]] * 3), np.array([EAR.levels] * 3))


@pytest.fixture
def official(tmp_path, monkeypatch):
    """A small network in place of the official one, and its file."""
    sources = ["drums", "bass", "other", "vocals"]

    def small():
        return HDemucs(sources, channels=4, nfft=1024, depth=5, norm_starts=9)

    monkeypatch.setattr(HDEMUCS_HIGH_MUSDB, "_model_factory_func", small)
    torch.save(small().state_dict(), tmp_path / "official.pt")
    return tmp_path / "official.pt"


def test_spleeters_vocals_learn_and_all_else_stays(scenes, tmp_path, monkeypatch):
    monkeypatch.setenv("HAAQINET_CACHE", str(tmp_path))
    monkeypatch.setattr(spleeter, "FRAMES", spleeter_cases.FRAMES)
    before = spleeter_cases.random_weights()
    save_file(before, tmp_path / CACHED)
    short = replace(SETTINGS, batch_size=1, seconds=0.3)
    path = UstcTrainer(tmp_path / "run", short, choice("spleeter")).run(scenes, scenes, lambda row: None)
    after = load_file(path)
    changed = {name for name, value in before.items() if not value.equal(after[name])}
    assert changed
    assert all(name.startswith("vocals.") and "running" not in name for name in changed)
    stems = separator({"name": "spleeter", "weights": path}, RATE)(
        np.random.default_rng(1).normal(0, 0.1, RATE)
    )
    assert set(stems) == set(MUSDB_STEMS)

    net = choice("spleeter").make()
    batch = scenes.batch(np.array([0]), 0.6, np.random.default_rng(1))
    mixture = batch.stems.sum(1)
    with torch.no_grad():
        both = net(mixture).sum(1)
    torch.testing.assert_close(both[..., 100:-100], mixture[..., 100:-100], atol=2e-3, rtol=0)
    two, factors = net.merged(batch.stems, torch.tensor([[2.0, 1.0, 0.5, 1.5]]))
    torch.testing.assert_close(two.sum(1), mixture)
    assert factors.tolist() == [[2.0, 1.0]]


def test_the_official_hdemucs_is_trained_further(scenes, official, tmp_path):
    given = choice("hdemucs", str(official))
    path = UstcTrainer(tmp_path / "run", SETTINGS, given).run(scenes, scenes, lambda row: None)
    mixture = np.random.default_rng(1).normal(0, 0.1, RATE)
    before, after = (
        separator({"name": "hdemucs", "weights": weights}, RATE)(mixture) for weights in (official, path)
    )
    assert all(0 < np.abs(after[stem] - before[stem]).max() < 1 for stem in MUSDB_STEMS)
    with torch.no_grad():  # as the system has it
        found = given.make().eval()(torch.from_numpy(mixture).float()[None, None])[0, :, 0].numpy()
    for stem, x in zip(MUSDB_STEMS, found, strict=True):
        np.testing.assert_allclose(x[2000:-4000], before[stem][2000:-4000], atol=0.01)
    with pytest.raises(InputError, match="no weights"):
        choice("hdemucs", str(tmp_path / "none.pt")).make()
    with pytest.raises(InputError, match="backbone=large: known are small, hdemucs, spleeter"):
        choice("large").make()


def test_haaqi_as_a_target_is_the_exact_index(scenes, tmp_path):
    rng = np.random.default_rng(2)
    true = rng.normal(0, 0.1, (2, RATE))
    noisy = true + rng.normal(0, 0.05, true.shape)
    wanted, estimated = (
        {"normalised": torch.from_numpy(x), "amplified": torch.from_numpy(x), "stems": torch.from_numpy(x)}
        for x in (true, noisy)
    )
    level1 = 65 - 20 * np.log10(np.sqrt(np.mean(true[0] ** 2)))
    exact = Reference(true[0], RATE, EAR, 2, level1).score(noisy[0], RATE).value
    assert haaqi_loss(estimated, wanted, [EAR, EAR], 1).item() == pytest.approx(1 - exact, abs=1e-3)
    silence = {name: torch.zeros_like(x) for name, x in wanted.items()}
    assert haaqi_loss(silence, silence, [EAR, EAR], 2) == 0
    with pytest.raises(InputError, match="without audiograms"):
        haaqi_loss(estimated, wanted, [], 1)
    with pytest.raises(InputError, match=r"targets=\['remix'\]: known are stems, .*, haaqi"):
        UstcTrainer(tmp_path, replace(SETTINGS, targets=["remix"]), choice("small"))


def test_a_changed_rate_is_that_of_a_resampler():
    t = np.arange(RATE) / RATE
    x = np.sin(2 * np.pi * 440 * t) * np.hanning(RATE)
    got = resampled(torch.from_numpy(x), RATE, 44_100).numpy()[:44_100]
    np.testing.assert_allclose(got, resample(x, RATE, 44_100), atol=1e-3)
    back = resampled(torch.from_numpy(got), 44_100, RATE).numpy()[:RATE]
    np.testing.assert_allclose(back, x, atol=1e-3)
