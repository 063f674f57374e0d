"""The mini challenge of the ICASSP 2024 grand challenge, in the official layout."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from ...synthesis.music import loudness, make_song
from ..mini_listeners import listener_records, mini_listeners
from ..mini_write import (
    GAINS_DB,
    LOUDNESS,
    RATE,
    SECONDS,
    STEMS,
    some_listeners,
    track_record,
    write_json,
    write_stems,
)
from ..spherical_head import at_ears

RADII = {"SPHERE_1": 0.0825, "SPHERE_2": 0.0875, "SPHERE_3": 0.0925}  # m, of the heads


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
            track = track_record(*song, split)["Track Name"]
            changed = [g for g, values in gains.items() if any(values.values())]
            scenes[f"scene_{first + i}"] = {"music": track, "gain": str(rng.choice(changed)),
                                            "head_loudspeaker_positions": place[song]}  # fmt: skip
            heard[f"scene_{first + i}"] = some_listeners(i, list(listeners))
        for song, position in place.items():
            track = track_record(*song, split)["Track Name"]
            name = f"{track}-{position}"
            at_mic[name] = {"Track Name": name, "Split": split, "Path": f"{split}/{name}",
                            "Original Track Name": track, "Head Position": position}  # fmt: skip
            write_at_mic(root / "audio/at_mic_music" / split / name, *song, positions[position])
        write_json(metadata / f"listeners.{split}.json", listener_records(listeners))
        write_json(metadata / f"scenes.{split}.json", scenes)
        write_json(metadata / f"scene_listeners.{split}.json", heard)
        write_json(metadata / f"at_mic_music.{split}.json", at_mic)
        write_json(metadata / f"musdb18.{split}.json", [track_record(*song, split) for song in place])
