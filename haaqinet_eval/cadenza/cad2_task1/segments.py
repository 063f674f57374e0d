"""What CAD2 task 1 asks about: segments of songs, their remix with clearer words, and who hears it.

The reference of an ear is the song with its vocals 1 dB up and the rest 1 dB down, the whole track at
-40 LUFS, cut to the segment, through the listener's multiband compressor. Facts from
`recipes/cad2/task1/baseline/evaluate.py` of pyclarity 0.6.2, which scored the challenge, and 0.9; for HAAQI
they differ in the seed only, see `SCORINGS` for the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...audio import resample
from ...audiogram import EARS
from ...errors import InputError, Unscorable
from ...lyrics import find_scoring
from ..challenge import EarReference, Pair, level1_of
from ..compressor import ListenerCompressors
from ..loudness import at_loudness
from ..metadata import check_path, option
from ..music import check_equal_lengths, read_stereo
from ..remix import RemixChallenge

STEMS = ("vocals", "bass", "drums", "other")
GAINS = {"vocals": 1.0, "bass": -1.0, "drums": -1.0, "other": -1.0}  # dB, of the reference
LUFS = -40.0
BEYOND = 0.1  # s that a segment may go beyond the end of its track


class LyricsScenes(RemixChallenge):
    """Scenes, references and files; see `challenge.Challenge`. What it calls a song is a segment of one.

    Args:
        config: options of the recipe, pyclarity's keys, and `scoring`.
    """

    name = "cad2_task1"
    small_test_stride = 400
    music_option, gains_option = "musics_file", "alphas_file"

    def __init__(self, config: Mapping) -> None:
        super().__init__(config, "enhancer_params_file")
        (parameters,) = self.further_tables
        self.input_sample_rate = option(config, "input_sample_rate", int)
        self.compressor = ListenerCompressors(config, parameters)
        self.scoring = config.get("scoring", "official")
        find_scoring(self.scoring)
        self._gains: dict[tuple[Path, str], np.float64] = {}  # of whole tracks, to LUFS

    def pairs(self) -> list[Pair]:
        """Scene by scene, listener by listener, whose compressors are checked."""
        pairs = super().pairs()
        self.compressor.check({pair.listener for pair in pairs})
        return pairs

    def song(self, scene: str) -> str:
        """A scene's segment; checks all that the scene refers to."""
        segment = self.scenes.field(scene, "segment_id")
        self.alpha(scene)
        self.folder(segment)
        self.samples(segment)
        self.track(segment)
        return segment

    def alpha(self, scene: str) -> float:
        """The weight of the words, 0 to 1."""
        name = self.gain_of(scene, "alpha")
        alpha = self.gain_table[name]
        where = f"{self.gain_table.path}: {name}"
        if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 <= alpha <= 1:
            raise InputError(f"{where} is {alpha!r}, not a number from 0 to 1")
        return alpha  # as it stands there: file names have 0.0 or 0

    def gains(self, scene: str) -> dict[str, float]:
        """Gains (dB) of the reference: the same in every scene, whatever its alpha."""
        return dict(GAINS)

    def folder(self, segment: str) -> Path:
        """Where the stems of a segment's track lie."""
        where = f"{self.music.path}: {segment}: field 'path'"
        return self.music_dir / check_path(self.music.field(segment, "path"), where, "music_dir")

    def samples(self, segment: str) -> tuple[int, int]:
        """First sample of a segment, and the first after it."""
        start, end = (self.music.field(segment, f"{name}_time", float) for name in ("start", "end"))
        if not 0 <= start < end:
            raise InputError(f"{self.music.path}: {segment}: start_time {start:g} s, end_time {end:g} s")
        return int(start * self.input_sample_rate), int(end * self.input_sample_rate)

    def track(self, segment: str) -> str:
        """Name of the song that a segment is of."""
        return self.music.field(segment, "track_name")

    def lyrics(self, segment: str) -> str:
        """The words of a segment."""
        return self.music.field(segment, "text")

    def cut(self, segment: str, samples: np.ndarray) -> np.ndarray:
        """The segment of a whole track [T, 2]."""
        first, last = self.samples(segment)
        if last > len(samples) + BEYOND * self.input_sample_rate:
            raise Unscorable(
                "reference_wrong_length",
                f"{self.folder(segment)}: {len(samples)} samples, wanted from {first} to {last}",
            )
        return samples[first:last]

    def read_stem(self, segment: str, stem: str) -> np.ndarray:
        """A stem, or the mixture, of the whole track [T, 2] float32."""
        path = self.folder(segment) / f"{stem}.flac"
        return read_stereo(path, self.input_sample_rate).astype(np.float32)

    def mixture(self, song: str) -> np.ndarray:
        """The segment of the mixture [T, 2], itself at -40 LUFS; for the reference see `make_remix`."""
        return self.mixture_and_gain(song)[0]

    def mixture_and_gain(self, song: str) -> tuple[np.ndarray, np.float64]:
        """The same, and the factor that brought it there."""
        mixture = self.cut(song, self.read_stem(song, "mixture"))
        return at_loudness(mixture, LUFS, self.input_sample_rate)

    def load_stems(self, song: str) -> dict[str, np.ndarray]:
        """The true stems of the segment, each [T, 2], as loud as in the mixture at -40 LUFS."""
        _, gain = self.mixture_and_gain(song)
        stems = {stem: gain * self.cut(song, self.read_stem(song, stem)) for stem in STEMS}
        return check_equal_lengths(stems, str(self.folder(song)))

    def make_remix(self, scene: str) -> np.ndarray:
        """The segment with its vocals up and the rest down [T, 2]; the whole track is at -40 LUFS."""
        song = self.song(scene)
        stems = {stem: self.read_stem(song, stem) for stem in STEMS}
        check_equal_lengths(stems, str(self.folder(song)))
        vocals, accompaniment = stems.pop("vocals"), np.zeros_like(stems["bass"])
        for stem in stems.values():
            accompaniment += stem
        remix = vocals * 10 ** (GAINS["vocals"] / 20) + accompaniment * 10 ** (GAINS["other"] / 20)
        return self._levelled(song, remix, "remix")

    def _levelled(self, song: str, track: np.ndarray, what: str) -> np.ndarray:
        """A segment of a whole track [T, 2] that is brought to -40 LUFS; the factor is kept."""
        key = self.folder(song), what
        if key not in self._gains:
            _, self._gains[key] = at_loudness(track, LUFS, self.input_sample_rate)
        return self._gains[key] * self.cut(song, track)

    def ear_mixture(self, pair: Pair, ear: str) -> np.ndarray:
        """The mixture at one ear, amplified; the whole track is at -40 LUFS, as for the reference."""
        mixture = self._levelled(pair.song, self.read_stem(pair.song, "mixture"), "mixture")
        return self._heard(pair, ear, mixture[:, EARS.index(ear)])

    def amplify(self, listener: str, ear: str, signal: np.ndarray) -> np.ndarray:
        """By the listener's compressor."""
        return self.compressor(listener, ear)(signal)

    def reference(self, pair: Pair, ear: str, stem: str) -> EarReference:
        """The remix at one ear, amplified; its level is that after the amplification."""
        remix = self.remix(pair.scene)[:, EARS.index(ear)]
        heard = self.amplify(pair.listener, ear, remix)
        samples = resample(heard, self.input_sample_rate, self.sample_rate)
        return EarReference(samples, level1_of(heard), len(remix) / self.input_sample_rate)

    def seconds(self, song: str) -> float | None:
        """Of the segment."""
        first, last = self.samples(song)
        return (last - first) / self.input_sample_rate

    def recording(self, song: str) -> str:
        """The song that the segment is of."""
        return self.track(song)

    def enhanced_file(self, pair: Pair, ear: str, stem: str) -> Path:
        """One stereo remix per pair; its name has alpha as Python prints what stands in the file."""
        return Path(f"{pair.scene}_{pair.listener}_A{self.alpha(pair.scene)}_remix.flac")
