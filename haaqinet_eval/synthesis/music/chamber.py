"""Chamber music: two or more voices in counterpoint, as CAD2 task 2 has it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from .levels import loudness
from .lines import LINES, play_line
from .space import Reverb, pan, room
from .theory import SCALES, Note, nearest, stack_chord

INSTRUMENTS = tuple(name.capitalize() for name in LINES)
LOUDNESS = -23.0  # LUFS, of a whole piece

_PROGRESSIONS = ((0, 4, 0, 3, 1, 4, 0, 0), (0, 3, 4, 0, 5, 1, 4, 0), (0, 5, 3, 4, 0, 3, 4, 0))
# notes in a beat (0: the last note is held on) and how often, for the leading voice and for the others
_FIGURES = (0, 1, 2, 3)
_BUSY = ((0.15, 0.4, 0.4, 0.05), (0.35, 0.5, 0.15, 0.0))


@dataclass(frozen=True)
class _Piece:
    """What all players share."""

    tones: tuple[int, ...]  # pitch classes of the scale
    chords: tuple[tuple[int, ...], ...]  # pitch classes, one chord a beat
    bar: int  # beats
    beat: float  # s


def _make_piece(duration: float, rng: np.random.Generator) -> _Piece:
    key = int(rng.integers(12))
    scale = SCALES[("major", "minor", "harmonic", "dorian")[rng.integers(4)]]
    bar, beat = int(rng.choice((3, 4, 4))), 60 / rng.uniform(66, 126)
    progression = _PROGRESSIONS[rng.integers(len(_PROGRESSIONS))]
    beats = int(duration / beat) + 1
    chords = tuple(stack_chord(key, scale, progression[i // bar % 8], 3).classes for i in range(beats))
    return _Piece(tuple((key + s) % 12 for s in scale), chords, bar, beat)


def _goal(
    piece: _Piece, number: int, pitch: float, low: float, high: float, above: list[float], rng
) -> float:
    """The pitch of a voice on a beat: a chord tone near the last, no parallel fifth or octave to `above`."""
    chord = piece.chords[number]
    move = rng.choice((-4, -2, -1, 1, 2, 4)) + 0.25 * (0.5 * (low + high) - pitch)
    goal = nearest(chord, float(np.clip(pitch + move, low, high)))
    if above and number:
        before, now = abs(above[number - 1] - pitch) % 12, abs(above[number] - goal) % 12
        if now in (0, 7) and before == now:
            goal = nearest(tuple(c for c in chord if c != goal % 12), goal)
    return float(goal)


def _voice(
    piece: _Piece, low: float, high: float, busy: tuple[float, ...], above: list[float], rng
) -> tuple[list[Note], list[float]]:
    """One voice between two pitches (MIDI): chord tones on the beats, scale steps between.

    `above` has the pitch of the voice written before at every beat, empty for the first voice.
    Returns the notes and this voice's pitch at every beat.
    """
    notes, pitches, pitch = [], [], 0.5 * (low + high)
    figures = rng.choice(_FIGURES, 2 * piece.bar, p=busy)  # a motif of two bars comes back
    for number in range(len(piece.chords)):
        count = figures[number % len(figures)]
        if count == 0 and notes and number % piece.bar:
            last = notes[-1]
            notes[-1] = Note(last.start, last.duration + piece.beat, last.pitch, last.velocity)
            pitches.append(pitch)
            continue
        pitch = _goal(piece, number, pitch, low, high, above, rng)
        pitches.append(pitch)
        length = piece.beat / max(count, 1)
        for i in range(max(count, 1)):
            step = pitch if i == 0 else nearest(piece.tones, pitch + rng.choice((-3, -2, 2, 3)))
            accent = 0.85 if number % piece.bar == 0 and i == 0 else 0.7
            velocity = float(np.clip(accent * np.exp(rng.normal(0, 0.1)), 0.3, 1))
            start = number * piece.beat + i * length + abs(rng.normal(0, 0.008))
            notes.append(Note(start, length * rng.choice((0.6, 0.95, 1.0)), float(step), velocity))
    return notes, pitches


def _draw_players(rng: np.random.Generator, n_voices: int, instruments: tuple[str, ...] | None) -> list[str]:
    """The instruments, highest first."""
    if instruments is None:
        instruments = tuple(INSTRUMENTS[i] for i in rng.integers(len(INSTRUMENTS), size=n_voices))
    if set(instruments) - set(INSTRUMENTS) or not 2 <= len(instruments) <= 6:
        raise InputError(f"instruments {instruments}: 2 to 6 of {', '.join(INSTRUMENTS)}")
    return sorted(instruments, key=lambda name: -LINES[name.lower()].high)


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
        duration: s, from 1 s on.
        sample_rate: Hz, 16 kHz and above.

    Returns:
        Instrument -> [T, 2] float64, full scale 1; the plain sum has -23 LUFS. A repeated instrument
        is numbered: `Violin_1`, `Violin_2`. Highest voice first.

    Raises:
        InputError: for unknown instruments, a bad number of voices, or less than 1 s or 16 kHz.
    """
    if duration < 1 or sample_rate < 16000:
        raise InputError(f"a piece of {duration:g} s at {sample_rate:g} Hz: at least 1 s and 16000 Hz")
    rng = np.random.default_rng([seed, 271828])
    players = _draw_players(rng, n_voices, instruments)
    piece, length = _make_piece(duration, rng), int(duration * sample_rate)
    reverb, wet = Reverb(room(sample_rate, rng.uniform(0.8, 2.0), rng), length), rng.uniform(0.1, 0.3)
    sides = np.linspace(-0.45, 0.45, len(players)) * rng.choice((-1, 1))
    out, pitches = {}, []
    for i, name in enumerate(players):
        line = LINES[name.lower()]
        reach = 0.5 * (line.high - line.low)
        low = line.low + reach * (0.75 if i == 0 else 0.35) * rng.uniform(0.6, 1.1)
        notes, pitches = _voice(piece, low, min(low + reach, line.high), _BUSY[min(i, 1)], pitches, rng)
        dry = pan(play_line(notes, name.lower(), duration, sample_rate, rng), sides[i])
        level = -loudness(dry, sample_rate) + rng.uniform(-2, 2)
        label = name if players.count(name) == 1 else f"{name}_{players[: i + 1].count(name)}"
        out[label] = reverb(dry * 10 ** (level / 20), wet)
    gain = 10 ** ((LOUDNESS - loudness(sum(out.values()), sample_rate)) / 20)
    edge = np.minimum(1, np.arange(length)[::-1] / (0.03 * sample_rate))[:, None]
    return {name: gain * edge * stem for name, stem in out.items()}
