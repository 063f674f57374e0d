"""Evaluate systems on CAD2 task 2.

python recipes/cad2_task2/evaluate.py path.root=ROOT system=[passthrough,ideal] evaluator=both
"""

import sys

import hydra
from omegaconf import DictConfig

from haaqinet_eval.cadenza.run import run_evaluation
from haaqinet_eval.recipe import plain_options, report_mistakes

CHALLENGE = "cad2_task2"


@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config: DictConfig) -> None:
    sys.exit(report_mistakes(lambda: run_evaluation(CHALLENGE, plain_options(config))))


if __name__ == "__main__":
    main()
