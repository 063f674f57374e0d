"""The mini challenge of CAD1 task 1, in the official layout."""

from __future__ import annotations

from pathlib import Path

from ...synthesis.music import make_song
from ..mini_listeners import listener_records, mini_listeners
from ..mini_write import RATE, track_record, write_json, write_stems


def write_cad1_task1(root: Path) -> None:
    """CAD1 task 1: 3 validation songs of 10 s, 2 test songs of 12 s; 4 listeners.

    Test songs have segments of 10 s (objective) and 5 s (subjective). As in the official set,
    validation songs lie in the folder `train` and only test songs have segments.
    """
    metadata = root / "metadata"
    listeners = mini_listeners(("L9001", "L9003", "L9004", "L9005"))
    splits = {"valid": ("train", 10.0, (("rock", 301), ("ballad", 302), ("electronic", 303))),
              "test": ("test", 12.0, (("funk", 304), ("waltz", 305)))}  # fmt: skip
    for split, (folder, seconds, songs) in splits.items():
        tracks = [track_record(*song, split) for song in songs]
        for track in tracks:
            del track["Path"]
        write_json(metadata / f"musdb18.{split}.json", tracks)
        write_json(metadata / f"listeners.{split}.json", listener_records(listeners))
        for track, (style, seed) in zip(tracks, songs, strict=True):
            stems = make_song(seed, style, seconds, RATE)
            write_stems(root / "audio/musdb18hq" / folder / track["Track Name"], stems, "wav")
    segments = {}
    for i, track in enumerate(tracks):
        start = 1.0 + 0.5 * i
        segments[track["Track Name"]] = {
            "objective_evaluation": {"start": start, "end": start + 10.0, "duration": 10.0},
            "subjective_evaluation": {"start": start + 2.0, "end": start + 7.0, "duration": 5.0},
        }
    write_json(metadata / "musdb18.segments.test.json", segments)
