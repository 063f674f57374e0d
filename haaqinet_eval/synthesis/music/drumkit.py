"""Drums: the sounds of a kit, and the drummer who plays a style's pattern.

A kit's sounds are drawn once a song, in three takes each, so that no two strokes in a
row are the same samples.
"""

from __future__ import annotations

import numpy as np

from .plan import Plan
from .space import add, pan
from .tones import band_noise

_PAN = {"kick": 0.0, "ekick": 0.0, "snare": 0.06, "esnare": 0.0, "hat": 0.38, "openhat": 0.38,
        "ride": -0.42, "crash": -0.5, "tom": -0.2, "rim": 0.15, "clap": 0.0, "shaker": 0.55,
        "tambourine": -0.5, "conga": -0.3, "cowbell": 0.3, "clave": -0.45, "brush": 0.12}  # fmt: skip
_LEVEL = {"kick": 1.0, "ekick": 1.0, "snare": 0.6, "esnare": 0.6, "hat": 0.14, "openhat": 0.1, "ride": 0.07,
          "crash": 0.13, "tom": 0.6, "rim": 0.3, "clap": 0.3, "shaker": 0.12, "tambourine": 0.15,
          "conga": 0.45, "cowbell": 0.14, "clave": 0.22, "brush": 0.14}  # fmt: skip
_VELOCITY = {"X": 1.0, "x": 0.72, "o": 0.36}


def _sweep(t: np.ndarray, low: float, rise: float, speed: float, decay: float) -> np.ndarray:
    """A sine that falls from low + rise to low (Hz) with time constant `speed` (s)."""
    phase = low * t + rise * speed * (1 - np.exp(-t / speed))
    return np.sin(2 * np.pi * phase) * np.exp(-t / decay)


def _metal(t: np.ndarray, base: float, rng: np.random.Generator) -> np.ndarray:
    """Inharmonic partials of a plate, denser upwards, as cymbals have; RMS 1."""
    hz = base * np.sort(rng.uniform(1.0, 5.2, 14))
    out = np.sin(2 * np.pi * (hz[:, None] * t + rng.random((14, 1)))).sum(0)
    return out / (np.sqrt(np.mean(out**2)) + 1e-12)


def _kick(t: np.ndarray, tune: dict, rate: float, rng: np.random.Generator) -> np.ndarray:
    body = _sweep(t, tune["kick"], 3.2 * tune["kick"], 0.018, tune["kick_decay"])
    click = band_noise(len(t), rate, 1500, 6000, rng) * np.exp(-t / 0.004)
    return body + 0.14 * click


def _ekick(t: np.ndarray, tune: dict, rate: float, rng: np.random.Generator) -> np.ndarray:
    body = np.tanh(2.2 * _sweep(t, 0.85 * tune["kick"], 7 * tune["kick"], 0.022, 1.3 * tune["kick_decay"]))
    return body + 0.1 * band_noise(len(t), rate, 3000, 9000, rng) * np.exp(-t / 0.003)


def _snare(t: np.ndarray, tune: dict, rate: float, rng: np.random.Generator) -> np.ndarray:
    hz = tune["snare"]
    head = _sweep(t, hz, 0.4 * hz, 0.01, 0.07) + 0.6 * _sweep(t, 1.59 * hz, 0.2 * hz, 0.01, 0.045)
    wires = band_noise(len(t), rate, 900, 9000, rng, 3) * np.exp(-t / tune["snare_decay"])
    return 0.8 * head + 0.5 * wires


def _esnare(t: np.ndarray, tune: dict, rate: float, rng: np.random.Generator) -> np.ndarray:
    gate = np.where(t < 0.16, 1.0, np.exp(-np.maximum(t - 0.16, 0) / 0.02))
    noise = band_noise(len(t), rate, 500, 11000, rng, 2) * np.exp(-t / 0.11)
    return gate * (0.6 * noise + 0.7 * _sweep(t, tune["snare"], 90, 0.02, 0.08))


def _cymbal(decay: float, low: float, ping: float, wash: float = 0.7):
    def sound(t: np.ndarray, tune: dict, rate: float, rng: np.random.Generator) -> np.ndarray:
        noise = band_noise(len(t), rate, low * tune["bright"], 15000, rng, 6)
        plate = _metal(t, 0.55 * low * tune["bright"], rng)
        return (wash * noise + 0.5 * plate) * np.exp(-t / decay) + ping * plate * np.exp(-t / 0.02)

    return sound


def _clap(t: np.ndarray, tune: dict, rate: float, rng: np.random.Generator) -> np.ndarray:
    burst = sum(np.where(t >= d, np.exp(-(t - d) / 0.006), 0) for d in (0, 0.011, 0.023))
    tail = np.where(t >= 0.03, np.exp(-(t - 0.03) / 0.07), 0)
    return band_noise(len(t), rate, 900, 4500, rng, 3) * (burst + 0.7 * tail)


def _grains(attack: float, decay: float, low: float):
    def sound(t: np.ndarray, tune: dict, rate: float, rng: np.random.Generator) -> np.ndarray:
        shape = np.minimum(t / attack, 1) * np.exp(-np.maximum(t - attack, 0) / decay)
        jingle = _metal(t, low, rng) if low > 5000 else 0.0
        return shape * (band_noise(len(t), rate, low, 14000, rng, 5) + 0.5 * jingle)

    return sound


def _skin(name: str, ratio: float, decay: float, slap: float):
    def sound(t: np.ndarray, tune: dict, rate: float, rng: np.random.Generator) -> np.ndarray:
        hz = tune[name]
        body = _sweep(t, hz, 0.35 * hz, 0.03, decay) + 0.35 * _sweep(t, ratio * hz, 0, 1, 0.5 * decay)
        return body + slap * band_noise(len(t), rate, 700, 7000, rng) * np.exp(-t / 0.008)

    return sound


def _block(hz: tuple[float, ...], decay: float):
    def sound(t: np.ndarray, tune: dict, rate: float, rng: np.random.Generator) -> np.ndarray:
        tones = sum(np.sin(2 * np.pi * f * tune["bright"] * t) for f in hz)
        return tones * np.exp(-t / decay) + 0.4 * band_noise(len(t), rate, 2000, 10000, rng) * np.exp(
            -t / 0.002
        )

    return sound


_SOUNDS = {  # name -> (sound, seconds)
    "kick": (_kick, 0.5), "ekick": (_ekick, 0.6), "snare": (_snare, 0.5), "esnare": (_esnare, 0.4),
    "hat": (_cymbal(0.035, 6500, 0.0), 0.2), "openhat": (_cymbal(0.2, 6000, 0.0), 0.7),
    "ride": (_cymbal(0.35, 4800, 1.2, 0.3), 1.4), "crash": (_cymbal(0.8, 3200, 0.4), 2.4),
    "tom": (_skin("tom", 1.6, 0.2, 0.15), 0.7), "rim": (_block((1650, 2450), 0.012), 0.1),
    "clap": (_clap, 0.4), "shaker": (_grains(0.02, 0.025, 4500), 0.15),
    "tambourine": (_grains(0.003, 0.07, 5500), 0.35), "conga": (_skin("conga", 2.2, 0.13, 0.22), 0.4),
    "cowbell": (_block((562, 845, 1690), 0.06), 0.35), "clave": (_block((2480, 2510), 0.03), 0.15),
    "brush": (_grains(0.03, 0.06, 1400), 0.3),
}  # fmt: skip


def _tuning(rng: np.random.Generator) -> dict[str, float]:
    """How this kit is tuned: Hz of skins, decays in s, `bright` a factor on the metal."""
    return {"kick": rng.uniform(44, 62), "kick_decay": rng.uniform(0.09, 0.2),
            "snare": rng.uniform(160, 230), "snare_decay": rng.uniform(0.06, 0.15),
            "tom": rng.uniform(85, 150), "conga": rng.uniform(180, 300),
            "bright": rng.uniform(0.85, 1.2)}  # fmt: skip


def _fill(plan: Plan, pattern: dict[str, str], rng: np.random.Generator) -> dict[str, str]:
    """A one-bar ending: snare and toms, or the kit's own hand drums, run over the last beats."""
    drums = [name for name in pattern if name in ("tom", "conga")]
    first, second = (drums[0], drums[-1]) if drums else ("snare", "tom")
    start = plan.style.steps - int(rng.choice((4, 8)))
    run = "".join(rng.choice(list("xXxo.")) for _ in range(plan.style.steps - start))
    cut = int(rng.integers(1, len(run)))
    return {first: "." * start + run[:cut].ljust(len(run), "."), second: "." * (start + cut) + run[cut:]}


def play_drums(plan: Plan, sample_rate: float, rng: np.random.Generator) -> np.ndarray:
    """The drum part -> [T, 2], before reverberation."""
    pattern = plan.style.drums[rng.integers(len(plan.style.drums))]
    tune, takes = _tuning(rng), {}
    out = np.zeros((int(plan.duration * sample_rate), 2))

    def strike(name: str, bar: int, step: float, velocity: float) -> None:
        if name not in takes:
            sound, seconds = _SOUNDS[name]
            t = np.arange(int(seconds * sample_rate)) / sample_rate
            fade = np.minimum(1, (seconds - t) / 0.02)
            takes[name] = [pan(sound(t, tune, sample_rate, rng) * fade, _PAN[name]) for _ in range(3)]
        time = max(0.0, plan.time(bar, step) + rng.normal(0, 0.004))
        gain = _LEVEL[name] * velocity**1.3 * np.exp(rng.normal(0, 0.12))
        add(out, takes[name][rng.integers(3)], time, sample_rate, gain)

    fill = bool(rng.random() < 0.8)
    for bar in plan.bars:
        now = pattern
        if bar.fill and fill:
            keep = {k: v for k, v in pattern.items() if k not in ("snare", "esnare", "clap")}
            now = {**keep, **_fill(plan, pattern, rng)}
        cymbals = "hat" in pattern or "openhat" in pattern
        if bar.index and plan.bars[bar.index - 1].fill and cymbals and rng.random() < 0.7:
            strike("crash", bar.index, 0, 0.9)
        for name, marks in now.items():
            for step, mark in enumerate(marks[: plan.style.steps]):
                if mark in _VELOCITY and not (mark == "o" and rng.random() > 0.3 + 0.7 * bar.energy):
                    strike(name, bar.index, step, _VELOCITY[mark] * (0.75 + 0.25 * bar.energy))
    return out
