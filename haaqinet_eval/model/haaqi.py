"""HAAQI with gradients: the index itself as a loss, where the reference is known.

Kates and Arehart (2016), "The Hearing-Aid Audio Quality Index (HAAQI)", IEEE/ACM TASLP 24(2). The
reference is heard by `haaqinet_eval.haaqi`, exactly; the processed signal by the same ear in torch, whose
recursive filters are products of spectra here. Delays are found without gradients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.fft import next_fast_len
from scipy.signal import butter, freqz
from torch import Tensor, nn

from ..audiogram import Audiogram
from ..errors import InputError, Unscorable
from ..haaqi import Reference, cochlea, ear, prepare
from ..haaqi.align import Lanes
from ..haaqi.layout import Layout
from ..haaqi.prepared import Options
from . import haaqi_features as parts_of
from .gammatone import gammatone

RATE = int(cochlea.RATE)
DEFAULT_LEVEL1 = 65.0
_TAIL = RATE  # silent samples behind a signal, in which filters ring out: 1 s
_QUIET = 1e-20  # power below which an envelope has no gradient, 200 dB below an RMS of 1


@dataclass(frozen=True)
class HaaqiScores:
    """HAAQI of a batch.

    Attributes:
        value: [B] in [0, 1].
        parts: [B] each: mel_cepstral_high, bm_sync5, d_loud, d_norm, nonlinear, linear.
    """

    value: Tensor
    parts: dict[str, Tensor]


class DifferentiableHaaqi(nn.Module):
    """HAAQI of processed signals against references that are given once.

    Args:
        references: [B, T] or B signals, undistorted, one ear each.
        sample_rate: Hz, of the references.
        audiograms: one for each reference.
        equalisation: 1: HAAQI amplifies the references by NAL-R; 2: they are amplified already.
        level1: dB SPL that an RMS of 1 means.
        seed: of the threshold noise, as for `haaqi.Reference`.

    Raises:
        Unscorable, InputError: as `haaqi.Reference`; InputError where counts differ.
    """

    def __init__(
        self,
        references: Sequence[np.ndarray] | np.ndarray | Tensor,
        sample_rate: float,
        audiograms: Sequence[Audiogram],
        equalisation: int = 1,
        level1: float = DEFAULT_LEVEL1,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        if isinstance(references, Tensor):
            references = references.detach().cpu().double().numpy()
        if len(references) != len(audiograms):
            raise InputError(
                f"{len(references)} references, {len(audiograms)} audiograms: one each is needed"
            )
        self.references = [
            Reference(signal, sample_rate, audiogram, equalisation, level1, seed)
            for signal, audiogram in zip(references, audiograms, strict=True)
        ]
        self.sample_rate = sample_rate

    def forward(self, processed: Tensor, sample_rate: float | None = None) -> HaaqiScores:
        """HAAQI of [B, T], on the device and in the precision of `processed`.

        Args:
            processed: one signal for each reference, as long as it to 10 %.
            sample_rate: Hz; without it that of the references.

        Raises:
            Unscorable: code length_mismatch. InputError: for another number of signals.
        """
        if processed.ndim != 2 or len(processed) != len(self.references):
            shape = list(processed.shape)
            raise InputError(f"processed has shape {shape}; [{len(self.references)}, samples] is needed")
        scored = [
            self._one(signal, reference, sample_rate or self.sample_rate)
            for signal, reference in zip(processed, self.references, strict=True)
        ]
        names = scored[0].keys()
        parts = {name: torch.stack([one[name] for one in scored]) for name in names}
        return HaaqiScores(parts.pop("value"), parts)

    def _one(self, signal: Tensor, reference: Reference, sample_rate: float) -> dict[str, Tensor]:
        signal = _at_24_khz(signal * 2.0**-reference._halvings, sample_rate, reference._clock)
        whole = len(reference._signal)
        if abs(len(signal) - whole) > prepare.LENGTH_TOLERANCE * whole:
            raise Unscorable("length_mismatch", f"processed signal has {len(signal)} samples, not {whole}")
        signal = signal[: min(len(signal), whole)]
        part = prepare.sounding_part(reference._signal[: len(signal)])
        delay = reference._delay(signal.detach().cpu().double().numpy())
        heard = reference._hear(part, True, Options())
        bands = _Bands(_advanced(signal, delay)[part], reference._ear)
        delays = _delays(heard.bands, bands)
        motion, smooth = bands.to_nerve(delays, heard.waits)
        noise = np.stack([drawn[ear.PAD :].reshape(ear.LANES, -1) for drawn in heard.noise]).reshape(32, -1)
        noise = _moved(bands.tensor(noise), -heard.waits, heard.waits)
        motion = motion + float(reference._ear.noise_gain) * noise
        references = np.concatenate([flat.reshape(-1, ear.LANES).T for flat in heard.motion])
        return parts_of.judged(
            (heard.smooth, smooth), (references, motion), (heard.level_sl, bands.level_sl), bands.tensor
        )


def _at_24_khz(signal: Tensor, sample_rate: float, clock: float) -> Tensor:
    """At 24 kHz, rates taken to whole kHz as HAAQI does where the reference's is off alike."""
    if prepare.clock(sample_rate) == clock:
        khz = round(sample_rate / 1000)
        return signal if khz == RATE // 1000 else _levelled(signal, khz)
    from torchaudio.functional import resample

    return resample(signal[None], round(sample_rate), round(RATE * clock), lowpass_filter_width=32)[0]


def _levelled(signal: Tensor, khz: int) -> Tensor:
    """`prepare.to_24_khz`: scipy's filter, and the level that the signal had."""
    common = math.gcd(khz, RATE // 1000)
    up, down = RATE // 1000 // common, khz // common
    fir = up * torch.as_tensor(prepare._anti_aliasing(up, down), dtype=signal.dtype, device=signal.device)
    spaced = torch.stack((signal, *(torch.zeros_like(signal) for _ in range(up - 1))), 1).ravel()
    size = next_fast_len(len(spaced) + len(fir) - 1, real=True)
    filtered = torch.fft.irfft(torch.fft.rfft(spaced, size) * torch.fft.rfft(fir, size), size)
    resampled = filtered[len(fir) // 2 :][: len(spaced)][::down]
    if khz < RATE // 1000:
        before, after = (signal**2).mean(), (resampled**2).mean()
    else:
        before, after = _in_band_power(signal, khz), _in_band_power(resampled, RATE / 1000)
    return resampled * torch.sqrt((before + _QUIET) / (after + _QUIET))


def _in_band_power(signal: Tensor, khz: float) -> Tensor:
    size = next_fast_len(len(signal) + 4096, real=True)
    response = torch.as_tensor(freqz(*prepare._band(khz), size // 2 + 1, include_nyquist=True)[1])
    spectrum = torch.fft.rfft(signal, size)
    spectrum = spectrum * response.to(spectrum)
    return (torch.fft.irfft(spectrum, size)[: len(signal)] ** 2).mean()


def _advanced(signal: Tensor, delay: int) -> Tensor:
    """`delay` samples earlier, zeros moving in."""
    zeros = signal.new_zeros(min(abs(delay), len(signal)))
    if delay >= 0:
        return torch.cat((signal[delay:], zeros))
    return torch.cat((zeros, signal[: len(signal) - len(zeros)]))


def _moved(rows: Tensor, by: np.ndarray, begins: np.ndarray) -> Tensor:
    """Each row [T] `by` samples earlier, and silent before it begins."""
    moved = [_advanced(row, int(count)) for row, count in zip(rows, by, strict=True)]
    time = torch.arange(rows.shape[1], device=rows.device)
    begun = time >= torch.as_tensor(begins, device=rows.device)[:, None]
    return torch.stack(moved) * begun


class _Bands:
    """A signal [T] in the ear's 32 bands, compressed, with gradients."""

    def __init__(self, signal: Tensor, listener: ear.Ear) -> None:
        self._like, self._listener, self._samples = signal, listener, len(signal)
        self._size = next_fast_len(self._samples + _TAIL)
        loss, level1 = listener.loss, listener.level1
        low, high = prepare.middle_ear_filters()
        middle = self._response(*low) * self._response(*high)
        kind = torch.complex64 if signal.dtype == torch.float32 else torch.complex128
        spectrum = (torch.fft.fft(signal.double(), self._size) * middle).to(kind)
        widest = gammatone(spectrum, self.wide(cochlea.WIDEST), self._samples)
        power = widest.real**2 + widest.imag**2
        control = power.double().mean(1)
        level = level1 + 10 * torch.log10(control + _QUIET)
        share = ((level - 50) / 50).clamp(0, 1)
        narrow, wide = self.wide(loss.bandwidth), self.wide(cochlea.WIDEST)
        band = gammatone(spectrum, narrow + share * (wide - narrow), self._samples)
        square = band.real**2 + band.imag**2
        self.level_sl = self._spectrum_sl(square.double().mean(1), level)
        knee, slope = (self.tensor(v)[:, None] for v in (loss.knee, 1 - 1 / loss.ratio))
        level = level1 + 10 * torch.log10(power + _QUIET)
        decibels = -self.tensor(loss.outer)[:, None] - (level.clamp(max=100) - knee).clamp(min=0) * slope
        gain = self._through(10 ** (decibels / 20), self._response(*butter(1, 800 / (0.5 * RATE))))
        self.envelope = gain * torch.sqrt(square + _QUIET)
        self.motion = gain * band.real

    def tensor(self, values: np.ndarray) -> Tensor:
        """In the signal's precision, on its device."""
        return torch.as_tensor(values, dtype=self._like.dtype, device=self._like.device)

    def wide(self, values: np.ndarray) -> Tensor:
        """In double precision, on the signal's device."""
        return torch.as_tensor(values, dtype=torch.float64, device=self._like.device)

    def _response(self, b: np.ndarray, a: np.ndarray) -> Tensor:
        return torch.as_tensor(freqz(b, a, self._size, whole=True)[1], device=self._like.device)

    def _through(self, rows: Tensor, response: Tensor) -> Tensor:
        """Rows [32, T] through a filter with this response at all frequencies."""
        half = response[: self._size // 2 + 1]
        spectrum = torch.fft.rfft(rows, self._size)
        return torch.fft.irfft(spectrum * half.to(spectrum.dtype), self._size)[:, : self._samples]

    def _spectrum_sl(self, square: Tensor, control: Tensor) -> Tensor:
        """As `cochlea.spectrum_sl`: [32]."""
        loss, level1 = self._listener.loss, self._listener.level1
        knee = self.wide(loss.knee)
        control = torch.maximum(control.clamp(max=100), knee)
        gain = -self.wide(loss.outer) - (control - knee) * self.wide(1 - 1 / loss.ratio)
        level = (level1 + 10 * torch.log10(square + _QUIET)).clamp(min=0)
        return (level + gain - self.wide(loss.inner)).clamp(min=0)

    def to_nerve(self, delays: tuple[np.ndarray, np.ndarray], waits: np.ndarray) -> tuple[Tensor, Tensor]:
        """Adapted motion [32, T] and envelopes in dB SL [32, L], in time with the reference."""
        envelope = _moved(self.envelope, delays[0] - waits, waits)
        motion = _moved(self.motion, delays[1] - waits, waits)
        threshold = self.tensor(self._listener.level1 - self._listener.loss.inner)[:, None]
        level = (20 * torch.log10(envelope + 1e-10) + threshold).clamp(min=0)
        w10, w11, w12, w20, w21, w22 = ear.WEIGHTS
        forward = np.polymul([1, -w11], [1, -w22]) - np.array([0, 0, w12 * w21])
        held = self._through(level, self._response(np.array([w10, w12 * w20 - w22 * w10]), forward))
        adapted = (2 * (level - held)).clamp(min=0)
        return adapted / (envelope + 1e-10) * motion, parts_of.averages(adapted, ear.segment(8.0))


def _delays(reference: list[ear.Bands], processed: _Bands) -> tuple[np.ndarray, np.ndarray]:
    """Samples [32] by which to advance envelopes and motions, as the exact ear finds them."""
    found = []
    for index, group in enumerate(ear.GROUPS):
        sides = []
        for rows, centred in ((processed.envelope, True), (processed.motion, False)):
            values = rows[group].detach().cpu().float().numpy()
            flat = np.zeros(((values.shape[1] + 2 * ear.PAD), ear.LANES), np.float32)
            flat[ear.PAD : ear.PAD + values.shape[1]] = values.T
            mean = values.mean(1, dtype=float).astype(np.float32).astype(float) if centred else np.zeros(16)
            square = np.square(values, dtype=float).mean(1)
            spread = np.maximum(square - mean**2, 1e-6 * square)
            sides.append(Lanes(flat.ravel(), ear.PAD, Layout(values.shape[1]), mean, spread))
        nothing = np.zeros(ear.LANES)
        found.append(ear.align(reference[index], ear.Bands(*sides, nothing, nothing, nothing)))
    envelope, motion = zip(*found, strict=True)
    return np.concatenate(envelope), np.concatenate(motion)
