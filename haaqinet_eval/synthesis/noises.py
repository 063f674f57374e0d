"""Makes noises to train on of a folder of recorded sounds: one sub-folder a source, any depth below it.

Long sounds stand alone, short ones follow one another, talkers speak alone or in a crowd; each in a
room and a colour of its own. What sounds like one of the recordings of the test sets is
left out: free sounds travel from one collection to the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..audio import read_audio, resample, rms, write_flac
from ..errors import InputError, Unscorable
from .degradations import Array, Rng, hilly, reverberate, shape
from .duplicates import Duplicates
from .gather import Stems, find_audio
from .options import natural

SAMPLE_RATE = 24_000  # Hz, of the noises
COLUMNS = ("path", "kind", "source", "licence")
HAPPENINGS, SPEECH, CROWD, OTHER = "happenings", "speech", "crowd", "other"
SEVERAL = "several"  # sources, of a crowd
SILENT = 1e-3  # of full scale: no sound
SHORTEST = 0.1  # s; shorter files are no sound
STRING = 8  # sounds that a source needs to be strung


@dataclass(frozen=True)
class NoiseRules:
    """What is made.

    Raises:
        InputError: for a duration or a correlation that is not above 0, or a count below 0.
    """

    seconds: float = 20.0  # of a noise
    alone: float = 2.5  # s; a sound from this length on stands alone, too
    longest: float = 150.0  # s; longer files are taken for music
    versions: int = 3  # of a sound that stands alone; the first is as recorded
    strings: int = 6  # of short sounds, per source
    talks: int = 240
    crowds: int = 120
    twin: float = 0.65  # correlation with a recording of `apart` from which a sound is left out
    exclude: tuple[str, ...] = ()  # texts; a file whose path holds one is left out, whatever the case
    speech: tuple[str, ...] = ()  # texts: files whose path holds one are speech
    seed: int = 17

    def __post_init__(self) -> None:
        for name in ("seconds", "alone", "longest", "twin"):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and value > 0):
                raise InputError(f"rules.{name}={value}: not above 0")
        for name in ("versions", "strings", "talks", "crowds", "seed"):
            natural(getattr(self, name), f"rules.{name}", 0)


def read_kinds(kinds: Mapping[str, str]) -> dict[str, re.Pattern]:
    """Regular expressions by kind.

    Raises:
        InputError: for a text that is none.
    """
    found = {}
    for kind, text in kinds.items():
        try:
            found[kind] = re.compile(str(text), re.IGNORECASE)
        except re.error as error:
            raise InputError(f"kinds.{kind}={text}: no regular expression: {error.msg}") from None
    return found


class Sounds:
    """The sounds of a folder, by source; those of speech apart.

    Raises:
        InputError: for a folder that is missing or holds no sound.
    """

    def __init__(self, folder: str | Path, rules: NoiseRules, twins: Duplicates) -> None:
        self.folder, self.rules, self.twins = Path(folder), rules, twins
        self.left_out: dict[Path, str] = {}  # files that gave no sound, with the reason
        self._known: dict[Path, bool] = {}
        self.sources: dict[str, list[Path]] = {}
        self.voices: dict[str, list[Path]] = {}  # by the folder they lie in: a speaker, or a language
        for path in find_audio(self.folder, rules.exclude, "sounds", self.left_out):
            inside = path.relative_to(self.folder)
            if path.is_symlink() or len(inside.parts) < 2:
                self.left_out[path] = "is a link" if path.is_symlink() else "lies in no sub-folder"
                continue
            spoken = any(text.lower() in str(inside).lower() for text in rules.speech)
            group = self.voices if spoken else self.sources
            group.setdefault(str(inside.parent) if spoken else inside.parts[0], []).append(path)
        if not self.sources and not self.voices:
            raise InputError(f"{folder}: no sound in a sub-folder")

    @property
    def rich(self) -> dict[str, list[Path]]:
        """Sources with enough sounds to be strung."""
        return {source: paths for source, paths in self.sources.items() if len(paths) >= STRING}

    def load(self, path: Path) -> Array | None:
        """A sound [T] with a peak of 1, or None: unreadable, too short, silent, or a twin."""
        if not self._known.get(path, True):
            return None
        try:
            sound = self._read(path)
        except Unscorable as error:
            sound = None
            self.left_out[path] = error.message.removeprefix(f"{path}: ")
        self._known[path] = sound is not None
        return sound

    def _read(self, path: Path) -> Array:
        """A sound; raises `Unscorable` with the reason why it is none."""
        audio = read_audio(path)
        if not SHORTEST <= audio.seconds <= self.rules.longest:
            wanted = f"{SHORTEST:g} to {self.rules.longest:g} s are taken"
            raise Unscorable("wrong_length", f"{audio.seconds:.2f} s; {wanted}")
        sound = audio.samples.mean(1)
        peak = np.abs(sound).max()
        if peak <= SILENT:
            raise Unscorable("silent", "is silent")
        twin = None if path in self._known else self.twins.of(sound, audio.sample_rate)
        if twin:
            raise Unscorable("twin", f"is in {twin}")
        return resample(sound, audio.sample_rate, SAMPLE_RATE) / peak


def _varied(x: Array, rng: Rng) -> Array:
    """Another pitch and pace, colour, room and bandwidth."""
    x = resample(x, SAMPLE_RATE, SAMPLE_RATE * 2 ** rng.uniform(-0.35, 0.35))
    x = hilly(x, SAMPLE_RATE, rng, slope=(-2, 2), spread_db=3, count=7)
    if rng.random() < 0.3:
        x = reverberate(x, SAMPLE_RATE, rng, t60=rng.uniform(0.2, 1.2), direct_db=rng.uniform(-4, 10))
    if rng.random() < 0.3:
        top = rng.uniform(3000, 10_000)
        x = shape(x, SAMPLE_RATE, lambda f: -60 * np.clip(np.log2(f / top), 0, 1))
    return x


def _strung(sounds: Sounds, paths: Sequence[Path], rng: Rng) -> Array:
    """Sounds of a source at random instants, at levels 5 dB apart: [T]; zeros if none can be had."""
    total = np.zeros(round(sounds.rules.seconds * SAMPLE_RATE))
    often, now = np.exp(rng.uniform(np.log(0.4), np.log(6))), 0
    while now < len(total):
        sound = sounds.load(paths[rng.integers(len(paths))])
        if sound is not None:
            part = total[now : now + 6 * SAMPLE_RATE]
            sound = sound[: len(part)] * 10 ** (rng.normal(0, 5) / 20)
            part[: len(sound)] += sound
        now += 1 + int(rng.exponential(1 / often) * SAMPLE_RATE)
    return total


def _talk(sounds: Sounds, paths: Sequence[Path], rng: Rng) -> Array:
    """Utterances of a voice with pauses between: [T]; zeros where too few can be had."""
    wanted, pause = round(sounds.rules.seconds * SAMPLE_RATE), rng.choice([0.1, 0.3, 0.8])
    parts, length = [np.zeros(0)], 0
    for _ in range(400):
        sound = sounds.load(paths[rng.integers(len(paths))])
        if sound is None:
            continue
        loud = np.flatnonzero(np.abs(sound) > 0.02)
        sound = sound[loud[0] : loud[-1] + 1][: 8 * SAMPLE_RATE]
        parts += [sound / rms(sound), np.zeros(int(rng.exponential(pause) * SAMPLE_RATE))]
        length += len(parts[-1]) + len(sound)
        if length >= wanted:
            break
    return np.resize(np.concatenate([*parts, np.zeros(max(wanted - length, 0))]), wanted)


def _crowd(talks: Sequence[Array], bustle: Array | None, rng: Rng) -> Array:
    """Up to fifteen talkers in a room, at times with sounds of a source: [T]."""
    total = np.zeros_like(talks[0])
    for _ in range(rng.integers(2, 16)):
        talk = talks[rng.integers(len(talks))]
        total += np.roll(talk, rng.integers(len(talk))) * 10 ** (rng.normal(0, 4) / 20)
    if bustle is not None and np.any(bustle):
        total += bustle / rms(bustle) * rms(total) * 10 ** (rng.uniform(-15, 3) / 20)
    return reverberate(total, SAMPLE_RATE, rng, t60=rng.uniform(0.2, 1.5), direct_db=rng.uniform(-6, 8))


Noise = tuple[str, str, str, Array]  # kind, name, source, signal [T]


def _alone(sounds: Sounds, kinds: Mapping[str, re.Pattern], rng: Rng) -> Iterator[Noise]:
    wanted, stems = round(sounds.rules.seconds * SAMPLE_RATE), Stems()
    for source, path in ((source, path) for source, paths in sounds.sources.items() for path in paths):
        sound = sounds.load(path)
        if sound is None or len(sound) < sounds.rules.alone * SAMPLE_RATE:
            continue
        inside = path.relative_to(sounds.folder)
        name = str(inside.with_suffix(""))
        kind = next((kind for kind, text in kinds.items() if text.search(name)), OTHER)
        for version in range(sounds.rules.versions):
            start = int(rng.integers(max(len(sound) - wanted, 1)))
            stretch = sound[start : start + 2 * wanted]
            if np.abs(stretch).max() > SILENT:
                signal = _varied(stretch, rng) if version else stretch
                yield kind, f"{stems.of(inside)}-{version}", source, signal[:wanted]


def _happenings(sounds: Sounds, rng: Rng) -> Iterator[Noise]:
    for source, paths in sounds.rich.items():
        for number in range(sounds.rules.strings):
            signal = _strung(sounds, paths, rng)
            if np.any(signal):
                yield HAPPENINGS, f"{source.lower()}-{number}", source, _varied(signal, rng)[: len(signal)]


def _people(sounds: Sounds, rng: Rng) -> Iterator[Noise]:
    rules, rich, talks = sounds.rules, list(sounds.rich.values()), []
    voices = [paths for paths in sounds.voices.values() if len(paths) >= STRING]
    for number in range(rules.talks if voices else 0):
        paths = voices[rng.integers(len(voices))]
        signal = _talk(sounds, paths, rng)
        if np.any(signal):
            talks.append(signal)
            source = paths[0].relative_to(sounds.folder).parts[0]
            heard = _varied(signal, rng)[: len(signal)] if rng.random() < 0.7 else signal
            yield SPEECH, f"talk-{number}", source, heard
    for number in range(rules.crowds if talks else 0):
        busy = bool(rich) and rng.random() < 0.4
        bustle = _strung(sounds, rich[rng.integers(len(rich))], rng) if busy else None
        crowd = _varied(_crowd(talks, bustle, rng), rng)
        yield CROWD, f"crowd-{number}", SEVERAL, crowd[: len(talks[0])]


def make_noises(sounds: Sounds, kinds: Mapping[str, str] | None = None) -> Iterator[Noise]:
    """Kind, name, source and signal [T] at 24 kHz of every noise.

    Args:
        sounds: what to make them of.
        kinds: of sounds that stand alone: regular expressions that their paths are searched for; `other`
            where none is found.

    Raises:
        InputError: for a text that is no regular expression.
    """
    rng = np.random.default_rng(sounds.rules.seed)
    yield from _alone(sounds, read_kinds(kinds or {}), rng)
    yield from _happenings(sounds, rng)
    yield from _people(sounds, rng)


def write_noises(
    sounds: Sounds, out: Path, licence: str, kinds: Mapping[str, str] | None = None
) -> Iterator[dict]:
    """Write every noise as FLAC with a peak of one half, `KIND/NUMBER-NAME.flac`; the rows of the index.

    Raises:
        InputError, Stopped: for a folder that cannot be written.
    """
    for number, (kind, name, source, signal) in enumerate(make_noises(sounds, kinds)):
        path = Path(kind) / f"{number:05d}-{name}.flac"
        write_flac(out / path, 0.5 * signal / np.abs(signal).max(), SAMPLE_RATE)
        yield dict(zip(COLUMNS, (str(path), kind, source, licence), strict=True))
