"""Scenes to rebalance: stems of one song for one ear, the gains that are asked for, and the target.

Three kinds, as the three challenges have them:

- `remix` (ICASSP 2024): vocals, drums, bass and other; one to three of them by +-3, +-6 or +-10 dB;
  the target is as loud as the mixture.
- `duet` (CAD2 task 2): two or three sources without names; the target gives back the mean power gain.
- `stem` (CAD1 task 1): one stem is the target, the others are to go (`ABSENT` dB).

Half of the music is procedural; the rest are pseudo-songs of unrelated real clips, each filtered
towards its role: the timbres are real, the ensemble is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import signal as sps
from scipy.ndimage import median_filter

from ..audio import resample, rms
from ..errors import Unscorable
from .clips import Clip, load_excerpt
from .music import loudness, make_chamber, make_song
from .render import SAMPLE_RATE

ROLES = ("vocals", "drums", "bass", "other")
KINDS = ("remix", "duet", "stem")
SHARES = (0.6, 0.25, 0.15)  # of the kinds
ABSENT = -60.0  # dB, the gain of a stem that is to go
UNCHANGED = 0.07  # share of remixes that ask for nothing
STEPS = (-10.0, -6.0, -3.0, 3.0, 6.0, 10.0)  # dB, the challenges' gains
_BALANCE = {"vocals": 0.0, "drums": -2.0, "bass": -4.0, "other": -4.0}  # dB in a pseudo-song
_SINGS = ("vocal-rock", "vocal-folk", "vocal-electronic", "choral")
_BEATS = ("electronic", "rock", "hip-hop", "pop", "latin", "vocal-rock", "vocal-electronic")

Array = np.ndarray
Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class Scene:
    """What is to be rebalanced."""

    kind: str  # of `KINDS`
    song: str
    origin: str  # "procedural" or "clips"
    stems: Mapping[str, Array]  # [T] each, at `SAMPLE_RATE`
    gains: Mapping[str, float]  # dB by stem

    @cached_property
    def mixture(self) -> Array:
        """Sum of the stems [T]."""
        return np.sum(list(self.stems.values()), axis=0)

    @cached_property
    def target(self) -> Array:
        """What the challenge wants [T]."""
        return self.mix(self.stems, self.gains)

    @property
    def level1(self) -> float:
        """dB SPL of RMS 1: the target is heard at 65 dB SPL before amplification."""
        return 65.0 - 20 * np.log10(rms(self.target))

    def mix(self, stems: Mapping[str, Array], gains: Mapping[str, float]) -> Array:
        """Stems with gains (dB), at the level that the kind of scene prescribes: [T]."""
        total = np.sum([10 ** (gains[name] / 20) * stem for name, stem in stems.items()], axis=0)
        if self.kind == "remix":
            total = total * 10 ** ((self._loudness(self.mixture) - self._loudness(total)) / 20)
        if self.kind == "duet":
            total = total / np.sqrt(np.mean([10 ** (gains[name] / 10) for name in stems]))
        return total

    @staticmethod
    def _loudness(x: Array) -> float:
        return max(loudness(x[:, None], SAMPLE_RATE), -80.0)


def draw_gains(kind: str, stems: Sequence[str], rng: Rng) -> dict[str, float]:
    """Target gains (dB) of a kind of scene."""
    gains = dict.fromkeys(stems, 0.0)
    if kind == "stem":
        return dict.fromkeys(stems, ABSENT) | {str(rng.choice(list(stems))): 0.0}
    if kind == "remix":
        count = 0 if rng.random() < UNCHANGED else rng.integers(1, 4)
        for name in rng.choice(list(stems), count, replace=False):
            gains[str(name)] = float(rng.choice(STEPS))
        return gains
    while len(set(gains.values())) == 1:
        gains = {name: float(rng.choice((0.0, *STEPS))) for name in stems}
    return gains


def percussive(x: Array) -> Array:
    """What is short in time and wide in frequency: [T] -> [T] (median filters, Fitzgerald 2010)."""
    z = sps.stft(x, nperseg=1024, noverlap=512)[2]
    power = np.abs(z)
    across, along = median_filter(power, (17, 1)) ** 2, median_filter(power, (1, 17)) ** 2
    out = sps.istft(z * across / (across + along + 1e-12), nperseg=1024, noverlap=512)[1]
    return np.pad(out, (0, max(len(x) - len(out), 0)))[: len(x)]


def _filtered(role: str, x: Array) -> Array:
    if role == "drums":
        return percussive(x)
    kind, hz = ("lowpass", 220.0) if role == "bass" else ("highpass", 150.0)
    return sps.sosfilt(sps.butter(4, hz, kind, fs=SAMPLE_RATE, output="sos"), x)


def _excerpt(clips: Sequence[Clip], seconds: float, rng: Rng) -> tuple[Array, str]:
    clip = clips[rng.integers(len(clips))]
    x = np.resize(load_excerpt(clip, seconds, SAMPLE_RATE, rng), round(seconds * SAMPLE_RATE))
    return x / (rms(x) or 1.0), clip.path.stem


def _pseudo_song(kind: str, clips: Sequence[Clip], seconds: float, rng: Rng) -> tuple[dict[str, Array], str]:
    """Stems of unrelated clips, and their names."""
    if kind == "duet":
        parts = [_excerpt(clips, seconds, rng) for _ in range(rng.integers(2, 4))]
        scaled = {f"source_{i}": 10 ** (rng.uniform(-6, 0) / 20) * x for i, (x, _) in enumerate(parts, 1)}
        return scaled, "+".join(name for _, name in parts)
    stems, names = {}, []
    for role in ROLES:
        wanted = {"vocals": _SINGS, "drums": _BEATS}.get(role)
        fitting = [clip for clip in clips if not wanted or clip.genre in wanted] or clips
        x, name = _excerpt(fitting, seconds, rng)
        x = _filtered(role, x)
        stems[role] = x / (rms(x) + 1e-9) * 10 ** ((_BALANCE[role] + rng.normal(0, 2.5)) / 20)
        names.append(name)
    return stems, "+".join(names)


def _procedural(kind: str, seconds: float, rng: Rng) -> tuple[dict[str, Array], str]:
    """Stems of a procedural song or chamber piece, and its name."""
    seed = int(rng.integers(2**31))
    if kind == "duet":
        stems = make_chamber(seed, n_voices=int(rng.integers(2, 4)), duration=seconds + 0.1)
    else:
        stems = make_song(seed, duration=seconds + 0.1)
    channel, length = int(rng.integers(2)), round(seconds * SAMPLE_RATE)
    return {
        name: resample(np.ascontiguousarray(x[:, channel]), 44_100, SAMPLE_RATE)[:length]
        for name, x in stems.items()
    }, f"procedural-{seed}"


def make_stems(
    kind: str, clips: Sequence[Clip], seconds: float, procedural: float, rng: Rng
) -> tuple[dict[str, Array], str, str]:
    """Stems [T] by name, the song's name and its origin; sounds end inside the clip.

    Raises:
        Unscorable: silent_reference, a stem is silent.
    """
    made = rng.random() < procedural
    stems, name = _procedural(kind, seconds, rng) if made else _pseudo_song(kind, clips, seconds, rng)
    length, edge = min(map(len, stems.values())), SAMPLE_RATE // 50
    fade = np.minimum(1.0, np.minimum(np.arange(length), np.arange(length)[::-1]) / edge)
    for role, x in stems.items():
        if rms(x[:length]) < 1e-5:
            raise Unscorable("silent_reference", f"{name}: {role} is silent")
    return {role: x[:length] * fade for role, x in stems.items()}, name, "procedural" if made else "clips"
