"""The paper's design on our data: a front end and the paper's head, trained by our loop.

    signals [B, T], level1 -> waveform, RMS 1 at 85 dB SPL -> front end [B, L, N, D]
    -> with the eight hearing levels -> `PaperHead` [B, N] -> frames, whose mean is the score

Wisnu et al., "HAAQI-Net". What the paper does not say: hearing levels come in as hundreds of dB
(`level_scale`; raw ones, as in the authors' files, drive a fresh BLSTM into saturation).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from torch import Tensor, nn

from ...errors import InputError, Unscorable
from ..dimensions import WIDEST, check_kinds, check_range
from ..network import Network
from .beats import load_beats
from .distilbeats import DistilBeats
from .features import FRONT_ENDS, PRETRAINED, Patches, build_front_end, full_scale
from .head import ATTENTION_HEADS, PaperHead, Sizes
from .speech import load_speech


@dataclass(frozen=True)
class PaperDimensions:
    """What a checkpoint carries to rebuild its network."""

    front_end: str = "spectrogram"  # a name of `FRONT_ENDS`
    encoder: dict = field(default_factory=dict)  # the front end's own options
    weighted: bool = False  # Eq. 2 over all layers; else the last one
    average: int = 1  # neighbouring features averaged into one: 3 in "Win Avg"
    adapter: int = 0  # width, 257 in the paper; 0 for none
    hidden: int = 100  # of the BLSTM, each direction
    linear: int = 256  # a multiple of 16
    dropout: float = 0.0
    level_scale: float = 0.01  # hearing levels are multiplied by it
    frozen: bool = True  # the front end keeps its weights while the head is trained

    def __post_init__(self) -> None:
        check_kinds(self)
        if self.front_end not in FRONT_ENDS:
            raise InputError(f"front end {self.front_end!r} is unknown; known: {', '.join(FRONT_ENDS)}")
        for name in ("average", "hidden", "linear"):
            check_range(name, getattr(self, name), 1, WIDEST)
        check_range("adapter", self.adapter, 0, WIDEST)
        check_range("dropout", self.dropout, 0, 0.99)
        check_range("level_scale", self.level_scale, 0, 1e3)
        if self.linear % ATTENTION_HEADS:
            raise InputError(f"linear {self.linear} is no multiple of {ATTENTION_HEADS}")

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return 16_000 if self.front_end in PRETRAINED else FRONT_ENDS[self.front_end].sample_rate


class PaperNet(Network):
    """Front end and head.

    >>> import torch
    >>> net = PaperNet(PaperDimensions()).eval()
    >>> net(torch.zeros(2, 32000), torch.zeros(2, 8), torch.full((2,), 65.0)).shape
    torch.Size([2, 1, 124])
    """

    format = "haaqinet-paper-1"

    def __init__(self, dims: PaperDimensions, front_end: nn.Module | None = None) -> None:
        super().__init__()
        self.dims = dims
        self.front_end = front_end or build_front_end(dims.front_end, dims.encoder)
        self.front_end.requires_grad_(not dims.frozen)
        check_range("average", dims.average, 1, self.front_end.width)
        depth = self.front_end.depth if dims.weighted else 0
        sizes = (dims.adapter, dims.hidden, dims.linear, dims.average, dims.dropout)
        self.head = PaperHead(Sizes(depth, self.front_end.width, *sizes))

    @property
    def frame_seconds(self) -> float:
        """s from one frame score to the next."""
        return self.front_end.seconds

    def train(self, mode: bool = True) -> PaperNet:
        """As `nn.Module.train`; a frozen front end stays as it is used."""
        super().train(mode)
        if self.dims.frozen:
            self.front_end.eval()
        return self

    def features(self, signals: Tensor, levels: Tensor, level1: Tensor) -> Tensor:
        """What the front end makes of signals [B, T], see `forward`: [B, L, N, D].

        Raises:
            Unscorable: `too_short`.
        """
        if signals.shape[-1] < self.front_end.shortest:
            raise Unscorable(
                "too_short",
                f"signal: {signals.shape[-1]} samples at {self.dims.sample_rate} Hz; "
                f"{self.front_end.shortest} are needed",
            )
        return self.front_end.layers(full_scale(signals, level1), levels)

    def token_scores(self, features: Tensor, levels: Tensor) -> Tensor:
        """Features [B, L, N, D] and levels [B, 8] to scores of tokens, [B, N]."""
        return self.head.token_scores(features, levels * self.dims.level_scale)

    def forward(self, signals: Tensor, levels: Tensor, level1: Tensor) -> Tensor:
        """Frame scores [B, 1, F] in [0, 1]; a clip's score is their mean.

        Args:
            signals: [B, T] at `dims.sample_rate`: the hearing aid's output.
            levels: [B, 8] dB HL at 250, 500, 1000, 2000, 3000, 4000, 6000, 8000 Hz.
            level1: [B] dB SPL of RMS 1.
        """
        tokens = self.token_scores(self.features(signals, levels, level1), levels)
        return tokens.unflatten(1, (-1, self.front_end.bands)).mean(-1)[:, None]


def start_net(dims: PaperDimensions, weights: str | Path | None) -> PaperNet:
    """A network to train: its head random, its front end with the weights of a file.

    Args:
        dims: its sizes; what the file says of the front end's goes into the network's `dims`.
        weights: for `beats` and `distilbeats` a BEATs file, whose first layers the student takes;
            for `ssl` a file of torchaudio's or "download"; "random" to train the front end from
            scratch; None for a front end that has no weights.

    Raises:
        InputError: weights are missing where some are needed, given where none are, or do not fit.
    """
    name = dims.front_end
    if name not in PRETRAINED or str(weights) == "random":
        if weights and name not in PRETRAINED:
            raise InputError(f"front end {name} has no weights; {weights} was given")
        return PaperNet(dims)
    if not weights:
        raise InputError(f"front end {name} needs weights: a file, or 'random' to train it from scratch")
    if name == "ssl":
        return PaperNet(dims, load_speech(dims.encoder.get("name", "wavlm_large"), weights))
    beats = load_beats(weights)
    encoder = {**asdict(beats.config), "finetuned_model": False}
    if name == "beats":
        return PaperNet(replace(dims, encoder=encoder), Patches(beats))
    heads = dims.encoder.get("heads", "independent")
    student = DistilBeats.from_beats(beats, heads)
    return PaperNet(replace(dims, encoder={**encoder, "heads": heads}), Patches(student))
