"""What decoded samples show by themselves: suspicions, never errors.

Levels are in dB of full scale.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .expected import REMIX
from .findings import Fault

CLIPPED_SHARE = 0.005  # of the samples of a channel
QUIET_DB = -65.0  # RMS; the quietest official mixtures are at about -40
SILENT_SECONDS, SILENT_SHARE = 0.5, 0.1  # leading silence of both this long and this share
EAR_NAMES = ("left", "right")


def signal_faults(samples: np.ndarray, bits: int, sample_rate: int, kind: str) -> Iterator[Fault]:
    """Suspicions about one file.

    Args:
        samples: [T, C] integers of `bits` bits, at least one.
        sample_rate: Hz.
        kind: "remix" or "stem"; a stem may begin late.
    """
    ears = np.ascontiguousarray(samples.T)  # [C, T]: extremes are found faster
    low, high = ears.min(axis=1), ears.max(axis=1)
    zero = (low == 0) & (high == 0)
    if zero.all():
        yield Fault("silent_file", f"all {len(samples)} samples are zero")
        return
    for channel, ear in enumerate(ears):
        where = EAR_NAMES[channel] if len(ears) == 2 else f"channel {channel + 1}"
        if zero[channel]:
            yield Fault("silent_ear", f"{where}: all samples are zero")
        elif low[channel] == high[channel] and len(samples) > 1:
            yield Fault("constant_signal", f"{where}: every sample is {low[channel]}")
        else:
            yield from _level_faults(ear, bits, where)
    if kind == REMIX:
        yield from _leading_silence(ears, sample_rate)


def _level_faults(samples: np.ndarray, bits: int, where: str) -> Iterator[Fault]:
    full = 2 ** (bits - 1)
    share = np.count_nonzero((samples >= full - 1) | (samples == -full)) / len(samples)
    if share > CLIPPED_SHARE:
        yield Fault("clipped", f"{where}: {share:.1%} of the samples are at full scale")
    level = 10 * np.log10(np.mean(np.square(samples, dtype=np.float64))) - 20 * np.log10(full)
    if level < QUIET_DB:
        yield Fault("very_quiet", f"{where}: {level:.0f} dB of full scale")


def _leading_silence(ears: np.ndarray, sample_rate: int) -> Iterator[Fault]:
    first = min(int(np.argmax(ear != 0)) for ear in ears if ear.any())
    seconds = first / sample_rate if sample_rate else 0.0
    if seconds > SILENT_SECONDS and first > SILENT_SHARE * ears.shape[1]:
        yield Fault("leading_silence", f"the first {seconds:.2f} s are zero")
