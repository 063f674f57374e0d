"""HAAQI, the Hearing-Aid Audio Quality Index, exact and fast.

`compute_haaqi` and `haaqi_v1` take the place of pyclarity's: same arguments, same return
values, same use of numpy's global generator. `Reference` hears a reference once and scores
many signals against it.
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
