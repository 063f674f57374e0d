"""HAAQI-Net's head: features and hearing levels to token scores, whose mean is the score.

    outputs of a front end's layers [B, L, N, D]
    -> sum of softmax(weights)_l LN_l(layer l)        Eq. 2; each layer has its own norm; or the last
    -> linear0, the adapter -> with the hearing levels at every token -> BLSTM
    -> linear1, ReLU -> attention of 16 heads over the tokens -> haaqiframe_score, sigmoid -> [B, N]

Wisnu et al., "HAAQI-Net", section III-B; loss: Eq. 3. Modules are named as in the authors' files.
Neither paper nor files say of these, which are read so: the adapter has no activation, and the
attention no residual path.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

ATTENTION_HEADS = 16
LEVELS = 8  # hearing levels of an ear


@dataclass(frozen=True)
class Sizes:
    """Widths of a head."""

    layers: int  # outputs that are summed, each with its own norm; 0: the last one as it is
    features: int = 768  # of a token, before averaging
    adapter: int = 256  # 0 for none
    hidden: int = 100  # of the BLSTM, each direction
    linear: int = 256  # a multiple of 16
    average: int = 1  # neighbouring features that are averaged into one: 3 in the paper's "Win Avg"
    dropout: float = 0.0  # after linear1


class PaperHead(nn.Module):
    """The head; what trains it and what stands before it is elsewhere."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.average, self.dropout = sizes.average, sizes.dropout
        if sizes.layers:
            self.weights = nn.Parameter(torch.zeros(sizes.layers))
            self.layer_norm = nn.ModuleList(nn.LayerNorm(sizes.features) for _ in range(sizes.layers))
        width = sizes.features // sizes.average
        if sizes.adapter:
            self.linear0 = nn.Linear(width, sizes.adapter)
            width = sizes.adapter
        self.blstm = nn.LSTM(width + LEVELS, sizes.hidden, batch_first=True, bidirectional=True)
        self.linear1 = nn.Linear(2 * sizes.hidden, sizes.linear)
        self.haaqiAtt_layer = nn.MultiheadAttention(sizes.linear, ATTENTION_HEADS, batch_first=True)
        self.haaqiframe_score = nn.Linear(sizes.linear, 1)

    def token_scores(self, layers: Tensor, levels: Tensor) -> Tensor:
        """[B, L, N, D] and levels [B, 8] (dB HL) to a score in [0, 1] of each token, [B, N]."""
        if hasattr(self, "weights"):
            shares = torch.softmax(self.weights, 0)
            x = sum(shares[i] * norm(layers[:, i]) for i, norm in enumerate(self.layer_norm))
        else:
            x = layers[:, -1]
        if self.average > 1:
            x = functional.avg_pool1d(x, self.average)
        if hasattr(self, "linear0"):
            x = self.linear0(x)
        x = torch.cat([x, levels[:, None].expand(-1, x.shape[1], -1)], -1)
        x = torch.relu(self.linear1(self.blstm(x)[0]))
        x = functional.dropout(x, self.dropout, self.training)
        x = self.haaqiAtt_layer(x, x, x, need_weights=False)[0]
        return torch.sigmoid(self.haaqiframe_score(x))[..., 0]


def quality_loss(tokens: Tensor, scores: Tensor) -> Tensor:
    """Eq. 3: squared error of clip means, and mean squared error of token scores; [B, N], [B] to []."""
    clips = (tokens.mean(1) - scores).square()
    frames = (tokens - scores[:, None]).square().mean(1)
    return (clips + frames).mean()
