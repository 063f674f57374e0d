"""The mini challenge of CAD2 task 2, in the official layout."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from ...audiogram import Listener
from ...synthesis.music import loudness, make_chamber
from ..mini_listeners import compressor_params, listener_records, mini_listeners
from ..mini_write import GAINS_DB, LOUDNESS, RATE, SECONDS, some_listeners, write_json, write_stems

_DUETS = (
    ("Violin", "Violin"),
    ("Flute", "Cello"),
    ("Clarinet", "Bassoon"),
    ("Oboe", "Viola"),
    ("Sax", "Violin"),
)


def source_gains() -> dict[str, dict[str, int]]:
    """All 42 ways to give two sources unequal gains out of -10, -6, -3, 0, 3, 6, 10 dB."""
    pairs = itertools.permutations(GAINS_DB, 2)
    return {f"gain_{i:04d}": {"source_1": a, "source_2": b} for i, (a, b) in enumerate(pairs, 1)}


def write_piece(root: Path, piece: str, seed: int, instruments: tuple[str, ...]) -> dict:
    """One chamber piece at -40 LUFS, as FLAC; returns its record of `music.valid.json`."""
    stems = make_chamber(seed, instruments=instruments, duration=SECONDS, sample_rate=RATE)
    gain = 10 ** ((LOUDNESS - loudness(sum(stems.values()), RATE)) / 20)
    folder = f"valid/{piece}/piece"
    write_stems(root / "audio" / folder, {name: gain * stem for name, stem in stems.items()}, "flac")
    times = {"start": 0, "duration": int(SECONDS)}
    record = {
        f"source_{i}": {
            "source_dataset": "Procedural",
            "instrument": name,
            "track": f"{folder}/{name}.flac",
            **times,
        }
        for i, name in enumerate(stems, 1)
    }
    return {**record, "mixture": {"instrument": "Mixture", "track": f"{folder}/mixture.flac", **times}}


def write_cad2_task2(root: Path) -> None:
    """CAD2 task 2, validation: 5 duets, one for two violins, in 6 scenes with 4 listeners each."""
    metadata, gains = root / "metadata", source_gains()
    listeners: dict[str, Listener] = mini_listeners()
    rng = np.random.default_rng(2)
    music = {}
    for i, instruments in enumerate(_DUETS):
        piece = f"piece_{i + 1:03d}"
        music[piece] = write_piece(root, piece, 401 + i, instruments)
    scenes, heard = {}, {}
    for i, piece in enumerate([*music, "piece_002"]):
        scenes[f"S{50001 + i}"] = {"music": piece, "gain": str(rng.choice(list(gains)))}
        heard[f"S{50001 + i}"] = some_listeners(i, list(listeners))
    write_json(metadata / "gains.json", gains)
    write_json(metadata / "gains_meta.json", {"2": gains})
    write_json(metadata / "music.valid.json", music)
    write_json(metadata / "scenes.valid.json", scenes)
    write_json(metadata / "scene_listeners.valid.json", heard)
    write_json(metadata / "listeners.valid.json", listener_records(listeners))
    write_json(metadata / "compressor_params.valid.json", compressor_params(listeners))
