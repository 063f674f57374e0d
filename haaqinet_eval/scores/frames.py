"""Frame scores kept small, and the file of them beside a results file.

A frame score is kept as a half float (an error below 2.5e-4 for scores in [0, 1], less than
a pixel of any plot), and the times as three numbers: frames stand at even steps, but for the
last, which the end of the music may cut short. A 30-s clip with a frame each 128 ms takes 494 bytes.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..io.files import write_text

if TYPE_CHECKING:
    import numpy as np

Frames = tuple["np.ndarray", "np.ndarray"]  # [L] frame scores and [L] s, the middle of each frame

UNEVEN = 1e-6  # s that a frame may be off its place
SUFFIX = "_frames.jsonl"


@dataclass(frozen=True)
class PackedFrames:
    """Frame scores of one row."""

    first: float  # s, middle of the first frame
    step: float  # s from one middle to the next; 0 for a single frame
    last: float  # s, middle of the last frame
    scores: bytes  # [L] float16, little-endian


def pack(frames: Frames) -> PackedFrames:
    """Frame scores [L] and their times [L] (s), made small.

    Raises:
        InputError: for none, unequal lengths, a value that is not finite, or uneven times.
    """
    import numpy as np

    scores, times = (np.asarray(values, dtype=np.float64) for values in frames)
    if scores.ndim != 1 or scores.shape != times.shape or not len(scores):
        raise InputError(
            f"frame scores: shapes {scores.shape} and {times.shape}; two equal vectors, not empty"
        )
    half = scores.astype("<f2")
    if not (np.isfinite(half).all() and np.isfinite(times).all()):
        raise InputError("frame scores: a score or a time is not finite")
    first, last = float(times[0]), float(times[-1])
    step = float(times[1] - times[0]) if len(times) > 1 else 0.0
    packed = PackedFrames(first, step, last, half.tobytes())
    off = np.abs(unpack(packed)[1] - times).max()
    if off > UNEVEN:
        raise InputError(f"frame scores: times are uneven, by up to {off:.3g} s")
    return packed


def unpack(packed: PackedFrames) -> Frames:
    """Frame scores [L] and their times [L] (s).

    >>> scores, times = unpack(pack(([0.5, 0.25, 1.0], [0.064, 0.192, 0.31])))
    >>> scores.tolist(), times.round(3).tolist()
    ([0.5, 0.25, 1.0], [0.064, 0.192, 0.31])
    """
    import numpy as np

    scores = np.frombuffer(packed.scores, dtype="<f2").astype(np.float64)
    times = packed.first + packed.step * np.arange(len(scores))
    times[-1:] = packed.last
    return scores, times


def frames_file(results: str | Path) -> Path:
    """Where the frame scores of a results file stand: `results_frames.jsonl` beside `results.csv`."""
    results = Path(results)
    return results.with_name(results.stem + SUFFIX)


def append_frames(results: str | Path, rows: Iterable[tuple[tuple[str, ...], Frames]]) -> None:
    """Add the frames of rows, by key, to the file beside a results file; nothing for no row."""
    lines = []
    for key, frames in rows:
        packed = pack(frames)
        record = {"key": key, "first": packed.first, "step": packed.step, "last": packed.last}
        record["scores"] = base64.b64encode(packed.scores).decode("ascii")
        lines.append(json.dumps(record).encode("ascii") + b"\n")
    if lines:
        with frames_file(results).open("ab+") as file:
            if file.tell() and file.seek(-1, os.SEEK_END) and file.read(1) != b"\n":
                file.write(b"\n")  # after a line that a crash has torn
            file.write(b"".join(lines))


def read_frames(results: str | Path) -> dict[tuple[str, ...], Frames]:
    """Frames by the key of their row; of two lines with one key the later counts.

    A line that a crash has torn is left out.

    Raises:
        InputError: for a line that is whole and damaged.
    """
    path = frames_file(results)
    found = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            record = json.loads(line)
        except ValueError:
            continue  # torn: its rows were not written either, and were scored again
        try:
            first, step, last = (float(record[name]) for name in ("first", "step", "last"))
            packed = PackedFrames(first, step, last, base64.b64decode(record["scores"], validate=True))
            found[tuple(record["key"])] = unpack(packed)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}, line {number}: no frame scores: {error}") from None
    return found


def merge_frames(results: Iterable[str | Path], merged: str | Path) -> None:
    """Join the frames of several results files in the one beside `merged`."""
    lines = [line for path in results for line in _lines(frames_file(path))]
    if lines:
        write_text(frames_file(merged), "".join(f"{line}\n" for line in lines))
    else:
        frames_file(merged).unlink(missing_ok=True)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
