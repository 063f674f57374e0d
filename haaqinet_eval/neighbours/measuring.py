"""From sounds to a tidy table: every degradation, heard by every listener, by every measure."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..audio import read_audio, rms
from ..errors import InputError, Unscorable
from ..evaluate import evaluate
from ..io.files import written
from ..registry import scorer_record, scorer_records
from ..scorers import Scorer
from ..scorers.own import Loader
from ..scores import Score, ScoreFile
from ..synthesis.conditions import CONDITIONS
from ..synthesis.degradations import talkers
from ..synthesis.music import make_song
from ..trials import SharedReference, Stimulus, Trial
from .degrading import PAPER, degrade, group_of, kind_and_level, listener_of

CHALLENGE = "degradations"
LEFT_OUT = "left out"  # why a measure is missing that was asked to be
LEVEL = 65.0  # dB SPL of the reference, before amplification
COLUMNS = ("file", "group", "kind", "level", "degradation", "listener", "metric", "value", "error")
SUFFIXES = {".wav", ".flac", ".ogg", ".mp3"}
SETS = {"paper": PAPER, "conditions": tuple(CONDITIONS)}


@dataclass(frozen=True, eq=False)
class Sound:
    """One channel of one file."""

    name: str
    samples: np.ndarray  # [T], full scale 1
    sample_rate: float  # Hz


def built_in(seconds: float) -> list[Sound]:
    """Two sounds that need no file: a procedural song, and a synthetic talker (no words)."""
    stems = make_song(seed=7, style="pop", duration=seconds)
    song = sum(stem.mean(1) for stem in stems.values())
    talker = talkers(24_000.0)[0][: round(seconds * 24_000)]
    return [
        Sound("music (procedural)", 0.9 * song / np.abs(song).max(), 44_100.0),
        Sound("talker (synthetic)", 0.9 * talker / np.abs(talker).max(), 24_000.0),
    ]


def read_sounds(folder: str | Path, seconds: float) -> list[Sound]:
    """The audio files of a folder, mixed to one channel; of longer ones the middle.

    Raises:
        InputError: for a folder that is not there or has none, or a file that cannot be read.
    """
    files = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(f"audio={folder}: has no file ending in {', '.join(sorted(SUFFIXES))}")
    sounds = []
    for path in files:
        try:
            audio = read_audio(path)
        except Unscorable as error:
            raise InputError(error.message) from None
        mono, length = audio.samples.mean(1), round(seconds * audio.sample_rate)
        start = max(len(mono) - length, 0) // 2
        name = path.relative_to(folder).with_suffix("").as_posix()
        sounds.append(Sound(name, mono[start : start + length], audio.sample_rate))
    return sounds


def available(
    names: Iterable[str] | None, weights: Mapping[str, str] | None = None, skip: Collection[str] = ()
) -> tuple[list[Scorer], dict[str, str]]:
    """Scorers that need no more than a reference, and why others are left out, by name.

    Args:
        names: of scorers, all of which must load; None for whatever loads here.
        weights: files of one's own by scorer.
        skip: scorers that are left out of whatever loads.

    Raises:
        InputError: for a name that is unknown, does not load or needs more, or weights that are not there.
    """
    for name in skip:
        scorer_record(name)
    load = Loader.from_option(names or scorer_records(), weights or None, "weights")
    if names is not None:
        for name in names:
            if more := scorer_record(name).needs - {"reference"}:
                raise InputError(
                    f"metrics: {name} needs {' and '.join(sorted(more))}, which no sound here has"
                )
        return [load(name) for name in names], {}
    found, missing = [], {}
    for name, record in scorer_records().items():
        if name in skip:
            missing[name] = LEFT_OUT
        elif record.needs <= {"reference"}:
            try:
                found.append(load(name))
            except InputError as error:
                missing[name] = str(error)
    return found, missing


def trials(sounds: Sequence[Sound], listeners: Sequence[str], sets: Sequence[str]) -> list[tuple[Trial, ...]]:
    """Groups of one trial each: the report's grid first.

    Raises:
        InputError: for an unknown set or listener.
    """
    if unknown := [name for name in sets if name not in SETS]:
        raise InputError(f"sets: {', '.join(unknown)} unknown; known: {', '.join(SETS)}")
    for name in listeners:
        listener_of(name)  # a mistake shows before anything is written
    return [
        (Trial(CHALLENGE, degradation, sound.name, sound.name, listener, "left"),)
        for name in sets
        for listener in listeners
        for sound in sounds
        for degradation in SETS[name]
    ]


def player(sounds: Sequence[Sound]) -> Callable[[Trial], Stimulus]:
    """What gives a trial's stimulus; a reference is heard once for neighbouring trials."""
    by_name = {sound.name: sound for sound in sounds}

    @lru_cache(maxsize=4)
    def kept(*about: object) -> dict:
        return {}

    def load(trial: Trial) -> Stimulus:
        sound, audiogram = by_name[trial.scene], listener_of(trial.listener)
        made = degrade(sound.samples, sound.sample_rate, trial.system, audiogram)
        level = rms(made.reference)
        if not level:
            raise Unscorable("silent_reference", f"{sound.name}: every sample is 0")
        memory = kept(trial.scene, trial.listener, made.sample_rate)
        reference = SharedReference(lambda: made.reference, kept=memory)
        level1 = LEVEL - 20 * math.log10(level)
        return Stimulus(made.processed, made.sample_rate, audiogram, level1, reference=reference)

    return load


def measure(
    sounds: Sequence[Sound],
    listeners: Sequence[str],
    sets: Sequence[str],
    scorers: Sequence[Scorer],
    out: str | Path,
    step: Callable[[list[Score]], None] = lambda rows: None,
) -> list[Score]:
    """Score what `out`/results.csv lacks; all rows of these sounds, listeners, sets and scorers.

    Args:
        step: called with the rows of every trial as it is scored.
    """
    groups = trials(sounds, listeners, sets)
    file = ScoreFile(Path(out) / "results.csv")
    failed = evaluate(groups, player(sounds), scorers, file, step)
    asked = {trial for group in groups for trial in group}
    named = {(scorer.name, scorer.version) for scorer in scorers}
    mine = [row for row in file if (row.scorer, row.version) in named and row.trial in asked]
    return [*mine, *failed]


def write_table(rows: Iterable[Score], path: str | Path) -> None:
    """Write the tidy table, a row a file, degradation, listener and metric (`COLUMNS`)."""
    with written(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in sorted(rows, key=lambda r: (r.trial.scene, r.trial.system, r.trial.listener, r.scorer)):
            value = "" if row.score is None else f"{row.score:.6g}"
            scene, system = row.trial.scene, row.trial.system
            about = (scene, group_of(system), *kind_and_level(system), system)
            writer.writerow((*about, row.trial.listener, row.scorer, value, row.error))
