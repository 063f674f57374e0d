"""Many ears of unequal length at once: for an accelerator, which one ear does not fill."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from .auditory import HOP
from .net import HaaqiNet


def score_ears(net: torch.nn.Module, signals: Sequence[Tensor], ears: Tensor, level1: Tensor) -> list[Tensor]:
    """Outputs of each ear, equal to those of the ear by itself.

    The front end hears all signals at once, padded with zeros and told their lengths. What the network
    makes of a clip depends on the clip's statistics and ends, so that it runs on ears of equal length
    together. Networks without the auditory front end run on signals of equal length.

    Args:
        net: a network of `load_model`.
        signals: [T] each, at the network's sample rate.
        ears: [B, D] of `describe_ear`.
        level1: [B] dB SPL of RMS 1.

    Returns:
        [P, N] each, as the network gives them for one ear.
    """
    if isinstance(net, HaaqiNet):
        lengths = torch.tensor([len(signal) for signal in signals], device=ears.device)
        envelope, spectrum = net.front_end(pad_sequence(list(signals), True), ears, level1, lengths)

        def score(which: list[int], frames: int) -> Tensor:
            return net.score_features(envelope[which, :, :frames], spectrum[which], ears[which])

        return _by_size([len(signal) // HOP for signal in signals], score)

    def score(which: list[int], _: int) -> Tensor:
        return net(torch.stack([signals[i] for i in which]), ears[which], level1[which])

    return _by_size([len(signal) for signal in signals], score)


def _by_size(sizes: list[int], score: Callable[[list[int], int], Tensor]) -> list[Tensor]:
    """Scores ears of one size together; the results in the order of `sizes`."""
    outputs: dict[int, Tensor] = {}
    for size in set(sizes):
        which = [i for i, other in enumerate(sizes) if other == size]
        outputs |= zip(which, score(which, size), strict=True)
    return [outputs[i] for i in range(len(sizes))]
