"""Pairs of unrelated clips as one listener hears them, and a network that is trained on them.

Two trials pair where the songs differ, the hearing losses are alike and the levels are near.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..errors import InputError
from ..model.net import HaaqiNet
from ..model.noresqa import (
    LEVEL,
    LOSS,
    PairHead,
    class_of,
    clip_features,
    expected_difference,
    smoothed,
)
from ..model.state import load_strictly, read_state, write_state
from .cache import Trials
from .confidence import describe


@dataclass(frozen=True, eq=False, kw_only=True)
class Pool:
    """Trials from which pairs are drawn."""

    features: Tensor  # [N, F], of HAAQI-Net's clip members
    scores: Tensor  # [N], what these members make of them
    true: Tensor  # [N], HAAQI
    hearing_loss: Tensor  # [N, 32] dB
    level1: Tensor  # [N] dB SPL
    songs: np.ndarray  # [N]

    @classmethod
    def of(cls, net: HaaqiNet, trials: Trials) -> Pool:
        """Trials as a network describes them."""
        with torch.inference_mode():
            bands = describe(trials)
            scores = torch.stack([member(bands)[:, 0] for member in net.clips]).mean(0)
        return cls(
            features=clip_features(net.clips, bands).clone(),
            scores=scores.clone(),
            true=trials.labels[:, 0],
            hearing_loss=trials.hearing_loss,
            level1=torch.from_numpy(trials.level1).float(),
            songs=trials.songs,
        )

    @classmethod
    def join(cls, pools: Sequence[Pool]) -> Pool:
        """All trials of several pools."""
        tensors = ("features", "scores", "true", "hearing_loss", "level1")
        parts = {name: torch.cat([getattr(pool, name) for pool in pools]) for name in tensors}
        return cls(**parts, songs=np.concatenate([pool.songs for pool in pools]))


def draw_pairs(pool: Pool, per_trial: int, seed: int, size: int = 512) -> Tensor:
    """Rows [P, 2] of non-matching pairs: `per_trial` for each trial that has a partner.

    Raises:
        InputError: if no two trials pair.
    """
    random = torch.Generator().manual_seed(seed)
    songs, found = torch.from_numpy(np.unique(pool.songs, return_inverse=True)[1]), []
    for rows in torch.arange(len(songs)).split(size):
        loss = torch.cdist(pool.hearing_loss[rows], pool.hearing_loss, p=1) / pool.hearing_loss.shape[1]
        fits = (loss <= LOSS) & ((pool.level1[rows, None] - pool.level1).abs() <= LEVEL)
        fits &= songs[rows, None] != songs
        some = fits.any(1)
        if some.any():
            drawn = torch.multinomial(fits[some].float(), per_trial, replacement=True, generator=random)
            found.append(torch.stack([rows[some].repeat_interleave(per_trial), drawn.flatten()], 1))
    if not found:
        raise InputError("no two trials of different songs share a hearing loss and a level")
    return torch.cat(found)


@dataclass(frozen=True, kw_only=True)
class PairSettings:
    """How the head is trained."""

    epochs: int = 12
    per_trial: int = 4
    batch_size: int = 256
    rate: float = 1e-3
    seed: int = 1


def train_head(pool: Pool, settings: PairSettings) -> PairHead:
    """A head trained on a pool's pairs, drawn anew each epoch."""
    torch.manual_seed(settings.seed)
    head = PairHead(pool.features.shape[1])
    optimiser = torch.optim.AdamW(head.parameters(), settings.rate, weight_decay=1e-3)
    for epoch in range(settings.epochs):
        pairs = draw_pairs(pool, settings.per_trial, settings.seed + epoch)
        pairs = pairs[torch.randperm(len(pairs))]
        for first, second in (part.T for part in pairs.split(settings.batch_size)):
            difference = pool.true[first] - pool.true[second]
            preference, quantity = head(pool.features[first], pool.features[second])
            better = (difference > 0).float()
            loss = functional.binary_cross_entropy_with_logits(preference, better)
            loss = loss + functional.cross_entropy(quantity, smoothed(class_of(difference)))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return head.eval()


def save_head(head: PairHead, path: str | Path) -> None:
    """Write a head; errors as of `write_state`."""
    write_state(path, head, {"features": len(head.norm.running_mean)})


def read_head(path: str | Path) -> PairHead:
    """A head as `save_head` wrote it, ready to judge.

    Raises:
        InputError: no such file, or not of such a head.
    """
    state, cfg = read_state(path)
    features = cfg.get("features")
    if not isinstance(features, int) or features < 1:
        raise InputError(f"weights {path}: no pair head: its metadata name no number of features")
    with torch.device("meta"):
        head = PairHead(features)
    load_strictly(head, state, path)
    return head


@torch.inference_mode()
def judge_pairs(head: PairHead, pool: Pool, pairs: Tensor) -> dict[str, float]:
    """How well pairs [P, 2] are told apart, by the head and by the difference of HAAQI-Net's scores.

    Shares of right preferences among pairs that differ by at least 0.1 and 0.3 in HAAQI; mean absolute
    errors of |difference|; NaN where no pair differs as much.
    """
    first, second = pairs.T
    difference = pool.true[first] - pool.true[second]
    preference, quantity = head(pool.features[first], pool.features[second])
    alone = pool.scores[first] - pool.scores[second]
    told: dict[str, float] = {"pairs": len(pairs)}
    for least in (0.1, 0.3):
        rows = difference.abs() >= least
        told[f"pairs >= {least}"] = int(rows.sum())
        for name, sign in (("noresqa", preference), ("haaqinet", alone)):
            right = (sign[rows] > 0) == (difference[rows] > 0)
            told[f"{name} right >= {least}"] = right.double().mean().item()
    for name, size in (("noresqa", expected_difference(quantity)), ("haaqinet", alone.abs())):
        told[f"{name} error"] = (size - difference.abs()).abs().mean().item()
    return told
