"""Chamber music: two or more voices in counterpoint, as CAD2 task 2 has it."""

from __future__ import annotations

import numpy as np

from ...errors import InputError
from .levels import loudness
from .lines import LINES, play_line
from .space import Reverb, pan, room
from .theory import SCALES, Note, nearest, scale_pitch

INSTRUMENTS = tuple(name.capitalize() for name in LINES)


def _voice(
    key, scale, chords, bar_time, steps, low, high, above, busy, rng
) -> tuple[list[Note], list[float]]:
    """One voice: chord tones on the beats, passing notes between; keeps off parallel fifths and octaves.

    `above` holds the pitch of the voice written before at every beat (empty for the first).
    Returns the notes and the pitch at every beat.
    """
    centre = 0.5 * (low + high)
    tones = tuple((key + s) % 12 for s in scale)
    notes, beats, pitch = [], [], centre
    beat_time = bar_time / steps
    figure = [int(rng.choice((1, 2, 2, 4, 4, 6), p=busy)) for _ in range(2 * steps)]
    for number in range(len(chords) * steps):
        chord = chords[number // steps]
        move = rng.choice((-4, -2, -1, 1, 2, 4)) + 0.25 * (centre - pitch)
        goal = nearest(chord, float(np.clip(pitch + move, low, high)))
        if above and number:
            before, now = above[number - 1] - pitch, above[number] - goal
            if abs(now) % 12 in (0, 7) and abs(before) % 12 == abs(now) % 12:
                goal = nearest(tuple(c for c in chord if c != goal % 12), goal + 0.1)
        count = figure[number % len(figure)]
        if count == 1 and notes and number % steps:  # hold on
            last = notes[-1]
            notes[-1] = Note(last.start, last.duration + beat_time, last.pitch, last.velocity)
            beats.append(last.pitch)
            continue
        count = max(1, count // 2)
        accent = 0.85 if number % steps == 0 else 0.7
        for i in range(count):
            step = goal if i == 0 else nearest(tones, goal + rng.choice((-3, -2, 2, 3)))
            start = (number + i / count) * beat_time + abs(rng.normal(0, 0.008))
            velocity = float(np.clip(accent * np.exp(rng.normal(0, 0.1)), 0.3, 1))
            notes.append(Note(start, beat_time / count * rng.choice((0.6, 0.95, 1.0)), float(step), velocity))
        pitch = float(goal)
        beats.append(pitch)
    return notes, beats


def make_chamber(
    seed: int,
    n_voices: int = 2,
    instruments: tuple[str, ...] | None = None,
    duration: float = 10.0,
    sample_rate: int = 44100,
) -> dict[str, np.ndarray]:
    """Compose and play a piece for a few single-line instruments in one room.

    Args:
        seed: any non-negative integer; the same arguments give the same samples.
        n_voices: number of players, 2 to 6; ignored where `instruments` are given.
        instruments: names out of `INSTRUMENTS`, one a player, repeats allowed; None draws them.
        duration: s.
        sample_rate: Hz.

    Returns:
        Instrument -> [T, 2], full scale 1, the sum at about -23 LUFS; a repeated instrument is
        numbered: `Violin_1`, `Violin_2`. Highest voice first.

    Raises:
        InputError: for unknown instruments or a bad number of voices.
    """
    rng = np.random.default_rng([seed, 271828])
    if instruments is None:
        instruments = tuple(INSTRUMENTS[i] for i in rng.integers(len(INSTRUMENTS), size=n_voices))
    unknown = set(instruments) - set(INSTRUMENTS)
    if unknown or not 2 <= len(instruments) <= 6:
        raise InputError(f"instruments {instruments}: 2 to 6 of {', '.join(INSTRUMENTS)}")
    players = sorted(instruments, key=lambda name: -LINES[name.lower()].high)
    key, scale = int(rng.integers(12)), SCALES[("major", "minor", "harmonic", "dorian")[rng.integers(4)]]
    steps, tempo = int(rng.choice((3, 4, 4))), rng.uniform(66, 126)
    bar_time = steps * 60 / tempo
    bars = int(duration / bar_time) + 1
    progression = ((0, 4, 0, 3, 1, 4, 0, 0), (0, 3, 4, 0, 5, 1, 4, 0), (0, 5, 3, 4, 0, 3, 4, 0))[
        rng.integers(3)
    ]
    degrees = [progression[(i + rng.integers(1)) % 8] for i in range(bars)]
    chords = [tuple(scale_pitch(key, scale, d + 2 * i) % 12 for i in range(3)) for d in degrees]
    reverb = Reverb(room(sample_rate, rng.uniform(0.8, 2.0), rng), int(duration * sample_rate))
    wet, out, above = rng.uniform(0.1, 0.3), {}, []
    sides = np.linspace(-0.45, 0.45, len(players)) * rng.choice((-1, 1))
    for i, name in enumerate(players):
        line = LINES[name.lower()]
        reach = (line.high - line.low) * 0.5
        low = line.low + reach * (0.75 if i == 0 else 0.35) * rng.uniform(0.6, 1.1)
        busy = ((0.15, 0.3, 0.1, 0.25, 0.15, 0.05), (0.35, 0.3, 0.2, 0.1, 0.05, 0.0))[min(i, 1)]
        notes, beats = _voice(
            key, scale, chords, bar_time, steps, low, min(low + reach, line.high), above, busy, rng
        )
        dry = pan(play_line(notes, name.lower(), duration, sample_rate, rng), sides[i])
        dry *= 10 ** ((-23 - loudness(dry, sample_rate) + rng.uniform(-2, 2)) / 20)
        above = beats
        label = name if players.count(name) == 1 else f"{name}_{players[: i + 1].count(name)}"
        out[label] = reverb(dry, wet)
    gain = 10 ** ((-23 - loudness(sum(out.values()), sample_rate)) / 20)
    edge = np.minimum(1, np.arange(int(duration * sample_rate))[::-1] / (0.03 * sample_rate))[:, None]
    return {name: gain * edge * stem for name, stem in out.items()}
