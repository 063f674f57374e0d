"""CAD2 task 2: classical music for small ensembles, rebalanced.

The reference of an ear is the sum of the true sources with the scene's gains, at the
mean level of the sources, through the listener's multiband compressor. Facts from
`recipes/cad2/task2/baseline/evaluate.py` of pyclarity 0.9. One difference: a source is cut
to its `start` and `duration` where the music file gives them, as the mixture is; pyclarity
cuts the mixture only, so that its reference for a train scene is the whole track.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..audio import resample
from ..audiogram import EARS, read_listeners
from ..errors import InputError, Unscorable
from .challenge import (
    EarReference,
    EnhancedFormat,
    Pair,
    check_listener_names,
    level1_of,
    scene_listener_pairs,
)
from .compressor import MultibandCompressor
from .loudness import apply_gains, compensate_gains
from .metadata import Table, check_kind, option, path_option
from .music import check_equal_lengths, check_folder, read_stereo

MIXTURE = "mixture"


class Cad2Task2:
    """Adapter of the challenge; see `challenge.Challenge`.

    Args:
        config: options of the recipe, pyclarity's keys.
    """

    name = "cad2_task2"
    stems = ("",)
    equalisation = 2
    small_test_stride = 400
    columns = ("scene", "song", "listener", "left_haaqi", "right_haaqi", "avg_haaqi")

    def __init__(self, config: Mapping) -> None:
        self.music_dir = check_folder(path_option(config, "path.music_dir"), "path.music_dir")
        self.listeners = read_listeners(path_option(config, "path.listeners_file"))
        check_listener_names(self.listeners, path_option(config, "path.listeners_file"))
        self.music = Table(path_option(config, "path.music_file"))
        self.scenes = Table(path_option(config, "path.scenes_file"))
        self.gain_table = Table(path_option(config, "path.gains_file"))
        self.scene_listeners = Table(path_option(config, "path.scene_listeners_file"))
        self.enhancer_params = Table(path_option(config, "path.enhancer_params_file"))
        self.input_sample_rate = option(config, "input_sample_rate", int)
        self.sample_rate = option(config, "HAAQI_sample_rate", int)
        self.enhanced = EnhancedFormat(option(config, "remix_sample_rate", int), channels=2)
        self.enhancer = {
            name: tuple(option(config, f"enhancer.{name}", list))
            for name in ("crossover_frequencies", "attack", "release", "threshold")
        }
        tables = (self.music, self.scenes, self.gain_table, self.scene_listeners, self.enhancer_params)
        self.metadata_files = (path_option(config, "path.listeners_file"), *(t.path for t in tables))
        self._remix: tuple[str, np.ndarray] | None = None

    def pairs(self) -> list[Pair]:
        """Scene by scene, listener by listener."""
        ids = scene_listener_pairs(self.scene_listeners, self.listeners)
        songs = {scene: self.song(scene) for scene, _ in ids}
        for listener in {listener for _, listener in ids}:
            for ear in EARS:
                self.compressor(listener, ear)
        return [Pair(scene, songs[scene], listener) for scene, listener in ids]

    def song(self, scene: str) -> str:
        """A scene's piece; checks all that the scene refers to."""
        song = self.scenes.field(scene, "music")
        gains = self.gains(scene)
        for source in self.sources(song):
            if source not in gains:
                gain = self.scenes.field(scene, "gain")
                raise InputError(f"{self.gain_table.path}: {gain}: field {source!r} is missing")
        dataset_folder(scene, self.scenes.path)
        return song

    def gains(self, scene: str) -> dict[str, float]:
        """Target gain (dB) of each source; there may be more gains than sources."""
        gain = self.scenes.field(scene, "gain")
        record = self.gain_table.record(gain)
        return {source: self.gain_table.field(gain, source, float) for source in record}

    def sources(self, song: str) -> dict[str, dict]:
        """The records of a piece's sources, without the mixture's."""
        record = self.music.record(song)
        return {
            source: check_kind(value, dict, f"{self.music.path}: {song}: {source}")
            for source, value in record.items()
            if source != MIXTURE
        }

    def read_track(self, song: str, source: str) -> np.ndarray:
        """One source or the mixture [T, 2] float32, cut to its `start` and `duration` (s)."""
        record = self.music.field(song, source, dict)
        where = f"{self.music.path}: {song}: {source}: field"
        track = Path(check_kind(record.get("track"), str, f"{where} 'track'"))
        if track.is_absolute() or ".." in track.parts:
            raise InputError(f"{where} 'track' is {str(track)!r}, not below music_dir")
        samples = read_stereo(self.music_dir / track, self.input_sample_rate).astype(np.float32)
        if "duration" not in record:
            return samples
        start = check_kind(record.get("start", 0), float, f"{where} 'start'")
        end = start + check_kind(record["duration"], float, f"{where} 'duration'")
        first, last = int(start * self.input_sample_rate), int(end * self.input_sample_rate)
        if not 0 <= first < min(last, len(samples)):
            raise Unscorable(
                "reference_wrong_length",
                f"{self.music_dir / track}: {len(samples)} samples, wanted from {first} to {last}",
            )
        return samples[first:last]

    def mixture(self, song: str) -> np.ndarray:
        """The mixture [T, 2]."""
        return self.read_track(song, MIXTURE)

    def load_stems(self, song: str) -> dict[str, np.ndarray]:
        """The true sources, each [T, 2]."""
        stems = {source: self.read_track(song, source) for source in self.sources(song)}
        return check_equal_lengths(stems, f"{self.music.path}: {song}")

    def remix(self, scene: str) -> np.ndarray:
        """The true sources with the scene's gains [T, 2]; the last is kept."""
        if self._remix is None or self._remix[0] != scene:
            song, gains = self.song(scene), self.gains(scene)
            stems = apply_gains(self.load_stems(song), gains, self.input_sample_rate)
            remix = np.sum(list(stems.values()), axis=0)
            self._remix = scene, compensate_gains(remix, gains)
        return self._remix[1]

    def compressor(self, listener: str, ear: str) -> MultibandCompressor:
        """The listener's multiband compressor for one ear."""
        letter = ear[0]
        return MultibandCompressor(
            sample_rate=self.input_sample_rate,
            ratio=tuple(self.enhancer_params.field(listener, f"cr_{letter}", list)),
            makeup_gain=tuple(self.enhancer_params.field(listener, f"gain_{letter}", list)),
            **self.enhancer,
        )

    def seed_name(self, pair: Pair) -> str:
        """The scene."""
        return pair.scene

    def enhanced_file(self, pair: Pair, ear: str, stem: str) -> Path:
        """One stereo remix per pair, in the folder of its data set."""
        folder = dataset_folder(pair.scene, self.scenes.path)
        return Path(folder) / f"{pair.scene}_{pair.listener}_remix.flac"

    def reference(self, pair: Pair, ear: str, stem: str) -> EarReference:
        """The remix at one ear, compressed for the listener; its level is that before."""
        remix = self.remix(pair.scene)[:, EARS.index(ear)]
        level1 = level1_of(remix)
        compressed = self.compressor(pair.listener, ear)(remix)
        samples = resample(compressed, self.input_sample_rate, self.sample_rate)
        return EarReference(samples, level1, len(remix) / self.input_sample_rate)

    def ear_mixture(self, pair: Pair, ear: str) -> np.ndarray:
        """The mixture at one ear, compressed for the listener."""
        compressed = self.compressor(pair.listener, ear)(self.mixture(pair.song)[:, EARS.index(ear)])
        return resample(compressed, self.input_sample_rate, self.sample_rate)

    def target_gains(self, pair: Pair, stem: str) -> dict[str, float]:
        """The scene's, of the sources that the piece has."""
        gains = self.gains(pair.scene)
        return {source: gains[source] for source in self.sources(pair.song)}

    def row(self, pair: Pair, scores: Mapping[tuple[str, str], float]) -> dict[str, object]:
        """Both ears and their mean."""
        left, right = scores["left", ""], scores["right", ""]
        return {
            "scene": pair.scene,
            "song": pair.song,
            "listener": pair.listener,
            "left_haaqi": left,
            "right_haaqi": right,
            "avg_haaqi": float(np.mean([left, right])),
        }


def dataset_folder(scene: str, path: Path) -> str:
    """`train`, `valid` or `test` by the number in a scene's id, with pyclarity's boundaries.

    >>> dataset_folder("S50001", Path("scenes.json")), dataset_folder("S50000", Path("scenes.json"))
    ('valid', 'test')
    """
    try:
        number = int(scene[1:])
    except ValueError:
        raise InputError(f"{path}: {scene!r}: a scene is a letter and a number") from None
    if 0 < number < 49999:
        return "train"
    return "valid" if 50000 < number < 59999 else "test"
