"""What the accompanying players play: bass lines and chord figures, as notes.

A figure is a function of the plan, a centre pitch (MIDI) and a generator of random
numbers; it returns the notes of the whole song.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from .plan import Bar, Plan
from .theory import Note, nearest, voicing

Figure = Callable[[Plan, float, np.random.Generator], list[Note]]


def _note(
    plan: Plan, bar: Bar, step: float, steps: float, pitch: float, velocity: float, rng: np.random.Generator
) -> Note:
    """A note on the grid, played by a human: milliseconds and velocity vary."""
    start = plan.time(bar.index, step)
    end = plan.time(bar.index, step + steps)
    start = max(0.0, start + rng.normal(0, 0.006))
    strength = velocity * (0.7 + 0.3 * bar.energy) * np.exp(rng.normal(0, 0.09))
    return Note(start, max(end - start, 0.04), float(pitch), float(min(strength, 1.0)))


# bass lines: (step, length in steps, interval: "r" root, "f" fifth, "o" octave, "n" next root approached)
_BASS = {
    "eighths": "0r2 2r2 4r2 6r2 8r2 10r2 12r2 14f2",
    "root_fifth": "0r4 4r3 8f4 12r3",
    "sustain": "0r10 10f2 12o4",
    "octaves": "0r2 2o2 4r2 6o2 8r2 10o2 12r2 14o2",
    "offbeat": "2r2 6r2 10r2 14o2",
    "slap": "0r2 3o1 5r1 6r1 8o1 10r2 13f1 14o1 15n1",
    "syncopated": "0r3 3r3 6o1 8r2 11f3 14n2",
    "tumbao": "3f3 6r6 12n4",
    "dub": "0r3 3r2 6f2 10o2 12r3",
}


def bass_figure(name: str) -> Figure:
    """A bass line by name: one of the fixed patterns, or `walking`."""
    return _walking if name == "walking" else partial(_pattern_bass, name)


def _pattern_bass(name: str, plan: Plan, center: float, rng: np.random.Generator) -> list[Note]:
    notes = []
    rest = rng.uniform(0, 0.15)
    for bar in plan.bars:
        root = nearest((bar.chord.root,), center)
        after = plan.bars[(bar.index + 1) % len(plan.bars)].chord.root
        goals = {"r": root, "f": nearest((bar.chord.classes[2],), root + 5), "o": root + 12,
                 "n": nearest((after,), root) + int(rng.choice((-2, -1, 1)))}  # fmt: skip
        for item in _BASS[name].split():
            where = next(i for i, c in enumerate(item) if c.isalpha())
            step, steps = int(item[:where]), int(item[where + 1 :])
            if step + steps > plan.style.steps or (step and rng.random() < rest):
                continue
            accent = 0.9 if step % 8 == 0 else 0.72
            notes.append(_note(plan, bar, step, steps * 0.92, goals[item[where]], accent, rng))
    return notes


def _walking(plan: Plan, center: float, rng: np.random.Generator) -> list[Note]:
    """A walking bass: a quarter a beat, from root to root by chord and scale steps."""
    notes, pitch = [], float(nearest((plan.bars[0].chord.root,), center))
    tones = tuple((plan.key + s) % 12 for s in plan.scale)
    for bar in plan.bars:
        after = nearest((plan.bars[(bar.index + 1) % len(plan.bars)].chord.root,), center)
        pitch = nearest((bar.chord.root,), 0.5 * (pitch + center))
        middle = nearest(tones, 0.5 * (pitch + after) + rng.choice((-2, 2)))
        walk = [pitch, nearest(bar.chord.classes, pitch + rng.choice((-4, 4))), middle]
        walk.append(after + rng.choice((-1, 1)))  # a leading note
        for beat in range(plan.style.steps // 4):
            notes.append(_note(plan, bar, 4 * beat, 3.8, walk[beat], 0.85 - 0.1 * (beat % 2), rng))
            if rng.random() < 0.12:
                notes.append(_note(plan, bar, 4 * beat + 3, 0.8, walk[beat], 0.5, rng))
        pitch = walk[-1]
    return notes


def _chords(plan: Plan, center: float, size: int) -> Iterator[tuple[Bar, tuple[int, ...]]]:
    previous: tuple[int, ...] = ()
    for bar in plan.bars:
        previous = voicing(bar.chord, center, min(size, len(bar.chord.classes)), previous)
        yield bar, previous


def _hits(pattern: str, size: int, length: float = 0.9, strum: float = 0.0) -> Figure:
    """Chords struck where the pattern says; `-` holds on, `strum` spreads them over time (s)."""

    def figure(plan: Plan, center: float, rng: np.random.Generator) -> list[Note]:
        notes = []
        for bar, pitches in _chords(plan, center, size):
            steps = pattern[: plan.style.steps].ljust(plan.style.steps, ".")
            for step, mark in enumerate(steps):
                if mark not in "Xxo" or (step and rng.random() < 0.08 * (1 - bar.energy)):
                    continue
                held = 1 + len(steps[step + 1 :]) - len(steps[step + 1 :].lstrip("-"))
                velocity = {"X": 0.95, "x": 0.75, "o": 0.45}[mark]
                down = (step // 2) % 2 == 0
                for i, pitch in enumerate(pitches if down else pitches[::-1]):
                    note = _note(plan, bar, step, held * length, pitch, velocity, rng)
                    notes.append(Note(note.start + i * strum, note.duration, pitch, note.velocity))
        return notes

    return figure


def _arpeggio(order: tuple[int, ...], every: int, ring: float) -> Figure:
    """Broken chords: one chord tone every few steps, ringing on for some steps."""

    def figure(plan: Plan, center: float, rng: np.random.Generator) -> list[Note]:
        notes = []
        for bar, pitches in _chords(plan, center, 3):
            tones = [*pitches, pitches[0] + 12]
            for i, step in enumerate(range(0, plan.style.steps, every)):
                pitch = tones[order[i % len(order)] % 4]
                accent = 0.85 if step % 8 == 0 else 0.62
                notes.append(_note(plan, bar, step, ring, pitch, accent, rng))
        return notes

    return figure


def _fingerstyle(plan: Plan, center: float, rng: np.random.Generator) -> list[Note]:
    """Alternating thumb on root and fifth, fingers between."""
    notes = _arpeggio((2, 1, 3, 2), 2, 5)(plan, center + 3, rng)
    for bar in plan.bars:
        root = nearest((bar.chord.root,), center - 12)
        for step in range(0, plan.style.steps, 4):
            pitch = root if step % 8 == 0 else nearest((bar.chord.classes[2],), root + 3)
            notes.append(_note(plan, bar, step, 4, pitch, 0.8, rng))
    return notes


def _lead(plan: Plan, center: float, rng: np.random.Generator) -> list[Note]:
    """A counter-melody that answers in the second half of the bar, or holds long notes."""
    tones = tuple((plan.key + s) % 12 for s in plan.scale)
    notes, pitch = [], float(nearest(plan.bars[0].chord.classes, center))
    for bar in plan.bars:
        cell = ((0, 6), (6, 2), (8, 8)) if rng.random() < 0.4 else ((8, 2), (10, 2), (12, 4))
        if rng.random() < 0.15:
            continue
        for step, steps in cell:
            if step >= plan.style.steps:
                continue
            pitch += rng.choice((-4, -2, -2, 2, 2, 3)) - 0.25 * (pitch - center)
            pitch = nearest(bar.chord.classes if step % 4 == 0 else tones, pitch)
            steps = min(steps, plan.style.steps - step)
            notes.append(_note(plan, bar, step, steps * 0.95, pitch, 0.8, rng))
    return notes


_FIGURES: dict[str, Figure] = {
    "sustain": _hits("x---------------", 4, 1.02),
    "eighths": _hits("X-x-x-x-X-x-x-x-", 3, 0.8, 0.004),
    "strum": _hits("X---x-x---x-X-x-", 5, 1.0, 0.014),
    "comp": _hits("X-----x-....x---", 4, 0.85, 0.003),
    "scratch": _hits("..x.x..x.xx...x.", 3, 0.5, 0.006),
    "stab": _hits("......X.......x-", 4, 0.8),
    "montuno": _hits("X-.x-x.x-x.x-x.x", 3, 0.9),
    "bossa": _hits("X--x--x---x--x--", 4, 0.8, 0.004),
    "waltz": _hits("....x-..x-..", 4, 0.8, 0.004),
    "skank": _hits("....X.......X...", 4, 0.6, 0.005),
    "bubble": _hits("..x..xx...x..xx.", 3, 0.5),
    "arpeggio": _arpeggio((0, 1, 2, 3, 2, 1), 2, 6),
    "arpeggio16": _arpeggio((0, 2, 1, 3), 1, 1.6),
    "fingerstyle": _fingerstyle,
    "lead": _lead,
}


def chord_figure(name: str) -> Figure:
    """A chord figure by name."""
    return _FIGURES[name]


def melody(plan: Plan, low: float, high: float, rng: np.random.Generator) -> list[Note]:
    """A vocal line: two-bar phrases, the first repeated with new pitches, breaths between.

    Strong beats take chord tones, others scale steps; a leap is followed by a step back.
    """
    tones = tuple((plan.key + s) % 12 for s in plan.scale)
    cells = [_rhythm(plan, rng) for _ in range(3)]
    form = ([0, 1, 0, 2], [0, 0, 1, 2], [0, 1, 2, 1])[rng.integers(3)]
    notes, pitch, leap = [], 0.5 * (low + high), 0.0
    for bar in plan.bars:
        lift = 0.12 * (high - low) if bar.section == "chorus" else -0.08 * (high - low)
        cell = cells[form[bar.index % 4]]
        for i, (step, steps) in enumerate(cell):
            if bar.index % 2 and i == len(cell) - 1:
                steps = max(2, plan.style.steps - step - 3)  # phrase end: long, then a breath
            pull = 0.22 * (0.5 * (low + high) + lift - pitch)
            move = -np.sign(leap) * 2 if abs(leap) > 4 else rng.choice((-5, -3, -2, -2, 0, 2, 2, 3, 5)) + pull
            goal = float(np.clip(pitch + move, low, high))
            new = nearest(bar.chord.classes if step % 4 == 0 else tones, goal)
            leap, pitch = new - pitch, float(new)
            notes.append(_note(plan, bar, step, steps * 0.97, new, 0.85 if step % 8 == 0 else 0.7, rng))
    return notes


def _rhythm(plan: Plan, rng: np.random.Generator) -> list[tuple[int, int]]:
    """A bar's rhythm: (step, length) of each syllable; busier with the style's density."""
    lengths = {
        1: plan.style.density - 0.45,
        2: 1.0,
        3: 0.35,
        4: 1.2 - plan.style.density,
        6: 0.5 - 0.4 * plan.style.density,
    }
    weights = np.maximum(np.array(list(lengths.values())), 0.0)
    step, cell = int(rng.choice((0, 0, 0, 2))), []
    while step < plan.style.steps - 1:
        steps = int(rng.choice(list(lengths), p=weights / weights.sum()))
        steps = min(steps, plan.style.steps - step)
        if not cell or rng.random() > 0.12:
            cell.append((step, steps))
        step += steps
    return cell
