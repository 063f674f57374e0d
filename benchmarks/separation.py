"""Blind separators on real songs: signal-to-distortion ratio by stem, and what a second of music costs.

    python benchmarks/separation.py STEMS [--seconds 20] [--systems hpss spleeter]

STEMS holds a folder per song with `vocals`, `drums`, `other` and perhaps `bass` (WAV, FLAC or Ogg). The
mixture is their sum. The ratio is that of whole stems, 10 log10(|s|^2 / |s - estimate|^2), left out for
a stem that a song lacks; the row `mixture` takes the mixture for each stem. The real-time factor is processor
seconds a second of music, one thread.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from haaqinet_eval.audio import read_audio
from haaqinet_eval.systems import MUSDB_STEMS, Song, load_system

COLUMNS = (*MUSDB_STEMS, "accompaniment")  # dB


def read_song(folder: Path, seconds: float | None) -> tuple[Song, dict[str, np.ndarray]]:
    """A song and its true stems, [T, 2] each; a stem that it lacks is silent."""
    found = {path.stem: read_audio(path) for path in sorted(folder.iterdir()) if path.stem in MUSDB_STEMS}
    length = min(len(audio.samples) for audio in found.values())
    rate = next(iter(found.values())).sample_rate
    wanted = min(length, round(seconds * rate)) if seconds else length
    part = slice((length - wanted) // 2, (length + wanted) // 2)
    silent = np.zeros((length, 2))
    true = {stem: (found[stem].samples if stem in found else silent)[part] for stem in MUSDB_STEMS}
    return Song(
        folder.name, sum(true.values()), rate, {stem: stem for stem in MUSDB_STEMS}, lambda: true
    ), true


def sdr(true: np.ndarray, estimate: np.ndarray) -> float:
    """Signal-to-distortion ratio of [T, 2] (dB); NaN for a silent stem."""
    if not true.any():
        return np.nan
    return float(10 * np.log10(np.sum(true**2) / np.sum((true - estimate) ** 2)))


def ratios(true: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> dict[str, float]:
    """Signal-to-distortion ratios of a song (dB) by stem, and of all but the vocals together."""
    rest = sum(true[stem] for stem in MUSDB_STEMS[1:]), sum(found[stem] for stem in MUSDB_STEMS[1:])
    return {stem: sdr(true[stem], found[stem]) for stem in MUSDB_STEMS} | {"accompaniment": sdr(*rest)}


def mixture_ratios(song: Song, true: dict[str, np.ndarray]) -> dict[str, float]:
    """The same where the mixture stands for each stem."""
    accompaniment = sdr(song.mixture - true["vocals"], song.mixture)
    return {stem: sdr(true[stem], song.mixture) for stem in MUSDB_STEMS} | {"accompaniment": accompaniment}


def main() -> None:
    """Print a table: a row for each system, the mean over songs in each column."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("stems", type=Path)
    parser.add_argument("--seconds", type=float, default=None, help="from the middle of a song; default: all")
    parser.add_argument("--systems", nargs="+", default=["hpss", "spleeter"])
    args = parser.parse_args()
    torch.set_num_threads(1)
    songs = [read_song(folder, args.seconds) for folder in sorted(args.stems.iterdir()) if folder.is_dir()]
    rows = {"mixture": (0.0, [mixture_ratios(song, true) for song, true in songs])}
    seconds = sum(len(song.mixture) / song.sample_rate for song, _ in songs)
    for name in args.systems:
        system = load_system(name)
        start = time.process_time()
        estimates = [system.separate(song) for song, _ in songs]
        cost = (time.process_time() - start) / seconds
        rows[name] = cost, [ratios(true, found) for (_, true), found in zip(songs, estimates, strict=True)]
    print(f"| system | {' | '.join(COLUMNS)} | real-time factor |")
    for name, (cost, of_songs) in rows.items():
        means = np.nanmean([[of_song[column] for column in COLUMNS] for of_song in of_songs], 0)
        print(f"| {name} | {' | '.join(f'{mean:.1f}' for mean in means)} | {cost:.2f} |")


if __name__ == "__main__":
    main()
