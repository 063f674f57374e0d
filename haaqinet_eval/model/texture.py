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
from torch.nn.utils.rnn import pad_sequence

from ..nalr import NALR_FREQUENCIES, nalr_gains
from .auditory import HOP as FRAME
from .filters import BANDS, EAR_Q, MIN_BANDWIDTH, SAMPLE_RATE, center_frequencies

SIZE, HOP = 2_048, 1_024  # samples: 85 ms, 43 ms
BINS = 853  # up to 10 kHz, as far as the bands reach: what is above depends on resampling
LAGS = (1, 3, 6, 12)  # hops: 43 to 512 ms
STEPS = (-15.0, -6.0, 6.0, 15.0)  # dB; how often a bin falls or rises by more
RAMP = 6.0  # dB; a step within half of it counts in part
NEAR = (0.98, 0.9, 0.8, 0.6, 0.4)  # of the largest sample
BLOCK = 3_072  # samples: 128 ms
HOPS = 9  # half a window: 384 ms
STRETCH, STRETCH_BLOCKS = 26 * HOPS, 84  # hops, blocks: 10 s are looked at at once, to save memory
SPAN, MARGIN = 16_384, 1_024  # samples: filtered at once, and what rings at both ends
TEXTURE = 14 + len(LAGS) * len(STEPS) + 2 + 2 * (len(NEAR) + 5)  # numbers a band


def _above(x: Tensor, limit: float | Tensor, width: float | Tensor) -> Tensor:
    """`width` where x is above a limit, 0 where below; between them within `width` / 2 of it."""
    return (x - (limit - width / 2)).clamp(0 * width, width)


def _decibels(power: Tensor) -> Tensor:
    return 10 * torch.log10(power)


def _pairs(known: Tensor, before: int, lag: int) -> tuple[Tensor, Tensor]:
    """Of [..., N]: each column from `before` on that has one `lag` earlier, and that one."""
    part = known[:, max(before - lag, 0) :]
    return part[:, lag:], part[:, : max(part.shape[1] - lag, 0)]


def _over_blocks(x: Tensor, size: int) -> Tensor:
    """Sums over blocks [K, N] of values of so many hops, [K, M]; where M is less, the first are missing."""
    block = torch.arange(size - x.shape[1], size, device=x.device) // HOPS
    return x @ (block[:, None] == torch.arange(-(-size // HOPS), device=x.device)).to(x)


def _moves(pair: tuple[Tensor, Tensor], size: int) -> list[Tensor]:
    """How often levels fall and rise by how much; a room lets partials fall slowly: [BINS, N] in blocks."""
    move = pair[0] - pair[1]
    both = {-1.0: -move, 1.0: move}
    return [_over_blocks(_above(both[math.copysign(1, step)], abs(step), RAMP), size) for step in STEPS]


def _pairs_in(hops: int, lags: list[int], like: Tensor) -> Tensor:
    """How many of so many hops have one so many earlier among them, [lags, 1]."""
    return like.new_tensor([[hops - lag] for lag in lags])


def count_windows(frames: int) -> int:
    """How many windows a clip of so many envelope frames (4 ms) has, one of 0.77 s every 384 ms.

    >>> count_windows(200), count_windows(210), count_windows(2500)
    (0, 1, 24)
    """
    needed = (2 * HOPS - 1) * HOP + SIZE  # samples of a window
    return max((frames * FRAME - needed) // (HOPS * HOP) + 1, 0)


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
        window = torch.hann_window(SIZE, periodic=False, dtype=torch.float32)
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
        return self.with_windows(signals, loss, level1, lengths)[0]

    def with_windows(
        self, signals: Tensor, loss: Tensor, level1: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The same and texture in windows of 0.77 s, one every 384 ms: [B, TEXTURE, 32], [B, W, TEXTURE, 32].

        The waveform's shape is the clip's in every window. W is `count_windows` of the longest;
        behind the windows of shorter ones are zeros.
        """
        if lengths is None:
            lengths = [signals.shape[-1]] * len(signals)
        ears = zip(signals, loss, level1, lengths, strict=True)
        found = [self._one(x[: int(n)] * 10 ** (level / 20), ear) for x, ear, level, n in ears]
        whole, windows = zip(*found, strict=True)
        return torch.stack(whole), pad_sequence(list(windows), batch_first=True)

    def _one(self, signal: Tensor, loss: Tensor) -> tuple[Tensor, Tensor]:
        """Texture of a signal [T] whose RMS 1 is 0 dB SPL: [TEXTURE, 32], in windows [W, TEXTURE, 32]."""
        shape = torch.stack([*self._shape(signal), *self._shape(self._unamplified(signal, loss))])
        parts = self._of_bins(signal, count_windows(len(signal) // FRAME))
        return tuple(
            torch.cat([part, shape[:, None].expand(*part.shape[:-2], -1, BANDS)], -2) for part in parts
        )

    def _pool(self, bins: Tensor) -> Tensor:
        """Means over the bins of each band: [..., BINS, N] to [..., 32, N]."""
        return self.weights.T @ bins

    def _power(self, signal: Tensor) -> Tensor:
        """Power of bins [BINS, N], none below 0 dB SPL."""
        bins = torch.stft(signal, SIZE, HOP, window=self.window, center=False, return_complex=True)[:BINS]
        return bins.real.square() + bins.imag.square() + 1

    def _of_bins(self, signal: Tensor, windows: int) -> tuple[Tensor, Tensor]:
        """What each band is like, [K, 32], and in windows, [windows, K, 32]; from stretch to stretch."""
        count = 1 + (len(signal) - SIZE) // HOP
        lags = [min(lag, count - 1) for lag in LAGS]
        before, frames = signal.new_zeros(BINS, 0), []
        bins, alike = [], []  # sums over N blocks, [3 + 16, BINS, N] and [2, 32, N]
        for first in range(0, count, STRETCH):
            power = self._power(signal[first * HOP : (first + STRETCH - 1) * HOP + SIZE])
            level, rough = _decibels(power), power.rsqrt()
            frames.append(self._partials(power, level, rough))
            known = torch.cat([before, level], 1)
            size = power.shape[1]
            sums = [_over_blocks(x, size) for x in (power, level, rough)]
            for lag in lags:
                sums += _moves(_pairs(known, before.shape[1], lag), size)
            bins.append(torch.stack(sums))
            likeness = self._likeness(known, before.shape[1], (lags[0], lags[2]))
            alike.append(torch.stack([_over_blocks(x, size) for x in likeness]))
            before = known[:, -LAGS[-1] :]
        bins, alike, frames = (torch.cat(parts, 2) for parts in (bins, alike, frames))
        sums = (x.sum(2, keepdim=True) for x in (bins, alike))
        whole = self._describe(frames[:, :, None], *sums, _pairs_in(count, lags, bins))
        if windows < 1:
            return whole[0], whole[:0]
        frames = frames.unfold(2, 2 * HOPS, HOPS)[:, :, :windows]
        sums = ((x[..., 1:] + x[..., :-1])[..., :windows] for x in (bins, alike))
        pairs = _pairs_in(2 * HOPS, [0] * len(lags), bins).repeat(1, windows)
        pairs[:, :1] = _pairs_in(2 * HOPS, lags, bins)  # nothing is before the first window
        return whole[0], self._describe(frames, *sums, pairs)

    def _describe(self, frames: Tensor, bins: Tensor, alike: Tensor, pairs: Tensor) -> Tensor:
        """What each band is like in W stretches of time, [W, K, 32].

        Args:
            frames: of `_partials`, [2, 32, W, N].
            bins: sums over each stretch's N hops, and over its pairs of hops, [3 + 16, BINS, W].
            alike: likewise, of `_likeness`, [2, 32, W].
            pairs: how many there are of each lag, [4, W].
        """
        flat, floor = frames
        pairs = pairs[:, None]
        often = self._pool(bins[3:]) / (RAMP * pairs.repeat_interleave(len(STEPS), 0))
        power, level, rough = bins[:3] / flat.shape[-1]
        over_time = torch.stack([_decibels(power), level, -2 * _decibels(rough)])
        means = self._pool(over_time)
        average, typical, lowest = means
        spread = (self._pool(over_time.square()) - means.square()).clamp(min=1e-2).sqrt()
        flanks = functional.pad(over_time[:2].diff(dim=1).abs(), (0, 0, 0, 1))  # of partials
        rows = [
            flat.mean(2) / 5,
            flat.std(2, unbiased=False) / 3,
            (flat + 4).relu().mean(2),
            floor.mean(2) / 8,
            floor.std(2, unbiased=False) / 4,
            (typical - average) / 8,
            (lowest - average) / 15,
            (average - 30) / 20,
            (lowest - 20) / 20,
            *(spread / 5),
            *(self._pool(flanks) / 3),
            *(often * 4),
            *(alike / pairs[[0, 2]]),
        ]
        return torch.stack(rows).permute(2, 0, 1)

    def _partials(self, power: Tensor, level: Tensor, rough: Tensor) -> Tensor:
        """How flat each band's bins [BINS, N] are, and how deep the gaps between partials: [2, 32, N] dB."""
        mean = _decibels(self._pool(power))
        return torch.stack([self._pool(level), -2 * _decibels(self._pool(rough))]) - mean

    def _likeness(self, known: Tensor, before: int, lags: tuple[int, int]) -> list[Tensor]:
        """Correlation of a band's bins with those some hops earlier, [32, M] of each lag."""
        means = self._pool(known)
        spread = (self._pool(known.square()) - means.square()).clamp(min=0.5)
        found = []
        for lag in lags:
            (y, x), (my, mx), (vy, vx) = (_pairs(z, before, lag) for z in (known, means, spread))
            found.append((self._pool(x * y) - mx * my) / (vx * vy).sqrt())
        return found

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
            near = [_above(size, share * top, 0.02 * top).sum() / (0.02 * top) for share in NEAR]
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
