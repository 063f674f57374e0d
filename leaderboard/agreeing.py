"""How well HAAQI-Net predicts HAAQI: what the page Agreement computes and draws, once for all visitors.

`which` is the challenge, HAAQI-Net's version (empty: the one on the board) and the scorer in its place.
"""

from __future__ import annotations

from dataclasses import asdict, replace

import altair as alt
import pandas as pd

from haaqinet_eval.analysis.agreement import (
    ENOUGH,
    FEW,
    Agreement,
    Coverage,
    Ordering,
    affine_fit,
    agreement,
    coverage,
    ordering,
    reliability,
)
from haaqinet_eval.store import Challenge, standings, told_apart

from . import charts, reading, uncertainty
from .labels import DEFINITIONS, INTRUSIVE, PREDICTED, by_severity, label, predictors, yes_no

DOTS = 3000  # points that the scatter plots draw at most
TIP = ["system", "scene", "listener", "ear"]  # what a point says when pointed at
HOLDS = "Predicted interval holds HAAQI's mean"
SMALL = 0.02  # a bias below this is none
LARGE = 0.15  # a prediction further off than this is one to verify


def figures(name: str, frame: pd.DataFrame, found: Agreement | None = None) -> dict[str, object]:
    """One row of the table of agreement; `found` where it is known."""
    found = found or agreement(frame.predicted, frame.intrusive)
    _, low, high = charts.limits_of_agreement(frame.error)
    if found.n < FEW:
        found = replace(found, **dict.fromkeys(("lcc", "srcc", "kendall"), float("nan")))
    return {
        "Group": name,
        "n": found.n,
        "LCC": found.lcc,
        "SRCC": found.srcc,
        "Kendall": found.kendall,
        "MSE": found.mse,
        "RMSE": found.rmse,
        "Bias": found.bias,
        "95 % from": low,
        "95 % to": high,
        "In interval": coverage(frame.low, frame.high, frame.intrusive).share,
    }


def predictors_there(challenge: Challenge) -> list[str]:
    """Scorers that predict HAAQI and have scored a system."""
    here = {entry.scorer for entry in reading.made_here(reading.board(challenge))}
    return [name for name in predictors() if name in here]


def items_of(challenge: Challenge, version: str, scorer: str) -> list[reading.Scored]:
    """The systems, with the chosen prediction in HAAQI-Net's place."""
    entries = reading.board(challenge)
    if version:
        others = [entry for entry in entries if entry.scorer != PREDICTED]
        options = {"scorer": PREDICTED, "version": version}
        entries = others + reading.read(standings, challenge.name, challenge.split, **options)
    items = reading.systems(entries)
    if scorer == PREDICTED:
        return items
    found = [{k: v for k, v in item.entries.items() if k != PREDICTED} for item in items]
    moved = [e | ({PREDICTED: e[scorer]} if scorer in e else {}) for e in found]
    return [replace(item, entries=e) for item, e in zip(items, moved, strict=True) if e]


def all_pairs(*which: object) -> pd.DataFrame:
    """Trials of all systems that both scorers scored, with severities."""
    frame = reading.shared(doubts, *which)
    return reading.with_errors(frame[frame.intrusive.notna()].reset_index(drop=True))


def overall(*which: object) -> Agreement:
    """Agreement over all trials."""
    frame = reading.shared(all_pairs, *which)
    return agreement(frame.predicted, frame.intrusive)


def group_table(column: str, *which: object) -> pd.DataFrame:
    """Agreement over all trials, and by group."""
    frame = reading.shared(all_pairs, *which)
    order = by_severity if column in DEFINITIONS else str
    rows = [figures("all trials", frame, reading.shared(overall, *which))]
    rows += [figures(n, mine) for n, mine in sorted(frame.groupby(column), key=lambda pair: order(pair[0]))]
    table = pd.DataFrame(rows)
    return table.drop(columns="In interval") if table["In interval"].isna().all() else table


def dots(*which: object) -> pd.DataFrame:
    """Trials that the scatter plots draw."""
    frame = reading.shared(all_pairs, *which)
    shown = frame if len(frame) <= DOTS else frame.sample(DOTS, random_state=0)
    return shown[[*TIP, "intrusive", "predicted", "error", "middle"]]


def scatter(*which: object) -> alt.LayerChart:
    """The chart of predicted over intrusive scores."""
    return charts.agreement_chart(dots(*which), TIP)


def bland_altman(*which: object) -> alt.LayerChart:
    """The chart of differences over means."""
    return charts.bland_altman(dots(*which), TIP)


def calibration(*which: object) -> tuple[pd.DataFrame, float, float]:
    """Bins by predicted score, and the line that fits best."""
    frame = reading.shared(all_pairs, *which)
    bins = pd.DataFrame([asdict(b) for b in reliability(frame.predicted, frame.intrusive)])
    return bins, *affine_fit(frame.predicted, frame.intrusive)


def bins_table(*which: object) -> pd.DataFrame:
    """The bins, to be shown."""
    return reading.shared(calibration, *which)[0].round(4)


def calibration_chart(*which: object) -> alt.LayerChart:
    """The chart of them."""
    bins, slope, offset = reading.shared(calibration, *which)
    return charts.calibration_chart(bins.rename(columns={"true": "intrusive"}), slope, offset)


def ranks(*which: object) -> tuple[pd.DataFrame, Agreement] | None:
    """Means of the systems that both scorers scored completely, and their agreement; None for too few."""
    items = reading.shared(items_of, *which)
    both = [item for item in items if None not in (item.mean(INTRUSIVE), item.mean(PREDICTED))]
    if len(both) < 2:
        return None
    rows = [
        {
            "System": item.label,
            "HAAQI": item.mean(INTRUSIVE),
            "HAAQI-Net": item.mean(PREDICTED),
            HOLDS: yes_no(covers(item)),
        }
        for item in both
    ]
    frame = pd.DataFrame(rows)
    return frame, agreement(frame["HAAQI-Net"], frame["HAAQI"])


def covers(item: reading.Scored) -> bool | None:
    """Whether the interval of the predicted mean holds the intrusive mean; None where there is none."""
    entry = item.entries[PREDICTED]
    if entry.low is None or entry.high is None:
        return None
    return entry.low <= item.mean(INTRUSIVE) <= entry.high


def order_of(*which: object) -> Ordering | None:
    """How the prediction orders the systems that HAAQI tells apart; None for fewer than two."""
    items = reading.shared(items_of, *which)
    both = [item for item in items if None not in (item.mean(INTRUSIVE), item.mean(PREDICTED))]
    if len(both) < 2:
        return None
    p = told_apart(reading.the_store(), [item.entries[INTRUSIVE] for item in both])
    return ordering(*([item.mean(s) for item in both] for s in (INTRUSIVE, PREDICTED)), p)


def verdict(*which: object) -> str:
    """What the agreement comes to, in Markdown."""
    whole, order = reading.shared(overall, *which), reading.shared(order_of, *which)
    name = label(which[2])
    if abs(whole.bias) < SMALL:
        text = f"{name} is right on average (bias {whole.bias:+.3f})"
    else:
        how = "over-rates" if whole.bias > 0 else "under-rates"
        text = f"{name} **{how} by {abs(whole.bias):.2f}**"
    text += f"; a single score is off by {whole.rmse:.2f} (RMSE, {whole.n:,} trials). "
    if order is None or order.apart < ENOUGH:
        return text + (
            "Too few complete systems are told apart by HAAQI to say whether it ranks alike: "
            "**not proven for ranking here**."
        )
    if order.may_rank:
        return text + (
            f"It puts all {order.apart} pairs of systems that HAAQI tells apart in the same order: "
            "**its ranking can be used here**, with HAAQI's where references exist."
        )
    return text + (
        f"It turns {order.apart - order.alike} of the {order.apart} pairs of systems round that HAAQI tells "
        "apart: **do not use it for ranking here**."
    )


def intervals(*which: object) -> tuple[Coverage, float, float]:
    """How often HAAQI lies inside its interval, see `uncertainty`."""
    return uncertainty.held(reading.shared(all_pairs, *which))


def doubts(*which: object) -> pd.DataFrame:
    """All predictions, whether or not HAAQI is known."""
    return reading.predictions(which[0], reading.shared(items_of, *which))


def least_sure(part: str, *which: object) -> uncertainty.Doubted:
    """Those that the net is least sure of, see `uncertainty`."""
    return uncertainty.doubted(reading.shared(doubts, *which), part)


def furthest(*which: object) -> tuple[pd.DataFrame, int]:
    """The predictions that were furthest off, and how many are far off."""
    frame = reading.shared(all_pairs, *which)
    columns = ["system", "scene", "listener", "ear", "severity_humes", "intrusive", "predicted", "error"]
    off = frame.error.abs()
    worst = frame.reindex(off.sort_values(ascending=False).index).head(50)
    return worst[columns].round(4), int((off > LARGE).sum())
