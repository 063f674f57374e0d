"""What a listener hears in the car: loudspeakers, noise, hearing aid; and what that is compared with.

Facts from `recipes/cad1/task2/baseline/` of pyclarity 0.3.4, which scored the challenge, and 0.9. They
differ, see `ACOUSTICS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...audiogram import EARS, Listener
from ...errors import InputError, Unscorable
from ...nalr import NalR
from ..challenge import level1_of
from ..limiter import Limiter
from ..loudness import BLOCK
from ..playing import EarSignals
from .impulses import ImpulseResponses, Path2
from .noise import CarNoise

LOUDEST = -14.0  # LUFS, of the reference


@dataclass(frozen=True)
class Acoustics:
    """One version of the evaluator."""

    sample_rate: int  # Hz, of noise, loudness and HAAQI
    resamples: bool  # song and submission are brought to this rate; if not, they are taken as if they had it
    levelled: bool  # HAAQI hears each ear's reference at 65 dB SPL; if not, full scale is 65 dB SPL


ACOUSTICS = {
    "official": Acoustics(24000, True, True),  # 0.3.3 and 0.3.4: the published baseline, .1423
    "pyclarity": Acoustics(44100, False, False),  # 0.5.0 to 0.9.0: plays 32 kHz at 44.1 kHz
}


def find_acoustics(value: Any) -> Acoustics:
    """The version that the option `acoustics` names."""
    if value not in ACOUSTICS:
        raise InputError(f"option acoustics is {value!r}; known: {', '.join(ACOUSTICS)}")
    return ACOUSTICS[value]


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What all listeners of a scene have in common."""

    snr: float  # dB, of the music at the microphones
    noise: np.ndarray  # [T, 2] at the microphones, 36 s
    loudness: float  # LUFS, of the noise
    state: tuple  # of the random numbers, after the noise
    car: Path2
    reference: np.ndarray  # [T, 2], the song in the anechoic room
    reference_loudness: float  # LUFS


def loudness_of(what: str, signal: np.ndarray, sample_rate: int) -> float:
    """Integrated loudness (LUFS) of a signal [T, 2]; minus infinity for silence.

    Raises:
        Unscorable: `too_short` for less than a gating block of 0.4 s.
    """
    import pyloudnorm

    if len(signal) < BLOCK * sample_rate:
        seconds = len(signal) / sample_rate
        raise Unscorable("too_short", f"{what}: {seconds:.3f} s have no loudness; {BLOCK} s are needed")
    with np.errstate(divide="ignore"):
        return float(pyloudnorm.Meter(sample_rate).integrated_loudness(signal))


class CarScene:
    """The car, its loudspeakers and the listener's hearing aid.

    Args:
        folder: of the impulse responses.
        acoustics: the version.
        nalr: of the hearing aid.
        compress: of the hearing aid.
        soft_clip: tanh before the hearing aid's output is clipped.
    """

    def __init__(
        self, folder: Path, acoustics: Acoustics, nalr: NalR, compress: Limiter, soft_clip: bool
    ) -> None:
        self.acoustics, self.nalr, self.compress, self.soft_clip = acoustics, nalr, compress, soft_clip
        self.impulses = ImpulseResponses(folder)

    def surroundings(
        self,
        parameters: CarNoise,
        snr: float,
        paths: dict[str, Path2],
        song: np.ndarray,
        rng: np.random.RandomState,
    ) -> Surroundings:
        """Make a scene's noise and reference.

        Args:
            snr: dB.
            paths: of the scene's rotation, by room.
            song: [T, 2] at the rate of the acoustics.
            rng: of the noise.

        Raises:
            Unscorable: `reference_too_short`, `silent_reference`.
            InputError: for an impulse response that cannot be used.
        """
        rate = self.acoustics.sample_rate
        reference = self.impulses.play(song, paths["anechoic"])
        try:
            loud = loudness_of("the song", reference, rate)
        except Unscorable as error:
            raise Unscorable(f"reference_{error.code}", error.message) from None
        if loud == -np.inf:
            raise Unscorable("silent_reference", "the song cannot be heard, so it has no loudness")
        noise = self.impulses.surround(parameters.play(rate, rng))
        noise_loudness = loudness_of("the noise", noise, rate)
        return Surroundings(snr, noise, noise_loudness, rng.get_state(), paths["car"], reference, loud)

    def hear(self, around: Surroundings, samples: np.ndarray, listener: Listener) -> EarSignals:
        """What a listener hears of a system's output.

        Args:
            samples: [T, 2] at the rate of the acoustics.

        Raises:
            Unscorable: `too_short`; `silent`: pyclarity's reference would be silent, too.
        """
        rate = self.acoustics.sample_rate
        music = self.impulses.play(samples, around.car)
        loud = loudness_of("the output in the car", music, rate)
        if loud == -np.inf:
            raise Unscorable(
                "silent", "the output cannot be heard in the car: neither noise nor reference has a level"
            )
        length = min(len(music), len(around.noise))
        noisy = music[:length] + around.noise[:length] * _gain(around.loudness, loud - around.snr)
        processed = np.stack([self._aid(noisy[:, i], listener, ear) for i, ear in enumerate(EARS)], axis=1)
        processed = (np.tanh(processed) if self.soft_clip else processed).clip(-1, 1)
        heard = min(loudness_of("the aid's output", processed, rate), LOUDEST)
        reference = around.reference * _gain(around.reference_loudness, heard)
        levels = [level1_of(reference[:, i]) if self.acoustics.levelled else 65.0 for i in range(2)]
        return EarSignals(processed, reference, (levels[0], levels[1]))

    def _aid(self, signal: np.ndarray, listener: Listener, ear: str) -> np.ndarray:
        """NAL-R and the compressor: [T] -> [T + nfir]."""
        fir, _ = self.nalr.build(listener.ear(ear))
        return self.compress(self.nalr.apply(fir, signal))


def _gain(from_lufs: float, to_lufs: float) -> float:
    return float(np.power(10.0, (to_lufs - from_lufs) / 20.0))
