"""What a listener's ear leaves of a signal: the MSBG hearing-loss simulation, pyclarity's.

Outer and middle ear, smeared spectra (Baer and Moore 1993) and recruitment (Moore and Glasberg 1993), from
the audiogram. It runs at 44.1 kHz only.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..audiogram import Audiogram
from ..errors import InputError

RATE = 44100  # Hz
FULL_SCALE = 100.0  # dB SPL of an RMS of 1, as CAD2 task 1 has it
SEVERE = 80.0  # dB HL; above it the simulation is not realistic, its authors say


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what pyclarity logs of every step."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def simulate_loss(
    signal: np.ndarray, sample_rate: int, audiogram: Audiogram, full_scale: float = FULL_SCALE
) -> np.ndarray:
    """What is left of a signal [T] for one ear, to be heard by somebody with normal hearing.

    Silence stays silence; pyclarity makes NaN of it.

    Args:
        sample_rate: Hz; 44100.
        full_scale: dB SPL that an RMS of 1 means.

    Returns:
        [T] without loss, [T + 192 … 255] with one.

    Raises:
        InputError: for another sample rate.
    """
    if sample_rate != RATE:
        raise InputError(f"the simulated hearing loss works at {RATE} Hz, not at {sample_rate}")
    if not signal.any():
        return np.zeros(len(signal))
    from clarity.evaluator.msbg.msbg import Ear
    from clarity.utils.audiogram import Audiogram as Theirs

    ear = Ear(equiv_0db_spl=full_scale, sample_rate=RATE)
    with _quiet():
        ear.set_audiogram(Theirs(np.array(audiogram.levels), np.array(audiogram.frequencies)))
        return ear.process(signal)[0]
