"""HASPI and HASQI in a recipe of Clarity: ours in the place of pyclarity's.

The recipes of CEC2, CEC3, ICASSP 2023, CPC2 and CPC3 take `haspi_v2_be` and `hasqi_v2_better_ear` by name
and write their own files, so nothing but these functions is replaced. Arguments, numbers and random numbers
are the same.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from importlib import import_module
from typing import Any

from .refusal import Refusal

FUNCTIONS = {"haspi": ("haspi_v2", "haspi_v2_be"), "hasqi": ("hasqi_v2", "hasqi_v2_better_ear")}


class SpeechMetrics:
    """Our HASPI and HASQI, counted; a signal that cannot be scored ends the recipe with the place.

    Args:
        exact: whether the recipe is to have them; else a call ends it, for a prediction of HAAQI is no
            intelligibility.
        evaluator: as it was asked for, for the message.
    """

    def __init__(self, exact: bool, evaluator: str) -> None:
        self.calls: Counter[str] = Counter()
        self._exact, self._evaluator = exact, evaluator

    def stand_in(self, metric: str, name: str) -> Callable:
        """What takes a function's place; it has its signature."""
        ours = getattr(import_module(f"haaqinet_eval.{metric}"), name)
        return wraps(ours)(partial(self._call, name, ours))

    def _call(self, name: str, ours: Callable, *args: Any, **options: Any) -> Any:
        self.calls[name] += 1
        if not self._exact:
            raise Refusal(
                f"the recipe asks for {name}, and {self._evaluator} predicts HAAQI: use evaluator=haaqi"
            )
        try:
            return ours(*args, **options)
        except ValueError as error:  # Unscorable and InputError are among them
            raise Refusal(f"the recipe stopped at call {self.calls[name]} of {name}: {error}") from error


def moved() -> str:
    """What of pyclarity's HASPI and HASQI is not as it was; empty where all is."""
    for module, metric, name in _places():
        theirs = getattr(import_module(module), name, None)
        ours = getattr(import_module(f"haaqinet_eval.{metric}"), name)
        if theirs is None or _parameters(theirs) != _parameters(ours):
            return f"{module}.{name} is not there, or takes other arguments"
    return ""


def _parameters(function: Callable) -> list[tuple[str, Any]]:
    return [(name, value.default) for name, value in inspect.signature(function).parameters.items()]


def _places() -> Iterator[tuple[str, str, str]]:
    """Module of pyclarity, metric and name, wherever a recipe may take a function from."""
    for metric, names in FUNCTIONS.items():
        for module in (f"clarity.evaluator.{metric}", f"clarity.evaluator.{metric}.{metric}"):
            yield from ((module, metric, name) for name in names)


@contextmanager
def replaced_speech(metrics: SpeechMetrics) -> Iterator[None]:
    """Put ours in the place of pyclarity's functions, for a while."""
    earlier = []
    try:
        for place, metric, name in _places():
            module = import_module(place)
            earlier.append((module, name, getattr(module, name)))
            setattr(module, name, metrics.stand_in(metric, name))
        yield
    finally:
        for module, name, function in earlier:
            setattr(module, name, function)
