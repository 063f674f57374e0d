"""Score audio files from the command line.

Level convention. `level1` is the level (dB SPL) that an RMS of 1 (0 dB FS) means.
Where a reference is given, it is the challenges' own: the reference's RMS is
65 dB SPL, ear by ear. Without one, nothing in a file says how loud it is played;
the default, 85, puts music mastered to an RMS of -20 dB FS at 65 dB SPL before
amplification.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import log10
from pathlib import Path

from .audio import Audio, read_audio, rms
from .audiogram import EARS, Audiogram, read_listeners
from .errors import InputError, Unscorable
from .scorers import load_scorer
from .trials import DEFAULT_LEVEL1, Result, Stimulus

FILE_LEVEL1 = 85.0  # dB SPL of RMS 1: music at -20 dB FS is played at 65 dB SPL


@dataclass(frozen=True)
class Listening:
    """Who hears the file."""

    left: Audiogram
    right: Audiogram
    mono_ear: str | None  # the ear that hears a mono file; None where the two ears differ

    @classmethod
    def from_options(
        cls, audiogram: str | None, listener: Path | None, id: str | None, ear: str | None
    ) -> Listening:
        """From the command's options; exactly one of `audiogram` and `listener`."""
        if (audiogram is None) == (listener is None):
            raise InputError("give either --audiogram or --listener with --id")
        if ear is not None and ear not in EARS:
            raise InputError(f"--ear {ear!r} is neither 'left' nor 'right'")
        if audiogram is not None:
            both = Audiogram.parse(audiogram)
            return cls(both, both, ear or "left")
        listeners = read_listeners(listener)
        if id is None:
            raise InputError(
                f"{listener}: say which listener with --id; it has {', '.join(list(listeners)[:20])}"
            )
        if id not in listeners:
            raise InputError(f"{listener}: no listener {id!r}; it has {', '.join(list(listeners)[:20])}")
        return cls(listeners[id].left, listeners[id].right, ear)


@dataclass(frozen=True)
class Setting:
    """How the file is scored."""

    scorers: tuple[str, ...] = ("haaqinet",)
    reference: Path | None = None
    equalisation: int = 1
    level1: float | None = None  # dB SPL of RMS 1; None: see the module's head

    def __post_init__(self) -> None:
        if self.equalisation not in (1, 2):
            raise InputError(f"--equalisation {self.equalisation} is neither 1 nor 2")


@dataclass(frozen=True)
class Row:
    """One ear of one file, scored by one scorer."""

    file: str
    ear: str
    scorer: str
    version: str
    level1: float  # dB SPL of RMS 1
    level_from: str  # where the level comes from
    sample_rate: int  # Hz, of the file
    result: Result | None
    error: str = ""
    message: str = ""


def _ears(audio: Audio, listening: Listening, path: Path) -> list[tuple[int, str, Audiogram]]:
    if audio.channels == 1:
        if listening.mono_ear is None:
            raise InputError(f"{path}: is mono; say which ear hears it with --ear left or --ear right")
        audiogram = listening.left if listening.mono_ear == "left" else listening.right
        return [(0, listening.mono_ear, audiogram)]
    if audio.channels == 2:
        return [(0, "left", listening.left), (1, "right", listening.right)]
    raise InputError(f"{path}: has {audio.channels} channels; 1 or 2 are scored")


def _level(setting: Setting, reference) -> tuple[float, str]:
    if setting.level1 is not None:
        return setting.level1, "--level1"
    if reference is None:
        return FILE_LEVEL1, "default: music at -20 dB FS RMS is played at 65 dB SPL"
    level = rms(reference)
    if level == 0:
        raise Unscorable("silent_reference", f"{setting.reference}: is silent")
    return DEFAULT_LEVEL1 - 20 * log10(level), "the reference's RMS is played at 65 dB SPL"


def score_file(path: Path, listening: Listening, setting: Setting) -> Iterator[Row]:
    """Score each ear of a file with each scorer; a fault becomes a row with its reason."""
    scorers = [load_scorer(name) for name in dict.fromkeys(setting.scorers)]
    for scorer in scorers:
        if "reference" in scorer.needs and setting.reference is None:
            raise InputError(f"scorer {scorer.name!r} compares with a clean reference: give --reference")
        if "mixture" in scorer.needs:
            raise InputError(
                f"scorer {scorer.name!r} needs a scene's mixture and gains: use a recipe's evaluate.py"
            )
    blank = Row(str(path), "", "", "", float("nan"), "", 0, None)
    try:
        audio = read_audio(path)
        reference = None if setting.reference is None else read_audio(setting.reference)
        if reference and reference.channels != audio.channels:
            raise InputError(
                f"{setting.reference}: has {reference.channels} channels, {path} has {audio.channels}"
            )
    except Unscorable as error:
        yield replace(blank, error=error.code, message=error.message)
        return
    for channel, ear, audiogram in _ears(audio, listening, path):
        clean = None if reference is None else reference.samples[:, channel]
        row = replace(blank, ear=ear, sample_rate=audio.sample_rate)
        try:
            level1, level_from = _level(setting, clean)
        except Unscorable as error:
            yield replace(row, error=error.code, message=error.message)
            continue
        stimulus = Stimulus(
            processed=audio.samples[:, channel],
            sample_rate=audio.sample_rate,
            audiogram=audiogram,
            level1=level1,
            reference=clean,
            reference_sample_rate=None if reference is None else reference.sample_rate,
            equalisation=setting.equalisation,
        )
        row = replace(row, level1=level1, level_from=level_from)
        yield from (_score(row, stimulus, scorer) for scorer in scorers)


def _score(row: Row, stimulus: Stimulus, scorer) -> Row:
    row = replace(row, scorer=scorer.name, version=scorer.version)
    try:
        return replace(row, result=scorer(stimulus))
    except Unscorable as error:
        return replace(row, error=error.code, message=f"{row.file}, {row.ear} ear: {error.message}")


def to_json(rows: Sequence[Row], frames: bool = False) -> str:
    """The rows as a JSON list; a failed row has `"score": null` and its reason."""
    out = []
    for row in rows:
        record = {k: v for k, v in vars(row).items() if k != "result"}
        record["level1"] = None if row.level1 != row.level1 else row.level1
        record["score"] = None if row.result is None else row.result.value
        record["parts"] = {} if row.result is None else dict(row.result.parts)
        record["low"], record["high"] = (row.result and row.result.interval) or (None, None)
        record["unfamiliar"] = None if row.result is None else row.result.unfamiliar
        if frames and row.result is not None and row.result.frames is not None:
            record["frames"] = [round(float(f), 4) for f in row.result.frames]
            record["frame_times"] = [round(float(t), 4) for t in row.result.frame_times]
        out.append(record)
    return json.dumps(out, indent=2)


def _doubt(result: Result) -> str:
    """How sure a prediction is, where the scorer can tell."""
    if result.interval is None:
        return ""
    low, high = result.interval
    strange = "; unlike what it was trained on" if result.unfamiliar else ""
    return f" (true score in {low:.2f} to {high:.2f}, 9 times in 10{strange})"


def print_rows(rows: Sequence[Row]) -> None:
    """Print a line per row, with the parts and the level convention used."""
    for row in rows:
        if row.result is None:
            where = f"{row.file} {row.ear}".strip()
            print(f"{where}: not scored ({row.error}): {row.message}")
            continue
        print(
            f"{row.file} {row.ear:5} {row.scorer} {row.result.value:.4f}{_doubt(row.result)}  [{row.version}]"
        )
        if row.result.parts:
            print("    " + "  ".join(f"{k} {v:.4f}" for k, v in row.result.parts.items()))
    levels = {(row.ear, row.level1, row.level_from) for row in rows if row.level_from}
    for ear, level1, source in sorted(levels):
        print(f"level, {ear}: an RMS of 1 is {level1:.1f} dB SPL ({source})")
