"""NORESQA for music and hearing loss: which of two unrelated clips sounds better, and by how much.

After Manocha, Xu, Kumar, "NORESQA", section 3: one encoder for both clips, a head for the preference and one
that classifies the size of the difference. What goes in is ours: features of HAAQI-Net's clip members, which
know the listener's hearing loss; the difference is one of HAAQI.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .clip import ClipMember

CLASSES = 40  # of |difference of HAAQI|, each 1/40 wide


@torch.inference_mode()
def clip_features(clips: nn.ModuleList, bands: Tensor) -> Tensor:
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
