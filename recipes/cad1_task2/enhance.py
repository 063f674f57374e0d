"""Let systems render CAD1 task 2.

python recipes/cad1_task2/enhance.py path.root=ROOT system=[passthrough,car_baseline]
"""

import hydra
from omegaconf import DictConfig

from haaqinet_eval.recipe import plain_options, run_job, run_main
from haaqinet_eval.systems.run import run_enhancement

CHALLENGE = "cad1_task2"


@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config: DictConfig) -> None:
    run_job(lambda: run_enhancement(CHALLENGE, plain_options(config)))


if __name__ == "__main__":
    run_main(main)
