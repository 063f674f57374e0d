"""The registry of scorers."""

from __future__ import annotations

from .challenges import pair_scores
from .neighbours import NEIGHBOURS
from .registry import Registry
from .scorer_record import CALIBRATED, ScorerRecord

_SCORERS = (
    ScorerRecord(
        name="haaqi",
        title="HAAQI (intrusive)",
        label="HAAQI",
        kind="intrusive",
        factory="haaqinet_eval.scorers.haaqi:HaaqiScorer",
        purpose="music",
        summary="HAAQI, exact: compares the output with a clean reference.",
        needs=frozenset({"reference"}),
    ),
    ScorerRecord(
        name="haaqinet",
        title="HAAQI-Net (predicted)",
        label="HAAQI-Net",
        kind="predicted",
        factory="haaqinet_eval.scorers.haaqinet:HaaqiNetScorer",
        purpose="music",
        summary="HAAQI-Net: predicts HAAQI from the output alone.",
        predicts="haaqi",
        extra="net",
        uses_accelerator=True,
        takes_weights=True,
    ),
    ScorerRecord(
        name="noresqa",
        title="NORESQA (predicted)",
        label="NORESQA",
        kind="predicted",
        factory="haaqinet_eval.scorers.noresqa:NoresqaScorer",
        purpose="music",
        summary="Compares the output with unrelated clips, the shipped ones or your own, on HAAQI's scale.",
        predicts="haaqi",
        extra="net",
        takes_weights=True,
    ),
    ScorerRecord(
        name="haaqinet_target",
        title="Predicted, mixture and gains known",
        label="Predicted, gains known",
        kind="mixture-aware",
        factory="haaqinet_eval.scorers.haaqinet_target:TargetScorer",
        purpose="music",
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
        purpose="speech",
        summary="HASQI v2, exact: speech quality, compares the output with a clean reference.",
        needs=frozenset({"reference"}),
    ),
    ScorerRecord(
        name="haspi",
        title="HASPI (intrusive)",
        label="HASPI",
        kind="intrusive",
        factory="haaqinet_eval.scorers.haspi:HaspiScorer",
        purpose="speech",
        summary="HASPI v2, exact: speech intelligibility, compares the output with a clean reference.",
        needs=frozenset({"reference"}),
    ),
)
SCORERS = Registry("scorer", ScorerRecord, (*_SCORERS, *NEIGHBOURS))
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
