"""Scores the trials of `haaqi_cases` with pyclarity and writes `haaqi.json` beside this file.

Takes some minutes; needed only when the trials or pyclarity's numbers change:

    python tests/golden/make_haaqi.py
"""

import json
import logging
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from clarity.evaluator.haaqi import haaqi_v1
from clarity.utils.audiogram import Audiogram

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from haaqi_cases import COUNT, make_case  # noqa: E402


def row(index: int) -> list[float]:
    """pyclarity's score, cepstral correlation, synchrony, d_loud and d_norm."""
    case = make_case(index)
    np.random.seed(case.seed)
    score, _, _, raw = haaqi_v1(
        case.reference,
        case.reference_rate,
        case.processed,
        case.processed_rate,
        Audiogram(np.array(case.levels)),
        case.equalisation,
        case.level1,
    )
    return [float(value) for value in (score, *raw)]


def main() -> None:
    """Score them all."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    rows = []
    for index in range(COUNT):
        rows.append(row(index))
        print(index, rows[-1], flush=True)
    versions = {name: version(name) for name in ("pyclarity", "numpy", "scipy")}
    columns = ["haaqi", "mel_cepstral_high", "bm_sync5", "d_loud", "d_norm"]
    lines = ",\n  ".join(json.dumps(r) for r in rows)
    head = json.dumps({"made_with": versions, "columns": columns})[:-1]
    (HERE / "haaqi.json").write_text(f'{head}, "rows": [\n  {lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
