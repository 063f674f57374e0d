"""The target as it is guessed: what the gains that were asked for would make of the mixture, in the ear.

The guess of each role's share of a tile gives the gain of the tile; divided by the ear's compression
ratio it moves the mixture's envelopes. Outputs are compared with this as HAAQI compares with the target.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ..haaqi.features import modulations, spectral_differences
from ..model.filters import center_frequencies, cochlea
from .features import EDGES, GROUP, STEP, TILE_HZ, correlation, named
from .gains import ROLES

FRAMES = 4  # of an envelope, in a tile
LATE = 5  # frames that envelopes come after the sound, because of the ear's filters
LEAST = -30.0  # dB, of an expected gain


def in_steps(envelope: np.ndarray) -> np.ndarray:
    """An envelope (dB) in steps of 0.4 dB from 0 to 102, as training keeps it."""
    return (STEP * np.clip(np.round(envelope / STEP), 0, 255)).astype(np.float32)


def expected_gain(shares: np.ndarray, levels: np.ndarray, gains: Mapping[str, float]) -> np.ndarray:
    """Gain (dB) of each tile, re the whole's: shares [4, M, 14], levels (dB SPL) [M, 14] -> [M, 14]."""
    factors = np.array([10 ** (gains.get(role, 0.0) / 10) for role in ROLES])
    power = np.tensordot(factors, shares, 1)
    weights = 10 ** (levels / 10)
    whole = (power * weights).sum() / weights.sum()
    return np.maximum(10 * np.log10(power + 1e-6), LEAST) - 10 * np.log10(whole + 1e-6)


def expected_envelope(envelope: np.ndarray, gain: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """A mixture's envelope [32, L] with the gains (dB) of its tiles [M, 14], in an ear of loss [32] dB."""
    middles = np.sqrt(EDGES[:-1] * np.maximum(EDGES[1:] - 1, EDGES[:-1])) * TILE_HZ
    place = np.interp(np.log(center_frequencies()), np.log(middles), np.arange(len(middles)))
    low = np.minimum(place.astype(int), len(middles) - 2)
    part = (place - low)[:, None]
    bands = (1 - part) * gain.T[low] + part * gain.T[low + 1]
    frames = np.clip((np.arange(envelope.shape[1]) - LATE) // FRAMES, 0, len(gain) - 1)
    ratio = cochlea(torch.from_numpy(loss).float())[3].numpy()[:, None]
    return np.where(envelope > 0, np.maximum(envelope + bands[:, frames] / ratio, 0), 0).astype(np.float32)


class PredictedTarget:
    """A guessed target, with which outputs of one mixture are compared.

    Args:
        mixture: its envelope [32, L], in steps.
        envelope: the guessed target's [32, L].
    """

    def __init__(self, mixture: np.ndarray, envelope: np.ndarray) -> None:
        self.mixture, self.envelope = mixture, envelope
        self.modulations = modulations(envelope)
        self.far = np.abs(correlation(self.modulations, modulations(mixture)))

    def describe(self, output: np.ndarray) -> dict[str, float]:
        """Features of an output's envelope [32, L]: it, and the mixture, against the guessed target."""
        near = np.abs(correlation(self.modulations, modulations(output)))
        d_loud, d_norm = spectral_differences(_spectrum(self.envelope), _spectrum(output))
        gain, wanted = output - self.mixture, self.envelope - self.mixture
        rest = gain - wanted
        groups = {
            "aim_band_match": correlation(gain, wanted),
            "aim_band_rest": np.abs(rest).mean(1),
            "aim_band_correlation": correlation(self.envelope, output),
        }
        values = {
            "aim_cepstral": float(near.mean()),
            "aim_cepstral_mixture": float(self.far.mean()),
            "aim_cepstral_gained": float(near.mean() - self.far.mean()),
            "aim_d_loud": d_loud,
            "aim_d_norm": d_norm,
            "aim_rest": float(np.abs(rest - np.median(rest[:, ::4])).mean()),
            "aim_match": float(correlation(gain.ravel(), wanted.ravel())),
            "aim_slope": float((gain * wanted).sum() / ((wanted**2).sum() + 1.0)),
            **named("aim_cepstral_rate", near.mean(1)),
        }
        for name, bands in groups.items():
            values |= named(name, bands.reshape(-1, GROUP).mean(1))
        return values


def _spectrum(envelope: np.ndarray) -> np.ndarray:
    """Mean level of an envelope [32, L] (dB) in each band, as an amplitude's."""
    return 20 * np.log10(np.mean(10 ** (envelope / 20), axis=1, dtype=float))
