"""Separators for signals of one channel, as training renders them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from ..errors import InputError
from . import MUSDB_STEMS, Song, load_separator

Separate = Callable[[np.ndarray], dict[str, np.ndarray]]


def separator(given: str | Mapping, sample_rate: int) -> Separate:
    """A separator of popular music, for mixtures [T] or [T, 2]; stems have the mixture's shape.

    Args:
        given: a system's name, or a mapping of `name` and its options.
        sample_rate: Hz.

    Raises:
        InputError: as `load_separator`.
    """
    system = load_separator(given, "separators")

    def separate(mixture: np.ndarray) -> dict[str, np.ndarray]:
        both = mixture if mixture.ndim == 2 else np.stack([mixture, mixture], 1)
        song = Song("excerpt", both, sample_rate, {stem: stem for stem in MUSDB_STEMS}, dict)
        stems = system.separate(song)
        return {stem: x if mixture.ndim == 2 else x.mean(1) for stem, x in stems.items()}

    return separate


def separators(given: Iterable[str | Mapping], sample_rate: int) -> dict[str, Separate]:
    """Several of `separator`, by the systems' names.

    Raises:
        InputError: as `separator`; for a name that comes twice.
    """
    out: dict[str, Separate] = {}
    for one in given:
        separate = separator(one, sample_rate)
        name = one if isinstance(one, str) else one["name"]
        if name in out:
            raise InputError(f"option separators: {name} comes twice")
        out[name] = separate
    return out
