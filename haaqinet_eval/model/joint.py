"""One causal network for noise reduction and hearing-loss compensation, with a knob for each.

After Gonzalez et al. (2026), "End-to-End Multi-Task Learning for Adjustable Joint Noise Reduction and
Hearing Loss Compensation": the audiogram goes in beside the sound, two masks come out, one for either task,
and each is raised to an exponent before both are applied. Of the paper only the abstract was at hand; sizes,
bands and the filter bank of low delay are this project's.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..audiogram import CLARITY_FREQUENCIES, Audiogram
from ..errors import InputError
from ..nalr import NALR_FREQUENCIES, nalr_gains, thresholds_at
from .low_delay import LowDelaySpectrum
from .state import load_strictly, read_metadata_json, read_safetensors, write_tensors

FORMAT = "haaqinet-joint-1"
WEIGHTS = Path(__file__).parents[1] / "weights" / "joint.safetensors"  # those that are shipped
LEVEL1 = 85.0  # dB SPL that an RMS of 1 means: music at -20 dB of full scale is at 65 dB SPL
EDGES = (50.0, 11_000.0)  # Hz, centres of the lowest and the highest band
PORTION = 4000  # frames that are filtered at once: 10 s
TAPS, SPREAD = 3, 4  # of the convolutions; each layer reaches four times as far back as the one before
DEEPEST = 30.0  # dB of noise reduction
GAINS = (-10.0, 50.0)  # dB of compensation


@dataclass(frozen=True)
class JointDimensions:
    """Sizes of a `JointNet`.

    Raises:
        InputError: for one that is no whole number from 1 to 1024.
    """

    bands: int = 40
    hidden: int = 64
    layers: int = 4

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1024:
                raise InputError(f"{name} {value!r} is no whole number from 1 to 1024")


class Masks(NamedTuple):
    """Of frames in bands, in dB, so that an exponent is a factor."""

    noise: Tensor  # [B, L, bands], -30 to 0
    gain: Tensor  # [B, L, bands], -10 to 50


def mel(hz: np.ndarray | float) -> np.ndarray:
    """Hz on the mel scale (O'Shaughnessy 1987)."""
    return 2595 * np.log10(1 + np.asarray(hz) / 700)


def band_centres(bands: int) -> np.ndarray:
    """Centres of the network's bands, [bands] Hz, even on the mel scale."""
    low, high = mel(EDGES[0]), mel(EDGES[1])
    return 700 * (10 ** (np.linspace(low, high, bands) / 2595) - 1)


class Bands(nn.Module):
    """From bins to bands and back, at one sample rate: triangles that add up to 1 at each frequency."""

    def __init__(self, spectrum: LowDelaySpectrum, bands: int) -> None:
        super().__init__()
        hz = spectrum.frequencies.double().numpy()
        centres = mel(band_centres(bands))
        shares = np.stack([np.interp(mel(hz), centres, row) for row in np.eye(bands)])  # [bands, F]
        shares = torch.from_numpy(shares).float()
        self.register_buffer("to_bins", shares, persistent=False)
        heard = torch.from_numpy(hz <= 12_000)  # what training at 24 kHz had
        self.register_buffer("to_bands", (shares * heard).T / spectrum.power, persistent=False)

    def levels(self, spectra: Tensor, level1: float) -> Tensor:
        """Band levels of frames [B, L, F], [B, L, bands] dB SPL, not below -20."""
        power = (spectra.real.square() + spectra.imag.square()) @ self.to_bands
        return (10 * torch.log10(power + 1e-12) + level1).clamp(min=-20.0)

    def factors(self, decibels: Tensor) -> Tensor:
        """Factors [B, L, F] of bins for band gains [B, L, bands] in dB."""
        return torch.exp(decibels @ self.to_bins * (np.log(10) / 20))


class _Layer(nn.Module):
    """A dilated causal convolution that the audiogram steers (FiLM), added to what goes in."""

    def __init__(self, hidden: int, dilation: int) -> None:
        super().__init__()
        self.dilation, self.past = dilation, (TAPS - 1) * dilation
        self.film = nn.Linear(hidden, 2 * hidden)
        self.widen = nn.Linear(TAPS * hidden, 2 * hidden)  # of the taps side by side
        self.narrow = nn.Linear(hidden, hidden)

    def forward(self, x: Tensor, listener: Tensor) -> Tensor:
        """[B, L, hidden] to the same."""
        scale, shift = self.film(listener)[:, None].chunk(2, -1)
        padded = functional.pad(x * (1 + scale) + shift, (0, 0, self.past, 0))
        taps = [padded[:, n * self.dilation :][:, : x.shape[1]] for n in range(TAPS)]
        return x + self.narrow(functional.glu(self.widen(torch.cat(taps, -1)), -1))


class JointNet(nn.Module):
    """Band levels and an audiogram to two masks; each frame's depend on it and on those before.

    Args:
        dims: sizes.
    """

    format = FORMAT

    def __init__(self, dims: JointDimensions | None = None) -> None:
        super().__init__()
        self.dims = dims = dims or JointDimensions()
        self.listener = nn.Sequential(nn.Linear(len(CLARITY_FREQUENCIES), dims.hidden), nn.Tanh())
        self.enter = nn.Linear(dims.bands, dims.hidden)
        self.layers = nn.ModuleList(_Layer(dims.hidden, SPREAD**n) for n in range(dims.layers))
        wide = 2 * dims.hidden + dims.bands
        self.noise, self.gain = (nn.Linear(wide, dims.bands) for _ in range(2))
        nn.init.constant_(self.noise.bias, 2.0)
        nn.init.constant_(self.gain.bias, -1.1)  # 5 dB to begin with

    @property
    def past(self) -> int:
        """Frames before a frame that its masks depend on."""
        return sum(layer.past for layer in self.layers)

    def forward(self, levels: Tensor, audiograms: Tensor) -> Masks:
        """Masks of frames.

        Args:
            levels: [B, L, bands] dB SPL.
            audiograms: [B, 8] dB HL, see `encode_audiogram`.
        """
        features = (levels - 40) / 25
        listener = self.listener(audiograms / 50)
        x = self.enter(features)
        for layer in self.layers:
            x = layer(x, listener)
        x = torch.cat([x, features, listener[:, None].expand_as(x)], -1)
        least = 10 ** (-DEEPEST / 20)
        noise = 20 * torch.log10(least + (1 - least) * torch.sigmoid(self.noise(x)))
        gain = GAINS[0] + (GAINS[1] - GAINS[0]) * torch.sigmoid(self.gain(x))
        return Masks(noise, gain)


def encode_audiogram(audiogram: Audiogram) -> np.ndarray:
    """Thresholds at the eight usual frequencies, [8] dB HL."""
    return np.asarray(audiogram.resample(CLARITY_FREQUENCIES).levels, np.float32)


def prescribed(audiogram: Audiogram, bands: int) -> np.ndarray:
    """NAL-R's gains in the network's bands, [bands] dB; between its frequencies linear in log Hz."""
    levels = thresholds_at(audiogram, NALR_FREQUENCIES)
    gains = nalr_gains(levels) if levels.max() > 0 else np.zeros(len(levels))
    return np.interp(np.log(band_centres(bands)), np.log(NALR_FREQUENCIES), gains)


class JointFilter:
    """A network at one sample rate: filters signals as a hearing aid would.

    Args:
        net: the network.
        sample_rate: Hz, a whole number from 8000 to 192,000.
        level1: dB SPL that an RMS of 1 means.

    Raises:
        InputError: for another rate.
    """

    def __init__(self, net: JointNet, sample_rate: float, level1: float = LEVEL1) -> None:
        if not (8_000 <= sample_rate <= 192_000 and sample_rate == int(sample_rate)):
            raise InputError(f"sample rate {sample_rate!r} Hz is no whole number from 8000 to 192,000")
        self.net, self.level1 = net, level1
        self.spectrum = LowDelaySpectrum(int(sample_rate))
        self.bands = Bands(self.spectrum, net.dims.bands)

    @torch.no_grad()
    def __call__(
        self,
        signal: np.ndarray,
        audiogram: Audiogram,
        noise_reduction: float = 1.0,
        compensation: float = 1.0,
        prescription: bool = False,
    ) -> np.ndarray:
        """One ear's signal filtered, in time with the input: [T] -> [T].

        An output sample depends on no input that is `spectrum.look_ahead` samples later, or more.

        Args:
            signal: at the filter's rate, full scale 1.
            audiogram: of the ear.
            noise_reduction, compensation: exponents of the masks; 0 leaves a mask out.
            prescription: NAL-R's gains in place of the network's second mask.
        """
        padded = self.spectrum.pad(torch.from_numpy(np.ascontiguousarray(signal, np.float32))[None])
        thresholds = torch.from_numpy(encode_audiogram(audiogram))[None]
        fixed = torch.from_numpy(prescribed(audiogram, self.net.dims.bands)).float()
        step, size = self.spectrum.step, self.spectrum.size
        count, before, joined = self.spectrum.count(len(signal)), None, []
        for first in range(0, count, PORTION):
            last, early = min(first + PORTION, count), max(first - self.net.past, 0)
            spectra = self.spectrum.frames(padded[:, early * step : (last - 1) * step + size])
            masks = self.net(self.bands.levels(spectra, self.level1), thresholds)
            gain = fixed if prescription else masks.gain
            decibels = (noise_reduction * masks.noise + compensation * gain)[:, first - early :]
            factors = self.bands.factors(decibels)
            filtered, before = self.spectrum.join(spectra[:, first - early :] * factors, before)
            joined.append(filtered)
        return torch.cat(joined, 1)[0, step : step + len(signal)].double().numpy()


def save_joint(net: JointNet, path: str | Path, name: str, **notes: str) -> None:
    """Write a network's weights, whole or not at all."""
    state = {key: value.detach().cpu().clone().contiguous() for key, value in net.state_dict().items()}
    metadata = {"format": FORMAT, "name": name, "dimensions": json.dumps(asdict(net.dims)), **notes}
    write_tensors(path, state, metadata)


def load_joint(path: str | Path | None = None) -> JointNet:
    """Rebuild a network from its file, ready to filter; None for the weights that are shipped.

    Raises:
        InputError: for a missing or foreign file, impossible dimensions, other keys or shapes, or values
            that are not finite.
    """
    path = WEIGHTS if path is None else path
    state, metadata = read_safetensors(path)
    if metadata.get("format") != FORMAT:
        raise InputError(f"weights {path}: format {metadata.get('format')!r} is not {FORMAT}")
    dimensions = read_metadata_json(metadata, "dimensions", path)
    try:
        dims = JointDimensions(**dimensions)
    except (TypeError, InputError) as error:
        raise InputError(f"weights {path}: dimensions: {error}") from None
    with torch.device("meta"):
        net = JointNet(dims)
    return load_strictly(net, state, path)
