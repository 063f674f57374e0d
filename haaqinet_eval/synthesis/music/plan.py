"""The plan of a song: key, tempo, bars, chords, sections; and the clock that swings."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .styles import Style
from .theory import SCALES, Chord, stack_chord


@dataclass(frozen=True)
class Bar:
    """One bar: its chord, its section and how hard the band plays."""

    index: int
    chord: Chord
    section: str  # "verse" or "chorus"
    energy: float  # 0 to 1
    fill: bool  # last bar of a section


@dataclass(frozen=True)
class Plan:
    """What all players of a song share."""

    style: Style
    tempo: float  # beats a minute
    swing: float
    key: int  # pitch class of the tonic
    scale: tuple[int, ...]
    bars: tuple[Bar, ...]
    duration: float  # s

    @property
    def step(self) -> float:
        """Length of a sixteenth (s)."""
        return 15.0 / self.tempo

    def time(self, bar: int, step: float) -> float:
        """When a step of a bar sounds (s); off-beat steps come late by the swing."""
        unit = self.style.swing_steps
        pair, place = divmod(step, 2 * unit)
        bent = place * 2 * self.swing if place < unit else (
            2 * unit * self.swing + (place - unit) * 2 * (1 - self.swing)
        )  # fmt: skip
        return (bar * self.style.steps + pair * 2 * unit + bent) * self.step


def make_plan(style: Style, duration: float, rng: np.random.Generator) -> Plan:
    """Draw tempo, key, chords and sections for a song of some seconds."""
    tempo = rng.uniform(*style.tempo)
    scale_name = style.scales[rng.integers(len(style.scales))]
    key = int(rng.integers(12))
    swing = float(np.clip(style.swing + (rng.normal(0, 0.012) if style.swing > 0.5 else 0), 0.5, 0.68))
    progressions = [style.progressions[i] for i in rng.permutation(len(style.progressions))[:2]]
    length = math.ceil(duration / (style.steps * 15.0 / tempo)) + 1
    section_bars = int(rng.choice((2, 4, 4, 8))) if length < 10 else int(rng.choice((4, 8)))
    first_chorus = int(rng.integers(2))
    verse_energy = rng.uniform(0.35, 0.75)
    size = style.chord_size + int(rng.random() < 0.2)
    offset = int(rng.integers(4))
    bars = []
    for index in range(length):
        chorus = (index // section_bars + first_chorus) % 2
        degrees = progressions[chorus % len(progressions)]
        chord = stack_chord(key, SCALES[scale_name], degrees[(index + offset) % len(degrees)], size)
        energy = min(1.0, verse_energy + 0.25 * chorus)
        fill = index % section_bars == section_bars - 1
        bars.append(Bar(index, chord, "chorus" if chorus else "verse", energy, fill))
    return Plan(style, tempo, swing, key, SCALES[scale_name], tuple(bars), duration)
