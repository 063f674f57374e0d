"""What the ear's bands are too wide to show: a sound's fine structure, and its waveform.

Noise fills the gaps between partials, clipping and rounding add partials, a room lets each partial
die slowly, a mask cuts holes: all seen in bins of 12 Hz, and hardly in bands of 30 to 900 Hz. The
waveform tells clipping by how many samples are near the largest, as it is and with the
listener's NAL-R gains taken back. What is not heard counts, too: the listener's loss is not applied.

Everything is averaged over the clip and over the bins around each of the 32 bands' centres.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..nalr import NALR_FREQUENCIES, nalr_gains
from .filters import BANDS, EAR_Q, MIN_BANDWIDTH, SAMPLE_RATE, center_frequencies

SIZE, HOP = 2_048, 1_024  # samples: 85 ms, 43 ms
BINS = 853  # up to 10 kHz, as far as the bands reach: what is above depends on resampling
LAGS = (1, 3, 6, 12)  # hops: 43 to 512 ms
STEPS = (-15.0, -6.0, 6.0, 15.0)  # dB; how often a bin falls or rises by more
NEAR = (0.98, 0.9, 0.8, 0.6, 0.4)  # of the largest sample
BLOCK = 3_072  # samples: 128 ms
STRETCH, STRETCH_BLOCKS = 240, 84  # hops, blocks: 10 s are looked at at once, to save memory
SPAN, MARGIN = 16_384, 1_024  # samples: filtered at once, and what rings at both ends
TEXTURE = 14 + len(LAGS) * len(STEPS) + 2 + 2 * (len(NEAR) + 5)  # numbers a band


def _share(x: Tensor, limit: float | Tensor, width: float | Tensor) -> Tensor:
    """How many of the last dimension are above a limit; one within `width` / 2 of it counts in part."""
    return (x - (limit - width / 2)).clamp(0 * width, width).sum(-1) / width


def _decibels(power: Tensor) -> Tensor:
    return 10 * torch.log10(power)


def _pairs(known: Tensor, before: int, lag: int) -> tuple[Tensor, Tensor]:
    """Of [..., N]: each column from `before` on that has one `lag` earlier, and that one."""
    part = known[:, max(before - lag, 0) :]
    return part[:, lag:], part[:, : max(part.shape[1] - lag, 0)]


def _moves(pair: tuple[Tensor, Tensor]) -> list[Tensor]:
    """How often levels fall and rise by how much; a room lets partials fall slowly: [BINS], summed."""
    move = pair[0] - pair[1]
    both = {-1.0: -move, 1.0: move}
    return [_share(both[math.copysign(1, step)], abs(step), 6.0) for step in STEPS]


def band_weights() -> np.ndarray:
    """How much each bin belongs to each band, [BINS, 32]; columns sum to 1."""
    bins = np.arange(BINS)[:, None] * SAMPLE_RATE / SIZE
    center = center_frequencies()
    width = np.maximum(0.6 * (MIN_BANDWIDTH + center / EAR_Q), 40)  # Hz
    bands = np.exp(-0.5 * ((bins - center) / width) ** 2)
    weights = np.where(bands < 1e-3, 0, bands)
    return weights / weights.sum(0)


class Texture(nn.Module):
    """Signals to what their texture is like around each band; differentiable, without parameters.

    >>> Texture()(torch.randn(2, 24000), torch.zeros(2, 32), torch.full((2,), 65.0)).shape
    torch.Size([2, 52, 32])
    """

    def __init__(self) -> None:
        super().__init__()
        window = torch.hann_window(SIZE, periodic=False)
        measured = np.concatenate(([0.0], NALR_FREQUENCIES, [SAMPLE_RATE / 2]))
        ends = [np.concatenate((row[:1], row, row[-1:])) for row in np.eye(len(NALR_FREQUENCIES))]
        grid = np.linspace(0, SAMPLE_RATE / 2, SPAN // 2 + 1)
        tables = {
            "window": window * math.sqrt(2 / SIZE) / window.square().sum().sqrt(),
            "weights": torch.from_numpy(band_weights()).float(),
            "at": torch.from_numpy(
                np.array([np.interp(NALR_FREQUENCIES, center_frequencies(), row) for row in np.eye(BANDS)])
            ).float(),
            "between": torch.from_numpy(np.array([np.interp(grid, measured, row) for row in ends])).float(),
        }
        for name, table in tables.items():
            self.register_buffer(name, table, persistent=False)

    def forward(self, signals: Tensor, loss: Tensor, level1: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Texture around each band, [B, TEXTURE, 32].

        Args:
            signals: [B, T] at 24 kHz, T at least 0.5 s.
            loss: [B, 32] dB, see `band_losses`.
            level1: [B] dB SPL of RMS 1.
            lengths: [B] samples of each signal, with zeros behind; None if all are T long.
        """
        if lengths is None:
            lengths = [signals.shape[-1]] * len(signals)
        ears = zip(signals, loss, level1, lengths, strict=True)
        return torch.stack([self._one(x[: int(n)] * 10 ** (level / 20), ear) for x, ear, level, n in ears])

    def _one(self, signal: Tensor, loss: Tensor) -> Tensor:
        """Texture [TEXTURE, 32] of a signal [T] whose RMS 1 is 0 dB SPL."""
        whole = [*self._shape(signal), *self._shape(self._unamplified(signal, loss))]
        return torch.cat([self._of_bins(signal), torch.stack(whole)[:, None].expand(-1, BANDS)])

    def _pool(self, bins: Tensor) -> Tensor:
        """Means over the bins of each band [BINS, ...] to [32, ...]."""
        return torch.tensordot(self.weights, bins, ([0], [0]))

    def _power(self, signal: Tensor) -> Tensor:
        """Power of bins [BINS, N], none below 0 dB SPL."""
        bins = torch.stft(signal, SIZE, HOP, window=self.window, center=False, return_complex=True)[:BINS]
        return bins.real.square() + bins.imag.square() + 1

    def _of_bins(self, signal: Tensor) -> Tensor:
        """What each band is like, [K, 32]; from one stretch to the next."""
        count = 1 + (len(signal) - SIZE) // HOP
        lags = [min(lag, count - 1) for lag in LAGS]
        pairs = torch.tensor([count - lag for lag in lags], device=signal.device)
        before, frames = signal.new_zeros(BINS, 0), []
        bins, alike = 0, 0  # sums over time, [BINS, 3 + 16] and [32, 2]
        for first in range(0, count, STRETCH):
            power = self._power(signal[first * HOP : (first + STRETCH - 1) * HOP + SIZE])
            level, rough = _decibels(power), power.rsqrt()
            frames.append(self._partials(power, level, rough))
            known = torch.cat([before, level], 1)
            moves = [move for lag in lags for move in _moves(_pairs(known, before.shape[1], lag))]
            bins = bins + torch.stack([power.sum(1), level.sum(1), rough.sum(1), *moves], 1)
            alike = alike + self._likeness(known, before.shape[1], (lags[0], lags[2]))
            before = known[:, -LAGS[-1] :]
        flat, floor = torch.cat(frames, 2)
        often = self._pool(bins[:, 3:]) / pairs.repeat_interleave(len(STEPS))
        power, level, rough = (bins[:, :3] / count).unbind(1)
        over_time = torch.stack([_decibels(power), level, -2 * _decibels(rough)], 1)
        average, typical, lowest = self._pool(over_time).T
        spread = self._pool(over_time.square()) - self._pool(over_time).square()
        flanks = functional.pad(over_time[:, :2].diff(dim=0).abs(), (0, 0, 0, 1))  # of partials
        rows = [
            flat.mean(1) / 5,
            flat.std(1, unbiased=False) / 3,
            (flat + 4).relu().mean(1),
            floor.mean(1) / 8,
            floor.std(1, unbiased=False) / 4,
            (typical - average) / 8,
            (lowest - average) / 15,
            (average - 30) / 20,
            (lowest - 20) / 20,
            *(spread.clamp(min=1e-2).sqrt() / 5).T,
            *(self._pool(flanks) / 3).T,
            *(often * 4).T,
            *(alike / pairs[[0, 2]]).T,
        ]
        return torch.stack(rows)

    def _partials(self, power: Tensor, level: Tensor, rough: Tensor) -> Tensor:
        """How flat each band's bins [BINS, N] are, and how deep the gaps between partials: [2, 32, N] dB."""
        mean = _decibels(self._pool(power))
        return torch.stack([self._pool(level), -2 * _decibels(self._pool(rough))]) - mean

    def _likeness(self, known: Tensor, before: int, lags: tuple[int, int]) -> Tensor:
        """Correlation of a band's bins with those some hops earlier, summed over time: [32, lags]."""
        means = self._pool(known)
        spread = (self._pool(known.square()) - means.square()).clamp(min=0.5)
        sums = []
        for lag in lags:
            (y, x), (my, mx), (vy, vx) = (_pairs(z, before, lag) for z in (known, means, spread))
            sums.append(((self._pool(x * y) - mx * my) / (vx * vy).sqrt()).sum(1))
        return torch.stack(sums, 1)

    def _unamplified(self, signal: Tensor, loss: Tensor) -> Tensor:
        """The signal [T] with the NAL-R gains of a loss [32] taken back."""
        gains = torch.from_numpy(nalr_gains((loss @ self.at).cpu().numpy())).to(loss)
        response = 10 ** (-(gains @ self.between) / 20)
        step = SPAN - 2 * MARGIN
        padded = functional.pad(signal, (MARGIN, MARGIN + -len(signal) % step))
        filtered = [
            torch.fft.irfft(torch.fft.rfft(some) * response)[:, MARGIN:-MARGIN].flatten()
            for some in padded.unfold(0, SPAN, step).split(16)
        ]
        return torch.cat(filtered)[: len(signal)]

    def _shape(self, signal: Tensor) -> list[Tensor]:
        """How samples [T] spread up to the largest: 10 numbers, whatever the level."""
        scale = (signal.square().mean() + 1e-9).sqrt()
        top = signal.abs().max() / scale + 1e-6
        sums, peaks = 0, []
        for part in signal.split(STRETCH_BLOCKS * BLOCK):
            size = part.abs() / scale
            near = [_share(size, share * top, 0.02 * top) for share in NEAR]
            sums = sums + torch.stack([size.square().square().sum(), size.sum(), *near])
            peaks.append(size[: len(size) // BLOCK * BLOCK].view(-1, BLOCK).amax(-1) / top)
        fourth, mean, *near = sums / len(signal)
        peaks = torch.cat(peaks)
        return [
            top.log() - 1.5,
            (fourth + 1e-6).log() - 1.2,
            8 * (mean - 0.75),
            3 * (peaks.mean() - 0.6),
            8 * (peaks.std(unbiased=False) - 0.2),
            *((share + 1e-5).log() / 3 + 2 for share in near),
        ]
