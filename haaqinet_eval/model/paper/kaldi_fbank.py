"""Kaldi's log-mel filterbank as BEATs reads it, batched and differentiable.

16 kHz audio times 2^15; frames of 25 ms every 10 ms, only whole ones (`snip_edges`); mean removed;
pre-emphasis 0.97; povey window; power spectrum of 512 points; 128 triangles in mel from 20 Hz to
8 kHz; natural logarithm; then BEATs' own mean and spread. No dither. Kaldi, `compute-fbank-feats`;
Chen et al. 2022, "BEATs: Audio Pre-Training with Acoustic Tokenizers".
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

SAMPLE_RATE = 16_000  # Hz
WINDOW, HOP, FFT = 400, 160, 512  # samples
MEL_BINS = 128
LOW, HIGH = 20.0, 8000.0  # Hz
PREEMPHASIS = 0.97
FULL_SCALE = 2.0**15  # Kaldi counts in 16-bit steps
MEAN, SPREAD = 15.41663, 6.55582  # of the logarithms, over BEATs' training audio


def _mel(hz: float) -> float:
    return 1127.0 * math.log(1.0 + hz / 700.0)


@lru_cache(maxsize=8)
def _constants(dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Povey window [400] and mel weights [257, 128].

    In single precision and Kaldi's order of operations: beside a pure tone the far bands hold
    nothing but rounding noise, which must be the same noise for the logarithms to agree.
    """
    with torch.inference_mode(False), torch.device("cpu"):
        window = torch.hann_window(WINDOW, periodic=False, dtype=torch.float32) ** 0.85
        step = (_mel(HIGH) - _mel(LOW)) / (MEL_BINS + 1)
        left, center, right = (
            _mel(LOW) + (torch.arange(MEL_BINS, dtype=torch.float32) + i) * step for i in (0, 1.0, 2.0)
        )
        mel = (
            1127.0
            * (
                1.0 + torch.arange(FFT // 2 + 1.0, dtype=torch.float32)[:, None] * (SAMPLE_RATE / FFT) / 700.0
            ).log()
        )
        slopes = torch.minimum((mel - left) / (center - left), (right - mel) / (right - center)).clamp(min=0)
        slopes[-1] = 0  # Kaldi leaves the bin at half the sample rate out
        return window.to(device, dtype), slopes.to(device, dtype)


def fbank(waveform: Tensor) -> Tensor:
    """Kaldi's filterbank: [B, T] at 16 kHz, full scale 1, to [B, F, 128], natural log of power.

    F = 1 + (T - 400) // 160, and 0 below 400 samples. A band without power has log(2^-23).

    >>> fbank(torch.zeros(2, 16000)).shape
    torch.Size([2, 98, 128])
    """
    window, weights = _constants(waveform.dtype, waveform.device)
    if waveform.shape[-1] < WINDOW:
        return waveform.new_zeros(len(waveform), 0, MEL_BINS)
    frames = (waveform * FULL_SCALE).unfold(-1, WINDOW, HOP)
    frames = frames - frames.mean(-1, keepdim=True)
    before = functional.pad(frames, (1, 0), mode="replicate")[..., :-1]
    spectrum = torch.fft.rfft((frames - PREEMPHASIS * before) * window, FFT)
    power = spectrum.real**2 + spectrum.imag**2
    return (power @ weights).clamp(min=torch.finfo(torch.float32).eps).log()


def beats_fbank(waveform: Tensor) -> Tensor:
    """The input of BEATs: `fbank` minus 15.41663, over twice 6.55582; [B, T] to [B, F, 128]."""
    return (fbank(waveform) - MEAN) / (2 * SPREAD)
