"""The rebalancer of Lan, Cheng, He, Chen and Du, "The USTC system for Cadenza 2024 challenge" (2024).

An ensemble of separators, the scene's gains, some of the mixture added back, the mixture's loudness, NAL-R.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from ..audio import rms
from ..audiogram import EARS
from ..cadenza.loudness import match_loudness
from ..errors import InputError
from ..nalr import NalR
from ..scorers import load_scorer
from ..trials import DEFAULT_LEVEL1, Stimulus
from . import Scene, Separator, Song, check_number, load_separator

NFIR = 220  # order of NAL-R's filter, the challenge's
MIXTURE = 0.15  # the paper's weight of the mixture, section 2.4


class Ustc:
    """Stems of several separators averaged, remixed with the scene's gains and some of the mixture.

    Args:
        separators: names of systems that separate, or mappings of `name` and that system's options.
        weights: of the separators in the ensemble, from 0 on, divided by their sum; None: all alike.
        mixture: weight of the mixture that is added to the remix; of several ones, each listener gets that
            with the best prediction of `haaqinet_target`, mean of both ears.

    Raises:
        InputError: for an option's value, an unknown name or option, or a separator without its weights.
    """

    name: ClassVar[str] = "ustc"
    blind: ClassVar[bool] = True

    def __init__(
        self,
        separators: Sequence[str | Mapping] = ("spleeter",),
        weights: Sequence[float] | None = None,
        mixture: float | Sequence[float] = MIXTURE,
    ) -> None:
        several = isinstance(mixture, Sequence) and not isinstance(mixture, str)
        self.mixtures = list(mixture) if several else [mixture]
        for weight in self.mixtures:
            check_number(weight, 0, 10, "ustc.mixture")
        if not self.mixtures:
            raise InputError(f"option ustc.mixture is {mixture!r}, neither a weight nor several")
        if isinstance(separators, str) or not separators:
            raise InputError(f"option ustc.separators is {separators!r}, not a list of systems that separate")
        weights = [1.0] * len(separators) if weights is None else list(weights)
        if len(weights) != len(separators):
            raise InputError(f"option ustc.weights: {len(weights)} for {len(separators)} separators")
        for number, weight in enumerate(weights):
            check_number(weight, 0, 1e6, f"ustc.weights[{number}]")
        if not sum(weights):
            raise InputError("option ustc.weights: all are 0")
        self.weights = [weight / sum(weights) for weight in weights]
        self.separators = [_load(given) for given in separators]
        self.predictor = load_scorer("haaqinet_target") if len(self.mixtures) > 1 else None
        self._last: tuple[Song, dict[str, np.ndarray]] | None = None

    def separate(self, song: Song) -> dict[str, np.ndarray]:
        """The ensemble's stems of a song, [T, 2] each; those of the last song are kept."""
        if self._last is None or self._last[0] is not song:
            every = [system.separate(song) for system in self.separators]
            averaged = {
                stem: sum(weight * stems[stem] for weight, stems in zip(self.weights, every, strict=True))
                for stem in every[0]
            }
            self._last = song, averaged
        return self._last[1]

    def enhance(self, song: Song, scene: Scene) -> dict[str, np.ndarray]:
        """The listener's remix, [T + NFIR, 2].

        Raises:
            InputError: for a challenge that wants other signals than a remix with given gains.
        """
        if scene.parts != ("",) or set(scene.gains) != set(song.stems):
            parts, gains = ", ".join(filter(None, scene.parts)), ", ".join(scene.gains)
            raise InputError(
                f"system ustc: makes one remix with gains of all stems; scene {scene.name} wants "
                f"{parts or 'a remix'}, with gains of {gains or 'none'}"
            )
        heard = {weight: self._amplified(song, scene, weight) for weight in self.mixtures}
        if self.predictor is None:
            return {"": heard[self.mixtures[0]]}
        return {"": max(heard.values(), key=lambda signal: self._predicted(signal, song, scene))}

    def _amplified(self, song: Song, scene: Scene, weight: float) -> np.ndarray:
        both = remix(self.separate(song), song.mixture, scene.gains, weight, song.sample_rate)
        nalr = NalR(NFIR, song.sample_rate)
        ears = [nalr.apply(nalr.build(scene.listener.ear(ear))[0], both[:, i]) for i, ear in enumerate(EARS)]
        return np.stack(ears, axis=1)

    def _predicted(self, signal: np.ndarray, song: Song, scene: Scene) -> float:
        """HAAQI of a listener's signal by the scorer, the mixture at 65 dB SPL; mean of the ears."""
        scores = []
        for number, ear in enumerate(EARS):
            mixture, who = song.mixture[:, number], scene.listener.ear(ear)
            level1 = DEFAULT_LEVEL1 - 20 * np.log10(rms(mixture) or 1.0)
            known = {"mixture": mixture, "gains": dict(scene.gains)}
            scores.append(
                self.predictor(Stimulus(signal[:, number], song.sample_rate, who, level1, **known)).value
            )
        return float(np.mean(scores))


def remix(
    stems: Mapping[str, np.ndarray],
    mixture: np.ndarray,
    gains: Mapping[str, float],
    weight: float,
    sample_rate: int,
) -> np.ndarray:
    """Stems with gains (dB) and a weight of the mixture, as loud as the mixture: [T, 2].

    Args:
        stems: of `gains`, [T, 2] each.
        mixture: [T, 2].
        gains: dB by stem.
        weight: of the mixture, a factor.
        sample_rate: Hz.
    """
    total = sum(10 ** (gain / 20) * stems[stem] for stem, gain in gains.items()) + weight * mixture
    return match_loudness(total, mixture, sample_rate)


def _load(given: str | Mapping) -> Separator:
    system = load_separator(given, "ustc.separators")
    if not system.blind:
        raise InputError(f"option ustc.separators: system {system.name} hears the true stems")
    return system
