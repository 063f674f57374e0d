"""Output and reference as other measures than HAAQI's family compare them: same rate, time and length."""

from __future__ import annotations

import numpy as np

from ..audio import resample
from ..errors import Unscorable
from ..haaqi.broadband import DISPERSION, Centred, broadband_delay
from ..haaqi.prepare import LENGTH_TOLERANCE
from ..haaqi.prepared import Prepared
from ..nalr import NALR_FREQUENCIES, NalR
from ..trials import SharedReference, Stimulus
from .checks import SHORTEST, validate_signal

NALR_SECONDS = 140 / 24_000  # length of HAAQI's own NAL-R filter


def amplified_reference(stimulus: Stimulus, scorer: str, rate: float) -> np.ndarray:
    """The stimulus's reference at a rate (Hz), with NAL-R for the listener: [T].

    Of a `SharedReference` it is made once for all systems.

    Raises:
        Unscorable: needs_reference, silent_reference, the codes of `validate_signal`.
        InputError, AttributeError, TypeError: for an audiogram that cannot be used.
    """
    given = stimulus.reference
    if given is None:
        raise Unscorable("needs_reference", f"{scorer} compares with a reference, and the stimulus has none")
    if isinstance(given, Prepared):
        told = f"the reference was prepared for another index; {scorer} takes the signal itself"
        raise Unscorable("needs_reference", told)
    if isinstance(given, SharedReference):
        return given.heard(scorer, lambda signal: _amplify(stimulus, signal, rate))
    return _amplify(stimulus, given, rate)


def _amplify(stimulus: Stimulus, signal: np.ndarray, rate: float) -> np.ndarray:
    signal = np.asarray(signal)
    if signal.size and not signal.any():
        raise Unscorable("silent_reference", "every sample of the reference is 0")
    own = stimulus.reference_sample_rate or stimulus.sample_rate
    signal = validate_signal(stimulus, signal, "reference").astype(np.float64, copy=False)
    if not stimulus.amplified:
        if own <= 2 * NALR_FREQUENCIES[-1]:
            signal, own = resample(signal, own, 24_000.0), 24_000.0
        signal = NalR(2 * round(NALR_SECONDS * own / 2), own).amplify(stimulus.audiogram, signal)
    return resample(signal, own, rate)


def meet(
    reference: np.ndarray, processed: np.ndarray, rate: float, any_length: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The parts of two signals [T] that sound at the same time, by the largest cross-correlation.

    HAAQI looks for its broadband delay in the same way, and then moves 2 ms less.

    Args:
        any_length: whether the longer is cut, however much is lost.

    Raises:
        Unscorable: length_mismatch, too_short.
    """
    if not any_length and abs(len(processed) - len(reference)) > LENGTH_TOLERANCE * len(reference):
        seconds = [len(signal) / rate for signal in (processed, reference)]
        told = f"processed signal is {seconds[0]:.3f} s long, reference {seconds[1]:.3f} s: over 10 % apart"
        raise Unscorable("length_mismatch", told)
    length = min(len(reference), len(processed))
    first, second = (np.ascontiguousarray(x[:length], dtype=np.float64) for x in (reference, processed))
    delay = broadband_delay(Centred.from_signal(first), Centred.from_signal(second)) + DISPERSION
    start, late = max(-delay, 0), max(delay, 0)
    length -= start + late
    if length < SHORTEST * rate:
        told = f"output and reference are {abs(delay) / rate:.3f} s apart: {length / rate:.3f} s are common"
        raise Unscorable("too_short", told)
    return first[start : start + length], second[late : late + length]
