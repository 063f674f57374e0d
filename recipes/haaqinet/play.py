"""Have programs play songs in many styles, to train on; goes on where it was killed."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import hydra
import numpy as np
import soundfile
from omegaconf import DictConfig
from rich.progress import track

from haaqinet_eval.recipe import run_job, run_main
from haaqinet_eval.synthesis.band import SAMPLE_RATE, Unplayable, make_song, read_band


def write_song(song: np.ndarray, folder: Path) -> None:
    """Write `song.flac`; a killed run leaves none that is half there."""
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / "song.part", song, SAMPLE_RATE, format="FLAC")
    (folder / "song.part").rename(folder / "song.flac")


def play_songs(config: DictConfig) -> None:
    """Play the songs that are not there yet, one folder each."""
    band, out = read_band(config.library, config.fonts), Path(config.out)
    there = {path.parent.name.rpartition("-")[2] for path in out.glob("*/song.flac")}
    left_out = 0
    with TemporaryDirectory() as folder:
        for number in track(range(config.start, config.start + config.songs), "playing"):
            if str(number) in there:
                continue
            try:
                style, song = make_song(band, number, config.seed, Path(folder))
            except Unplayable as error:
                left_out += 1
                print(f"song {number}: left out: {error}")
                continue
            write_song(song, out / f"{style}-{number}")
    count = len(list(out.glob("*/song.flac")))
    print(f"{out}: {count} songs, {len(band.styles)} styles; {left_out} could not be played")


@hydra.main(version_base=None, config_path="config", config_name="play")
def main(config: DictConfig) -> None:
    run_job(lambda: play_songs(config))


if __name__ == "__main__":
    run_main(main)
