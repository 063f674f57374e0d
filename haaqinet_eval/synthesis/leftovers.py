"""What separators leave: other music under masks with errors, and music without a part of itself.

As in `degradations`, functions of a signal [T], its sample rate (Hz), a generator and settings.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter, median_filter
from scipy.special import expit

from ..audio import rms
from .conditions import Condition
from .degradations import Array, Rng, istft, match, stft
from .recorded_noise import SILENT, load_recording, stretch

GROUP = "leftovers"
SPAN = 17  # frames or bins of the medians that tell harmonic from percussive sound
ALIKE = 0.5  # correlation from which on two stretches are the same music


def another(paths: tuple[Path, ...], x: Array, rate: float, rng: Rng) -> Array:
    """A stretch of other music, [T], at the RMS of x; the last one tried where all are silent or alike."""
    for _ in range(20):
        recording = load_recording(paths[rng.integers(len(paths))], rate)
        other = stretch(recording, rng.integers(len(recording)), len(x))
        if rms(other) > SILENT and abs(np.corrcoef(other, x)[0, 1]) < ALIKE:
            break
    return match(other, x)


def _mistaken(shape: tuple[int, int], error_db: float, rng: Rng) -> Array:
    """Errors of a mask in dB, smooth over some bins and frames: [F, L] of a standard deviation."""
    field = gaussian_filter(rng.standard_normal(shape, dtype=np.float32), (3.0, 2.0))
    return error_db * field / field.std()


def leak(x: Array, rate: float, rng: Rng, *, paths: tuple[Path, ...], snr_db: float) -> Array:
    """Other music in the music, without a mask."""
    return match(x + another(paths, x, rate, rng) * 10 ** (-snr_db / 20), x)


def masked(
    x: Array,
    rate: float,
    rng: Rng,
    *,
    paths: tuple[Path, ...],
    snr_db: float,
    mask_power: float,
    error_db: float,
    window: int = 1024,
) -> Array:
    """Music out of a mixture with other music, by a ratio mask with errors.

    Args:
        x, rate, rng: as everywhere.
        paths: recordings of other music.
        snr_db: music over other music in the mixture.
        mask_power: of the magnitudes in the mask; large: nearly binary.
        error_db: standard deviation of the mask's errors.
        window: of the spectra, samples.
    """
    other = another(paths, x, rate, rng) * 10 ** (-snr_db / 20)
    a, b = stft(x, window), stft(other, window)
    ahead = mask_power * np.log((np.abs(a) + 1e-9) / (np.abs(b) + 1e-9))
    mask = expit(ahead + np.log(10) / 20 * _mistaken(a.shape, error_db, rng))
    return match(istft(mask * (a + b), len(x)), x)


def without_part(x: Array, rate: float, rng: Rng, *, part: str, depth_db: float) -> Array:
    """Music whose `"harmonic"` or `"percussive"` part is softer (by median filters; Fitzgerald 2010)."""
    z = stft(x, 1024)
    size = np.abs(z)
    steady, sudden = median_filter(size, (1, SPAN)), median_filter(size, (SPAN, 1))
    share = (steady if part == "harmonic" else sudden) ** 2 / (steady**2 + sudden**2 + 1e-12)
    return match(istft(z * (1 - share * (1 - 10 ** (-depth_db / 20))), len(x)), x)


def leftovers(paths: tuple[Path, ...]) -> dict[str, Condition]:
    """Conditions of separators' leftovers; the other music is in some recordings."""
    leaks = [(leak, {"paths": paths, "snr_db": snr}) for snr in (18, 12, 6, 0)]
    masks = [
        (masked, {"paths": paths, "snr_db": snr, "mask_power": power, "error_db": error, "window": window})
        for snr, power, error, window in (
            *((9, 1.0, 4, 1024), (4, 1.0, 10, 1024), (0, 1.0, 6, 2048), (-4, 1.0, 12, 512)),
            *((6, 2.0, 3, 2048), (2, 2.0, 8, 1024), (-2, 2.0, 16, 1024), (-6, 2.0, 6, 512)),
            *((4, 6.0, 3, 1024), (0, 6.0, 12, 512), (-3, 6.0, 25, 1024), (-6, 6.0, 8, 2048)),
        )
    ]
    parts = [
        (without_part, {"part": part, "depth_db": depth})
        for part, depth in (("harmonic", 8), ("harmonic", 20), ("percussive", 8), ("percussive", 20))
    ]
    named = {"leak": leaks, "leftover": masks, "without_part": parts}
    return {
        (name := f"{kind}-{n}"): Condition(name, GROUP, (step,))
        for kind, steps in named.items()
        for n, step in enumerate(steps, 1)
    }
