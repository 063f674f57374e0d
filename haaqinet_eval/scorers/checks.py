"""What every scorer refuses, with a reason code."""

from __future__ import annotations

import math

import numpy as np

from ..audio import rms
from ..errors import InputError, Unscorable
from ..io.names import plain_number
from ..trials import Stimulus

SHORTEST = 0.5  # s
SILENCE_DB_SPL = -20.0  # a level that no ear hears
LOUDEST_DB_SPL = 200.0  # no air carries more
RATES = (8_000.0, 384_000.0)  # Hz


def validate_signal(stimulus: Stimulus, given: np.ndarray, what: str = "processed signal") -> np.ndarray:
    """A signal [T] that a stimulus holds, as it is.

    Args:
        given: the signal, such as `stimulus.processed`.
        what: its name in messages.

    Raises:
        Unscorable: not_mono, bad_sample_rate, bad_level, too_short, bad_samples, not_finite, silent, or
            bad_audiogram where the stimulus has none.
    """
    signal = np.asarray(given)
    rate, level1 = stimulus.sample_rate, stimulus.level1
    if signal.ndim != 1:
        raise Unscorable("not_mono", f"{what}: shape {signal.shape}; one ear [T] is needed")
    if not (isinstance(rate, int | float | np.number) and RATES[0] <= rate <= RATES[1]):
        raise Unscorable(
            "bad_sample_rate", f"sample rate {rate!r} Hz is outside {RATES[0]:g} to {RATES[1]:g}"
        )
    if not (isinstance(level1, int | float | np.number) and math.isfinite(level1)):
        raise Unscorable("bad_level", f"level1 {level1!r} dB SPL is not a finite number")
    if len(signal) < SHORTEST * rate:
        raise Unscorable("too_short", f"{what}: {len(signal) / rate:.3f} s; {SHORTEST} s are needed")
    if not np.issubdtype(signal.dtype, np.floating):
        raise Unscorable("bad_samples", f"{what}: {signal.dtype} samples; float of full scale 1")
    if not np.isfinite(signal).all():
        at = int(np.flatnonzero(~np.isfinite(signal))[0])
        raise Unscorable("not_finite", f"{what}: sample {at} is {signal[at]}")
    if not (hasattr(stimulus.audiogram, "levels") and hasattr(stimulus.audiogram, "frequencies")):
        raise bad_audiogram(stimulus)
    level = rms(signal)
    loudness = 20 * math.log10(level) + level1 if level else -math.inf
    told = f"{what}: RMS {level:.3g}, level1 {plain_number(level1)} dB SPL"
    if loudness < SILENCE_DB_SPL:
        raise Unscorable("silent", f"{told}: inaudible")
    if loudness > LOUDEST_DB_SPL:
        raise Unscorable("bad_level", f"{told}: {loudness:.0f} dB SPL; is full scale 1?")
    return signal


def bad_audiogram(stimulus: Stimulus, error: Exception | None = None) -> Unscorable:
    """What is wrong with a stimulus's audiogram; `error` is what became of using it."""
    if isinstance(error, InputError):
        return Unscorable("bad_audiogram", str(error))
    told = "has no levels and frequencies; give haaqinet_eval.Audiogram(levels)"
    return Unscorable("bad_audiogram", f"audiogram {stimulus.audiogram!r} {told}")
