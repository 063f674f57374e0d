"""Instruments that play single notes: strings, keys, synthesizers, brass.

Each is a function `(frequency Hz, duration s, velocity, sample_rate, rng) -> [T]` made by
a maker that has drawn its timbre, so that a song keeps one guitar throughout.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .space import add, pan
from .theory import Note, hertz
from .tones import band_noise, envelope, harmonics, oscillate, pluck, wavetable

Player = Callable[[float, float, float, float, np.random.Generator], np.ndarray]

# (decay s, damping, position, stiffness, brightness, seconds the string rings on, release when let go)
_STRINGS = {
    "nylon": (1.6, 0.5, 0.22, 0.0, 0.35, 1.6),
    "steel": (2.6, 0.25, 0.16, 2e-5, 0.75, 2.0),
    "clean": (2.2, 0.3, 0.12, 0.0, 0.5, 0.6),
    "banjo": (0.7, 0.25, 0.1, 0.0, 0.9, 0.7),
    "clavi": (1.0, 0.2, 0.07, 1e-5, 0.9, 0.15),
    "piano": (3.2, 0.2, 0.12, 3e-4, 0.32, 0.5),
    "picked": (2.5, 0.35, 0.1, 3e-5, 0.4, 0.15),
    "fingered": (2.2, 0.7, 0.2, 0.0, 0.2, 0.12),
    "upright": (1.1, 0.9, 0.25, 0.0, 0.16, 0.4),
    "slap": (1.6, 0.25, 0.06, 5e-5, 0.8, 0.06),
}

# (shape, cutoff Hz or x frequency, attack, release, decay, detune cents)
_SYNTHS = {
    "saw": ("saw", 14.0, 0.004, 0.08, 0.35, 9.0),
    "square": ("square", 12.0, 0.004, 0.08, 0.5, 4.0),
    "sub": ("sub", 4.0, 0.008, 0.06, 0.0, 0.0),
    "round": ("triangle", 3.0, 0.01, 0.08, 0.0, 0.0),
    "tuba": ("reed", 4.0, 0.035, 0.07, 0.0, 0.0),
    "pad": ("saw", 9.0, 0.25, 0.5, 0.0, 11.0),
    "strings": ("saw", 11.0, 0.14, 0.3, 0.0, 8.0),
    "accordion": ("reed", 20.0, 0.05, 0.06, 0.0, 7.0),
    "brass": ("saw", 10.0, 0.025, 0.06, 0.0, 5.0),
}


def _string(name: str, rng: np.random.Generator) -> Player:
    decay, damping, position, stiffness, brightness, ring = _STRINGS[name]
    decay *= rng.uniform(0.8, 1.3)
    damping *= rng.uniform(0.7, 1.3)
    position *= rng.uniform(0.8, 1.25)

    def play(
        hz: float, duration: float, velocity: float, rate: float, rng: np.random.Generator
    ) -> np.ndarray:
        total = min(duration + ring, 4.0)
        fade = decay * min(2.0, (220 / hz) ** 0.5)
        bright = brightness * (0.55 + 0.6 * velocity)
        out = pluck(hz, total, rate, decay=fade, damping=damping, position=position, stiffness=stiffness,
                    brightness=bright, rng=rng)  # fmt: skip
        t = np.arange(len(out)) / rate
        let_go = np.where(t < duration, 1.0, np.exp(-(t - duration) / max(0.2 * ring, 0.03)))
        thump = min(len(t), int(0.05 * rate))
        out[:thump] += 0.05 * band_noise(thump, rate, 80, 3000, rng) * np.exp(-t[:thump] / 0.008)
        return out * let_go * velocity

    return play


def _synth(name: str, rng: np.random.Generator) -> Player:
    shape, cutoff, attack, release, decay, detune = _SYNTHS[name]
    cutoff *= rng.uniform(0.6, 1.6)
    detune *= rng.uniform(0.5, 1.5)
    vibrato = {"strings": 0.0025, "brass": 0.002, "accordion": 0.0}.get(name, 0.0)

    def play(
        hz: float, duration: float, velocity: float, rate: float, rng: np.random.Generator
    ) -> np.ndarray:
        length = int((duration + release) * rate)
        t = np.arange(length) / rate
        bright = wavetable(harmonics(hz, rate, shape, max(cutoff * hz * (0.5 + velocity), 1800)))
        dull = wavetable(harmonics(hz, rate, shape, 0.25 * cutoff * hz))
        out = np.zeros(length)
        for cents in (-detune, 0.0, detune) if detune else (0.0,):
            wobble = vibrato * np.sin(2 * np.pi * (rng.uniform(4.8, 6) * t + rng.random())) / 10
            cycles = hz * 2 ** (cents / 1200) * (t + wobble) + rng.random()
            sweep = np.exp(-t / decay) if decay else np.minimum(1, t / (2 * attack + 0.01))
            out += oscillate(dull, cycles) * (1 - sweep) + oscillate(bright, cycles) * sweep
        return out * envelope(length, rate, attack, release, duration) * velocity / (3 if detune else 1)

    return play


def _organ(rng: np.random.Generator) -> Player:
    """Drawbars (sub, fifth, 8', 4', ... as harmonics of the 16' pipe) and a rotating speaker."""
    bars = np.zeros(16)
    bars[[0, 1, 2, 3, 5, 7, 9, 11, 15]] = rng.choice((0.0, 0.3, 0.6, 1.0), 9, p=(0.25, 0.25, 0.25, 0.25))
    bars[[0, 1]] = 0.8
    table, speed = wavetable(bars / 16 / np.arange(1, 17) ** 0.25), float(rng.choice((0.8, 6.6)))

    def play(
        hz: float, duration: float, velocity: float, rate: float, rng: np.random.Generator
    ) -> np.ndarray:
        t = np.arange(int((duration + 0.05) * rate)) / rate
        turn = np.sin(2 * np.pi * speed * t)
        out = oscillate(table, 0.5 * hz * (t + 0.0004 * turn)) * (1 + 0.15 * turn)
        click = min(len(t), 400)
        out[:click] += 0.03 * band_noise(click, rate, 800, 9000, rng) * np.linspace(1, 0, click)
        return 4 * out * envelope(len(t), rate, 0.006, 0.05, duration) * (0.8 + 0.2 * velocity)

    return play


def _epiano(rng: np.random.Generator) -> Player:
    """Two-operator frequency modulation (Chowning 1973): a tine and its bell."""
    index, bell = rng.uniform(0.8, 2.2), rng.uniform(0.1, 0.35)

    def play(
        hz: float, duration: float, velocity: float, rate: float, rng: np.random.Generator
    ) -> np.ndarray:
        t = np.arange(int((duration + 0.25) * rate)) / rate
        tine = np.sin(2 * np.pi * hz * t + index * velocity * np.exp(-t / 0.5) * np.sin(2 * np.pi * hz * t))
        ring = bell * velocity * np.exp(-t / 0.12) * np.sin(2 * np.pi * min(14 * hz, 0.4 * rate) * t)
        fall = np.exp(-t / 1.4) * envelope(len(t), rate, 0.002, 0.25, duration)
        return (tine + ring) * fall * velocity * (1 + 0.12 * np.sin(2 * np.pi * 5 * t))

    return play


def make_player(name: str, rng: np.random.Generator) -> Player:
    """A player of `name`, timbre drawn from `rng`."""
    if name == "organ":
        return _organ(rng)
    if name == "epiano":
        return _epiano(rng)
    return _string(name, rng) if name in _STRINGS else _synth(name, rng)


def render(
    notes: list[Note], player: Player, seconds: float, sample_rate: float, position: float, width: float,
    rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Play notes -> [T, 2].

    A pitch struck again in much the same way reuses its sound (a sampler's trick, for speed), with its
    own level. Low pitches stand left of `position`, high ones right, by up to `width`.
    """
    out, sounds = np.zeros((int(seconds * sample_rate), 2)), {}
    for note in notes:
        if note.start >= seconds:
            continue
        duration = min(note.duration, seconds - note.start)
        key = (note.pitch, round(np.log2(duration) * 4), round(note.velocity * 4), rng.integers(2))
        if key not in sounds:
            mono = player(hertz(note.pitch), 2 ** (key[1] / 4), note.velocity, sample_rate, rng)
            sounds[key] = (note.velocity, pan(mono, position + width * (note.pitch - 60) / 24))
        made, sound = sounds[key]
        add(out, sound, note.start, sample_rate, note.velocity / made)
    return out
