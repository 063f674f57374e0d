"""Predictions that need no training of their own: a constant, and measures that were computed beforehand.

pyclarity's wheel holds, for CLIP1's official signals, the STOI of the separated voice and the share of
words that Whisper recognised. As in its recipe each is mapped to per cent by a logistic curve fitted on the
training split.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..io.files import read_text
from .labels import SEVERITIES, Labels
from .logistic import LogisticMap

PRECOMPUTED = ("stoi", "whisper")
_PLACE = "recipes/cad_icassp_2026/baseline/precomputed/cadenza_data.{split}.{measure}.jsonl"


def constant(train: Labels, labels: Labels, by_severity: bool = False) -> dict[str, float]:
    """The mean of the training split for every signal, or that of its hearing loss.

    Raises:
        InputError: where the training split has no labels.
    """
    groups = {severity: _mean(train, severity) for severity in SEVERITIES}
    whole = _mean(train, None)
    return {s.name: groups[s.severity] if by_severity else whole for s in labels.signals.values()}


def _mean(train: Labels, severity: str | None) -> float:
    known = [s.correctness for s in train.signals.values() if severity in (None, s.severity)]
    if not known or None in known:
        raise InputError(f"{train.root}: {train.split} has no labels to learn from")
    return float(np.mean(known))


def read_scores(path: str | Path) -> dict[str, float]:
    """A measure by signal from JSON lines, `{"signal": …, "<measure>": …}`.

    Raises:
        InputError: for a line that is none, a signal twice, or a value that is no number.
    """
    scores: dict[str, float] = {}
    for line, text in enumerate(read_text(path).splitlines(), start=1):
        where = f"{path}, line {line}"
        try:
            record = json.loads(text)
            signal = record.pop("signal")
            ((_, value),) = record.items()
            score = float(value)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise InputError(f'{where}: expected {{"signal": …, "<measure>": …}}') from None
        if not np.isfinite(score):
            raise InputError(f"{where}: {signal} has {value!r}, which is no number")
        if signal in scores:
            raise InputError(f"{where}: {signal} is there twice")
        scores[signal] = score
    return scores


def precomputed_scores(measure: str, split: str) -> dict[str, float]:
    """CLIP1's "stoi" or "whisper" of the official signals, from the installed pyclarity.

    Raises:
        InputError: for another measure or split, or without pyclarity.
    """
    try:
        place = distribution("pyclarity").locate_file(_PLACE.format(split=split, measure=measure))
    except PackageNotFoundError:
        raise InputError(f"{measure} needs pyclarity: pip install 'haaqinet-eval[recipes]'") from None
    if not Path(str(place)).is_file():
        raise InputError(f"{measure}: pyclarity has no scores of {split}; it has train and valid of CLIP1")
    return read_scores(str(place))


def from_measure(
    scores: Mapping[str, float], train: Labels, labels: Labels, measure: str = "measure"
) -> dict[str, float]:
    """Predictions from a measure of the signals of both splits, by a logistic curve fitted on the first.

    Raises:
        InputError: names a signal that has no score, or says why no curve can be fitted.
    """
    known, asked = (split.values_of(scores, measure, "score") for split in (train, labels))
    _mean(train, None)
    curve = LogisticMap.fit(known, [signal.correctness for signal in train.signals.values()])
    predicted = curve(asked)
    return dict(zip(labels.signals, map(float, predicted), strict=True))
