"""Join the batches of an evaluation of CAD1 task 2.

python recipes/cad1_task2/merge.py path.exp_folder=FOLDER evaluate.batch_size=B
"""

import hydra
from omegaconf import DictConfig

from haaqinet_eval.cadenza.run import run_merge
from haaqinet_eval.recipe import run_job, run_main

CHALLENGE = "cad1_task2"


@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config: DictConfig) -> None:
    exp_folder, batches = config.path.exp_folder, config.evaluate.batch_size
    run_job(lambda: run_merge(CHALLENGE, exp_folder, batches))


if __name__ == "__main__":
    run_main(main)
