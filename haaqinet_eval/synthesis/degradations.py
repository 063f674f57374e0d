"""What hearing aids, codecs, rooms and separators do to music: pure functions of a signal.

Every function takes a signal [T], its sample rate (Hz), a numpy generator and its settings, and
returns a new signal [T]; equal generators give equal results. Noise adds to the level; all else
keeps the signal's RMS unless it says otherwise. The kinds follow Arehart, Kates & Anderson (2010,
2011); `conditions.py` holds the table of settings.
"""

from __future__ import annotations

import functools
import io
import itertools
from collections.abc import Callable

import numpy as np
from scipy import signal as sps

from ..audio import resample, rms

Array = np.ndarray
Rng = np.random.Generator
Noise = Callable[[int, float, Rng], Array]  # samples, Hz and a generator to noise [T]
SPEECH_TOP = 12_000.0  # Hz, above which the synthetic babble has nothing


def match(x: Array, like: Array) -> Array:
    """x at the RMS of `like`; a silent x stays."""
    level = rms(x)
    return x * (rms(like) / level) if level > 0 else x


def shape(x: Array, rate: float, gain_db: Callable[[Array], Array]) -> Array:
    """Filter with zero phase: gain (dB) as a function of frequency (Hz)."""
    size = len(x) + int(0.1 * rate)
    frequencies = np.maximum(np.fft.rfftfreq(size, 1 / rate), 20.0)
    return np.fft.irfft(np.fft.rfft(x, size) * 10 ** (gain_db(frequencies) / 20), size)[: len(x)]


def hilly(
    x: Array, rate: float, rng: Rng, *, slope: tuple[float, float], spread_db: float, count: int
) -> Array:
    """x through a slope within limits (dB an octave) with hills and valleys; its level changes."""
    places = np.log2(np.geomspace(60, rate / 2, count))
    heights = rng.uniform(*slope) * (places - 10) + rng.normal(0, spread_db, count)
    return shape(x, rate, lambda f: np.interp(np.log2(f), places, heights))


def stft(x: Array, size: int = 512) -> Array:
    """[size // 2 + 1, L], Hann, hop a quarter."""
    return sps.stft(x, window="hann", nperseg=size, noverlap=size * 3 // 4)[2]


def istft(z: Array, length: int) -> Array:
    size = 2 * (len(z) - 1)
    x = sps.istft(z, window="hann", nperseg=size, noverlap=size * 3 // 4)[1]
    return np.pad(x, (0, max(length - len(x), 0)))[:length]


def add_noise(x: Array, noise: Array, snr_db: float) -> Array:
    """x and a noise, scaled to an SNR (dB)."""
    return x + match(noise, x) * 10 ** (-snr_db / 20)


# Noise


def speech_shaped(x: Array, rate: float, rng: Rng, *, snr_db: float) -> Array:
    """Stationary noise with the long-term spectrum of speech (flat to 500 Hz, then -9 dB an octave)."""
    noise = rng.standard_normal(len(x))
    return add_noise(x, shape(noise, rate, lambda f: -9 * np.log2(np.maximum(f, 500) / 500)), snr_db)


def coloured_noise(x: Array, rate: float, rng: Rng, *, snr_db: float, slope: float) -> Array:
    """Stationary noise with a spectrum that falls by a slope (dB an octave): 0 is white, -3 pink."""
    noise = rng.standard_normal(len(x))
    return add_noise(x, shape(noise, rate, lambda f: slope * np.log2(f / 1000)), snr_db)


@functools.lru_cache(maxsize=4)
def talkers(rate: float, seconds: float = 12.0, count: int = 8) -> Array:
    """Synthetic talkers of RMS 1, [count, T]: gliding pulse trains and hiss through moving formants."""
    rng = np.random.default_rng(2010)
    length, step = int(seconds * rate), int(0.16 * rate)  # a new sound every 160 ms
    steps = length // step + 2
    where = np.arange(length) / step
    frequencies = np.fft.rfftfreq(512, 1 / rate)
    made = []
    for n in range(count):
        pitch = (105 if n % 2 else 190) * np.exp(0.18 * rng.standard_normal(steps))
        phase = np.cumsum(np.interp(where, np.arange(steps), pitch)) / rate
        pulses = sps.lfilter([1], [1, -0.95], np.diff(np.floor(phase), prepend=0))
        voiced = rng.random(steps) < 0.7
        loud = np.interp(where, np.arange(steps), rng.uniform(0, 1, steps) ** 1.5)
        tone = np.interp(where, np.arange(steps), voiced.astype(float))
        source = stft(loud * (tone * pulses + (1 - tone) * 0.08 * rng.standard_normal(length)))
        formants = rng.uniform((270, 850, 2300), (800, 2300, 3300), (steps, 3))
        now = np.arange(source.shape[1]) * 128 / step
        gain = np.full(source.shape, 0.02)
        for k in range(3):
            center = np.interp(now, np.arange(steps), formants[:, k])
            gain += np.exp(-0.5 * ((frequencies[:, None] - center) / (90 + 50 * k)) ** 2) / (1 + k)
        gain[frequencies > SPEECH_TOP] = 0
        made.append(istft(source * gain, length))
    return np.array(made) / np.array([[rms(t)] for t in made])


def babble_noise(length: int, rate: float, rng: Rng) -> Array:
    """Synthetic babble of eight talkers, [length], RMS about 1: each starts at a random instant."""
    total = np.zeros(length)
    for talker in talkers(rate):
        start = int(rng.integers(len(talker)))
        total += np.take(talker, np.arange(start, start + length), mode="wrap")
    return total / np.sqrt(len(talkers(rate)))


def babble(x: Array, rate: float, rng: Rng, *, snr_db: float, talk: Noise = babble_noise) -> Array:
    """Multi-talker babble, synthetic or of recorded talkers (`voices`)."""
    return add_noise(x, talk(len(x), rate, rng), snr_db)


# Nonlinear processing


def peak_clip(x: Array, rate: float, rng: Rng, *, share: float) -> Array:
    """Symmetric clipping at the level that a share of the samples exceeds."""
    top = np.quantile(np.abs(x), 1 - share)
    return match(np.clip(x, -top, top), x)


def quantise(x: Array, rate: float, rng: Rng, *, bits: float) -> Array:
    """Rounding to 2^bits steps between the extremes, without dither."""
    step = 2 * np.abs(x).max() / 2**bits
    return step * np.round(x / step) if step > 0 else x.copy()


def wdrc(x: Array, rate: float, rng: Rng, *, ratio: float, release: float = 0.07) -> Array:
    """Wide dynamic-range compression in 8 bands, 5 ms attack; knee 25 dB below the band's level."""
    z = stft(x)
    hop = 128 / rate
    edges = np.unique(np.geomspace(2, len(z), 9).astype(int))
    edges[0] = 0
    out = z.copy()
    fall, rise = np.exp(-hop / release), np.exp(-hop / 0.005)
    for low, high in itertools.pairwise(edges):
        power = np.sum(np.abs(z[low:high]) ** 2, 0)
        mean = power.mean() + 1e-12
        level, state = np.empty_like(power), mean
        for n, p in enumerate(power):
            keep = rise if p > state else fall
            level[n] = state = keep * state + (1 - keep) * p
        decibels = np.maximum(10 * np.log10(level / mean + 1e-12), -25.0)
        out[low:high] *= 10 ** (decibels * (1 / ratio - 1) / 20)
    return match(istft(out, len(x)), x)


def spectral_subtraction(
    x: Array,
    rate: float,
    rng: Rng,
    *,
    snr_db: float,
    strength: float,
    floor_db: float = -18.0,
    talk: Noise = babble_noise,
) -> Array:
    """Babble, then power subtraction of its long-term spectrum, times `strength`."""
    noise = match(talk(len(x), rate, rng), x) * 10 ** (-snr_db / 20)
    z, n = stft(x + noise), stft(noise)
    mean = np.mean(np.abs(n) ** 2, 1, keepdims=True)
    gain = 1 - strength * mean / (np.abs(z) ** 2 + 1e-12)
    return istft(z * np.sqrt(np.maximum(gain, 10 ** (floor_db / 10))), len(x))


# Linear filters


def butterworth(
    x: Array, rate: float, rng: Rng, *, kind: str, cutoff: float | tuple, order: int = 4
) -> Array:
    """High-, low- or band-pass ("high", "low", "band") at a cut-off or two, Hz."""
    return match(sps.sosfilt(sps.butter(order, cutoff, kind, fs=rate, output="sos"), x), x)


def tilt(x: Array, rate: float, rng: Rng, *, slope: float) -> Array:
    """Spectral tilt, dB an octave, from 100 Hz to 10 kHz."""
    return match(shape(x, rate, lambda f: slope * np.log2(np.clip(f, 100, 10_000) / 1000)), x)


def resonances(x: Array, rate: float, rng: Rng, *, centers: tuple, gain_db: float, octaves: float) -> Array:
    """Peaks at some frequencies (Hz), Gaussian on a log-frequency axis, `octaves` wide (one sigma)."""

    def gain(f: Array) -> Array:
        return sum(gain_db * np.exp(-0.5 * (np.log2(f / c) / octaves) ** 2) for c in centers)

    return match(shape(x, rate, gain), x)


# Beyond the paper: separation, coding, rooms, levels


def random_field(plane: tuple[int, int], rng: Rng, smooth: tuple[int, int]) -> Array:
    """A random field in frequency and time, smoothed over some bins and frames; ranks in [0, 1]."""
    field = rng.standard_normal(plane)
    for axis, size in enumerate(smooth):
        kernel = np.hanning(size + 2)[1:-1]
        field = sps.fftconvolve(field, np.expand_dims(kernel, 1 - axis), mode="same")
    flat = np.argsort(np.argsort(field, axis=None))
    return flat.reshape(plane) / flat.size


def soft_mask(x: Array, rate: float, rng: Rng, *, depth_db: float) -> Array:
    """Errors of a soft separation mask: smooth random gains between 0 and -depth dB."""
    z = stft(x, 1024)
    return match(istft(z * 10 ** (-depth_db * random_field(z.shape, rng, (9, 9)) / 20), len(x)), x)


def binary_mask(x: Array, rate: float, rng: Rng, *, share: float, leak_db: float = -30.0) -> Array:
    """Errors of a binary mask: a share of the time-frequency plane, in patches, is lost."""
    z = stft(x, 1024)
    lost = random_field(z.shape, rng, (5, 5)) < share
    return match(istft(np.where(lost, z * 10 ** (leak_db / 20), z), len(x)), x)


def musical_noise(x: Array, rate: float, rng: Rng, *, threshold_db: float) -> Array:
    """What thresholding leaves: bins below the band's level plus a threshold are dropped, jittered."""
    z = stft(x, 1024)
    power = np.abs(z) ** 2
    limit = power.mean(1, keepdims=True) * 10 ** ((threshold_db + rng.normal(0, 4, z.shape)) / 10)
    return match(istft(np.where(power < limit, 0.03 * z, z), len(x)), x)


def interference(x: Array, rate: float, rng: Rng, *, snr_db: float, mask_power: float) -> Array:
    """A separator's leakage: time-shifted, re-pitched copies of the music, under a Wiener-like mask."""
    factor = rng.choice([0.75, 0.84, 1.19, 1.33])
    other = np.interp((np.arange(len(x)) * factor) % (len(x) - 1), np.arange(len(x)), x)
    other = match(np.roll(other[::-1], int(rng.integers(len(x)))), x) * 10 ** (-snr_db / 20)
    a, b = stft(x, 1024), stft(other, 1024)
    mask = np.abs(a) ** mask_power / (np.abs(a) ** mask_power + np.abs(b) ** mask_power + 1e-12)
    return match(istft(mask * (a + b), len(x)), x)


def coded(x: Array, rate: float, rng: Rng, *, format: str, subtype: str, level: float) -> Array:
    """Through a lossy codec of libsndfile at a compression level, 0 (best) to 1 (smallest)."""
    import soundfile

    peak = np.abs(x).max() * 1.12 + 1e-9
    file = io.BytesIO()
    soundfile.write(file, x / peak, int(rate), format=format, subtype=subtype, compression_level=level)
    file.seek(0)
    y = soundfile.read(file)[0] * peak
    return np.pad(y, (0, max(len(x) - len(y), 0)))[: len(x)]


def resampled(x: Array, rate: float, rng: Rng, *, hz: int) -> Array:
    """Through a lower sampling rate (Hz) and back: nothing is left above half of it."""
    return np.resize(resample(resample(x, rate, hz), hz, rate), len(x))


def reverberate(x: Array, rate: float, rng: Rng, *, t60: float, direct_db: float) -> Array:
    """A room: exponentially decaying noise (T60 in s) behind the direct sound (dB re the tail)."""
    t = np.arange(int(t60 * rate)) / rate
    tail = rng.standard_normal(len(t)) * 10 ** (-3 * t / t60)
    tail[: int(0.004 * rate)] = 0
    tail *= 10 ** (-direct_db / 20) / np.sqrt(np.sum(tail**2))
    return match(x + sps.fftconvolve(x, tail)[: len(x)], x)


def gain(x: Array, rate: float, rng: Rng, *, db: float) -> Array:
    """A wrong level."""
    return x * 10 ** (db / 20)


def hard_clip(x: Array, rate: float, rng: Rng, *, crest_db: float) -> Array:
    """What a full scale some dB above the RMS cuts off; the level is left as it falls."""
    top = rms(x) * 10 ** (crest_db / 20)
    return np.clip(x, -top, top)
