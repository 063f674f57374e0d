"""Learning curves: `curve.csv` of a run as a picture."""

from __future__ import annotations

import csv
from pathlib import Path

from ..errors import InputError

PANELS = {  # title -> columns
    "loss and mean squared error": ("loss", "mse"),
    "correlation with true HAAQI": ("lcc", "srcc"),
    "mean score of untouched music": ("clean",),
}


def plot_curves(run: str | Path) -> Path:
    """Draw `curve.csv` of a run's folder into `curve.png` beside it; the path of the picture.

    Raises:
        InputError: if there is no such file, or no row in it.
    """
    from matplotlib.figure import Figure

    path = Path(run) / "curve.csv"
    if not path.is_file():
        raise InputError(f"{path}: no such file; train first")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
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
    figure.savefig(target, dpi=110)
    return target
