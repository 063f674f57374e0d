"""Let systems render CAD2 task 1.

python recipes/cad2_task1/enhance.py path.root=ROOT system=[passthrough,ideal]
"""

import hydra
from omegaconf import DictConfig

from haaqinet_eval.recipe import plain_options, run_job, run_main
from haaqinet_eval.systems.run import run_enhancement

CHALLENGE = "cad2_task1"


@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config: DictConfig) -> None:
    run_job(lambda: run_enhancement(CHALLENGE, plain_options(config)))


if __name__ == "__main__":
    run_main(main)
