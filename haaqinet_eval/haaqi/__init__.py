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
- lengths that differ by more than 10 % (pyclarity cuts to the shorter, whatever is lost; so does
  `any_length`, with a warning);
- a processed signal with a peak a million times the reference's: one of the two is no fraction
  of full scale;
- an audiogram without a level at one of 250, 500, 1000, 2000, 4000 and 6000 Hz (pyclarity
  interpolates), or with NaN;
- sample rates below 1 kHz or above 1 MHz, and signals with more than one channel.

An equalisation other than 1 or 2, a `level1` that is no number, or an impossible option is an
`errors.InputError`. A silent processed signal is legal; at rates other than 24 kHz pyclarity
divides 0 by 0 there and gives NaN, ours gives the score that silence has at 24 kHz.

Where pyclarity gives a number that says little, `compute_haaqi` and `haaqi_v1` give the same and
warn (`HaaqiWarning`; `warnings.simplefilter("error", HaaqiWarning)` refuses instead). What our own
ways in (`Reference`, the scorer, `haaqinet score`, the recipes) do about it:

- Rates are taken to whole kHz. Where both are off alike (44.1 and 44.1 kHz) a score moves by up to
  0.003, and ours is pyclarity's. Where they are not (32 and 44.1 kHz) pyclarity compares two
  tempos: an undistorted signal gets 0.34. `Reference` resamples the processed signal to the
  reference's clock first, and gives 0.997 to 0.999. The recipes bring both to 24 kHz, as the challenges do.
- Whole numbers are taken as numbers, not as fractions of full scale: at 16 bits the music plays
  90 dB too loud. The drop-ins warn of anything above 140 dB SPL; the scorer refuses whole numbers.
- A reference that this ear cannot hear has no envelopes to compare: what is left of the score, 0.16
  or less, is the long-term spectrum's alone. The recipes keep it, as pyclarity; `haaqinet score` says so.
- `level1` is 65 unless it is given, far too quiet for files: `haaqinet score` has its own default,
  says the level it plays at, and warns below 50 and above 80 dB SPL.
- Lengths may differ by 10 %, and what is beyond the shorter is not heard: `haaqinet score` says so.
- Delays are taken out and what sounds before or after the reference is cut, however long: HAAQI
  does not judge them. That is its definition.
- With `equalisation=1` HAAQI gives the reference NAL-R for the audiogram's six frequencies, and
  the reference ends up 70 samples early; the alignment of each band makes up for it.
"""

from __future__ import annotations

import numpy as np

from ..nalr import AudiogramLike
from ..trials import DEFAULT_LEVEL1
from .doubts import HaaqiWarning
from .quality import as_pyclarity
from .reference import Reference
from .threads import get_threads, set_threads

__all__ = ["HaaqiWarning", "Reference", "compute_haaqi", "get_threads", "haaqi_v1", "set_threads"]


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
    *,
    any_length: bool = False,
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
        any_length: ours; lengths more than 10 % apart are cut to the shorter, with a warning.

    Returns:
        Score, nonlinear part, linear part and [mel_cepstral_high, bm_sync5, d_loud, d_norm].

    Raises:
        Unscorable, InputError: as `Reference` and `Reference.score`.

    Warns:
        HaaqiWarning: for a number that says little, see the package.
    """
    rates, ear = (reference_freq, processed_freq), (audiogram, equalisation, level1)
    options = (silence_threshold, add_noise, segment_covariance)
    return as_pyclarity(Reference, reference, processed, rates, ear, options, any_length)


def compute_haaqi(
    processed_signal: np.ndarray,
    reference_signal: np.ndarray,
    processed_sample_rate: float,
    reference_sample_rate: float,
    audiogram: AudiogramLike,
    equalisation: int = 1,
    level1: float = DEFAULT_LEVEL1,
    *,
    any_length: bool = False,
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
        any_length=any_length,
    )[0]
