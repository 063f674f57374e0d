"""What a network makes of ears; many at once for an accelerator, which one does not fill."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from .auditory import HOP
from .confidence import Judgement
from .net import HaaqiNet


def judge_ears(
    net: torch.nn.Module, signals: Sequence[Tensor], ears: Tensor, level1: Tensor
) -> list[Judgement]:
    """Judgement of each ear, equal to that of the ear by itself.

    The front end hears all signals at once, padded with zeros and told their lengths. What the network
    makes of a clip depends on the clip's statistics and ends, so that it runs on ears of equal length
    together. Networks without the auditory front end run on signals of equal length.

    Args:
        net: a network of `load_model`.
        signals: [T] each, at the network's sample rate.
        ears: [B, D] of `describe_ear`.
        level1: [B] dB SPL of RMS 1.

    Returns:
        one `Judgement` an ear, without its first dimension: outputs [P, N], the rest [].
    """
    if isinstance(net, HaaqiNet):
        lengths = torch.tensor([len(signal) for signal in signals], device=ears.device)
        heard = net.front_end(pad_sequence(list(signals), True), ears, level1, lengths)

        def judge(which: list[int], frames: int) -> Judgement:
            return net.judge(heard.part(which, frames), ears[which])

        return _by_size([len(signal) // HOP for signal in signals], judge)

    def judge(which: list[int], _: int) -> Judgement:
        return Judgement(net(torch.stack([signals[i] for i in which]), ears[which], level1[which]))

    return _by_size([len(signal) for signal in signals], judge)


def _by_size(sizes: list[int], judge: Callable[[list[int], int], Judgement]) -> list[Judgement]:
    """Judges ears of one size together; the results in the order of `sizes`."""
    found: dict[int, Judgement] = {}
    for size in set(sizes):
        which = [i for i, other in enumerate(sizes) if other == size]
        together = judge(which, size)
        found |= {i: _one(together, place) for place, i in enumerate(which)}
    return [found[i] for i in range(len(sizes))]


def _one(together: Judgement, place: int) -> Judgement:
    values = (getattr(together, field.name) for field in fields(Judgement))
    return Judgement(*(None if value is None else value[place] for value in values))
