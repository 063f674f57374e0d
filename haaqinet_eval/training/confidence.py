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
    """A network's confidence, for `HaaqiNet.confidence`: what is familiar to it, then `fit_intervals`.

    Args:
        net: the network.
        train, validation: trials of music.
        strange: the same two of sounds that are not music; None where there are none.
        steps: of each regression.

    Raises:
        InputError: as `fit_intervals`.
    """
    torch.manual_seed(0)
    confidence = Confidence(DESCRIPTION, music=strange is not None)
    described, known = describe(train).clone(), describe(validation).clone()
    _fit_distance(confidence, described, known)
    if strange:
        music, others, known = (confidence.place(x) for x in (described, describe(strange[0]).clone(), known))
        _fit_music(confidence, music, others, known, steps)
    return fit_intervals(net, confidence, validation, strange[1] if strange else None, steps)


def fit_intervals(
    net: HaaqiNet,
    confidence: Confidence,
    validation: Trials,
    strange: Trials | None = None,
    steps: int = 600,
) -> Confidence:
    """A confidence to which the same is familiar, with intervals fitted to a network's scores.

    The validation songs are divided in eight: seven parts fit the quantiles, the eighth says how far its true
    scores are outside, each in its turn. All that is outside together says how far they must be moved, with
    quantiles fitted on all (cross-conformal prediction; Vovk 2015).

    Args:
        net: the network.
        confidence: which knows what is familiar.
        validation: trials of music.
        strange: of other sounds, whose intervals are to hold as much; None keeps no wider ones for them.
        steps: of each regression.

    Raises:
        InputError: for validation trials of a single song.
    """
    if len(set(validation.songs)) < 2:
        raise InputError("validation trials of 1 song: intervals need two or more")
    net.eval()
    torch.manual_seed(0)
    fresh = Confidence(DESCRIPTION, confidence.music is not None)
    start = {key: value.clone() for key, value in fresh.quantiles.state_dict().items()}
    fresh.load_state_dict(confidence.state_dict())
    scores, bands = (x.clone() for x in _judged(net, validation))
    far, true = distance(fresh.place(bands)), validation.labels[:, 0].clone()
    outside = torch.empty_like(true)
    for held in _folds(validation.songs):
        fresh.quantiles.load_state_dict(start)
        _fit_ends(fresh, scores[:, ~held], far[~held], true[~held], steps)
        outside[held] = _outside(fresh, scores[:, held], far[held], true[held])
    fresh.quantiles.load_state_dict(start)
    _fit_ends(fresh, scores, far, true, steps)
    fresh.margin.copy_(torch.quantile(outside, HELD))
    if fresh.music is not None:
        fresh.wide_margin.copy_(fresh.margin)
    if strange:
        scores, bands = (x.clone() for x in _judged(net, strange))
        place = fresh.place(bands)
        outside = _outside(fresh, scores, distance(place), strange.labels[:, 0])
        outside = outside[fresh.unfamiliar(place)]
        if len(outside):
            fresh.wide_margin.copy_(torch.quantile(outside, HELD).maximum(fresh.margin))
    return fresh.requires_grad_(False).eval()


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
