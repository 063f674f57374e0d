"""HAAQI, the Hearing-Aid Audio Quality Index, exact and fast.

Kates and Arehart (2016), "The Hearing-Aid Audio Quality Index (HAAQI)", IEEE/ACM TASLP 24(2).
The mathematics is that of pyclarity 0.9, `clarity.evaluator.haaqi`.

- `compute_haaqi` and `haaqi_v1` take the place of pyclarity's: same arguments, same return
  values, same use of numpy's global generator. Change one import line.
- `Reference` hears a reference once and scores many signals against it.
- `set_threads` chooses between one thread and two; the numbers do not change.

Scores and all parts agree with pyclarity's from the same seed to 1e-6 (measured on 220
generated trials: to 2e-7). Ours refuses, with `errors.Unscorable`, what pyclarity scores:

- NaN or infinite samples (pyclarity: NaN), and an empty reference (pyclarity: 0, or 1 where
  both signals are empty);
- a reference shorter than 0.5 s, or one that sounds for less than 0.1 s between its first and
  last sample above -60 dB of its peak;
- lengths that differ by more than 10 % (pyclarity cuts to the shorter, whatever is lost);
- an audiogram without a level at one of 250, 500, 1000, 2000, 4000 and 6000 Hz (pyclarity
  interpolates), or with NaN;
- sample rates below 1 kHz, and signals with more than one channel.

An equalisation other than 1 or 2, or a `level1` that is no number, is an `errors.InputError`.
A silent processed signal is legal; at rates other than 24 kHz pyclarity divides 0 by 0 there
and gives NaN, ours gives the score that silence has at 24 kHz. Whole-number signals are taken
as numbers, not as fractions of full scale, as in pyclarity, but cannot overflow.
"""

from __future__ import annotations

import numpy as np

from ..nalr import AudiogramLike
from ..trials import DEFAULT_LEVEL1
from .reference import Reference, _Options
from .threads import get_threads, set_threads

__all__ = ["Reference", "compute_haaqi", "get_threads", "haaqi_v1", "set_threads"]


def haaqi_v1(
    reference: np.ndarray,
    reference_freq: float,
    processed: np.ndarray,
    processed_freq: float,
    audiogram: AudiogramLike,
    equalisation: int,
    level1: float = DEFAULT_LEVEL1,
    silence_threshold: float = 2.5,
    add_noise: float = 0.0,
    segment_covariance: int = 16,
) -> tuple[float, float, float, list[float]]:
    """HAAQI with all its options, as `clarity.evaluator.haaqi.haaqi_v1`; reference first.

    Args:
        reference, processed: [T] float, one ear.
        reference_freq, processed_freq: their sample rates (Hz).
        audiogram: ours or pyclarity's.
        equalisation: 1: NAL-R is added to the reference; 2: the reference has it.
        level1: dB SPL that an RMS of 1 means.
        silence_threshold: dB SL below which segments do not count.
        add_noise: standard deviation (dB) of noise added to the envelopes.
        segment_covariance: ms, segments of the cross-covariance.

    Returns:
        Score, nonlinear part, linear part and [mel_cepstral_high, bm_sync5, d_loud, d_norm].

    Raises:
        Unscorable, InputError: as `Reference` and `Reference.score`.
    """
    rng = np.random.mtrand._rand  # the global legacy generator, as np.random.standard_normal uses it
    heard = Reference(reference, reference_freq, audiogram, equalisation, level1, rng)
    options = _Options(silence_threshold, add_noise, segment_covariance, once=True)
    result = heard._score(processed, processed_freq, None, options)
    parts = result.parts
    raw = [parts[name] for name in ("mel_cepstral_high", "bm_sync5", "d_loud", "d_norm")]
    return result.value, parts["nonlinear"], parts["linear"], raw


def compute_haaqi(
    processed_signal: np.ndarray,
    reference_signal: np.ndarray,
    processed_sample_rate: float,
    reference_sample_rate: float,
    audiogram: AudiogramLike,
    equalisation: int = 1,
    level1: float = DEFAULT_LEVEL1,
) -> float:
    """HAAQI in [0, 1], as `clarity.evaluator.haaqi.compute_haaqi`; processed first. See `haaqi_v1`."""
    return haaqi_v1(
        reference_signal,
        reference_sample_rate,
        processed_signal,
        processed_sample_rate,
        audiogram,
        equalisation,
        level1,
    )[0]
