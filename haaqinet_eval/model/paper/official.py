"""The HAAQI-Net checkpoints of its authors, scored as their networks score.

    [B, T] at 16 kHz -> layers of BEATs, or the student's 3 layers, [B, L, N, 768]
    -> `PaperHead`: adapter 256, raw dB HL, BLSTM 2 x 100 -> [B, N]
    -> mean of the 8 tokens of a time: a frame, 160 ms; mean over the clip: the score

Written from the description in Wisnu et al., "HAAQI-Net", and from the names and shapes of the
published files. No level is set. Where paper and files differ, the files hold:

- the adapter is 256 wide, not 257;
- the student's score comes from LN(outputs of its 3 layers), not from its heads `encoder5`,
  `encoder8`, `encoder11`, which only mimic layers 6, 9 and 12 of BEATs while it is trained;
- the student has no positional convolution and no layer norm before its layers, each layer has its
  own table of relative positions (up to 1,280), and deep norm counts 12 layers;
- the student's layers were written for [time, batch, width] and are fed [batch, time, width]: they attend
  over the batch. Of one clip at a time, as its scores are made, each token attends to itself alone. So it
  is here, for a batch too; `attention="repaired"` attends over time, as BEATs does and the student was
  meant to. Its weights were not trained so.

The networks were trained on hearing levels of 20 to 120 dB HL, and hear nothing above 8 kHz.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InputError, Unscorable
from ..dimensions import WIDEST, check_range
from ..network import Network
from ..running import isolated
from ..state import load_strictly, read_state, write_state
from .beats import Beats, BeatsConfig, EncoderLayer, patches
from .distilbeats import LAYERS as STUDENT_LAYERS
from .distilbeats import MIMICKED, run_layers
from .features import full_scale
from .head import ATTENTION_HEADS, LEVELS, PaperHead, Sizes
from .kaldi_fbank import HOP, SAMPLE_RATE

PREFIX = "beats_model."
FORMAT = "haaqinet-official-1"  # of a converted file
ATTENTION = ("published", "repaired")  # over a student's tokens: each to itself alone, or to all
# what the shapes of the weights do not tell: of BEATs_iter3_plus_AS2M.pt, and of the student
_TEACHER_CFG = {"relative_position_embedding": True, "max_distance": 800, "deep_norm": True}
_STUDENT_CFG = {**_TEACHER_CFG, "max_distance": 1280, "encoder_layers": 12}


def _sizes(state: Mapping[str, Tensor], layers: int, path: str | Path) -> Sizes:
    """Read from the shapes; what is missing has the usual width, and is reported on loading."""
    sizes = Sizes(
        layers,
        _size(state, "linear0.weight", 1, Sizes.features),
        _size(state, "linear0.weight", 0, Sizes.adapter),
        _size(state, "blstm.weight_hh_l0", 1, Sizes.hidden),
        _size(state, "linear1.weight", 0, Sizes.linear),
    )
    for name in ("layers", "features", "adapter", "hidden", "linear"):
        check_range(f"weights {path}: width {name}", getattr(sizes, name), 1, WIDEST)
    if sizes.linear % ATTENTION_HEADS:
        raise InputError(
            f"weights {path}: linear1.weight: width {sizes.linear} is no multiple of {ATTENTION_HEADS}"
        )
    return sizes


def _size(state: Mapping[str, Tensor], key: str, axis: int, usual: int) -> int:
    return state[key].shape[axis] if key in state and state[key].ndim > axis else usual


def _shaped_config(state: Mapping[str, Tensor], layer: str, known: Mapping, path: str | Path) -> BeatsConfig:
    """The encoder's config as far as the shapes tell it, from its first `layer`, and what is known."""
    usual, attention = BeatsConfig(), f"{layer}.self_attn"
    width = _size(state, f"{layer}.fc1.weight", 1, usual.encoder_embed_dim)
    group = _size(state, "encoder.pos_conv.0.weight_v", 1, width // usual.conv_pos_groups)
    numbers = [re.match(r"encoder\.layers\.(\d{1,4})\.", key) for key in state]
    cfg = {
        "input_patch_size": _size(state, "patch_embedding.weight", 2, 16),
        "embed_dim": _size(state, "patch_embedding.weight", 0, usual.embed_dim),
        "encoder_layers": max((int(n[1]) + 1 for n in numbers if n), default=usual.encoder_layers),
        "encoder_embed_dim": width,
        "encoder_ffn_embed_dim": _size(state, f"{layer}.fc1.weight", 0, usual.encoder_ffn_embed_dim),
        "encoder_attention_heads": _size(state, f"{attention}.grep_a", 1, usual.encoder_attention_heads),
        "conv_pos": _size(state, "encoder.pos_conv.0.weight_v", 2, usual.conv_pos),
        "conv_pos_groups": max(width // max(group, 1), 1),
        "num_buckets": _size(state, f"{attention}.relative_attention_bias.weight", 0, usual.num_buckets),
        "gru_rel_pos": True,
    }
    return BeatsConfig.read({**cfg, **known}, path)


class OfficialNet(PaperHead):
    """What teacher and student share; attributes are named as in the published files."""

    def __init__(self, sizes: Sizes, config: BeatsConfig) -> None:
        super().__init__(sizes)
        self.config = config

    def forward(self, waveform: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
        """Scores of clips [B] and of frames of 160 ms [B, N / 8]; differentiable.

        Args:
            waveform: [B, T] at 16 kHz, full scale 1: the hearing aid's output for one ear.
            levels: [B, 8] dB HL at 250, 500, 1000, 2000, 3000, 4000, 6000, 8000 Hz.

        Raises:
            Unscorable: `too_short` for less than 2,800 samples.
        """
        tokens = self.token_scores(self.layers(waveform), levels)
        frames = tokens.unflatten(1, (-1, self.config.bands)).mean(-1)
        return tokens.mean(1), frames

    def score(
        self, waveform: Tensor | np.ndarray, sample_rate: float, levels: Tensor | np.ndarray | Sequence[float]
    ) -> Tensor:
        """Score of a clip, a tensor [], or of clips of one length, [B].

        Args:
            waveform: [T] or [B, T], full scale 1: the hearing aid's output for one ear.
            sample_rate: Hz; must be 16000.
            levels: [8], or [B, 8] of a batch, dB HL, see `forward`.

        Raises:
            InputError: another sample rate, or shapes that do not fit.
            Unscorable: `too_short`, or `not_finite`.
        """
        if sample_rate != SAMPLE_RATE:
            raise InputError(
                f"sample rate {sample_rate} Hz: HAAQI-Net takes {SAMPLE_RATE} Hz, resample first"
            )
        signal, thresholds = torch.as_tensor(waveform), torch.as_tensor(levels).to(self.weights)
        if signal.ndim not in (1, 2) or not signal.is_floating_point():
            raise InputError(
                f"waveform: {list(signal.shape)} {signal.dtype}; [T] or [B, T], floats of full scale 1"
            )
        batch = (signal if signal.ndim == 2 else signal[None]).to(self.weights)
        wanted = [LEVELS], [len(batch), LEVELS]
        if list(thresholds.shape) not in wanted:
            shapes = " or ".join(map(str, wanted))
            raise InputError(f"levels: shape {list(thresholds.shape)}; {shapes} dB HL is needed")
        if not batch.isfinite().all() or not thresholds.isfinite().all():
            raise Unscorable("not_finite", "waveform or levels: not all values are finite")
        with torch.no_grad(), isolated(batch.device):
            clips, _ = self(batch, thresholds.expand(len(batch), -1))
        return clips if signal.ndim == 2 else clips[0]


class Teacher(OfficialNet):
    """`haaqi_net_best.pth`: on top of all layers of BEATs."""

    def __init__(self, sizes: Sizes, config: BeatsConfig) -> None:
        super().__init__(sizes, config)
        self.beats_model = Beats(config)

    def layers(self, waveform: Tensor) -> Tensor:
        """Outputs of BEATs' layers, [B, L, N, D]."""
        return self.beats_model.layers(waveform)


class Student(OfficialNet):
    """`haaqi_net_distillBEATs.pth`: on top of three layers of its own.

    Args:
        sizes, config: widths.
        attention: one of `ATTENTION`; see the head of this file.
    """

    def __init__(self, sizes: Sizes, config: BeatsConfig, attention: str = "published") -> None:
        super().__init__(sizes, config)
        self.attention = attention
        size = config.input_patch_size
        self.patch_embedding = nn.Conv2d(1, config.embed_dim, size, size, bias=False)
        self.beats_layer_norm = nn.LayerNorm(config.embed_dim)
        self.linear2 = nn.Linear(config.embed_dim, sizes.features)
        for i in range(STUDENT_LAYERS):
            setattr(self, f"encoder{i}", EncoderLayer(config))
        for i in MIMICKED:
            setattr(self, f"encoder{i}", nn.Linear(sizes.features, sizes.features))

    def layers(self, waveform: Tensor) -> Tensor:
        """Outputs of the student's own layers, [B, 3, N, D]."""
        x = self.linear2(self.beats_layer_norm(patches(waveform, self.patch_embedding)))
        layers = [getattr(self, f"encoder{i}") for i in range(STUDENT_LAYERS)]
        if self.attention == "repaired":
            return run_layers(layers, x)
        alone = run_layers(layers, x.flatten(0, 1)[:, None])  # each token is a sequence: [B N, 3, 1, D]
        return alone[:, :, 0].unflatten(0, x.shape[:2]).transpose(1, 2)

    def mimicked(self, waveform: Tensor) -> Tensor:
        """What the heads on the last layer predict of BEATs' layers 6, 9 and 12, [B, 3, N, D]."""
        last = self.layers(waveform)[:, -1]
        return torch.stack([getattr(self, f"encoder{i}")(last) for i in MIMICKED], 1)


class OfficialAdapter(Network):
    """An authors' network that is called as ours are; levels as `features.full_scale` says."""

    format = FORMAT

    def __init__(self, net: OfficialNet) -> None:
        super().__init__()
        self.net, self.dims = net, OfficialDimensions()
        self.frame_seconds = net.config.input_patch_size * HOP / SAMPLE_RATE

    @property
    def name(self) -> str:
        """In its version; a student's tells how it attends."""
        if not isinstance(self.net, Student):
            return "official"
        return "official-student" + ("-repaired" if self.net.attention == "repaired" else "")

    def forward(self, signals: Tensor, levels: Tensor, level1: Tensor) -> Tensor:
        """Frame scores [B, 1, F] of signals [B, T] at 16 kHz, levels [B, 8] dB HL, level1 [B] dB SPL."""
        return self.net(full_scale(signals, level1), levels)[1][:, None]


@dataclass(frozen=True)
class OfficialDimensions:
    """What a caller needs to know."""

    sample_rate: int = SAMPLE_RATE  # Hz


def load_official(
    path: str | Path, beats: str | Path | None = None, attention: str | None = None
) -> Teacher | Student:
    """Load a checkpoint of HAAQI-Net's authors, or one of `convert_official`.

    Takes a state dict, bare or under `model`, of the teacher (293 keys, or 43 without BEATs) or of
    the student (96). Frozen, in eval mode, on the CPU.

    Args:
        path: the checkpoint.
        beats: the BEATs file that the teacher stands on: its `cfg` is used, and its weights where
            the checkpoint has none (its own come first). Without it the cfg is the one that
            `convert_official` stored, else read from the shapes, with BEATs_iter3_plus_AS2M's
            `max_distance` 800 and deep norm. A student needs none.
        attention: of a student, "published" or "repaired", see the head of this file; None for what
            `convert_official` stored, else "published".

    Raises:
        InputError: no such file, another attention, or keys that are missing, unexpected or of another
            shape, also where no file gives BEATs' weights; the message lists them.
    """
    state, cfg = read_state(path)
    if any(key.startswith("encoder0.") for key in state):
        return _load_student(state, path, attention or cfg.get("attention", ATTENTION[0]))
    if attention:
        raise InputError(f"weights {path}: attention {attention!r} was asked for, but only a student has two")
    return _load_teacher(state, cfg, path, beats)


def _load_student(state: dict[str, Tensor], path: str | Path, attention: str) -> Student:
    if attention not in ATTENTION:
        raise InputError(f"weights {path}: attention {attention!r} is unknown; known: {', '.join(ATTENTION)}")
    config = _shaped_config(state, "encoder0", _STUDENT_CFG, path)
    sizes = _sizes(state, STUDENT_LAYERS, path)
    with torch.device("meta"):
        student = Student(sizes, config, attention)
    return load_strictly(student, state, path)


def _load_teacher(
    state: dict[str, Tensor], cfg: Mapping, path: str | Path, beats: str | Path | None
) -> Teacher:
    label = str(path)
    own = {key.removeprefix(PREFIX): value for key, value in state.items() if key.startswith(PREFIX)}
    if beats is not None:
        encoder, cfg = read_state(beats)
        if not cfg:
            raise InputError(f"weights {beats}: holds no 'cfg', so it is no BEATs file")
        if not own:
            own, label = encoder, f"{path} with {beats}"
            state = {**state, **{PREFIX + key: value for key, value in encoder.items()}}
    elif not own:
        label = f"{path} (it holds no BEATs, and no file of BEATs was given)"
    if "input_patch_size" in cfg:
        config = BeatsConfig.read(cfg, beats or path)
    else:
        config = _shaped_config(own, "encoder.layers.0", _TEACHER_CFG, path)
    if config.finetuned_model:
        state = {key: value for key, value in state.items() if not key.startswith(f"{PREFIX}predictor.")}
    sizes = _sizes(state, config.encoder_layers, path)
    with torch.device("meta"):
        teacher = Teacher(sizes, config)
    return load_strictly(teacher, state, label)


def convert_official(
    src: str | Path, dst: str | Path, beats: str | Path | None = None, attention: str | None = None
) -> None:
    """Write a checkpoint of HAAQI-Net's authors as safetensors, BEATs included, with its cfg.

    Scores stay what they were; a student's `attention` is kept. Arguments and errors as of `load_official`.
    """
    net = load_official(src, beats, attention)
    cfg = {**asdict(net.config), "finetuned_model": False}
    if isinstance(net, Student):
        cfg["attention"] = net.attention
    write_state(dst, net, cfg, format=FORMAT, kind=type(net).__name__.lower())
