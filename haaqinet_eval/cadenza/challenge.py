"""What the recipes know of a challenge, whichever it is.

A challenge judges pairs of a scene and a listener. Each adapter (one file per
challenge) says which pairs there are, what reference each ear is compared with,
where a system's files lie, and how its table of scores looks. All that is the same
for every challenge lives in the functions that take a `Challenge`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from ..audiogram import EARS, Listener
from ..errors import InputError, Unscorable
from ..trials import Trial
from .metadata import Table, check_kind, check_name, option

ABSENT = -60.0  # dB


@dataclass(frozen=True)
class Pair:
    """A scene and a listener; for CAD1 task 1, which has no scenes, the scene is the song."""

    scene: str
    song: str
    listener: str


@dataclass(frozen=True, eq=False)
class EarReference:
    """What one ear of a system's output is compared with."""

    samples: np.ndarray  # [T] at HAAQI's sample rate of the challenge, amplified where `equalisation` is 2
    level1: float  # dB SPL that an RMS of 1 means
    seconds: float  # duration of the reference before any amplification adds its tail (s)


@dataclass(frozen=True)
class EnhancedFormat:
    """What a system's files must be like."""

    sample_rate: int  # Hz
    channels: int
    side_car: bool = False  # a `.txt` beside the file holds a factor for its samples


class Challenge(Protocol):
    """The adapter of one challenge."""

    name: str
    listeners: Mapping[str, Listener]
    stems: tuple[str, ...]  # the judged stems in the order of scoring; ("",) where the remix is judged
    equalisation: int  # HAAQI's: 1, it gives the reference NAL-R; 2, the reference is amplified
    sample_rate: int  # Hz, at which HAAQI is given its signals
    enhanced: EnhancedFormat
    small_test_stride: int  # `evaluate.small_test` takes every n-th pair
    columns: tuple[str, ...]  # of the challenge's own table of scores
    metadata_files: tuple[Path, ...]

    def pairs(self) -> list[Pair]:
        """All pairs in the order of the challenge's own recipe."""
        ...

    def seed_name(self, pair: Pair) -> str:
        """What the official seed of a pair is made from."""
        ...

    def enhanced_file(self, pair: Pair, ear: str, stem: str) -> Path:
        """Where a system's output lies, relative to its `enhanced_signals` folder."""
        ...

    def reference(self, pair: Pair, ear: str, stem: str) -> EarReference:
        """The reference of one ear. Raises `Unscorable` where the music cannot be used."""
        ...

    def ear_mixture(self, pair: Pair, ear: str) -> np.ndarray:
        """What there was to process at one ear, [T] at `sample_rate`; amplified as the reference is.

        Raises `Unscorable` where the music cannot be used.
        """
        ...

    def target_gains(self, pair: Pair, stem: str) -> Mapping[str, float]:
        """What the target asks for, dB by stem; `ABSENT` where a stem is to go."""
        ...

    def row(self, pair: Pair, scores: Mapping[tuple[str, str], float]) -> dict[str, object]:
        """The row of a pair in the challenge's own table, from its scores by ear and stem."""
        ...


def scene_listener_pairs(scene_listeners: Table, listeners: Mapping[str, Listener]) -> list[tuple[str, str]]:
    """Scene and listener ids in the order of the file, as pyclarity's `make_scene_listener_list`.

    Raises:
        InputError: for a listener that is unknown, or that stands twice in one scene.
    """
    pairs = []
    for scene in scene_listeners:
        where = f"{scene_listeners.path}: {scene}"
        check_name(scene, where)
        ids = check_kind(scene_listeners[scene], list, where)
        if len(set(map(str, ids))) < len(ids):
            raise InputError(f"{where} lists a listener twice: {', '.join(map(str, ids))}")
        for id in ids:
            if check_name(id, f"{where}: listener") not in listeners:
                raise InputError(f"{where}: listener {id!r} is not in the listeners file")
            pairs.append((scene, id))
    return pairs


def check_listener_names(listeners: Mapping[str, Listener], path: Path) -> None:
    """Refuse a listener whose `name`, which file names use, is not its id."""
    for id, listener in listeners.items():
        if check_name(listener.id, f"{path}: {id}: field 'name'") != id:
            raise InputError(f"{path}: listener {id!r} has the name {listener.id!r}")


def select_pairs(challenge: Challenge, config: Mapping) -> list[Pair]:
    """The pairs that `evaluate.small_test`, `.batch` and `.batch_size` leave.

    `batch_size` is the number of batches, as in pyclarity, and `batch` counts from 0.
    """
    small = option(config, "evaluate.small_test", bool)
    batch, batches = batch_options(config)
    pairs = challenge.pairs()[:: challenge.small_test_stride if small else 1]
    return pairs[batch::batches]


def batch_options(config: Mapping) -> tuple[int, int]:
    """`evaluate.batch` and `evaluate.batch_size`, checked."""
    batch, batches = option(config, "evaluate.batch", int), option(config, "evaluate.batch_size", int)
    if batches < 1:
        raise InputError(f"option evaluate.batch_size is {batches}; it is the number of batches, 1 or more")
    if not 0 <= batch < batches:
        raise InputError(f"option evaluate.batch is {batch}; with {batches} batches it is 0 to {batches - 1}")
    return batch, batches


def pair_trials(challenge: Challenge, pair: Pair, system: str) -> tuple[Trial, ...]:
    """The trials of one pair and system in the order of scoring: left and right, stem by stem."""
    return tuple(
        Trial(challenge.name, system, pair.scene, pair.song, pair.listener, ear, stem)
        for stem in challenge.stems
        for ear in EARS
    )


def expected_keys(
    challenge: Challenge, pairs: Sequence[Pair], systems: Sequence[str], scorers: Mapping[str, str]
) -> list[tuple[str, ...]]:
    """Keys of all rows that a complete results file has; scorers are versions by name."""
    return [
        (t.challenge, t.system, t.scene, t.song, t.listener, t.ear, t.stem, scorer, version)
        for pair in pairs
        for system in systems
        for t in pair_trials(challenge, pair, system)
        for scorer, version in scorers.items()
    ]


def level1_of(reference: np.ndarray) -> float:
    """The challenges' level: an un-amplified reference [T] is heard at 65 dB SPL.

    The mean is taken in the precision of the samples, as pyclarity's `compute_rms` does.

    Raises:
        Unscorable: `silent_reference`.
    """
    rms = np.sqrt(np.mean(np.square(reference)))
    if not rms > 0:
        raise Unscorable("silent_reference", "the reference is silent, so it has no level and no HAAQI")
    return float(65 - 20 * np.log10(rms))
