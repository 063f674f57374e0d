"""Figures of docs/noresqa.md: preference, scores by number of references, both scorers, the interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..analysis.agreement import agreement, coverage
from ..io.markdown import markdown_table
from ..model.noresqa import NoresqaModel, ReferenceBank
from .cards import RIGHT
from .non_matching import Pool, draw_pairs, judge_pairs
from .reference_bank import USUAL, against

COUNTS = (1, 3, 10, 30, 100)


def _figures(predicted: Tensor, true: Tensor) -> str:
    a = agreement(predicted.numpy(), true.numpy())
    return f"{a.lcc:.3f} / {a.srcc:.3f} / {a.mse:.4f}"


def preference_table(model: NoresqaModel, pools: Mapping[str, Pool], per_trial: int, seed: int) -> str:
    """How often the better of two unrelated clips is preferred, beside HAAQI-Net's difference."""
    lines = []
    for name, pool in pools.items():
        told = judge_pairs(model.head, pool, draw_pairs(pool, per_trial, seed))
        for least in (0.1, 0.3):
            shares = (f"{100 * told[f'{who} right >= {least}']:.1f} %" for who in ("noresqa", "haaqinet"))
            lines.append([name, f"{least:g} or more", f"{told[f'pairs >= {least}']:.0f}", *shares])
    return markdown_table(["", "HAAQI differs by", "pairs", "NORESQA", "HAAQI-Net"], lines, RIGHT)


def counts_table(model: NoresqaModel, pools: Mapping[str, Pool], counts: Sequence[int] = COUNTS) -> str:
    """LCC, SRCC and MSE by the number of references; HAAQI-Net's, and those of the mean of both."""
    lines = []
    for name, pool in pools.items():
        lines.append([name, "HAAQI-Net", _figures(pool.scores, pool.true), ""])
        for count in counts:
            mean = against(model.head, model.bank, pool, count)[0].clamp(0, 1)
            both = (mean + pool.scores) / 2
            lines.append(["", f"{count}", _figures(mean, pool.true), _figures(both, pool.true)])
    head = ["", "references", "LCC / SRCC / MSE", "mean with HAAQI-Net"]
    return markdown_table(head, lines, RIGHT)


def invariance_table(model: NoresqaModel, pools: Mapping[str, Pool]) -> str:
    """How alike the scores against two halves of the bank are, and against its best and worst references."""
    half = torch.arange(len(model.bank.scores)) % 2 == 0
    best = model.bank.scores >= model.bank.scores.median()
    lines = []
    for name, pool in pools.items():
        row = [name]
        for part in (half, best):
            one, other = (
                against(model.head, _part(model.bank, rows), pool, model.count)[0].clamp(0, 1)
                for rows in (part, ~part)
            )
            found = agreement(one.numpy(), other.numpy())
            row += [f"{found.lcc:.3f}", f"{(one - other).abs().mean():.3f}", f"{found.bias:+.3f}"]
        lines.append(row)
    head = ["", "two halves: LCC", "apart", "bias", "good and bad references: LCC", "apart", "bias"]
    return markdown_table(head, lines, RIGHT)


def _part(bank: ReferenceBank, rows: Tensor) -> ReferenceBank:
    return bank[torch.nonzero(rows)[:, 0]]


def interval_table(model: NoresqaModel, pools: Mapping[str, Pool], clean: ReferenceBank | None = None) -> str:
    """Accuracy and what the interval holds, against the bank and against clean references as a user's are."""
    banks = {"shipped": (model.bank, model.count)}
    if clean is not None:
        banks["clean"] = clean, USUAL
    lines = []
    for name, pool in pools.items():
        for kind, (bank, count) in banks.items():
            told = model.judged(*against(model.head, bank, pool, count), kind == "clean")
            value, *ends = (x.numpy() for x in told)
            found, held = agreement(value, pool.true.numpy()), coverage(*ends, pool.true.numpy())
            lines.append(
                [
                    *(name, kind, f"{found.lcc:.3f} / {found.mse:.4f}", f"{found.bias:+.3f}"),
                    *(f"{100 * held.share:.1f} %", f"{held.width:.2f}"),
                ]
            )
    head = ["", "references", "LCC / MSE", "bias", "interval holds", "its mean width"]
    return markdown_table(head, lines, RIGHT)


def blocks(
    model: NoresqaModel,
    pools: Mapping[str, Pool],
    per_trial: int,
    seed: int,
    clean: ReferenceBank | None = None,
) -> dict[str, str]:
    """Name of a block of the page -> its Markdown; with `clean` references, theirs too."""
    return {
        "preference": preference_table(model, pools, per_trial, seed),
        "counts": counts_table(model, pools),
        "invariance": invariance_table(model, pools),
        "interval": interval_table(model, pools, clean),
    }
