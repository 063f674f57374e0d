"""What challenges have in common whose listeners hear a remix of a scene, amplified for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..audio import resample
from ..audiogram import EARS, read_listeners
from ..errors import InputError
from .challenge import (
    EarReference,
    EnhancedFormat,
    Pair,
    PairScores,
    check_listener_names,
    level1_of,
    scene_listener_pairs,
)
from .metadata import Table, option, path_option
from .music import check_folder
from .submitted import SubmissionFile, one_remix


class RemixChallenge(ABC):
    """A part of `challenge.Challenge`: tables of scenes, music, gains and listeners; references of remixes.

    Args:
        config: options of the recipe, pyclarity's keys.
        tables: names of further metadata files, besides those that every challenge of the kind has.
    """

    name: str
    stems = ("",)
    equalisation = 2
    columns: tuple[str, ...]
    input_sample_rate: int
    music_option, gains_option = "music_file", "gains_file"

    def __init__(self, config: Mapping, *tables: str) -> None:
        self.music_dir = check_folder(path_option(config, "path.music_dir"), "path.music_dir")
        listeners = path_option(config, "path.listeners_file")
        self.listeners = read_listeners(listeners)
        check_listener_names(self.listeners, listeners)
        names = (self.music_option, "scenes_file", self.gains_option, "scene_listeners_file", *tables)
        found = [Table(path_option(config, f"path.{name}")) for name in names]
        self.music, self.scenes, self.gain_table, self.scene_listeners, *self.further_tables = found
        self.metadata_files = (listeners, *(table.path for table in found))
        self.sample_rate = option(config, "HAAQI_sample_rate", int)
        self.enhanced = EnhancedFormat(option(config, "remix_sample_rate", int), channels=2)
        self._remix: tuple[str, np.ndarray] | None = None

    @abstractmethod
    def song(self, scene: str) -> str:
        """Name of a scene's music; checks all that the scene refers to."""

    def gain_of(self, scene: str, field: str) -> str:
        """The record of gains that a scene names in a field.

        Raises:
            InputError: there is no such record.
        """
        id = self.scenes.field(scene, field)
        if id not in self.gain_table:
            where = f"{self.scenes.path}: {scene}: field {field!r}"
            raise InputError(f"{where} is {id!r}, which is not in {self.gain_table.path}")
        return id

    @abstractmethod
    def gains(self, scene: str) -> dict[str, float]:
        """Target gain (dB) of each stem."""

    @abstractmethod
    def mixture(self, song: str) -> np.ndarray:
        """The mixture [T, 2]."""

    @abstractmethod
    def make_remix(self, scene: str) -> np.ndarray:
        """The true stems with the scene's gains [T, 2]."""

    @abstractmethod
    def amplify(self, listener: str, ear: str, signal: np.ndarray) -> np.ndarray:
        """A signal [T] as the challenge's hearing aid gives it to an ear, at `input_sample_rate`."""

    def pairs(self) -> list[Pair]:
        """Scene by scene, listener by listener."""
        ids = scene_listener_pairs(self.scene_listeners, self.listeners)
        songs = {scene: self.song(scene) for scene, _ in ids}
        return [Pair(scene, songs[scene], listener) for scene, listener in ids]

    def remix(self, scene: str) -> np.ndarray:
        """As `make_remix`; the last is kept."""
        if self._remix is None or self._remix[0] != scene:
            self._remix = scene, self.make_remix(scene)
        return self._remix[1]

    def target(self, pair: Pair, stem: str) -> np.ndarray:
        """The remix."""
        return self.remix(pair.scene)

    def given(self, song: str, ear: str) -> np.ndarray:
        """The mixture."""
        return self.mixture(song)

    def submission_files(self, pair: Pair) -> list[SubmissionFile]:
        """One stereo remix."""
        form = self.enhanced
        return one_remix(self.enhanced_file(pair, "left", ""), form.sample_rate, form.channels)

    def seed_name(self, pair: Pair) -> str:
        """The scene."""
        return pair.scene

    def enhanced_file(self, pair: Pair, ear: str, stem: str) -> Path:
        """One stereo remix per pair."""
        return Path(f"{pair.scene}_{pair.listener}_remix.flac")

    def reference(self, pair: Pair, ear: str, stem: str) -> EarReference:
        """The remix at one ear, amplified; its level is that before."""
        remix = self.remix(pair.scene)[:, EARS.index(ear)]
        level1 = level1_of(remix)
        return EarReference(self._heard(pair, ear, remix), level1, len(remix) / self.input_sample_rate)

    def ear_mixture(self, pair: Pair, ear: str) -> np.ndarray:
        """The mixture at one ear, amplified."""
        return self._heard(pair, ear, self.mixture(pair.song)[:, EARS.index(ear)])

    def _heard(self, pair: Pair, ear: str, signal: np.ndarray) -> np.ndarray:
        amplified = self.amplify(pair.listener, ear, signal)
        return resample(amplified, self.input_sample_rate, self.sample_rate)

    def for_both_ears(self, listener: str, signal: np.ndarray) -> np.ndarray:
        """A stereo signal [T, 2] as the challenge's hearing aids give it to a listener."""
        ears = [self.amplify(listener, ear, signal[:, i]) for i, ear in enumerate(EARS)]
        return np.stack(ears, axis=1)

    def target_gains(self, pair: Pair, stem: str) -> dict[str, float]:
        """The scene's."""
        return self.gains(pair.scene)

    def row(self, pair: Pair, scores: PairScores) -> dict[str, object]:
        """Both ears and their mean."""
        values = scores.values()
        left, right = values["left", ""], values["right", ""]
        row = (pair.scene, pair.song, pair.listener, left, right, float(np.mean([left, right])))
        return dict(zip(self.columns, row, strict=True))
