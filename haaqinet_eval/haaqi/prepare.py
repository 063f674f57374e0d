"""From two signals to what the ear model hears: checks, 24 kHz, alignment, NAL-R, middle ear."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import butter, cheby2, correlate, resample_poly

from ..errors import InputError, Unscorable
from ..nalr import NalR, thresholds_at
from . import kernels
from .cochlea import HAAQI_FREQUENCIES, RATE
from .threads import each

SHORTEST = 0.5  # s, of a reference
SHORTEST_SOUND = 2400  # samples at 24 kHz between the reference's first and last sound
LENGTH_TOLERANCE = 0.10  # of the reference's length
_DISPERSION = 48  # samples: alignment backs up 2 ms
_KHZ = RATE / 1000
_FEW = 16  # candidate delays worth looking at one by one


def check_rate(name: str, sample_rate: float) -> float:
    """A sample rate (Hz) that is a number of at least 1 kHz, or Unscorable."""
    rate = float(sample_rate)
    if not math.isfinite(rate) or rate < 1000:
        raise Unscorable("bad_sample_rate", f"{name} sample rate {sample_rate} Hz is not above 1000 Hz")
    return rate


def check_signal(name: str, signal: np.ndarray) -> np.ndarray:
    """The signal as finite float64 [T], or Unscorable."""
    signal = np.asarray(signal)
    if signal.ndim != 1:
        raise Unscorable("not_mono", f"{name} has shape {list(signal.shape)}; HAAQI takes one ear, [T]")
    signal = signal.astype(np.float64, copy=False)
    finite = np.isfinite(signal)
    if not finite.all():
        where = int(np.argmin(finite))
        raise Unscorable("not_finite", f"{name} sample {where} is {signal[where]}")
    return signal


def check_reference(signal: np.ndarray, sample_rate: float) -> tuple[np.ndarray, float]:
    """Reference and rate if HAAQI can be had from them, or Unscorable."""
    rate = check_rate("reference", sample_rate)
    signal = check_signal("reference", signal)
    if len(signal) < SHORTEST * rate:
        raise Unscorable(
            "too_short", f"reference is {len(signal) / rate:.3g} s long; HAAQI needs {SHORTEST} s"
        )
    if not np.any(signal):
        raise Unscorable("silent_reference", "every sample of the reference is 0")
    return signal, rate


def check_audiogram(audiogram) -> np.ndarray:
    """Thresholds (dB HL) at the six HAAQI frequencies [6], or Unscorable."""
    try:
        hz = np.asarray(audiogram.frequencies, dtype=float)
        levels = np.asarray(audiogram.levels, dtype=float)
    except (TypeError, ValueError):
        raise Unscorable("bad_audiogram", f"audiogram levels {audiogram.levels!r} are no numbers") from None
    if levels.shape != hz.shape or hz.ndim != 1:
        raise Unscorable("bad_audiogram", f"audiogram has {levels.size} levels at {hz.size} frequencies")
    missing = np.setdiff1d(HAAQI_FREQUENCIES, hz)
    if missing.size:
        raise Unscorable("bad_audiogram", f"audiogram has no level at {missing[0]:g} Hz, which HAAQI needs")
    wrong = np.flatnonzero(~np.isfinite(levels))
    if wrong.size:
        raise Unscorable("bad_audiogram", f"audiogram level at {hz[wrong[0]]:g} Hz is {levels[wrong[0]]}")
    return thresholds_at(audiogram, HAAQI_FREQUENCIES)


def check_options(equalisation: int, level1: float) -> None:
    """InputError for an equalisation other than 1 or 2 or a level that is no number."""
    if equalisation not in (1, 2):
        raise InputError(f"equalisation {equalisation!r} is neither 1 (HAAQI adds NAL-R) nor 2 (it is there)")
    if not math.isfinite(level1):
        raise InputError(f"level1 {level1!r} dB SPL is not a finite number")


def _in_band_rms(signal: np.ndarray, khz: float) -> float:
    b, a = cheby2(7, 30, 21 / khz)
    return float(np.sqrt(kernels.filtered_mean_square(b, a, signal)))


def to_24_khz(signal: np.ndarray, sample_rate: float) -> np.ndarray:
    """Resampled to 24 kHz at the same RMS level: [T] -> [T'].

    As in HAAQI's source the rate is taken to the nearest kHz (44.1 kHz counts as 44), and
    when going down the level is matched within +-10.5 kHz.
    """
    khz = float(np.round(sample_rate / 1000))
    if khz == _KHZ:
        return signal
    if khz < _KHZ:
        resampled = resample_poly(signal, int(_KHZ), int(khz))
        before, after = np.sqrt(np.mean(signal**2)), np.sqrt(np.mean(resampled**2))
    else:

        def measured(down: bool) -> tuple[np.ndarray, float]:
            at_rate = resample_poly(signal, int(_KHZ), int(khz)) if down else signal
            return at_rate, _in_band_rms(at_rate, _KHZ if down else khz)

        (_, before), (resampled, after) = each(measured, (False, True))
    return resampled * (before / after) if after > 0 else resampled


@dataclass(frozen=True)
class Centred:
    """A signal [T] less its mean, and its spectrum over twice the length."""

    signal: np.ndarray
    spectrum: np.ndarray  # complex64

    @classmethod
    def of(cls, signal: np.ndarray) -> Centred:
        """From a signal [T]."""
        centred = signal - signal.mean()
        return cls(centred, rfft(centred.astype(np.float32), next_fast_len(2 * len(signal) - 1, real=True)))


def broadband_delay(reference: Centred, processed: Centred) -> int:
    """Samples by which to advance the processed signal: less 2 ms, to allow for dispersion.

    The largest magnitude of the cross-correlation, found in single precision; where that
    cannot tell, in double.
    """
    x, y = reference.signal, processed.signal
    n, size = len(x), next_fast_len(2 * len(x) - 1, real=True)
    values = irfft(reference.spectrum.conj() * processed.spectrum, size)
    np.abs(values, out=values)
    bound = np.sqrt(np.dot(x, x) * np.dot(y, y))
    near = np.flatnonzero(values >= values.max() - 2e-6 * bound)
    near = np.sort(np.where(near < n, near, near - size))  # the second half holds negative delays
    near = near[near > -n]
    if len(near) > _FEW:
        values = np.abs(correlate(y, x, "full"))
        near = np.flatnonzero(values == values.max()) + 1 - n
    elif len(near) > 1:
        exact = [abs(_correlation(x, y, k)) for k in near]
        near = near[exact == np.max(exact)]
    return int(near[-1]) - _DISPERSION  # of equals the latest, as pyclarity


def _correlation(x: np.ndarray, y: np.ndarray, delay: int) -> float:
    return float(
        np.dot(x[max(0, -delay) : len(x) - max(0, delay)], y[max(0, delay) : len(y) + min(0, delay)])
    )


def sounding_part(reference: np.ndarray) -> slice:
    """From the first to the last sample above a thousandth of the peak (-60 dB)."""
    loud = np.flatnonzero(np.abs(reference) > 0.001 * np.abs(reference).max())
    if loud[-1] + 1 - loud[0] < SHORTEST_SOUND:
        seconds = (loud[-1] + 1 - loud[0]) / RATE
        raise Unscorable(
            "too_short", f"reference sounds for {seconds:.3g} s only; HAAQI needs {SHORTEST_SOUND / RATE} s"
        )
    return slice(int(loud[0]), int(loud[-1]) + 1)


def advance(signal: np.ndarray, delay: int) -> np.ndarray:
    """The signal `delay` samples earlier, zeros moving in; negative delays make it later."""
    moved = np.zeros_like(signal)
    if abs(delay) < len(signal):
        if delay > 0:
            moved[:-delay] = signal[delay:]
        else:
            moved[-delay:] = signal[: len(signal) + delay]
    return moved


def equalise(reference: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """NAL-R at 24 kHz, as HAAQI gives it to a reference that has none.

    The filter has 141 taps and a delay of 70 samples, but 140 samples are cut from the
    start, as in HAAQI's source: the reference ends up 70 samples early.
    """
    nfir = 140
    nalr = NalR(nfir, RATE)
    fir, _ = nalr.build(_Levels(levels))
    return nalr.apply(fir, reference)[nfir : nfir + len(reference)]


class _Levels:
    frequencies = HAAQI_FREQUENCIES

    def __init__(self, levels: np.ndarray) -> None:
        self.levels = levels


_LOW_PASS = butter(1, 5000 / (0.5 * RATE))
_HIGH_PASS = butter(2, 350 / (0.5 * RATE), "high")


def middle_ear(signal: np.ndarray) -> np.ndarray:
    """A 5-kHz low pass and a 350-Hz high pass: [T] -> [T]."""
    heard = np.empty_like(signal)
    kernels.first_then_second_order(*_LOW_PASS, *_HIGH_PASS, signal, heard)
    return heard
