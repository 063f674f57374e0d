"""What the recipes know of a challenge, whichever it is.

A challenge judges pairs of a scene and a listener. Each adapter (one file per
challenge) says which pairs there are, what reference each ear is compared with,
where a system's files lie, and how its table of scores looks. All that is the same
for every challenge lives in the functions that take a `Challenge`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..audiogram import EARS, Listener
from ..errors import InputError, Unscorable
from ..io.names import plain_number
from ..scores import Score
from ..trials import Trial
from .metadata import Table, check_kind, check_name, option
from .submitted import SubmissionFile

ABSENT = -60.0  # dB
SHOWN = 10  # names that a message lists
GAIN_LIMITS = (ABSENT, 40.0)  # dB; the challenges' own are -10 to 10


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


@dataclass(frozen=True, eq=False)
class PairScores:
    """All scores that a system has for a pair, of all scorers; failed trials have none."""

    scorer: str  # whose table is being written; every trial of the pair has a score of it
    rows: Mapping[tuple[str, str, str], Score]  # scorer, ear, stem -> row with a score

    def value(self, ear: str, stem: str = "", scorer: str = "") -> float | None:
        """One score, of the table's scorer or another; None where it is missing."""
        row = self.rows.get((scorer or self.scorer, ear, stem))
        return row.score if row else None

    def values(self) -> dict[tuple[str, str], float]:
        """The table's scorer's by ear and stem."""
        return {
            (ear, stem): row.score
            for (scorer, ear, stem), row in self.rows.items()
            if scorer == self.scorer and row.score is not None
        }


class Challenge(Protocol):
    """The adapter of one challenge."""

    name: str
    listeners: Mapping[str, Listener]
    stems: tuple[str, ...]  # the judged stems in the order of scoring; ("",) where the remix is judged
    equalisation: int  # HAAQI's: 1, it gives the reference NAL-R; 2, the reference is amplified
    input_sample_rate: int  # Hz, of the challenge's own audio
    sample_rate: int  # Hz, at which HAAQI is given its signals
    enhanced: EnhancedFormat
    small_test_stride: int  # `evaluate.small_test` takes every n-th pair
    columns: tuple[str, ...]  # of the challenge's own table of scores
    metadata_files: tuple[Path, ...]

    def pairs(self) -> list[Pair]:
        """All pairs in the order of the challenge's own recipe."""
        ...

    def mixture(self, song: str) -> np.ndarray:
        """The mixture of a whole song, [T, 2] at `input_sample_rate`.

        Raises `Unscorable` where the music cannot be used.
        """
        ...

    def given(self, song: str, ear: str) -> np.ndarray:
        """The part of the mixture that a file for one ear, or for both (""), is made from, [T, 2]."""
        ...

    def target(self, pair: Pair, stem: str) -> np.ndarray:
        """What is judged, before any amplification, [T, 2] at `input_sample_rate`.

        Raises `Unscorable` where the music cannot be used.
        """
        ...

    def seconds(self, song: str) -> float | None:
        """Duration of the target (s), without reading its samples; None where it cannot be known."""
        ...

    def recording(self, song: str) -> str:
        """Name of a song's recording in the list of music that gives genres."""
        ...

    def submission_files(self, pair: Pair) -> list[SubmissionFile]:
        """What a team hands in for a pair."""
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

    def row(self, pair: Pair, scores: PairScores) -> dict[str, object] | None:
        """The row of a pair in the challenge's own table; None where a score that it needs is missing."""
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


def read_gains(gains: Table, id: str, stems: Collection[str], also: str = "") -> dict[str, float]:
    """A record of target gains (dB), checked.

    Args:
        gains: the table of records.
        id: of the record.
        stems: that it must have.
        also: pattern of further names that it may have.

    Raises:
        InputError: for a stem that is missing or unknown, or a gain out of `GAIN_LIMITS`.
    """
    low, high = GAIN_LIMITS
    values = {stem: gains.field(id, stem, float) for stem in (*stems, *gains.record(id))}
    for stem, value in values.items():
        where = f"{gains.path}: {id}: field {stem!r}"
        if stem not in stems and not re.fullmatch(also, stem):
            raise InputError(f"{where} is no stem; there are: {', '.join(stems)}")
        if not low <= value <= high:
            raise InputError(f"{where} is {plain_number(value)} dB, outside [{low:g}, {high:g}]")
    return {stem: values[stem] for stem in gains.record(id)}


def check_listener_names(listeners: Mapping[str, Listener], path: Path) -> None:
    """Refuse a listener whose `name`, which file names use, is not its id."""
    for id, listener in listeners.items():
        if check_name(listener.id, f"{path}: {id}: field 'name'") != id:
            raise InputError(f"{path}: listener {id!r} has the name {listener.id!r}")


def select_pairs(challenge: Challenge, config: Mapping) -> list[Pair]:
    """The pairs that `evaluate.scenes`, `listeners`, `small_test`, `limit` and `batch` leave, in this order.

    `batch_size` is the number of batches, as in pyclarity, and `batch` counts from 0.

    Raises:
        InputError: for a scene or listener that is not among the pairs, and values that are none.
    """
    small = option(config, "evaluate.small_test", bool)
    batch, batches = batch_options(config)
    pairs = challenge.pairs()
    for name, field in (("scenes", "scene"), ("listeners", "listener")):
        pairs = _chosen(pairs, config["evaluate"].get(name), f"option evaluate.{name}", field)
    pairs = pairs[:: challenge.small_test_stride if small else 1]
    limit = config["evaluate"].get("limit")
    if limit is not None and check_kind(limit, int, "option evaluate.limit") < 1:
        raise InputError(f"option evaluate.limit is {limit}; it is the number of pairs, 1 or more")
    return pairs[:limit][batch::batches]


def _chosen(pairs: list[Pair], names: Any, where: str, field: str) -> list[Pair]:
    """The pairs whose scene or listener has one of some names; all of them without names."""
    if names is None:
        return pairs
    names = [names] if isinstance(names, str) else check_kind(names, list, where)
    known = dict.fromkeys(getattr(pair, field) for pair in pairs)
    for name in names:
        if name not in known:
            some = ", ".join(list(known)[:SHOWN]) + (", …" if len(known) > SHOWN else "")
            raise InputError(f"{where}: there is no {field} {name!r} to score; there are: {some}")
    return [pair for pair in pairs if getattr(pair, field) in names]


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
