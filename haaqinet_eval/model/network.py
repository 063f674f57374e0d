"""What every network offers, whatever its design: how it is told an ear, run, and read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..audiogram import CLARITY_FREQUENCIES, Audiogram
from ..deprecated import old_names
from ..nalr import check_measured
from .auditory import HAAQI_FREQUENCIES
from .confidence import Prediction

__getattr__ = old_names(__name__)


class Network(nn.Module):
    """A network of any design: signals [B, T], ears [B, D] and levels [B] to frame outputs [B, P, N].

    This one is told hearing levels and runs on signals of equal length; others replace the methods.
    """

    dims: Any  # what rebuilds it; `dims.sample_rate` in Hz
    format: str  # of its checkpoints
    frame_seconds: float  # from one frame output to the next

    def encode_audiogram(self, audiogram: Audiogram) -> np.ndarray:
        """The network's second input: hearing levels [8] dB HL, or the loss in 32 bands, [32] dB.

        Raises:
            InputError: the audiogram lacks one of HAAQI's six frequencies; none is made up.

        >>> from .paper import PaperDimensions, PaperNet
        >>> PaperNet(PaperDimensions()).encode_audiogram(Audiogram.flat(40))
        array([40., 40., 40., 40., 40., 40., 40., 40.])
        """
        check_measured(audiogram, HAAQI_FREQUENCIES)
        return self._encode(audiogram)

    def _encode(self, audiogram: Audiogram) -> np.ndarray:
        return np.array(audiogram.resample(CLARITY_FREQUENCIES).levels)

    def score_times(self, count: int, seconds: float) -> np.ndarray:
        """Middle of each of a clip's frame scores, [count] s."""
        return (np.arange(count) + 0.5) * self.frame_seconds

    def score_clips(self, signals: Tensor, ears: Tensor, level1: Tensor) -> Tensor:
        """Means of `forward`'s frame outputs, [B, P]."""
        return self(signals, ears, level1).mean(-1)

    def predict_batch(self, signals: Sequence[Tensor], ears: Tensor, level1: Tensor) -> list[Prediction]:
        """Prediction of each ear, equal to that of the ear by itself.

        Args:
            signals: [T] each, at the network's sample rate.
            ears: [B, D] of `encode_audiogram`.
            level1: [B] dB SPL of RMS 1.

        Returns:
            one `Prediction` an ear, without its first dimension: outputs [P, N], the rest [].
        """

        def predict(which: list[int], _: int) -> Prediction:
            return Prediction(self(torch.stack([signals[i] for i in which]), ears[which], level1[which]))

        return predict_by_size([len(signal) for signal in signals], predict)


def predict_by_size(sizes: list[int], predict: Callable[[list[int], int], Prediction]) -> list[Prediction]:
    """Predictions of ears of one size together; the results in the order of `sizes`."""
    found: dict[int, Prediction] = {}
    for size in set(sizes):
        which = [i for i, other in enumerate(sizes) if other == size]
        together = predict(which, size)
        found |= {i: _one(together, place) for place, i in enumerate(which)}
    return [found[i] for i in range(len(sizes))]


def _one(together: Prediction, place: int) -> Prediction:
    values = (getattr(together, field.name) for field in fields(Prediction))
    return Prediction(*(None if value is None else value[place] for value in values))
