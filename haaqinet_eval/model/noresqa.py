"""NORESQA for music and hearing loss: which of two unrelated clips sounds better, and by how much.

After Manocha, Xu, Kumar, "NORESQA", section 3: one encoder for both clips, a head for the preference and one
that classifies the size of the difference. What goes in is ours: features of HAAQI-Net's clip members, which
know the listener's hearing loss; the difference is one of HAAQI.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..errors import InputError
from .clip import ClipMember
from .state import load_strictly, read_state, write_tensors

CLASSES = 40  # of |difference of HAAQI|, each 1/40 wide
LEVEL = 3.0  # dB between the levels of a pair, at most
LOSS = 5.0  # dB between the hearing losses of a pair, mean over the bands, at most
_FACTS = {"factor": float, "count": int, "haaqinet": str, "clean_offset": float, "clean_factor": float}
_BANK = ("features", "scores", "hearing_loss", "level1")


@torch.inference_mode()
def clip_features(clips: Iterable[nn.Module], bands: Tensor) -> Tensor:
    """Features of all clip members [B, M * 128] for the bands' description [B, D, 32]."""
    members = [member for member in clips if isinstance(member, ClipMember)]
    return torch.cat([member.features(bands) for member in members], 1)


class PairHead(nn.Module):
    """Features of two clips, [B, F] each, to a preference and the difference's class.

    Swapping the clips turns the preference's sign and leaves the classes as they are, by construction.

    Args:
        features: F.
        width: of the embedding, and of either head's hidden layer.
        dropout: share.
    """

    def __init__(self, features: int, width: int = 64, dropout: float = 0.2) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(features, affine=False)
        self.encoder = nn.Sequential(nn.Dropout(dropout), nn.Linear(features, width), nn.SiLU())
        self.preference = _head(width, dropout, 1)
        self.quantity = _head(width, dropout, CLASSES)

    def embed(self, features: Tensor) -> Tensor:
        """Embedding [B, width] of one clip."""
        return self.encoder(self.norm(features))

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Logit [B] that the first is the better one, and logits [B, CLASSES] of |difference|."""
        a, b = self.embed(first), self.embed(second)
        there, back = torch.cat([a, b], 1), torch.cat([b, a], 1)
        preference = self.preference(there) - self.preference(back)
        return preference[:, 0], self.quantity(there) + self.quantity(back)


def _head(width: int, dropout: float, outputs: int) -> nn.Sequential:
    layers = nn.Linear(2 * width, width), nn.SiLU(), nn.Dropout(dropout), nn.Linear(width, outputs)
    return nn.Sequential(*layers)


def class_of(difference: Tensor) -> Tensor:
    """Class [...] of |difference| of HAAQI, 0 to CLASSES - 1."""
    return (difference.abs() * CLASSES).long().clamp(max=CLASSES - 1)


def smoothed(classes: Tensor) -> Tensor:
    """Labels [B, CLASSES]: 0.6 for the class [B], 0.2 for either neighbour; an end keeps both."""
    labels = torch.zeros(len(classes), CLASSES)
    for shift, share in ((-1, 0.2), (0, 0.6), (1, 0.2)):
        at = (classes + shift).clamp(0, CLASSES - 1)[:, None]
        labels.scatter_add_(1, at, torch.full(at.shape, share))
    return labels


def expected_difference(logits: Tensor) -> Tensor:
    """|difference| of HAAQI [B]: the mean of the classes' centres."""
    centres = (torch.arange(CLASSES, device=logits.device) + 0.5) / CLASSES
    return logits.softmax(1) @ centres


@dataclass(frozen=True, eq=False)
class ReferenceBank:
    """Clips that are compared with: what is known of K of them."""

    features: Tensor  # [K, F], of HAAQI-Net's clip members
    scores: Tensor  # [K], true HAAQI
    hearing_loss: Tensor  # [K, 32] dB
    level1: Tensor  # [K] dB SPL

    def nearest(self, hearing_loss: Tensor, level1: float, count: int) -> Tensor:
        """Rows [count] of the references whose ear and level are most like the given ones.

        Args:
            hearing_loss: [32] dB.
            level1: dB SPL that an RMS of 1 means.
            count: as many, or all that there are.
        """
        apart = (self.hearing_loss - hearing_loss).abs().mean(1) / LOSS + (self.level1 - level1).abs() / LEVEL
        return apart.argsort()[:count]

    def __getitem__(self, rows: Tensor) -> ReferenceBank:
        return ReferenceBank(
            self.features[rows], self.scores[rows], self.hearing_loss[rows], self.level1[rows]
        )


@torch.inference_mode()
def signed_difference(head: PairHead, first: Tensor, second: Tensor) -> Tensor:
    """Expected HAAQI of the first clips less that of the second, [B] in [-1, 1], for features [B, F] each."""
    preference, quantity = head(first, second)
    return (2 * preference.sigmoid() - 1) * expected_difference(quantity)


def scores_against(head: PairHead, features: Tensor, bank: ReferenceBank) -> Tensor:
    """What each of K references says of a clip: its own score and the difference to it, [K].

    Args:
        head: trained on differences.
        features: [F] of the clip.
        bank: references for the same ear.
    """
    given = features.expand(len(bank.features), -1)
    return bank.scores + signed_difference(head, given, bank.features)


@dataclass(frozen=True, eq=False)
class NoresqaModel:
    """A pair head with references, and the factor that makes their spread an interval."""

    LEAST: ClassVar[float] = 0.05  # is added to the spread

    head: PairHead
    bank: ReferenceBank
    factor: float  # half of the interval re spread and `LEAST`
    count: int  # references that a clip is compared with
    haaqinet: str  # version of the HAAQI-Net whose features these are
    clean_offset: float = 0.0  # is added to scores against clean references alone, which are too high
    clean_factor: float = 1.0  # half of the interval then, re spread and `LEAST`

    def score(
        self, features: Tensor, hearing_loss: Tensor, level1: float, bank: ReferenceBank | None = None
    ) -> tuple[float, tuple[float, float]]:
        """Score and interval of a clip.

        Args:
            features: [F] of HAAQI-Net's clip members.
            hearing_loss: [32] dB.
            level1: dB SPL that an RMS of 1 means.
            bank: other references, clean ones, all of which are asked.
        """
        near = bank or self.bank[self.bank.nearest(hearing_loss, level1, self.count)]
        said = scores_against(self.head, features, near)
        told = self.judged(said.mean(), said.std(unbiased=False), bank is not None)
        value, low, high = (x.item() for x in told)
        return value, (low, high)

    def judged(self, mean: Tensor, spread: Tensor, clean: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Score and both ends of its interval, from what references say of clips.

        Args:
            mean, spread: over the references, [...].
            clean: whether these are clean ones alone.
        """
        offset, factor = (self.clean_offset, self.clean_factor) if clean else (0.0, self.factor)
        value, half = (mean + offset).clamp(0, 1), factor * (spread + self.LEAST)
        return value, (value - half).clamp(0, 1), (value + half).clamp(0, 1)


def save_noresqa(model: NoresqaModel, path: str | Path) -> None:
    """Write a model; errors as of `write_tensors`. Features are kept in half precision."""
    bank = {f"bank.{name}": getattr(model.bank, name).half() for name in _BANK}
    head = {f"head.{name}": value for name, value in model.head.state_dict().items()}
    cfg = {name: getattr(model, name) for name in _FACTS}
    write_tensors(path, {**bank, **head}, {"cfg": json.dumps(cfg)})


def load_noresqa(path: str | Path) -> NoresqaModel:
    """A model as `save_noresqa` wrote it.

    Raises:
        InputError: no such file, or not of such a model.
    """
    state, cfg = read_state(path)
    wrong = [name for name, kind in _FACTS.items() if not isinstance(cfg.get(name), kind)]
    wrong += [f"bank.{name}" for name in _BANK if f"bank.{name}" not in state]
    if wrong:
        raise InputError(f"weights {path}: no NORESQA model: lacks {', '.join(wrong)}")
    bank = ReferenceBank(*(state.pop(f"bank.{name}").float() for name in _BANK))
    shapes = {tuple(getattr(bank, name).shape[1:]) for name in _BANK[1:]}
    if bank.features.ndim != 2 or shapes != {(), bank.hearing_loss.shape[1:]} or not cfg["count"] > 0:
        raise InputError(f"weights {path}: no NORESQA model: its bank has other shapes")
    with torch.device("meta"):
        head = PairHead(bank.features.shape[1])
    load_strictly(head, {name.removeprefix("head."): value for name, value in state.items()}, path)
    return NoresqaModel(head, bank, **{name: cfg[name] for name in _FACTS})
