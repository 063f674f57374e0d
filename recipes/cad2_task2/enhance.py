"""Let systems render CAD2 task 2.

python recipes/cad2_task2/enhance.py path.root=ROOT system=[passthrough,ideal]
"""

import sys

import hydra
from omegaconf import DictConfig

from haaqinet_eval.recipe import exit_code, plain_options, run_job
from haaqinet_eval.systems.run import run_enhancement

CHALLENGE = "cad2_task2"


@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config: DictConfig) -> None:
    run_job(lambda: run_enhancement(CHALLENGE, plain_options(config)))


if __name__ == "__main__":
    main()
    sys.exit(exit_code())
