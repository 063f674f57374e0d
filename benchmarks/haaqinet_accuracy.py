"""The model card's figures: HAAQI-Net with the shipped weights against true HAAQI, on test artists.

    python benchmarks/haaqinet_accuracy.py /path/to/music [--groups 1500]

Renders the test trials and their true scores first, unless `runs/haaqinet/test` has them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

RECIPES = Path(__file__).parents[1] / "recipes" / "haaqinet"


def main() -> None:
    """Render what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", help="folder with index.csv")
    parser.add_argument(
        "--groups", type=int, default=1500, help="places of the queue; one in ten is a test group"
    )
    parser.add_argument("--trials", default="runs/haaqinet/test")
    parser.add_argument("--split", default="test", choices=("validation", "test"))
    options = parser.parse_args()

    def recipe(name: str, *overrides: str) -> None:
        subprocess.run([sys.executable, str(RECIPES / name), *overrides], check=True)

    recipe(
        "render.py",
        *(f"data.root={options.root}", f"groups={options.groups}", f"out={options.trials}"),
        f"splits=[{options.split}]",
    )
    recipe("validate.py", f"trials={options.trials}", f"split={options.split}")


if __name__ == "__main__":
    main()
