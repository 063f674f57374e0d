"""The impulse responses of the car and of the anechoic room, and which of them a scene needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ...audio import read_audio
from ...errors import InputError, Unscorable
from ..metadata import Table, check_kind, check_name

ROOMS = {"car": "Car", "anechoic": "Anechoic"}  # key of eBrird_BRIR.json -> folder
NOISE = {0: "HR36_E02_CH1", -90: "HR0_E02_CH1", 90: "HR72_E02_CH1"}  # azimuth (degrees) -> stem of the name
KEPT = 256  # files
LONGEST = 10.0  # s
_FLOATS = ("FLOAT", "DOUBLE")


@dataclass(frozen=True)
class Path2:
    """From two loudspeakers, left and right, to two ears: names of files without `.wav`."""

    room: str  # folder
    names: tuple[tuple[str, str], tuple[str, str]]  # [loudspeaker][ear]


class ImpulseResponses:
    """The files below `path.hrtf_dir`.

    pyclarity takes their samples as numbers, and as if they had the rate of whatever it filters. So they must
    be floats of full scale 1, and all of one rate.

    Args:
        folder: with `Anechoic/audio` and `Car/audio`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._first: tuple[Path, int] | None = None  # a file and its sample rate
        self.read = lru_cache(maxsize=KEPT)(self._read)

    def _read(self, room: str, name: str) -> np.ndarray:
        """One response [T].

        Raises:
            InputError: for a file that is missing or damaged, that holds whole numbers, or several channels,
                or nothing, or has another rate than those before.
        """
        path = self.folder / room / "audio" / f"{name}.wav"
        _check_floats(path)
        try:
            audio = read_audio(path)
        except Unscorable as error:
            raise InputError(f"impulse response {error.message}") from None
        if audio.channels != 1:
            raise InputError(f"impulse response {path}: {audio.channels} channels, not 1")
        if not audio.samples.any() or audio.seconds > LONGEST:
            what = "is silent" if not audio.samples.any() else f"has {audio.seconds:g} s, over {LONGEST:g} s"
            raise InputError(f"impulse response {path}: {what}")
        first, rate = self._first or (path, audio.sample_rate)
        if audio.sample_rate != rate:
            raise InputError(
                f"impulse response {path}: {audio.sample_rate} Hz, but {first.name} has {rate} Hz; "
                "they are applied tap by tap, so all must have one rate"
            )
        self._first = first, rate
        return audio.samples[:, 0]

    def play(self, signal: np.ndarray, path: Path2) -> np.ndarray:
        """A stereo programme at the ears of the listener: [T, 2] -> [T, 2]."""
        ears = [
            sum(self.filter(signal[:, i], path.room, path.names[i][ear]) for i in range(2))
            for ear in range(2)
        ]
        return np.stack(ears, axis=1)

    def surround(self, noise: np.ndarray) -> np.ndarray:
        """Engine in front, noise from the left and from the right, at the microphones: [T, 3] -> [T, 2]."""
        ears = [
            sum(
                self.filter(noise[:, i], ROOMS["anechoic"], f"{name}_{ear}")
                for i, name in enumerate(NOISE.values())
            )
            for ear in ("Left", "Right")
        ]
        return np.stack(ears, axis=1)

    def filter(self, signal: np.ndarray, room: str, name: str) -> np.ndarray:
        """Convolve and keep the length: [T] -> [T]."""
        from scipy.signal import oaconvolve

        return oaconvolve(np.asarray(signal, np.float64), self.read(room, name))[: len(signal)]


def _check_floats(path: Path) -> None:
    import soundfile

    try:
        with path.open("rb") as file:
            subtype = soundfile.info(file).subtype
    except (OSError, soundfile.LibsndfileError):
        return  # reading it tells what is wrong
    if subtype not in _FLOATS:
        raise InputError(
            f"impulse response {path}: {subtype} samples; pyclarity takes the numbers as they are, so they "
            "must be floats of full scale 1"
        )


class Rotations:
    """`eBrird_BRIR.json` of one split: which files belong to a rotation of the head.

    Args:
        path: the file.
        split: "train", "valid" or "test".

    Raises:
        InputError: for a split that it does not have, or a key that is no angle.
    """

    def __init__(self, path: Path, split: str) -> None:
        self.path, self.split = path, split
        record = Table(path).record(split)
        self._by_angle = {self._angle(key): key for key in record}
        self._record = record

    def _angle(self, key: str) -> float:
        try:
            return float(key)
        except ValueError:
            raise InputError(f"{self.path}: {self.split}: {key!r} is no angle in degrees") from None

    def find(self, angle: float, where: str) -> dict[str, Path2]:
        """The files for a rotation (degrees), by room; 25 is 25.0, which pyclarity looks up as text.

        Raises:
            InputError: for an angle that is not there, and records that are incomplete.
        """
        key = self._by_angle.get(angle)
        if key is None:
            known = ", ".join(f"{a:g}" for a in sorted(self._by_angle))
            raise InputError(f"{where} is {angle:g}; {self.path}: {self.split} has {known} degrees")
        place = f"{self.path}: {self.split}: {key}"
        record = check_kind(self._record[key], dict, place)
        return {
            room: Path2(folder, _names(record.get(room), f"{place}: {room}"))
            for room, folder in ROOMS.items()
        }


def _names(record: Any, where: str) -> tuple[tuple[str, str], tuple[str, str]]:
    check_kind(record, dict, where)
    both = []
    for speaker in ("left_speaker", "right_speaker"):
        sides = check_kind(record.get(speaker), dict, f"{where}: field {speaker!r}")
        left, right = (
            check_name(sides.get(side), f"{where}: {speaker}: field {side!r}")
            for side in ("left_side", "right_side")
        )
        both.append((left, right))
    return both[0], both[1]
