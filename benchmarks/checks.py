"""What checking costs: the rows of an import, and the frames of a FLAC file.

    python benchmarks/checks.py --rows 100000

Seconds on a core of an import of an exported store (JSON lines), with the check of its rows and without.
Then milliseconds, the least of many, of the check of a stereo file of 10 s at 32 kHz: its frames are
followed from header to header, and the last one is decoded again without its last byte.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from store import CHALLENGE, fill, make_trials
from validate import encoded

from haaqinet_eval.store import (
    open_store,
    refresh,
    register_challenge,
    store_export,
    store_import,
    validity,
)
from haaqinet_eval.submissions.checks import decode_checked
from haaqinet_eval.submissions.decoding import Decoder
from haaqinet_eval.submissions.findings import Fault
from haaqinet_eval.submissions.flac import parse_header
from haaqinet_eval.submissions.flac_frames import last_frame, shortened

SYSTEMS = 10


def on_a_core(action: Callable[[], object]) -> float:
    """Seconds of this process on a core that an action takes."""
    start = time.process_time()
    action()
    return time.process_time() - start


def unchecked(self: validity.Validity, table: object, rows: Iterable, where: str) -> Iterable:
    """In place of the check of rows."""
    return rows


def imports(folder: Path, rows: int) -> tuple[int, float, float]:
    """Rows of an import, and its seconds with and without checks."""
    trials, listeners = make_trials(max(1, rows // (SYSTEMS * 80)), rng := np.random.default_rng(1))
    with_rows = open_store(str(folder / "store.sqlite"))
    register_challenge(with_rows, CHALLENGE, trials, listeners)
    fill(with_rows, trials, SYSTEMS, rng)
    refresh(with_rows)
    store_export(with_rows, folder / "export", "jsonl")
    with_rows.close()

    def load(name: str) -> float:
        target = open_store(str(folder / name))
        seconds = on_a_core(lambda: store_import(target, folder / "export"))
        target.close()
        return seconds

    checked = load("checked.sqlite")
    with mock.patch.object(validity.Validity, "checked", unchecked):
        return len(trials) * SYSTEMS * 2, checked, load("unchecked.sqlite")


def best(action: Callable[[], object], times: int) -> float:
    """Milliseconds that an action takes at its fastest: the decoder is a process of its own."""

    def once() -> float:
        start = time.perf_counter()
        action()
        return 1000 * (time.perf_counter() - start)

    return min(once() for _ in range(times))


def files(times: int) -> list[tuple[str, float]]:
    """Milliseconds for each part of checking the audio of one file."""
    data = encoded()
    header = parse_header(io.BytesIO(data).read)
    last = last_frame(data, header)
    short = shortened(data, header, last)
    with Decoder() as decoder:
        kind = (header.channels, header.bits)
        return [
            ("decode the file", best(lambda: decoder.decode(data, header.frames, *kind), times)),
            ("follow its frames", best(lambda: last_frame(data, header), times)),
            ("decode its last frame again", best(lambda: spare(decoder, short, last.block, kind), times)),
            ("all, as in a validation", best(lambda: decode_checked(data, header, decoder), times)),
        ]


def spare(decoder: Decoder, data: bytes, block: int, kind: tuple[int, int]) -> None:
    """Decode a last frame that lacks its last byte: a fault, in a sound file."""
    with suppress(Fault):
        decoder.decode(data, block, *kind)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=30, help="how often a part of a file's check is timed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        number, checked, plain = imports(Path(folder), options.rows)
    print(f"import of {number:,} rows: {checked:.1f} s on a core, {plain:.1f} s without checks of the rows")
    for name, milliseconds in files(options.times):
        print(f"{name}: {milliseconds:.1f} ms")


if __name__ == "__main__":
    main()
