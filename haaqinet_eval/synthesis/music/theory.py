"""Notes, scales and chords.

Pitches are MIDI numbers (60 is middle C, 261.6 Hz; may be fractional), times are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "harmonic": (0, 2, 3, 5, 7, 8, 11),
}


@dataclass(frozen=True, slots=True)
class Note:
    """One note of one part."""

    start: float  # s
    duration: float  # s, until the player lets go
    pitch: float  # MIDI number
    velocity: float  # 0 to 1


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord: pitch classes (0 to 11) from the root upwards."""

    classes: tuple[int, ...]

    @property
    def root(self) -> int:
        """Pitch class of the root."""
        return self.classes[0]


def hertz(pitch: float | np.ndarray) -> float | np.ndarray:
    """Frequency (Hz) of a MIDI pitch in equal temperament, A4 = 440 Hz.

    >>> hertz(69)
    440.0
    """
    return 440.0 * 2.0 ** ((pitch - 69) / 12)


def scale_pitch(key: int, scale: tuple[int, ...], degree: int) -> int:
    """MIDI pitch of a scale degree; degree 0 is the tonic in the octave above C-1.

    >>> [scale_pitch(0, SCALES["major"], d) for d in (0, 2, 7, -1)]
    [0, 4, 12, -1]
    """
    octave, step = divmod(degree, len(scale))
    return key + 12 * octave + scale[step]


def stack_chord(key: int, scale: tuple[int, ...], degree: int, size: int) -> Chord:
    """Thirds stacked on a scale degree (0 = tonic): 3 notes a triad, 4 a seventh, 5 a ninth.

    >>> stack_chord(0, SCALES["major"], 4, 4).classes
    (7, 11, 2, 5)
    """
    return Chord(tuple(scale_pitch(key, scale, degree + 2 * i) % 12 for i in range(size)))


def nearest(classes: tuple[int, ...], pitch: float) -> int:
    """The pitch of one of the pitch classes that lies nearest to a pitch.

    >>> nearest((0, 4, 7), 62.9)
    64
    """
    base = round(pitch)
    near = [p for p in range(base - 6, base + 7) if p % 12 in classes]
    return min(near, key=lambda p: (abs(p - pitch), p))


def voicing(chord: Chord, center: float, size: int, previous: tuple[int, ...] = ()) -> tuple[int, ...]:
    """Close-position pitches of a chord, led by small steps from the previous voicing.

    Of all inversions around `center`, the one that moves least from `previous` is taken.
    """
    choices = []
    for low in range(round(center) - 12, round(center) + 1):
        pitches = [p for p in range(low, low + 24) if p % 12 in chord.classes][:size]
        if len(pitches) == size:
            choices.append(tuple(pitches))
    goal = np.array(previous if len(previous) == size else [center] * size, dtype=float)

    def cost(pitches: tuple[int, ...]) -> float:
        moved = np.abs(np.array(pitches) - goal).sum()
        return float(moved + 0.5 * abs(np.mean(pitches) - center))

    return min(choices, key=cost)
