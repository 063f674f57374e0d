"""Scores a few signals with the shipped HAAQI-Net and writes `haaqinet.json` beside this file.

The scores must be the same whatever release of torch computes them; needed again only for new weights:

    python tests/golden/make_haaqinet.py
"""

import json
import sys
from pathlib import Path

import torch

from haaqinet_eval import load_scorer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from haaqinet_cases import scores  # noqa: E402


def main() -> None:
    scorer = load_scorer("haaqinet")
    scorer.quick = None  # torch's scores
    table = {"version": scorer.version, "torch": torch.__version__, "scores": scores(scorer)}
    (HERE / "haaqinet.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
