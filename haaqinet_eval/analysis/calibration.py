"""A challenge's own map from predicted to true scores, fitted on the trials that have both.

A predicting scorer that is too high or too low on one challenge's music is set right there by a rising map of
one variable: a straight line, or the rising step-and-ramp curve that fits best (isotonic regression). A map
belongs to one challenge and one version of the scorer. It never changes the raw rows: what it gives are
rows of a scorer of its own. It leaves the order of single trials as it is.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from ..io.jsonfile import read_json, write_json
from ..io.names import counted
from ..registry import CALIBRATED, scorer_bounds
from ..scores import Score
from .agreement import Agreement, agreement, pair_scores
from .standings import current_versions

FORMAT = "haaqinet-calibration-1"
METHODS = ("affine", "isotonic")
FEWEST = 20  # pairs
FOLDS = 5

Curve = tuple[tuple[float, ...], tuple[float, ...]]  # raw scores, ascending, and what they become


@dataclass(frozen=True)
class Calibration:
    """A fitted map and where it comes from."""

    method: str  # of `METHODS`
    challenge: str
    scorer: str  # whose scores it maps
    version: str  # of that scorer
    true_scorer: str  # whose scores it was fitted to
    true_version: str
    date: str  # ISO 8601
    n: int  # pairs it was fitted on
    songs: int
    folds: int  # of whole songs, of the cross-validation
    curve: Curve  # piecewise linear between these points, held at its ends
    raw: Agreement  # of raw with true scores
    cross_validated: Agreement  # of scores mapped by a curve that was fitted on other songs

    def __call__(self, score: float) -> float:
        """The calibrated score."""
        return float(_mapped(self.curve, score, scorer_bounds(self.true_scorer)))

    @property
    def name(self) -> str:
        """Scorer of calibrated rows."""
        return self.scorer + CALIBRATED

    @property
    def mapped_version(self) -> str:
        """Version of calibrated rows: the scorer's, and a digest of the curve."""
        digest = hashlib.sha256(json.dumps(self.curve).encode()).hexdigest()
        return f"{self.version}+{self.method}-{digest[:8]}"


def _mapped(curve: Curve, scores: Sequence[float] | float, bounds: tuple[float, float]) -> np.ndarray:
    return np.clip(np.interp(scores, *curve), *bounds)


def check_method(method: str) -> None:
    """Raise `InputError` for an unknown method."""
    if method not in METHODS:
        raise InputError(f"method {method!r} is unknown; known: {', '.join(METHODS)}")


def fit_curve(predicted: ArrayLike, true: ArrayLike, method: str) -> Curve:
    """The map of least squared error, from two vectors [N].

    Raises:
        InputError: for an unknown method, a score that is not finite, equal predicted scores, or a line
            that falls.
    """
    check_method(method)
    x, y = np.asarray(predicted, dtype=float), np.asarray(true, dtype=float)
    if not np.isfinite([x, y]).all():
        raise InputError("calibration: a score is not finite")
    if np.ptp(x) == 0:
        raise InputError(f"calibration: all {len(x)} predicted scores are {x[0]:g}")
    curve = _isotonic(x, y) if method == "isotonic" else _line(x, y)
    if curve[1][0] >= curve[1][-1]:
        raise InputError("calibration: true scores do not rise with predicted ones")
    return curve


def _line(x: np.ndarray, y: np.ndarray) -> Curve:
    slope = np.cov(x, y, bias=True)[0, 1] / np.var(x)
    ends = min(0.0, float(x.min())), max(1.0, float(x.max()))
    return ends, tuple(float(y.mean() + slope * (end - x.mean())) for end in ends)


def _isotonic(x: np.ndarray, y: np.ndarray) -> Curve:
    """Rising regression (Barlow et al. 1972, pool adjacent violators); both ends of each plateau are kept."""
    from scipy.optimize import isotonic_regression

    knots, where, counts = np.unique(x, return_inverse=True, return_counts=True)
    means = np.bincount(where, y) / counts
    fitted = isotonic_regression(means, weights=counts).x
    inner = (fitted[1:-1] != fitted[:-2]) | (fitted[1:-1] != fitted[2:])
    kept = np.concatenate([[True], inner, [True]])
    return tuple(knots[kept].tolist()), tuple(fitted[kept].tolist())


def fit_calibration(
    scores: Iterable[Score], method: str = "affine", predicted: str = "haaqinet", true: str = "haaqi"
) -> Calibration:
    """Fit a map on rows of one challenge that both scorers have; of each, the newest version.

    The cross-validation leaves out whole songs, a fifth at a time.

    Raises:
        InputError: for rows of several challenges, fewer than 20 pairs, a single song, or scores
            that no rising map fits.
    """
    rows = current_versions(scores)
    pairs = pair_scores(rows, predicted, true)
    challenges = sorted({p.trial.challenge for p, _ in pairs})
    songs = sorted({p.trial.song for p, _ in pairs})
    if len(challenges) > 1:
        raise InputError(f"rows of several challenges: {', '.join(challenges)}; a map belongs to one")
    if len(pairs) < FEWEST or len(songs) < 2:
        there = f"{counted(len(pairs), 'trial')} of {counted(len(songs), 'song')}"
        raise InputError(
            f"{there} with scores of both {predicted} and {true}; {FEWEST} trials of 2 songs are needed"
        )
    x, y = (np.array([pair[side].score for pair in pairs]) for side in (0, 1))
    folds = min(FOLDS, len(songs))
    fold = np.array([songs.index(p.trial.song) % folds for p, _ in pairs])
    held_out = np.empty_like(x)
    bounds = scorer_bounds(true)
    for k in range(folds):
        curve = fit_curve(x[fold != k], y[fold != k], method)
        held_out[fold == k] = _mapped(curve, x[fold == k], bounds)
    one, other = pairs[0]
    return Calibration(
        method=method,
        challenge=one.trial.challenge,
        scorer=predicted,
        version=one.version,
        true_scorer=true,
        true_version=other.version,
        date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        n=len(pairs),
        songs=len(songs),
        folds=folds,
        curve=fit_curve(x, y, method),
        raw=agreement(x, y),
        cross_validated=agreement(held_out, y),
    )


def calibrate(scores: Iterable[Score], calibration: Calibration) -> list[Score]:
    """Calibrated rows, one for each row of the map's scorer in its newest version.

    A failed row stays failed. The interval is mapped as the score is; the raw score is the part `raw`.

    Raises:
        InputError: if there are no such rows, or they are of another version or challenge.
    """
    rows = [s for s in current_versions(scores) if s.scorer == calibration.scorer]
    if not rows:
        raise InputError(f"no rows of scorer {calibration.scorer}")
    for field, found, wanted in (
        ("challenge", {row.trial.challenge for row in rows}, calibration.challenge),
        ("version", {row.version for row in rows}, calibration.version),
    ):
        if found != {wanted}:
            raise InputError(
                f"the map is of {field} {wanted}; the rows are of {', '.join(sorted(found))}: "
                "fit one on rows of their own"
            )
    return [_calibrated(row, calibration) for row in rows]


def _calibrated(row: Score, calibration: Calibration) -> Score:
    row = replace(row, scorer=calibration.name, version=calibration.mapped_version, frames=None)
    if row.score is None:
        return row
    low, high = (None if end is None else calibration(end) for end in (row.low, row.high))
    parts = {"raw": row.score}
    return replace(row, score=calibration(row.score), low=low, high=high, parts=parts)


def write_calibration(path: str | Path, calibration: Calibration) -> None:
    """Write a map as JSON.

    Raises:
        InputError, Stopped: it cannot be written, see `files.whole`.
    """
    write_json(path, {"format": FORMAT, **asdict(calibration)})


def read_calibration(path: str | Path) -> Calibration:
    """Read a map.

    Raises:
        InputError: for a missing or damaged file, or a curve that is no rising one in [0, 1].
    """
    record: dict[str, Any] = read_json(path, dict)
    if record.pop("format", None) != FORMAT:
        raise InputError(f"{path}: is no calibration ({FORMAT})")
    try:
        raw, mapped = (tuple(map(float, axis)) for axis in record.pop("curve"))
        curve = raw, mapped
        figures: dict[str, Any] = {name: _agreement(record.pop(name)) for name in ("raw", "cross_validated")}
        calibration = Calibration(**record, **figures, curve=curve)
        check_method(calibration.method)
        for name in ("challenge", "scorer", "version"):
            if not isinstance(record[name], str):
                raise ValueError(f"{name} is {record[name]!r}")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: a damaged calibration: {error}") from None
    if not _is_rising(curve):
        raise InputError(f"{path}: curve {curve} is no rising one")
    return calibration


def _agreement(record: dict[str, float | None]) -> Agreement:
    """Figures of a map; a correlation that is undefined is null there."""
    figures: dict[str, Any] = {
        name: float("nan") if value is None else value for name, value in record.items()
    }
    return Agreement(**figures)


def _is_rising(curve: Any) -> bool:
    if len(curve) != 2 or len(curve[0]) != len(curve[1]) or len(curve[0]) < 2:
        return False
    x, y = map(np.asarray, curve)
    return bool(np.isfinite([x, y]).all() and (np.diff(x) > 0).all() and (np.diff(y) >= 0).all())
