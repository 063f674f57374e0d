"""The ICASSP 2024 grand challenge: music from two loudspeakers, remixed with target gains.

The reference of an ear is the remix of the true stems at the hearing-aid microphones with
the scene's gains, at the loudness of the original mixture, amplified by NAL-R. Facts from
`recipes/cad_icassp_2024/baseline/evaluate.py` of pyclarity 0.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...nalr import NalR
from ..challenge import read_gains
from ..loudness import apply_gains, match_loudness
from ..metadata import check_path, option
from ..music import check_equal_lengths, read_stereo
from ..remix import RemixChallenge
from ..submitted import header_seconds

STEMS = ("drums", "bass", "other", "vocals")


class CadIcassp2024(RemixChallenge):
    """Adapter of the challenge; see `challenge.Challenge`.

    Args:
        config: options of the recipe, pyclarity's keys.
        systems: `enhanced_signals` folder of each system; they lie alike whatever is in them.
    """

    name = "cad_icassp_2024"
    small_test_stride = 15
    columns = ("scene", "song", "listener", "left_score", "right_score", "score")

    def __init__(self, config: Mapping, systems: Mapping[str, Path]) -> None:
        super().__init__(config)
        self.input_sample_rate = option(config, "sample_rate", int)
        self.nalr = NalR(option(config, "nalr.nfir", int), option(config, "nalr.sample_rate", int))

    def song(self, scene: str) -> str:
        """Name of a scene's music at the microphones; checks all that the scene refers to."""
        self.gains(scene)
        head = self.scenes.field(scene, "head_loudspeaker_positions")
        song = f"{self.scenes.field(scene, 'music')}-{head}"
        self.music.field(song, "Path")
        return song

    def gains(self, scene: str) -> dict[str, float]:
        """Target gain (dB) of each stem."""
        gains = read_gains(self.gain_table, self.gain_of(scene, "gain"), STEMS)
        return {stem: gains[stem] for stem in STEMS}

    def folder(self, song: str) -> Path:
        """Where the music at the microphones lies."""
        where = f"{self.music.path}: {song}: field 'Path'"
        return self.music_dir / check_path(self.music.field(song, "Path"), where, "music_dir")

    def mixture(self, song: str) -> np.ndarray:
        """The mixture at the microphones [T, 2]."""
        return read_stereo(self.folder(song) / "mixture.wav", self.input_sample_rate)

    def load_stems(self, song: str) -> dict[str, np.ndarray]:
        """The true stems at the microphones, each [T, 2]."""
        folder = self.folder(song)
        stems = {stem: read_stereo(folder / f"{stem}.wav", self.input_sample_rate) for stem in STEMS}
        return check_equal_lengths(stems, str(folder))

    def make_remix(self, scene: str) -> np.ndarray:
        """The true stems with the scene's gains, as loud as the mixture [T, 2]."""
        song = self.song(scene)
        stems = apply_gains(self.load_stems(song), self.gains(scene), self.input_sample_rate)
        remix = np.zeros_like(stems[STEMS[0]])
        for stem in STEMS:
            remix += stems[stem]
        return match_loudness(remix, self.mixture(song), self.input_sample_rate)

    def amplify(self, listener: str, ear: str, signal: np.ndarray) -> np.ndarray:
        """By NAL-R."""
        fir, _ = self.nalr.build(self.listeners[listener].ear(ear))
        return self.nalr.apply(fir, signal)

    def seconds(self, song: str) -> float | None:
        """Of the vocals."""
        return header_seconds(self.folder(song) / "vocals.wav")

    def recording(self, song: str) -> str:
        """The track that was played to the head."""
        return self.music[song].get("Original Track Name", "") if song in self.music else song
