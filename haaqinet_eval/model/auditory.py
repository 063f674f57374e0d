"""The processed side of HAAQI's ear model, in torch: what the listener's ear makes of a signal.

Middle ear, 32 gammatone bands widened by the outer-hair-cell loss and by level, cochlear
compression, inner-hair-cell attenuation and adaptation, then the envelope in dB above the
listener's threshold, smoothed to 250 frames/s. No reference is needed. (Kates & Arehart 2015, "The
Hearing-Aid Audio Quality Index (HAAQI)"; the filters are in `filters`.)

All filters act in the frequency domain, on blocks that overlap by what the filters remember. Of
each band only the bins around its centre are kept; folding them onto a short FFT samples the
band's complex envelope at 3 kHz. Its magnitude at these instants is exact, so that only the
smoothing over 8 ms sees fewer points than HAAQI's own. How wide a band is depends on its level over
the whole clip, so that a first pass gathers the clip's energy at each frequency.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .filters import (
    BANDS,
    HAAQI_FREQUENCIES,
    SAMPLE_RATE,
    adaptation,
    band_losses,
    center_frequencies,
    cochlea,
    gammatone,
    group_delay,
    middle_ear,
    normal_bandwidths,
    widest_bandwidths,
)

__all__ = [
    "BANDS",
    "FRAME_RATE",
    "HAAQI_FREQUENCIES",
    "SAMPLE_RATE",
    "AuditoryFrontEnd",
    "band_losses",
    "center_frequencies",
    "cochlea",
]

HOP = 96  # samples: 4 ms, 250 frames/s
FRAME_RATE = SAMPLE_RATE / HOP  # Hz
DECIMATION = 8  # envelopes are sampled at 3 kHz
HALF = HOP // DECIMATION  # points of half a smoothing window
REACH = 6.0  # half width of a band's bins, in gammatone bandwidths b: |H| = (1 + reach^2)^-2 = -63 dB
BLOCK = 16_384  # samples: 0.7 s
BEFORE, AFTER = 2_272, 192  # samples at a block's ends that the filters' decay and the cut bins spoil
OVERLAP = BEFORE + AFTER
STEP = BLOCK - OVERLAP  # samples from block to block, 145 HOP
POINTS = BLOCK // DECIMATION  # of a band's envelope in a block
PORTION = 4  # blocks that are heard at once: as many as a processor's cache holds
MEMORY = 1_800  # points: 0.6 s, what the adaptation remembers
ADAPTED = 9_000  # points: what is remembered and a portion, in a length that is quick to transform


def _decibels(power: Tensor) -> Tensor:
    return 10 * torch.log10(power + 1e-4)  # no lower than -40 dB SPL: far below any threshold


def _power(wave: Tensor) -> Tensor:
    return wave.real.square() + wave.imag.square()


def _continued(half: Tensor) -> Tensor:
    """A real signal's spectrum or energies [..., BLOCK / 2 + 1], continued to -12 to 24 kHz."""
    mirror = half[..., 1:-1].flip(-1)
    mirror = mirror.conj() if mirror.is_complex() else mirror
    return torch.cat([half[..., -1:], mirror, half, mirror], -1)


class Bank(nn.Module):
    """Neighbouring bands that need about as many bins.

    Args:
        bands: which of the 32.
        size: bins to keep of each, a multiple of `POINTS`.
    """

    def __init__(self, bands: range, size: int) -> None:
        super().__init__()
        self.bands, self.size = slice(bands.start, bands.stop), size
        center = center_frequencies()[self.bands]
        first = np.round(center / SAMPLE_RATE * BLOCK).astype(int) - size // 2
        self.first = (first + BLOCK // 2).tolist()  # in the spectrum that begins at -12 kHz
        turns = torch.from_numpy((first[:, None] + np.arange(size)) / BLOCK - center[:, None] / SAMPLE_RATE)
        z = torch.exp(-2j * math.pi * turns)
        control = gammatone(z, torch.from_numpy(widest_bandwidths()[self.bands, None]))
        lag = 1 / (2 * math.pi * 800)  # s; the compressor delays its gain by a one-pole low-pass at 800 Hz
        late = control * torch.exp(-2j * math.pi * turns * SAMPLE_RATE * lag)
        self.register_buffer("z", z.to(torch.complex64), persistent=False)
        self.register_buffer("control", late.to(torch.complex64), persistent=False)
        self.register_buffer("control_energy", _power(control).float(), persistent=False)

    def pick(self, spectrum: Tensor) -> Tensor:
        """The bands' bins of a spectrum [..., 3/2 BLOCK] from -12 to 24 kHz: [..., n, size]."""
        return torch.stack([spectrum[..., f : f + self.size] for f in self.first], -2)

    def envelopes(self, spectra: Tensor, responses: Tensor) -> Tensor:
        """Squared envelopes of blocks [B, K, 3/2 BLOCK] behind filters [B, 2, n, size].

        Returns:
            [B, 2, n, K * STEP / DECIMATION]
        """
        filtered = self.pick(spectra)[:, None] * responses[:, :, None]
        folded = filtered.unflatten(-1, (-1, POINTS)).sum(-2) if self.size > POINTS else filtered
        wave = torch.fft.ifft(folded, norm="forward")
        power = _power(wave[..., BEFORE // DECIMATION : -AFTER // DECIMATION])
        return power.transpose(2, 3).flatten(3)


def _banks() -> list[Bank]:
    """The 32 bands in banks, each with as few bins as its widest filters need."""
    need = 2 * REACH * widest_bandwidths() / SAMPLE_RATE * BLOCK / POINTS
    sizes = np.array([next((n for n in (1, 2, 3, 4, 6) if n >= share), DECIMATION) for share in need])
    edges = [0, *(np.flatnonzero(np.diff(sizes)) + 1), BANDS]
    return [Bank(range(a, b), int(sizes[a]) * POINTS) for a, b in itertools.pairwise(edges)]


@dataclass(frozen=True, eq=False)
class _Ear:
    """What the first pass over a clip tells about hearing it."""

    spectrum: Tensor  # [B, 32] dB above threshold
    responses: list[Tensor]  # of each bank's filters and control filters, [B, 2, n, size]
    adaptation: Tensor  # [B, 32, ADAPTED / 2 + 1], with delays that even out those of the filters
    knee: Tensor  # [B, 32] dB SPL
    slope: Tensor  # [B, 32] dB less a dB above the knee
    loss: Tensor  # [B, 32] dB

    def compress(self, level: Tensor, drive: Tensor) -> Tensor:
        """Cochlear compression of levels [B, 32, ...] dB SPL, steered by others: dB above threshold."""
        knee, slope, loss = (
            p.view(*p.shape, *[1] * (level.dim() - 2)) for p in (self.knee, self.slope, self.loss)
        )
        return torch.relu(level - loss - (drive.clamp(max=100.0).maximum(knee) - knee) * slope)


class AuditoryFrontEnd(nn.Module):
    """Signals to auditory envelopes; differentiable, without parameters.

    >>> ear = AuditoryFrontEnd()
    >>> envelope, spectrum = ear(torch.zeros(2, 24000), torch.zeros(2, 32), torch.full((2,), 65.0))
    >>> envelope.shape, spectrum.shape
    (torch.Size([2, 32, 250]), torch.Size([2, 32]))
    """

    def __init__(self) -> None:
        super().__init__()
        rise = torch.sin(math.pi / 2 * (torch.arange(OVERLAP, dtype=torch.float32) + 0.5) / OVERLAP)
        hann = torch.from_numpy(np.hanning(2 * HOP)[::DECIMATION].copy()).float()
        tables = {
            "taper": torch.cat([rise, torch.ones(STEP - OVERLAP, dtype=torch.float32), rise.flip(0)]),
            "middle_ear": middle_ear(BLOCK // 2 + 1, BLOCK) / BLOCK,
            "adaptation": adaptation(ADAPTED, DECIMATION),
            "window": (hann / hann.sum()).view(2, HALF),
            "narrowest": torch.from_numpy(normal_bandwidths()).float(),
            "widest": torch.from_numpy(widest_bandwidths()).float(),
        }
        for name, table in tables.items():
            self.register_buffer(name, table, persistent=False)
        self.banks = nn.ModuleList(_banks())

    def forward(
        self, signals: Tensor, loss: Tensor, level1: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Envelopes and long-term spectra.

        Args:
            signals: [B, T] at 24 kHz, as the hearing aid puts them out.
            loss: [B, 32] dB, see `band_losses`.
            level1: [B] dB SPL of RMS 1.
            lengths: [B] samples of each signal, with zeros behind; None if all are T long.

        Returns:
            envelope [B, 32, T // 96], dB above threshold, frame k centred at 4k ms minus the
            filter bank's delay (about 20 ms); and spectrum [B, 32], dB above threshold.
        """
        if lengths is None:
            lengths = torch.full_like(level1, signals.shape[-1])
        scaled = signals * 10 ** (level1[:, None] / 20)  # now RMS 1 is 0 dB SPL
        if signals.device.type == "cpu":  # one ear after the other: what is at work stays in the cache
            ears = [
                self._hear(*ear) for ear in zip(*(x.split(1) for x in (scaled, loss, lengths)), strict=True)
            ]
            return tuple(torch.cat(parts) for parts in zip(*ears, strict=True))
        return self._hear(scaled, loss, lengths)

    def _hear(self, signals: Tensor, loss: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        samples = signals.shape[-1]
        blocks = -(-(samples + OVERLAP) // STEP)
        padded = functional.pad(signals, (OVERLAP, blocks * STEP - samples))
        portions = padded.unfold(-1, BLOCK, STEP).split(PORTION, 1)
        ear = self._ear(sum(self._energy(some) for some in portions) * (BLOCK / lengths[:, None]), loss)
        memory, smooth = signals.new_zeros(len(signals), BANDS, MEMORY), []
        for some in portions:
            memory = torch.cat([memory, self._compressed(some, ear)], -1)
            smooth.append(self._smooth(memory, ear))
            memory = memory[..., -MEMORY:]
        envelope = torch.cat(smooth, -1)[..., AFTER // HOP :][..., : samples // HOP]
        first = envelope[..., :1] / self.window[1].sum()  # its window is half outside
        return torch.cat([first, envelope[..., 1:]], -1), ear.spectrum

    def _energy(self, blocks: Tensor) -> Tensor:
        """Energy of blocks [B, K, BLOCK] at each frequency from -12 to 24 kHz: [B, 3/2 BLOCK].

        The squares of the tapers of all blocks sum to one at each sample, so that the energies of
        the blocks sum to the clip's.
        """
        energy = _power(torch.fft.rfft(blocks * self.taper)).sum(1)
        return _continued(energy * _power(self.middle_ear))

    def _ear(self, energy: Tensor, loss: Tensor) -> _Ear:
        """How a clip of mean power [B, 3/2 BLOCK] at each frequency is heard with a loss [B, 32] dB."""
        outer, narrow, knee, ratio, inner = cochlea(loss)
        picked = [bank.pick(energy) for bank in self.banks]
        drive = [(e * bank.control_energy).sum(-1) for e, bank in zip(picked, self.banks, strict=True)]
        drive = _decibels(torch.cat(drive, -1))
        narrow = narrow * self.narrowest
        share = ((drive - 50) / 50).clamp(0, 1)  # bands widen from 50 to 100 dB SPL
        width = narrow + share * (self.widest - narrow)
        responses = [gammatone(bank.z, width[:, bank.bands, None]) for bank in self.banks]
        level = [(e * _power(h)).sum(-1) for e, h in zip(picked, responses, strict=True)]
        level = _decibels(torch.cat(level, -1)).clamp(min=0.0)
        both = [
            torch.stack([h, b.control.expand_as(h)], 1) for h, b in zip(responses, self.banks, strict=True)
        ]
        ear = _Ear(level, both, self._adaptation(width), knee, 1 - 1 / ratio, outer + inner)
        return replace(ear, spectrum=ear.compress(level, drive))

    def _adaptation(self, width: Tensor) -> Tensor:
        delay = group_delay(width)
        delay = delay.amax(-1, keepdim=True) - delay
        k = torch.arange(ADAPTED // 2 + 1, dtype=width.dtype, device=width.device) / (ADAPTED * DECIMATION)
        angle = 2 * math.pi * delay[..., None] * k
        return self.adaptation * torch.complex(angle.cos(), -angle.sin())

    def _compressed(self, blocks: Tensor, ear: _Ear) -> Tensor:
        """Compressed envelopes of blocks: [B, K, BLOCK] to [B, 32, K * STEP / DECIMATION] dB."""
        spectra = _continued(torch.fft.rfft(blocks) * self.middle_ear)
        power = [bank.envelopes(spectra, h) for bank, h in zip(self.banks, ear.responses, strict=True)]
        return ear.compress(*_decibels(torch.cat(power, 2)).unbind(1))

    def _smooth(self, envelope: Tensor, ear: _Ear) -> Tensor:
        """Adaptation, then Hann-weighted means over 8 ms, every 4 ms.

        Args:
            envelope: [B, 32, MEMORY + M] dB above threshold, at 3 kHz.

        Returns:
            [B, 32, M / 12]
        """
        adapted = torch.fft.irfft(torch.fft.rfft(envelope, ADAPTED) * ear.adaptation, ADAPTED)
        used = torch.relu(adapted[..., MEMORY - HALF : envelope.shape[-1]])
        halves = used.unflatten(-1, (-1, HALF)) @ self.window.T
        return halves[..., :-1, 0] + halves[..., 1:, 1]
