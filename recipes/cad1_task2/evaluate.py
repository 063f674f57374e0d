"""Evaluate systems on CAD1 task 2.

python recipes/cad1_task2/evaluate.py path.root=ROOT system=[passthrough,car_baseline] evaluator=both
"""

import hydra
from omegaconf import DictConfig

from haaqinet_eval.cadenza.run import run_evaluation
from haaqinet_eval.recipe import plain_options, run_job, run_main

CHALLENGE = "cad1_task2"


@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config: DictConfig) -> None:
    run_job(lambda: run_evaluation(CHALLENGE, plain_options(config)))


if __name__ == "__main__":
    run_main(main)
