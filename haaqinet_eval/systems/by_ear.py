"""Separators for signals of one channel, as training renders them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import InputError
from . import MUSDB_STEMS, Separator, Song, load_system


def separator(name: str, sample_rate: int, **options) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """A separator of popular music by name, for mixtures [T] or [T, 2]; stems have the mixture's shape.

    Raises:
        InputError: for an unknown name or option, a system that does not separate, or missing weights.
    """
    system = load_system(name, **options)
    if not isinstance(system, Separator):
        raise InputError(f"system {name}: does not separate")

    def separate(mixture: np.ndarray) -> dict[str, np.ndarray]:
        both = mixture if mixture.ndim == 2 else np.stack([mixture, mixture], 1)
        song = Song("excerpt", both, sample_rate, {stem: stem for stem in MUSDB_STEMS}, dict)
        stems = system.separate(song)
        return {stem: x if mixture.ndim == 2 else x.mean(1) for stem, x in stems.items()}

    return separate
