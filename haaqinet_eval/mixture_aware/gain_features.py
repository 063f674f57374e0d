"""All features that depend on the gains: the gains, the stems' roles, the predicted target, implied stems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .expected import PredictedTarget, expected_envelope, expected_gain
from .gains import ROLES
from .implied_features import ImpliedStems
from .stems import RoleNet, describe_roles, describe_spread, shares_of

PREFIXES = (
    "gain_of_",
    "gains_",
    "role_",
    "aim_",
    "tile_range_m",
    "tile_high_m",
    "tile_low_m",
    "implied_",
    "base_",
)


class GainFeatures:
    """What a scene's gains would do to its mixture, with which outputs are compared.

    Args:
        net: guesses the roles.
        signal: the mixture's [T] at 24 kHz.
        tiles: the mixture's [M, 14], dB SPL, see `features.fine_levels`.
        envelope: the mixture's [32, L], see `expected.in_steps`.
        loss: of the ear [32] dB.
        gains: dB by stem.
    """

    def __init__(
        self,
        net: RoleNet,
        signal: np.ndarray,
        tiles: np.ndarray,
        envelope: np.ndarray,
        loss: np.ndarray,
        gains: Mapping[str, float],
    ) -> None:
        self.tiles, self.gains = tiles, gains
        self.shares = shares_of(net, tiles)
        self.named = all(name in ROLES for name in gains)
        asked = gains if self.named else dict.fromkeys(ROLES, 0.0)
        self.implied = ImpliedStems(signal, gains, self.shares)
        gain = expected_gain(self.shares, tiles, asked)
        self.aim = PredictedTarget(envelope, expected_envelope(envelope, gain, loss))

    def describe(self, signal: np.ndarray, tiles: np.ndarray, envelope: np.ndarray) -> dict[str, float]:
        """Features of an output's signal [T], tiles [M, 14] and envelope [32, L].

        Where stems have no roles, the guessed target is the mixture.
        """
        return {
            **describe_spread(self.tiles, tiles, list(self.gains.values())),
            **describe_roles(self.shares, self.tiles, tiles, self.gains),
            **self.aim.describe(envelope),
            **self.implied.describe(signal),
        }


def stem_features(names: Sequence[str]) -> tuple[str, ...]:
    """Names of features for a model on a base: its scores, and what implied stems say."""
    base = ("base_score", "base_unprocessed_score")
    stems = [n for n in names if n.startswith(("implied_", "moments_", "ratio_")) and "_band_" not in n]
    return (*base, *stems)


def without_gain_features(names: Sequence[str]) -> tuple[str, ...]:
    """Names of features that do not depend on the gains."""
    return tuple(name for name in names if not name.startswith(PREFIXES))
