"""The table of processing conditions: the paper's 100, and what people score besides.

100 conditions after Arehart, Kates & Anderson (2010), as the HAAQI-Net paper groups them: 32 of
noise and nonlinear processing, 32 linear filters, 36 combinations. The paper names the kinds and not
the settings; the settings are ours. The others are separation artefacts, coding, rooms, levels and
wrong amplification, and untouched music.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..errors import InputError
from . import degradations as d

Step = tuple[object, Mapping[str, object]]  # a function of `degradations`, its settings


@dataclass(frozen=True)
class Condition:
    """What a system does to clean music."""

    name: str
    group: (
        str  # "clean", "noise", "nonlinear", "linear", "combined", "separation", "coding", "room", "fitting"
    )
    steps: tuple[Step, ...] = ()  # before amplification
    after: tuple[Step, ...] = ()  # after amplification
    fitting: str = "own"  # whose NAL-R: "own", "none" or "other" (another listener's)
    tags: frozenset[str] = field(default_factory=frozenset)  # {"paper"} for the paper's 100

    def process(self, signal: np.ndarray, sample_rate: float, rng: np.random.Generator) -> np.ndarray:
        """The steps before amplification: [T] at Hz to [T]."""
        return run(self.steps, signal, sample_rate, rng)

    def finish(self, signal: np.ndarray, sample_rate: float, rng: np.random.Generator) -> np.ndarray:
        """The steps after amplification: [T] at Hz to [T]."""
        return run(self.after, signal, sample_rate, rng)


def run(steps: tuple, signal: np.ndarray, sample_rate: float, rng: np.random.Generator) -> np.ndarray:
    """Apply steps in order."""
    for function, settings in steps:
        signal = function(signal, sample_rate, rng, **settings)
    return signal


def _settings(**columns: tuple) -> list[dict]:
    """Columns of settings to rows: `_settings(a=(1, 2), b=(3, 4))` has two rows."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


_SNR = (22, 15, 8, 1)
_RATIO = (1.5, 2, 3, 6)

# kind -> (group, four settings of one or more steps)
_NONLINEAR = {
    "speech_shaped": ("noise", [[(d.speech_shaped, s)] for s in _settings(snr_db=_SNR)]),
    "babble": ("noise", [[(d.babble, s)] for s in _settings(snr_db=_SNR)]),
    "clipping": ("nonlinear", [[(d.peak_clip, s)] for s in _settings(share=(0.02, 0.1, 0.3, 0.7))]),
    "quantisation": ("nonlinear", [[(d.quantise, s)] for s in _settings(bits=(9, 7, 5.5, 4))]),
    "wdrc": ("nonlinear", [[(d.wdrc, s)] for s in _settings(ratio=_RATIO)]),
    "babble_wdrc": (
        "noise",
        [[(d.babble, {"snr_db": n}), (d.wdrc, {"ratio": r})] for n, r in zip(_SNR, _RATIO, strict=True)],
    ),
    "subtraction": (
        "noise",
        [[(d.spectral_subtraction, s)] for s in _settings(snr_db=(18, 12, 6, 2), strength=(1, 2, 2, 4))],
    ),
    "subtraction_wdrc": (
        "noise",
        [
            [(d.spectral_subtraction, s), (d.wdrc, {"ratio": r})]
            for s, r in zip(_settings(snr_db=(18, 12, 6, 2), strength=(1, 2, 2, 4)), _RATIO, strict=True)
        ],
    ),
}

_THREE = ((400, 1200, 3500), (700, 1900, 4500), (300, 900, 2500), (600, 2200, 5500))
_LINEAR = {
    "highpass": [[(d.butterworth, {"kind": "high", "cutoff": c})] for c in (150, 400, 900, 2000)],
    "lowpass": [[(d.butterworth, {"kind": "low", "cutoff": c})] for c in (7000, 4000, 2000, 1000)],
    "bandpass": [
        [(d.butterworth, {"kind": "band", "cutoff": c})]
        for c in ((100, 7000), (200, 5000), (300, 3400), (600, 2000))
    ],
    "tilt_up": [[(d.tilt, {"slope": s})] for s in (1, 2.5, 4, 6)],
    "tilt_down": [[(d.tilt, {"slope": -s})] for s in (1, 2.5, 4, 6)],
    "resonance": [
        [(d.resonances, s)]
        for s in _settings(
            centers=((500,), (1200,), (2500,), (4000,)),
            gain_db=(8, 12, 16, 20),
            octaves=(0.4, 0.3, 0.3, 0.25),
        )
    ],
    "resonances": [
        [(d.resonances, s)] for s in _settings(centers=_THREE, gain_db=(6, 10, 14, 18), octaves=(0.25,) * 4)
    ],
    "resonances_lowpass": [
        [
            (d.resonances, {"centers": c, "gain_db": g, "octaves": 0.25}),
            (d.butterworth, {"kind": "low", "cutoff": f}),
        ]
        for c, g, f in zip(_THREE, (6, 10, 14, 18), (7000, 5000, 3000, 2000), strict=True)
    ],
}

_COMBINED = itertools.product(
    ("speech_shaped", "babble", "clipping", "subtraction", "wdrc", "babble_wdrc"),
    ("highpass", "lowpass", "tilt_up", "tilt_down", "resonance", "resonances"),
)

_BEYOND = [
    *(("white", "noise", [(d.coloured_noise, {"snr_db": v, "slope": 0})]) for v in (30, 20, 10, 0)),
    *(("pink", "noise", [(d.coloured_noise, {"snr_db": v, "slope": -3})]) for v in (30, 20, 10, 0)),
    *(("soft_mask", "separation", [(d.soft_mask, {"depth_db": v})]) for v in (6, 12, 24, 40)),
    *(("binary_mask", "separation", [(d.binary_mask, {"share": v})]) for v in (0.05, 0.15, 0.35, 0.6)),
    *(("musical_noise", "separation", [(d.musical_noise, {"threshold_db": v})]) for v in (-25, -15, -6, 2)),
    *(
        ("interference", "separation", [(d.interference, s)])
        for s in _settings(snr_db=(20, 12, 6, 0), mask_power=(2, 2, 1.5, 1))
    ),
    *(
        ("vorbis", "coding", [(d.coded, {"format": "OGG", "subtype": "VORBIS", "level": v})])
        for v in (0.6, 1.0)
    ),
    *(
        ("mp3", "coding", [(d.coded, {"format": "MP3", "subtype": "MPEG_LAYER_III", "level": v})])
        for v in (0.85, 0.98)
    ),
    *(
        ("opus", "coding", [(d.coded, {"format": "OGG", "subtype": "OPUS", "level": v})])
        for v in (0.95, 0.99)
    ),
    *(("resampled", "coding", [(d.resampled, {"hz": v})]) for v in (16_000, 11_025, 8_000, 5_512)),
    *(
        ("reverberation", "room", [(d.reverberate, s)])
        for s in _settings(t60=(0.3, 0.5, 0.9, 1.6), direct_db=(12, 6, 2, -4))
    ),
]


def _all() -> list[Condition]:
    paper = frozenset({"paper"})
    out = [Condition("clean", "clean")]
    for name, (group, rows) in _NONLINEAR.items():
        out += [Condition(f"{name}-{n}", group, tuple(r), tags=paper) for n, r in enumerate(rows, 1)]
    for name, rows in _LINEAR.items():
        out += [Condition(f"{name}-{n}", "linear", tuple(r), tags=paper) for n, r in enumerate(rows, 1)]
    for index, (first, second) in enumerate(_COMBINED):
        a = _NONLINEAR[first][1][1 + index % 3]
        b = _LINEAR[second][1 + (index + index // 6) % 3]
        out.append(Condition(f"{first}+{second}", "combined", (*a, *b), tags=paper))
    seen: dict[str, int] = {}
    for name, group, steps in _BEYOND:
        seen[name] = seen.get(name, 0) + 1
        out.append(Condition(f"{name}-{seen[name]}", group, tuple(steps)))
    for n, db in enumerate((-10, -5, 5, 10), 1):
        out.append(Condition(f"level-{n}", "fitting", ((d.gain, {"db": db}),)))
    for n, crest in enumerate((12, 8, 4), 1):
        out.append(Condition(f"full_scale-{n}", "fitting", after=((d.hard_clip, {"crest_db": crest}),)))
    out.append(Condition("unamplified", "fitting", fitting="none"))
    out.append(Condition("wrong_listener", "fitting", fitting="other"))
    return out


CONDITIONS: dict[str, Condition] = {c.name: c for c in _all()}
GROUPS = tuple(dict.fromkeys(c.group for c in CONDITIONS.values()))


def group_of(name: str) -> str:
    """The group of a condition of the table; of any other, its name without the setting.

    >>> group_of("white-2"), group_of("environment_rain-2"), group_of("mask_a")
    ('noise', 'environment_rain', 'mask_a')
    """
    return CONDITIONS[name].group if name in CONDITIONS else name.rpartition("-")[0] or name


def is_of_paper(name: str) -> bool:
    """Whether a condition is one of the paper's 100."""
    return name in CONDITIONS and "paper" in CONDITIONS[name].tags


# How often a drawn trial belongs to a group; what people score weighs as much as the paper's table.
SHARES = {
    "clean": 0.12,
    "noise": 0.20,
    "nonlinear": 0.13,
    "linear": 0.15,
    "combined": 0.14,
    "separation": 0.13,
    "coding": 0.04,
    "room": 0.04,
    "fitting": 0.05,
}


def draw(
    count: int,
    rng: np.random.Generator,
    only: tuple[str, ...] = (),
    among: Mapping[str, Condition] = CONDITIONS,
    shares: Mapping[str, float] = SHARES,
) -> list[Condition]:
    """Conditions for one clip, all different; groups come up by their shares.

    Args:
        count: how many.
        rng: the draw depends on nothing else.
        only: names or kinds ("white" for "white-1" to "white-4") to draw from; empty for all.
        among: the table to draw from.
        shares: how often a drawn condition is of a group; 0.2 of one that is not named.

    Raises:
        InputError: if fewer conditions than `count` are left.
    """
    members = [c for c in among.values() if not only or {c.name, c.name.rpartition("-")[0]} & set(only)]
    if len(members) < count:
        raise InputError(f"conditions {', '.join(only)}: {len(members)} conditions, {count} are needed")
    present = {c.group for c in members}
    groups = [g for g in dict.fromkeys((*shares, *(c.group for c in members))) if g in present]
    chance = np.array([shares.get(g, 0.2) for g in groups])
    chosen: dict[str, Condition] = {}
    while len(chosen) < count:
        group = groups[rng.choice(len(groups), p=chance / chance.sum())]
        drawn = [c for c in members if c.group == group]
        condition = drawn[rng.integers(len(drawn))]
        chosen[condition.name] = condition
    return list(chosen.values())
