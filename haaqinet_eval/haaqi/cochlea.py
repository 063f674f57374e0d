"""Parameters of HAAQI's cochlear model: bands, hearing loss, filters, delays. All float64.

Kates (2013), "An auditory model for intelligibility and quality predictions"; the numbers
are those of pyclarity 0.9 (`clarity.evaluator.haspi.eb`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # scipy.signal takes longer to import than all else here: loaded when it is used

from ..nalr import NALR_FREQUENCIES as HAAQI_FREQUENCIES  # Hz; the same six

RATE = 24000.0  # Hz, of the whole model
BANDS = 32
EAR_Q, MIN_BANDWIDTH = 9.26449, 24.7  # Glasberg and Moore: ERB = f / Q + 24.7 Hz
_LOW, _HIGH = 80.0, 8000.0  # Hz


def center_frequencies() -> np.ndarray:
    """Band centres (Hz) [32], evenly spaced in ERB rate from 80 to 8000 Hz (Slaney 1993)."""
    offset = EAR_Q * MIN_BANDWIDTH
    steps = np.arange(1, BANDS) * (np.log(_LOW + offset) - np.log(_HIGH + offset)) / (BANDS - 1)
    falling = -offset + np.exp(steps) * (_HIGH + offset)
    return np.append(_HIGH, falling)[::-1].copy()


CENTERS = center_frequencies()
ERB = MIN_BANDWIDTH + CENTERS / EAR_Q


@dataclass(frozen=True)
class Loss:
    """A hearing loss shared out to outer and inner hair cells; each [32].

    Attributes:
        outer, inner: attenuation (dB).
        bandwidth: of the filters at low levels, relative to a normal ear.
        knee: lower kneepoint of the compression (dB SPL).
        ratio: compression ratio.
    """

    outer: np.ndarray
    inner: np.ndarray
    bandwidth: np.ndarray
    knee: np.ndarray
    ratio: np.ndarray


def share_loss(levels: np.ndarray) -> Loss:
    """Loss parameters for thresholds (dB HL) at the six HAAQI frequencies. [6] -> [32] each.

    Moore et al. (1999), JASA 106, 2761: 80 % of a loss is the outer hair cells', up to what
    takes all compression away; the rest is the inner hair cells'.
    """
    hz = np.concatenate((CENTERS[:1], HAAQI_FREQUENCIES, CENTERS[-1:]))
    ends = np.concatenate((levels[:1], levels, levels[-1:]))
    loss = np.maximum(np.interp(CENTERS, hz, ends), 0)
    normal_ratio = 1.25 + 2.25 * np.arange(BANDS) / (BANDS - 1)
    most = 1.25 * (70 * (1 - 1 / normal_ratio))
    outer = 0.8 * np.minimum(loss, most)
    inner = np.where(loss >= most, 0.2 * most + (loss - most), 0.2 * loss)
    knee = outer + 30
    output_at_100 = 30 + 70 / normal_ratio
    ratio = (100 - knee) / (output_at_100 + outer - knee)
    return Loss(outer, inner, 1 + outer / 50 + 2 * (outer / 50) ** 6, knee, ratio)


WIDEST = share_loss(np.full(6, 100.0)).bandwidth  # of the control path


def adjust_bandwidth(
    narrowest: np.ndarray, widest: np.ndarray, mean_square: np.ndarray, level1: float
) -> np.ndarray:
    """Filter bandwidths at the control path's mean square: widest from 100 dB SPL on. Elementwise."""
    with np.errstate(divide="ignore"):
        level = 20 * np.log10(np.sqrt(mean_square)) + level1
    share = np.clip((level - 50) / 50, 0, 1)
    return np.where(level > 100, widest, narrowest + share * (widest - narrowest))


def _pole(bandwidth: np.ndarray) -> np.ndarray:
    return np.exp(-bandwidth * (2 * np.pi / RATE) * ERB * 1.019)


def gammatone_rows(bandwidth: np.ndarray) -> np.ndarray:
    """One-pole coefficient, FIR weights of unit sum and gain of each band's filter: [5, 32].

    The filter is (1 + 4a/z + 4a^2/z^2) / (1 - a/z)^4 at baseband (Cooke 1993). The overall
    gain is near 2; it holds the rounding that pyclarity's sum for (1 - a)^4 has.
    """
    a = _pole(bandwidth)
    total = 1 + 4 * a + 4 * a * a
    summed = 1 - 4 * a + 6 * a * a - 4 * a * a * a + a * a * a * a
    b = -np.expm1(-bandwidth * (2 * np.pi / RATE) * ERB * 1.019)
    return np.stack((b, 1 / total, 4 * a / total, 4 * a * a / total, 2 * summed / b**4))


def delays_to_align(bandwidth: np.ndarray) -> np.ndarray:
    """Samples [32] by which each band must wait for the slowest."""
    whole = delays(bandwidth)
    return whole.max() - whole


def delays(bandwidth: np.ndarray) -> np.ndarray:
    """Delay of each band's filter [32] in whole samples.

    The delay of (1 + 4a/z + 4a^2/z^2) / (1 - a/z)^4 at 0 Hz is
    (4a + 8a^2) / (1 + 4a + 4a^2) + 4a / (1 - a). Where rounding to whole samples hangs on
    the last digits, scipy's own sum decides, as in pyclarity.
    """
    a = _pole(bandwidth)
    delay = (4 * a + 8 * a * a) / (1 + 4 * a + 4 * a * a) + 4 * a / (1 - a)
    for n in np.flatnonzero(np.abs(delay - np.floor(delay) - 0.5) < 1e-3):
        p = a[n]
        b = np.array([1.0, 4 * p, 4 * p * p])
        denominator = np.array([1.0, -4 * p, 6 * p * p, -4 * p * p * p, p * p * p * p])
        delay[n] = scipy.signal.group_delay((b, denominator), w=1)[1][0]
    return np.rint(delay).astype(np.int64)


def adaptation_weights() -> np.ndarray:
    """Inner-hair-cell adaptation as a two-state recursion: [6] weights of (input, v1, v2).

    RC circuit with time constants of 2 and 60 ms and an overshoot of 2, in backward
    differences (Kates 2013).
    """
    r1 = 0.5
    r2 = r3 = 0.5 * (1 - r1)
    c1 = 0.002 * (r1 + r2) / (r1 * r2)
    c2 = 0.060 / ((r1 + r2) * r3)
    hold1, hold2 = r1 * r2 * c1 * RATE, r2 * r3 * c2 * RATE
    matrix = np.array([[r1 + r2 + hold1, -r1], [-r3, r2 + r3 + hold2]])
    inverse = np.linalg.inv(matrix)
    return np.concatenate([(row[0] * r2, row[0] * hold1, row[1] * hold2) for row in inverse])


def spectrum_sl(
    mean_square: np.ndarray, control_mean_square: np.ndarray, loss: Loss, level1: float
) -> np.ndarray:
    """Long-term level of each band in dB above threshold [32], after compression."""
    small = 1e-30
    control = level1 + 20 * np.log10(np.maximum(np.sqrt(control_mean_square), small))
    control = np.maximum(np.minimum(control, 100), loss.knee)
    gain = -loss.outer - (control - loss.knee) * (1 - 1 / loss.ratio)
    level = np.maximum(level1 + 20 * np.log10(np.maximum(np.sqrt(mean_square), small)), 0)
    return np.maximum(level + gain - loss.inner, 0)
