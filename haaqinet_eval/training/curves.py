"""Learning curves: `curve.csv` of a run, one row an epoch, and its picture."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from ..io.files import written

PANELS = {  # title -> columns
    "loss and mean squared error": ("loss", "mse"),
    "correlation with true HAAQI": ("lcc", "srcc"),
    "mean score of untouched music": ("clean",),
}


def write_curve(run: str | Path, rows: Sequence[dict]) -> None:
    """Write `curve.csv` of a run's folder, whole or not at all; rows may have different keys."""
    with written(Path(run) / "curve.csv") as file:
        writer = csv.DictWriter(file, dict.fromkeys(key for row in rows for key in row))
        writer.writeheader()
        writer.writerows(rows)


def read_curve(run: str | Path) -> list[dict[str, str]]:
    """Rows of `curve.csv`, of each epoch the last; none where there is no such file."""
    path = Path(run) / "curve.csv"
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return list({int(row["epoch"]): row for row in csv.DictReader(file)}.values())


def plot_curves(run: str | Path) -> Path:
    """Draw `curve.csv` of a run's folder into `curve.png` beside it; the path of the picture.

    Raises:
        InputError: if there is no such file, or no row in it.
    """
    from matplotlib.figure import Figure

    path = Path(run) / "curve.csv"
    if not path.is_file():
        raise InputError(f"{path}: no such file; train first")
    rows = read_curve(run)
    if not rows:
        raise InputError(f"{path}: has no row")
    epochs = [int(row["epoch"]) for row in rows]
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    for axes, (title, columns) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        for column in columns:
            axes.plot(epochs, [float(row[column]) for row in rows], marker=".", label=column)
        axes.set(title=title, xlabel="epoch")
        axes.grid(alpha=0.3)
        axes.legend()
    target = path.with_suffix(".png")
    with written(target, binary=True) as file:
        figure.savefig(file, format="png", dpi=110)
    return target
