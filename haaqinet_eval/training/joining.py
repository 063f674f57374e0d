"""What joining networks does beside averaging them: clip members alone, blends, and how sure the whole is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torch import nn

from ..errors import InputError
from ..model import HaaqiNet, join
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


def blend(nets: Sequence[HaaqiNet], share: float) -> HaaqiNet:
    """One network with a mean of two networks' weights, of which the second has a share.

    A network and the same one trained on: between the two lie networks that keep much of what both know
    (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").

    Raises:
        InputError: they are not two, or differ in size.
    """
    states = [{key: x for key, x in net.state_dict().items() if "confidence" not in key} for net in nets]
    shapes = [{key: x.shape for key, x in state.items()} for state in states]
    if len(nets) != 2 or shapes[0] != shapes[1]:
        raise InputError("blend: weights of two networks of the same size are needed")
    first, second = states
    mean = {key: x.lerp(second[key], share) if x.is_floating_point() else x for key, x in first.items()}
    blended = join(nets[:1])
    blended.load_state_dict(mean)
    return blended


def familiar(nets: Sequence[HaaqiNet]) -> Confidence:
    """What the only network of several knows of familiar sounds.

    Raises:
        InputError: there are more, or it knows nothing.
    """
    net, *others = nets
    if others or net.confidence is None:
        raise InputError("familiar=false: of one network that says how sure it is, what is familiar is kept")
    return net.confidence


def fit_confidence_head(
    net: HaaqiNet,
    known: Confidence | None,
    trials: str | Path,
    strange: str | Path | None,
    unlike: Sequence[str | Path] = (),
) -> None:
    """Fit how sure a network is, and have it carry that.

    Args:
        net: the network.
        known: what is familiar to it; None to fit that, too, on the split `train`.
        trials: folder of trials of music.
        strange: folder of trials of other sounds; None where there are none.
        unlike: folders of trials of music made worse in other ways; intervals are to hold on these, too.

    Raises:
        InputError: as `read_split` and `fit_intervals`.
    """
    validation, mixed = read_split(trials, SPLITS[1]), [read_split(folder, SPLITS[1]) for folder in unlike]
    if known is None:
        others = [read_split(strange, split) for split in SPLITS] if strange else None
        train = read_split(trials, SPLITS[0], most=ENOUGH)
        net.confidence = fit_confidence(net, train, validation, others, unlike=mixed)
    else:
        others = read_split(strange, SPLITS[1]) if strange and known.music is not None else None
        net.confidence = fit_intervals(net, known, validation, others, unlike=mixed)
    net.dims = replace(net.dims, confidence=True, music=net.confidence.music is not None)
