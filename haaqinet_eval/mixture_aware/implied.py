"""Implied stems: what an output says its system took the stems for.

A remix is linear. With the mixture M = sum of S_i, the gains g_i that were asked for (factors) and an
output Y = c sum of g_i S'_i, each bin of a short-time spectrum has the ratio r = Y / M. For two groups of
stems, those with the highest gain h and those with the lowest l,

    A = (Y / c - l M) / (h - l),    B = M - A

are the stems that the output implies: A is what was raised, B what was not. Stems with gains between are in
both, with the shares (g - l) / (h - l) and (h - g) / (h - l). NAL-R is linear and the same for Y and M, so
it does not matter.

c is unknown, as challenges bring the output to a loudness or a power. The sizes of the ratio cluster at
c g_i, where one group is alone: c is where the clusters are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from .features import EDGES as TILE_EDGES
from .features import named

WINDOW, HOP = 1024, 512  # samples at 24 kHz: 43 and 21 ms
EDGES = np.minimum(4 * TILE_EDGES, WINDOW // 2 + 1)  # bins of 23 Hz: the bands of `features.EDGES`
QUIET = 1e-3  # re a bin's RMS; quieter bins do not count
LOWEST, HIGHEST = -60.0, 40.0  # dB, of gains
COPY = 3e-4  # re the output's power; with less that is not in the mixture, it is a copy
ALIKE = 0.5  # dB; gains that are no farther apart imply nothing

Array = np.ndarray


def spectrum_of(signal: Array) -> Array:
    """Short-time spectrum [F, L] of a signal [T] at 24 kHz, bins of `EDGES` only."""
    signal = np.pad(signal.astype(np.float32, copy=False), (0, max(WINDOW + HOP - len(signal), 0)))
    frames = np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[::HOP]
    spectra = np.fft.rfft(frames * np.hanning(WINDOW).astype(np.float32), axis=1)
    return np.ascontiguousarray(spectra[:, EDGES[0] : EDGES[-1]].T)


def band_sums(x: Array) -> Array:
    """Sums over the bins of each band: [F, ...] to [14, ...]."""
    return np.add.reduceat(x, EDGES[:-1] - EDGES[0], axis=0)


@dataclass(frozen=True, eq=False)
class Known:
    """A mixture and the gains that were asked for."""

    spectrum: Array  # [F, L] complex
    size: Array  # [F, L], of the spectrum
    level: Array  # [F, 1], RMS of the sizes
    heard: Array  # [F, L], whether a bin counts
    weight: Array  # [F, L], between presence and power
    gains: tuple[float, ...]  # dB, all different, rising

    @classmethod
    def of(cls, mixture: Array, gains: Mapping[str, float]) -> Known:
        """From a mixture [T] at 24 kHz, as the listener hears it, and gains in dB by stem."""
        spectrum = spectrum_of(mixture)
        size = np.abs(spectrum)
        level = np.sqrt(np.mean(size**2, axis=1, keepdims=True)) + np.float32(1e-20)
        heard = (size > QUIET * level).astype(np.float32)
        sizes = tuple(sorted({float(np.clip(g, LOWEST, HIGHEST)) for g in gains.values()}))
        return cls(spectrum, size, level, heard, np.sqrt(size / level) * heard, sizes)

    @property
    def says_something(self) -> bool:
        """Whether the gains differ, so that an output implies stems."""
        return self.gains[-1] - self.gains[0] >= ALIKE

    def is_copy(self, output: Array) -> bool:
        """Whether an output's spectrum [F, L] is the mixture's but for a level: it implies no stems."""
        bins = np.abs((output * self.spectrum.conj()).sum(1)) ** 2
        power = (np.abs(output) ** 2).sum(1)
        rest = power - bins / ((self.size**2).sum(1) + np.float32(1e-20))
        return bool(rest.sum() <= COPY * power.sum())

    def parts(self, output: Array, level: float) -> tuple[Array, Array]:
        """A and B [F, L] of an output's spectrum [F, L], with c of `level` dB."""
        low, high = (np.float32(10 ** (g / 20)) for g in (self.gains[0], self.gains[-1]))
        a = (output * np.float32(10 ** (-level / 20)) - low * self.spectrum) / (high - low)
        return a, self.spectrum - a

    def shares(self, gain: float) -> tuple[float, float]:
        """How much of a stem with a gain (dB) is in A and in B, as factors of its amplitude."""
        low, high, own = (10 ** (g / 20) for g in (self.gains[0], self.gains[-1], gain))
        share = (np.clip(own, low, high) - low) / (high - low)
        return float(share), float(1 - share)


REACH, STEP = 15.0, 0.25  # dB, of c on both sides of 0, and of its grid
FAR = 60.0  # dB, of ratios on both sides of 0
WIDTH = 4  # steps on both sides, of a cluster
LEAST = 0.02  # density (per dB) that a cluster has at least
SOFTEST = -20.0  # dB re the highest; clusters of lower gains are taken to be there
_GRID = np.arange(-REACH, REACH + STEP / 2, STEP)


def density_of(ratio: Array, weight: Array) -> Array:
    """Density (per dB) of the sizes of ratios [F, L], from -60 to 60 dB in steps of `STEP`."""
    db = 20 * np.log10(ratio + np.float32(1e-9))
    places = np.clip(np.round((db + FAR) / STEP), 0, 2 * FAR / STEP).astype(np.intp)
    counts = np.bincount(places.ravel(), weights=weight.ravel(), minlength=round(2 * FAR / STEP) + 1)
    return uniform_filter1d(counts / (counts.sum() + 1e-9) / STEP, 2 * WIDTH + 1)


def _at(density: Array, db: Array | float) -> Array:
    places = np.round((np.asarray(db) + FAR) / STEP).astype(int)
    return density[places.clip(0, len(density) - 1)]


SURE = 4.0  # dB, the standard deviation of a guess of c


def find_level(
    density: Array, gains: tuple[float, ...], guess: float | None = None
) -> tuple[float, dict[str, float]]:
    """c (dB) of an output whose ratios have some density, and features of its clusters.

    Args:
        guess: of c (dB), which decides between alignments of the clusters that fit about as well.
    """
    asked = np.maximum(gains, gains[-1] + SOFTEST)
    logs = [np.log(_at(density, _GRID + g) + LEAST) for g in asked]
    score = np.mean(logs, axis=0)
    prior = 0.0 if guess is None else -0.5 * ((_GRID - guess) / SURE) ** 2 / len(asked)
    best = int((score + prior).argmax())
    masses = [float(_at(density, _GRID[best] + g)) for g in asked]
    level = float(_GRID[best]) + _off_peak(density, _GRID[best] + asked[int(np.argmax(masses))])
    return level, {
        "implied_level": level,
        "implied_fit": float(score[best]),
        "implied_fit_over": float(score[best] - score.mean()),
        "implied_cluster_low": masses[0],
        "implied_cluster_high": masses[-1],
        "implied_cluster_least": min(masses),
        "implied_spread": _spread(density),
    }


def _off_peak(density: Array, db: float) -> float:
    """How far (dB) the middle of a cluster is from where it was looked for."""
    near = db + np.arange(-WIDTH, WIDTH + 1) * STEP
    mass = _at(density, near)
    return float((mass * (near - db)).sum() / (mass.sum() + 1e-9))


def _spread(density: Array) -> float:
    db = np.arange(len(density)) * STEP
    share = density / (density.sum() + 1e-12)
    mean = (share * db).sum()
    return float(np.sqrt((share * (db - mean) ** 2).sum()))


def describe_ratio(ratio: Array, known: Known) -> dict[str, float]:
    """Features of the ratio r [F, L] itself: how much it is turned, how often backward, how round.

    Where independent stems meet, r is spread around its local mean in all directions alike; a mask
    spreads it along the real axis. Roundness is the imaginary share of the variance, 1 / 2 or so at most.
    """
    size = np.abs(ratio)
    turned = np.abs(ratio.imag) / (size + np.float32(1e-9))
    scale = np.float32((size * known.weight).sum() / (known.weight.sum() + 1e-9) + 1e-9)
    parts = [np.clip(x / scale, -4, 4) for x in (ratio.real, ratio.imag)]
    mean, weight = around(known.weight) + np.float32(1e-9), known.weight
    imaginary = parts[1] ** 2 * weight
    real = (parts[0] - around(parts[0] * weight) / mean) ** 2 * weight
    sums = [band_sums(x.sum(1)) for x in (turned * weight, imaginary, real, weight)]
    bands = [x.reshape(-1, 2).sum(1) for x in sums]
    return {
        "ratio_turned": float(sums[0].sum() / (sums[3].sum() + 1e-9)),
        "ratio_backward": float(((ratio.real < 0) * weight).sum() / (sums[3].sum() + 1e-9)),
        "ratio_round": float(sums[1].sum() / (sums[1].sum() + sums[2].sum() + STILL * sums[3].sum() + 1e-9)),
        "ratio_spread": float(np.sqrt((sums[1].sum() + sums[2].sum()) / (sums[3].sum() + 1e-9))),
        **named("ratio_turned_band", bands[0] / (bands[3] + 1e-9)),
        **named("ratio_round_band", bands[1] / (bands[1] + bands[2] + STILL * bands[3] + 1e-9)),
    }


STILL = 1e-3  # variance of a ratio, re its mean's square, that is as good as none
AROUND = (3, 5)  # bins and frames of a local mean


def around(x: Array) -> Array:
    """Means over neighbouring bins and frames [F, L]."""
    if np.iscomplexobj(x):
        return around(x.real) + 1j * around(x.imag)
    return uniform_filter1d(uniform_filter1d(x, AROUND[1], axis=1), AROUND[0], axis=0)


def describe_moments(powers: tuple[Array, Array, Array], gains: tuple[float, ...]) -> dict[str, float]:
    """Which two gains, and which c, fit an output best if the groups' stems are independent.

    Of independent A and B with M = A + B, Y = x A + y B, the powers of any tile obey

        |Y|^2 - (x + y) Re(Y M*) + x y |M|^2 = 0

    so that x and y come from a regression over tiles, whose remainder says how far the stems are from that.

    Args:
        powers: |M|^2, Re(Y M*) and |Y|^2 of tiles, any shape.
        gains: dB that were asked for, rising.
    """
    mixture, both, output = (p.ravel().astype(float) for p in powers)
    weight = 1 / (np.sqrt(mixture * (mixture.mean() + 1e-30)) + 1e-30)
    terms = np.stack([output, -both, mixture]) * weight
    gram = terms @ terms.T / (terms[2] @ terms[2] + 1e-30)
    (a, b), (c, d) = gram[1:, 1:]
    det = a * d - b * c
    total, product = np.linalg.solve(gram[1:, 1:] + 1e-6 * np.eye(2), -gram[1:, 0])
    root = np.sqrt(max(total**2 / 4 - product, 0.0))
    found = [20 * np.log10(max(x, 1e-2)) for x in (total / 2 - root, total / 2 + root)]
    low, high = (10 ** (g / 20) for g in (gains[0], gains[-1]))
    levels = 10 ** (_GRID / 20)
    asked = np.stack([np.ones_like(levels), levels * (low + high), levels**2 * low * high])
    rest = np.einsum("if,ij,jf->f", asked, gram, asked) / (gram[0, 0] + 1e-30)
    free = np.array([1.0, total, product])
    best = int(rest.argmin())
    least = float(free @ gram @ free / (gram[0, 0] + 1e-30))
    missed = found[1] - found[0] - (gains[-1] - max(gains[0], -40.0))
    return {
        "implied_moments_level": float(_GRID[best]),
        "implied_moments_rest": float(10 * np.log10(max(rest[best], 0) + 1e-5)),
        "moments_rest_free": float(10 * np.log10(max(least, 0) + 1e-5)),
        "implied_moments_gained": float(10 * np.log10((max(rest[best], 0) + 1e-5) / (max(least, 0) + 1e-5))),
        "moments_low": found[0],
        "moments_high": found[1],
        "moments_range": found[1] - found[0],
        "implied_moments_missed": missed,
        "implied_moments_off": abs(missed),
        "moments_sure": float(np.log10(abs(det) + 1e-6)),
    }
