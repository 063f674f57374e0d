"""The processed side of HAAQI's ear model, in torch: what the listener's ear makes of a signal.

Middle ear, 32 gammatone bands widened by the outer-hair-cell loss and by level, cochlear
compression, inner-hair-cell attenuation and adaptation, then the envelope in dB above the
listener's threshold, smoothed to 250 frames/s. No reference is needed. (Kates & Arehart 2015, "The
Hearing-Aid Audio Quality Index (HAAQI)"; constants as in pyclarity 0.9, `eb.ear_model`.)

All filters act in the frequency domain. Of each band only the bins around its centre are kept;
folding them onto a short FFT samples the band's complex envelope at 3 kHz. Its magnitude at these
instants is exact, so that only the smoothing over 8 ms sees fewer points than HAAQI's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..audiogram import Audiogram

SAMPLE_RATE = 24_000  # Hz
BANDS = 32
HAAQI_FREQUENCIES = (250.0, 500.0, 1000.0, 2000.0, 4000.0, 6000.0)  # Hz
HOP = 96  # samples: 4 ms, 250 frames/s
FRAME_RATE = SAMPLE_RATE / HOP  # Hz
DECIMATION = 8  # envelopes are sampled at 3 kHz
TAIL = 6_000  # zeros after the signal, samples: room for the filters' and the adaptation's decay
REACH = 6.0  # half width of a band's bins, in gammatone bandwidths b: |H| = (1 + reach^2)^-2 = -63 dB
EAR_Q, MIN_BANDWIDTH = 9.26449, 24.7  # Moore & Glasberg 1983


def center_frequencies() -> np.ndarray:
    """Centres of the 32 bands, [32] Hz, 80 to 8000, evenly spaced in ERB rate (Slaney 1993)."""
    offset = EAR_Q * MIN_BANDWIDTH
    return np.geomspace(80 + offset, 8000 + offset, BANDS) - offset


def band_losses(audiogram: Audiogram) -> np.ndarray:
    """Hearing loss in each band, [32] dB, from HAAQI's six frequencies; linear in Hz, never below 0."""
    levels = audiogram.resample(HAAQI_FREQUENCIES).levels
    return np.maximum(np.interp(center_frequencies(), HAAQI_FREQUENCIES, levels), 0.0)


def cochlea(loss: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The ear's parameters for a loss [..., 32] dB (Moore et al. 1999; pyclarity `loss_parameters`).

    Returns:
        outer-hair-cell attenuation (dB), bandwidth relative to a normal ear's, lower knee (dB SPL),
        compression ratio, inner-hair-cell attenuation (dB); each [..., 32].
    """
    ratio = 1.25 + 2.25 * torch.arange(BANDS, dtype=loss.dtype, device=loss.device) / (BANDS - 1)
    most = 1.25 * 70 * (1 - 1 / ratio)  # loss at which the outer hair cells are gone
    outer = 0.8 * torch.minimum(loss, most)
    inner = loss - outer
    width = 1 + outer / 50 + 2 * (outer / 50) ** 6
    knee = outer + 30
    ratio = (100 - knee) / (30 + 70 / ratio + outer - knee)
    return outer, width, knee, ratio, inner


def _gammatone(z: Tensor, width: Tensor) -> Tensor:
    """Response of the demodulated gammatone filter of bandwidth b [...] Hz at z = exp(-i theta)."""
    a = torch.exp(-2 * math.pi * width / SAMPLE_RATE)
    root = (1 + 2 * a * z) / (1 + 2 * a) * ((1 - a) / (1 - a * z)).square()
    return 2 * root.square()


def _group_delay(width: Tensor) -> Tensor:
    """Group delay of that filter at its centre, in whole samples."""
    a = torch.exp(-2 * math.pi * width / SAMPLE_RATE)
    return torch.round((4 * a + 8 * a * a) / (1 + 4 * a + 4 * a * a) + 4 * a / (1 - a))


def _decibels(power: Tensor) -> Tensor:
    return 10 * torch.log10(power + 1e-4)  # no lower than -40 dB SPL: far below any threshold


def _middle_ear(n_fft: int) -> Tensor:
    """One-pole low-pass at 5 kHz and two-pole high-pass at 350 Hz, Butterworth, bilinear; [n_fft]."""
    z = torch.exp(-2j * math.pi * torch.arange(n_fft, dtype=torch.float64) / n_fft)
    c = math.tan(math.pi * 5000 / SAMPLE_RATE)
    low = c * (1 + z) / (1 + c + (c - 1) * z)
    c = math.tan(math.pi * 350 / SAMPLE_RATE)
    damping = math.sqrt(2) * c
    high = (1 - z) ** 2 / (1 + damping + c * c + 2 * (c * c - 1) * z + (1 - damping + c * c) * z * z)
    return (low * high).to(torch.complex64)


def _adaptation(points: int) -> Tensor:
    """Rapid (2 ms) and short-term (60 ms) adaptation of the inner hair cell, [points // 2 + 1].

    The transfer function of pyclarity's two-capacitor circuit (overshoot 2, backward differences
    at 24 kHz), at the frequencies of a real FFT of `points` decimated samples.
    """
    r1, r2 = 0.5, 0.25
    c1 = 0.002 * SAMPLE_RATE * (r1 + r2)  # r1 r2 C1 / step
    c2 = 0.060 * SAMPLE_RATE * r2 / (r1 + r2)  # r2 r3 C2 / step, with r3 = r2
    k = torch.arange(points // 2 + 1, dtype=torch.float64)
    z = torch.exp(-2j * math.pi * k / (points * DECIMATION))
    second = 2 * r2 + c2 * (1 - z)
    first = r1 + r2 + c1 * (1 - z) - r1 * r2 / second
    return ((1 - r2 / first) / r1).to(torch.complex64)


def _fast_length(samples: int) -> int:
    """The next FFT length that is 2^i 3^j 5^k times the decimation."""
    points = math.ceil(samples / DECIMATION)
    while True:
        rest = points
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return points * DECIMATION
        points += 1


@dataclass(frozen=True, eq=False)
class _Band:
    """What does not depend on the signal, for one band."""

    bins: slice  # of the spectrum that is continued by half its length on both sides
    z: Tensor  # [W] exp(-i theta), theta from the band's centre
    control: Tensor  # [W] response of the control path, delayed as the compressor delays its gain
    control_energy: Tensor  # [W] its squared magnitude


def _band(center: float, erb: float, widest: float, n_fft: int) -> _Band:
    points = n_fft // DECIMATION
    size = points * math.ceil(min(2 * REACH * erb * widest / SAMPLE_RATE, 1.0) * DECIMATION)
    start = round(center / SAMPLE_RATE * n_fft) - size // 2
    turns = (start + torch.arange(size, dtype=torch.float64)) / n_fft - center / SAMPLE_RATE
    z = torch.exp(-2j * math.pi * turns)
    control = _gammatone(z, torch.tensor(erb * widest, dtype=torch.float64))
    lag = 1 / (2 * math.pi * 800)  # s; the gain's one-pole low-pass at 800 Hz
    late = control * torch.exp(-2j * math.pi * turns * SAMPLE_RATE * lag)
    start += n_fft // 2
    energy = control.abs().square().float()
    return _Band(slice(start, start + size), z.to(torch.complex64), late.to(torch.complex64), energy)


@dataclass(frozen=True, eq=False)
class _Tables:
    """What does not depend on the signal, for one FFT length."""

    n_fft: int
    middle_ear: Tensor  # [n_fft]
    adaptation: Tensor  # [n_fft // 16 + 1]
    bands: list[_Band]


class AuditoryFrontEnd(nn.Module):
    """Signals to auditory envelopes; differentiable, without parameters.

    >>> ear = AuditoryFrontEnd()
    >>> envelope, spectrum = ear(torch.zeros(2, 24000), torch.zeros(2, 32), torch.full((2,), 65.0))
    >>> envelope.shape, spectrum.shape
    (torch.Size([2, 32, 250]), torch.Size([2, 32]))
    """

    def __init__(self) -> None:
        super().__init__()
        hann = torch.from_numpy(np.hanning(2 * HOP)[::DECIMATION].copy()).float()
        self.register_buffer("window", hann / hann.sum(), persistent=False)
        erb = 1.019 * (MIN_BANDWIDTH + center_frequencies() / EAR_Q)  # b of a normal ear's filter, Hz
        self.register_buffer("erb", torch.from_numpy(erb).float(), persistent=False)
        self.register_buffer("widest", cochlea(torch.full((BANDS,), 100.0))[1], persistent=False)
        self._kept: _Tables | None = None

    def _tables(self, n_fft: int) -> _Tables:
        if self._kept is None or self._kept.n_fft != n_fft:
            erb, widest = self.erb.tolist(), self.widest.tolist()
            bands = [_band(c, b, w, n_fft) for c, b, w in zip(center_frequencies(), erb, widest, strict=True)]
            self._kept = _Tables(n_fft, _middle_ear(n_fft), _adaptation(n_fft // DECIMATION), bands)
        return self._kept

    def forward(self, signals: Tensor, loss: Tensor, level1: Tensor) -> tuple[Tensor, Tensor]:
        """Envelopes and long-term spectra.

        Args:
            signals: [B, T] at 24 kHz, as the hearing aid puts them out.
            loss: [B, 32] dB, see `band_losses`.
            level1: [B] dB SPL of RMS 1.

        Returns:
            envelope [B, 32, T // 96], dB above threshold, frame k centred at 4k ms minus the
            filter bank's delay (about 20 ms); and spectrum [B, 32], dB above threshold.
        """
        samples = signals.shape[-1]
        tables = self._tables(_fast_length(samples + TAIL))
        spectrum = self._spectrum(signals, level1, tables)
        outer, narrow, knee, ratio, inner = cochlea(loss)

        def compress(level: Tensor, control: Tensor, knee: Tensor, slope: Tensor, loss: Tensor) -> Tensor:
            return torch.relu(level - loss - (control.clamp(max=100.0).maximum(knee) - knee) * slope)

        per_ear = (knee, 1 - 1 / ratio, outer + inner)
        energy = spectrum.real.square() + spectrum.imag.square()
        mean = 1 / (tables.n_fft * samples)  # Parseval
        control = torch.stack([energy[:, t.bins] @ t.control_energy.to(energy) for t in tables.bands], -1)
        control = _decibels(control * mean)
        share = ((control - 50) / 50).clamp(0, 1)  # bands widen from 50 to 100 dB SPL
        width = (narrow + share * (self.widest - narrow)) * self.erb
        envelopes, powers = [], []
        for n, table in enumerate(tables.bands):
            part = spectrum[:, table.bins]
            filtered = part * _gammatone(table.z, width[:, n, None])
            powers.append((filtered.real.square() + filtered.imag.square()).sum(-1) * mean)
            level, drive = (self._sample(x, tables.n_fft) for x in (filtered, part * table.control))
            envelopes.append(compress(level, drive, *(p[:, n, None] for p in per_ear)))
        level = _decibels(torch.stack(powers, -1)).clamp(min=0.0)
        delay = _group_delay(width)
        delay = delay.amax(-1, keepdim=True) - delay
        envelope = self._adapt(torch.stack(envelopes, 1), delay, tables)
        return self._smooth(envelope, samples // HOP), compress(level, control, *per_ear)

    @staticmethod
    def _spectrum(signals: Tensor, level1: Tensor, tables: _Tables) -> Tensor:
        """Spectrum [B, 2 n_fft] behind the middle ear, from minus to plus the sampling frequency."""
        scaled = signals * 10 ** (level1[:, None] / 20)  # now RMS 1 is 0 dB SPL
        spectrum = torch.fft.fft(scaled, tables.n_fft) * tables.middle_ear
        half = tables.n_fft // 2
        return torch.cat([spectrum[:, half:], spectrum, spectrum[:, :half]], -1)

    @staticmethod
    def _sample(band: Tensor, n_fft: int) -> Tensor:
        """Envelope level [B, M], dB SPL, of a band's spectrum [B, W]: W folded onto M, then an FFT."""
        points = n_fft // DECIMATION
        folded = band.unflatten(-1, (-1, points)).sum(-2)
        wave = torch.fft.ifft(folded) / DECIMATION
        return _decibels(wave.real.square() + wave.imag.square())

    @staticmethod
    def _adapt(envelope: Tensor, delay: Tensor, tables: _Tables) -> Tensor:
        """Inner-hair-cell adaptation of [B, 32, M], and the bands' delays [B, 32], samples, evened out."""
        points = envelope.shape[-1]
        k = torch.arange(points // 2 + 1) / tables.n_fft
        turn = torch.polar(torch.ones(1).to(delay), -2 * math.pi * delay[..., None] * k)
        return torch.relu(torch.fft.irfft(torch.fft.rfft(envelope) * (tables.adaptation * turn), points))

    def _smooth(self, envelope: Tensor, frames: int) -> Tensor:
        """Hann-weighted means over 8 ms, every 4 ms: [B, 32, M] to [B, 32, frames]."""
        half = HOP // DECIMATION
        used = functional.pad(envelope[..., : frames * half], (half, 0))
        smooth = functional.conv1d(used.flatten(0, 1)[:, None], self.window[None, None], stride=half)
        first = 1 / self.window[half:].sum()  # the first window is half outside
        scale = torch.cat([first[None], torch.ones(frames - 1)])
        return smooth.unflatten(0, envelope.shape[:2])[:, :, 0] * scale
