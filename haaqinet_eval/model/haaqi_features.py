"""HAAQI's four features in torch: the processed signal's side has gradients; see `haaqi.features`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from scipy.fft import next_fast_len
from torch import Tensor

from ..haaqi import ear, features
from ..haaqi.cochlea import BANDS

_THRESHOLD = 2.5  # dB SL
_LAGS = 24  # samples: 1 ms
_TINY = 1e-20  # under square roots


def averages(rows: Tensor, window: np.ndarray) -> Tensor:
    """Window averages of [32, T] in segments that overlap by half: [32, L]."""
    half = window.size // 2
    count = rows.shape[1] // half
    parts = rows[:, : count * half].reshape(len(rows), count, half)
    weights = torch.as_tensor(window, dtype=rows.dtype, device=rows.device)
    rise, fall = parts @ weights[:half], parts @ weights[half:]
    total = float(window.sum())
    inner = (rise[:, 1:-1] + fall[:, 2:]) / total
    return torch.cat((fall[:, :1] * (2 / total), inner, rise[:, -1:] * (2 / total)), 1)


def judged(
    smooths: tuple[np.ndarray, Tensor],
    motions: tuple[np.ndarray, Tensor],
    levels: tuple[np.ndarray, Tensor],
    tensor: Callable[[np.ndarray], Tensor],
) -> dict[str, Tensor]:
    """The score and its parts; reference before processed signal, shapes as in `haaqi.quality`.

    Args:
        tensor: brings an array to the processed signal's device.
    """
    zero = motions[1].sum() * 0
    frames = features.audible_frames(smooths[0], _THRESHOLD)
    cepstral = zero
    if len(frames) > 1:
        reference = features.modulations(smooths[0][:, frames])
        cepstral = _cepstral(tensor(reference), smooths[1][:, torch.as_tensor(frames)], tensor)
    synchronous = _synchrony(*motions, tensor, zero)
    d_loud, d_norm = (d.to(zero.dtype) for d in _spectral(*levels))
    score, nonlinear, linear = features.combine(cepstral, synchronous, d_loud, d_norm)  # type: ignore[arg-type]
    names = ("value", "mel_cepstral_high", "bm_sync5", "d_loud", "d_norm", "nonlinear", "linear")
    values = (score, cepstral, synchronous, d_loud, d_norm, nonlinear, linear)
    return dict(zip(names, values, strict=True))  # type: ignore[arg-type]


def _cepstral(reference: Tensor, envelopes: Tensor, tensor: Callable[[np.ndarray], Tensor]) -> Tensor:
    filters = features.modulation_filters()
    taps, length = filters.shape[1], envelopes.shape[1]
    size = next_fast_len(length + taps - 1, real=True)
    cepstra = tensor(features.BASIS) @ envelopes
    cepstra = cepstra - cepstra.mean(1, keepdim=True)
    spectrum = torch.fft.rfft(cepstra, size)[None] * torch.fft.rfft(tensor(filters), size)[:, None]
    filtered = torch.fft.irfft(spectrum, size)[..., (taps - 1) // 2 :][..., :length]
    filtered = filtered - filtered.mean(2, keepdim=True)
    squares = (reference**2).sum(-1) * (filtered**2).sum(-1)
    return ((reference * filtered).sum(-1).abs() / torch.sqrt(squares + _TINY)).mean()


@lru_cache(maxsize=1)
def _unbias() -> tuple[np.ndarray, ...]:
    window = ear.segment(16.0)
    out = []
    for part in (window, window[window.size // 2 :]):
        correlation = np.correlate(part, part, "full")
        out.append(1 / correlation[len(part) - 1 - _LAGS : len(part) + _LAGS])
    return window, *out


def _tiles(motion: Tensor, window: Tensor, segment: slice) -> Tensor:
    """Windowed segments less their means [32, S, size], of the inner segments or of one end."""
    size = len(window)
    rows = motion.unfold(1, size, ear.segment(16.0).size // 2)[:, segment] * window
    return rows - rows.mean(2, keepdim=True)


def _synchrony(
    reference: np.ndarray, processed: Tensor, tensor: Callable[[np.ndarray], Tensor], zero: Tensor
) -> Tensor:
    """Mean covariance of the audible tiles; the inner segments and the two halves at the ends."""
    window, whole, part = _unbias()
    half = window.size // 2
    count = reference.shape[1] // half
    both = tensor(reference)[:, : count * half], processed[:, : count * half]
    kinds = [
        (window[half:], part, slice(0, 1)),
        (window, whole, slice(1, count - 1)),
        (window[:half], part, slice(count - 1, count)),
    ]
    tiles = [[_tiles(motion, tensor(w), s) for motion in both] for w, _, s in kinds]
    scales = [1 / np.sum(w**2) if len(w) > half else 2 / np.sum(window**2) for w, _, _ in kinds]
    squares = torch.cat([(x**2).sum(2) * s for (x, _), s in zip(tiles, scales, strict=True)], 1)
    rms = torch.sqrt(2 * squares).double().cpu().numpy()
    loud = 20 * np.log10(np.mean(10 ** (rms / 20), axis=0)) > _THRESHOLD
    if np.count_nonzero(loud) <= 1:
        return zero
    weights = features.SYNCHRONY[:, None] * ((rms > _THRESHOLD) & loud)
    total, first = zero, 0
    for (x, y), scale, (_, unbias, _) in zip(tiles, scales, kinds, strict=True):
        here = weights[:, first : first + x.shape[1]]
        first += x.shape[1]
        if here.any():
            chosen = torch.as_tensor(here > 0, device=zero.device)
            total = (
                total
                + (tensor(here[here > 0]) * _covariance(x[chosen], y[chosen], tensor(unbias), scale)).sum()
            )
    return total / float(weights.sum())


def _covariance(x: Tensor, y: Tensor, unbias: Tensor, scale: float) -> Tensor:
    """Largest magnitude of the normalised cross-covariance within 1 ms: [N, size] -> [N]."""
    size = next_fast_len(x.shape[1] + _LAGS, real=True)
    product = torch.fft.irfft(torch.fft.rfft(x, size).conj() * torch.fft.rfft(y, size), size)
    lags = torch.cat((product[:, -_LAGS:], product[:, : _LAGS + 1]), 1)
    largest = (lags * unbias).abs().amax(1)
    squares = (x**2).sum(1) * scale * (y**2).sum(1) * scale
    return (largest / torch.sqrt(squares + _TINY)).clamp(max=1)


def _spectral(reference: np.ndarray, processed: Tensor) -> tuple[Tensor, Tensor]:
    mine = torch.as_tensor(features.shares(reference), device=processed.device)
    loudness = 10 ** (processed / 20)
    theirs = loudness / loudness.sum()

    def spread(values: Tensor) -> Tensor:
        return torch.sqrt(values.var(unbiased=False) + _TINY)

    difference = mine - theirs
    d_loud = 1 - BANDS * spread(difference) / 2.5
    d_norm = 1 - BANDS * spread(difference / (mine + theirs)) / 25
    return d_loud.clamp(0, 1), d_norm.clamp(0, 1)
