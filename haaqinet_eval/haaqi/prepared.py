"""A reference that is checked, at 24 kHz, and ready to be heard: what HAAQI, HASQI and HASPI share."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import numpy as np

from ..audio import resample
from ..errors import Unscorable
from ..nalr import AudiogramLike
from ..trials import DEFAULT_LEVEL1
from . import cochlea, ear, prepare
from .broadband import Centred, broadband_delay
from .layout import MOST
from .noise import Gaussians
from .simd import LANES
from .threads import each

DEFAULT_SEED = 0
LONGEST_KEPT = MOST // LANES  # samples at 24 kHz of a reference of which more than the signal is kept


@dataclass(frozen=True)
class Options:
    """How one score is had."""

    silence_threshold: float = 2.5  # dB SL: quieter segments do not count
    add_noise: float = 0.0  # dB
    segment_covariance: float = 16.0  # ms
    own_clock: bool = False  # rates to whole kHz, pyclarity's way, though the reference's clock is another
    once: bool = False  # the reference will not be used again: its memory may be


class Prepared:
    """One ear's reference, before the cochlea; the indices' own references go on from here.

    Arguments and errors are those of `haaqi.Reference`.
    """

    def __init__(
        self,
        reference_signal: np.ndarray,
        sample_rate: float,
        audiogram: AudiogramLike,
        equalisation: int = 2,
        level1: float = DEFAULT_LEVEL1,
        rng: np.random.RandomState | int | None = None,
        any_length: bool = False,
    ) -> None:
        prepare.check_options(equalisation, level1)
        self.levels = prepare.check_audiogram(audiogram)
        signal, rate = prepare.check_reference(reference_signal, sample_rate)
        self.equalisation, self.level1, self._clock = equalisation, float(level1), prepare.clock(rate)
        self._rng = DEFAULT_SEED if rng is None else rng
        self._any_length = any_length
        self._peak = prepare.peak_of(signal)
        self._halvings = prepare.halvings(self._peak)
        halved = prepare.halve(signal, self._halvings)
        resampled = prepare.to_24_khz(halved, rate)
        self._signal = resampled.copy() if resampled is signal else resampled  # not the caller's
        self._ear = self._ear_with(self.levels)
        self._centred: Centred | None = None  # the latest length's
        self._lock = threading.Lock()

    def _ear_with(self, levels: np.ndarray) -> ear.Ear:
        """An ear with thresholds (dB HL) [6] at this reference's calibration."""
        raised = self.level1 + self._halvings * 20 * math.log10(2)
        return ear.Ear(cochlea.share_loss(levels), raised, self.level1)

    def _meet(self, processed: np.ndarray, sample_rate: float, options: Options) -> tuple[slice, np.ndarray]:
        """Which part of the reference sounds, and the processed signal's, aligned, after the middle ear."""
        processed = self._check(processed, sample_rate, options.own_clock)
        length = min(len(self._signal), len(processed))
        processed = processed[:length]
        part = prepare.sounding_part(self._signal[:length])
        delay = self._delay(processed)
        return part, prepare.middle_ear(prepare.advance(processed, delay)[part])

    def _original(self, part: slice) -> np.ndarray:
        """The reference's part, after NAL-R where it is wanted, and the middle ear."""
        signal = self._signal[part]
        if self.equalisation == 1:
            signal = prepare.equalise(signal, self.levels)
        return prepare.middle_ear(signal)

    def _forget(self) -> None:
        """Let go of the reference, which will not be used again."""
        self._signal, self._centred = self._signal[:0].copy(), None

    def _stream(self, rng: np.random.RandomState | int | None) -> Gaussians | None:
        """What a score draws its noise from; None: from the fixed seed, as every score."""
        fixed = not isinstance(self._rng, np.random.RandomState)
        if fixed and (rng is None or rng == self._rng):
            return None
        return Gaussians(generator(self._rng if rng is None else rng))

    def _check(self, processed: np.ndarray, sample_rate: float, own_clock: bool) -> np.ndarray:
        rate = prepare.check_rate("processed", sample_rate)
        processed = prepare.check_signal("processed", processed)
        if len(processed) == 0:
            raise Unscorable("too_short", "processed signal is empty")
        peak = prepare.peak_of(processed)
        if peak > prepare.HIGHEST * self._peak:
            peaks = f"processed peaks at {peak:.3g}, reference at {self._peak:.3g}"
            raise Unscorable("bad_samples", f"{peaks}: are both fractions of full scale?")
        processed = prepare.halve(processed, self._halvings)
        if own_clock or prepare.clock(rate) == self._clock:
            processed = prepare.to_24_khz(processed, rate)
        else:
            processed = resample(processed, rate, cochlea.RATE * self._clock)
        apart = abs(len(processed) - len(self._signal)) > prepare.LENGTH_TOLERANCE * len(self._signal)
        if apart and not self._any_length:
            seconds = [len(s) / cochlea.RATE for s in (processed, self._signal)]
            raise Unscorable(
                "length_mismatch",
                f"processed signal is {seconds[0]:.3f} s long, reference {seconds[1]:.3f} s: over 10 % apart",
            )
        return processed

    def _delay(self, processed: np.ndarray) -> int:
        """Broadband delay of a processed signal no longer than the reference, which is cut to it."""
        centred = self._centred
        if centred is None or len(centred.signal) != len(processed):
            pair = each(Centred.from_signal, (self._signal[: len(processed)], processed))
            self._centred = pair[0] if len(processed) <= LONGEST_KEPT else None
            return broadband_delay(*pair)
        return broadband_delay(centred, Centred.from_signal(processed))


def generator(rng: np.random.RandomState | int) -> np.random.RandomState:
    """The generator, or a new one from its seed."""
    return rng if isinstance(rng, np.random.RandomState) else np.random.RandomState(rng)
