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


def kept_confidence(nets: Sequence[HaaqiNet]) -> Confidence:
    """The confidence of the only network, whose in-distribution limits are kept.

    Raises:
        InputError: there are more, or it knows nothing.
    """
    net, *others = nets
    if others or net.confidence is None:
        raise InputError("in_distribution=false: needs one network that says how sure it is")
    return net.confidence


def fit_confidence_head(
    net: HaaqiNet,
    known: Confidence | None,
    trials: str | Path,
    non_music: str | Path | None,
    unseen: Sequence[str | Path] = (),
) -> None:
    """Fit how sure a network is, and have it carry that.

    Args:
        net: the network.
        known: with the in-distribution limits; None to fit these, too, on the split `train`.
        trials: folder of trials of music.
        non_music: folder of trials of other sounds; None where there are none.
        unseen: folders of trials of music made worse in other ways; intervals are to hold on these, too.

    Raises:
        InputError: as `read_split` and `fit_intervals`.
    """
    validation, mixed = read_split(trials, SPLITS[1]), [read_split(folder, SPLITS[1]) for folder in unseen]
    if known is None:
        others = [read_split(non_music, split) for split in SPLITS] if non_music else None
        train = read_split(trials, SPLITS[0], most=ENOUGH)
        net.confidence = fit_confidence(net, train, validation, others, unseen=mixed)
    else:
        others = read_split(non_music, SPLITS[1]) if non_music and known.music is not None else None
        net.confidence = fit_intervals(net, known, validation, others, unseen=mixed)
    net.dims = replace(net.dims, confidence=True, music=net.confidence.music is not None)
