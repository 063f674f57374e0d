"""HASQI v2, the Hearing-Aid Speech Quality Index, exact and fast, on HAAQI's ear.

Kates and Arehart (2014), "The Hearing-Aid Speech Quality Index (HASQI) Version 2", J. Audio Eng.
Soc. 62(3). The mathematics is that of pyclarity 0.9, `clarity.evaluator.hasqi`.

- `hasqi_v2` and `hasqi_v2_better_ear` take the place of pyclarity's: same arguments, same return
  values, same use of numpy's global generator. Change one import line.
- `Reference` hears a reference once and scores many signals against it.

Scores and parts agree with pyclarity's from the same seed to 1e-6 (measured on 200
generated trials: to 2.0e-7). What is refused with
`errors.Unscorable`, and what draws a `HaaqiWarning`, is what `haaqinet_eval.haaqi` refuses and warns of:

- NaN or infinite samples (pyclarity: 0 without a word), an empty or silent reference (an IndexError);
- a reference under 0.5 s, or sounding for under 0.1 s; lengths over 10 % apart (pyclarity cuts to the
  shorter: 1 s against 2 s scores 0.96); more than one channel; impossible rates, options or audiograms.

A silent processed signal scores 0 (pyclarity: NaN at rates other than 24 kHz). A reference that the ear
cannot hear scores 0, as pyclarity's, with a warning. Undistorted sound does not score 1 with
`equalisation=1`: NAL-R is in the reference only, and leaves it 70 samples early (0.976 without a loss).
`silence_threshold` acts on the envelopes alone; `segment_covariance` sets their averages too.
"""

from __future__ import annotations

import numpy as np

from ..haaqi.doubts import HaaqiWarning
from ..haaqi.listeners import better_ear
from ..haaqi.quality import as_pyclarity
from ..nalr import AudiogramLike
from ..trials import DEFAULT_LEVEL1
from .reference import Reference

__all__ = ["HaaqiWarning", "Reference", "hasqi_v2", "hasqi_v2_better_ear"]


def hasqi_v2(
    reference: np.ndarray,
    reference_sample_rate: float,
    processed: np.ndarray,
    processed_sample_rate: float,
    audiogram: AudiogramLike,
    equalisation: int = 1,
    level1: float = DEFAULT_LEVEL1,
    silence_threshold: float = 2.5,
    add_noise: float = 0.0,
    segment_covariance: int = 16,
) -> tuple[float, float, float, list[float]]:
    """HASQI with all its options, as `clarity.evaluator.hasqi.hasqi_v2`; reference first.

    Args:
        reference, processed: [T] float, one ear.
        reference_sample_rate, processed_sample_rate: Hz.
        audiogram: ours or pyclarity's.
        equalisation: 1: NAL-R is added to the reference; 2: the reference has it.
        level1: dB SPL that an RMS of 1 means.
        silence_threshold: dB SL below which frames do not count in the cepstra.
        add_noise: standard deviation (dB) of noise added to the envelopes.
        segment_covariance: ms, segments of the envelopes' averages and of the cross-covariance.

    Returns:
        Score, nonlinear part, linear part and [cep_corr, bm_sync5, d_loud, d_slope].

    Raises:
        Unscorable, InputError: as `Reference` and `Reference.score`.

    Warns:
        HaaqiWarning: for a number that says little, see the package.
    """
    rates, ear = (reference_sample_rate, processed_sample_rate), (audiogram, equalisation, level1)
    options = (silence_threshold, add_noise, segment_covariance)
    return as_pyclarity(Reference, reference, processed, rates, ear, options)


def hasqi_v2_better_ear(
    reference_left: np.ndarray,
    reference_right: np.ndarray,
    processed_left: np.ndarray,
    processed_right: np.ndarray,
    sample_rate: float,
    listener: object,
    level: float = 100.0,
) -> float:
    """The better ear's HASQI, as `clarity.evaluator.hasqi.hasqi_v2_better_ear`; equalisation 1.

    Args:
        reference_left, reference_right, processed_left, processed_right: [T] float.
        sample_rate: Hz, of all four.
        listener: ours or pyclarity's.
        level: dB SPL that an RMS of 1 means.
    """

    def score(reference: np.ndarray, processed: np.ndarray, audiogram: AudiogramLike) -> float:
        return hasqi_v2(reference, sample_rate, processed, sample_rate, audiogram, 1, level)[0]

    references, outputs = (reference_left, reference_right), (processed_left, processed_right)
    return better_ear(score, references, outputs, listener)
