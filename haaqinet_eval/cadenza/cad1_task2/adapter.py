"""CAD1 task 2: music from a car's loudspeakers, heard in its noise through a hearing aid that is given.

A system hands in what the loudspeakers play. The evaluator adds car, noise and hearing aid, and compares
with the song in an anechoic room at the loudness that results; see `acoustics` for the versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy as np

from ...audio import resample
from ...audiogram import EARS, read_listeners
from ...errors import InputError, Unscorable
from ...nalr import NalR
from ..challenge import (
    EarReference,
    EnhancedFormat,
    Pair,
    PairScores,
    check_listener_names,
    level1_of,
    scene_listener_pairs,
)
from ..limiter import Limiter
from ..loaders import official_seed
from ..metadata import Table, check_name, option, path_option
from ..music import check_folder, read_song
from ..playing import EarSignals
from ..submitted import SubmissionFile, header_seconds, one_remix
from .acoustics import CarScene, Surroundings, find_acoustics
from .impulses import Path2, Rotations
from .noise import CarNoise

SNR_LIMITS = (-100.0, 100.0)  # dB; the generator's are 0 to 15


class Cad1Task2:
    """Adapter of the challenge; see `challenge.Challenge` and `playing.Playing`.

    Args:
        config: options of the recipe, pyclarity's keys, and `acoustics`.
        systems: `enhanced_signals` folder of each system; they lie alike whatever is in them.
    """

    name = "cad1_task2"
    stems = ("",)
    equalisation = 1
    small_test_stride = 15
    columns = ("scene", "song", "genre", "listener", "score", "haaqi_left", "haaqi_right", "acoustics")

    def __init__(self, config: Mapping, systems: Mapping[str, Path]) -> None:
        self.split = check_name(option(config, "evaluate.split", str), "option evaluate.split")
        self.music_dir = check_folder(path_option(config, "path.music_dir"), "path.music_dir")
        self.listeners = read_listeners(path_option(config, "path.listeners_file"))
        check_listener_names(self.listeners, path_option(config, "path.listeners_file"))
        self.scenes = Table(path_option(config, "path.scenes_file"))
        self.scene_listeners = Table(path_option(config, "path.scenes_listeners_file"))
        self.rotations = Rotations(path_option(config, "path.hrtf_file"), self.split)
        self.metadata_files = (
            path_option(config, "path.listeners_file"),
            self.scenes.path,
            self.rotations.path,
        )
        self.input_sample_rate = option(config, "sample_rate", int)
        self.enhanced = EnhancedFormat(option(config, "enhanced_sample_rate", int), channels=2)
        self.acoustics_name = config.get("acoustics", "official")
        self.acoustics = find_acoustics(self.acoustics_name)
        self.sample_rate = self.acoustics.sample_rate
        self._check_rates()
        self.car = CarScene(
            check_folder(path_option(config, "path.hrtf_dir"), "path.hrtf_dir"),
            self.acoustics,
            NalR(option(config, "nalr.nfir", int), option(config, "nalr.sample_rate", int)),
            Limiter.from_options(option(config, "compressor", dict), "option compressor"),
            option(config, "soft_clip", bool),
        )
        self._paths: dict[str, str] = {}  # of songs, below music_dir
        self._song: tuple[str, np.ndarray, np.ndarray] | None = None  # the last, at both rates
        self._around: tuple[str, Surroundings] | None = None  # of the last scene

    def _check_rates(self) -> None:
        """The evaluator of pyclarity 0.9 takes everything as if it had the rate of the music."""
        if not self.acoustics.resamples and self.input_sample_rate != self.sample_rate:
            raise InputError(
                f"option sample_rate is {self.input_sample_rate}; with acoustics={self.acoustics_name} it is "
                f"{self.sample_rate}"
            )

    def pairs(self) -> list[Pair]:
        """The split's scenes in the order of scenes_listeners.json, listener by listener."""
        there = {scene for scene in self.scenes if self.scenes.field(scene, "split") == self.split}
        heard = {scene: ids for scene, ids in self.scene_listeners.items() if scene in there}
        ids = scene_listener_pairs(Table(self.scene_listeners.path, heard), self.listeners)
        songs = {scene: self.song(scene) for scene, _ in ids}
        return [Pair(scene, songs[scene], listener) for scene, listener in ids]

    def song(self, scene: str) -> str:
        """Name of a scene's song; checks all that the scene says."""
        song = check_name(self.scenes.field(scene, "song"), f"{self.scenes.path}: {scene}: field 'song'")
        path = self.scenes.field(scene, "song_path")
        parts = PurePosixPath(path).parts
        if path.startswith("/") or ".." in parts or len(parts) < 2:
            raise InputError(
                f"{self.scenes.path}: {scene}: field 'song_path' is {path!r}, not <genre>/<file>"
            )
        if self._paths.setdefault(song, path) != path:
            raise InputError(
                f"{self.scenes.path}: {scene}: song {song!r} is {path!r}, and {self._paths[song]!r} elsewhere"
            )
        self.noise_of(scene)
        self.snr(scene)
        self.places(scene)
        return song

    def noise_of(self, scene: str) -> CarNoise:
        """Parameters of the scene's noise."""
        where = f"{self.scenes.path}: {scene}: car_noise_parameters"
        return CarNoise.read(self.scenes.record(scene).get("car_noise_parameters"), where)

    def snr(self, scene: str) -> float:
        """Music over noise at the microphones (dB)."""
        snr, (low, high) = self.scenes.field(scene, "snr", float), SNR_LIMITS
        if not low <= snr <= high:
            raise InputError(
                f"{self.scenes.path}: {scene}: field 'snr' is {snr:g} dB, outside [{low:g}, {high:g}]"
            )
        return snr

    def places(self, scene: str) -> dict[str, Path2]:
        """Impulse responses of the scene's rotation of the head."""
        angle = self.scenes.field(scene, "hr", float)
        return self.rotations.find(angle, f"{self.scenes.path}: {scene}: field 'hr'")

    def path(self, song: str) -> Path:
        """Where a song lies."""
        if song not in self._paths:
            self.pairs()
        return self.music_dir / self._paths[song]

    def mixture(self, song: str) -> np.ndarray:
        """The song [T, 2] float32; the last is kept."""
        return self._read(song)[0]

    def _read(self, song: str) -> tuple[np.ndarray, np.ndarray]:
        """The song at its own rate and at that of the acoustics."""
        if self._song is None or self._song[0] != song:
            rate = self.input_sample_rate
            samples = read_song(self.path(song), rate)
            resamples = self.acoustics.resamples
            self._song = song, samples, resample(samples, rate, self.sample_rate) if resamples else samples
        return self._song[1:]

    def given(self, song: str, ear: str) -> np.ndarray:
        """The song."""
        return self.mixture(song)

    def target(self, pair: Pair, stem: str) -> np.ndarray:
        """The song."""
        return self.mixture(pair.song)

    def seconds(self, song: str) -> float | None:
        """As the file's header says, which for MP3 may be an estimate."""
        return header_seconds(self.path(song))

    def recording(self, song: str) -> str:
        """The song."""
        return song

    def genre(self, song: str) -> str:
        """The folder that the song lies in."""
        self.path(song)
        return PurePosixPath(self._paths[song]).parts[-2]

    def submission_files(self, pair: Pair) -> list[SubmissionFile]:
        """One stereo file."""
        form = self.enhanced
        return one_remix(self.enhanced_file(pair, "left", ""), form.sample_rate, form.channels)

    def seed_name(self, pair: Pair) -> str:
        """The scene."""
        return pair.scene

    def enhanced_file(self, pair: Pair, ear: str, stem: str) -> Path:
        """One stereo file per pair."""
        return Path(self.split, pair.listener, f"{pair.scene}_{pair.listener}_{pair.song}.flac")

    def reference(self, pair: Pair, ear: str, stem: str) -> EarReference:
        """The song's channel, before any room: what HAAQI compares with follows the output, see `hear`."""
        song, samples = self._read(pair.song)
        samples = samples[:, EARS.index(ear)]
        return EarReference(samples, level1_of(samples), len(song) / self.input_sample_rate)

    def ear_mixture(self, pair: Pair, ear: str) -> np.ndarray:
        """The song's channel."""
        return self._read(pair.song)[1][:, EARS.index(ear)]

    def target_gains(self, pair: Pair, stem: str) -> dict[str, float]:
        """None: nothing is to be rebalanced."""
        return {}

    def surroundings(self, scene: str, song: str) -> Surroundings:
        """A scene's noise and reference, the same for all its listeners; the last are kept."""
        if self._around is None or self._around[0] != scene:
            rng = np.random.RandomState(official_seed(scene))
            samples = self._read(song)[1]
            made = self.car.surroundings(
                self.noise_of(scene), self.snr(scene), self.places(scene), samples, rng
            )
            self._around = scene, made
        return self._around[1]

    def hear(self, pair: Pair, samples: np.ndarray) -> EarSignals:
        """What the listener hears of a system's file, and the reference at its loudness."""
        if not samples.any():
            raise Unscorable(
                "silent", "every sample of the output is 0: neither noise nor reference has a level"
            )
        if self.acoustics.resamples:
            samples = resample(samples, self.enhanced.sample_rate, self.sample_rate)
        around = self.surroundings(pair.scene, pair.song)
        return self.car.hear(around, samples, self.listeners[pair.listener])

    def generator(self, pair: Pair) -> np.random.RandomState:
        """After the scene's noise, which is drawn first."""
        rng = np.random.RandomState()
        rng.set_state(self.surroundings(pair.scene, pair.song).state)
        return rng

    def row(self, pair: Pair, scores: PairScores) -> dict[str, object]:
        """Both ears and their mean, and with which acoustics."""
        values = scores.values()
        left, right = values["left", ""], values["right", ""]
        return {
            "scene": pair.scene,
            "song": pair.song,
            "genre": self.genre(pair.song),
            "listener": pair.listener,
            "score": float(np.mean([right, left])),
            "haaqi_left": left,
            "haaqi_right": right,
            "acoustics": self.acoustics_name,
        }
