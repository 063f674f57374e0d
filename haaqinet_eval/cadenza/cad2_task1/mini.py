"""The mini challenge of CAD2 task 1, in the official layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...synthesis.music import make_song
from ..mini_listeners import compressor_params, listener_records, mini_listeners
from ..mini_write import RATE, WORDS, some_listeners, write_json, write_stems

TRACK = 9.0  # s
STYLES = ("pop", "rock", "folk")
SEGMENTS = ((0.5, 4.75), (4.25, 8.5))  # s of a track
ALPHAS = (0, 3, 5, 8, 10, 4)  # of the scenes, in tenths


def made_words(rng: np.random.Generator) -> str:
    """Five to ten words, which nobody sings: the voice of a procedural song has vowels only."""
    return " ".join(str(word) for word in rng.choice(WORDS, size=int(rng.integers(5, 11))))


def write_cad2_task1(root: Path) -> None:
    """CAD2 task 1, validation: 3 songs with 2 segments each, each in a scene with 4 listeners."""
    metadata, listeners, rng = root / "metadata", mini_listeners(), np.random.default_rng(3)
    music, scenes, heard = {}, {}, {}
    for number, style in enumerate(STYLES):
        track = f"Procedural {style.capitalize()} - Song {number + 1}"
        path = f"musdb18_hq/train/audios/{track}"
        write_stems(root / "audio" / path, make_song(601 + number, style, TRACK, RATE), "flac")
        for part, (start, end) in enumerate(SEGMENTS, 1):
            music[f"{track.replace(' ', '_')}_{part}"] = {
                "track_name": track, "path": path, "segment_id": part, "start_time": start, "end_time": end,
                "confidence": "a", "text": made_words(rng),
            }  # fmt: skip
    for number, (segment, alpha) in enumerate(zip(music, ALPHAS, strict=True)):
        scene = f"S{10001 + number}"
        scenes[scene] = {"segment_id": segment, "alpha": f"alpha_{alpha}"}
        heard[scene] = some_listeners(number, list(listeners))
    write_json(metadata / "alpha.json", {f"alpha_{i}": i / 10 for i in range(11)})
    write_json(metadata / "music.valid.json", music)
    write_json(metadata / "scene.valid.json", scenes)
    write_json(metadata / "scene_listeners.valid.json", heard)
    write_json(metadata / "listeners.valid.json", listener_records(listeners))
    write_json(metadata / "compressor_params.valid.json", compressor_params(listeners))
