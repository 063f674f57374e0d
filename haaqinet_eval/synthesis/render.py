"""Renders synthetic trials: one clip, one ear, several processing conditions.

A group is a function of (seed, split, number): rendering it again gives the same signals, so that
a run that was killed goes on where it was. Training music is varied by mixing, production EQ and a
change of pitch and tempo: it stays clean music, because labels are computed, not collected.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..audio import resample
from ..audiogram import Audiogram
from ..errors import Unscorable
from ..nalr import NalR
from ..trials import Trial
from . import conditions, hearing_losses
from .clips import SPLITS, Clip, load_excerpt, mix_to
from .degradations import resonances, tilt
from .music import STYLES, make_song
from .production import produce
from .variation import varied

SAMPLE_RATE = 24_000  # Hz, HAAQI's own
NFIR = 140  # order of the NAL-R filter at that rate, as HAAQI's
CHALLENGE = "synthetic"


@dataclass(frozen=True)
class Plan:
    """What to render."""

    seconds: float = 6.0  # of each clip
    conditions: int = 6  # per clip and ear
    augment: float = 0.5  # chance of each change to training music; 0 for none
    procedural: float = 0.0  # chance that training music is procedural
    production: float = 0.0  # chance that training music gets what producers do (`production`)
    mixing: float = 0.7  # times `augment`: chance that training music is two songs at once
    vary: float = 0.0  # chance that a training group's settings and loss are of no table (`variation`)
    only: tuple[str, ...] = ()  # names or kinds of conditions to draw from; empty for all
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Group:
    """Several systems' renderings of one clip for one ear."""

    trials: tuple[Trial, ...]  # one per condition; `system` is the condition's name
    processed: np.ndarray  # [N, T] at `SAMPLE_RATE`, with amplification
    reference: np.ndarray  # [T], the clean clip with the ear's own NAL-R (equalisation 2)
    audiogram: Audiogram
    level1: float  # dB SPL of RMS 1
    genre: str


def split_order(number: int) -> tuple[str, int]:
    """Which split the group at a place of the queue belongs to, and its number there.

    Of twenty, sixteen train, two validation, two test: what exists is always a usable set.

    >>> [split_order(n)[0] for n in (0, 1, 5, 10, 15)]
    ['test', 'train', 'validation', 'test', 'validation']
    """
    place = {0: ("test", 0), 5: ("validation", 0), 10: ("test", 1), 15: ("validation", 1)}
    block, within = divmod(number, 20)
    if within in place:
        split, n = place[within]
        return split, 2 * block + n
    return "train", 16 * block + within - 1 - sum(p < within for p in (5, 10, 15))


def render_places(
    render: Callable[[str, int], object], places: Iterable[int], splits: Container[str] = SPLITS
) -> None:
    """Call a renderer with split and number of the places in some splits; says which it must leave out."""
    for split, number in map(split_order, places):
        if split not in splits:
            continue
        try:
            render(split, number)
        except Unscorable as error:
            print(f"{split} {number}: left out: {error}")


def _fit(signal: np.ndarray, length: int) -> np.ndarray:
    """RMS 1 and the wanted length; a short signal is repeated."""
    signal = np.resize(signal, length)
    return signal / np.sqrt(np.mean(signal**2))


def _varied(signal: np.ndarray, length: int, chance: float, rng: np.random.Generator) -> np.ndarray:
    """Production EQ and a change of pitch and tempo by resampling, each with some chance."""
    if rng.random() < chance:
        factor = 2 ** rng.uniform(-0.25, 0.25)
        signal = resample(signal, SAMPLE_RATE, SAMPLE_RATE * factor)
    if rng.random() < chance:
        signal = tilt(signal, SAMPLE_RATE, rng, slope=rng.uniform(-1.0, 1.0))
    if rng.random() < chance:
        centers = tuple(np.exp(rng.uniform(np.log(80), np.log(9000), rng.integers(1, 3))))
        signal = resonances(
            signal,
            SAMPLE_RATE,
            rng,
            centers=centers,
            gain_db=rng.uniform(-4, 4),
            octaves=rng.uniform(0.4, 1.0),
        )
    return _fit(signal, length)


def procedural_music(seconds: float, sample_rate: float, rng: np.random.Generator) -> np.ndarray:
    """A procedural song, one channel [T] at Hz: a random style, stems at random gains."""
    style = list(STYLES)[rng.integers(len(STYLES))]
    stems = make_song(seed=int(rng.integers(2**31)), style=style, duration=seconds)
    signals = [stem.mean(1) for stem in stems.values() if np.any(stem)]
    mixed = mix_to(signals, rng.uniform(-9, 3, len(signals)).tolist())
    return resample(mixed, 44_100, sample_rate)


def clean_music(clips: Sequence[Clip], plan: Plan, rng: np.random.Generator) -> tuple[np.ndarray, str, str]:
    """Clean music of RMS 1, [T]; what it is made of; its genre. Only training music is varied."""
    length = round(plan.seconds * SAMPLE_RATE)
    vary = plan.augment if clips[0].split == "train" else 0.0
    if vary and rng.random() < plan.procedural:
        song = procedural_music(plan.seconds * 1.2, SAMPLE_RATE, rng)
        return _varied(song, length, vary, rng), "procedural", "procedural"
    count = 1 + (rng.random() < vary * plan.mixing)
    chosen = [clips[rng.integers(len(clips))] for _ in range(count)]
    parts = []
    for clip in chosen:
        excerpt = load_excerpt(clip, plan.seconds * 1.2, SAMPLE_RATE, rng)
        if not np.any(excerpt):
            raise Unscorable("silent_reference", f"{clip.path}: silent where it was cut")
        parts.append(_varied(excerpt, length, vary, rng))
    signal = mix_to(parts, [0.0, rng.uniform(-12, 3)][:count])
    if vary and plan.production and rng.random() < plan.production:
        signal = produce(signal, SAMPLE_RATE, rng)
    return _fit(signal, length), "+".join(c.path.stem for c in chosen), chosen[0].genre


def render(
    clips: Sequence[Clip],
    split: str,
    number: int,
    plan: Plan,
    among: Mapping[str, conditions.Condition] = conditions.CONDITIONS,
    shares: Mapping[str, float] = conditions.SHARES,
    ears: Callable[[str, np.random.Generator], tuple[str, Audiogram]] = hearing_losses.draw,
) -> Group:
    """One group of trials from clips of one split, in conditions of a table.

    Args:
        clips, split, number, plan: what it is a function of.
        among: the table.
        shares: how often groups of its conditions come up, see `conditions.draw`.
        ears: draws hearing losses of a split.
    """
    rng = np.random.default_rng([plan.seed, SPLITS.index(split), number])
    clean, song, genre = clean_music(clips, plan, rng)
    vary = bool(plan.vary) and split == "train" and rng.random() < plan.vary
    listener, audiogram = hearing_losses.draw_varied(rng) if vary else ears(split, rng)
    level1 = 65.0 if rng.random() < 0.5 else float(rng.uniform(50, 80))
    nalr = NalR(NFIR, SAMPLE_RATE)
    fittings = {"own": audiogram, "none": None, "other": ears(split, rng)[1]}
    chosen = conditions.draw(plan.conditions, rng, plan.only, among, shares)
    if vary:
        chosen = [varied(condition, rng) for condition in chosen]
    processed = []
    for condition in chosen:
        signal, ear = condition.process(clean, SAMPLE_RATE, rng), fittings[condition.fitting]
        processed.append(condition.finish(nalr.amplify(ear, signal) if ear else signal, SAMPLE_RATE, rng))
    scene = f"{split}-{number:05d}"
    trials = tuple(Trial(CHALLENGE, c.name, scene, song, listener, "left") for c in chosen)
    return Group(trials, np.array(processed), nalr.amplify(audiogram, clean), audiogram, level1, genre)
