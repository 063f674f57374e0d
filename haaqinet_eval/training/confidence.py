"""Fits `model.confidence` on cached trials: distances on the training split, intervals on validation.

Trials of sounds that are not music, where there are some, say what is unfamiliar, and how wide its
intervals must be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..agreement import coverage
from ..errors import InputError
from ..model.confidence import HELD, Confidence, distance, summary
from ..model.hearing import Heard
from ..model.net import DESCRIPTION, HaaqiNet, describe_bands
from .cache import Trials

ENOUGH = 1_000  # groups of training trials: their sounds say what is familiar
KEPT = 0.99  # share of validation trials that are familiar
FOLDS = 8  # parts of the validation songs
RIDGE = 0.1  # share of the mean variance that is added to each dimension's


def _batches(trials: Trials, size: int = 64) -> Iterator[tuple[Heard, Tensor]]:
    """What is heard, and the losses."""
    for start in range(0, len(trials), size):
        rows = slice(start, start + size)
        yield trials.heard(rows), trials.loss[rows]


@torch.inference_mode()
def _judged(net: HaaqiNet, trials: Trials) -> tuple[Tensor, Tensor]:
    """Scores of the members [M, N] and bands' descriptions [N, D, 32]."""
    scores, bands = [], []
    for inputs in _batches(trials):
        _, opinions, description = net.opinions(*inputs)
        scores.append(opinions[:, :, 0])
        bands.append(description)
    return torch.cat(scores, 1), torch.cat(bands)


@torch.inference_mode()
def describe(trials: Trials) -> Tensor:
    """The bands' description of trials, [N, D, 32]."""
    return torch.cat([describe_bands(*inputs) for inputs in _batches(trials)])


def _fit_distance(confidence: Confidence, train: Tensor, known: Tensor) -> None:
    """Mean and whitening from `train` [N, D, 32]; the limit from clips `known` of other artists."""
    vectors = summary(train).double()
    confidence.center.copy_(vectors.mean(0))
    scale = vectors.std(0) + 1e-3
    covariance = torch.cov((vectors / scale).T)
    covariance += RIDGE * torch.eye(len(covariance), dtype=covariance.dtype)
    values, axes = torch.linalg.eigh(covariance)
    confidence.whiten.copy_(axes / values.sqrt() / scale[:, None])
    confidence.limit.copy_(torch.quantile(distance(confidence.place(known)), KEPT))


def _fit_ends(confidence: Confidence, scores: Tensor, far: Tensor, true: Tensor, steps: int) -> None:
    """Quantile regression of the true scores [N] by the pinball loss."""
    optimizer = torch.optim.Adam(confidence.quantiles.parameters(), 0.02, weight_decay=1e-4)
    shares = torch.tensor([(1 - HELD) / 2, (1 + HELD) / 2])
    for _ in range(steps):
        error = true[:, None] - confidence.ends(scores, far)
        loss = torch.maximum(shares * error, (shares - 1) * error).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _fit_music(confidence: Confidence, music: Tensor, strange: Tensor, known: Tensor, steps: int) -> None:
    """Logistic regression of music from strange sounds at [N, 4 D]; the limit from clips of other artists."""
    optimizer = torch.optim.Adam(confidence.music.parameters(), 0.01, weight_decay=1e-3)
    places = torch.cat([music, strange])
    is_music = (torch.arange(len(places)) < len(music)).float()
    weight = torch.where(is_music > 0, 0.5 / len(music), 0.5 / len(strange)) * len(places)
    for _ in range(steps):
        loss = nn.functional.binary_cross_entropy_with_logits(confidence.likeness(places), is_music, weight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        confidence.music[-1].bias -= torch.quantile(confidence.likeness(known), 1 - KEPT)


def _folds(songs: np.ndarray) -> list[Tensor]:
    """Which trials [N] bool are of each of `FOLDS` parts of the songs, or of as many as there are songs."""
    names = sorted(set(songs))
    folds = min(FOLDS, len(names))
    part = {song: n % folds for n, song in enumerate(names)}
    parts = torch.tensor([part[song] for song in songs])
    return [parts == n for n in range(folds)]


@torch.no_grad()
def _outside(confidence: Confidence, scores: Tensor, far: Tensor, true: Tensor) -> Tensor:
    """How far true scores lie outside the quantiles [N]; below 0 inside."""
    low, high = confidence.ends(scores, far).unbind(-1)
    return torch.maximum(low - true, true - high)


def fit_confidence(
    net: HaaqiNet,
    train: Trials,
    validation: Trials,
    strange: Sequence[Trials] | None = None,
    steps: int = 600,
) -> Confidence:
    """A network's confidence, for it to carry (`HaaqiNet.confidence`).

    The validation songs are divided in eight: seven parts fit the quantiles, the eighth says how far its true
    scores are outside, each in its turn. All that is outside together says how far they must be moved, with
    quantiles fitted on all (cross-conformal prediction; Vovk 2015).

    Args:
        net: the network.
        train, validation: trials of music.
        strange: the same two of sounds that are not music; None where there are none.
        steps: of each regression.

    Raises:
        InputError: for validation trials of a single song.
    """
    if len(set(validation.songs)) < 2:
        raise InputError("validation trials of 1 song: intervals need two or more")
    net.eval()
    torch.manual_seed(0)
    confidence = Confidence(DESCRIPTION, music=strange is not None)
    scores, bands = (x.clone() for x in _judged(net, validation))
    described = describe(train).clone()
    _fit_distance(confidence, described, bands)
    known, true = confidence.place(bands), validation.labels[:, 0].clone()
    far = distance(known)
    start = {key: value.clone() for key, value in confidence.quantiles.state_dict().items()}
    outside = torch.empty_like(true)
    for held in _folds(validation.songs):
        confidence.quantiles.load_state_dict(start)
        _fit_ends(confidence, scores[:, ~held], far[~held], true[~held], steps)
        outside[held] = _outside(confidence, scores[:, held], far[held], true[held])
    confidence.quantiles.load_state_dict(start)
    _fit_ends(confidence, scores, far, true, steps)
    confidence.margin.copy_(torch.quantile(outside, HELD))
    if strange:
        music, others = (confidence.place(x) for x in (described, describe(strange[0]).clone()))
        _fit_music(confidence, music, others, known, steps)
        scores, bands = (x.clone() for x in _judged(net, strange[1]))
        place = confidence.place(bands)
        outside = _outside(confidence, scores, distance(place), strange[1].labels[:, 0])
        outside = outside[confidence.unfamiliar(place)]
        wide = torch.quantile(outside, HELD) if len(outside) else confidence.margin
        confidence.wide_margin.copy_(torch.maximum(wide, confidence.margin))
    return confidence.requires_grad_(False).eval()


@torch.inference_mode()
def coverage_line(net: HaaqiNet, trials: Trials) -> str:
    """What the intervals of a network hold on some trials, as a sentence; empty where it has none."""
    if net.confidence is None:
        return ""
    net.eval()
    scores, bands = _judged(net, trials)
    low, high, unfamiliar = net.confidence(scores, bands)
    found = coverage(low.tolist(), high.tolist(), trials.labels[:, 0].tolist())
    return (
        f"**The interval holds the true score in {100 * found.share:.1f} % of the trials**; its width is "
        f"{found.width:.2f} on average, {(high - low).quantile(0.1):.2f} or less in a tenth. "
        f"{100 * unfamiliar.float().mean():.1f} % are called unfamiliar."
    )
