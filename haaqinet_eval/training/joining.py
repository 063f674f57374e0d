"""What joining networks does beside averaging them: clip members alone, and how sure the whole is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torch import nn

from ..errors import InputError
from ..model import HaaqiNet
from ..model.confidence import Confidence
from .cache import read_split
from .confidence import ENOUGH, fit_confidence, fit_intervals

SPLITS = ("train", "validation")


def without_frames(net: HaaqiNet, path: str | Path) -> HaaqiNet:
    """The clip members of a network alone.

    Raises:
        InputError: it has none; names the file.
    """
    if not net.clips:
        raise InputError(f"weights {path}: has no clip members, and frames=false leaves out all others")
    net.members, net.dims = nn.ModuleList(), replace(net.dims, members=0)
    return net


def familiar(nets: Sequence[HaaqiNet]) -> Confidence:
    """What the only network of several knows of familiar sounds.

    Raises:
        InputError: there are more, or it knows nothing.
    """
    net, *others = nets
    if others or net.confidence is None:
        raise InputError("familiar=false: of one network that says how sure it is, what is familiar is kept")
    return net.confidence


def make_sure(
    net: HaaqiNet, known: Confidence | None, trials: str | Path, strange: str | Path | None
) -> None:
    """Fit how sure a network is, and have it carry that.

    Args:
        net: the network.
        known: what is familiar to it; None to fit that, too, on the split `train`.
        trials: folder of trials of music.
        strange: folder of trials of other sounds; None where there are none.

    Raises:
        InputError: as `read_split` and `fit_intervals`.
    """
    validation = read_split(trials, SPLITS[1])
    if known is None:
        others = [read_split(strange, split) for split in SPLITS] if strange else None
        net.confidence = fit_confidence(net, read_split(trials, SPLITS[0], most=ENOUGH), validation, others)
    else:
        others = read_split(strange, SPLITS[1]) if strange and known.music is not None else None
        net.confidence = fit_intervals(net, known, validation, others)
    net.dims = replace(net.dims, confidence=True, music=net.confidence.music is not None)
