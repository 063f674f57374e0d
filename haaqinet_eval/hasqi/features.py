"""What HASQI v2 makes of envelopes and spectra. Kates and Arehart (2014), JAES 62(3), 99."""

from __future__ import annotations

import numpy as np

from ..haaqi.cochlea import BANDS
from ..haaqi.features import cepstra, correlations, shares


def cepstral_correlation(reference: np.ndarray, processed: np.ndarray) -> float:
    """Mean correlation of mel cepstra 2-6 of two signals' audible envelopes (dB SL) [32, L]."""
    return float(correlations(cepstra(reference), cepstra(processed)).mean())


def slope_difference(reference_sl: np.ndarray, processed_sl: np.ndarray) -> float:
    """Difference of two long-term spectra's slopes (dB SL) [32]: d_slope, 1 is equal, 0 worst."""
    difference = np.diff(shares(reference_sl)) - np.diff(shares(processed_sl))
    return float(np.clip(1 - BANDS * np.std(difference), 0, 1))


def combine(cepstral: float, synchronous: float, d_loud: float, d_slope: float) -> tuple[float, float, float]:
    """The score, its nonlinear and its linear part."""
    nonlinear = cepstral**2 * synchronous
    linear = 0.579 * d_loud + 0.421 * d_slope
    return nonlinear * linear, nonlinear, linear
