"""What is known of a scorer before it is loaded."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from .registry import check_name, find_factory, missing_package

KINDS = ("intrusive", "predicted", "mixture-aware", "neighbour")
CALIBRATED = "_calibrated"  # ends the name of a scorer whose scores a calibration has mapped


@dataclass(frozen=True)
class ScorerRecord:
    """What is known of a scorer before it is loaded.

    Attributes:
        name: the `scorer` column: lower-case letters, digits and underscores.
        title: heads tables, with the kind in brackets: "HAAQI (intrusive)".
        label: stands in sentences and column heads: "HAAQI".
        kind: "intrusive" (compares with a clean reference), "predicted" (hears the output alone),
            "mixture-aware" (knows the scene's mixture and gains besides) or "neighbour" (knows no hearing
            loss: stands beside the others and never ranks).
        factory: "module:class", imported when the scorer is loaded; see `scorers.Scorer`.
        summary: one sentence for `haaqinet scorers`.
        predicts: name of the scorer whose scores this one predicts; empty for one of its own kind.
            Predicted and intrusive scores never share a rank.
        limits: (worst, best) score.
        needs: what a stimulus must hold besides the output: "reference", "mixture", "gains".
        extra: of haaqinet-eval, without which it cannot be loaded; empty for none.
        uses_accelerator: whether it takes `device="cuda"` and scores batches there.
        takes_weights: whether it takes `weights=…`, a file in place of those that are shipped.
        purpose: what it was made for ("music", "speech", "any sound"); empty where nobody knows.
        sample_rate: Hz it works at; None where only the loaded scorer knows.

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
    purpose: str = ""
    sample_rate: float | None = None

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
        try:
            scorer = make(**options)
        except ModuleNotFoundError as error:
            raise missing_package("scorer", self.name, error, self.extra) from None
        if scorer.name != self.name:
            raise InputError(f"scorer {self.name}: {self.factory} calls itself {scorer.name!r}")
        return scorer
