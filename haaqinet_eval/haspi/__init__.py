"""HASPI v2, the Hearing-Aid Speech Perception Index, exact and fast, on HAAQI's ear.

Kates and Arehart (2021), "The Hearing-Aid Speech Perception Index (HASPI) Version 2", Speech
Communication 131, 35. The mathematics is that of pyclarity 0.9, `clarity.evaluator.haspi`; the weights of
its networks come from there (copyright (c) 2022 The PyClarity Team, MIT licence).

- `haspi_v2` and `haspi_v2_be` take the place of pyclarity's: same arguments, same return values, same
  use of numpy's global generator. Change one import line.
- `Reference` hears a reference once and scores many signals against it.

Scores and parts agree with pyclarity's from the same seed to 1e-6 (measured on 200
generated trials: to 5.4e-7). What is refused with
`errors.Unscorable`, and what draws a `HaaqiWarning`, is what `haaqinet_eval.haaqi` refuses and warns of, and

- a reference that a normal ear cannot hear at this `level1`: inaudible_reference (pyclarity: ValueError);
- NaN samples (pyclarity: 0.04 without a word), a silent or empty reference (IndexError, ValueError);
- lengths over 10 % apart (pyclarity cuts to the shorter: 1 s against 2 s scores 1.0), references under 0.5 s
  (0.05 s against itself scores 1.0).

The score depends on the seed: a jitter of 0.1 dB is part of HASPI, and moves a score by some 1e-3. One
frame more or less above the threshold would move it as much: a frame whose loudness is within 1e-6 dB
of it can fall on the other side here. Any silent processed signal gets what pyclarity gives at 24 kHz.
At level1 100 undistorted speech scores 1 for a normal ear; the index saturates for one at -16 dB of noise
where `level1` is too high for the signal's RMS: 65 - 20 log10(RMS) plays it at 65 dB SPL.
"""

from __future__ import annotations

import numpy as np

from ..haaqi.doubts import HaaqiWarning, warn_of
from ..haaqi.listeners import better_ear
from ..haaqi.prepared import Options
from ..nalr import AudiogramLike
from ..trials import DEFAULT_LEVEL1
from .reference import LOW_PASS, Reference

__all__ = ["HaaqiWarning", "Reference", "haspi_v2", "haspi_v2_be"]


def haspi_v2(
    reference: np.ndarray,
    reference_sample_rate: float,
    processed: np.ndarray,
    processed_sample_rate: float,
    audiogram: AudiogramLike,
    level1: float = DEFAULT_LEVEL1,
    f_lp: float = LOW_PASS,
    itype: int = 0,
) -> tuple[float, np.ndarray]:
    """HASPI with all its options, as `clarity.evaluator.haspi.haspi_v2`; reference first.

    Args:
        reference, processed: [T] float, one ear; the reference without amplification.
        reference_sample_rate, processed_sample_rate: Hz.
        audiogram: ours or pyclarity's.
        level1: dB SPL that an RMS of 1 means.
        f_lp: cut-off (Hz) of the envelopes.
        itype: 0: the reference is heard without a loss; see `Reference`.

    Returns:
        Score, and the correlations in ten modulation bands from 2 to 256 Hz [10].

    Raises:
        Unscorable, InputError: as `Reference` and `Reference.score`.

    Warns:
        HaaqiWarning: for a number that says little, see the package.
    """
    rng = np.random.mtrand._rand  # the global legacy generator, as np.random.standard_normal uses it
    heard = Reference(reference, reference_sample_rate, audiogram, level1, rng, itype, f_lp)
    result = heard._score(processed, processed_sample_rate, None, Options(own_clock=True, once=True))
    warn_of(reference, (reference_sample_rate, processed_sample_rate), level1, result.parts)
    return result.value, np.array(list(result.parts.values()))


def haspi_v2_be(
    reference_left: np.ndarray,
    reference_right: np.ndarray,
    processed_left: np.ndarray,
    processed_right: np.ndarray,
    sample_rate: float,
    listener: object,
    level: float = 100.0,
) -> float:
    """The better ear's HASPI, as `clarity.evaluator.haspi.haspi_v2_be`.

    Args:
        reference_left, reference_right, processed_left, processed_right: [T] float.
        sample_rate: Hz, of all four.
        listener: ours or pyclarity's.
        level: dB SPL that an RMS of 1 means.
    """

    def score(reference: np.ndarray, processed: np.ndarray, audiogram: AudiogramLike) -> float:
        return haspi_v2(reference, sample_rate, processed, sample_rate, audiogram, level)[0]

    references, outputs = (reference_left, reference_right), (processed_left, processed_right)
    return better_ear(score, references, outputs, listener)
