"""Run a participant's own pyclarity recipe, unchanged, with our evaluator behind it.

Every Cadenza recipe takes `compute_haaqi` and `ResultsFile` from pyclarity. Both are replaced
before the script is loaded, and put back afterwards:

- `haaqi`: our fast HAAQI; the table of scores is the recipe's own.
- `haaqinet`, or another scorer of the output alone: its prediction takes HAAQI's place in the table.
- `both`: HAAQI stays in place; beside each column with a score there is `haaqinet_<column>`.

Clarity's recipes take HASPI and HASQI; with `haaqi` or `both` they get ours, see `speech`.

The recipe keeps its own habits: it starts its table anew each time, so a run that was
killed cannot be resumed, and the first file that cannot be scored ends it. Signals of different
lengths are cut to the shorter, with a warning: CAD1 task 2's plays files of 32 kHz at 44.1 kHz.
Where that matters, use this project's recipes.
"""

from __future__ import annotations

import inspect
import math
import numbers
import os
import re
import runpy
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ..audiogram import Audiogram
from ..errors import InputError
from ..registry import predictors_of
from ..scorers import load_scorer
from ..trials import Stimulus
from .refusal import Refusal, lacking
from .speech import SpeechMetrics, moved, replaced_speech

if TYPE_CHECKING:
    import numpy as np

VERSIONS = ((0, 8), (0, 10))  # of pyclarity; the first is in, the second is out
HAAQI_MODULES = ("clarity.evaluator.haaqi", "clarity.evaluator.haaqi.haaqi")
RESULTS_MODULE = "clarity.utils.results_support"
HAAQI_PARAMETERS = {  # name -> default
    "processed_signal": inspect.Parameter.empty,
    "reference_signal": inspect.Parameter.empty,
    "processed_sample_rate": inspect.Parameter.empty,
    "reference_sample_rate": inspect.Parameter.empty,
    "audiogram": inspect.Parameter.empty,
    "equalisation": 1,
    "level1": 65.0,
}
RESULTS_PARAMETERS = ("file_name", "header_columns", "append_results")
PREFIX = "haaqinet_"  # of the columns with predictions
AS_IS = "nothing of pyclarity's was replaced"
MEAN_TOLERANCE = 1e-6  # a column with the mean is rounded differently


def check_pyclarity() -> None:
    """Refuse a pyclarity whose names or signatures are not those that are replaced here.

    Raises:
        InputError: says what is missing or has moved.
    """
    try:
        found = version("pyclarity")
    except PackageNotFoundError:
        raise InputError("haaqinet recipe: needs pyclarity; pip install 'haaqinet-eval[recipes]'") from None
    low, high = (".".join(map(str, bound)) for bound in VERSIONS)
    if not VERSIONS[0] <= _release(found) < VERSIONS[1]:
        raise _moved(found, f"the version is not from {low} on and below {high}")
    for name in (*HAAQI_MODULES, RESULTS_MODULE):
        try:
            module = import_module(name)
        except ImportError as error:
            raise _moved(found, f"{name} cannot be imported: {error}") from None
        wanted = "ResultsFile" if name == RESULTS_MODULE else "compute_haaqi"
        if not hasattr(module, wanted):
            raise _moved(found, f"{name} has no {wanted}")
    _check_signatures(found)


def _release(text: str) -> tuple[int, ...]:
    parts = text.split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()


def _check_signatures(found: str) -> None:
    for name in HAAQI_MODULES:
        parameters = inspect.signature(import_module(name).compute_haaqi).parameters
        given = {parameter: value.default for parameter, value in parameters.items()}
        if given != HAAQI_PARAMETERS:
            raise _moved(found, f"{name}.compute_haaqi takes {', '.join(given)}")
    results = import_module(RESULTS_MODULE).ResultsFile
    if tuple(inspect.signature(results).parameters) != RESULTS_PARAMETERS:
        raise _moved(found, f"ResultsFile takes {', '.join(inspect.signature(results).parameters)}")
    add_result = getattr(results, "add_result", None)
    if speech := moved():
        raise _moved(found, speech)
    if not add_result or tuple(inspect.signature(add_result).parameters) != ("self", "row_values"):
        raise _moved(found, "there is no ResultsFile.add_result(row_values)")


def _moved(found: str, what: str) -> InputError:
    return InputError(f"haaqinet recipe: does not fit pyclarity {found}: {what}; use this project's recipes")


class Evaluator:
    """What stands in for `compute_haaqi`; remembers its calls until a row is written."""

    def __init__(self, name: str) -> None:
        from ..haaqi import compute_haaqi

        self.compute_haaqi = compute_haaqi if name in ("haaqi", "both") else None
        self.net = None if name == "haaqi" else load_scorer("haaqinet" if name == "both" else name)
        self.calls = 0
        self.returned: list[float] = []
        self.predicted: list[float] = []
        self.rows = 0

    def __call__(
        self,
        processed_signal: np.ndarray,
        reference_signal: np.ndarray,
        processed_sample_rate: float,
        reference_sample_rate: float,
        audiogram: Any,
        equalisation: int = 1,
        level1: float = 65.0,
    ) -> float:
        """One ear's score, for the signature see pyclarity's `compute_haaqi`."""
        self.calls += 1
        try:
            if self.net:
                self.predicted.append(
                    self.predict(processed_signal, processed_sample_rate, audiogram, level1)
                )
            if self.compute_haaqi:
                rates = processed_sample_rate, reference_sample_rate
                arguments = processed_signal, reference_signal, *rates, audiogram, equalisation, level1
                self.returned.append(self.compute_haaqi(*arguments, any_length=True))
            else:
                self.returned.append(self.predicted[-1])
        except ValueError as error:  # Unscorable and InputError are among them
            raise self.refusal(str(error)) from error
        return self.returned[-1]

    def predict(self, signal: np.ndarray, sample_rate: float, audiogram: Any, level1: float) -> float:
        """HAAQI-Net's score of one ear; the audiogram is pyclarity's."""
        ours = Audiogram(tuple(audiogram.levels), tuple(audiogram.frequencies))
        return float(self.net(Stimulus(signal, sample_rate, ours, level1)).value)

    def refusal(self, message: str) -> Refusal:
        """An error with the place where it happened."""
        where = f"row {self.rows + 1}, call {len(self.returned) + 1} of compute_haaqi"
        return Refusal(f"the recipe stopped at {where}: {message}")

    def take_row(self) -> tuple[list[float], list[float]]:
        """What was returned and predicted since the last row."""
        if not self.returned:
            raise self.refusal("a row is written, but the recipe did not ask pyclarity for HAAQI")
        calls = self.returned, self.predicted
        self.returned, self.predicted = [], []
        self.rows += 1
        return calls


def find_columns(row: Mapping[str, Any], returned: Sequence[float]) -> dict[str, int | None]:
    """Which columns of a row hold scores: the index of the call, or None for the mean of all calls.

    >>> find_columns({"scene": "S1", "left": 0.25, "right": 0.5, "score": 0.375}, [0.25, 0.5])
    {'left': 0, 'right': 1, 'score': None}
    """
    columns: dict[str, int | None] = {}
    mean = math.fsum(returned) / len(returned)
    by_ear_first = sorted(row.items(), key=lambda item: not item[0].startswith(("left", "right")))  # for ties
    for name, value in by_ear_first:
        if isinstance(value, str | bool) or not isinstance(value, numbers.Real):
            continue
        calls = [i for i, score in enumerate(returned) if score == value and i not in columns.values()]
        if calls:
            columns[name] = calls[0]
        elif None not in columns.values() and abs(value - mean) < MEAN_TOLERANCE:
            columns[name] = None  # the first: another may be the mean by chance
    if not set(columns.values()) - {None}:
        raise InputError("no column holds what compute_haaqi returned")
    return columns


def add_predictions(
    row: Mapping[str, Any],
    columns: Mapping[str, int | None],
    returned: Sequence[float],
    predicted: Sequence[float],
) -> dict[str, Any]:
    """A row with `haaqinet_<column>` for each column with a score.

    Raises:
        InputError: where a column does not hold what it held in the first row.
    """
    extended = dict(row)
    for name, call in columns.items():
        if call is not None and [row[name]] != returned[call : call + 1]:
            raise InputError(f"column {name!r} does not hold what compute_haaqi returned")
        extended[PREFIX + name] = math.fsum(predicted) / len(predicted) if call is None else predicted[call]
    return extended


def results_file(base: type, evaluator: Evaluator, extend: bool) -> type:
    """A `ResultsFile` that notes each row, and with `extend` has the predictions' columns, too.

    Which columns hold scores is seen in the first row; the header is written again then.
    """

    class ResultsFile(base):
        """pyclarity's table of scores."""

        score_columns: ClassVar = None  # of an instance, once it has a row

        def add_result(self, row_values: dict[str, Any]) -> None:
            """Write a row."""
            returned, predicted = evaluator.take_row()
            if extend:
                try:
                    if self.score_columns is None:
                        self._extend(find_columns(row_values, returned))
                    row_values = add_predictions(row_values, self.score_columns, returned, predicted)
                except InputError as error:
                    raise evaluator.refusal(str(error)) from None
            super().add_result(row_values)

        def _extend(self, columns: Mapping[str, int | None]) -> None:
            self.score_columns = columns
            self.header_columns = [
                name
                for column in self.header_columns
                for name in ((column, PREFIX + column) if column in columns else (column,))
            ]
            if self.append_results:
                raise InputError(
                    f"{self.file_name}: rows with predictions cannot be appended to an older table"
                )
            self.__post_init__()

    return ResultsFile


@contextmanager
def replaced(evaluator: Evaluator, extend: bool) -> Iterator[None]:
    """Put the evaluator in the place of pyclarity's names, for a while."""
    results = import_module(RESULTS_MODULE)
    base = results.ResultsFile
    earlier = {name: import_module(name).compute_haaqi for name in HAAQI_MODULES}
    try:
        for name in HAAQI_MODULES:
            import_module(name).compute_haaqi = evaluator
        results.ResultsFile = results_file(base, evaluator, extend)
        yield
    finally:
        for name, function in earlier.items():
            import_module(name).compute_haaqi = function
        results.ResultsFile = base


def from_here(overrides: Sequence[str]) -> list[str]:
    """Overrides whose relative paths, `path.NAME=VALUE`, count from this folder: recipes work in another.

    >>> from_here(["path.root=/data", "path.scenes_file=${path.root}/a", "evaluate.small_test=true"])
    ['path.root=/data', 'path.scenes_file=${path.root}/a', 'evaluate.small_test=true']
    """
    return [_RELATIVE.sub(_made_absolute, override) for override in overrides]


# no interpolation, no URL, no list, nothing quoted or missing
_RELATIVE = re.compile(r"(\+{0,2}path\.\w+)=(?!null$|\?)([^/~$\[{'\"][^$:]*)")


def _made_absolute(found: re.Match) -> str:
    path = os.path.abspath(found[2])
    plain = re.fullmatch(r"[\w./-]+", path)
    quoted = path if plain else "'" + path.replace("'", "\\'") + "'"
    return f"{found[1]}={quoted}"


@contextmanager
def _as_script(script: Path, overrides: Sequence[str]) -> Iterator[None]:
    """`sys.argv`, `sys.path` and the working folder as for `python script …`, and back."""
    argv, path, folder = sys.argv, sys.path[:], os.getcwd()
    try:
        sys.argv = [str(script), *overrides]
        sys.path.insert(0, str(script.parent))
        yield
    finally:
        sys.argv, sys.path[:] = argv, path
        os.chdir(folder)


def evaluators() -> tuple[str, ...]:
    """What may take the place of a recipe's HAAQI: ours, scorers of the output alone, or `both`."""
    return ("haaqi", *(record.name for record in predictors_of("haaqi") if not record.needs), "both")


def run_recipe(script: Path, evaluator: str, overrides: list[str]) -> int:
    """Run a pyclarity recipe with our evaluator.

    Args:
        script: the recipe's `evaluate.py`.
        evaluator: one of `evaluators()`.
        overrides: what else stands on the recipe's command line.

    Returns:
        The recipe's exit code.

    Raises:
        InputError: for a script that is not there, an unknown evaluator, a pyclarity that does
            not fit, a signal that cannot be scored, or a recipe that goes another way.
    """
    script = Path(script).resolve()
    if not script.is_file():
        raise InputError(f"{script}: no such recipe")
    if evaluator not in (known := evaluators()):
        raise InputError(f"evaluator {evaluator!r} is unknown; known: {', '.join(known)}")
    check_pyclarity()
    ours, speech = Evaluator(evaluator), SpeechMetrics(evaluator in ("haaqi", "both"), evaluator)
    code = 0
    with (
        replaced(ours, extend=evaluator == "both"),
        replaced_speech(speech),
        _as_script(script, from_here(overrides)),
    ):
        try:
            runpy.run_path(str(script), run_name="__main__")
        except Refusal as refusal:
            raise InputError(f"{script}: {refusal.message}") from None
        except ImportError as error:
            raise InputError(f"{script}: {lacking(error)}") from None
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    if not code and ours.returned:
        raise InputError(f"{script}: HAAQI was computed, but no row was written by pyclarity's ResultsFile")
    if not code and not ours.calls and not speech.calls:
        print(f"{script}: asked for no HAAQI, HASPI or HASQI, so it ran as it is: {AS_IS}", file=sys.stderr)
    return code
