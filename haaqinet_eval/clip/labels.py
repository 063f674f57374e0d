"""A split of CLIP: its signals, their hearing loss and, where they are known, the words that listeners got.

`metadata/<split>_metadata.json` is a list with a record per signal. Labels are its `correctness` (0 to 1),
or the mean of a signal's responses in `<split>_responses.json`. A file `<split>_metadata_evalai.json`,
which organisers have, takes the place of the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..io.jsonfile import read_json

SEVERITIES = ("No Loss", "Mild", "Moderate")
TIMES = 100.0  # the files have 0 to 1, tables and measures per cent


@dataclass(frozen=True)
class Signal:
    """A recording that listeners heard once, through a simulated hearing loss.

    Attributes:
        name: 24 hexadecimal digits in the official sets.
        severity: of the simulated loss, one of `SEVERITIES`.
        prompt: the lyrics; signals of one prompt belong together.
        correctness: per cent of the words that listeners wrote down, 0 to 100; None where it is kept back.
    """

    name: str
    severity: str
    prompt: str
    correctness: float | None


@dataclass(frozen=True)
class Labels:
    """The signals of a split in the order of its metadata."""

    split: str
    root: Path
    signals: Mapping[str, Signal]
    sha256: str  # of the files it was read from

    @property
    def known(self) -> bool:
        """Whether the words that listeners got are known of every signal."""
        return all(signal.correctness is not None for signal in self.signals.values())

    def values_of(self, known: Mapping[str, float], where: str, what: str) -> list[float]:
        """A number of each signal, in their order.

        Args:
            known: numbers by signal.
            where, what: the file and the kind of number, for the message.

        Raises:
            InputError: names the first signal without one.
        """
        lacking = [signal for signal in self.signals if signal not in known]
        if lacking:
            raise InputError(f"{where}: {lacking[0]} of {self.split} has no {what} ({len(lacking)} lack one)")
        return [known[signal] for signal in self.signals]


def read_labels(root: str | Path, split: str) -> Labels:
    """Read a split of CLIP1 or CLIP2.

    Args:
        root: the folder with `metadata`: `cadenza_data` of CLIP1, `cadenza_data/clip2` of CLIP2.
        split: "train", "valid", "eval".

    Raises:
        InputError: for a split that is not there, or a record with a field that is missing or out of range.
    """
    root = Path(root).expanduser().absolute()
    folder = root / "metadata"
    path = next(
        (
            p
            for p in (folder / f"{split}_metadata_evalai.json", folder / f"{split}_metadata.json")
            if p.is_file()
        ),
        None,
    )
    if path is None:
        there = sorted(p.name.removesuffix("_metadata.json") for p in folder.glob("*_metadata.json"))
        hint = f"; it has the splits {', '.join(there)}" if there else ", so this is no root of CLIP"
        raise InputError(f"{root}: no metadata/{split}_metadata.json{hint}")
    signals: dict[str, Signal] = {}
    for number, record in enumerate(read_json(path, list), start=1):
        signal = _signal(record, f"{path}, record {number}")
        if signal.name in signals:
            raise InputError(f"{path}, record {number}: signal {signal.name!r} is there twice")
        signals[signal.name] = signal
    if not signals:
        raise InputError(f"{path}: has no signals")
    digest = hashlib.sha256(path.read_bytes())
    responses = folder / f"{split}_responses.json"
    if responses.is_file() and any(signal.correctness is None for signal in signals.values()):
        signals |= _from_responses(signals, responses)
        digest.update(responses.read_bytes())
    return Labels(split, root, signals, digest.hexdigest())


def _signal(record: Any, where: str) -> Signal:
    if not isinstance(record, dict):
        raise InputError(f"{where}: expected an object, not {type(record).__name__}")
    for field in ("signal", "hearing_loss", "prompt"):
        if not isinstance(record.get(field), str) or not record[field]:
            raise InputError(f"{where}: {field} {record.get(field)!r} is no text")
    if record["hearing_loss"] not in SEVERITIES:
        raise InputError(
            f"{where}: hearing_loss {record['hearing_loss']!r} is none of {', '.join(SEVERITIES)}"
        )
    value = record.get("correctness")
    share = None if value is None else _share(value, where)
    return Signal(record["signal"], record["hearing_loss"], record["prompt"], share)


def _share(value: Any, where: str) -> float:
    """A share of words, 0 to 1, as per cent."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InputError(f"{where}: correctness {value!r} is not between 0 and 1")
    return TIMES * float(value)


def _from_responses(signals: Mapping[str, Signal], path: Path) -> dict[str, Signal]:
    """Signals whose label is the mean over the listeners who answered."""
    found = {}
    for name, answers in read_json(path, dict).items():
        where = f"{path}, {name}"
        if name not in signals:
            raise InputError(f"{where}: is no signal of the metadata")
        if not isinstance(answers, list) or not answers or not all(isinstance(a, dict) for a in answers):
            raise InputError(f"{where}: expected a list of responses")
        shares = [_share(answer.get("correctness"), where) for answer in answers]
        known = signals[name]
        found[name] = Signal(name, known.severity, known.prompt, sum(shares) / len(shares))
    return found
