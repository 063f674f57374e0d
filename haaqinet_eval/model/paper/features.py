"""Front ends for the paper's head: waveform [B, T] to outputs of layers [B, L, N, D].

| name | input | tokens | D |
|---|---|---|---|
| `spectrogram` | 32 kHz | 512-point Hamming STFT every 256 samples: 125/s | 257 |
| `auditory` | 24 kHz | envelopes of 32 bands, 4 frames a token: 62.5/s | 128 |
| `beats` | 16 kHz | all layers of BEATs, 8 tokens every 160 ms | 768 |
| `distilbeats` | 16 kHz | what the student's heads predict of BEATs, likewise | 768 |
| `ssl` | 16 kHz | all layers of a speech model, 50/s | 1024 |

Each has `sample_rate` (Hz), `seconds` of a frame, `bands` (tokens of a frame), `depth` (L), `width` (D)
and `shortest` (samples). Waveforms are at digital full scale: RMS 1 is 85 dB SPL, so that music at
65 dB SPL has -20 dB re full scale, as the authors' examples do (-19.7 dB).
"""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor, nn

from ...audiogram import CLARITY_FREQUENCIES
from ...errors import InputError
from ..auditory import BANDS, FRAME_RATE, HAAQI_FREQUENCIES, SAMPLE_RATE, AuditoryFrontEnd, center_frequencies
from . import kaldi_fbank
from .beats import Beats, BeatsConfig
from .distilbeats import DistilBeats
from .speech import speech_features

FULL_SCALE_DB_SPL = 85.0  # level of RMS 1
# of the published BEATs, where a front end starts from random weights
BEATS = {"input_patch_size": 16, "max_distance": 800}
BEATS |= dict.fromkeys(("relative_position_embedding", "gru_rel_pos", "deep_norm"), True)


def full_scale(signals: Tensor, level1: Tensor) -> Tensor:
    """Signals [B, T] whose RMS 1 is level1 [B] dB SPL, as waveforms whose RMS 1 is 85 dB SPL."""
    return signals * 10 ** ((level1[:, None] - FULL_SCALE_DB_SPL) / 20)


class Spectrogram(nn.Module):
    """Magnitudes of a 512-point STFT at 32 kHz; if asked, and not in the paper, logarithms around 0."""

    sample_rate, bands, depth, width = 32_000, 1, 1, 257
    size, hop = 512, 256  # samples
    shortest, seconds = size, hop / sample_rate

    def __init__(self, decibels: bool = False) -> None:
        super().__init__()
        self.decibels = decibels
        window = torch.hamming_window(self.size, periodic=False, dtype=torch.float32)
        self.register_buffer("window", window, persistent=False)

    def layers(self, waveform: Tensor, levels: Tensor) -> Tensor:
        spectrum = torch.stft(
            waveform, self.size, self.hop, window=self.window, center=False, return_complex=True
        )
        magnitude = spectrum.abs().transpose(1, 2)[:, None]
        return torch.log10(magnitude + 1e-4) if self.decibels else magnitude


class AuditoryBands(nn.Module):
    """The envelopes that our own network hears, as tokens: the paper's head on another front end."""

    sample_rate, bands, depth, fold = SAMPLE_RATE, 1, 1, 4
    width, seconds = BANDS * fold, fold / FRAME_RATE
    shortest = 2 * fold * round(SAMPLE_RATE / FRAME_RATE)

    def __init__(self) -> None:
        super().__init__()
        self.front_end = AuditoryFrontEnd()
        own = [list(CLARITY_FREQUENCIES).index(f) for f in HAAQI_FREQUENCIES]
        self.register_buffer("own", torch.tensor(own), persistent=False)
        spread = [np.interp(center_frequencies(), HAAQI_FREQUENCIES, row) for row in np.eye(len(own))]
        self.register_buffer("spread", torch.tensor(np.array(spread)).float(), persistent=False)

    def layers(self, waveform: Tensor, levels: Tensor) -> Tensor:
        loss = torch.relu(levels[:, self.own] @ self.spread)  # as `band_losses`
        level1 = torch.full_like(levels[:, 0], FULL_SCALE_DB_SPL)
        envelope = (self.front_end(waveform, loss, level1)[0] - 30) / 20
        whole = envelope.shape[-1] // self.fold * self.fold
        return envelope[..., :whole].unflatten(-1, (-1, self.fold)).permute(0, 2, 1, 3).flatten(2)[:, None]


class Patches(nn.Module):
    """BEATs, or its student, as a front end."""

    sample_rate = kaldi_fbank.SAMPLE_RATE

    def __init__(self, net: Beats | DistilBeats) -> None:
        super().__init__()
        self.net, config = net, net.config
        self.bands, self.width = config.bands, config.encoder_embed_dim
        self.depth = len(net.heads) if isinstance(net, DistilBeats) else config.encoder_layers
        size = config.input_patch_size
        self.seconds = size * kaldi_fbank.HOP / self.sample_rate
        self.shortest = kaldi_fbank.WINDOW + kaldi_fbank.HOP * (size - 1)

    def layers(self, waveform: Tensor, levels: Tensor) -> Tensor:
        return self.net(waveform) if isinstance(self.net, DistilBeats) else self.net.layers(waveform)


def _beats(**encoder) -> Patches:
    return Patches(Beats(BeatsConfig.read({**BEATS, **encoder}, "beats")))


def _distilbeats(heads: str = "independent", **encoder) -> Patches:
    return Patches(DistilBeats(BeatsConfig.read({**BEATS, **encoder}, "distilbeats"), heads))


FRONT_ENDS = {
    "spectrogram": Spectrogram,
    "auditory": AuditoryBands,
    "beats": _beats,
    "distilbeats": _distilbeats,
    "ssl": speech_features,
}
PRETRAINED = ("beats", "distilbeats", "ssl")  # those that start from somebody's weights


def build_front_end(name: str, encoder: dict) -> nn.Module:
    """A front end with its options; one of `PRETRAINED` has random weights then.

    Raises:
        InputError: for an unknown name, or options that it does not have.
    """
    if name not in FRONT_ENDS:
        raise InputError(f"front end {name!r} is unknown; known: {', '.join(FRONT_ENDS)}")
    tables = nullcontext() if name in PRETRAINED else torch.device("cpu")  # computed even on the meta device
    try:
        with tables:
            return FRONT_ENDS[name](**encoder)
    except TypeError as error:
        raise InputError(f"front end {name}: options {encoder}: {error}") from None
