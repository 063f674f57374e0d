"""A song in four stems: the band plays the plan, the engineer mixes."""

from __future__ import annotations

import zlib

import numpy as np

from ...errors import InputError
from .drumkit import play_drums
from .instruments import make_player, render
from .levels import compress_gain, limit_gain, loudness, saturate
from .lines import LINES, play_line
from .parts import bass_figure, chord_figure, melody
from .plan import Bar, Plan, make_plan
from .space import Reverb, pan, room
from .styles import STYLES
from .theory import Note
from .tones import equalise
from .voice import harmonise, make_singer, sing

STEMS = ("vocals", "drums", "bass", "other")
_CENTRES = {"lead": 74, "scratch": 64, "montuno": 70, "stab": 67, "skank": 64}  # MIDI; others 60
_WIDTHS = {"piano": 0.35, "pad": 0.5, "strings": 0.5, "organ": 0.2, "epiano": 0.25}
_BALANCE = {"vocals": 0.0, "drums": -2.0, "bass": -4.5, "other": -4.5}  # LUFS against the voice


def _vocals(plan: Plan, rate: float, rng: np.random.Generator) -> np.ndarray:
    kind = plan.style.voices[rng.integers(len(plan.style.voices))]
    singer = make_singer(kind, rng)
    notes = melody(plan, singer.low + 2, singer.high - 2, rng)
    out = pan(sing(notes, singer, plan.duration, rate, rng), rng.uniform(-0.05, 0.05))
    chorus = [n for n in notes if _bar_of(plan, n.start).section == "chorus"]
    if chorus and rng.random() < plan.style.harmony:
        for side, steps in ((-0.5, 2), (0.5, int(rng.choice((-2, 2))))):
            second = sing(harmonise(chorus, plan.key, plan.scale, steps), singer, plan.duration, rate, rng)
            out += pan(0.4 * second, side)
    return out


def _bar_of(plan: Plan, time: float) -> Bar:
    index = int(time / (plan.step * plan.style.steps))
    return plan.bars[min(index, len(plan.bars) - 1)]


def _bass(plan: Plan, rate: float, rng: np.random.Generator) -> np.ndarray:
    figure = bass_figure(plan.style.bass[rng.integers(len(plan.style.bass))])
    player = make_player(plan.style.bass_tone[rng.integers(len(plan.style.bass_tone))], rng)
    notes = figure(plan, rng.uniform(31, 38), rng)
    out = saturate(render(notes, player, plan.duration, rate, 0.0, 0.0, rng), rng.uniform(0.3, 1.5))
    return equalise(
        out, rate, {25: -20, 40: 0, 250: 0, 800: rng.uniform(-2, 2), 3000: rng.uniform(-3, 3), 12000: -6}
    )


def _layer(plan: Plan, name: str, position: float, rate: float, rng: np.random.Generator) -> np.ndarray:
    """One accompanying instrument, "instrument:figure" -> [T, 2], loudness -20 LUFS."""
    tone, figure = name.split(":")
    centre = _CENTRES.get(figure, 60) + rng.uniform(-3, 3)
    notes = chord_figure(figure)(plan, centre, rng)
    if tone in LINES:
        out = pan(play_line(notes, tone, plan.duration, rate, rng), position)
    elif tone == "overdrive":
        out = _overdrive(plan, figure, notes, position, rate, rng)
    else:
        player = make_player(tone, rng)
        out = render(notes, player, plan.duration, rate, position, _WIDTHS.get(tone, 0.1), rng)
    return out * 10 ** ((-20 - max(loudness(out, rate), -60)) / 20)


def _overdrive(plan: Plan, figure: str, notes: list[Note], position: float, rate: float, rng) -> np.ndarray:
    """An electric guitar through a driven amplifier and its cabinet; chords are doubled left and right."""
    drive = rng.uniform(2.5, 9.0) if figure != "lead" else 6.0
    low = [n for n in notes if figure == "lead" or n.pitch < 64]
    out = np.zeros((int(plan.duration * rate), 2))
    for side in (position,) if figure == "lead" else (-0.8, 0.8):
        dry = render(low, make_player("steel", rng), plan.duration, rate, 0.0, 0.0, rng)[:, 0]
        wet = saturate(dry, drive)
        cabinet = {60: -18, 110: 0, 400: -2, 2500: 5, 4500: 0, 7000: -14, 12000: -30}
        out += pan(equalise(wet, rate, cabinet), side)
    return out


def _other(plan: Plan, rate: float, rng: np.random.Generator) -> np.ndarray:
    names = plan.style.layers[rng.integers(len(plan.style.layers))]
    sides = rng.permutation([-0.45, 0.4, 0.1])
    layers = [
        _layer(plan, n, s, rate, rng) * 10 ** (rng.uniform(-3, 1) / 20)
        for n, s in zip(names, sides, strict=False)
    ]
    return sum(layers)


def _mix(
    stems: dict[str, np.ndarray], plan: Plan, rate: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Room, tone and balance of each stem."""
    length = len(stems["vocals"])
    reverb = Reverb(room(rate, rng.uniform(*plan.style.room), rng), length)
    wets = {"vocals": 1.0, "drums": 0.6, "bass": 0.1, "other": 0.8}
    out = {}
    for name, dry in stems.items():
        level = max(loudness(dry, rate), -70.0)
        dry = dry * 10 ** ((-20 - level) / 20)
        if name in ("vocals", "drums"):
            dry = dry * compress_gain(dry, rate, rng.uniform(1.5, 3), 0.08)[:, None]
        wet = reverb(dry, plan.style.wet * wets[name] * rng.uniform(0.6, 1.4))
        tone = {
            30: -6,
            60: 0,
            400: 0,
            2000: rng.uniform(-1, 2),
            6000: rng.uniform(-2, 2),
            12000: rng.uniform(-3, 2),
        }
        wet = equalise(wet, rate, tone)
        target = -20 + _BALANCE[name] + rng.normal(0, 1.3) + (plan.style.drum_level if name == "drums" else 0)
        out[name] = wet * 10 ** ((target - max(loudness(wet, rate), -70.0)) / 20)
    return out


def _master(stems: dict[str, np.ndarray], rate: float, lufs: float) -> dict[str, np.ndarray]:
    """Compress and limit the mixture by one gain curve, applied to every stem: the sum stays a sum."""
    mixture = sum(stems.values())
    edge = np.minimum(1, np.minimum(np.arange(len(mixture)), np.arange(len(mixture))[::-1]) / (0.01 * rate))
    gain = compress_gain(mixture, rate, 1.6, 0.1) * edge
    gain *= 10 ** ((lufs - loudness(mixture * gain[:, None], rate)) / 20)
    limit = limit_gain(mixture * gain[:, None], rate, 0.88)
    return {name: stem * (gain * limit)[:, None] for name, stem in stems.items()}


def make_song(
    seed: int, style: str | None = None, duration: float = 10.0, sample_rate: int = 44100
) -> dict[str, np.ndarray]:
    """Compose and play a song.

    Key, tempo, chords, melody, players, room and mix are drawn from the seed. The mixture is the
    plain sum of the stems; its loudness is -16 to -20 LUFS, its peak below 0.9.

    Args:
        seed: any non-negative integer; the same arguments give the same samples.
        style: one of `STYLES`; None draws one.
        duration: s, from 1 s on.
        sample_rate: Hz, 16 kHz and above.

    Returns:
        `vocals`, `drums`, `bass`, `other`: [T, 2] float64, full scale 1.

    Raises:
        InputError: for an unknown style (lists the known ones) or a duration below 1 s.
    """
    if style is not None and style not in STYLES:
        raise InputError(f"style {style!r} is unknown; known: {', '.join(STYLES)}")
    if duration < 1 or sample_rate < 16000:
        raise InputError(f"a song of {duration:g} s at {sample_rate:g} Hz: at least 1 s and 16000 Hz")
    chooser = np.random.default_rng([seed, 7])
    style = style or list(STYLES)[chooser.integers(len(STYLES))]
    rngs = np.random.default_rng([seed, zlib.crc32(style.encode())]).spawn(6)
    plan = make_plan(STYLES[style], duration, rngs[0])
    dry = {
        "vocals": _vocals(plan, sample_rate, rngs[1]),
        "drums": play_drums(plan, sample_rate, rngs[2]),
        "bass": _bass(plan, sample_rate, rngs[3]),
        "other": _other(plan, sample_rate, rngs[4]),
    }
    mixed = _mix(dry, plan, sample_rate, rngs[5])
    return _master(mixed, sample_rate, float(rngs[5].uniform(-19.5, -16.0)))
