"""What the report published of its two files, and what we put beside it."""

from __future__ import annotations

import numpy as np

from .correlating import Measured
from .degrading import GRID, LEVELS

COLUMNS = ("OpenL3", "VGGish", "PESQ", "STOI")
OURS = ("pesq", "estoi", "embedding_vggish")  # what is comparable with the report's columns
CONTENT = {
    "speech": ("speech", "talker"),
    "music": ("music",),
}  # the report's files -> words in names of ours
DIFFER = (
    "The report's files are not published, so no number can be the same: its music and speech were recorded, "
    "ours are made up. Its STOI is the extended one, so it stands beside `estoi`; its PESQ is wide band, as "
    "ours. OpenL3 is not among our back ends, and its VGGish is the 8-bit variant unless the option was "
    "changed; `embedding_similarity` is HAAQI-Net's own embedding, another network with another scale."
)
TABLE = {  # file, kind -> low, high, extreme -> COLUMNS
    ("speech", "noise"): (
        (0.9919, 0.9073, 2.47, 0.999),
        (0.9846, 0.8818, 1.20, 0.988),
        (0.9782, 0.8593, 1.07, 0.963),
    ),
    ("speech", "bitrate"): (
        (0.9915, 0.9585, 3.66, 0.995),
        (0.9831, 0.9296, 2.74, 0.905),
        (0.9784, 0.9118, 2.09, 0.840),
    ),
    ("speech", "compression"): (
        (0.9858, 0.9516, 4.07, 1.000),
        (0.9886, 0.9463, 2.52, 0.999),
        (0.9420, 0.8071, 1.04, 0.861),
    ),
    ("music", "noise"): (
        (0.9904, 0.9612, 3.30, 0.951),
        (0.9847, 0.9425, 1.75, 0.912),
        (0.9816, 0.9319, 1.35, 0.883),
    ),
    ("music", "bitrate"): (
        (0.9899, 0.9504, 3.30, 0.998),
        (0.9810, 0.9402, 2.28, 0.886),
        (0.9763, 0.9393, 1.75, 0.810),
    ),
    ("music", "compression"): (
        (0.9832, 0.9563, 3.94, 0.993),
        (0.9893, 0.9644, 3.21, 0.947),
        (0.9470, 0.8965, 1.31, 0.816),
    ),
}
CORRELATIONS = {  # over all 18 rows, as the report states them
    ("OpenL3", "PESQ"): 0.586,
    ("OpenL3", "STOI"): 0.670,
    ("VGGish", "PESQ"): 0.746,
    ("VGGish", "STOI"): 0.298,
}


def paper_rows() -> list[tuple[str, str, str, tuple[float, ...]]]:
    """File, kind, level and the four numbers of each row."""
    return [
        (file, kind, level, TABLE[file, kind][place])
        for file in ("speech", "music")
        for kind in GRID
        for place, level in enumerate(LEVELS)
    ]


def beside(measured: Measured, listener: str) -> tuple[list[str], list[list[str]]]:
    """Head and rows: the report's numbers, and beside them those of our file of that kind, if there is one.

    Args:
        listener: whose values are shown; the report's had no hearing loss.
    """
    own = [
        name
        for name in ("haaqi", *OURS, "embedding_similarity", "embedding_musicnn")
        if name in measured.metrics
    ]
    files = {content: _file_of(measured, words) for content, words in CONTENT.items()}
    head = ["report", "ours", "degradation", *(f"report: {name}" for name in COLUMNS), *own]
    rows = []
    for content, kind, level, values in paper_rows():
        place = (measured.files == files[content]) & (measured.listeners == listener)
        some = measured.some(place & (measured.degradations == f"paper_{kind}-{level}"))
        mine = [_number(some, name) for name in own]
        rows.append([content, files[content] or "–", f"{kind}, {level}", *(f"{v:g}" for v in values), *mine])
    return head, rows


def _file_of(measured: Measured, words: tuple[str, ...]) -> str:
    """The first file whose name has one of some words; empty for none."""
    return next((str(f) for f in measured.files if any(word in f.lower() for word in words)), "")


def _number(measured: Measured, name: str) -> str:
    values = measured.of(name)
    return f"{values[0]:.4g}" if len(values) and np.isfinite(values[0]) else "–"


def published_correlation(first: str, second: str) -> float:
    """Pearson's correlation of two of the report's columns over its 18 rows, from its own table.

    >>> round(published_correlation("VGGish", "PESQ"), 3)
    0.745
    """
    values = np.array([row[3] for row in paper_rows()])
    return float(np.corrcoef(values[:, COLUMNS.index(first)], values[:, COLUMNS.index(second)])[0, 1])
