"""How alike two sounds are in an embedding: cosine of a pair, Fréchet distance of two sets, and a loss."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from ..audiogram import Audiogram
from ..errors import InputError
from ..model.loss import resample
from ..model.running import run_isolated
from .back_end import Embedding


def cosine(first: Tensor, second: Tensor) -> Tensor:
    """Cosine similarity of vectors at the same time, its mean over the common ones: twice [B, N, D] to [B].

    >>> cosine(torch.tensor([[[1.0, 0.0], [0.0, 2.0]]]), torch.tensor([[[3.0, 0.0], [1.0, 0.0]]]))
    tensor([0.5000])
    """
    count = min(first.shape[1], second.shape[1])
    return nn.functional.cosine_similarity(first[:, :count], second[:, :count], dim=-1).mean(-1)


def frechet_distance(first: ArrayLike, second: ArrayLike) -> float:
    """Fréchet distance of two sets of vectors [N, D] and [M, D], each taken for a normal distribution.

    Squared, as Kilgour et al. 2019 ("Fréchet Audio Distance") have it: 0 for equal sets. Too small for fewer
    vectors than dimensions; compare sets of one size only.

    Raises:
        InputError: for sets of other shapes, or of a single vector.

    >>> round(frechet_distance([[0.0], [2.0]], [[3.0], [5.0]]), 6)
    9.0
    """
    one, two = (np.asarray(x, dtype=np.float64) for x in (first, second))
    if one.ndim != 2 or two.ndim != 2 or one.shape[1] != two.shape[1] or min(len(one), len(two)) < 2:
        raise InputError(
            f"Fréchet distance: {one.shape} and {two.shape}; [N, D] and [M, D] are needed, N, M > 1"
        )
    a, b = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (one, two))
    values, vectors = np.linalg.eigh(a)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ b @ root).clip(0)).sum()
    apart = np.square(one.mean(0) - two.mean(0)).sum()
    return float(max(apart + np.trace(a) + np.trace(b) - 2 * shared, 0.0))


class EmbeddingLoss(nn.Module):
    """1 minus the cosine similarity of outputs and their references; the embedding is frozen.

    Args:
        embedding: see `load_embedding`.
        threads: CPU threads for both passes; None for torch's own number.
    """

    def __init__(self, embedding: Embedding, threads: int | None = 1) -> None:
        super().__init__()
        self.embedding, self.threads = embedding.eval().requires_grad_(False), threads

    def train(self, mode: bool = True) -> EmbeddingLoss:
        """Leaves the embedding as it is."""
        return super().train(False)

    def forward(
        self,
        signals: Tensor,
        references: Tensor,
        sample_rate: int,
        audiogram: Audiogram,
        level1: float = 65.0,
    ) -> Tensor:
        """The loss of signals [B, T], as heard by one ear: [B].

        Args:
            references: [B, T], amplified for the listener as the signals are.
            sample_rate: Hz, a whole number.

        Raises:
            InputError: for signals and references of different or other shapes.
        """
        if signals.shape != references.shape or signals.ndim != 2:
            shapes = f"signals {list(signals.shape)}, references {list(references.shape)}"
            raise InputError(f"{shapes}: [B, T] of both is needed")

        def vectors(x: Tensor) -> Tensor:
            return self.embedding(
                resample(x.float(), sample_rate, self.embedding.sample_rate), audiogram, level1
            )

        with torch.no_grad():
            target = run_isolated(vectors, self.threads, references)
        return 1 - cosine(run_isolated(vectors, self.threads, signals), target)
