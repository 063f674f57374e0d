"""Both ears of a listener, ours or pyclarity's, and the better one's score."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..audiogram import Listener
from ..errors import InputError
from ..nalr import AudiogramLike


def audiograms_of(listener: object) -> tuple[AudiogramLike, AudiogramLike]:
    """Left and right audiogram of `haaqinet_eval.audiogram.Listener` or of pyclarity's `Listener`."""
    if isinstance(listener, Listener):
        return listener.left, listener.right
    try:
        return listener.audiogram_left, listener.audiogram_right
    except AttributeError:
        raise InputError(f"listener {listener!r} has no audiogram of the left and the right ear") from None


def better_ear(
    score: Callable[[np.ndarray, np.ndarray, AudiogramLike], float],
    references: tuple[np.ndarray, np.ndarray],
    processed: tuple[np.ndarray, np.ndarray],
    listener: object,
) -> float:
    """The higher of both ears' scores; `score` takes reference, processed signal and audiogram of an ear."""
    return max([score(*ear) for ear in zip(references, processed, audiograms_of(listener), strict=True)])
