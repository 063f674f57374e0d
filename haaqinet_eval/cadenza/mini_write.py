"""Writes the audio and the JSON of the mini challenges, each in its official layout."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np

from ..audiogram import Listener
from ..synthesis.music import loudness, make_chamber, make_song
from .mini_head import at_ears
from .mini_people import compressor_params, listener_records, mini_listeners

RATE = 44100  # Hz, of all inputs
SECONDS = 10.0
STEMS = ("vocals", "drums", "bass", "other")
LOUDNESS = -40.0  # LUFS of a mixture before amplification, as in CAD2
GAINS_DB = (-10, -6, -3, 0, 3, 6, 10)
RADII = {"SPHERE_1": 0.0825, "SPHERE_2": 0.0875, "SPHERE_3": 0.0925}  # m, of the heads
_DETAILS = {"Source": "procedural", "License": "MIT"}


def write_json(path: Path, content: object) -> None:
    """Write JSON, indented, as the official files are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=4) + "\n", encoding="utf-8")


def write_stems(folder: Path, stems: dict[str, np.ndarray], suffix: str) -> None:
    """Write stems [T, 2] and their sum, `mixture`, as 16-bit files.

    Each stem is rounded to 16 bits and the mixture is the sum of the rounded stems, so
    the files too add up, sample by sample. Should a sum pass full scale, all are turned down alike.
    """
    import soundfile

    peak = max(np.abs(x).max() for x in (*stems.values(), sum(stems.values())))
    gain = 32767 * min(1.0, 0.99 / peak)
    whole = {name: np.rint(gain * stem).astype(np.int16) for name, stem in stems.items()}
    whole["mixture"] = sum(whole.values())
    folder.mkdir(parents=True, exist_ok=True)
    for name, samples in whole.items():
        soundfile.write(folder / f"{name}.{suffix}", samples, RATE, subtype="PCM_16")


def _track(style: str, seed: int, split: str) -> dict:
    """A record of `musdb18.<split>.json`."""
    name = f"Procedural {style.capitalize()} - Seed {seed}"
    return {
        "Track Name": name,
        "Genre": style.capitalize(),
        **_DETAILS,
        "Split": split,
        "Path": f"{split}/{name}",
    }


def _some_listeners(scene: int, ids: list[str]) -> list[str]:
    """Four of the listeners, others in every scene."""
    return [ids[(scene + k) % len(ids)] for k in (0, 1, 3, 4)]


# -- cad_icassp_2024


def stem_gains() -> dict[str, dict[str, int]]:
    """All 1105 ways to change none to three of four stems by -10, -6, -3, 3, 6 or 10 dB.

    >>> len(stem_gains())
    1105
    """
    changes = [g for g in itertools.product(GAINS_DB, repeat=4) if 0 in g]
    return {f"gain_{i:04d}": dict(zip(STEMS, g, strict=True)) for i, g in enumerate(changes, 1)}


def head_positions() -> dict[str, dict]:
    """Three spherical heads times nine pairs of loudspeaker angles (degrees)."""
    angles = itertools.product(RADII, (-22.5, -30.0, -37.5), (22.5, 30.0, 37.5))
    return {
        f"hlp_{i:04d}": {"subject": s, "left_angle": left, "right_angle": right, "mic": "BTE_fr"}
        for i, (s, left, right) in enumerate(angles, 1)
    }


def write_at_mic(folder: Path, style: str, seed: int, position: dict, seconds: float = SECONDS) -> None:
    """One song at the microphones of a head: `mixture.wav` and four stems.

    The mixture is at -40 LUFS, so that the amplification of a severe loss does not clip in a 16-bit file.
    (The official generator sets the loudness of each file on its own, so that its stems no longer add up;
    here one gain serves all.)
    """
    dry = make_song(seed, style, seconds, RATE)
    radius = RADII[position["subject"]]
    heard = {
        k: at_ears(x, RATE, position["left_angle"], position["right_angle"], radius) for k, x in dry.items()
    }
    gain = 10 ** ((LOUDNESS - loudness(sum(heard.values()), RATE)) / 20)
    write_stems(folder, {name: gain * stem for name, stem in heard.items()}, "wav")


# split -> first scene number, songs (style, seed) in the order of the scenes; a song named twice
# is one recording with two remixes
_TRAIN_SONGS = (("rock", 101), ("ballad", 102), ("funk", 103), ("electronic", 104), ("folk", 105))
_ICASSP = {
    "train": (10001, (*_TRAIN_SONGS, _TRAIN_SONGS[-1])),
    "valid": (20001, (("latin", 201), ("jazz", 202), ("pop", 203))),
}


def write_cad_icassp_2024(root: Path) -> None:
    """The ICASSP 2024 challenge: 6 training and 3 validation scenes, 4 listeners each."""
    metadata, positions, gains = root / "metadata", head_positions(), stem_gains()
    listeners = mini_listeners()
    rng = np.random.default_rng(2024)
    write_json(metadata / "gains.json", gains)
    for name in ("head_positions.json", "head_loudspeaker_positions.json"):
        write_json(metadata / name, positions)
    for split, (first, songs) in _ICASSP.items():
        place = {song: f"hlp_{rng.integers(1, len(positions) + 1):04d}" for song in dict.fromkeys(songs)}
        scenes, heard, at_mic = {}, {}, {}
        for i, song in enumerate(songs):
            track = _track(*song, split)["Track Name"]
            changed = [g for g, values in gains.items() if any(values.values())]
            scenes[f"scene_{first + i}"] = {"music": track, "gain": str(rng.choice(changed)),
                                            "head_loudspeaker_positions": place[song]}  # fmt: skip
            heard[f"scene_{first + i}"] = _some_listeners(i, list(listeners))
        for song, position in place.items():
            track = _track(*song, split)["Track Name"]
            name = f"{track}-{position}"
            at_mic[name] = {"Track Name": name, "Split": split, "Path": f"{split}/{name}",
                            "Original Track Name": track, "Head Position": position}  # fmt: skip
            write_at_mic(root / "audio/at_mic_music" / split / name, *song, positions[position])
        write_json(metadata / f"listeners.{split}.json", listener_records(listeners))
        write_json(metadata / f"scenes.{split}.json", scenes)
        write_json(metadata / f"scene_listeners.{split}.json", heard)
        write_json(metadata / f"at_mic_music.{split}.json", at_mic)
        write_json(metadata / f"musdb18.{split}.json", [_track(*song, split) for song in place])


# -- cad1_task1


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
        tracks = [_track(*song, split) for song in songs]
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


# -- cad2_task2

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
        heard[f"S{50001 + i}"] = _some_listeners(i, list(listeners))
    write_json(metadata / "gains.json", gains)
    write_json(metadata / "gains_meta.json", {"2": gains})
    write_json(metadata / "music.valid.json", music)
    write_json(metadata / "scenes.valid.json", scenes)
    write_json(metadata / "scene_listeners.valid.json", heard)
    write_json(metadata / "listeners.valid.json", listener_records(listeners))
    write_json(metadata / "compressor_params.valid.json", compressor_params(listeners))
