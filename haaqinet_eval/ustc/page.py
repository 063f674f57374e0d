"""Tables and the picture of docs/ustc.md, from the rows of `judging.judge`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from ..analysis.statistics import mean_interval, paired_difference
from ..io.files import whole
from ..io.markdown import markdown_table
from ..training.cards import RIGHT

SEVERITIES = ("none", "mild", "moderate", "severe")  # pyclarity's, of an ear
Rows = Sequence[Mapping]


def _scores(rows: Rows, name: str = "haaqi") -> np.ndarray:
    return np.array([row[name] for row in rows], float)


def _with_interval(rows: Rows) -> str:
    held = mean_interval(_scores(rows), [row["scene"] for row in rows], [row["ear"] for row in rows])
    return f"{held.value:.3f} ({held.low:.3f}–{held.high:.3f})"


def _difference(first: Rows, second: Rows) -> str:
    labels = [row["scene"] for row in first], [row["ear"] for row in first]
    found = paired_difference(_scores(first), _scores(second), *labels)
    return f"{found.value:+.4f} ({found.low:+.4f} to {found.high:+.4f})"


def severities(rows: Rows) -> list[str]:
    """Those that are there, mildest first."""
    return [name for name in SEVERITIES if any(row["severity"] == name for row in rows)]


def _by_severity(rows: Rows, all_rows: Rows) -> list[str]:
    return [
        f"{np.mean([row['haaqi'] for row in rows if row['severity'] == name]):.3f}"
        for name in severities(all_rows)
    ]


def _plain(rows: Rows) -> dict[str, list[Mapping]]:
    """Rows by system, without any mixture added."""
    found: dict[str, list[Mapping]] = {}
    for row in rows:
        if "weight" not in row and "size" not in row:
            found.setdefault(row["system"], []).append(row)
    return found


def systems_table(rows: Rows) -> str:
    """Mean HAAQI of each system with its interval, and by severity."""
    lines = [[name, _with_interval(own), *_by_severity(own, rows)] for name, own in _plain(rows).items()]
    return markdown_table(["", "HAAQI (95 %)", *severities(rows)], lines, RIGHT)


def differences_table(rows: Rows, pairs: Sequence[Sequence[str]]) -> str:
    """Paired differences of systems' HAAQI."""
    plain = _plain(rows)
    lines = [[f"{a} − {b}", _difference(plain[a], plain[b])] for a, b in pairs if {a, b} <= plain.keys()]
    return markdown_table(["difference of HAAQI", "mean (95 %)"], lines, RIGHT)


def _groups(rows: Rows, column: str) -> dict[str, dict[float, list[Mapping]]]:
    """System -> value of a column -> rows."""
    found: dict[str, dict[float, list[Mapping]]] = {}
    for row in rows:
        if column in row:
            found.setdefault(row["system"], {}).setdefault(row[column], []).append(row)
    return found


def weights_table(rows: Rows) -> str:
    """Mean HAAQI by the weight of the mixture that is added back."""
    lines = []
    for system, by_weight in _groups(rows, "weight").items():
        for weight, own in by_weight.items():
            gained = _difference(own, by_weight[0.0]) if weight else "–"
            lines.append(
                [f"{system}, {weight:g}", f"{_scores(own).mean():.4f}", gained, *_by_severity(own, rows)]
            )
    return markdown_table(["", "HAAQI", "more than without (95 %)", *severities(rows)], lines, RIGHT)


def sizes_table(rows: Rows, ensemble: Sequence[str]) -> str:
    """Mean HAAQI by the number of separators in the ensemble."""
    lines, plain = [], _plain(rows)
    for size, own in _groups(rows, "size").get("ensemble", {}).items():
        best = max(ensemble[:size], key=lambda name: _scores(plain[name]).mean())
        lines.append(
            [
                *(f"{size}", ensemble[size - 1], f"{_scores(own).mean():.4f}"),
                *(_difference(own, plain[best]), *_by_severity(own, rows)),
            ]
        )
    head = ["separators", "the last one", "HAAQI", "more than its best alone (95 %)", *severities(rows)]
    return markdown_table(head, lines, RIGHT)


def chosen_table(rows: Rows) -> str:
    """HAAQI with a weight for each ear and scene that `haaqinet_target` chose, and with fixed ones."""
    lines = []
    for system, by_weight in _groups(rows, "weight").items():
        true = np.array([_scores(own) for own in by_weight.values()])
        if "predicted" not in next(iter(by_weight.values()))[0]:
            continue
        said = np.array([_scores(own, "predicted") for own in by_weight.values()])
        weights, places = np.array(list(by_weight)), np.arange(true.shape[1])
        picked, best = said.argmax(0), true.argmax(0)
        fixed = true.mean(1)
        lines.append(
            [
                *(system, f"{true[0].mean():.4f}", f"{fixed.max():.4f} ({weights[fixed.argmax()]:g})"),
                *(f"{true[which, places].mean():.4f}" for which in (picked, best)),
                *(f"{weights[which].mean():.2f}" for which in (picked, best)),
            ]
        )
    head = ["", "weight 0", "best fixed weight", "chosen by haaqinet_target", "chosen by true HAAQI"]
    return markdown_table([*head, "its mean weight", "the best's"], lines, RIGHT)


def losses_text(rows: Rows, system: str) -> str:
    """How HAAQI of a system goes with ears' losses at low and at high frequencies.

    Ears hear different scenes: each score is taken less the mean of its scene.
    """
    own = _plain(rows)[system]
    ears = {row["ear"]: (row["low"], row["high"]) for row in own}
    scenes = {
        name: np.mean([row["haaqi"] for row in own if row["scene"] == name])
        for name in {row["scene"] for row in own}
    }
    apart = [(row["ear"], row["haaqi"] - scenes[row["scene"]]) for row in own]
    means = [np.mean([value for name, value in apart if name == ear]) for ear in ears]
    low, high = np.array(list(ears.values())).T
    table = [
        [ear, f"{a:.0f}", f"{b:.0f}", f"{mean:+.3f}"]
        for mean, ear, a, b in sorted(zip(means, ears, low, high, strict=True), reverse=True)
    ]
    head = ["ear", "0.5 to 2 kHz, dB HL", "4 to 8 kHz, dB HL", f"HAAQI of {system} less the scene's mean"]
    return (
        f"{markdown_table(head, table, RIGHT)}\nSpearman's correlation over {len(ears)} ears: "
        f"{_rank(low, means)} with the loss at low frequencies, "
        f"{_rank(high, means)} with that at high ones.\n"
    )


def _rank(losses: np.ndarray, means: Sequence[float]) -> str:
    """Spearman's correlation; a dash where either is constant."""
    constant = np.ptp(losses) == 0 or np.ptp(means) == 0
    return "–" if constant else f"{spearmanr(losses, means).statistic:.2f}"


def draw(rows: Rows, path: str | Path) -> None:
    """Curves of HAAQI over the mixture's weight, by severity, and over the ensemble's size."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    by_weight, sizes = _groups(rows, "weight"), _groups(rows, "size").get("ensemble", {})
    figure, axes = plt.subplots(1, len(by_weight) + 1, figsize=(12, 4), layout="constrained")
    mean: Callable = lambda own: float(_scores(own).mean())  # noqa: E731
    for axis, (system, found) in zip(axes, by_weight.items(), strict=False):
        for name in severities(rows):
            means = [mean([row for row in own if row["severity"] == name]) for own in found.values()]
            axis.plot(list(found), means, marker="o", label=name)
        axis.set(title=system, xlabel="weight of the mixture", ylabel="true HAAQI")
    axes[0].legend(title="hearing loss")
    axes[-1].plot(list(sizes), [mean(own) for own in sizes.values()], marker="o", color="black")
    axes[-1].set(title="ensemble", xlabel="separators", ylabel="true HAAQI", xticks=list(sizes))
    with whole(path) as part:
        figure.savefig(part, dpi=90, format="png", metadata={"Software": None})
    plt.close(figure)


def blocks(
    rows: Rows, ensemble: Sequence[str], pairs: Sequence[Sequence[str]], system: str
) -> dict[str, str]:
    """Name of a block of the page -> its Markdown.

    Args:
        rows: of `judging.judge`.
        ensemble: names of its separators.
        pairs: of systems whose difference is shown.
        system: whose scores are set against the losses.
    """
    scenes = {row["scene"]: row["origin"] for row in rows}
    real = sum(origin == "real" for origin in scenes.values())
    about = (
        f"{len(scenes)} scenes, {real} of them of real songs, {len({row['ear'] for row in rows})} ears.\n\n"
    )
    return {
        "systems": about + systems_table(rows) + "\n" + differences_table(rows, pairs),
        "weights": weights_table(rows),
        "sizes": sizes_table(rows, ensemble),
        "chosen": chosen_table(rows),
        "losses": losses_text(rows, system),
    }
