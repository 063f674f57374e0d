"""From a signal to what the ear model hears: checks, 24 kHz, NAL-R, middle ear."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import scipy  # scipy.signal takes longer to import than all else here: loaded when it is used

from ..errors import InputError, Unscorable
from ..nalr import NalR, thresholds_at
from . import filters
from .cochlea import HAAQI_FREQUENCIES, RATE
from .threads import each, pieces

SHORTEST = 0.5  # s, of a reference
SHORTEST_SOUND = 2400  # samples at 24 kHz between the reference's first and last sound
RATES = (1e3, 1e6)  # Hz
PEAKS = (2.0**-12, 2.0**12)  # of a reference that is taken as it is; beyond, single precision may end
HIGHEST = 2.0**20  # times the reference's peak, of a processed signal
LENGTH_TOLERANCE = 0.10  # of the reference's length
_KHZ = RATE / 1000
_REACH = 10  # samples at the lower rate that scipy's resampling filter looks to either side


def check_rate(name: str, sample_rate: float) -> float:
    """A sample rate (Hz) that is a number from 1 kHz to 1 MHz, or Unscorable."""
    low, high = RATES
    try:
        rate = float(sample_rate)
    except (TypeError, ValueError):
        told = f"{name} sample rate {sample_rate!r} is no number of Hz"
        raise Unscorable("bad_sample_rate", told) from None
    if not low <= rate <= high:
        told = f"{name} sample rate {sample_rate} Hz is outside {low:g} to {high:g} Hz"
        raise Unscorable("bad_sample_rate", told)
    return rate


def clock(rate: float) -> float:
    """By how much HAAQI's whole kHz are off: 44.1 / 44 for 44.1 kHz, 1 for 32 kHz."""
    return rate / (1000 * float(np.round(rate / 1000)))


def check_signal(name: str, signal: np.ndarray) -> np.ndarray:
    """The signal as finite float64 [T], one sample after the other in memory, or Unscorable."""
    signal = np.asarray(signal)
    if signal.ndim != 1:
        raise Unscorable("not_mono", f"{name} has shape {list(signal.shape)}; one ear is needed, [T]")
    try:
        signal = np.ascontiguousarray(signal, dtype=np.float64)  # a channel of [T, C] is not; kernels need it
    except (TypeError, ValueError):
        raise Unscorable("bad_samples", f"{name} holds {signal.dtype} samples, no numbers") from None
    finite = np.isfinite(signal)
    if not finite.all():
        where = int(np.argmin(finite))
        raise Unscorable("not_finite", f"{name} sample {where} is {signal[where]}")
    return signal


def check_reference(signal: np.ndarray, sample_rate: float) -> tuple[np.ndarray, float]:
    """Reference and rate if a score can be had from them, or Unscorable."""
    rate = check_rate("reference", sample_rate)
    signal = check_signal("reference", signal)
    if len(signal) < SHORTEST * rate:
        raise Unscorable(
            "too_short", f"reference is {len(signal) / rate:.3g} s long; {SHORTEST} s are needed"
        )
    if not np.any(signal):
        raise Unscorable("silent_reference", "every sample of the reference is 0")
    return signal, rate


def check_audiogram(audiogram) -> np.ndarray:
    """Thresholds (dB HL) at the six HAAQI frequencies [6], or Unscorable."""
    if not (hasattr(audiogram, "levels") and hasattr(audiogram, "frequencies")):
        told = f"audiogram {audiogram!r} has no levels and frequencies; give haaqinet_eval.Audiogram(levels)"
        raise Unscorable("bad_audiogram", told)
    try:
        hz = np.asarray(audiogram.frequencies, dtype=float)
        levels = np.asarray(audiogram.levels, dtype=float)
    except (TypeError, ValueError):
        raise Unscorable("bad_audiogram", f"audiogram levels {audiogram.levels!r} are no numbers") from None
    if levels.shape != hz.shape or hz.ndim != 1:
        raise Unscorable("bad_audiogram", f"audiogram has {levels.size} levels at {hz.size} frequencies")
    missing = np.setdiff1d(HAAQI_FREQUENCIES, hz)
    if missing.size:
        raise Unscorable("bad_audiogram", f"audiogram has no level at {missing[0]:g} Hz, which is needed")
    wrong = np.flatnonzero(~np.isfinite(levels))
    if wrong.size:
        raise Unscorable("bad_audiogram", f"audiogram level at {hz[wrong[0]]:g} Hz is {levels[wrong[0]]}")
    return thresholds_at(audiogram, HAAQI_FREQUENCIES)


def check_options(equalisation: int, level1: float) -> None:
    """InputError for an equalisation other than 1 or 2 or a level that is no number."""
    if equalisation not in (1, 2):
        raise InputError(f"equalisation {equalisation!r} is neither 1 (NAL-R is added) nor 2 (it is there)")
    if not is_finite(level1):
        raise InputError(f"level1 {level1!r} dB SPL is not a finite number")


def is_finite(value: object) -> bool:
    """Whether it is a number, and a finite one."""
    try:
        return math.isfinite(value)
    except TypeError:
        return False


def peak_of(signal: np.ndarray) -> float:
    """Largest magnitude of a signal [T] that is not empty."""
    return float(max(signal.max(), -signal.min()))


def halvings(peak: float) -> int:
    """How often to halve a reference with this peak, and what is compared with it; 0 at usual levels.

    With `level1` raised by 6.02 dB each time the score is the same: HAAQI knows sound pressures only.
    """
    low, high = PEAKS
    return 0 if low <= peak <= high else math.frexp(peak)[1]


def halve(signal: np.ndarray, times: int) -> np.ndarray:
    """The signal [T], halved so often; negative numbers double it."""
    return np.ldexp(signal, -times) if times else signal


@lru_cache(maxsize=8)
def _band(khz: float) -> tuple[np.ndarray, np.ndarray]:
    return scipy.signal.cheby2(7, 30, 21 / khz)


def _in_band_rms(signal: np.ndarray, khz: float) -> float:
    return float(np.sqrt(filters.mean_square(*_band(khz), signal)))


@lru_cache(maxsize=8)
def _anti_aliasing(up: int, down: int) -> np.ndarray:
    # the filter that `resample_poly` would design at every call
    widest = max(up, down) // math.gcd(up, down)
    return scipy.signal.firwin(2 * _REACH * widest + 1, 1 / widest, window=("kaiser", 5.0))


def _resample(signal: np.ndarray, up: int, down: int) -> np.ndarray:
    """`resample_poly`, piece by piece: each begins and ends well inside its neighbours."""
    reach = down * math.ceil((_REACH * max(up, down) / up + 1) / down)  # samples; a multiple of `down`
    parts = pieces(len(signal), down)
    window = _anti_aliasing(up, down)
    if parts[0].stop <= reach:
        return scipy.signal.resample_poly(signal, up, down, window=window)
    out = np.empty(-(-len(signal) * up // down))

    def fill(part: slice) -> None:
        begin = max(part.start - reach, 0)
        piece = scipy.signal.resample_poly(signal[begin : part.stop + reach], up, down, window=window)
        target = out[part.start // down * up : -(-part.stop * up // down)]
        target[:] = piece[(part.start - begin) // down * up :][: len(target)]

    each(fill, parts)
    return out


def to_24_khz(signal: np.ndarray, sample_rate: float) -> np.ndarray:
    """Resampled to 24 kHz at the same RMS level: [T] -> [T'].

    As in HAAQI's source the rate is taken to the nearest kHz (44.1 kHz counts as 44), and
    when going down the level is matched within +-10.5 kHz.
    """
    khz = float(np.round(sample_rate / 1000))
    if khz == _KHZ:
        return signal
    resampled = _resample(signal, int(_KHZ), int(khz))
    if khz < _KHZ:
        before, after = np.sqrt(np.mean(signal**2)), np.sqrt(np.mean(resampled**2))
    else:
        before, after = each(lambda pair: _in_band_rms(*pair), ((signal, khz), (resampled, _KHZ)))
    if after > 0:
        resampled *= before / after
    return resampled


def sounding_part(reference: np.ndarray) -> slice:
    """From the first to the last sample above a thousandth of the peak (-60 dB)."""
    magnitude = np.abs(reference)
    if not magnitude.any():  # of a longer reference that was cut
        raise Unscorable("silent_reference", "every sample of the reference is 0, as long as there is both")
    loud = magnitude > 0.001 * magnitude.max()
    start, stop = int(loud.argmax()), len(loud) - int(loud[::-1].argmax())
    if stop - start < SHORTEST_SOUND:
        seconds = (stop - start) / RATE
        raise Unscorable(
            "too_short", f"reference sounds for {seconds:.3g} s only; {SHORTEST_SOUND / RATE} s are needed"
        )
    return slice(start, stop)


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
    out = np.empty_like(reference)

    def fill(part: slice) -> None:
        out[part] = nalr.apply(fir, reference[part.start : part.stop + nfir])[nfir:][: part.stop - part.start]

    each(fill, pieces(len(reference)))
    return out


class _Levels:
    frequencies = HAAQI_FREQUENCIES

    def __init__(self, levels: np.ndarray) -> None:
        self.levels = levels


@lru_cache(maxsize=1)
def middle_ear_filters() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Low pass and high pass, each as numerator and denominator."""
    return scipy.signal.butter(1, 5000 / (0.5 * RATE)), scipy.signal.butter(2, 350 / (0.5 * RATE), "high")


def middle_ear(signal: np.ndarray) -> np.ndarray:
    """A 5-kHz low pass and a 350-Hz high pass: [T] -> [T]."""
    low, high = middle_ear_filters()
    return filters.first_then_second_order(*low, *high, signal)
