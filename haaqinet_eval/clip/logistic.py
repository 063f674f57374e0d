"""The challenges' map from any measure to per cent of words: y = 100 / (1 + exp(-k (x - x0))).

Fitted on training signals by least squares from x0 = 0.5 and k = 1, as in CLIP1's and CPC's recipes. Labels
in the challenge's files are 0 to 1: the curve's ceiling of 100 makes no sense with them, so it takes per
cent only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError


@dataclass(frozen=True)
class LogisticMap:
    """A fitted curve.

    Attributes:
        x0: the measure at 50 %.
        k: the slope there, per unit of the measure.
    """

    x0: float
    k: float

    @classmethod
    def fit(cls, measure: Sequence[float], per_cent: Sequence[float]) -> LogisticMap:
        """Fit to a measure [N] and per cent of words [N], 0 to 100.

        Raises:
            InputError: for fewer than 3 points, one that is no number, labels of 0 to 1, or where no curve
            fits.
        """
        from scipy.optimize import OptimizeWarning, curve_fit
        from scipy.special import expit

        x, y = np.asarray(measure, dtype=float), np.asarray(per_cent, dtype=float)
        if len(x) < 3 or not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise InputError("logistic map: 3 finite points or more are needed to fit it")
        if y.max() <= 1:
            raise InputError("logistic map: labels are 0 to 1; it takes per cent")
        import warnings

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", OptimizeWarning)
                (x0, k), _ = curve_fit(lambda m, x0, k: 100 * expit(k * (m - x0)), x, y, p0=(0.5, 1.0))
        except RuntimeError:
            raise InputError("logistic map: no curve fits these points") from None
        return cls(float(x0), float(k))

    def __call__(self, measure: Sequence[float]) -> np.ndarray:
        """Per cent of words, 0 to 100, for a measure [N]."""
        from scipy.special import expit

        return 100 * expit(self.k * (np.asarray(measure, dtype=float) - self.x0))
