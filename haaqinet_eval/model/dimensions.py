"""What a network puts out, and the sizes that a checkpoint may ask for: of the right kind, within limits."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from ..errors import InputError
from ..inference.frames import OUTPUTS, STRIDE
from .filters import SAMPLE_RATE

__all__ = ["OUTPUTS", "STRIDE", "Dimensions", "check_kinds", "check_range"]

WIDEST = 16_384  # channels, features
MOST = 64  # layers, members


def _is_kind(value: Any, like: Any) -> bool:
    if isinstance(like, float) and type(value) is int:
        return True
    if type(value) is not type(like):
        return False
    return not isinstance(like, tuple) or all(type(item) is type(like[0]) for item in value)


def check_kinds(dims: Any) -> None:
    """Refuse a dataclass whose values are of other kinds than its defaults.

    Raises:
        InputError: names the field and the value.
    """
    for field in fields(dims):
        value = getattr(dims, field.name)
        like = field.default_factory() if callable(field.default_factory) else field.default
        if not _is_kind(value, like):
            raise InputError(f"{field.name} {value!r} is no {type(like).__name__}")


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Refuse a number outside a range.

    Raises:
        InputError: names it and the range.
    """
    if not (math.isfinite(value) and low <= value <= high):
        raise InputError(f"{name} {value} is not from {low} to {high}")


@dataclass(frozen=True)
class Dimensions:
    """What a checkpoint carries to rebuild its network."""

    front_end: str = "auditory"
    sample_rate: int = SAMPLE_RATE  # Hz
    filters: int = 32  # temporal filters, shared by all bands
    channels: tuple[int, int, int] = (40, 64, 96)  # of the trunk's further layers
    features: int = 128  # per frame
    context: int = 96  # of what the bands' description is turned into
    dropout: float = 0.2
    members: int = 1  # networks of this size, trained apart, whose outputs are averaged
    clips: int = 0  # networks that see the bands' description alone, and then make the score; see `clip`
    clip_channels: int = 384
    confidence: bool = False  # whether the network says how sure it is
    music: bool = False  # whether it then tells music from other sounds

    def __post_init__(self) -> None:
        check_kinds(self)
        fixed = {"front_end": "auditory", "sample_rate": SAMPLE_RATE}
        for name, value in fixed.items():
            if getattr(self, name) != value:
                raise InputError(f"{name} {getattr(self, name)!r} is not {value!r}")
        if len(self.channels) != 3 or self.filters % 2:
            raise InputError(f"channels {self.channels} are not three, or filters {self.filters} are odd")
        widths = {"filters": self.filters, "features": self.features, "channels": min(self.channels)}
        for name, low in {**dict.fromkeys(widths, 1), "context": 4, "clip_channels": 4}.items():
            check_range(name, widths.get(name, getattr(self, name)), low, WIDEST)
        check_range("channels", max(self.channels), 1, WIDEST)
        for name in ("members", "clips"):
            check_range(name, getattr(self, name), 0, MOST)
        check_range("members and clips", self.members + self.clips, 1, MOST)
        check_range("dropout", self.dropout, 0, 0.99)
