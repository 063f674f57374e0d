"""The registry of scorers."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from .challenges import pair_scores
from .registry import Registry, check_name, find_factory

KINDS = ("intrusive", "predicted", "mixture-aware")
CALIBRATED = "_calibrated"  # ends the name of a scorer whose scores a calibration has mapped


@dataclass(frozen=True)
class ScorerRecord:
    """What is known of a scorer before it is loaded.

    Attributes:
        name: the `scorer` column: lower-case letters, digits and underscores.
        title: heads tables, with the kind in brackets: "HAAQI (intrusive)".
        label: stands in sentences and column heads: "HAAQI".
        kind: "intrusive" (compares with a clean reference), "predicted" (hears the output alone) or
            "mixture-aware" (knows the scene's mixture and gains besides).
        factory: "module:class", imported when the scorer is loaded; see `scorers.Scorer`.
        summary: one sentence for `haaqinet scorers`.
        predicts: name of the scorer whose scores this one predicts; empty for one of its own kind.
            Predicted and intrusive scores never share a rank.
        limits: (worst, best) score.
        needs: what a stimulus must hold besides the output: "reference", "mixture", "gains".
        extra: of haaqinet-eval, without which it cannot be loaded; empty for none.
        uses_accelerator: whether it takes `device="cuda"` and scores batches there.
        takes_weights: whether it takes `weights=…`, a file in place of those that are shipped.

    Raises:
        InputError: for a name, kind or pair of limits that cannot be used.
    """

    name: str
    title: str
    label: str
    kind: str
    factory: str
    summary: str
    predicts: str = ""
    limits: tuple[float, float] = (0.0, 1.0)
    needs: frozenset[str] = frozenset()
    extra: str = ""
    uses_accelerator: bool = False
    takes_weights: bool = False

    def __post_init__(self) -> None:
        check_name("scorer", self.name)
        if self.name.endswith(CALIBRATED):
            raise InputError(f"scorer {self.name!r}: {CALIBRATED} ends the names of calibrated ones")
        if self.kind not in KINDS:
            raise InputError(f"scorer {self.name}: kind {self.kind!r} is none of {', '.join(KINDS)}")
        if self.limits[0] == self.limits[1]:
            raise InputError(f"scorer {self.name}: limits {self.limits} are equal; (worst, best) are needed")

    @property
    def bounds(self) -> tuple[float, float]:
        """The limits as (lowest, highest)."""
        return min(self.limits), max(self.limits)

    def load(self, **options: Any) -> Any:
        """Import the scorer and make it.

        Raises:
            InputError: for a missing package, an option that it does not have, or a scorer that is not what
                its record says.
        """
        make = find_factory("scorer", self.name, self.factory, self.extra)
        try:
            inspect.signature(make).bind(**options)
        except TypeError as error:
            raise InputError(f"scorer {self.name}: options: {error}") from None
        scorer = make(**options)
        if scorer.name != self.name:
            raise InputError(f"scorer {self.name}: {self.factory} calls itself {scorer.name!r}")
        return scorer


_SCORERS = (
    ScorerRecord(
        name="haaqi",
        title="HAAQI (intrusive)",
        label="HAAQI",
        kind="intrusive",
        factory="haaqinet_eval.scorers.haaqi:HaaqiScorer",
        summary="HAAQI, exact: compares the output with a clean reference.",
        needs=frozenset({"reference"}),
    ),
    ScorerRecord(
        name="haaqinet",
        title="HAAQI-Net (predicted)",
        label="HAAQI-Net",
        kind="predicted",
        factory="haaqinet_eval.scorers.haaqinet:HaaqiNetScorer",
        summary="HAAQI-Net: predicts HAAQI from the output alone.",
        predicts="haaqi",
        extra="net",
        uses_accelerator=True,
        takes_weights=True,
    ),
    ScorerRecord(
        name="haaqinet_target",
        title="Predicted, mixture and gains known",
        label="Predicted, gains known",
        kind="mixture-aware",
        factory="haaqinet_eval.scorers.haaqinet_target:TargetScorer",
        summary="Predicts HAAQI from the output, the scene's mixture and the gains that were asked for.",
        predicts="haaqi",
        needs=frozenset({"mixture", "gains"}),
        extra="net",
        takes_weights=True,
    ),
    ScorerRecord(
        name="hasqi",
        title="HASQI (intrusive)",
        label="HASQI",
        kind="intrusive",
        factory="haaqinet_eval.scorers.hasqi:HasqiScorer",
        summary="HASQI v2, exact: speech quality, compares the output with a clean reference.",
        needs=frozenset({"reference"}),
    ),
    ScorerRecord(
        name="haspi",
        title="HASPI (intrusive)",
        label="HASPI",
        kind="intrusive",
        factory="haaqinet_eval.scorers.haspi:HaspiScorer",
        summary="HASPI v2, exact: speech intelligibility, compares the output with a clean reference.",
        needs=frozenset({"reference"}),
    ),
)
SCORERS = Registry("scorer", ScorerRecord, _SCORERS)
scorer_records, scorer_record = SCORERS.records, SCORERS.record


def scorer_names() -> tuple[str, ...]:
    """Names of all scorers."""
    return tuple(scorer_records())


def scorer_title(name: str) -> str:
    """A scorer's title, calibrated ones' and pairs' scores too; the name itself where it is not known here.

    >>> scorer_title("haaqi"), scorer_title("haaqinet_calibrated"), scorer_title("elsewhere")
    ('HAAQI (intrusive)', 'HAAQI-Net (predicted), calibrated', 'elsewhere')
    """
    records, base = scorer_records(), name.removesuffix(CALIBRATED)
    if base not in records:
        return pair_scores()[name].title if name in pair_scores() else name
    return records[base].title + (", calibrated" if base != name else "")


def predictors_of(name: str) -> list[ScorerRecord]:
    """The scorers that predict another's scores, such as HAAQI's."""
    return [record for record in scorer_records().values() if record.predicts == name]


def scorer_bounds(name: str) -> tuple[float, float]:
    """(lowest, highest) score of a scorer, calibrated ones' too; of one that is not known here, infinite."""
    record = scorer_records().get(name.removesuffix(CALIBRATED))
    if name in pair_scores():
        return 0.0, 1.0
    return record.bounds if record else (float("-inf"), float("inf"))
