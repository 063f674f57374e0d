"""The registry of challenges that judge a table of predictions instead of audio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..errors import InputError
from .registry import Registry, check_name, find_part


@dataclass(frozen=True)
class PredictionRecord:
    """What is known of a challenge in which one number per signal is handed in.

    Attributes:
        name: the `challenge` of a store, and what people type.
        title: for people.
        splits: as their metadata files are named, `<split>_metadata.json`; the last one ranked the teams.
        private: splits whose labels are not given out; their scores are shown to organisers only.
        file_name: of the table that is handed in, with `{split}` and `{team}`.
        official_score: one sentence: what its organisers rank by.
        mini: "module:function" that writes a mini challenge below a folder.
        published: "package:file" with its published results; empty for none.
    """

    name: str
    title: str
    splits: tuple[str, ...]
    private: frozenset[str]
    file_name: str
    official_score: str
    mini: str = ""
    published: str = ""

    def __post_init__(self) -> None:
        check_name("challenge", self.name)
        if not self.private <= set(self.splits):
            raise InputError(f"challenge {self.name}: private splits that it does not have")

    def find(self, part: str) -> Callable:
        """Import its "mini". Raises `InputError` where it has none."""
        return find_part(self.name, part, getattr(self, part))


_RECORDS = ("haaqinet_eval.clip:CLIP1", "haaqinet_eval.clip:CLIP2")
PREDICTIONS = Registry("prediction_challenge", PredictionRecord, _RECORDS)
prediction_records, prediction_record = PREDICTIONS.records, PREDICTIONS.record


def is_prediction(name: str) -> bool:
    """Whether a table of predictions is handed in to a challenge."""
    return name in prediction_records()
