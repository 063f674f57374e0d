"""DistilBEATs: three layers of BEATs and heads that mimic its layers 6, 9 and 12, with their loss.

    [B, T] at 16 kHz -> patches, layer norm, projection, as in BEATs -> 3 Transformer layers
    -> heads on the third -> predictions of BEATs' layers 6, 9, 12, [B, 3, N, 768]

Wisnu et al., "HAAQI-Net", section III-C and Table IV. As in the authors' published student there
is no positional convolution and no layer norm before the layers, each layer has its own table of
relative positions, and deep norm counts the layers of BEATs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import InputError
from .beats import Beats, BeatsConfig, EncoderLayer, patches

LAYERS = 3
MIMICKED = (5, 8, 11)  # layers of BEATs, from 0
HEADS = ("independent", "sequential", "single")


def run_layers(layers: list[EncoderLayer], x: Tensor) -> Tensor:
    """Layers that each have their own relative positions: [B, N, D] to all outputs, [B, L, N, D]."""
    outputs = []
    for layer in layers:
        x = layer(x, layer.self_attn.position_bias(x.shape[1]))
        outputs.append(x)
    return torch.stack(outputs, 1)


class DistilBeats(nn.Module):
    """The student of BEATs.

    Args:
        config: of the BEATs that it mimics, with relative positions.
        heads: `independent`, each on layer 3; `sequential`, each on the one before, the first on
            layer 3; or `single`, for layer 12 alone.
    """

    def __init__(self, config: BeatsConfig, heads: str = "independent") -> None:
        super().__init__()
        if heads not in HEADS:
            raise InputError(f"heads {heads!r} are unknown; known: {', '.join(HEADS)}")
        if not config.relative_position_embedding:
            raise InputError("distilbeats: its BEATs has no relative positions, so it would know no order")
        size, width = config.input_patch_size, config.encoder_embed_dim
        self.kind, self.config = heads, config
        self.patch_embedding = nn.Conv2d(1, config.embed_dim, size, size, bias=config.conv_bias)
        self.layer_norm = nn.LayerNorm(config.embed_dim)
        same = config.embed_dim == width
        self.post_extract_proj = nn.Identity() if same else nn.Linear(config.embed_dim, width)
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(LAYERS))
        self.heads = nn.ModuleList(nn.Linear(width, width) for _ in self.mimicked)

    @property
    def mimicked(self) -> tuple[int, ...]:
        """Which layers of BEATs, from 0, the heads predict."""
        return MIMICKED[-1:] if self.kind == "single" else MIMICKED

    @classmethod
    def from_beats(cls, beats: Beats, heads: str = "independent") -> DistilBeats:
        """A trainable student that starts with BEATs' own patches, projection and first layers."""
        if len(beats.encoder.layers) <= MIMICKED[-1]:
            raise InputError(f"distilbeats: BEATs has {len(beats.encoder.layers)} layers, not 12")
        student = cls(beats.config, heads)
        for name in ("patch_embedding", "layer_norm", "post_extract_proj"):
            getattr(student, name).load_state_dict(getattr(beats, name).state_dict())
        for own, theirs in zip(student.encoder, beats.encoder.layers, strict=False):
            own.load_state_dict(theirs.state_dict())
        return student

    def layers(self, waveform: Tensor) -> Tensor:
        """Outputs of the three layers: [B, T] at 16 kHz to [B, 3, N, D]; errors as of `patches`."""
        tokens = self.layer_norm(patches(waveform, self.patch_embedding))
        return run_layers(list(self.encoder), self.post_extract_proj(tokens))

    def forward(self, waveform: Tensor) -> Tensor:
        """Predictions of the mimicked layers, [B, H, N, D]; H is 3, or 1 with a single head."""
        x = self.layers(waveform)[:, -1]
        predictions = []
        for head in self.heads:
            predictions.append(head(x))
            x = predictions[-1] if self.kind == "sequential" else x
        return torch.stack(predictions, 1)


def layer_losses(predictions: Tensor, targets: Tensor, as_printed: bool = False) -> Tensor:
    """Eq. 5: L1 and sigmoid cosine loss, means over tokens; both [B, H, N, D] to [B, H].

    Eq. 7 is a cross entropy of sigmoid(s), s the cosine similarity, whose label is s itself. So
    printed it comes to log(1 + e^s) - s^2, is least at s = -1, and drives what is not alike yet
    further apart. The label 1 gives -log sigmoid(s), DistilHuBERT's loss (Chang et al. 2022), which
    is taken unless `as_printed`.
    """
    absolute = (predictions - targets).abs().mean((-2, -1))
    s = functional.cosine_similarity(predictions, targets, dim=-1)
    cosine = functional.softplus(s) - s**2 if as_printed else functional.softplus(-s)
    return absolute + cosine.mean(-1)


def difficulty(predictions: Tensor, targets: Tensor) -> Tensor:
    """Weight d_n of each clip in Eq. 4: both [B, H, N, D] to [B], without gradient.

    One minus the mean cosine similarity: the paper says that less similar clips weigh more, not how.
    """
    with torch.no_grad():
        return 1 - functional.cosine_similarity(predictions, targets, dim=-1).mean((1, 2))


def distillation_loss(
    predictions: Tensor, targets: Tensor, adaptive: bool = False, as_printed: bool = False
) -> Tensor:
    """Eq. 4: mean over heads and clips of `layer_losses`; both [B, H, N, D] to [].

    `adaptive` weights each clip with its `difficulty`; else it is Table IV's "L1 + Cosine".
    """
    losses = layer_losses(predictions, targets, as_printed).mean(1)
    return (losses * difficulty(predictions, targets)).mean() if adaptive else losses.mean()
