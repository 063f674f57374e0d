"""Scores 200 trials of `haaqi_cases` with pyclarity's HASPI and HASQI, for `speech.json` beside this file.

All are scored with ours too, and the largest differences written down. Takes half an hour; needed only
when the trials or pyclarity's numbers change. Trials that the file has from the same versions are kept,
so it can be stopped; remove the file to score all of them:

    python tests/golden/make_speech.py
"""

import json
import logging
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from clarity.evaluator.haspi import haspi_v2
from clarity.evaluator.hasqi import hasqi_v2
from clarity.utils.audiogram import Audiogram

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from haaqi_cases import make_case  # noqa: E402
from speech_cases import STORED, ours_haspi, ours_hasqi, trial  # noqa: E402

VERSIONS = {name: version(name) for name in ("pyclarity", "numpy", "scipy")}
PATH = HERE / "speech.json"


def theirs_haspi(case) -> list[float] | None:
    """pyclarity's score and ten correlations; None where it raises ValueError."""
    np.random.seed(case.seed)
    signals = case.reference, case.reference_rate, case.processed, case.processed_rate
    try:
        score, raw = haspi_v2(*signals, Audiogram(np.array(case.levels)), case.level1)
    except ValueError:
        return None
    return [float(score), *raw.tolist()]


def theirs_hasqi(case) -> list[float]:
    """pyclarity's score, cepstral correlation, synchrony, d_loud and d_slope."""
    np.random.seed(case.seed)
    signals = case.reference, case.reference_rate, case.processed, case.processed_rate
    audiogram = Audiogram(np.array(case.levels))
    score, _, _, raw = hasqi_v2(*signals, audiogram, case.equalisation, case.level1)
    return [float(value) for value in (score, *raw)]


def apart(ours: list[float] | None, theirs: list[float] | None) -> float:
    """Largest difference; 0 where neither has a score."""
    if ours is None or theirs is None:
        return 0.0 if ours is theirs else float("inf")
    return float(np.abs(np.subtract(ours, theirs)).max())


def write(rows: list, **measured) -> None:
    """The file as it stands."""
    lines = ",\n  ".join(json.dumps(row) for row in rows)
    head = json.dumps({"made_with": VERSIONS, **measured})[:-1]
    PATH.write_text(f'{head}, "rows": [\n  {lines}\n]}}\n', encoding="utf-8")


def stored() -> list:
    """Rows of an earlier run with the same versions."""
    found = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}
    return found["rows"] if found.get("made_with") == VERSIONS else []


def main() -> None:
    """Score them all."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    rows = stored()[:STORED]
    for count in range(len(rows), STORED):
        case = make_case(trial(count))
        rows.append({"haspi": theirs_haspi(case), "hasqi": theirs_hasqi(case)})
        write(rows)
        print(count, trial(count), rows[-1], flush=True)
    largest = {"haspi": 0.0, "hasqi": 0.0}
    for count, row in enumerate(rows):
        case = make_case(trial(count))
        for name, ours in (("haspi", ours_haspi(case)), ("hasqi", ours_hasqi(case))):
            largest[name] = max(largest[name], apart(ours, row[name]))
    write(rows, largest_difference=largest)
    print(largest)


if __name__ == "__main__":
    main()
