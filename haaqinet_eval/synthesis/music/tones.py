"""Building blocks of sound: oscillators, strings, filters that move.

All arrays are mono [T] unless a docstring says otherwise.
"""

from __future__ import annotations

import numpy as np
from scipy import fft
from scipy.signal import lfilter

_TABLE = 4096


def wavetable(amplitudes: np.ndarray) -> np.ndarray:
    """One period of a sum of sines with these amplitudes [K] (harmonic 1 first) -> [4097]."""
    spectrum = np.zeros(_TABLE // 2 + 1, dtype=complex)
    count = min(len(amplitudes), _TABLE // 2 - 1)
    spectrum[1 : count + 1] = -0.5j * _TABLE * np.asarray(amplitudes[:count])
    period = fft.irfft(spectrum)
    return np.append(period, period[0])


def oscillate(table: np.ndarray, cycles: np.ndarray) -> np.ndarray:
    """Read a wavetable at a phase in cycles [T], linearly interpolated -> [T]."""
    place = (cycles - np.floor(cycles)) * _TABLE
    index = place.astype(np.int32)
    return table[index] + (place - index) * (table[index + 1] - table[index])


def harmonics(frequency: float, sample_rate: float, shape: str = "saw", cutoff: float = 1e9) -> np.ndarray:
    """Amplitudes of the partials of a shape below Nyquist, low-passed at `cutoff` (Hz, 12 dB/octave).

    Shapes: `saw` (1/k), `square` (odd, 1/k), `triangle` (odd, 1/k^2), `reed` (slow fall, even ones weaker),
    `sub` (three partials, 1/k^2).
    """
    k = np.arange(1, max(2, int(0.46 * sample_rate / frequency)))
    odd = k % 2
    amplitudes = {
        "saw": 1.0 / k,
        "square": odd / k,
        "triangle": odd / k**2,
        "reed": (0.55 + 0.45 * odd) / k**0.8,
        "sub": np.where(k <= 3, 1.0 / k**2, 0.0),
    }[shape]
    return amplitudes / (1 + (k * frequency / cutoff) ** 2)


def envelope(
    length: int, sample_rate: float, attack: float, release: float, held: float, decay: float = 0.0
) -> np.ndarray:
    """Attack, exponential decay (time constant, s; 0 for none) and release after `held` s -> [length]."""
    t = np.arange(length) / sample_rate
    out = np.minimum(1.0, t / max(attack, 1e-4))
    if decay:
        out = out * np.exp(-t / decay)
    return out * np.clip(1 - (t - held) / release, 0, 1) ** 2


def pluck(
    frequency: float,
    duration: float,
    sample_rate: float,
    *,
    decay: float = 2.0,
    damping: float = 0.3,
    position: float = 0.15,
    stiffness: float = 0.0,
    brightness: float = 1.0,
    rng: np.random.Generator,
) -> np.ndarray:
    """A Karplus-Strong string, computed as its transfer function rather than sample by sample.

    The loop of Karplus and Strong 1983 as Jaffe and Smith 1983 extend it, 1 / (1 - g L(z) A(z) z^-n):
    one-pole loss L, first-order all-pass A for the fractional part of the period. It is evaluated on a
    circle just outside the unit circle and the exponential is undone afterwards, so that the tail
    of the string that wraps round the transform is 52 dB down.

    Args:
        frequency: Hz.
        duration: s; the string is cut there with a 12 ms fade.
        decay: time (s) in which the low partials fall by 60 dB.
        damping: extra loss of high partials, 0 (none) to about 1.
        position: where it is plucked, share of its length; weakens every 1/position-th partial.
        stiffness: inharmonicity coefficient B, partial k at k sqrt(1 + B k^2) (Fletcher 1964).
        brightness: of the excitation, 0 (partials fall as 1/k: a soft pluck) to 1 (nearly white).

    Returns:
        [T], RMS 0.25 over the first 150 ms.
    """
    length, period = int(duration * sample_rate), sample_rate / frequency
    size = fft.next_fast_len(length + int(period) + 1, real=True)
    warp = 6.0 / size
    w = 2 * np.pi * np.arange(size // 2 + 1) / size
    z = warp + 1j * w  # log z
    burst = np.zeros(min(length, int(8 * period)))
    burst[: int(period)] = 0.6 * rng.uniform(-1, 1, int(period))
    burst[0] += np.sqrt(period)  # mostly a click: all partials sound, in every take
    place = round(position * period)
    burst[place:] -= burst[: len(burst) - place].copy()
    burst = lfilter([0.25, 0.5, 0.25], [1], burst)  # nothing at Nyquist, where phases would jump
    for corner in (2 * np.pi / period * (1 + 8 * brightness**2), 0.05 * 40**brightness):
        burst = lfilter([1], [1, -np.exp(-corner)], burst)
    spectrum = fft.rfft(burst * np.exp(-warp * np.arange(len(burst))), size)
    out = fft.irfft(spectrum * _string(frequency, sample_rate, decay, damping, stiffness, z), size)[:length]
    out *= np.exp(warp * np.arange(length))
    fade = min(length, int(0.012 * sample_rate))
    out[length - fade :] *= np.linspace(1, 0, fade)
    return 0.25 * out / (np.sqrt(np.mean(out[: int(0.15 * sample_rate)] ** 2)) + 1e-12)


def _string(
    frequency: float, sample_rate: float, decay: float, damping: float, stiffness: float, z: np.ndarray
) -> np.ndarray:
    """Response 1 / (1 - g L A z^-n) of a string at log z = `z` [F] -> [F]; see `pluck`."""
    w0 = 2 * np.pi * frequency / sample_rate
    loss = 6.91 / (decay * frequency)  # ln(1000) over the periods of the decay
    # a one-pole L with pole b loses b / (1 - b)^2 w^2 / 2 (Np) a period at low w: set to 11 damping loss w^2
    q = 22 * loss * damping
    b = ((2 * q + 1) - np.sqrt(4 * q + 1)) / (2 * q) if q > 1e-9 else 0.0
    lag = np.arctan2(b * np.sin(w0), 1 - b * np.cos(w0)) / w0  # phase delay of L, samples
    whole = int(sample_rate / frequency - lag - 0.5)
    rest = sample_rate / frequency - lag - whole
    eta = np.sin((1 - rest) * w0 / 2) / np.sin((1 + rest) * w0 / 2)  # Jaffe and Smith, eq. 16
    exponent = -whole * z
    if stiffness:  # f = f0 k sqrt(1 + B k^2), solved for the continuous partial number k
        linear = z.imag / w0
        partial = np.sqrt((np.sqrt(1 + 4 * stiffness * linear**2) - 1) / (2 * stiffness))
        exponent += 2j * np.pi * (linear - partial)
    delay = np.exp(-z)
    poles = (1 - b * delay) * (1 + eta * delay)
    return poles / (poles - np.exp(-loss) * (1 - b) * (eta + delay) * np.exp(exponent))


def moving_filter(signal: np.ndarray, gains: np.ndarray, hop: int = 256) -> np.ndarray:
    """A filter that changes over time, without phase.

    Args:
        signal: [T].
        gains: amplitude gain of frame n at FFT bin b, [ceil(T / hop) + 4, 2 * hop + 1].
        hop: samples between frames; frames are Hann windows of 4 hops.

    Returns:
        [T].
    """
    size = 4 * hop
    frames = -(-len(signal) // hop) + 4
    padded = np.zeros((frames + 3) * hop)
    padded[size - hop : size - hop + len(signal)] = signal
    window = np.hanning(size + 1)[:-1]
    view = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    spectra = fft.rfft(view * window, axis=1) * gains[: len(view)]
    pieces = (fft.irfft(spectra, size, axis=1) * (window / 1.5)).reshape(len(view), 4, hop)
    out = np.zeros((len(view) + 3, hop))
    for part in range(4):
        out[part : part + len(view)] += pieces[:, part]
    return out.reshape(-1)[size - hop : size - hop + len(signal)]


def band_noise(
    length: int, sample_rate: float, low: float, high: float, rng: np.random.Generator, slope: float = 4.0
) -> np.ndarray:
    """Gaussian noise between two frequencies (Hz) with soft edges -> [length], RMS 1."""
    size = fft.next_fast_len(max(length, 16), real=True)
    f = np.arange(size // 2 + 1) * sample_rate / size
    shape = 1 / np.sqrt((1 + (low / np.maximum(f, 1.0)) ** slope) * (1 + (f / high) ** slope))
    noise = fft.irfft(shape * fft.rfft(rng.standard_normal(size)), size)[:length]
    return noise / (np.sqrt(np.mean(noise**2)) + 1e-12)


def equalise(signal: np.ndarray, sample_rate: float, points: dict[float, float]) -> np.ndarray:
    """Apply gains (dB) at frequencies (Hz), linear in log frequency between, along the first axis."""
    size = fft.next_fast_len(len(signal) + 2048, real=True)
    f = np.maximum(np.arange(size // 2 + 1) * sample_rate / size, 1.0)
    gain = 10 ** (np.interp(np.log(f), np.log(list(points)), list(points.values())) / 20)
    gain = gain.reshape(-1, *([1] * (signal.ndim - 1)))
    return fft.irfft(gain * fft.rfft(signal, size, axis=0), size, axis=0)[: len(signal)]
