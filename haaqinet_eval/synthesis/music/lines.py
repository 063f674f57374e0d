"""Instruments that sing one line: bowed strings, reeds, flutes.

A tone is a sum of harmonics whose amplitudes follow the player's breath or bow (louder is
brighter), through the fixed resonances of the instrument's body, with vibrato and the
noise of bow or breath. Harmonic profiles are rough values from the acoustics literature
(Fletcher and Rossing, The Physics of Musical Instruments), not measurements.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter

from .theory import Note, hertz
from .tones import band_noise, equalise

_HOP = 128


@dataclass(frozen=True)
class Line:
    """One instrument."""

    low: int  # written compass used here, MIDI
    high: int
    slope: float  # harmonic k falls as k^-slope at full loudness
    even: float  # amplitude of even harmonics against odd ones (clarinet: small)
    soft: float  # how much steeper the slope gets when played softly
    attack: float  # s
    vibrato: tuple[float, float]  # cents, Hz
    noise: float  # bow or breath noise, against the tone
    noise_band: tuple[float, float]  # Hz
    body: dict  # resonances: Hz -> dB
    bowed: bool = False


LINES = {
    "flute": Line(60, 88, 2.2, 0.8, 1.0, 0.06, (18, 5.2), 0.05, (900, 9000),
                  {200: 0, 800: 2, 3000: -2, 9000: -6}),
    "oboe": Line(58, 84, 0.9, 1.0, 0.5, 0.03, (14, 5.5), 0.008, (1500, 8000),
                 {200: -9, 600: -4, 1100: 5, 1900: 0, 3000: 4, 5000: -8, 10000: -18}),
    "clarinet": Line(50, 82, 1.15, 0.25, 0.8, 0.035, (4, 5.0), 0.012, (1000, 7000),
                     {150: 0, 1500: 2, 3000: 0, 6000: -9, 12000: -18}),
    "bassoon": Line(36, 65, 1.0, 1.0, 0.6, 0.035, (8, 5.0), 0.01, (500, 6000),
                    {80: -9, 300: 0, 480: 6, 900: -2, 1200: 1, 3000: -9, 9000: -20}),
    "sax": Line(49, 78, 0.85, 0.9, 0.8, 0.03, (22, 5.3), 0.025, (1200, 9000),
                {100: -3, 500: 3, 1200: 2, 2500: 0, 6000: -6, 12000: -14}),
    "violin": Line(55, 86, 1.1, 0.95, 0.35, 0.07, (24, 5.8), 0.02, (1500, 10000),
                   {180: -14, 280: 3, 450: 4, 700: -4, 1200: 0, 2600: 5, 4500: -3, 10000: -12}, True),
    "viola": Line(48, 76, 1.1, 0.95, 0.35, 0.08, (22, 5.5), 0.02, (1200, 9000),
                  {120: -14, 220: 3, 370: 4, 600: -4, 1000: 1, 2200: 3, 4000: -5, 10000: -15}, True),
    "cello": Line(36, 67, 1.15, 0.95, 0.35, 0.09, (20, 5.2), 0.018, (800, 8000),
                  {60: -12, 100: 2, 185: 4, 400: -2, 900: 0, 1800: 3, 3500: -6, 10000: -18}, True),
}  # fmt: skip


def _controls(notes: list[Note], line: Line, frames: int, dt: float, rng: np.random.Generator):
    """Pitch (MIDI) and loudness (0 to 1) at every frame, both [N]: slurs, swells, vibrato."""
    pitch, loud = np.full(frames, float(notes[0].pitch)), np.zeros(frames)
    cents, speed = line.vibrato
    for note in notes:
        first = min(int(note.start / dt), frames - 1)
        last = min(int((note.start + note.duration) / dt), frames)
        t = np.arange(max(last - first, 1)) * dt
        attack = line.attack * rng.uniform(0.7, 1.4) * (0.5 if note.velocity > 0.8 else 1.0)
        swell = 0.85 + 0.25 * np.sin(np.pi * np.clip(t / max(note.duration, 0.1), 0, 1)) * min(
            1.0, note.duration
        )
        shape = np.minimum(1, t / attack) ** 0.7 * swell * np.clip((note.duration - t) / 0.05, 0, 1)
        depth = cents / 100 * np.clip((t - 0.12) / 0.25, 0, 1) * rng.uniform(0.6, 1.2)
        wave = np.sin(2 * np.pi * (speed * rng.uniform(0.93, 1.07) * t + rng.random()))
        loud[first : first + len(t)] = np.maximum(
            loud[first : first + len(t)], (shape * note.velocity)[: frames - first]
        )
        pitch[first:] = note.pitch
        pitch[first : first + len(t)] += (depth * wave)[: frames - first]
    pole = np.exp(-dt / 0.012)
    pitch = pitch[0] + lfilter([1 - pole], [1, -pole], pitch - pitch[0])
    return pitch + gaussian_filter1d(rng.standard_normal(frames), 25) * 0.25, gaussian_filter1d(loud, 2)


def play_line(
    notes: list[Note], instrument: str, seconds: float, sample_rate: float, rng: np.random.Generator
) -> np.ndarray:
    """Play a line -> [T], RMS about 0.1 while it sounds."""
    line, length = LINES[instrument], int(seconds * sample_rate)
    if not notes:
        return np.zeros(length)
    frames = -(-length // _HOP) + 1
    pitch, loud = _controls(sorted(notes, key=lambda n: n.start), line, frames, _HOP / sample_rate, rng)
    grid, at = np.arange(frames), np.arange(length) / _HOP
    hz = hertz(pitch)
    phase = np.cumsum(np.interp(at, grid, hz)) * (2 * np.pi / sample_rate)
    turn = np.exp(1j * phase).astype(np.complex64)
    wave, out = np.ones(length, np.complex64), np.zeros(length, np.float32)
    slope = line.slope + line.soft * (1 - np.clip(loud, 0, 1)) + rng.uniform(-0.1, 0.1)
    for k in range(1, int(13000 / hz.min()) + 1):
        level = k**-slope * loud * (line.even if k % 2 == 0 else 1.0)
        level *= np.clip((0.46 * sample_rate - k * hz) / 2000, 0, 1)
        wave = wave * turn
        flicker = 1 + 0.08 * gaussian_filter1d(rng.standard_normal(frames), 12) * 5
        out += np.interp(at, grid, level * flicker).astype(np.float32) * wave.imag
    noise = band_noise(length, sample_rate, *line.noise_band, rng, 3) * np.interp(at, grid, loud**0.7)
    if line.bowed:  # the bow slips once a period: its noise comes in bursts
        noise *= 0.5 + 0.5 * np.cos(phase)
    sound = equalise(out + line.noise * noise, sample_rate, {20: -30, **line.body})
    return 0.2 * sound
