"""What a clip's description says by itself: a network without an ear for time, and quick to train.

Asked about windows of a clip, it tells where the clip is bad; see `windows`.
"""

from __future__ import annotations

from torch import Tensor, nn

from .filters import BANDS

FEATURES = 128
FARTHEST = 6.0  # standard deviations; nothing beyond is told apart


class ClipMember(nn.Module):
    """The bands' description [B, D, 32] of a clip to its score and HAAQI's four parts, [B, P] in [0, 1].

    Args:
        description: D.
        channels: of the layer that sees one band; the next ones have a half and a quarter.
        dropout: share.
        outputs: P.
    """

    CONVOLUTIONS = 9  # so many first ones of `layers`

    def __init__(self, description: int, channels: int, dropout: float, outputs: int) -> None:
        super().__init__()
        half, quarter = channels // 2, channels // 4
        self.norm = nn.BatchNorm1d(description, affine=False)
        self.layers = nn.Sequential(
            *(nn.Conv1d(description, channels, 1), nn.SiLU(), nn.Dropout(dropout / 2)),
            *(nn.Conv1d(channels, half, 5, padding=2), nn.SiLU(), nn.Dropout(dropout / 2)),
            *(nn.Conv1d(half, quarter, 3, stride=2, padding=1), nn.SiLU(), nn.Flatten(), nn.Dropout(dropout)),
            *(nn.Linear(quarter * BANDS // 2, 256), nn.SiLU(), nn.Dropout(dropout)),
            *(nn.Linear(256, FEATURES), nn.SiLU(), nn.Linear(FEATURES, outputs), nn.Sigmoid()),
        )

    def forward(self, bands: Tensor) -> Tensor:
        return self.judge(self.features(bands))

    def features(self, bands: Tensor) -> Tensor:
        """What the score is read from, [B, FEATURES]."""
        return self.layers[:-2](self.norm(bands).clamp(-FARTHEST, FARTHEST))

    def judge(self, features: Tensor) -> Tensor:
        """Score and parts [B, P] of `features`."""
        return self.layers[-2:](features)
