"""Problems to tune on: held-out music that something is wrong with, and what may be turned to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..audio import resample
from ..audiogram import Audiogram
from ..errors import InputError
from ..nalr import NalR
from ..synthesis import hearing_losses
from ..synthesis.clips import Clip, load_excerpt, read_index
from ..synthesis.degradations import babble_noise, resonances, tilt
from ..synthesis.music import STYLES, make_song
from ..synthesis.render import NFIR, SAMPLE_RATE
from .controls import Equaliser, Gains, Mask

Array = np.ndarray
LEVEL1 = 65.0  # dB SPL of RMS 1; clean music has RMS 1 before amplification
_FIRST_SEED = {"validation": 2**31, "test": 2**31 + 10_000}  # training draws its songs' seeds below 2^31
_PATTERN = {"validation": 8, "test": 9}  # hearing-loss patterns that no training trial has


@dataclass(frozen=True, eq=False)
class Song:
    """Clean music in parts that add up to it, RMS 1 in all."""

    name: str
    parts: Array  # [K, T] at `SAMPLE_RATE`; K is 1 for a clip


@dataclass(frozen=True, eq=False)
class Task:
    """One ear, one song, one fault."""

    kind: str
    song: str
    listener: str
    audiogram: Audiogram
    parts: Array  # [K, T] with the ear's amplification: what the control starts from
    clean: Array  # [T] with the ear's amplification: HAAQI's reference
    control: Callable[[torch.Tensor, float], nn.Module]


def _tilted(parts: Array, rng: np.random.Generator) -> Array:
    return tilt(parts.sum(0), SAMPLE_RATE, rng, slope=float(rng.choice([-3.0, 3.0])))[None]


def _resonant(parts: Array, rng: np.random.Generator) -> Array:
    return resonances(parts.sum(0), SAMPLE_RATE, rng, centers=(500, 2000), gain_db=12, octaves=0.4)[None]


def _untouched(parts: Array, rng: np.random.Generator) -> Array:
    return parts.sum(0)[None]


def _noisy_parts(parts: Array, rng: np.random.Generator) -> Array:
    noise = babble_noise(parts.shape[1], SAMPLE_RATE, rng)
    return np.vstack([parts, 10 ** (-5 / 20) * noise / np.std(noise)])


def _unbalanced(parts: Array, rng: np.random.Generator) -> Array:
    wrong = rng.permutation(np.resize([-10.0, 6.0, 0.0, -6.0], len(parts)))
    return 10 ** (wrong[:, None] / 20) * parts


# kind -> what is wrong, what is turned, and how many parts a song must have for it
_KINDS: dict[str, tuple[Callable[[Array, np.random.Generator], Array], type[nn.Module], int]] = {
    "tilt": (_tilted, Equaliser, 1),  # a spectral tilt of 3 dB an octave; an equaliser
    "resonances": (_resonant, Equaliser, 1),  # two peaks of 12 dB; an equaliser
    "untouched": (_untouched, Equaliser, 1),  # nothing is wrong: what is changed is harm
    "noise": (_noisy_parts, Gains, 1),  # babble at 5 dB, apart: gains of parts and babble
    "noise_mask": (_noisy_parts, Mask, 1),  # the same, mixed: a soft mask
    "remix": (_unbalanced, Gains, 2),  # stems 16 dB out of balance; their gains
}
KINDS = tuple(_KINDS)


def procedural_songs(split: str, count: int, seconds: float) -> Iterator[Song]:
    """Made-up songs in stems, with seeds that training never draws."""
    for number in range(count):
        style = list(STYLES)[number % len(STYLES)]
        stems = make_song(seed=_FIRST_SEED[split] + number, style=style, duration=seconds)
        sounding = [stem.mean(1) for stem in stems.values() if np.any(stem)]
        parts = np.array([resample(stem, 44_100, SAMPLE_RATE) for stem in sounding])
        yield Song(f"{style}-{number}", parts / np.std(parts.sum(0)))


def clip_songs(clips: Sequence[Clip], split: str, count: int, seconds: float) -> Iterator[Song]:
    """Excerpts of clips of a split, of as many artists as there are, one part each.

    Raises:
        InputError: if the split has fewer clips than `count`.
    """
    own = [clip for clip in clips if clip.split == split]
    rng = np.random.default_rng(0)
    artists = {clip.artist: clip for clip in own}  # one clip each, then any
    order = [*artists.values(), *(clip for clip in own if clip is not artists[clip.artist])]
    if len(order) < count:
        raise InputError(f"data.songs: {count} clips are wanted; split {split} has {len(order)}")
    chosen = rng.permutation(max(count, len(artists)))[:count]
    for clip in (order[n] for n in chosen):
        signal = load_excerpt(clip, seconds, SAMPLE_RATE, rng)
        yield Song(clip.path.stem, (signal / np.std(signal))[None])


def make_songs(root: str | Path | None, index: str, split: str, count: int, seconds: float) -> list[Song]:
    """Procedural songs, or clips of the folder `root` with its index.

    Raises:
        InputError: for another split than validation or test, or a bad folder.
    """
    if split not in _PATTERN:
        raise InputError(f"split {split!r} is none of {', '.join(_PATTERN)}: nets may have learnt the others")
    if root is None:
        return list(procedural_songs(split, count, seconds))
    return list(clip_songs(read_index(root, index), split, count, seconds))


def make_tasks(
    songs: Sequence[Song], split: str, families: Sequence[str], kinds: Sequence[str]
) -> list[Task]:
    """Every kind, for every song and an ear of every family of hearing losses.

    Args:
        kinds: of `KINDS`; empty for all that the songs allow.

    Raises:
        InputError: for an unknown kind or family, or a kind that needs stems that a song lacks.
    """
    unknown = set(kinds) - set(KINDS)
    if unknown:
        raise InputError(f"kinds {', '.join(sorted(unknown))} are unknown; known: {', '.join(KINDS)}")
    tasks = []
    for kind in kinds or KINDS:
        for song in songs:
            if len(song.parts) < _KINDS[kind][2]:
                if kinds:
                    raise InputError(f"kind {kind}: song {song.name} has no stems")
                continue
            tasks += [_task(kind, song, family, _PATTERN[split]) for family in families]
    return tasks


def _task(kind: str, song: Song, family: str, number: int) -> Task:
    spoil, control, _ = _KINDS[kind]
    audiogram = hearing_losses.pattern(family, number)
    nalr = NalR(NFIR, SAMPLE_RATE)
    rng = np.random.default_rng([KINDS.index(kind), len(song.name), sum(map(ord, song.name))])
    parts = np.array([nalr.amplify(audiogram, part) for part in spoil(song.parts, rng)])
    clean = nalr.amplify(audiogram, song.parts.sum(0))
    return Task(kind, song.name, f"{family}-{number:02d}", audiogram, parts, clean, control)
