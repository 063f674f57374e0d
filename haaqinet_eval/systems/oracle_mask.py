"""A stand-in for a good separator: ratio masks from the true stems, made worse on purpose."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..errors import InputError
from . import Song, check_number

WINDOW, HOP = 4096, 1024  # samples; 93 ms and 23 ms at 44.1 kHz, as HDemucs and Open-Unmix have them
SMOOTHING = (0.0, 0.0, 3.0, 2.0)  # stem, channel, frequency bin, frame: the grain of the errors
EPS = 1e-12  # power; an empty bin is shared equally


@dataclass(frozen=True)
class OracleMask:
    """Power ratio masks in the short-time Fourier domain, with leakage and errors.

    With stem powers P_i, the mask of stem i is m_i = P_i / sum(P). Leakage l makes it
    (1 - l) m_i + l / N. The error multiplies it by a random gain, normally distributed in
    dB, smooth in time and frequency and the same for both channels. At last the masks are
    scaled to a sum of 1, so that the estimates add up to the mixture, as a separator's do.
    The defaults give 8 to 9 dB SDR on the mini challenge's songs; exact masks give 12.

    Args:
        leakage: share of each mask that goes to all stems alike, in [0, 1].
        error: standard deviation of the masks' error (dB), in [0, 100].
        seed: of the errors, 0 or more; the song's name is added, so that the order of songs does not matter.
    """

    leakage: float = 0.1
    error: float = 8.0
    seed: int = 0
    name: ClassVar[str] = "oracle_mask"
    blind: ClassVar[bool] = False
    amplifies: ClassVar[bool] = True
    rebalances: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_number(self.leakage, 0, 1, "oracle_mask.leakage")
        check_number(self.error, 0, 100, "oracle_mask.error")
        check_number(self.seed, 0, 2**63, "oracle_mask.seed")

    def masks(self, power: np.ndarray, song_name: str) -> np.ndarray:
        """Stem powers [N, C, F, L] to masks of the same shape that sum to 1 over N."""
        from scipy.ndimage import gaussian_filter

        power = power + EPS
        masks = (1 - self.leakage) * power / power.sum(0) + self.leakage / len(power)
        if self.error:
            rng = np.random.default_rng((int(self.seed), zlib.crc32(song_name.encode())))
            noise = rng.standard_normal((len(power), 1, *power.shape[2:]))
            noise = gaussian_filter(noise, SMOOTHING)
            masks = masks * 10 ** (self.error * noise / noise.std() / 20)
        return masks / masks.sum(0)

    def separate(self, song: Song) -> dict[str, np.ndarray]:
        """The mixture under each stem's mask, [T, 2] each."""
        from scipy.signal import istft, stft

        stems = song.load_true_stems()
        for name, stem in stems.items():
            if stem.shape != song.mixture.shape:
                raise InputError(
                    f"song {song.name}: stem {name} has the shape {stem.shape}, "
                    f"the mixture {song.mixture.shape}"
                )
        frame = {"nperseg": WINDOW, "noverlap": WINDOW - HOP}
        power = np.stack([np.abs(stft(stem.T, **frame)[2]) ** 2 for stem in stems.values()])
        spectrum = stft(song.mixture.T, **frame)[2]
        masks = self.masks(power, song.name)
        length = len(song.mixture)
        return {
            name: istft(mask * spectrum, **frame)[1][:, :length].T
            for name, mask in zip(stems, masks, strict=True)
        }
