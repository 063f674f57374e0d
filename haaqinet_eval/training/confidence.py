"""Fits `model.confidence` on cached trials: distances on the training split, intervals on validation.

Trials of sounds that are not music, where there are some, say what is unfamiliar, and how wide its
intervals must be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..analysis.agreement import coverage
from ..errors import InputError
from ..model.confidence import HELD, Confidence, distance, summary
from ..model.description import DESCRIPTION, describe_bands
from ..model.front_end import FrontEndOutput
from ..model.net import HaaqiNet
from .cache import Trials

ENOUGH = 1_000  # groups of training trials: their sounds say what is in-distribution
KEPT = 0.99  # share of validation trials that are in-distribution
FOLDS = 8  # parts of the validation songs
RIDGE = 0.1  # share of the mean variance that is added to each dimension's


def _batches(trials: Trials, size: int = 64) -> Iterator[tuple[FrontEndOutput, Tensor]]:
    """What is heard, and the hearing losses."""
    for start in range(0, len(trials), size):
        rows = slice(start, start + size)
        yield trials.heard(rows), trials.hearing_loss[rows]


@torch.inference_mode()
def _judged(net: HaaqiNet, trials: Trials) -> tuple[Tensor, Tensor]:
    """Scores of the members [M, N] and bands' descriptions [N, D, 32]."""
    scores, bands = [], []
    for inputs in _batches(trials):
        _, each, description = net.member_outputs(*inputs)
        scores.append(each[:, :, 0])
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


@dataclass(frozen=True, eq=False)
class _Known:
    """What intervals are fitted to: of N trials of one or several sources."""

    scores: Tensor  # [M, N], of the members
    far: Tensor  # [N], distances from training
    true: Tensor  # [N]
    weight: Tensor  # [N], mean 1: sources weigh alike
    songs: np.ndarray  # [N]

    def __getitem__(self, rows: Tensor) -> _Known:
        parts = self.scores[:, rows], self.far[rows], self.true[rows], self.weight[rows]
        return _Known(*parts, self.songs[rows.numpy()])


def _known(net: HaaqiNet, confidence: Confidence, sources: Sequence[Trials]) -> _Known:
    """What a network knows of trials of some sources."""
    parts = []
    for trials in sources:
        scores, bands = (x.clone() for x in _judged(net, trials))
        parts.append((scores, distance(confidence.place(bands)), trials.labels[:, 0].clone()))
    count = sum(map(len, sources))
    weight = [torch.full((len(trials),), count / len(trials) / len(sources)) for trials in sources]
    scores, far, true = zip(*parts, strict=True)
    songs = np.concatenate([trials.songs for trials in sources])
    return _Known(torch.cat(scores, 1), torch.cat(far), torch.cat(true), torch.cat(weight), songs)


def _weighted_quantile(values: Tensor, weight: Tensor, share: float) -> Tensor:
    """The least value with a share of the weight at or below it.

    >>> float(_weighted_quantile(torch.tensor([3.0, 1.0, 2.0]), torch.tensor([1.0, 8.0, 1.0]), 0.85))
    2.0
    """
    order = torch.argsort(values)
    below = torch.cumsum(weight[order], 0) / weight.sum()
    return values[order][int(torch.searchsorted(below, share))]


def _fit_ends(confidence: Confidence, known: _Known, steps: int) -> None:
    """Quantile regression of the true scores by the pinball loss."""
    optimizer = torch.optim.Adam(confidence.quantiles.parameters(), 0.02, weight_decay=1e-4)
    shares = torch.tensor([(1 - HELD) / 2, (1 + HELD) / 2])
    for _ in range(steps):
        error = known.true[:, None] - confidence.ends(known.scores, known.far)
        loss = (torch.maximum(shares * error, (shares - 1) * error).mean(1) * known.weight).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _fit_music(confidence: Confidence, music: Tensor, non_music: Tensor, known: Tensor, steps: int) -> None:
    """Logistic regression of music from other sounds at [N, 4 D]; the limit from clips of other artists."""
    optimizer = torch.optim.Adam(confidence.music.parameters(), 0.01, weight_decay=1e-3)
    places = torch.cat([music, non_music])
    is_music = (torch.arange(len(places)) < len(music)).float()
    weight = torch.where(is_music > 0, 0.5 / len(music), 0.5 / len(non_music)) * len(places)
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
def _outside(confidence: Confidence, known: _Known) -> Tensor:
    """How far true scores lie outside the quantiles [N]; below 0 inside."""
    low, high = confidence.ends(known.scores, known.far).unbind(-1)
    return torch.maximum(low - known.true, known.true - high)


def fit_confidence(
    net: HaaqiNet,
    train: Trials,
    validation: Trials,
    non_music: Sequence[Trials] | None = None,
    steps: int = 600,
    unseen: Sequence[Trials] = (),
) -> Confidence:
    """A network's confidence, for `HaaqiNet.confidence`: what is in-distribution, then `fit_intervals`.

    Args:
        net: the network.
        train, validation: trials of music.
        non_music: the same two of sounds that are not music; None where there are none.
        steps: of each regression.
        unseen: as of `fit_intervals`.

    Raises:
        InputError: as `fit_intervals`.
    """
    torch.manual_seed(0)
    confidence = Confidence(DESCRIPTION, music=non_music is not None)
    described, known = describe(train).clone(), describe(validation).clone()
    _fit_distance(confidence, described, known)
    if non_music:
        music, others, known = (
            confidence.place(x) for x in (described, describe(non_music[0]).clone(), known)
        )
        _fit_music(confidence, music, others, known, steps)
    return fit_intervals(net, confidence, validation, non_music[1] if non_music else None, steps, unseen)


def fit_intervals(
    net: HaaqiNet,
    confidence: Confidence,
    validation: Trials,
    non_music: Trials | None = None,
    steps: int = 600,
    unseen: Sequence[Trials] = (),
) -> Confidence:
    """A confidence with the same in-distribution limits, and intervals fitted to a network's scores.

    The validation songs are divided in eight: seven parts fit the quantiles, the eighth says how far its true
    scores are outside, each in its turn. All that is outside together says how far they must be moved, with
    quantiles fitted on all (cross-conformal prediction; Vovk 2015).

    Args:
        net: the network.
        confidence: which knows what is in-distribution.
        validation: trials of music.
        non_music: of other sounds, whose intervals are to hold as much; None keeps no wider ones for them.
        steps: of each regression.
        unseen: trials of music made worse in ways that no training had, a source each. Every source weighs
            as much as the validation trials, so that intervals hold on a mixture of all; a song's trials
            are in one part, whichever sources they are of.

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
    known = _known(net, fresh, [validation, *unseen])
    outside = torch.empty_like(known.true)
    for held in _folds(known.songs):
        fresh.quantiles.load_state_dict(start)
        _fit_ends(fresh, known[~held], steps)
        outside[held] = _outside(fresh, known[held])
    fresh.quantiles.load_state_dict(start)
    _fit_ends(fresh, known, steps)
    fresh.margin.copy_(_weighted_quantile(outside, known.weight, HELD))
    if fresh.music is not None:
        fresh.wide_margin.copy_(fresh.margin)
    if non_music:
        outside = _outside(fresh, _known(net, fresh, [non_music]))
        outside = outside[fresh.unfamiliar(fresh.place(describe(non_music)))]
        if len(outside):
            fresh.wide_margin.copy_(torch.quantile(outside, HELD).maximum(fresh.margin))
    return fresh.requires_grad_(False).eval()


@torch.inference_mode()
def judge(net: HaaqiNet, trials: Trials) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scores, both ends of the intervals, and whether trials are out of distribution, [N] each.

    Raises:
        InputError: the network does not say how sure it is.
    """
    if net.confidence is None:
        raise InputError("the network does not say how sure it is; see join.py")
    net.eval()
    scores, bands = _judged(net, trials)
    found = (scores.mean(0), *net.confidence(scores, bands))
    return tuple(x.numpy() for x in found)


def coverage_line(net: HaaqiNet, trials: Trials) -> str:
    """What the intervals of a network hold on some trials, as a sentence; empty where it has none."""
    if net.confidence is None:
        return ""
    _, low, high, unfamiliar = judge(net, trials)
    found = coverage(low, high, trials.labels[:, 0])
    return (
        f"**The interval holds the true score in {100 * found.share:.1f} % of the trials**; its width is "
        f"{found.width:.2f} on average, {np.quantile(high - low, 0.1):.2f} or less in a tenth. "
        f"{100 * unfamiliar.mean():.1f} % are called unfamiliar."
    )
