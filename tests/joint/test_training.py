"""Training and judging on a handful of made-up clips: the recipe's two commands."""

import json

import numpy as np
import pytest
import soundfile
import torch
from places import ROOT
from scripts import run_script

from haaqinet_eval.audiogram import Audiogram
from haaqinet_eval.errors import InputError
from haaqinet_eval.joint.data import DataRules, Excerpts, music, noises, prepare
from haaqinet_eval.joint.ear import SpectralEar
from haaqinet_eval.joint.judging import Shadow, make_cases, si_sdr
from haaqinet_eval.joint.training import JointSettings, JointTrainer
from haaqinet_eval.model import AuditoryFrontEnd, band_losses
from haaqinet_eval.model.joint import LEVEL1, JointDimensions, JointNet, load_joint
from haaqinet_eval.model.low_delay import LowDelaySpectrum

RECIPE = ROOT / "recipes" / "joint"
RATE = 24_000
CLIPS = "path,genre,title,artist,licence,source_repo,split,duration_s\n"
SMALL = JointDimensions(bands=8, hidden=8, layers=1)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """Folders of music and noise: three clips and two recordings, one of them of speech."""
    root = tmp_path_factory.mktemp("sounds")
    t, rng, lines = np.arange(2 * RATE) / RATE, np.random.default_rng(1), [CLIPS]
    for number, split in enumerate(("train", "validation", "test")):
        tones = sum(np.sin(2 * np.pi * f * (number + 2) * t) / f for f in (110, 220, 550, 1650)) * 10
        soundfile.write(root / f"{split}.wav", tones, RATE)
        lines.append(f"{split}.wav,pop,Song {number},Artist {number},CC0,source{number},{split},2\n")
    (root / "index.csv").write_text("".join(lines))
    (root / "noise").mkdir()
    for kind in ("rain", "speech"):
        soundfile.write(root / "noise" / f"{kind}.wav", rng.normal(0, 0.1, 3 * RATE), RATE)
    (root / "noise/index.csv").write_text("path,kind\nrain.wav,rain\nspeech.wav,speech\n")
    return root


@pytest.fixture(scope="module")
def rendered(sounds):
    rules = DataRules(train=4, validation=2)
    for _ in range(2):  # the second time there is nothing to do
        bars = []
        prepare(
            sounds,
            ["index.csv"],
            sounds / "noise",
            sounds / "data",
            rules,
            lambda *bar, bars=bars: bars.append(bar) or _Bar(),
        )
    assert not bars
    return sounds / "data"


class _Bar:
    def __enter__(self):
        return lambda: None

    def __exit__(self, *error):
        return None


def test_music_is_rendered_with_noise_that_has_no_speech(sounds, rendered):
    train = Excerpts.read(rendered / "train")
    assert train.clean.shape == train.noisy.shape == (4, 25_344)
    snr = 10 * np.log10(np.sum(train.clean**2, 1) / (np.sum((train.noisy - train.clean) ** 2, 1) + 1e-9))
    assert (snr > -5.1).all()
    level = 85 + 10 * np.log10(np.mean(train.noisy**2, 1))  # RMS 1 is 85 dB SPL
    assert ((level > 44.9) & (level < 90.1)).all()
    assert [path.name for path in noises(sounds / "noise", None, ["speech"])] == ["rain.wav"]
    with pytest.raises(InputError, match="no recording of split None but of kind speech, rain"):
        noises(sounds / "noise", None, ["speech", "rain"])
    with pytest.raises(InputError, match="no rendered excerpts"):
        Excerpts.read(rendered / "test")


@pytest.mark.parametrize("objective", ["two", "one"])
def test_a_run_that_goes_on_is_the_same_run(rendered, tmp_path, objective):
    train, validation = (Excerpts.read(rendered / split) for split in ("train", "validation"))

    def trained(folder, stops):
        for stop in stops:
            settings = JointSettings(objective, steps=2, batch_size=2, every=1)
            trainer = JointTrainer(folder, settings, SMALL, "small")
            if stop:  # killed after the first look
                with pytest.raises(KeyboardInterrupt):
                    trainer.run(train, validation, stop)
            else:
                return load_joint(trainer.run(train, validation, lambda row: None)), trainer
        raise AssertionError

    def kill(row):
        raise KeyboardInterrupt

    whole, trainer = trained(tmp_path / "whole", [None])
    again, _ = trained(tmp_path / "again", [kill, None])
    for a, b in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    learned = trainer.objectives.uncertainty.detach().tolist()
    assert all(learned) if objective == "two" else not any(learned)
    with pytest.raises(InputError, match="was begun with other settings"):
        JointTrainer(tmp_path / "whole", JointSettings(objective, steps=3), SMALL, "small")


def test_the_cheap_ear_hears_as_the_whole_one_does():
    spectrum = LowDelaySpectrum(RATE)
    noise = np.random.default_rng(1).normal(0, 0.1, 25_344)
    losses = torch.from_numpy(np.stack([band_losses(Audiogram.flat(level)) for level in (0, 30)])).float()
    given = torch.from_numpy(np.stack([noise, noise])).float()
    whole = AuditoryFrontEnd()(given, losses, torch.full((2,), LEVEL1))[0][..., 50:].mean(2)
    cheap = SpectralEar(spectrum, LEVEL1)(spectrum.frames(spectrum.pad(given)).abs().square(), losses)
    cheap = cheap[:, 80:-9].mean(1)
    assert (whole - cheap).abs().max() < 6  # dB
    assert (whole[0] > whole[1]).all()
    assert (cheap[0] > cheap[1]).all()


def test_shadow_filtering_keeps_music_and_noise_apart(sounds):
    [case] = make_cases(
        music(sounds, ["index.csv"], "test"), noises(sounds / "noise", None, ()), ["flat-19"], 1, 1.0, 1
    )
    shadow = Shadow(JointNet(SMALL).eval(), case)
    np.testing.assert_allclose(shadow.output(0, 0), case.noisy, atol=1e-5)
    assert shadow.effect(0, 0)[1] == pytest.approx(0, abs=1e-4)
    assert si_sdr(case.clean, case.noisy) == pytest.approx(
        0, abs=0.5
    )  # 0 dB of noise that is not like the music
    assert si_sdr(case.clean, 3 * case.noisy) == pytest.approx(si_sdr(case.clean, case.noisy))


def test_the_recipe_trains_judges_and_writes_its_page(sounds, tmp_path):
    page = tmp_path / "page.md"
    blocks = "".join(
        f"<!-- {name}: begin -->\n<!-- {name}: end -->\n"
        for name in ("facts", "systems", "listeners", "surface")
    )
    page.write_text(f"---\nlicense: cc-by-sa-4.0\n---\n{blocks}")
    given = (f"data.root={sounds}", f"data.noise={sounds / 'noise'}")
    small = (
        "settings.steps=1",
        "settings.batch_size=2",
        "rules.train=2",
        "rules.validation=2",
        "dimensions.bands=8",
    )
    run = (f"data.folder={tmp_path / 'data'}", f"run={tmp_path / 'run'}")
    done = run_script(RECIPE / "train.py", *given, *small, *run, check=True)
    weights = tmp_path / "run/joint.safetensors"
    assert done.stdout.splitlines()[-1] == str(weights)
    options = (f"weights={weights}", f"one={weights}", f"out={tmp_path / 'judged.json'}", f"page={page}")
    few = (
        "data.pieces=1",
        "data.seconds=1",
        "data.listeners=[flat-19]",
        "knobs=[0,1]",
        f"picture={tmp_path / 'surface.png'}",
    )
    run_script(RECIPE / "validate.py", *given, *options, *few, check=True)
    rows = json.loads((tmp_path / "judged.json").read_text())
    assert len(rows["surface"]) == 4
    scores = {row["system"]: row["haaqi"] for row in rows["systems"]}
    assert scores["clean music, NAL-R"] == max(scores.values())
    text = page.read_text()
    assert f"| no processing | {scores['no processing']:.3f}" in text
    assert "| algorithmic latency | 4.99 ms" in text
    assert (tmp_path / "surface.png").stat().st_size > 10_000
    done = run_script(RECIPE / "train.py", *given, *run, "settings.objective=three")
    assert done.returncode == 2
    assert "settings.objective" in done.stderr
