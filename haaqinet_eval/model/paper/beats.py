"""The BEATs encoder: audio to the outputs of all its Transformer layers.

    [B, T] at 16 kHz -> log-mel [B, F, 128] -> patches of 16 x 16 -> tokens [B, N, 512]
    -> layer norm -> [B, N, 768] -> + positional convolution -> layer norm
    -> 12 Transformer layers, post-norm -> [B, 12, N, 768]

A token is 160 ms by 16 mel bins; the 8 tokens of one time come one after the other. Written from
the description in Chen et al. 2022, "BEATs: Audio Pre-Training with Acoustic Tokenizers", and the
names and numbers of Microsoft's published files, which it loads. There is neither dropout nor
layer drop: the pre-trained encoder is used as it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import InputError, Unscorable
from ..state import load_strictly, read_state, write_state
from .kaldi_fbank import HOP, MEL_BINS, SAMPLE_RATE, WINDOW, beats_fbank

MOST = {  # what a file may ask for at most; the published files have far less
    "input_patch_size": MEL_BINS,
    "encoder_layers": 64,
    **dict.fromkeys(("embed_dim", "encoder_embed_dim", "encoder_ffn_embed_dim"), 16_384),
    **dict.fromkeys(("encoder_attention_heads", "conv_pos", "conv_pos_groups"), 4_096),
    **dict.fromkeys(("num_buckets", "max_distance"), 1_000_000),
}


@dataclass(frozen=True)
class BeatsConfig:
    """The fields of a BEATs file's `cfg` that shape the encoder.

    A field that a file leaves out has the default that BEATs gives it.
    """

    input_patch_size: int = -1  # frames and mel bins of a patch; every file says it
    embed_dim: int = 512
    conv_bias: bool = False
    encoder_layers: int = 12
    encoder_embed_dim: int = 768
    encoder_ffn_embed_dim: int = 3072
    encoder_attention_heads: int = 12
    activation_fn: str = "gelu"
    layer_norm_first: bool = False
    deep_norm: bool = False
    conv_pos: int = 128  # tokens
    conv_pos_groups: int = 16
    relative_position_embedding: bool = False
    num_buckets: int = 320
    max_distance: int = 1280  # tokens
    gru_rel_pos: bool = False
    finetuned_model: bool = False  # the file also holds a classifier, which is not used

    @classmethod
    def read(cls, cfg: Mapping, path: str | Path) -> BeatsConfig:
        """From a file's `cfg`; what does not shape the encoder is passed over.

        Raises:
            InputError: for a value of the wrong type or one that no published BEATs has.
        """
        values = {field.name: cfg[field.name] for field in fields(cls) if field.name in cfg}
        for field in fields(cls):
            value, kind = values.get(field.name, field.default), type(field.default)
            if kind is bool and value in (0, 1):  # some files have numbers for these
                values[field.name] = bool(value)
            elif type(value) is not kind:
                raise InputError(f"weights {path}: cfg {field.name} is {value!r}")
        config = cls(**values)
        heads, groups = config.encoder_attention_heads, config.conv_pos_groups
        for name, most in MOST.items():
            if not 1 <= getattr(config, name) <= most:
                raise InputError(
                    f"weights {path}: cfg {name} {getattr(config, name)} is not from 1 to {most}"
                )
        for name, good in {
            "activation_fn": config.activation_fn == "gelu",
            "layer_norm_first": not config.layer_norm_first,
            "encoder_attention_heads": config.encoder_embed_dim % heads == 0,
            "conv_pos_groups": config.encoder_embed_dim % groups == 0,
            "num_buckets": config.num_buckets >= 4,
            "max_distance": config.max_distance > config.num_buckets // 4,
        }.items():
            if not good:
                raise InputError(f"weights {path}: cfg {name} {getattr(config, name)!r} is not supported")
        return config

    @property
    def bands(self) -> int:
        """Tokens at one time: patches from the lowest to the highest mel bin."""
        return MEL_BINS // self.input_patch_size

    @property
    def residual(self) -> float:
        """Deep norm's weight of a layer's residual path (Wang et al. 2022, "DeepNet")."""
        return (2 * self.encoder_layers) ** 0.25 if self.deep_norm else 1.0


def patches(waveform: Tensor, embedding: nn.Conv2d) -> Tensor:
    """Embedded patches, time-major: [B, T] at 16 kHz to [B, N, embed_dim].

    Raises:
        InputError: for another shape or integers.
        Unscorable: `too_short` for less than one patch (2,800 samples for 16 frames).
    """
    if waveform.ndim != 2 or not waveform.is_floating_point():
        raise InputError(
            f"waveform: {list(waveform.shape)} {waveform.dtype}; [B, T] of floats, full scale 1, is needed"
        )
    shortest = WINDOW + HOP * (embedding.kernel_size[0] - 1)
    if waveform.shape[1] < shortest:
        raise Unscorable(
            "too_short", f"waveform: {waveform.shape[1]} samples at {SAMPLE_RATE} Hz; {shortest} are needed"
        )
    dtype = embedding.weight.dtype
    mel = beats_fbank(waveform.to(torch.promote_types(dtype, torch.float32)))
    return embedding(mel.to(dtype)[:, None]).flatten(2).transpose(1, 2)


class PositionalConvolution(nn.Module):
    """Grouped convolution over tokens, then GELU: [B, N, D] to [B, N, D].

    Its weight is `weight_v`, scaled so that each of the kernel's taps has norm `weight_g`
    (Salimans & Kingma 2016). Of an even kernel's N + 1 outputs the last is left out.
    """

    def __init__(self, width: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.groups = groups
        self.weight_g = nn.Parameter(torch.ones(1, 1, kernel))
        self.weight_v = nn.Parameter(torch.randn(width, width // groups, kernel))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight_v * (self.weight_g / self.weight_v.norm(dim=(0, 1), keepdim=True))
        y = functional.conv1d(
            x.transpose(1, 2), weight, self.bias, padding=weight.shape[-1] // 2, groups=self.groups
        )
        return functional.gelu(y[..., : x.shape[1]].transpose(1, 2))


def position_buckets(length: int, buckets: int, max_distance: int) -> Tensor:
    """Bucket of each distance from -(N - 1) to N - 1, [2N - 1] (Raffel et al. 2020, "T5").

    Half of the buckets are for keys after the query; of each half the first half holds one
    distance each, the rest widen logarithmically up to `max_distance`.
    """
    distance = torch.arange(1 - length, length)
    half, exact = buckets // 2, buckets // 4
    ratio = torch.log(distance.abs().clamp(min=1).float() / exact) / math.log(max_distance / exact)
    far = (exact + (ratio * (half - exact)).long()).clamp(max=half - 1)
    near = distance.abs()
    return torch.where(near < exact, near, far) + half * (distance > 0)


class Attention(nn.Module):
    """Self-attention with a gated relative position bias: [B, N, D] to [B, N, D].

    The gate of each query is that of WavLM (Chen et al. 2022), but seen from the projected query.
    """

    def __init__(self, config: BeatsConfig) -> None:
        super().__init__()
        width, self.heads = config.encoder_embed_dim, config.encoder_attention_heads
        self.max_distance = config.max_distance
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)
        self.gated = config.gru_rel_pos
        if config.relative_position_embedding:
            self.relative_attention_bias = nn.Embedding(config.num_buckets, self.heads)
        if self.gated:
            self.grep_linear = nn.Linear(width // self.heads, 8)
            self.grep_a = nn.Parameter(torch.ones(1, self.heads, 1, 1))

    def position_bias(self, length: int) -> Tensor:
        """What each head adds to the logit of a query and a key, [H, N, N], by their distance."""
        table = self.relative_attention_bias.weight
        buckets = position_buckets(length, len(table), self.max_distance).to(table.device)
        return table[buckets].T.unfold(1, length, 1).flip(1)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        q, k, v = (
            project(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        if bias is not None and self.gated:
            gates = torch.sigmoid(self.grep_linear(q).unflatten(-1, (2, 4)).sum(-1))
            update, reset = gates.split(1, dim=-1)  # [B, H, N, 1]
            bias = (update * (reset * self.grep_a - 1) + 2) * bias
        elif bias is not None:
            bias = bias.expand(len(x), -1, -1, -1)
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return self.out_proj(y.transpose(1, 2).flatten(2))


class EncoderLayer(nn.Module):
    """A post-norm Transformer layer, [B, N, D] to [B, N, D]."""

    def __init__(self, config: BeatsConfig) -> None:
        super().__init__()
        width = config.encoder_embed_dim
        self.residual = config.residual
        self.self_attn = Attention(config)
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, config.encoder_ffn_embed_dim)
        self.fc2 = nn.Linear(config.encoder_ffn_embed_dim, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        x = self.self_attn_layer_norm(self.residual * x + self.self_attn(x, bias))
        return self.final_layer_norm(self.residual * x + self.fc2(functional.gelu(self.fc1(x))))


class Encoder(nn.Module):
    """Positions and layers: tokens [B, N, D] to the output of each layer, [B, L, N, D]."""

    def __init__(self, config: BeatsConfig) -> None:
        super().__init__()
        width = config.encoder_embed_dim
        self.pos_conv = nn.Sequential(PositionalConvolution(width, config.conv_pos, config.conv_pos_groups))
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        self.layer_norm = nn.LayerNorm(width)
        self.relative = config.relative_position_embedding
        if self.relative:  # one table for all layers, which files store once per layer
            for layer in self.layers[1:]:
                layer.self_attn.relative_attention_bias = self.layers[0].self_attn.relative_attention_bias

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer_norm(x + self.pos_conv(x))
        bias = self.layers[0].self_attn.position_bias(x.shape[1]) if self.relative else None
        outputs = []
        for layer in self.layers:
            x = layer(x, bias)
            outputs.append(x)
        return torch.stack(outputs, 1)


class Beats(nn.Module):
    """BEATs without its classifier; attributes are named as in the published files.

    Memory grows with the square of the duration: 30 s have 1,496 tokens, and the attention of one
    layer holds 12 x 1,496^2 numbers (107 MB).
    """

    def __init__(self, config: BeatsConfig) -> None:
        super().__init__()
        self.config = config
        size, width = config.input_patch_size, config.encoder_embed_dim
        self.patch_embedding = nn.Conv2d(1, config.embed_dim, size, size, bias=config.conv_bias)
        self.layer_norm = nn.LayerNorm(config.embed_dim)
        same = config.embed_dim == width
        self.post_extract_proj = nn.Identity() if same else nn.Linear(config.embed_dim, width)
        self.encoder = Encoder(config)

    def layers(self, waveform: Tensor) -> Tensor:
        """Outputs of all layers: [B, T] at 16 kHz, full scale 1, to [B, L, N, D].

        N = 8 floor(F / 16) for F = 1 + (T - 400) // 160 frames, time-major. Differentiable.

        Raises:
            InputError, Unscorable: see `patches`.
        """
        tokens = self.layer_norm(patches(waveform, self.patch_embedding))
        return self.encoder(self.post_extract_proj(tokens))

    def forward(self, waveform: Tensor) -> Tensor:
        """The output of the last layer, [B, N, D]."""
        return self.layers(waveform)[:, -1]


def build_beats(state: Mapping[str, Tensor], cfg: Mapping, path: str | Path) -> Beats:
    """BEATs of a state dict and its cfg; `path` is for messages. Errors as in `load_beats`."""
    config = BeatsConfig.read(cfg, path)
    if config.finetuned_model:
        state = {key: value for key, value in state.items() if not key.startswith("predictor.")}
    with torch.device("meta"):
        net = Beats(config)
    return load_strictly(net, state, path)


def load_beats(path: str | Path) -> Beats:
    """Load a published BEATs file (`BEATs_iter3_plus_AS2M.pt`, ...) or one of `convert_beats`.

    Frozen, in eval mode, on the CPU; `requires_grad_(True)` makes it trainable.

    Raises:
        InputError: no such file, no `cfg` in it, or keys that are missing, unexpected or of
            another shape; the message lists them.
    """
    state, cfg = read_state(path)
    if not cfg:
        raise InputError(f"weights {path}: holds no 'cfg', so it is no BEATs file")
    return build_beats(state, cfg, path)


def convert_beats(src: str | Path, dst: str | Path) -> None:
    """Write a BEATs file as safetensors, without a classifier; errors as in `load_beats`."""
    net = load_beats(src)
    write_state(dst, net, {**asdict(net.config), "finetuned_model": False}, format="beats-1")
