"""A bank of references to ship with a pair head, and how sure scores against it are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..model.noresqa import NoresqaModel, PairHead, ReferenceBank, scores_against
from .non_matching import Pool

BINS = 8  # of true scores, from which as many references are drawn
CLEAN = 0.99  # true scores above are those of clean music
USUAL = 15  # clean clips that a user may have


def choose_bank(pool: Pool, size: int, seed: int = 1) -> ReferenceBank:
    """References of all scores alike, from as many songs as there are.

    Args:
        pool: trials of training.
        size: references, at most.
        seed: of the draw.
    """
    order = np.random.default_rng(seed).permutation(len(pool.true))
    bins = (pool.true.numpy() * BINS).astype(int).clip(0, BINS - 1)
    taken: list[int] = []
    for number in range(BINS):
        own, songs = [row for row in order if bins[row] == number], set()
        once = [row for row in own if not (pool.songs[row] in songs or songs.add(pool.songs[row]))]
        rest = [row for row in own if row not in set(once)]
        taken += (once + rest)[: -(-size // BINS)]
    rows = torch.tensor(sorted(taken)[:size])
    parts = pool.features, pool.true, pool.hearing_loss, pool.level1
    return ReferenceBank(*(part[rows].clone() for part in parts))


def against(
    head: PairHead, bank: ReferenceBank, pool: Pool, count: int, rows: Sequence[int] | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation [N] of what the nearest references say of each trial of a pool."""
    found = []
    for row in range(len(pool.true)) if rows is None else rows:
        near = bank[bank.nearest(pool.hearing_loss[row], float(pool.level1[row]), count)]
        said = scores_against(head, pool.features[row], near)
        found.append((said.mean().clamp(0, 1), said.std(unbiased=False)))
    mean, spread = (torch.stack(part) for part in zip(*found, strict=True))
    return mean, spread


def clean_references(pool: Pool) -> ReferenceBank:
    """All trials of a pool without an audible fault."""
    rows = torch.nonzero(pool.true > CLEAN)[:, 0]
    return ReferenceBank(
        *(part[rows].clone() for part in (pool.features, pool.true, pool.hearing_loss, pool.level1))
    )


def fit_model(
    head: PairHead,
    bank: ReferenceBank,
    clean: ReferenceBank,
    pools: Sequence[Pool],
    count: int,
    version: str,
) -> NoresqaModel:
    """A model whose intervals held nine in ten true scores of some pools, which weigh alike.

    Args:
        head, bank: of the model.
        clean: references without a fault, as a user's are.
        pools: trials of songs that none of these has.
        count: references that a clip is compared with; `USUAL` clean ones.
        version: of the HAAQI-Net whose features they are.
    """
    told = [against(head, bank, pool, count) for pool in pools]
    factor = _factor([(pool.true - mean, spread) for pool, (mean, spread) in zip(pools, told, strict=True)])
    told = [against(head, clean, pool, USUAL) for pool in pools]
    errors = [(pool.true - mean, spread) for pool, (mean, spread) in zip(pools, told, strict=True)]
    offset = float(np.mean([error.mean() for error, _ in errors]))
    clean_factor = _factor([(error - offset, spread) for error, spread in errors])
    return NoresqaModel(head, bank, factor, count, version, offset, clean_factor)


def _factor(pools: Sequence[tuple[Tensor, Tensor]]) -> float:
    """By which the spread must be multiplied to hold nine in ten errors, for errors and spreads of pools."""
    ratios = [(error.abs() / (spread + NoresqaModel.LEAST)).numpy() for error, spread in pools]
    most = max(map(len, ratios))
    alike = np.concatenate([np.resize(np.sort(ratio), most) for ratio in ratios])
    return float(np.quantile(alike, 0.9))


def describe_model(model: NoresqaModel, path: str | Path) -> str:
    """A sentence on what a file holds."""
    return f"{path}: {len(model.bank.scores)} references, {model.count} a clip, factor {model.factor:.2f}"
