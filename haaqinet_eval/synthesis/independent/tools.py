"""Other people's effects as steps of conditions: of four packages, and of ffmpeg and SoX.

Functions of a signal [T], its sample rate (Hz), a generator and settings, as in `degradations`; all keep
length and RMS, except where noise is added. The packages are in the extra `independent`, the two
programs in the system.
"""

from __future__ import annotations

import contextlib
import importlib
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from types import ModuleType

import numpy as np

from ...audio import rms
from ...errors import InputError
from ..degradations import Array, Rng, match

LEVEL = 0.1  # RMS of full scale at which effects are fed: -20 dBFS


def package(name: str) -> ModuleType:
    """A package of the extra `independent`.

    Raises:
        InputError: it is not installed; says how to have it.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(f"{name} is not installed: pip install 'haaqinet-eval[independent]'") from None


def program(name: str) -> str:
    """Where a program is.

    Raises:
        InputError: it is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise InputError(f"{name}: no such program; the independent set needs ffmpeg and sox")
    return found


def _scaled(x: Array, effect: Callable[[Array], Array]) -> Array:
    """An effect on a signal at `LEVEL`, or lower where its peaks would clip; length and RMS stay."""
    gain = min(LEVEL / (rms(x) or 1.0), 0.99 / (np.abs(x).max() or 1.0))
    made = np.asarray(effect((gain * x).astype(np.float32)), dtype=float).ravel()
    return match(np.pad(made, (0, max(len(x) - len(made), 0)))[: len(x)], x)


def pedals(x: Array, rate: float, rng: Rng, *, chain: tuple[tuple[str, dict], ...]) -> Array:
    """Spotify's pedalboard: effects by name, one after another."""
    plugins = package("pedalboard")
    board = plugins.Pedalboard([getattr(plugins, name)(**options) for name, options in chain])
    return _scaled(x, lambda y: board(y, rate))


@contextlib.contextmanager
def _seeded(rng: Rng) -> Iterator[None]:
    """The global generators of Python and numpy, seeded by ours and put back."""
    before, legacy = random.getstate(), np.random.get_state()
    seed = int(rng.integers(2**32))
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(legacy)


def augmented(x: Array, rate: float, rng: Rng, *, name: str, options: dict, adds: bool = False) -> Array:
    """One transform of audiomentations by name; `adds`: it adds noise, and the music keeps its level."""
    with _seeded(rng):
        transform = getattr(package("audiomentations"), name)(p=1.0, **options)
        if not adds:
            return _scaled(x, lambda y: transform(y, int(rate)))
        gain = LEVEL / (rms(x) or 1.0)
        return transform((gain * x).astype(np.float32), int(rate)).astype(float)[: len(x)] / gain


def _run(command: list[str], content: bytes) -> bytes:
    """What a program makes of its input.

    Raises:
        InputError: it fails; with its first line of complaint.
    """
    done = subprocess.run(command, input=content, capture_output=True)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {done.returncode}"]
        raise InputError(f"{command[0]}: {said[0]}")
    return done.stdout


def _piped(command: list[str], x: Array) -> Array:
    return np.frombuffer(_run(command, x.astype("<f4").tobytes()), "<f4")


def ffmpeg(x: Array, rate: float, rng: Rng, *, filters: str) -> Array:
    """A chain of ffmpeg's audio filters."""
    raw = ["-f", "f32le", "-ar", str(int(rate)), "-ac", "1"]
    command = [program("ffmpeg"), "-v", "error", *raw, "-i", "-", "-af", filters, *raw, "-"]
    return _scaled(x, lambda y: _piped(command, y))


def coded(x: Array, rate: float, rng: Rng, *, options: str, form: str) -> Array:
    """Through an encoder of ffmpeg in a container, and back."""
    tool, raw = [program("ffmpeg"), "-v", "error"], ["-f", "f32le", "-ar", str(int(rate)), "-ac", "1"]

    def code(y: Array) -> Array:
        packed = _run([*tool, *raw, "-i", "-", *options.split(), "-f", form, "-"], y.astype("<f4").tobytes())
        return np.frombuffer(_run([*tool, "-i", "-", *raw, "-"], packed), "<f4")

    return _scaled(x, lambda y: _aligned(code(y), y))


def _aligned(made: Array, x: Array) -> Array:
    """Without the delay of an encoder, of a fifth of a second at most."""
    from scipy.signal import correlate

    most = 4800
    found = correlate(np.pad(made, (0, max(len(x) - len(made), 0)))[: len(x)], x, "full", "fft")
    centre = len(x) - 1
    delay = int(np.argmax(found[centre : centre + most]))
    return made[delay:]


def sox(x: Array, rate: float, rng: Rng, *, effects: str) -> Array:
    """A chain of SoX's effects."""
    raw = ["-t", "f32", "-r", str(int(rate)), "-c", "1"]
    command = [program("sox"), "-V1", "-R", "-D", *raw, "-", *raw, "-", *effects.split()]
    return _scaled(x, lambda y: _piped(command, y))


def harmonic(x: Array, rate: float, rng: Rng, *, part: str, margin: float) -> Array:
    """The harmonic or percussive part, by librosa's median filters."""
    found = getattr(package("librosa").effects, part)(x.astype(np.float32), margin=margin)
    return match(found.astype(float), x)


def in_room(x: Array, rate: float, rng: Rng, *, t60: float, metres: tuple[float, float, float]) -> Array:
    """In a shoebox room of pyroomacoustics, a source and a microphone at random places."""
    return match(_room(rate, rng, t60, metres, [x])[: len(x)], x)


def _room(
    rate: float, rng: Rng, t60: float, metres: tuple[float, float, float], sounds: list[Array]
) -> Array:
    pra = package("pyroomacoustics")
    absorption, order = pra.inverse_sabine(t60, metres)
    room = pra.ShoeBox(metres, fs=int(rate), materials=pra.Material(absorption), max_order=min(order, 12))
    for sound in sounds:
        room.add_source(list(rng.uniform(0.15, 0.85, 3) * metres), signal=sound)
    room.add_microphone(list(rng.uniform(0.3, 0.7, 3) * metres))
    room.simulate()
    return room.mic_array.signals[0]


def crowded(
    x: Array,
    rate: float,
    rng: Rng,
    *,
    talkers: Callable[[int, float, Rng, int], list[Array]],
    count: int,
    snr_db: float,
) -> Array:
    """Music with talkers who stand about in a room."""
    room = _room(rate, rng, 0.5, (7.0, 5.0, 2.8), talkers(len(x), rate, rng, count))[: len(x)]
    return x + match(room, x) * 10 ** (-snr_db / 20)


def around(
    x: Array, rate: float, rng: Rng, *, sounds: Callable[[int, float, Rng, int], list[Array]], snr_db: float
) -> Array:
    """Music in recorded surroundings."""
    return x + match(sounds(len(x), rate, rng, 1)[0], x) * 10 ** (-snr_db / 20)


def soft_masked(
    x: Array, rate: float, rng: Rng, *, songs: Callable, snr_db: float, power: float, jitter_db: float = 0.0
) -> Array:
    """Another song left behind by librosa's soft mask, which is wrong by a jitter in each bin."""
    librosa = package("librosa")
    other = match(songs(len(x), rate, rng, 1)[0], x) * 10 ** (-snr_db / 20)
    a, b = librosa.stft(x), librosa.stft(other)
    wrong = 10 ** (jitter_db * rng.standard_normal(a.shape) / 20)
    mask = librosa.util.softmask(np.abs(a) * wrong, np.abs(b), power=power)
    return match(librosa.istft(mask * (a + b), length=len(x)), x)


def unmixed(x: Array, rate: float, rng: Rng, *, songs: Callable, snr_db: float, sweeps: int) -> Array:
    """Another song left behind by pyroomacoustics' AuxIVA, from two microphones in a room."""
    pra = package("pyroomacoustics")
    other = match(songs(len(x), rate, rng, 1)[0], x) * 10 ** (-snr_db / 20)
    mixing = rng.uniform(0.4, 1.0, (2, 2)) + np.eye(2)
    late = [
        np.roll(np.outer(column, s), int(rng.integers(1, 30)), 1)
        for column, s in zip(mixing.T, (x, other), strict=True)
    ]
    window = pra.hann(1024)
    spectra = pra.transform.stft.analysis((late[0] + late[1]).T, 1024, 512, win=window)
    apart = pra.bss.auxiva(spectra, n_iter=sweeps, proj_back=True)
    back = pra.transform.stft.compute_synthesis_window(window, 512)
    parts = pra.transform.stft.synthesis(apart, 1024, 512, win=back)[512:].T
    parts = [np.pad(part, (0, max(len(x) - len(part), 0)))[: len(x)] for part in parts]
    return match(max(parts, key=lambda part: abs(np.corrcoef(part, x)[0, 1])), x)


def subtracted(x: Array, rate: float, rng: Rng, **options: float) -> Array:
    """pyroomacoustics' spectral subtraction."""
    pra = package("pyroomacoustics")
    return _scaled(x, lambda y: pra.denoise.apply_spectral_sub(y, nfft=512, **options))
