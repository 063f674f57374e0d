"""What the splits share. Two protocols, whose figures are never mixed.

- `artists`: nothing. Clips are split by artist (`index.csv`), hearing losses by pattern; every
  condition is in every split.
- `paper`: songs, as in Wisnu et al., "HAAQI-Net", section IV-B. Training and validation are on the
  first 60 % of every clip and on 82 of the paper's 100 conditions, the test on the rest of the clips and on
  all 100, of which 18 are then unseen. Hearing losses are split by pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import InputError
from .clips import SPLITS, Clip, check_disjoint
from .conditions import CONDITIONS

PROTOCOLS = ("artists", "paper")
TRAINED_SHARE = 0.6  # of each clip, in the paper's protocol
_UNSEEN_KINDS = ("babble_wdrc", "subtraction_wdrc", "resonances_lowpass")


def is_unseen(name: str) -> bool:
    """Whether a condition is one of the paper's 18 that it trains without.

    >>> sum(map(is_unseen, CONDITIONS))
    18
    """
    return name.startswith("babble_wdrc+") or name.rpartition("-")[0] in _UNSEEN_KINDS


def conditions_of(protocol: str, split: str) -> tuple[str, ...]:
    """Names of a split's conditions, for `Plan.only`; empty for all there are."""
    if protocol == "artists":
        return ()
    paper = (c.name for c in CONDITIONS.values() if "paper" in c.tags)
    return tuple(name for name in paper if split == "test" or not is_unseen(name))


def clips_of(clips: Sequence[Clip], protocol: str, seconds: float) -> dict[str, list[Clip]]:
    """Clips of each split; of `seconds` (s) at least in the paper's protocol.

    Raises:
        InputError: for an unknown protocol; or for `artists`, what `check_disjoint` refuses.
    """
    if protocol not in PROTOCOLS:
        raise InputError(f"protocol {protocol!r} is unknown; known: {', '.join(PROTOCOLS)}")
    if protocol == "artists":
        check_disjoint(clips)
        return {split: [c for c in clips if c.split == split] for split in SPLITS}
    parts = dict.fromkeys(SPLITS, (0.0, TRAINED_SHARE)) | {"test": (TRAINED_SHARE, 1.0)}
    return {
        split: [
            replace(clip, split=split, part=part)
            for clip in clips
            if (part[1] - part[0]) * clip.seconds >= seconds
        ]
        for split, part in parts.items()
    }
