"""Which trials of `haaqi_cases` HASPI and HASQI are compared on, and what ours make of one."""

import warnings

import numpy as np
from haaqi_cases import COUNT

from haaqinet_eval.audiogram import Audiogram
from haaqinet_eval.errors import Unscorable
from haaqinet_eval.haspi import HaaqiWarning, haspi_v2
from haaqinet_eval.hasqi import hasqi_v2

STORED = 200
_SHORT = [index for index in (13 * k % COUNT for k in range(COUNT)) if index % 31 != 30 and index % 96 != 13]


def trial(count: int) -> int:
    """Number of the trial: all rates, losses and conditions in turn, none as long as 8 s."""
    return _SHORT[count]


def ours_haspi(case, audiogram=None) -> list[float] | None:
    """Score and ten correlations; None for a reference that cannot be heard."""
    np.random.seed(case.seed)
    signals = case.reference, case.reference_rate, case.processed, case.processed_rate
    with warnings.catch_warnings(action="ignore", category=HaaqiWarning):
        try:
            score, raw = haspi_v2(*signals, audiogram or Audiogram(case.levels), case.level1)
        except Unscorable as error:
            if error.code != "inaudible_reference":
                raise
            return None
    return [score, *raw]


def ours_hasqi(case, audiogram=None) -> list[float]:
    """Score, cepstral correlation, synchrony, d_loud and d_slope."""
    np.random.seed(case.seed)
    signals = case.reference, case.reference_rate, case.processed, case.processed_rate
    given = audiogram or Audiogram(case.levels), case.equalisation, case.level1
    with warnings.catch_warnings(action="ignore", category=HaaqiWarning):
        score, _, _, raw = hasqi_v2(*signals, *given)
    return [score, *raw]
