"""An auditory model on spectra, cheap enough to train through on a processor.

HAAQI's ear (Kates and Arehart 2015), frame by frame: middle ear, 32 gammatone bands that outer-hair-cell
loss widens, compression with its knee and ratio, attenuation by outer and inner hair cells, dB above the
listener's threshold. What `model.AuditoryFrontEnd` has besides is left out: bands that widen with level,
and adaptation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..model.auditory import SAMPLE_RATE
from ..model.filters import center_frequencies, cochlea, gammatone, middle_ear, normal_bandwidths
from ..model.low_delay import LowDelaySpectrum


class SpectralEar(nn.Module):
    """Powers of a `LowDelaySpectrum` at 24 kHz to what ears make of them.

    Args:
        spectrum: of the powers.
        level1: dB SPL that an RMS of 1 means.
    """

    def __init__(self, spectrum: LowDelaySpectrum, level1: float) -> None:
        super().__init__()
        self.level1 = level1
        hz = spectrum.frequencies.double()
        apart = hz[:, None] - torch.from_numpy(center_frequencies())  # [F, 32]
        turn = torch.exp(-2j * torch.pi * apart / SAMPLE_RATE)
        middle = middle_ear(len(hz), spectrum.size).abs().square() / spectrum.power
        self.register_buffer("turn", turn.to(torch.complex64), persistent=False)
        self.register_buffer("middle", middle.float()[:, None], persistent=False)
        self.register_buffer("narrow", torch.from_numpy(normal_bandwidths()).float(), persistent=False)

    def forward(self, power: Tensor, loss: Tensor) -> Tensor:
        """What ears hear: dB above threshold, [B, L, 32].

        Args:
            power: squared magnitudes of frames, [B, L, F].
            loss: of the ears, [B, 32] dB, see `band_losses`.
        """
        outer, width, knee, ratio, inner = (part[:, None] for part in cochlea(loss))
        response = gammatone(self.turn, (self.narrow * width)).abs().square()  # [B, F, 32]
        response = response / (response.amax(1, keepdim=True) + 1e-9) * self.middle
        level = 10 * torch.log10(power @ response + 1e-12) + self.level1
        compressed = (level.clamp(max=100.0).maximum(knee) - knee) * (1 - 1 / ratio)
        return torch.relu(level - outer - inner - compressed)
