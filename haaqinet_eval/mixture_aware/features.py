"""How an output differs from the mixture it was made from, as HAAQI's ear hears both.

Nothing here knows the target: differences of level, the spread of the gains that each part of the
ear saw, what is left of the envelopes' modulations and of the fine structure. Each feature is a
named number; the names are the model's input and are kept with the weights.
"""

from __future__ import annotations

import numpy as np

from ..haaqi.features import spectral_differences
from .ear import AuditoryFeatures

GROUP = 4  # neighbouring bands of 32 that share their features
STEP = 0.4  # dB, of tiles' levels, which training keeps in bytes
AUDIBLE = 2.5  # dB above threshold, HAAQI's
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
ONSET = 8  # frames, 32 ms
_SMALL = 1e-6


def _grouped(x: np.ndarray) -> np.ndarray:
    """Means over groups of bands: [32] -> [8]."""
    return x.reshape(-1, GROUP).mean(1)


def _decibels(power: float) -> float:
    return float(10 * np.log10(power + 1e-12))


def correlation(a: np.ndarray, b: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Correlation along the last axis; 0 where one is constant."""
    weights = np.ones_like(a) if weights is None else weights
    total = weights.sum(-1, keepdims=True) + _SMALL
    a = a - (weights * a).sum(-1, keepdims=True) / total
    b = b - (weights * b).sum(-1, keepdims=True) / total
    cross = (weights * a * b).sum(-1)
    return cross / np.sqrt((weights * a * a).sum(-1) * (weights * b * b).sum(-1) + _SMALL)


def named(name: str, values: np.ndarray) -> dict[str, float]:
    """Numbers of an array as features."""
    return {f"{name}_{i}": float(v) for i, v in enumerate(np.ravel(values))}


def _gain_map(out: AuditoryFeatures, mixture: AuditoryFeatures) -> dict[str, float]:
    """The gain that the output has over the mixture, where either is audible."""
    gain = out.envelope - mixture.envelope
    heard = np.maximum(out.envelope, mixture.envelope) > AUDIBLE
    bands = gain.reshape(-1, GROUP * gain.shape[1])
    seen = heard.reshape(bands.shape)
    quantiles = np.zeros((len(bands), len(QUANTILES)))
    for i in range(len(bands)):
        some = bands[i][seen[i]][::3]
        if len(some) > 10:
            quantiles[i] = np.quantile(some, QUANTILES)
    middle = quantiles[:, 2].mean()
    steps = np.abs(np.diff(gain, axis=1)).mean(1)
    slow = out.slow - mixture.slow
    onset = np.maximum(mixture.envelope[:, ONSET:] - mixture.envelope[:, :-ONSET], 0)
    weights = heard.astype(np.float32)
    return {
        "gain_middle": float(middle),
        **named("gain_quantile", quantiles - middle),
        **named("gain_audible", seen.mean(1)),
        **named("gain_steps", _grouped(steps)),
        "gain_across": float(np.abs(np.diff(gain, axis=0)).mean()),
        **named("gain_slow_spread", _grouped(slow.std(1))),
        **named("gain_onset", _grouped(correlation(gain[:, ONSET:], onset, weights[:, ONSET:]))),
        **named("gain_level", _grouped(correlation(gain, mixture.envelope, weights))),
    }


def _envelopes(out: AuditoryFeatures, mixture: AuditoryFeatures) -> dict[str, float]:
    """What is left of the mixture's envelopes, slow and fast, and of its cepstra."""
    x, y = mixture.envelope, out.envelope
    whole, slow = correlation(y, x), correlation(out.slow, mixture.slow)
    slope = whole * (y.std(1) + _SMALL) / (x.std(1) + _SMALL)
    a, b = mixture.modulations, out.modulations
    cepstra = np.abs(correlation(a, b))
    power = 10 * np.log10((np.square(b).sum(2) + 1e-9) / (np.square(a).sum(2) + 1e-9))
    gone = 10 * np.log10((np.square(b - a).sum(2) + 1e-9) / (np.square(a).sum(2) + 1e-9))
    fast = [np.std(np.diff(e, axis=1), axis=1) for e in (x, y)]
    return {
        **named("envelope_correlation", _grouped(whole)),
        **named("envelope_slow_correlation", _grouped(slow)),
        **named("envelope_slope", _grouped(slope)),
        **named("envelope_fast", _grouped(20 * np.log10((fast[1] + 0.01) / (fast[0] + 0.01)))),
        "cepstral": float(cepstra.mean()),
        **named("cepstral_rate", cepstra.mean(1)),
        **named("cepstral_order", cepstra.mean(0)),
        **named("cepstral_power", power.mean(1)),
        **named("cepstral_rest", gone.mean(1)),
    }


def _spectra(out: AuditoryFeatures, mixture: AuditoryFeatures) -> dict[str, float]:
    """Levels and long-term spectra."""
    d_loud, d_norm = spectral_differences(mixture.spectrum.astype(float), out.spectrum.astype(float))
    return {
        "d_loud": d_loud,
        "d_norm": d_norm,
        **named("level_mixture", _grouped(mixture.spectrum)),
        **named("level_change", _grouped(out.spectrum - mixture.spectrum)),
        **named("mean_mixture", _grouped(mixture.envelope.mean(1))),
        **named("spread_mixture", _grouped(mixture.envelope.std(1))),
        **named("spread_slow_mixture", _grouped(mixture.slow.std(1))),
    }


TILE_HZ = 93.75  # of a bin
EDGES = np.array([1, 2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 48, 64, 85, 129])  # bins of 94 Hz


def _tiles(x: np.ndarray) -> np.ndarray:
    """Sums over bands and three frames (16 ms): [M, 129] -> [M // 3, 14]."""
    bands = np.add.reduceat(x, EDGES[:-1], axis=1)
    length = len(bands) // 3 * 3
    return bands[:length].reshape(-1, 3, bands.shape[1]).sum(1)


def fine_levels(heard: AuditoryFeatures, level1: float) -> np.ndarray:
    """Levels of tiles of a signal's fine spectrum [M // 3, 14]: dB SPL in steps of 0.4, 0 to 102."""
    scale = 10 ** (level1 / 10) / (np.sum(np.hanning(256) ** 2) * 128)
    levels = 10 * np.log10(_tiles(np.abs(heard.fine) ** 2) / 3 * scale + 1e-12)
    return STEP * np.clip(np.round(levels / STEP), 0, 255)


def _fine_structure(out: AuditoryFeatures, mixture: AuditoryFeatures) -> dict[str, float]:
    """Coherence of output and mixture in tiles of 16 ms, and its spread."""
    x, y = mixture.fine, out.fine
    power_x, power_y = _tiles(np.abs(x) ** 2), _tiles(np.abs(y) ** 2)
    cross = _tiles(y * x.conj())
    coherence = np.abs(cross) / np.sqrt(power_x * power_y + 1e-20)
    aligned = cross.real / np.sqrt(power_x * power_y + 1e-20)
    floor = 1e-5 * power_x.mean(0)
    loud = (power_x > floor) & (power_y > 1e-5 * power_y.mean(0))
    count = loud.sum(0) + 1e-9
    mean = (coherence * loud).sum(0) / count
    rest = 10 * np.log10(((1 - coherence**2) * power_y).sum(0) / (power_y.sum(0) + 1e-20) + 1e-6)
    return {
        **named("coherence", mean.reshape(-1, 2).mean(1)),
        "coherence_mean": float(mean.mean()),
        **named("coherence_spread", (((coherence - mean) ** 2 * loud).sum(0) / count).reshape(-1, 2).mean(1)),
        **named("coherence_sign", ((aligned * loud).sum(0) / count).reshape(-1, 2).mean(1)),
        **named("incoherent", rest.reshape(-1, 2).mean(1)),
    }


def _waveform(out: AuditoryFeatures, mixture: AuditoryFeatures) -> dict[str, float]:
    """Clipping, and the level in dB."""
    peaks = [np.abs(h.signal).max() / (np.sqrt(np.mean(h.signal**2)) + 1e-12) for h in (mixture, out)]
    top = np.abs(out.signal).max()
    return {
        "crest": _decibels(peaks[1] ** 2),
        "crest_change": _decibels(peaks[1] ** 2) - _decibels(peaks[0] ** 2),
        "at_peak": float(np.mean(np.abs(out.signal) > 0.98 * top)),
        "power_change": _decibels(np.mean(out.signal**2)) - _decibels(np.mean(mixture.signal**2)),
    }


def compare(out: AuditoryFeatures, mixture: AuditoryFeatures) -> dict[str, float]:
    """Features of an output and its mixture, in time with each other and equally long."""
    return {
        **_spectra(out, mixture),
        **_gain_map(out, mixture),
        **_envelopes(out, mixture),
        **_fine_structure(out, mixture),
        **_waveform(out, mixture),
    }
