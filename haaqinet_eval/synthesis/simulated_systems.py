"""What systems make of a scene to rebalance: a table of imagined entrants, good and bad.

Each takes stems (true, masked with errors, or leaking into each other), applies gains (the right
ones, a part of them, others, or the right ones to the wrong stems), may add the mixture back, and
amplifies for the listener, for another one or not at all; some clip. In training the settings vary
around the table's. A second table (`SEPARATED`) has real separators, and stems with errors that no mask
could make (`wave_errors`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy import signal as sps
from scipy.ndimage import gaussian_filter

from ..audio import rms
from . import conditions
from .degradations import hard_clip
from .music.levels import limit_gain
from .remix import ABSENT, Array, Rng, Scene, draw_gains
from .render import SAMPLE_RATE
from .wave_errors import ERRORS, sharpened

VARIED = ("leakage", "error", "bleed", "scale", "added")  # settings that training multiplies by up to 2^0.7
_CREST = {"soft": 6.0, "hard": 5.0, "limit": 6.0}  # dB above the RMS


@dataclass(frozen=True)
class Masks:
    """Ratio masks from the true stems, made worse: see `systems.oracle_mask`."""

    leakage: float = 0.1  # share of each mask that goes to all stems alike
    error: float = 8.0  # dB, standard deviation
    window: int = 2048  # samples
    power: float = 1.0  # of the stems' powers in the masks; large: nearly binary


@dataclass(frozen=True)
class System:
    """An imagined entrant."""

    name: str
    masks: Masks | None = None  # None: the true stems
    bleed: float = 0.0  # share of all other stems in each stem
    gains: str = "right"  # "right", "wrong" (another scene's), "moved" (to the wrong stems), "missing" (one)
    scale: float = 1.0  # of the gains in dB
    added: float = 0.0  # share of the mixture in the output
    fitting: str = "own"  # whose NAL-R: "own", "none" or "other"
    after: str = ""  # after amplification: "", "soft", "hard", "limit"
    passes: bool = False  # the mixture is its output
    degrades: bool = False  # one of `conditions.CONDITIONS` besides
    averages: tuple[str, ...] = ()  # systems whose mean it puts out
    separator: str = ""  # a real one, instead of masks
    power: float = 1.0  # of a post-filter's masks, behind the real one
    errors: str = ""  # one of `wave_errors.ERRORS` in the true stems
    amount: float = 1.0  # of these errors

    def varied(self, factors: Mapping[str, float]) -> System:
        """The same with settings of its own, see `draw_factors`."""
        masks = self.masks
        if masks:
            leakage = min(masks.leakage * factors["leakage"], 0.9)
            masks = replace(masks, leakage=leakage, error=masks.error * factors["error"])
        scale = self.scale if self.scale == 1.0 else self.scale * factors["scale"]
        bleed, added = (getattr(self, name) * factors[name] for name in ("bleed", "added"))
        amount = self.amount * factors.get("amount", 1.0)
        return replace(self, masks=masks, bleed=bleed, scale=scale, added=added, amount=amount)


def draw_factors(rng: Rng) -> dict[str, float]:
    """What the settings of a scene's systems are multiplied by, in training."""
    return {name: 2 ** rng.uniform(-0.7, 0.7) for name in VARIED}


_A, _B, _C, _D = Masks(0.02, 3), Masks(0.1, 8), Masks(0.2, 12), Masks(0.35, 18)
_SHORT_B, _SHORT_D = Masks(0.1, 8, 512), Masks(0.3, 15, 512)

_TABLE = (
    System("passthrough", passes=True),
    System("ideal"),
    System("mask_a", _A),
    System("mask_b", _B),
    System("mask_c", _C),
    System("mask_d", _D),
    System("mask_short_b", _SHORT_B),
    System("mask_short_d", _SHORT_D),
    System("mask_hard", Masks(0.02, 4, 2048, 4.0)),
    System("bleed_a", bleed=0.1),
    System("bleed_b", bleed=0.35),
    System("residual_a", _B, added=0.15),
    System("residual_b", _C, added=0.5),
    System("wrong_gains", gains="wrong"),
    System("wrong_gains_mask", _B, gains="wrong"),
    System("wrong_stem", gains="moved"),
    System("wrong_stem_mask", _B, gains="moved"),
    System("opposite", scale=-1.0),
    System("partial_a", scale=0.6),
    System("partial_b", _B, scale=0.3),
    System("excess", _B, scale=1.5),
    System("no_amplification", fitting="none"),
    System("no_amplification_mask", _B, fitting="none"),
    System("other_amplification", fitting="other"),
    System("other_amplification_mask", _B, fitting="other"),
    System("soft_clip", _A, after="soft"),
    System("hard_clip", after="hard"),
    System("limited", _B, after="limit"),
    System("average_a", averages=("mask_b", "mask_short_b")),
    System("average_b", averages=("mask_c", "passthrough", "ideal")),
    System("degraded", degrades=True),
    System("degraded_mask", _B, degrades=True),
    System("degraded_passthrough", passes=True, degrades=True),
)
SYSTEMS: Mapping[str, System] = {system.name: system for system in _TABLE}
SEPARATORS: Mapping[str, System] = {  # what separation does to a remix, for networks without the mixture
    system.name: system
    for system in (
        *(system for system in _TABLE if not (system.degrades or system.averages)),
        System("missing_stem", gains="missing"),
        System("missing_stem_mask", _B, gains="missing"),
    )
}
_SEPARATED = (
    System("spleeter", separator="spleeter"),
    System("spleeter_partial", separator="spleeter", scale=0.5),
    System("spleeter_added", separator="spleeter", added=0.15),
    System("spleeter_added_much", separator="spleeter", added=0.5),
    System("spleeter_opposite", separator="spleeter", scale=-1.0),
    System("spleeter_excess", separator="spleeter", scale=1.4),
    System("spleeter_sharp", separator="spleeter", power=2.0),
    System("spleeter_wrong_gains", separator="spleeter", gains="wrong"),
    System("spleeter_no_amplification", separator="spleeter", fitting="none"),
    System("spleeter_limited", separator="spleeter", after="limit"),
    System("hpss", separator="hpss"),
    System("hpss_partial", separator="hpss", scale=0.5),
    System("hpss_added", separator="hpss", added=0.3),
    System("network_a", errors="network", amount=0.4),
    System("network_b", errors="network"),
    System("network_c", errors="network", amount=2.2),
    System("network_partial", errors="network", scale=0.5),
    System("network_opposite", errors="network", scale=-1.0),
    System("network_added", errors="network", added=0.2),
    System("late_a", errors="late"),
    System("late_b", errors="late", amount=4.0),
    System("dispersed", errors="dispersed"),
    System("resynthesised_a", errors="resynthesised"),
    System("resynthesised_b", errors="resynthesised", amount=2.5),
    System("noisy_a", errors="noisy"),
    System("noisy_b", errors="noisy", amount=3.0),
    System("ensemble_a", averages=("spleeter", "network_b")),
    System("ensemble_b", averages=("spleeter", "hpss")),
    System("ensemble_c", averages=("mask_b", "network_b")),
    System("hdemucs", separator="hdemucs"),
    System("hdemucs_partial", separator="hdemucs", scale=0.5),
    System("hdemucs_added", separator="hdemucs", added=0.2),
    System("hdemucs_opposite", separator="hdemucs", scale=-1.0),
    System("ensemble_d", averages=("spleeter", "hdemucs")),
)
SEPARATED: Mapping[str, System] = {system.name: system for system in _SEPARATED}
EVERY: Mapping[str, System] = {**SYSTEMS, **SEPARATED}


def draw_separated(count: int, separators: Sequence[str], rng: Rng) -> list[System]:
    """So many different ones of `SEPARATED` that need none but the given separators."""
    able = [s for s in _SEPARATED if _needed(s) <= set(separators)]
    return [able[i] for i in rng.choice(len(able), count, replace=False)]


def _needed(system: System) -> set[str]:
    """Real separators behind a system."""
    return ({system.separator} - {""}).union(*(_needed(EVERY[name]) for name in system.averages))


def draw_systems(count: int, rng: Rng) -> list[System]:
    """So many different systems; passthrough is always among them."""
    others = rng.choice(np.arange(1, len(_TABLE)), count - 1, replace=False)
    return [_TABLE[0], *(_TABLE[i] for i in others)]


class Renderer:
    """Systems' outputs for one scene; what systems have in common is made once."""

    def __init__(
        self,
        scene: Scene,
        ears: Mapping[str, object],
        rng: Rng,
        separated: Mapping[str, Mapping[str, Array]] | None = None,
    ) -> None:
        """`ears`: amplifiers [T] -> [T] by fitting, "own" and "other"; `separated`: stems of real ones."""
        self.scene, self.ears, self.rng = scene, ears, rng
        self.separated = separated or {}
        self._spectra, self._masked = lru_cache(self._make_spectra), lru_cache(self._separate)

    def __call__(self, system: System) -> Array:
        """One system's output [T], as the listener gets it."""
        steps = conditions.draw(1, self.rng)[0] if system.degrades else None
        signal = self._remix(system)
        if steps:
            signal = steps.process(signal, SAMPLE_RATE, self.rng)
        if system.fitting != "none":
            signal = self.ears[system.fitting](signal)
        return _clipped(signal, system.after, self.rng)

    def estimate(self, masks: Masks) -> Array:
        """The target as a separator with these masks would have it [T]."""
        return self.scene.mix(self._masked(masks), self.scene.gains)

    def _remix(self, system: System) -> Array:
        if system.passes:
            return self.scene.mixture
        if system.averages:
            return np.mean([self._remix(EVERY[name]) for name in system.averages], axis=0)
        stems = self._stems(system)
        if system.bleed:
            whole = sum(stems.values())
            stems = {name: (1 - system.bleed) * x + system.bleed * whole for name, x in stems.items()}
        out = self.scene.mix(stems, self._gains(system))
        return (1 - system.added) * out + system.added * self.scene.mixture

    def _stems(self, system: System) -> Mapping[str, Array]:
        if system.separator:
            stems = self.separated[system.separator]
            return stems if system.power == 1.0 else sharpened(stems, system.power)
        if system.errors:
            return ERRORS[system.errors](self.scene.stems, system.amount, self.rng)
        return self._masked(system.masks) if system.masks else self.scene.stems

    def _gains(self, system: System) -> dict[str, float]:
        names, right = list(self.scene.stems), dict(self.scene.gains)
        gains = right
        while system.gains == "wrong" and gains == right:
            gains = draw_gains(self.scene.kind, names, self.rng)
        if system.gains == "missing":
            heard = [name for name, gain in right.items() if gain > ABSENT]
            gains = right | {str(self.rng.choice(heard)): ABSENT}
        if system.gains == "moved":
            moved = np.roll(list(right.values()), self.rng.integers(1, len(names)))
            gains = dict(zip(names, moved, strict=True))
        return {name: float(np.clip(system.scale * g, ABSENT, 20.0)) for name, g in gains.items()}

    def _make_spectra(self, window: int) -> tuple[Array, Array]:
        """The stems' powers [N, F, L] and the mixture's spectrum [F, L]."""
        frame = {"nperseg": window, "noverlap": window * 3 // 4}
        spectra = sps.stft(np.array(list(self.scene.stems.values()), dtype=np.float32), **frame)[2]
        return np.abs(spectra) ** 2 + 1e-12, spectra.sum(0)

    def _separate(self, masks: Masks) -> dict[str, Array]:
        power, mixture = self._spectra(masks.window)
        power = (power / power.max(0)) ** masks.power
        share = (1 - masks.leakage) * power / power.sum(0) + masks.leakage / len(power)
        noise = gaussian_filter(self.rng.standard_normal(power.shape, dtype=np.float32), (0.0, 3.0, 2.0))
        share = share * 10 ** (masks.error * noise / noise.std() / 20)
        share /= share.sum(0)
        frame = {"nperseg": masks.window, "noverlap": masks.window * 3 // 4}
        signals = sps.istft(share * mixture, **frame)[1][:, : len(self.scene.mixture)]
        return dict(zip(self.scene.stems, signals.astype(float), strict=True))


def _clipped(x: Array, how: str, rng: Rng) -> Array:
    if not how:
        return x
    top = rms(x) * 10 ** (_CREST[how] / 20)
    if how == "soft":
        return top * np.tanh(x / top)
    if how == "limit":
        return x * limit_gain(x[:, None], SAMPLE_RATE, top)
    return hard_clip(x, SAMPLE_RATE, rng, crest_db=_CREST[how])
