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

from ...errors import InputError, Unscorable
from ..challenge import Pair, read_gains
from ..compressor import ListenerCompressors
from ..loudness import apply_gains, compensate_gains
from ..metadata import check_kind, check_path, option
from ..music import check_equal_lengths, read_stereo
from ..remix import RemixChallenge
from ..submitted import header_seconds

MIXTURE = "mixture"


class Cad2Task2(RemixChallenge):
    """Adapter of the challenge; see `challenge.Challenge`.

    Args:
        config: options of the recipe, pyclarity's keys.
        systems: `enhanced_signals` folder of each system; they lie alike whatever is in them.
    """

    name = "cad2_task2"
    small_test_stride = 400
    columns = ("scene", "song", "listener", "left_haaqi", "right_haaqi", "avg_haaqi")

    def __init__(self, config: Mapping, systems: Mapping[str, Path]) -> None:
        super().__init__(config, "enhancer_params_file")
        (self.enhancer_params,) = self.further_tables
        self.input_sample_rate = option(config, "input_sample_rate", int)
        self.compressor = ListenerCompressors(config, self.enhancer_params)

    def pairs(self) -> list[Pair]:
        """Scene by scene, listener by listener, whose compressors are checked."""
        pairs = super().pairs()
        self.compressor.check({pair.listener for pair in pairs})
        return pairs

    def song(self, scene: str) -> str:
        """A scene's piece; checks all that the scene refers to."""
        song = self.scenes.field(scene, "music")
        self.gains(scene)
        dataset_folder(scene, self.scenes.path)
        return song

    def gains(self, scene: str) -> dict[str, float]:
        """Target gain (dB) of each source; there may be more gains than sources."""
        sources = self.sources(self.scenes.field(scene, "music"))
        return read_gains(self.gain_table, self.gain_of(scene, "gain"), sources, also=r"source_\d+")

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
        track = check_path(record.get("track"), f"{where} 'track'", "music_dir")
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

    def make_remix(self, scene: str) -> np.ndarray:
        """The true sources with the scene's gains [T, 2]."""
        song, gains = self.song(scene), self.gains(scene)
        stems = apply_gains(self.load_stems(song), gains, self.input_sample_rate)
        return compensate_gains(np.sum(list(stems.values()), axis=0), gains)

    def amplify(self, listener: str, ear: str, signal: np.ndarray) -> np.ndarray:
        """By the listener's compressor."""
        return self.compressor(listener, ear)(signal)

    def seconds(self, song: str) -> float | None:
        """The mixture's `duration`, or that of its file."""
        record = self.music.field(song, MIXTURE, dict)
        if "duration" in record:
            return float(record["duration"])
        return header_seconds(self.music_dir / str(record.get("track")))

    def recording(self, song: str) -> str:
        """The piece."""
        return song

    def enhanced_file(self, pair: Pair, ear: str, stem: str) -> Path:
        """One stereo remix per pair, in the folder of its data set."""
        return Path(dataset_folder(pair.scene, self.scenes.path)) / super().enhanced_file(pair, ear, stem)

    def target_gains(self, pair: Pair, stem: str) -> dict[str, float]:
        """The scene's, of the sources that the piece has."""
        gains = self.gains(pair.scene)
        return {source: gains[source] for source in self.sources(pair.song)}


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
