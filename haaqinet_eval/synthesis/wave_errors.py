"""Stems as separators give them that do not keep the mixture's phase: networks on waveforms, vocoders.

A mask on the mixture's spectrum can only weaken what is there, with the phase that is there. These
errors go further: stems leak into each other through filters of their own, come late, lose their
phases, or bring noise. `amount` says how much; 1 is a middling system.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy import signal as sps
from scipy.ndimage import gaussian_filter, zoom

from .render import SAMPLE_RATE

WINDOW = 1024  # samples of the short-time spectra: 43 ms
_FRAME = {"nperseg": WINDOW, "noverlap": WINDOW * 3 // 4}
COARSE = (8, 6)  # bins and frames between the points at which errors are drawn

Array = np.ndarray
Rng = np.random.Generator
Stems = Mapping[str, Array]


def network(stems: Stems, amount: float, rng: Rng) -> dict[str, Array]:
    """Each stem with slow errors of gain and phase, and all others in it through changing filters.

    At amount 1 the own gain errs by 3 dB and 0.3 rad, and others leak in at -14 dB (both in the mean);
    half of the time what is missing in the sum is shared out, so that the stems add up to the mixture.
    """
    spectra = _spectra(stems)
    out = []
    for i in range(len(spectra)):
        errors = [_field(spectra[0].shape, rng) for _ in spectra]
        total = spectra[i] * np.exp(amount * (0.35 * errors[i].real + 0.3j * errors[i].imag))
        for j in range(len(spectra)):
            if j != i:
                total = total + 0.14 * amount * errors[j] * spectra[j]
        out.append(total)
    if rng.random() < 0.5:
        missing = sum(spectra) - sum(out)
        out = [x + missing / len(out) for x in out]
    return _signals(out, stems)


def late(stems: Stems, amount: float, rng: Rng) -> dict[str, Array]:
    """Each stem early or late by up to half a millisecond at amount 1."""
    return {
        name: _filtered(x, lambda f, d=delay: np.exp(-2j * np.pi * f * d))
        for (name, x), delay in zip(stems.items(), amount * rng.uniform(-5e-4, 5e-4, len(stems)), strict=True)
    }


def dispersed(stems: Stems, amount: float, rng: Rng) -> dict[str, Array]:
    """Each stem through an all-pass filter of its own, with group delays of about 1 ms at amount 1."""

    def all_pass(f: Array) -> Array:
        delays = amount * 1e-3 * rng.standard_normal(40)
        delay = np.interp(np.log(f + 30.0), np.linspace(np.log(30.0), np.log(SAMPLE_RATE / 2), 40), delays)
        return np.exp(-2j * np.pi * np.cumsum(delay) * (f[1] - f[0]))

    return {name: _filtered(x, all_pass) for name, x in stems.items()}


def resynthesised(stems: Stems, amount: float, rng: Rng) -> dict[str, Array]:
    """Magnitudes that err by 3 dB, phases by 0.6 rad (standard deviations at amount 1)."""
    out = []
    for z in _spectra(stems):
        error = rng.standard_normal((2, *z.shape), dtype=np.float32)
        smooth = gaussian_filter(error, (0, 1.0, 1.0))
        smooth /= smooth.std()
        out.append(z * np.exp(amount * (0.35 * smooth[0] + 0.6j * smooth[1])))
    return _signals(out, stems)


def noisy(stems: Stems, amount: float, rng: Rng) -> dict[str, Array]:
    """Each stem with noise of its own short-time spectrum, 14 dB below it at amount 1."""
    out = []
    for z in _spectra(stems):
        level = gaussian_filter(np.abs(z), (4.0, 2.0))
        noise = rng.standard_normal((2, *z.shape), dtype=np.float32)
        out.append(z + 0.14 * amount * level * (noise[0] + 1j * noise[1]))
    return _signals(out, stems)


ERRORS: Mapping[str, Callable[[Stems, float, Rng], dict[str, Array]]] = {
    error.__name__: error for error in (network, late, dispersed, resynthesised, noisy)
}


def sharpened(stems: Stems, power: float) -> dict[str, Array]:
    """A post-filter: ratio masks of the stems' powers to a power, on what the stems add up to."""
    spectra = _spectra(stems)
    powers = np.abs(np.array(spectra)) ** 2 + 1e-12
    masks = (powers / powers.max(0)) ** power
    return _signals(list(masks / masks.sum(0) * sum(spectra)), stems)


def _spectra(stems: Stems) -> list[Array]:
    return list(sps.stft(np.array(list(stems.values()), dtype=np.float32), **_FRAME)[2])


def _signals(spectra: list[Array], stems: Stems) -> dict[str, Array]:
    signals = sps.istft(np.array(spectra), **_FRAME)[1]
    return {
        name: signal[: len(x)].astype(float) for signal, (name, x) in zip(signals, stems.items(), strict=True)
    }


def _filtered(x: Array, response: Callable[[Array], Array]) -> Array:
    f = np.fft.rfftfreq(len(x), 1 / SAMPLE_RATE)
    return np.fft.irfft(np.fft.rfft(x) * response(f), len(x))


def _field(shape: tuple[int, int], rng: Rng) -> Array:
    """A complex error that changes slowly over frequency and time, each part of deviation 1: [F, L]."""
    coarse = [n // step + 2 for n, step in zip(shape, COARSE, strict=True)]
    parts = rng.standard_normal((2, *coarse), dtype=np.float32)
    fine = np.array([zoom(part, COARSE, order=1) for part in parts])[:, : shape[0], : shape[1]]
    fine /= fine.std()
    return fine[0] + 1j * fine[1]
