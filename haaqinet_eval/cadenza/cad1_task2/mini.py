"""The mini challenge of CAD1 task 2, in the official layout: MP3, impulse responses, car noise."""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path

import numpy as np

from ...errors import InputError
from ...synthesis.music import make_song
from ..measured_head import MeasuredHead
from ..mini_listeners import listener_records, mini_listeners
from ..mini_room import in_a_box, in_the_open
from ..mini_write import RATE, SECONDS, write_json
from .impulses import NOISE, ROOMS
from .noise import draw_parameters

TAPS = 1024
CAR, REFLECTION = (2.4, 1.4, 1.2), 0.5  # m; share of the sound pressure
HEAD = (1.1, 1.0, 0.9)  # of the driver, on the left
LOUDSPEAKERS = {"left": (1.9, 1.3, 0.4), "right": (1.9, 0.1, 0.4)}  # in the doors
REFERENCE = {"left": -20.0, "right": 20.0}  # azimuths (degrees) in the anechoic room
ENTRIES = {"left": "E03", "right": "E04"}  # of the car's loudspeakers, in the files' names
SIDES = ("left", "right")

# split -> folder of the music, first scene, (genre, style, seed, rotation of the head, listeners)
_SPLITS = {
    "train": ("training", 100000, (
        ("Rock", "rock", 401, -12.5, ("L9001", "L9003")),
        ("Pop", "pop", 402, 25.0, ("L9005",)),
    )),
    "valid": ("validation", 500000, (
        ("Pop", "folk", 501, -12.5, ("L9002", "L9005", "L9003")),
        ("Hip-Hop", "funk", 502, 25.0, ("L9001", "L9004", "L9006")),
        ("International", "latin", 503, 25.0, ("L9003", "L9002", "L9006")),
    )),
}  # fmt: skip


def rotation_index(azimuth: float) -> int:
    """The number in a file's name: 0 at -90 degrees, 72 at 90.

    >>> rotation_index(-57.5)
    13
    """
    return round((azimuth + 90) / 2.5)


def places_of(rotation: float) -> dict[str, dict]:
    """A record of eBrird_BRIR.json."""

    def sides(name: str) -> dict[str, str]:
        return {f"{side}_side": f"{name}_{side.title()}" for side in SIDES}

    here = rotation_index(rotation)
    at = {speaker: rotation_index(rotation + azimuth) for speaker, azimuth in REFERENCE.items()}
    return {
        "car": {f"{s}_speaker": sides(f"HR{here}_{ENTRIES[s]}_CH1") for s in SIDES},
        "anechoic": {f"{s}_speaker": sides(f"HR{at[s]}_E02_CH0") for s in SIDES},
    }


def write_impulses(folder: Path, rotations: list[float], head: MeasuredHead | None = None) -> None:
    """All files that some rotations of the head (degrees) need, below `folder`; without head, of a sphere."""
    anechoic, car = (folder / ROOMS[room] / "audio" for room in ("anechoic", "car"))
    for azimuth, name in NOISE.items():
        _write(anechoic, name, in_the_open(azimuth, RATE, TAPS, head))
    for rotation in rotations:
        for speaker in SIDES:
            azimuth = rotation + REFERENCE[speaker]
            _write(anechoic, f"HR{rotation_index(azimuth)}_E02_CH0", in_the_open(azimuth, RATE, TAPS, head))
            heard = in_a_box(CAR, HEAD, LOUDSPEAKERS[speaker], -rotation, REFLECTION, RATE, TAPS, head)
            _write(car, f"HR{rotation_index(rotation)}_{ENTRIES[speaker]}_CH1", heard)


def _write(folder: Path, name: str, ears: np.ndarray) -> None:
    from scipy.io import wavfile

    folder.mkdir(parents=True, exist_ok=True)
    for side, samples in zip(SIDES, ears.T, strict=True):
        path = folder / f"{name}_{side.title()}.wav"
        wavfile.write(path, RATE, samples.astype(np.float32))


def write_mp3(path: Path, samples: np.ndarray) -> None:
    """A song [T, 2], full scale 1.

    Raises:
        InputError: where libsndfile is too old for MP3.
    """
    import soundfile

    if "MP3" not in soundfile.available_formats():
        version = soundfile.__libsndfile_version__
        raise InputError(f"{path}: libsndfile {version} writes no MP3; 1.1 and later do")
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, RATE, format="MP3")


def write_cad1_task2(root: Path, head: str | Path | None = None) -> None:
    """CAD1 task 2: 3 validation and 2 training scenes of 10 s, one to three listeners each.

    Args:
        head: a SOFA file of a measured head; None for a sphere.
    """
    with closing(MeasuredHead(head, RATE)) if head is not None else nullcontext() as measured:
        _write_all(root, measured)


def _write_all(root: Path, head: MeasuredHead | None) -> None:
    rng, metadata = np.random.RandomState(2023), root / "metadata"
    scenes, heard, rotations = {}, {}, {}
    for split, (folder, first, songs) in _SPLITS.items():
        tracks = {}
        for i, (genre, style, seed, rotation, people) in enumerate(songs):
            scene, track, path = f"S{first + i}", f"{seed:06d}", f"{folder}/{genre}/{seed:06d}.mp3"
            write_mp3(root / "audio/music" / path, sum(make_song(seed, style, SECONDS, RATE).values()))
            parameters = draw_parameters(float(rng.randint(50, 120)), rng)
            snr = round(float(rng.uniform(0, 15)), 4)
            scenes[scene] = {
                "scene": scene, "song": f"fma_{track}", "song_path": path, "hr": rotation,
                "car_noise_parameters": parameters, "snr": snr, "split": split,
            }  # fmt: skip
            heard[scene] = list(people)
            tracks[f"fma_{track}"] = {
                "track_id": track, "path": path, "artist": "haaqinet", "album": "Mini", "title": style,
                "license": "MIT", "genre": genre, "bit_rate": 128000, "duration": int(SECONDS), "channels": 2,
                "source": "fma",
            }  # fmt: skip
        used = sorted({song[3] for song in songs})
        rotations[split] = {str(rotation): places_of(rotation) for rotation in used}
        write_json(metadata / f"music.{split}.json", tracks)
        write_json(metadata / f"listeners.{split}.json", listener_records(mini_listeners()))
    write_json(metadata / "scenes.json", scenes)
    write_json(metadata / "scenes_listeners.json", heard)
    write_json(metadata / "eBrird_BRIR.json", rotations)
    angles = sorted({float(angle) for each in rotations.values() for angle in each})
    write_impulses(root / "audio/eBrird", angles, head)
