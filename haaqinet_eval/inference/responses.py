"""The ear's filters as tables: what a spectrum of `BLOCK` points is multiplied with, by groups of bands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..haaqi.cochlea import BANDS, CENTERS, ERB, RATE, WIDEST, adaptation_weights
from ..haaqi.simd import LANES, fma, load, splat, store, widen
from .fourier import COLUMNS, POINTS, RADIX, VALUES, jit

BLOCK = 16_384  # samples: 0.7 s
DECIMATION = BLOCK // POINTS  # envelopes are sampled at 3 kHz
REACH = 6.0  # half width of a band's bins, in gammatone bandwidths: -63 dB
WIDTH = 1.019 * ERB  # Hz, a normal ear's gammatone bandwidths [32]
LAG = 1 / (2 * np.pi * 800)  # s; the compressor's gain is late by a one-pole low-pass at 800 Hz
AHEAD, TAPS = 15, 32  # points that the adaptation looks ahead; that it weighs
_STRETCHES = ((0, 1, 7), tuple(range(DECIMATION)))  # of the spectrum that a group's bands reach into


@dataclass(frozen=True)
class Group:
    """Sixteen bands and the tables that are the same for every listener.

    Points of the spectrum are in the order [COLUMNS, RADIX, stretches] of `fourier.filter_and_fold`.
    """

    bands: slice
    folds: np.ndarray  # int64, where the spectrum's stretches begin
    points: np.ndarray  # int64 [COLUMNS * RADIX * stretches], of the spectrum
    turned: np.ndarray  # float32, exp(-j angle from the band's centre), 0 beyond the band's bins
    control: np.ndarray  # float32 likewise, the control filters behind the middle ear
    control_energy: np.ndarray  # [points, 16] of the control filters alone


def middle_ear() -> np.ndarray:
    """One-pole low-pass at 5 kHz and two-pole high-pass at 350 Hz, Butterworth, bilinear: [BLOCK]."""
    z = np.exp(-2j * np.pi * np.arange(BLOCK) / BLOCK)
    c = np.tan(np.pi * 5000 / RATE)
    low = c * (1 + z) / (1 + c + (c - 1) * z)
    c = np.tan(np.pi * 350 / RATE)
    damping = np.sqrt(2) * c
    return low * (1 - z) ** 2 / (1 + damping + c * c + 2 * (c * c - 1) * z + (1 - damping + c * c) * z * z)


def _gammatone(z: np.ndarray, width: np.ndarray) -> np.ndarray:
    a = np.exp(-2 * np.pi * width / RATE)
    root = (1 + 2 * a * z) / (1 - a * z) ** 2 * (1 - a) ** 2 / (1 + 2 * a)
    return 2 * root * root


def _split(values: np.ndarray) -> np.ndarray:
    """Complex [points, 16] to float32 [points, 2, 16], flat."""
    return np.stack((values.real, values.imag), 1).astype(np.float32).ravel()


def _sizes() -> np.ndarray:
    """Bins that are kept of each band [32]: of every eighth of the spectrum at least one."""
    need = 2 * REACH * WIDTH * WIDEST / RATE * DECIMATION
    return POINTS * np.array([next((n for n in (1, 2, 3, 4, 6) if n >= share), DECIMATION) for share in need])


@lru_cache(maxsize=1)
def groups() -> tuple[Group, ...]:
    """The bands below some 1 kHz, which reach into three eighths of the spectrum, and the others."""
    return tuple(
        _group(slice(first, first + LANES), stretches)
        for first, stretches in zip(range(0, BANDS, LANES), _STRETCHES, strict=True)
    )


def _group(bands: slice, stretches: tuple[int, ...]) -> Group:
    folds = POINTS * np.array(stretches)
    column, row = np.ogrid[:COLUMNS, :RADIX]
    points = ((column + COLUMNS * row)[..., None] + folds).ravel()
    center, width, size = CENTERS[bands], (WIDTH * WIDEST)[bands], _sizes()[bands]
    first = np.round(center / RATE * BLOCK).astype(int) - size // 2
    bins = first + (points[:, None] - first) % BLOCK  # of all that look alike, that in the band
    inside = bins < first + size
    turns = bins / BLOCK - center / RATE
    turned = np.where(inside, np.exp(-2j * np.pi * turns), 0)
    control = np.where(inside, _gammatone(turned, width), 0)
    late = control * np.exp(-2j * np.pi * turns * RATE * LAG) * middle_ear()[points, None]
    energy = (np.abs(control) ** 2).astype(np.float32)
    return Group(bands, folds, points, _split(turned), _split(late), energy)


@lru_cache(maxsize=1)
def middle_ear_table() -> np.ndarray:
    """[BLOCK, 2] float32, flat."""
    return middle_ear().astype(np.complex64).view(np.float32)


def waits(delays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Delays [16] in samples as phases of points p + COLUMNS k: p's [COLUMNS, 2, 16] and k's [64, 2, 16]."""
    fine = np.exp(-2j * np.pi / BLOCK * np.outer(np.arange(COLUMNS), delays))
    coarse = np.exp(-2j * np.pi / BLOCK * COLUMNS * np.outer(np.arange(BLOCK // COLUMNS), delays))
    return _split(fine), _split(coarse)


@jit
def build(turned, control, points, poles, middle, fine, coarse, energy, signal_out, control_out, level):
    """The responses of a listener's ear to a clip.

    Args:
        turned, control, points: of a `Group`.
        poles: [2 * 16] float32: the filters' poles a and their gains 2 ((1 - a)^2 / (1 + 2 a))^2.
        middle: of `middle_ear_table`.
        fine, coarse: of `waits`.
        energy: [BLOCK] float32, the clip's at each point.
        signal_out, control_out: as `turned`, receive the responses.
        level: [16] float64, receives the energies behind the signal's filters.
    """
    one, zero = splat(np.float32(1.0)), splat(np.float32(0.0))
    a, gain = load(poles, 0), load(poles, LANES)
    total, stretches = splat(0.0), points.size // (COLUMNS * RADIX)
    for p in range(COLUMNS):
        fr, fi = load(fine, p * VALUES), load(fine, p * VALUES + LANES)
        part = zero
        for n in range(p * RADIX * stretches, (p + 1) * RADIX * stretches):
            k = points[n]
            zr, zi = a * load(turned, n * VALUES), a * load(turned, n * VALUES + LANES)
            # (1 + 2 a z) / (1 - a z)^2, squared
            dr, di = one - zr, zero - zi
            dr, di = dr * dr - di * di, (dr + dr) * di
            size = one / fma(dr, dr, di * di)
            nr, ni = fma(splat(np.float32(2.0)), zr, one), zi + zi
            rr, ri = size * fma(nr, dr, ni * di), size * (ni * dr - nr * di)
            hr, hi = gain * (rr * rr - ri * ri), gain * ((rr + rr) * ri)
            if_in = load(turned, n * VALUES) * load(turned, n * VALUES)
            if_in = fma(load(turned, n * VALUES + LANES), load(turned, n * VALUES + LANES), if_in)
            hr, hi = if_in * hr, if_in * hi  # |z|^2 is 1 in the band's bins, 0 elsewhere
            part = fma(splat(energy[k]), fma(hr, hr, hi * hi), part)
            c = (k // COLUMNS) * VALUES
            wr, wi = load(coarse, c), load(coarse, c + LANES)
            wr, wi = wr * fr - wi * fi, fma(wr, fi, wi * fr)
            cr, ci = load(control, n * VALUES), load(control, n * VALUES + LANES)
            store(control_out, n * VALUES, cr * wr - ci * wi)
            store(control_out, n * VALUES + LANES, fma(cr, wi, ci * wr))
            mr, mi = splat(middle[2 * k]), splat(middle[2 * k + 1])
            wr, wi = wr * mr - wi * mi, fma(wr, mi, wi * mr)
            store(signal_out, n * VALUES, hr * wr - hi * wi)
            store(signal_out, n * VALUES + LANES, fma(hr, wi, hi * wr))
        total = total + widen(part)
    store(level, 0, total)


@lru_cache(maxsize=1)
def adaptation() -> np.ndarray:
    """The inner hair cell's adaptation of points at 3 kHz, late by 0 to 7 samples: [8, 2 + 2 + TAPS].

    Two poles, their weights, then those of the points:
    y[n] = sum of c[i] x[n + AHEAD - i] + sum of w[m] s[m], s[m] = x[n] + p[m] s[m].
    Fitted to the response of HAAQI's two-state recursion at 24 kHz.
    """
    inputs, states = np.split(adaptation_weights().reshape(2, 3), [1], axis=1)
    poles = np.linalg.eigvals(states) ** DECIMATION
    angle = np.linspace(0, 0.96 * np.pi, 2_000)
    slow = np.exp(-1j * angle / DECIMATION)[:, None]
    follow = np.linalg.solve(
        np.eye(2) - states * slow[..., None], np.broadcast_to(inputs, (len(angle), 2, 1))
    )
    turns = np.exp(-1j * angle)[:, None]
    weight = 1 / (0.02 + angle)[:, None]
    goal = weight * (1 - follow[:, 0]) / 0.5 * slow ** np.arange(DECIMATION)
    rows = weight * np.concatenate((1 / (1 - poles * turns), turns ** (np.arange(TAPS) - AHEAD)), 1)
    rows, goal = (np.concatenate((x.real, x.imag)) for x in (rows, goal))
    found = np.linalg.lstsq(rows, goal, rcond=None)[0]
    return np.concatenate((np.repeat(poles[:, None], DECIMATION, 1), found)).T.astype(np.float32)
