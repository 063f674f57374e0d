"""Join the batches of an evaluation of CAD2 task 1.

python recipes/cad2_task1/merge.py path.exp_folder=FOLDER evaluate.batch_size=B
"""

import hydra
from omegaconf import DictConfig

from haaqinet_eval.cadenza.run import run_merge
from haaqinet_eval.recipe import run_job, run_main

CHALLENGE = "cad2_task1"


@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config: DictConfig) -> None:
    exp_folder, batches = config.path.exp_folder, config.evaluate.batch_size
    run_job(lambda: run_merge(CHALLENGE, exp_folder, batches))


if __name__ == "__main__":
    run_main(main)
