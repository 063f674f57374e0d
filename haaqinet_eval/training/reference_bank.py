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
        own = order[bins[order] == number]
        once = np.isin(np.arange(len(own)), np.unique(pool.songs[own], return_index=True)[1])
        taken += [*own[once], *own[~once]][: -(-size // BINS)]
    return _references(pool)[torch.tensor(sorted(taken)[:size])]


def clean_references(pool: Pool) -> ReferenceBank:
    """All trials of a pool without an audible fault."""
    return _references(pool)[torch.nonzero(pool.true > CLEAN)[:, 0]]


def _references(pool: Pool) -> ReferenceBank:
    return ReferenceBank(pool.features, pool.true, pool.hearing_loss, pool.level1)


def against(head: PairHead, bank: ReferenceBank, pool: Pool, count: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation [N] of what the nearest references say of each trial of a pool."""
    found = []
    for row in range(len(pool.true)):
        near = bank[bank.nearest(pool.hearing_loss[row], float(pool.level1[row]), count)]
        said = scores_against(head, pool.features[row], near)
        found.append((said.mean(), said.std(unbiased=False)))
    mean, spread = (torch.stack(part) for part in zip(*found, strict=True))
    return mean, spread


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
    told = [against(head, clean, pool, USUAL)[0] for pool in pools]
    offset = float(np.mean([(pool.true - mean).mean() for pool, mean in zip(pools, told, strict=True)]))
    plain, corrected = (_factor(head, *of, pools) for of in ((bank, count, 0.0), (clean, USUAL, offset)))
    return NoresqaModel(head, bank, plain, count, version, offset, corrected)


def _factor(head: PairHead, bank: ReferenceBank, count: int, offset: float, pools: Sequence[Pool]) -> float:
    """By which the spread must be multiplied to hold nine in ten true scores of pools, which weigh alike."""
    ratios = []
    for pool in pools:
        mean, spread = against(head, bank, pool, count)
        error = pool.true - (mean + offset).clamp(0, 1)
        ratios.append((error.abs() / (spread + NoresqaModel.LEAST)).numpy())
    most = max(map(len, ratios))
    alike = np.concatenate([np.resize(np.sort(ratio), most) for ratio in ratios])
    return float(np.quantile(alike, 0.9))


def describe_model(model: NoresqaModel, path: str | Path) -> str:
    """A sentence on what a file holds."""
    return f"{path}: {len(model.bank.scores)} references, {model.count} a clip, factor {model.factor:.2f}"
