"""A folder of songs that programs played: `STYLE-NUMBER/song.flac`, of one seed and one band."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ..audio import write_flac
from ..errors import InputError
from ..io.jsonfile import read_json, write_json
from .midi_accompaniment import SAMPLE_RATE, Band, Unplayable, make_song


class SongFolder:
    """Songs of a band and a seed, one folder each; what a killed run left is gone on with.

    Args:
        out: the folder; made if it is not there.
        band: who plays.
        seed: of all songs.

    Raises:
        InputError: for a folder that cannot be written, or that holds songs of another seed or band.
    """

    def __init__(self, out: str | Path, band: Band, seed: int) -> None:
        self.out, self.band, self.seed = Path(out), band, seed
        asked = {"seed": seed, "library": str(band.library), "fonts": [font.name for font in band.fonts]}
        note = self.out / "songs.json"
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            found = read_json(note, dict) if self.numbers() else asked
            if found != asked:
                raise InputError(f"{out}: holds songs of {found}, not of {asked}; choose another folder")
            write_json(note, asked, indent=None)
        except OSError as error:
            raise InputError(f"out={out}: {error.strerror}") from None

    def numbers(self) -> set[int]:
        """Of the songs that are there."""
        return {int(path.parent.name.rpartition("-")[2]) for path in self.out.glob("*-[0-9]*/song.flac")}

    def play(self, numbers: Iterable[int]) -> int:
        """Play the songs of some numbers that are not there; how many there are then, or were before.

        Raises:
            InputError: if a program is not installed.
        """
        there, count = self.numbers(), 0
        with TemporaryDirectory() as folder:
            for number in numbers:
                try:
                    if number not in there:
                        self._write(number, *make_song(self.band, number, self.seed, Path(folder)))
                    count += 1
                except Unplayable as error:
                    print(f"song {number}: left out: {error}")
        return count

    def _write(self, number: int, style: str, song: np.ndarray) -> None:
        folder = self.out / f"{style.replace('/', '-')}-{number}"
        folder.mkdir(exist_ok=True)
        write_flac(folder / "song.flac", song, SAMPLE_RATE)
