"""What a pair of ears understood, and the score that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from .counting import count_hits

EARS = ("left", "right")
# columns of the official table, with its spelling
TEXTS = {"left": "hypothesis_left", "right": "hypothesis_right"}
SHARES = {"left": "whisper_left", "right": "whisper_rigth"}
BETTER = "whisper_be"


@dataclass(frozen=True)
class Scoring:
    """One version of the official evaluator."""

    counting: str  # see `counting.COUNTINGS`
    simulated: bool  # each ear's recogniser hears what the simulated loss leaves; if not, the file itself
    temperature: float | None  # Whisper's; None: its own series, which is sampled and cannot be repeated


SCORINGS = {
    "official": Scoring("alt-eval", True, 0.0),  # 0.6.2 and 0.6.3: the published numbers
    "pyclarity": Scoring("raw", False, None),  # 0.7.0 to 0.9.0
}


def find_scoring(value: Any) -> Scoring:
    """The version that the option `scoring` names."""
    if value not in SCORINGS:
        raise InputError(f"option scoring is {value!r}; known: {', '.join(SCORINGS)}")
    return SCORINGS[value]


@dataclass(frozen=True)
class Understood:
    """What one ear's recogniser wrote down, and how much of the lyrics that is."""

    text: str
    hits: int
    words: int  # of the lyrics

    @classmethod
    def count(cls, lyrics: str, text: str, scoring: str) -> Understood:
        """Count the words of a transcript by the rules of a version, see `SCORINGS`."""
        return cls(text, *count_hits(lyrics, text, find_scoring(scoring).counting))

    @property
    def share(self) -> float:
        """Of the words of the lyrics, 0 to 1."""
        return self.hits / self.words


@dataclass(frozen=True)
class Words:
    """What both ears understood of a system's output; None for an ear without a transcript."""

    left: Understood | None = None
    right: Understood | None = None

    @classmethod
    def count(cls, lyrics: str, texts: Mapping[str, str], scoring: str) -> Words:
        """Count what was written down, by ear."""
        return cls(**{ear: Understood.count(lyrics, text, scoring) for ear, text in texts.items()})

    @property
    def better(self) -> float | None:
        """The share of the better ear; None unless both have a transcript."""
        if self.left is None or self.right is None:
            return None
        return max(self.left.share, self.right.share)

    @property
    def missing(self) -> tuple[str, ...]:
        """The ears without a transcript."""
        return tuple(ear for ear in EARS if getattr(self, ear) is None)

    def columns(self) -> dict[str, object]:
        """The cells of the official table, empty where there is no transcript."""
        ears = dict(zip(EARS, (self.left, self.right), strict=True))
        texts = {TEXTS[ear]: found.text if found else "" for ear, found in ears.items()}
        shares = {SHARES[ear]: found.share if found else "" for ear, found in ears.items()}
        return {**texts, **shares, BETTER: "" if self.better is None else self.better}


def joint_score(alpha: float, better: float | None, haaqi: float) -> float | str:
    """CAD2 task 1's score; an empty cell where it takes words that nobody has transcribed.

    >>> joint_score(0.25, 0.5, 0.75), joint_score(0.25, None, 0.75), joint_score(0.0, None, 0.75)
    (0.6875, '', 0.75)
    """
    if better is None:
        return haaqi if alpha == 0 else ""
    return alpha * better + (1 - alpha) * haaqi
