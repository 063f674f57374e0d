"""Scores without torch against those of torch: two programs of one network."""

import subprocess
import sys
from itertools import product

import numpy as np
import torch

from haaqinet_eval import Audiogram, Stimulus, load_scorer
from haaqinet_eval.inference import fourier
from haaqinet_eval.inference.loading import read_sound
from haaqinet_eval.model import Dimensions, HaaqiNet, load_model, save_model
from haaqinet_eval.nalr import NalR
from haaqinet_eval.scorers.haaqinet import WEIGHTS, HaaqiNetScorer
from haaqinet_eval.synthesis.render import procedural_music

RATE = 24_000
SLOPING = Audiogram((20, 25, 30, 40, 50, 55, 60, 65))
SEVERE = Audiogram((60, 65, 70, 80, 85, 90, 95, 95))
KINDS = ("music", "noisy", "clipped", "gaps", "tone")


def signal(kind, seconds, seed):
    """[T] of RMS 1 but for its gaps."""
    rng = np.random.default_rng(seed)
    if kind == "tone":
        return np.sqrt(2) * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE)
    music = procedural_music(max(seconds, 1), RATE, rng)[: int(seconds * RATE)]
    music /= np.std(music)
    if kind == "noisy":
        music += 0.3 * rng.standard_normal(len(music))
    elif kind == "clipped":
        music = np.clip(2 * music, -1, 1)
    elif kind == "gaps":
        music[len(music) // 3 : len(music) // 2] = 0
    return music


def cases():
    """Kinds by ears, lengths and levels of their own; every other one amplified."""
    lengths = (0.5, 0.83, 1.9, 3.0, 5.1)
    ears = (Audiogram.flat(0), SLOPING, SEVERE)
    for n, (kind, ear) in enumerate(product(KINDS, ears)):
        wave = signal(kind, lengths[n % 5], n)
        if n % 2:
            wave = NalR(140, RATE).amplify(ear, wave)
        yield Stimulus(wave, RATE, ear, level1=(50.0, 65.0, 80.0)[n // 3 % 3])


def by_torch(path=None):
    """A scorer whose scores are torch's."""
    scorer = HaaqiNetScorer(path)
    scorer.quick = None
    return scorer


def differences(own, other, stimuli):
    """Of scores, parts, ends of the intervals, and frames: largest each."""
    largest = np.zeros(4)
    for stimulus in stimuli:
        one, two = own(stimulus), other(stimulus)
        assert len(one.frames) == len(two.frames)
        np.testing.assert_array_equal(one.frame_times, two.frame_times)
        assert one.unfamiliar == two.unfamiliar
        pairs = (
            ([one.value], [two.value]),
            (list(one.parts.values()), list(two.parts.values())),
            (one.interval or [0], two.interval or [0]),
            (one.frames, two.frames),
        )
        largest = np.maximum(largest, [np.max(np.abs(np.subtract(*pair))) for pair in pairs])
    return largest


def test_scores_are_those_of_torch():
    given = list(cases())
    short = [s for s in given if len(s.processed) < 0.8 * RATE]
    for some, limit in (([s for s in given if len(s.processed) >= 0.8 * RATE], 1e-3), (short, 2e-3)):
        score, parts, ends, frames = differences(load_scorer("haaqinet"), by_torch(), some)
        assert max(score, parts) < limit
        assert ends < 2 * limit
        assert frames < 1e-2


def test_other_weights_and_sizes_score_as_in_torch(tmp_path):
    """Members that answer strongly to all they see, and nothing that tells how sure they are."""
    torch.manual_seed(1)
    net = HaaqiNet(Dimensions(members=0, clips=3, clip_channels=48)).eval()
    for member in net.clips:
        member.norm.running_mean.normal_()
        member.norm.running_var.uniform_(0.5, 2)
    save_model(net, tmp_path / "net.safetensors", "random")
    own, other = HaaqiNetScorer(tmp_path / "net.safetensors"), by_torch(tmp_path / "net.safetensors")
    assert own.quick is not None
    assert own.version == other.version
    score, parts, ends, frames = differences(own, other, list(cases())[::4])
    assert max(score, parts) < 1e-3
    assert ends == 0
    assert frames < 1e-2


def test_a_network_with_an_ear_for_time_stays_with_torch(tmp_path):
    save_model(HaaqiNet(Dimensions(context=16)).eval(), tmp_path / "net.safetensors", "frames")
    scorer = HaaqiNetScorer(tmp_path / "net.safetensors")
    assert scorer.quick is None
    assert 0 <= scorer(next(cases())).value <= 1


def test_torch_is_not_imported_for_a_score():
    code = (
        "import sys\n"
        "class Without:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name.partition('.')[0] == 'torch': raise ModuleNotFoundError(name=name)\n"
        "sys.meta_path.insert(0, Without())\n"
        "import numpy as np; from haaqinet_eval import Audiogram, Stimulus, load_scorer\n"
        "noise = 0.1 * np.random.default_rng(0).standard_normal(24_000)\n"
        "print(load_scorer('haaqinet')(Stimulus(noise, 24_000, Audiogram.flat(40), 85.0)).value)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0 <= float(done.stdout) <= 1


def test_what_is_wrong_with_a_file_is_left_to_torch_to_say(tmp_path):
    assert read_sound(tmp_path / "none.safetensors") is None
    (tmp_path / "short.safetensors").write_bytes(WEIGHTS.read_bytes()[:5000])
    assert read_sound(tmp_path / "short.safetensors") is None
    tensors, dims, version = read_sound(WEIGHTS)
    net = load_model(WEIGHTS)
    assert set(tensors) == set(net.state_dict())
    assert len(net.clips) == dims["clips"]
    assert version == load_scorer("haaqinet").version


def test_sixteen_transforms_at_once():
    """Spectra times responses, folded and transformed, against numpy's own."""
    rng = np.random.default_rng(0)
    size, folds = 16_384, np.array([0, 2_048, 14_336])
    blocks = fourier.BLOCKS
    spectra = rng.standard_normal((blocks, 2, size)).astype(np.float32)
    responses = rng.standard_normal((fourier.COLUMNS, fourier.RADIX, len(folds), 2, 16)).astype(np.float32)
    few = np.empty(blocks * fourier.RADIX * fourier.VALUES, np.float32)
    out = np.empty((blocks, fourier.POINTS, 2, 16), np.float32)
    fourier.filter_and_fold(
        spectra.ravel(), size, folds, responses.ravel(), fourier.TWIDDLES, few, out.ravel()
    )
    other = np.empty(fourier.POINTS * fourier.VALUES, np.float32)
    points = np.arange(fourier.POINTS).reshape(fourier.RADIX, fourier.COLUMNS).T
    for b in range(blocks):
        fourier.middle_passes(out.ravel(), b * fourier.POINTS * fourier.VALUES, fourier.TWIDDLES, other)
        last = (out[b, :, 0] + 1j * out[b, :, 1]).reshape(4, 512, 16)
        found = (np.fft.ifft(last, axis=0, norm="forward")).reshape(fourier.POINTS, 16)
        whole = spectra[b, 0] + 1j * spectra[b, 1]
        filtered = whole[points[..., None] + folds][..., None] * (
            responses[..., 0, :] + 1j * responses[..., 1, :]
        )
        wanted = np.fft.ifft(
            filtered.sum(2).swapaxes(0, 1).reshape(fourier.POINTS, 16), axis=0, norm="forward"
        )
        np.testing.assert_allclose(found, wanted, atol=2e-3)  # of numbers of some hundred
