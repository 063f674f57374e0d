"""The ICASSP 2024 grand challenge: music from two loudspeakers, remixed with target gains.

The reference of an ear is the remix of the true stems at the hearing-aid microphones with
the scene's gains, at the loudness of the original mixture, amplified by NAL-R. Facts from
`recipes/cad_icassp_2024/baseline/evaluate.py` of pyclarity 0.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..audio import resample
from ..audiogram import EARS, read_listeners
from ..errors import InputError
from ..nalr import NalR
from .challenge import (
    EarReference,
    EnhancedFormat,
    Pair,
    check_listener_names,
    level1_of,
    scene_listener_pairs,
)
from .loudness import apply_gains, match_loudness
from .metadata import Table, option, path_option
from .music import check_equal_lengths, check_folder, read_stereo

STEMS = ("drums", "bass", "other", "vocals")


class CadIcassp2024:
    """Adapter of the challenge; see `challenge.Challenge`.

    Args:
        config: options of the recipe, pyclarity's keys.
    """

    name = "cad_icassp_2024"
    stems = ("",)
    equalisation = 2
    small_test_stride = 15
    columns = ("scene", "song", "listener", "left_score", "right_score", "score")

    def __init__(self, config: Mapping) -> None:
        self.music_dir = check_folder(path_option(config, "path.music_dir"), "path.music_dir")
        self.listeners = read_listeners(path_option(config, "path.listeners_file"))
        check_listener_names(self.listeners, path_option(config, "path.listeners_file"))
        self.music = Table(path_option(config, "path.music_file"))
        self.scenes = Table(path_option(config, "path.scenes_file"))
        self.gain_table = Table(path_option(config, "path.gains_file"))
        self.scene_listeners = Table(path_option(config, "path.scene_listeners_file"))
        self.input_sample_rate = option(config, "sample_rate", int)
        self.sample_rate = option(config, "HAAQI_sample_rate", int)
        self.enhanced = EnhancedFormat(option(config, "remix_sample_rate", int), channels=2)
        self.nalr = NalR(option(config, "nalr.nfir", int), option(config, "nalr.sample_rate", int))
        self.metadata_files = (
            path_option(config, "path.listeners_file"),
            *(table.path for table in (self.music, self.scenes, self.gain_table, self.scene_listeners)),
        )
        self._remix: tuple[str, np.ndarray] | None = None

    def pairs(self) -> list[Pair]:
        """Scene by scene, listener by listener."""
        ids = scene_listener_pairs(self.scene_listeners, self.listeners)
        songs = {scene: self.song(scene) for scene, _ in ids}
        return [Pair(scene, songs[scene], listener) for scene, listener in ids]

    def song(self, scene: str) -> str:
        """Name of a scene's music at the microphones; checks all that the scene refers to."""
        self.gains(scene)
        head = self.scenes.field(scene, "head_loudspeaker_positions")
        song = f"{self.scenes.field(scene, 'music')}-{head}"
        self.music.field(song, "Path")
        return song

    def gains(self, scene: str) -> dict[str, float]:
        """Target gain (dB) of each stem."""
        gain = self.scenes.field(scene, "gain")
        return {stem: self.gain_table.field(gain, stem, float) for stem in STEMS}

    def folder(self, song: str) -> Path:
        """Where the music at the microphones lies."""
        path = Path(self.music.field(song, "Path"))
        if path.is_absolute() or ".." in path.parts:
            raise InputError(f"{self.music.path}: {song}: field 'Path' is {str(path)!r}, not below music_dir")
        return self.music_dir / path

    def mixture(self, song: str) -> np.ndarray:
        """The mixture at the microphones [T, 2]."""
        return read_stereo(self.folder(song) / "mixture.wav", self.input_sample_rate)

    def load_stems(self, song: str) -> dict[str, np.ndarray]:
        """The true stems at the microphones, each [T, 2]."""
        folder = self.folder(song)
        stems = {stem: read_stereo(folder / f"{stem}.wav", self.input_sample_rate) for stem in STEMS}
        return check_equal_lengths(stems, str(folder))

    def remix(self, scene: str) -> np.ndarray:
        """The true stems with the scene's gains, as loud as the mixture [T, 2]; the last is kept."""
        if self._remix is None or self._remix[0] != scene:
            song = self.song(scene)
            stems = apply_gains(self.load_stems(song), self.gains(scene), self.input_sample_rate)
            remix = np.zeros_like(stems[STEMS[0]])
            for stem in STEMS:
                remix += stems[stem]
            self._remix = scene, match_loudness(remix, self.mixture(song), self.input_sample_rate)
        return self._remix[1]

    def seed_name(self, pair: Pair) -> str:
        """The scene."""
        return pair.scene

    def enhanced_file(self, pair: Pair, ear: str, stem: str) -> Path:
        """One stereo remix per pair."""
        return Path(f"{pair.scene}_{pair.listener}_remix.flac")

    def reference(self, pair: Pair, ear: str, stem: str) -> EarReference:
        """The remix at one ear, amplified by NAL-R; its level is that before NAL-R."""
        remix = self.remix(pair.scene)[:, EARS.index(ear)]
        level1 = level1_of(remix)
        return EarReference(self._amplified(pair, ear, remix), level1, len(remix) / self.input_sample_rate)

    def _amplified(self, pair: Pair, ear: str, signal: np.ndarray) -> np.ndarray:
        fir, _ = self.nalr.build(self.listeners[pair.listener].ear(ear))
        return resample(self.nalr.apply(fir, signal), self.input_sample_rate, self.sample_rate)

    def ear_mixture(self, pair: Pair, ear: str) -> np.ndarray:
        """The mixture at one ear, amplified by NAL-R."""
        return self._amplified(pair, ear, self.mixture(pair.song)[:, EARS.index(ear)])

    def target_gains(self, pair: Pair, stem: str) -> dict[str, float]:
        """The scene's."""
        return self.gains(pair.scene)

    def row(self, pair: Pair, scores: Mapping[tuple[str, str], float]) -> dict[str, object]:
        """Both ears and their mean."""
        left, right = scores["left", ""], scores["right", ""]
        return {
            "scene": pair.scene,
            "song": pair.song,
            "listener": pair.listener,
            "left_score": left,
            "right_score": right,
            "score": float(np.mean([left, right])),
        }
