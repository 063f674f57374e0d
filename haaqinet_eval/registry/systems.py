"""The registry of systems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .registry import Registry, check_name, find_factory


@dataclass(frozen=True)
class SystemRecord:
    """What is known of a system before it is loaded.

    Attributes:
        name: the `system` column and the name of its folder.
        factory: "module:class" or "module:function", imported when the system is loaded; it makes a
            `systems.Separator` or a `systems.Enhancer`.
        summary: one sentence.
        extra: of haaqinet-eval, without which it cannot be loaded; empty for none.
        options: group of the recipes' configuration that holds its options; its own name if empty.
        aliases: other names for it in configurations, such as pyclarity's.

    Raises:
        InputError: for a name that cannot be used.
    """

    name: str
    factory: str
    summary: str
    extra: str = ""
    options: str = ""
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name("system", self.name)

    def find_factory(self) -> Callable:
        """Import what makes the system.

        Raises:
            InputError: for a missing package, or one that lacks it.
        """
        return find_factory("system", self.name, self.factory, self.extra)


_SYSTEMS = (
    SystemRecord(
        "passthrough", "haaqinet_eval.systems.plain:Passthrough", "The mixture, amplified for the listener."
    ),
    SystemRecord("ideal", "haaqinet_eval.systems.plain:Ideal", "The true stems: the ceiling."),
    SystemRecord(
        "no_amplification",
        "haaqinet_eval.systems.plain:NoAmplification",
        "The true stems, rebalanced but not amplified.",
    ),
    SystemRecord(
        "oracle_mask",
        "haaqinet_eval.systems.oracle_mask:OracleMask",
        "Ratio masks from the true stems, made worse.",
    ),
    SystemRecord(
        "hpss",
        "haaqinet_eval.systems.hpss:Hpss",
        "Median filtering of spectrograms and band splits; blind.",
        extra="separation",
    ),
    SystemRecord(
        "car_baseline",
        "haaqinet_eval.systems.levels:CarBaseline",
        "CAD1 task 2's baseline: the song, turned down to a loudness that follows the hearing loss.",
        options="enhance",
    ),
    SystemRecord(
        "level_only",
        "haaqinet_eval.systems.levels:LevelOnly",
        "The mixture at one loudness for everybody.",
    ),
    SystemRecord(
        "joint",
        "haaqinet_eval.systems.joint:Joint",
        "Noise reduction and hearing-loss compensation by one causal network, with a knob for each.",
        extra="net",
    ),
    SystemRecord(
        "hdemucs",
        "haaqinet_eval.systems.neural:hdemucs",
        "Hybrid Demucs in torchaudio; its weights are fetched by name only.",
        extra="separation",
        options="separator",
        aliases=("demucs",),
    ),
    SystemRecord(
        "openunmix",
        "haaqinet_eval.systems.neural:openunmix",
        "Open-Unmix; its weights are fetched by name only.",
        extra="separation",
        options="separator",
    ),
    SystemRecord(
        "spleeter",
        "haaqinet_eval.systems.spleeter:Spleeter",
        "Spleeter's vocals and accompaniment; drums and bass from the latter by filtering.",
        extra="spleeter",
    ),
    SystemRecord(
        "ustc",
        "haaqinet_eval.systems.ustc:Ustc",
        "USTC's rebalancer: an ensemble of separators, and some of the mixture added back.",
        extra="recipes",
    ),
)
SYSTEMS = Registry("system", SystemRecord, _SYSTEMS)
