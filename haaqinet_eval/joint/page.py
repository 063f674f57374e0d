"""Tables and the picture of docs/joint.md, from the rows of `judging.judge`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ..analysis.statistics import mean_interval, paired_difference
from ..audiogram import Audiogram
from ..io.files import whole
from ..model.joint import JointFilter, JointNet
from ..training.cards import RIGHT
from ..training.tables import markdown_table
from .judging import BOTH, DENOISED, NALR, NONE, ONE

PANELS = {  # column -> title, and the least range of its colours, so that nothing is not shown as much
    "haaqi": ("true HAAQI", 0.2),
    "band_snr": ("SNR, mean of bands (dB)", 5.0),
    "gain": ("amplification of the music (dB)", 5.0),
}
PAIRS = ((BOTH, NALR), (DENOISED, NALR), (DENOISED, NONE), (BOTH, NONE), (BOTH, ONE))
SPEED_RATE, SPEED_SECONDS = 44_100, 10


def _column(rows: Sequence[Mapping], name: str) -> np.ndarray:
    return np.array([row[name] for row in rows], float)


def _labels(rows: Sequence[Mapping]) -> tuple[list[str], list[str]]:
    return [row["scene"] for row in rows], [row["listener"] for row in rows]


def _of_system(rows: Sequence[Mapping], name: str) -> list[Mapping]:
    return [row for row in rows if row["system"] == name]


def systems_table(rows: Sequence[Mapping]) -> str:
    """Means of all systems, HAAQI with its interval and by SNR, and the paired differences that matter."""
    snrs = sorted({row["snr"] for row in rows})
    lines = []
    for name in dict.fromkeys(row["system"] for row in rows):
        own = _of_system(rows, name)
        held = mean_interval(_column(own, "haaqi"), *_labels(own))
        by_snr = [f"{np.mean([row['haaqi'] for row in own if row['snr'] == snr]):.3f}" for snr in snrs]
        apart = f"{_column(own, 'distance').mean():.1f}"
        lines.append([name, f"{held.value:.3f} ({held.low:.3f}–{held.high:.3f})", *by_snr, apart])
    head = ["", "HAAQI (95 %)", *(f"{snr:g} dB" for snr in snrs), "from a normal ear, dB"]
    return markdown_table(head, lines, RIGHT)


def differences_table(rows: Sequence[Mapping]) -> str:
    """Paired differences of HAAQI between systems, with intervals."""
    lines = []
    for first, second in PAIRS:
        a, b = _of_system(rows, first), _of_system(rows, second)
        if a and b:
            found = paired_difference(_column(a, "haaqi"), _column(b, "haaqi"), *_labels(a))
            lines.append(
                [f"{first} − {second}", f"{found.value:+.3f}", f"{found.low:+.3f} to {found.high:+.3f}"]
            )
    return markdown_table(["difference of HAAQI", "mean", "95 %"], lines, RIGHT)


def listeners_table(rows: Sequence[Mapping]) -> str:
    """Mean HAAQI of each system by listener."""
    names = list(dict.fromkeys(row["listener"] for row in rows))
    lines = []
    for system in dict.fromkeys(row["system"] for row in rows):
        own = _of_system(rows, system)
        means = [np.mean([row["haaqi"] for row in own if row["listener"] == name]) for name in names]
        lines.append([system, *(f"{mean:.3f}" for mean in means)])
    return markdown_table(["HAAQI", *names], lines, RIGHT)


def knobs(rows: Sequence[Mapping]) -> list[float]:
    """The exponents, ascending."""
    return sorted({row["alpha"] for row in rows})


def grids(rows: Sequence[Mapping]) -> dict[str, np.ndarray]:
    """Means over all cases by exponent: column -> [alpha, beta]."""
    cells: dict[tuple, list[Mapping]] = {}
    for row in rows:
        cells.setdefault((row["alpha"], row["beta"]), []).append(row)
    steps = knobs(rows)
    return {
        column: np.array([[np.mean(_column(cells[a, b], column)) for b in steps] for a in steps])
        for column in (*PANELS, "si_sdr")
    }


def surface_table(rows: Sequence[Mapping]) -> str:
    """True HAAQI by both exponents."""
    haaqi = grids(rows)["haaqi"]
    steps = knobs(rows)
    lines = [[f"α {a:g}", *(f"{v:.3f}" for v in line)] for a, line in zip(steps, haaqi, strict=True)]
    return markdown_table(["HAAQI", *(f"β {b:g}" for b in steps)], lines, RIGHT)


def knobs_text(rows: Sequence[Mapping]) -> str:
    """How far each knob moves its own quantity, and how far the other's."""
    found, steps = grids(rows), knobs(rows)
    snr, gain, haaqi, sdr = (found[name] for name in ("band_snr", "gain", "haaqi", "si_sdr"))
    best = np.unravel_index(haaqi.argmax(), haaqi.shape)
    additive = haaqi.mean(1, keepdims=True) + haaqi.mean(0) - haaqi.mean()
    share = 1 - np.var(haaqi - additive) / np.var(haaqi)
    own, across = np.ptp(snr, 0).mean(), np.abs(snr[:, -1] - snr[:, 0]).mean()
    amplified, by_noise = np.ptp(gain, 1).mean(), np.abs(gain[-1, 0] - gain[0, 0])
    spread = np.ptp(gain[-1] - gain[0])
    return (
        f"- α from 0 to 1 raises the SNR by {own:.2f} dB; β from 0 to 1 changes it by {across:.2f} dB.\n"
        f"- β from 0 to 1 amplifies the music by {amplified:.2f} dB. α from 0 to 1 turns the music down by "
        f"{by_noise:.2f} dB, and that differs by {spread:.2f} dB between values of β.\n"
        f"- Of the variance of mean HAAQI over the pairs, α and β by themselves, added up, explain "
        f"{share:.1%}.\n"
        f"- Highest mean HAAQI: {haaqi.max():.3f} at α {steps[best[0]]:g}, β {steps[best[1]]:g}, looked up "
        f"on these very cases.\n"
        f"- SI-SDR without compensation: {sdr[0, 0]:.1f} dB at α 0, {sdr[-1, 0]:.1f} dB at α 1.\n"
    )


def draw(rows: Sequence[Mapping], path: str | Path) -> None:
    """The surfaces over α and β as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    found = grids(rows)
    ticks = [f"{knob:g}" for knob in knobs(rows)]
    figure, axes = plt.subplots(1, len(PANELS), figsize=(12, 4), layout="constrained")
    for axis, (column, (title, least)) in zip(axes, PANELS.items(), strict=True):
        values = found[column]
        middle = (values.min() + values.max()) / 2
        half = max(np.ptp(values), least) / 2
        colours = {"cmap": "viridis", "vmin": middle - half, "vmax": middle + half}
        axis.imshow(values, origin="lower", aspect="auto", **colours)
        digits = 3 if column == "haaqi" else 1
        for (i, j), value in np.ndenumerate(values):
            color = "black" if value > middle else "white"
            axis.text(j, i, f"{value:.{digits}f}", ha="center", va="center", color=color, fontsize=9)
        axis.set_xticks(range(len(ticks)), ticks)
        axis.set_yticks(range(len(ticks)), ticks)
        axis.set(title=title, xlabel="β, compensation", ylabel="α, noise reduction")
    with whole(path) as part:
        figure.savefig(part, dpi=90, format="png", metadata={"Software": None})
    plt.close(figure)


def facts_text(net: JointNet) -> str:
    """Size, latency and speed of a network."""
    ears = JointFilter(net, SPEED_RATE)
    signal = np.random.default_rng(0).normal(0, 0.1, SPEED_RATE * SPEED_SECONDS)
    ears(signal[:SPEED_RATE], Audiogram.flat(40))
    began = time.process_time()
    ears(signal, Audiogram.flat(40))
    ratio = (time.process_time() - began) / SPEED_SECONDS
    latency = (ears.spectrum.look_ahead + 1) / SPEED_RATE
    return markdown_table(
        ["", "value"],
        [
            ["parameters", f"{sum(p.numel() for p in net.parameters()):,}"],
            [
                "algorithmic latency",
                f"{1000 * latency:.2f} ms (two steps of {ears.spectrum.step} samples at 44.1 kHz)",
            ],
            ["real-time factor, one ear, one thread", f"{ratio:.3f}"],
        ],
    )


def blocks(rows: Mapping[str, Sequence[Mapping]], net: JointNet) -> dict[str, str]:
    """Name of a block of the page -> its Markdown."""
    count: Callable = lambda what: len({row[what] for row in rows["systems"]})  # noqa: E731
    about = f"{count('scene')} pieces, {count('listener')} listeners, one ear each.\n\n"
    return {
        "facts": facts_text(net),
        "systems": about + systems_table(rows["systems"]) + "\n" + differences_table(rows["systems"]),
        "listeners": listeners_table(rows["systems"]),
        "surface": surface_table(rows["surface"]) + "\n" + knobs_text(rows["surface"]),
    }
