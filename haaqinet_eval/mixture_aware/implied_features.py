"""How far the stems that an output implies are from true ones, which are not known.

True stems are independent of each other: their phases differ at random (mean |cos| of the difference 2 / pi =
.64), their powers add up to the mixture's, their spectra and envelopes are not alike. What a mask cuts out of
the mixture has the mixture's phase (mean |cos| 1), less power together than the mixture, and a spectrum like
the other part's. Errors of other kinds are in both parts with opposite signs: cos -1, too much power. And
the part that was raised should sound like the stems that were to be raised.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import uniform_filter1d

from .features import correlation, named
from .gains import ABSENT, ROLES
from .implied import (
    EDGES,
    HOP,
    QUIET,
    WINDOW,
    Array,
    Known,
    around,
    band_sums,
    density_of,
    describe_moments,
    describe_ratio,
    find_level,
    spectrum_of,
)

TIGHT = (0.02, 0.05, 0.15)  # re a gain, how near to it a ratio is
TILE = 384  # samples of the tiles whose shares are guessed
BINS = np.diff(EDGES)


class ImpliedStems:
    """A scene's mixture and gains, with which outputs are compared.

    Args:
        mixture: [T] at 24 kHz, as the listener hears it.
        gains: dB by stem.
        shares: guessed, of each role in the mixture's tiles [4, M, 14]; see `stems.shares_of`.
    """

    def __init__(self, mixture: Array, gains: Mapping[str, float], shares: Array) -> None:
        self.known = Known.of(mixture, gains)
        self.power = band_sums(self.known.size**2)  # [14, L]
        middles = (np.arange(self.power.shape[1]) * HOP + WINDOW // 2) // TILE
        frames = np.minimum(middles, shares.shape[1] - 1)
        self.guessed = self.wanted = None
        self.expected = {"sign": 0.0, "gained": 0.0}
        if self.known.says_something and all(name in ROLES for name in gains):
            in_a, in_b = np.array([self.known.shares(gains.get(role, 0.0)) for role in ROLES]).T
            power = np.array([10 ** (max(gains.get(role, 0.0), ABSENT) / 10) for role in ROLES])
            weights = np.stack([in_a**2, in_b**2, in_a * in_b, power])
            a, b, both, wanted = np.tensordot(weights, shares[:, frames], 1).transpose(0, 2, 1)
            self.guessed = a / (a + b + 1e-9)  # [14, L], A's share of power as it should be
            self.wanted = 10 * np.log10(wanted + 1e-6)  # dB, gain of power as it should be, less c
            self.expected = {
                "sign": float(np.mean(both / np.sqrt(a * b + 1e-6))),
                "gained": float(np.mean(10 * np.log10(a + b + 1e-3))),
            }

    def describe(self, output: Array) -> dict[str, float]:
        """Features of an output [T], in time with the mixture and as long.

        Of a copy of the mixture, they are those of the mixture itself: what is left is noise.
        """
        known = self.known
        y = spectrum_of(output)
        copy = known.is_copy(y)
        return self._told(known.spectrum if copy else y) | {
            "implied_copy": float(copy),
            "implied_groups": float(len(known.gains)),
            "implied_gap": float(np.diff(np.maximum(known.gains, -20.0)).min(initial=40.0)),
            **{f"implied_expected_{name}": value for name, value in self.expected.items()},
        }

    def _told(self, y: Array) -> dict[str, float]:
        """What an output's spectrum [F, L] says."""
        known = self.known
        ratio = y / np.where(known.heard > 0, known.spectrum, 1.0)
        guess = self._guess_level(band_sums(np.abs(y) ** 2))
        level, values = find_level(density_of(np.abs(ratio), known.weight), known.gains, guess)
        values["implied_level_guess"] = 0.0 if guess is None else values["implied_level"] - guess
        both = band_sums((y * known.spectrum.conj()).real)
        powers = tuple(uniform_filter1d(p, 5, axis=1) for p in (self.power, both, band_sums(np.abs(y) ** 2)))
        values |= describe_moments(powers, known.gains)
        values["implied_level_off"] = abs(values["implied_level"] - values["implied_moments_level"])
        values |= describe_ratio(ratio, known)
        values["implied_known"] = float(known.says_something)
        values |= self._tightness(ratio * np.float32(10 ** (-level / 20)))
        a, b = known.parts(y, level) if known.says_something else (known.spectrum, known.spectrum)
        found = self._parts(a, b)
        if known.says_something:
            found["implied_sign_more"] = found["implied_sign"] - self.expected["sign"]
        else:
            found = dict.fromkeys([*found, "implied_sign_more"], 0.0)
        return values | found

    def _guess_level(self, power: Array) -> float | None:
        """c (dB) from the powers of an output's bands [14, L] and the roles' guess."""
        if self.wanted is None:
            return None
        gain = 10 * np.log10((power + 1e-20) / (self.power + 1e-20))
        weight = np.sqrt(self.power / (self.power.mean(1, keepdims=True) + 1e-20))
        return float(((np.clip(gain, -40, 40) - self.wanted) * weight).sum() / (weight.sum() + 1e-9))

    def _parts(self, a: Array, b: Array) -> dict[str, float]:
        known, sizes = self.known, (np.abs(a), np.abs(b))
        squares = [s**2 for s in sizes]
        cross = a * b.conj()
        weight = np.minimum(*sizes) * known.heard / known.level
        cos = cross.real / (sizes[0] * sizes[1] + np.float32(1e-20))
        together = np.maximum(around(squares[0]) * around(squares[1]), 0)
        near = np.abs(around(cross)) / np.sqrt(together + np.float32(1e-20))
        mean = {"implied_cos": np.abs(cos), "implied_sign": cos, "implied_coherence": near}
        total = band_sums(weight.sum(1)) + 1e-9
        values: dict[str, float] = {}
        for name, x in mean.items():
            bands = band_sums((x * weight).sum(1))
            values |= {name: float(bands.sum() / total.sum()), **_pairs(name, bands / total)}
        logs = [np.log(s + QUIET * known.size + np.float32(1e-12)) for s in sizes]
        like = correlation(*logs, known.heard)
        fixed = np.abs(cross.sum(1)) / np.sqrt(squares[0].sum(1) * squares[1].sum(1) + 1e-20)
        for name, x in {"implied_like": like, "implied_fixed": fixed}.items():
            values |= {name: float(x.mean()), **_pairs(name, band_sums(x) / BINS)}
        values |= self._amounts(a, sizes) | self._roles([band_sums(s) for s in squares])
        for part, log in zip("ab", logs, strict=True):
            values[f"implied_steps_{part}"] = float(np.abs(np.diff(log, axis=1)).mean())
            values[f"implied_across_{part}"] = float(np.abs(np.diff(log, axis=0)).mean())
            values[f"implied_moves_{part}"] = float(log.std(1).mean())
        values["implied_long_term"] = float(correlation(*(log.mean(1) for log in logs)))
        return values

    def _tightness(self, ratio: Array) -> dict[str, float]:
        """Share of bins whose ratio r / c is at one of the asked gains, within some parts of it."""
        known = self.known
        factors = [np.float32(10 ** (g / 20)) for g in known.gains if g > ABSENT] or [np.float32(1)]
        off = np.min([np.abs(ratio - f) / f for f in factors], axis=0)
        total = known.weight.sum() + 1e-9
        return {
            f"implied_tight_{i}": float(((off < near) * known.weight).sum() / total)
            for i, near in enumerate(TIGHT)
        }

    def _amounts(self, a: Array, sizes: tuple[Array, Array]) -> dict[str, float]:
        """How A and B share out what is there: [0, 1] is what a mask can do."""
        known = self.known
        share = (a * known.spectrum.conj()).real / (known.size**2 + np.float32(1e-20))
        overlap = np.minimum(*sizes) / (sizes[0] + sizes[1] + np.float32(1e-20))
        where = {
            "implied_below": share < -0.15,
            "implied_between": (share > 0.15) & (share < 0.85),
            "implied_above": share > 1.15,
            "implied_middle": np.abs(share - 0.5) < 0.15,
            "implied_overlap": 2 * overlap,
        }
        total = known.weight.sum() + 1e-9
        return {name: float((x * known.weight).sum() / total) for name, x in where.items()}

    def _roles(self, powers: list[Array]) -> dict[str, float]:
        """Powers of A and B [14, L]: their sum, their balance, and what the roles' guess says of it."""
        whole = [p.sum(1) for p in powers]
        gained = 10 * np.log10((whole[0] + whole[1]) / (self.power.sum(1) + 1e-20) + 1e-3)
        floor = 1e-3 * self.power.sum(1) + 1e-20
        balance = 10 * np.log10((whole[0] + floor) / (whole[1] + floor))
        envelopes = [np.log(p + 1e-6 * self.power.mean(1, keepdims=True) + 1e-20) for p in powers]
        alike = correlation(*envelopes)
        values = {
            "implied_gained": float(gained.mean()),
            "implied_balance": float(balance.mean()),
            "implied_envelope": float(alike.mean()),
            **_pairs("implied_gained", gained),
            **_pairs("implied_balance", balance),
            **_pairs("implied_envelope", alike),
        }
        share = powers[0] / (powers[0] + powers[1] + 1e-20)
        guess = np.full_like(share, 0.5) if self.guessed is None else self.guessed
        weight = np.sqrt(self.power / (self.power.mean(1, keepdims=True) + 1e-20))
        total = weight.sum() + 1e-9
        more = (share - guess) * weight
        roles = {
            "implied_role_match": float(correlation(share.ravel(), guess.ravel(), weight.ravel())),
            "implied_role_error": float(np.abs(more).sum() / total),
            "implied_role_more": float(more.sum() / total),
            "implied_role_expected": float((guess * weight).sum() / total),
            "implied_role_contrast": float((share * weight * (guess - 0.5)).sum() / total),
            **_pairs("implied_role_more", more.sum(1) / (weight.sum(1) + 1e-9)),
        }
        return values | (dict.fromkeys(roles, 0.0) if self.guessed is None else roles)


def _pairs(name: str, bands: Array) -> dict[str, float]:
    """Seven features from [14] bands."""
    return named(f"{name}_band", np.asarray(bands).reshape(-1, 2).mean(1))
