"""Have programs play songs in many styles, to train on; goes on where it was killed."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import hydra
import numpy as np
import soundfile
from omegaconf import DictConfig
from rich.progress import track

from haaqinet_eval.errors import InputError
from haaqinet_eval.recipe import run_job, run_main
from haaqinet_eval.synthesis.band import SAMPLE_RATE, Band, Unplayable, make_song, read_band


def write_song(song: np.ndarray, folder: Path) -> None:
    """Write `song.flac`; a killed run leaves none that is half there."""
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / "song.part", song, SAMPLE_RATE, format="FLAC")
    (folder / "song.part").rename(folder / "song.flac")


def whole(config: DictConfig, name: str, least: int) -> int:
    """An option that is a whole number."""
    value = config[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(f"{name}={value}: no whole number from {least} on")
    return value


def ask(config: DictConfig) -> tuple[Band, Path]:
    """The band, and the folder of its songs, which holds those of one seed and band only."""
    fonts = [config.fonts] if isinstance(config.fonts, str) else list(config.fonts or ())
    band, out = read_band(str(config.library), fonts), Path(config.out)
    asked = {"seed": whole(config, "seed", 0), "library": str(band.library)}
    asked["fonts"] = [font.name for font in band.fonts]
    note = out / "songs.json"
    try:
        out.mkdir(parents=True, exist_ok=True)
        found = json.loads(note.read_text(encoding="utf-8")) if any(out.glob("*/song.flac")) else asked
        if found != asked:
            raise InputError(f"{out}: holds songs of {found}, not of {asked}; choose another folder")
        note.write_text(json.dumps(asked), encoding="utf-8")
    except OSError as error:
        raise InputError(f"out={out}: {error.strerror}") from None
    return band, out


def play_songs(config: DictConfig) -> None:
    """Play the songs that are not there yet, one folder each."""
    start, count = whole(config, "start", 0), whole(config, "songs", 1)
    band, out = ask(config)
    there = {path.parent.name.rpartition("-")[2] for path in out.glob("*/song.flac")}
    left_out = 0
    with TemporaryDirectory() as folder:
        for number in track(range(start, start + count), "playing"):
            if str(number) in there:
                continue
            try:
                style, song = make_song(band, number, config.seed, Path(folder))
            except Unplayable as error:
                left_out += 1
                print(f"song {number}: left out: {error}")
                continue
            write_song(song, out / f"{style.replace('/', '-')}-{number}")
    if left_out == count:
        raise InputError(f"library={config.library}: none of {count} songs could be played")
    made = len(list(out.glob("*/song.flac")))
    print(f"{out}: {made} songs, {len(band.styles)} styles to draw from; {left_out} could not be played")


@hydra.main(version_base=None, config_path="config", config_name="play")
def main(config: DictConfig) -> None:
    run_job(lambda: play_songs(config))


if __name__ == "__main__":
    run_main(main)
