"""CAD1 task 1: music over headphones; each ear's stems are judged.

The reference of an ear and stem is the true stem, to which HAAQI itself adds NAL-R. Facts
from `recipes/cad1/task1/baseline/evaluate.py` and `test.py` of pyclarity 0.9. One
difference: the test set's files are 30-s segments, which pyclarity's public recipe
compares with the whole song; here the reference is cut to the same segment, see
`evaluate.segments`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...audio import resample
from ...audiogram import EARS, read_listeners
from ...errors import InputError, Unscorable
from ...io.jsonfile import read_json
from ..challenge import (
    ABSENT,
    EarReference,
    EnhancedFormat,
    Pair,
    PairScores,
    check_listener_names,
    level1_of,
)
from ..metadata import Table, check_kind, check_name, option, path_option
from ..music import check_folder, read_stereo
from ..submitted import REMIX, SCALE, STEM, SubmissionFile, header_seconds

STEMS = ("drums", "bass", "other", "vocals")
TEST_FOLDER = "evaluation"  # below `enhanced_signals`, where pyclarity's `test.py` writes segments


def find_segments(config: Mapping, systems: Mapping[str, Path]) -> bool:
    """Whether the systems' files are the test set's segments rather than whole songs.

    `evaluate.segments` is `true`, `false` or `auto`; `auto` looks for the folder
    `enhanced_signals/evaluation`, into which pyclarity's `test.py` writes segments.

    Raises:
        InputError: for another value, or where `auto` finds both, within a system or among them.
    """
    value = config.get("evaluate", {}).get("segments", "auto")
    if isinstance(value, bool):
        return value
    if value != "auto":
        raise InputError(f"option evaluate.segments is {value!r}, not auto, true or false")
    found = set()
    for folder in systems.values():
        names = {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()
        found |= {name == TEST_FOLDER for name in names}
    if len(found) > 1:
        raise InputError(
            f"enhanced_signals holds whole songs and a folder {TEST_FOLDER!r} of segments "
            f"({', '.join(map(str, systems.values()))}); set evaluate.segments to true or false"
        )
    return found == {True}


class Cad1Task1:
    """Adapter of the challenge; see `challenge.Challenge`.

    Args:
        config: options of the recipe, pyclarity's keys.
        systems: `enhanced_signals` folder of each system; they tell segments from songs.
    """

    name = "cad1_task1"
    stems = STEMS
    equalisation = 1
    small_test_stride = 15
    columns = (
        "song",
        "listener",
        "score",
        *(f"{ear}_{stem}" for stem in sorted(STEMS) for ear in EARS),
    )

    def __init__(self, config: Mapping, systems: Mapping[str, Path]) -> None:
        self.music_dir = check_folder(path_option(config, "path.music_dir"), "path.music_dir")
        self.listeners_file = path_option(config, "path.listeners_file")
        self.listeners = read_listeners(self.listeners_file)
        check_listener_names(self.listeners, self.listeners_file)
        self.music_file = path_option(config, "path.music_file")
        self.splits = self._read_splits()
        self.input_sample_rate = option(config, "sample_rate", int)
        self.sample_rate = option(config, "stem_sample_rate", int)
        self.remix_sample_rate = option(config, "remix_sample_rate", int)
        self.enhanced = EnhancedFormat(self.sample_rate, channels=1, side_car=True)
        self.metadata_files = (self.listeners_file, self.music_file)
        self.segments: Table | None = None
        self.below = Path()
        if find_segments(config, systems):
            self.segments = Table(path_option(config, "path.music_segments_test_file"))
            self.metadata_files += (self.segments.path,)
            if any((folder / TEST_FOLDER).is_dir() for folder in systems.values()):
                self.below = Path(TEST_FOLDER)
        self._last: tuple[Path, np.ndarray] | None = None
        self._made: dict[tuple[str, str], EarReference] = {}  # of one song, by ear and stem
        self._song = ""

    def _read_splits(self) -> dict[str, str]:
        splits: dict[str, str] = {}
        for i, record in enumerate(read_json(self.music_file, list)):
            where = f"{self.music_file}: entry {i}"
            check_kind(record, dict, where)
            song = check_name(record.get("Track Name"), f"{where}: field 'Track Name'")
            if song in splits:
                raise InputError(f"{where}: {song!r} is there twice")
            splits[song] = check_kind(record.get("Split"), str, f"{where}: field 'Split'")
        return splits

    def pairs(self) -> list[Pair]:
        """Song by song, every listener."""
        if self.segments is not None:
            for song in self.splits:
                self.segment(song)
        return [Pair(song, song, listener) for song in self.splits for listener in self.listeners]

    def segment(self, song: str) -> tuple[int, int]:
        """First sample and end of a song's segment for HAAQI."""
        record = self.segments.field(song, "objective_evaluation", dict)
        where = f"{self.segments.path}: {song}: objective_evaluation: field"
        start = check_kind(record.get("start"), float, f"{where} 'start'")
        end = check_kind(record.get("end"), float, f"{where} 'end'")
        if not 0 <= start < end:
            raise InputError(f"{where}s 'start' {start} and 'end' {end} are no segment")
        return int(start * self.input_sample_rate), int(end * self.input_sample_rate)

    def folder(self, song: str) -> Path:
        """Where a song lies: `test` for that split, `train` for any other."""
        return self.music_dir / ("test" if self.splits[song] == "test" else "train") / song

    def mixture(self, song: str) -> np.ndarray:
        """The mixture [T, 2] of the whole song."""
        return read_stereo(self.folder(song) / "mixture.wav", self.input_sample_rate)

    def load_stems(self, song: str) -> dict[str, np.ndarray]:
        """The true stems of the whole song, each [T, 2]."""
        return {
            stem: read_stereo(self.folder(song) / f"{stem}.wav", self.input_sample_rate) for stem in STEMS
        }

    def true_stem(self, song: str, stem: str) -> np.ndarray:
        """The part of a true stem that is judged, [T, 2] float32; the last is kept."""
        path = self.folder(song) / f"{stem}.wav"
        if self._last is not None and self._last[0] == path:
            return self._last[1]
        samples = read_stereo(path, self.input_sample_rate).astype(np.float32)
        if self.segments is not None:
            first, last = self.segment(song)
            if last > len(samples):
                raise Unscorable(
                    "reference_wrong_length", f"{path}: {len(samples)} samples; the segment ends at {last}"
                )
            samples = samples[first:last]
        self._last = path, samples
        return samples

    def target(self, pair: Pair, stem: str) -> np.ndarray:
        """The true stem."""
        return self.true_stem(pair.song, stem)

    def given(self, song: str, ear: str) -> np.ndarray:
        """The mixture: at one ear the part that is judged, for a remix all of it."""
        mixture = self.mixture(song)
        if ear and self.segments is not None:
            first, last = self.segment(song)
            mixture = mixture[first:last]
        return mixture

    def seconds(self, song: str) -> float | None:
        """Of the segment, or of the whole vocals."""
        if self.segments is not None:
            first, last = self.segment(song)
            return (last - first) / self.input_sample_rate
        return header_seconds(self.folder(song) / "vocals.wav")

    def recording(self, song: str) -> str:
        """The song."""
        return song

    def submission_files(self, pair: Pair) -> list[SubmissionFile]:
        """A stem for each ear, each with its side-car, and a remix for the listening test."""
        files = []
        for stem in self.stems:
            paths = {ear: self.enhanced_file(pair, ear, stem) for ear in EARS}
            for ear, path in paths.items():
                twin = paths[EARS[1 - EARS.index(ear)]]
                files.append(SubmissionFile(path, STEM, ear, stem, self.sample_rate, 1, twin=twin))
                files.append(
                    SubmissionFile(path.with_suffix(".txt"), SCALE, ear, stem, required=False, timed=False)
                )
        remix = path.with_name(f"{pair.listener}_{pair.song}_remix.flac")
        rate = self.remix_sample_rate
        last = SubmissionFile(remix, REMIX, sample_rate=rate, channels=2, required=False, timed=False)
        return [*files, last]

    def seed_name(self, pair: Pair) -> str:
        """The song."""
        return pair.song

    def enhanced_file(self, pair: Pair, ear: str, stem: str) -> Path:
        """One mono file per ear and stem."""
        name = f"{pair.listener}_{pair.song}_{ear}_{stem}.flac"
        return self.below / pair.listener / pair.song / name

    def reference(self, pair: Pair, ear: str, stem: str) -> EarReference:
        """The true stem at one ear, not amplified; a song's are kept for its other listeners."""
        if self._song != pair.song:
            self._song, self._made = pair.song, {}
        if (ear, stem) not in self._made:
            samples = self.true_stem(pair.song, stem)[:, EARS.index(ear)]
            self._made[ear, stem] = EarReference(
                resample(samples, self.input_sample_rate, self.sample_rate),
                level1_of(samples),
                len(samples) / self.input_sample_rate,
            )
        return self._made[ear, stem]

    def ear_mixture(self, pair: Pair, ear: str) -> np.ndarray:
        """The part of the mixture that is judged, at one ear, not amplified."""
        samples = self.mixture(pair.song)[:, EARS.index(ear)]
        if self.segments is not None:
            samples = samples[slice(*self.segment(pair.song))]
        return resample(samples, self.input_sample_rate, self.sample_rate)

    def target_gains(self, pair: Pair, stem: str) -> dict[str, float]:
        """One stem is to stay."""
        return dict.fromkeys(STEMS, ABSENT) | {stem: 0.0}

    def row(self, pair: Pair, scores: PairScores) -> dict[str, object]:
        """The eight stems and their mean."""
        values = scores.values()
        named = {f"{ear}_{stem}": values[ear, stem] for stem in STEMS for ear in EARS}
        mean = float(np.mean(list(named.values())))
        return {"song": pair.song, "listener": pair.listener, "score": mean, **named}
