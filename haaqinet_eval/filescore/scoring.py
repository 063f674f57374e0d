"""Files in, rows out: each ear of a file by each scorer, and a row with the reason for every fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import inf, log10

import numpy as np

from ..audio import Audio, read_audio, rms
from ..audiogram import EARS, Audiogram
from ..errors import InputError, Unscorable
from ..haaqi.doubts import INAUDIBLE, inaudible
from ..io.names import counted
from ..scorers import Scorer, load_scorer
from ..trials import DEFAULT_LEVEL1, Result, SharedReference, Stimulus
from .options import EarSetup, ScoreOptions
from .places import Place, reference_for

FILE_LEVEL1 = 85.0  # dB SPL of RMS 1: music at -20 dB FS is played at 65 dB SPL
USUAL_LEVELS = (50.0, 80.0)  # dB SPL: music outside is played oddly quietly or loudly
KEPT_SECONDS = 300.0  # of a reference whose ears are heard once for all files; a second takes about 6 MB


@dataclass(frozen=True)
class Row:
    """One ear of one file, scored by one scorer."""

    file: str
    ear: str = ""
    scorer: str = ""
    version: str = ""
    level1: float | None = None  # dB SPL of RMS 1
    level_from: str = ""  # where the level comes from
    level_db_spl: float | None = None  # that the file plays at; None for a silent one
    sample_rate: int | None = None  # Hz, of the file; None where it cannot be read
    result: Result | None = None
    error: str = ""
    message: str = ""
    warnings: tuple[str, ...] = ()  # why a score may not mean what it seems to

    def failed(self, code: str, message: str) -> Row:
        """The row with a reason in place of the score."""
        return replace(self, error=code, message=message)


@dataclass(eq=False)
class _Clean:
    """A reference that was read, and what the scorers heard of its ears."""

    path: str
    audio: Audio
    heard: dict[tuple, object] = field(default_factory=dict)

    def signal(self, ear: str) -> np.ndarray:
        """[T] of one ear; of a mono reference for either."""
        return self.audio.samples[:, EARS.index(ear) if self.audio.channels == 2 else 0]

    def ear(self, ear: str, *about: object) -> SharedReference:
        """One ear for scorers; what they hear is kept for further files where it is short enough."""
        kept = self.heard if self.audio.seconds <= KEPT_SECONDS else None
        return SharedReference(lambda: self.signal(ear), None, kept, (ear, *about))


class FileScorer:
    """Scores files, one after the other; scorers are loaded once, and a reference is read once.

    Args:
        listening: who hears the files.
        setting: how they are scored.
        load: gives a scorer by its name; None for `load_scorer`.

    Raises:
        InputError: for an unknown scorer, or one that needs what is not given.
    """

    def __init__(
        self, listening: EarSetup, setting: ScoreOptions, load: Callable[[str], Scorer] | None = None
    ) -> None:
        self._listening, self._setting = listening, setting
        self._scorers = [(load or load_scorer)(name) for name in dict.fromkeys(setting.scorers)]
        for scorer in self._scorers:
            _check_needs(scorer, setting)
        self._clean: _Clean | None = None  # the latest

    def __call__(self, place: Place) -> Iterator[Row]:
        """Each ear of a file by each scorer; a fault becomes a row with its reason."""
        row = Row(place.path)
        try:
            yield from self._ears(row, place)
        except Unscorable as error:
            yield from self._failed(row, error.code, error.message)
        except InputError as error:  # of this file: a URL without its package, for instance
            yield from self._failed(row, "unreadable_file", str(error))
        except MemoryError as error:
            yield from self._failed(row, "out_of_memory", f"{place.path}: memory was not enough: {error}")

    def _failed(self, row: Row, code: str, message: str) -> Iterator[Row]:
        """A row for each scorer that has nothing to score."""
        for scorer in self._scorers:
            yield replace(row, scorer=scorer.name, version=scorer.version).failed(code, message)

    def _ears(self, row: Row, place: Place) -> Iterator[Row]:
        audio = read_audio(place.path)
        clean = self._reference(place)
        if clean:
            self._check_channels(audio, place, clean)
        row = replace(row, sample_rate=audio.sample_rate)
        for channel, ear, audiogram in self._listeners(audio, place.path):
            yield from self._ear(replace(row, ear=ear), audio, clean, channel, audiogram)

    def _check_channels(self, audio: Audio, place: Place, clean: _Clean) -> None:
        """A mono reference is both ears'; of a stereo one a mono output is one ear's."""
        theirs, ours = clean.audio.channels, audio.channels
        one_ear = (theirs, ours) == (2, 1)
        if theirs == ours or (theirs, ours) == (1, 2) or (one_ear and self._listening.named):
            return
        hint = "; say which ear the output is for with --ear left or --ear right" if one_ear else ""
        has = f"has {counted(theirs, 'channel')}, {place.path} has {ours}{hint}"
        raise Unscorable("wrong_channels", f"{clean.path}: {has}")

    def _reference(self, place: Place) -> _Clean | None:
        """The file's reference; the latest is kept."""
        if self._setting.reference is None:
            return None
        path = reference_for(place, self._setting.reference)
        if self._clean is None or self._clean.path != path:
            self._clean = None  # frees the last one first
            self._clean = _Clean(path, read_audio(path))
        return self._clean

    def _listeners(self, audio: Audio, path: str) -> list[tuple[int, str, Audiogram]]:
        listening = self._listening
        if audio.channels == 1:
            if listening.mono_ear is None:
                which = "is mono; say which ear hears it with --ear left or --ear right"
                raise Unscorable("which_ear", f"{path}: {which}")
            audiogram = listening.left if listening.mono_ear == "left" else listening.right
            return [(0, listening.mono_ear, audiogram)]
        if audio.channels == 2:
            return [(0, "left", listening.left), (1, "right", listening.right)]
        raise Unscorable("wrong_channels", f"{path}: has {audio.channels} channels; 1 or 2 are scored")

    def _ear(
        self, row: Row, audio: Audio, clean: _Clean | None, channel: int, audiogram: Audiogram
    ) -> Iterator[Row]:
        processed = audio.samples[:, channel]
        reference = None if clean is None else clean.signal(row.ear)
        try:
            level1, level_from = self._level(reference, clean)
        except Unscorable as error:
            yield from self._failed(row, error.code, error.message)
            return
        stimulus = Stimulus(
            processed=processed,
            sample_rate=audio.sample_rate,
            audiogram=audiogram,
            level1=level1,
            reference=reference,
            reference_sample_rate=clean and clean.audio.sample_rate,
            amplified=self._setting.equalisation == 2,
        )
        plays_at = level_db_spl(processed, level1)
        row = replace(
            row,
            level1=level1,
            level_from=level_from,
            level_db_spl=plays_at if plays_at > -inf else None,
            warnings=tuple(_level_doubts(stimulus, plays_at)) + tuple(_length_doubts(audio, clean)),
        )
        for scorer in self._scorers:
            yield self._score(row, stimulus, scorer, clean)

    def _level(self, reference: np.ndarray | None, clean: _Clean | None) -> tuple[float, str]:
        """`level1`, and where it comes from."""
        if self._setting.level1 is not None:
            return self._setting.level1, "--level1"
        if reference is None:
            return FILE_LEVEL1, "default: music at -20 dB FS RMS is played at 65 dB SPL"
        level = rms(reference)
        if level == 0:
            raise Unscorable("silent_reference", f"{clean.path}: is silent")
        return DEFAULT_LEVEL1 - 20 * log10(level), "the reference's RMS is played at 65 dB SPL"

    def _score(self, row: Row, stimulus: Stimulus, scorer: Scorer, clean: _Clean | None) -> Row:
        row = replace(row, scorer=scorer.name, version=scorer.version)
        try:
            if clean and hasattr(scorer, "hear"):  # another package's takes the signal
                reference = clean.ear(row.ear, stimulus.audiogram, stimulus.level1)
                stimulus = replace(stimulus, reference=reference)
            result = scorer(stimulus)
        except Unscorable as error:
            return row.failed(error.code, f"{row.file}, {row.ear} ear: {error.message}")
        except MemoryError as error:
            told = f"{row.file}, {row.ear} ear: memory was not enough: {error}"
            return row.failed("out_of_memory", told)
        if inaudible(result.parts):
            row = replace(row, warnings=(*row.warnings, INAUDIBLE))
        return replace(row, result=result)


def _check_needs(scorer: Scorer, setting: ScoreOptions) -> None:
    if "reference" in scorer.needs and setting.reference is None:
        raise InputError(f"scorer {scorer.name!r} compares with a clean reference: give --reference")
    if "mixture" in scorer.needs:
        raise InputError(
            f"scorer {scorer.name!r} needs a scene's mixture and gains: use a recipe's evaluate.py"
        )


def level_db_spl(signal: np.ndarray, level1: float) -> float:
    """The level (dB SPL) that a signal [T] plays at; minus infinity for silence."""
    level = rms(signal)
    return 20 * log10(level) + level1 if level > 0 else -inf


def _level_doubts(stimulus: Stimulus, plays_at: float) -> Iterator[str]:
    """What is odd about the level: of the music before amplification where it is given, else of the file."""
    low, high = USUAL_LEVELS
    if stimulus.reference is not None and not stimulus.amplified:
        what, level = "the reference", level_db_spl(stimulus.reference, stimulus.level1)
    elif stimulus.reference is None:
        what, level = "the file", plays_at
    else:
        return
    if -inf < level < low:
        yield f"{what} plays at {level:.0f} dB SPL, below {low:g}: music is rarely that quiet; see --level1"
    elif level > high:
        unless = "" if stimulus.reference is not None else ", unless a hearing aid amplified it so much"
        yield f"{what} plays at {level:.0f} dB SPL, above {high:g}: rarely that loud{unless}; see --level1"


def _length_doubts(audio: Audio, clean: _Clean | None) -> Iterator[str]:
    if clean and abs(audio.seconds - clean.audio.seconds) > 0.05:
        yield (
            f"lasts {audio.seconds:.2f} s, its reference {clean.audio.seconds:.2f} s: "
            "only the part that both have is compared"
        )
