"""The registry of recognisers: what writes down the words of a recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .registry import Registry, check_name, find_factory

NONE, TRANSCRIPTS = "none", "transcripts"  # choices that need no recogniser


@dataclass(frozen=True)
class RecogniserRecord:
    """What is known of a recogniser before it is loaded.

    Attributes:
        name: as the option `recogniser` has it.
        factory: "module:class", imported when it is loaded; called with `weights`, a name or a file, and
            `temperature`, see `lyrics.recognisers`.
        summary: one sentence.
        extra: of haaqinet-eval, without which it cannot be loaded; empty for none.
    """

    name: str
    factory: str
    summary: str
    extra: str = ""

    def __post_init__(self) -> None:
        check_name("recogniser", self.name)

    def find_factory(self) -> Callable:
        """Import what makes it. Raises `InputError` for a missing package, or one that lacks it."""
        return find_factory("recogniser", self.name, self.factory, self.extra)


_RECOGNISERS = (
    RecogniserRecord(
        "whisper",
        "haaqinet_eval.lyrics.recognisers:Whisper",
        "OpenAI's Whisper, where its package and its weights are there; nothing is fetched.",
    ),
)
RECOGNISERS = Registry("recogniser", RecogniserRecord, _RECOGNISERS)


def recogniser_choices() -> tuple[str, ...]:
    """Values of the option `recogniser`."""
    return NONE, TRANSCRIPTS, *RECOGNISERS.records()
