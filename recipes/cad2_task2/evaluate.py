"""Evaluate systems on CAD2 task 2.

python recipes/cad2_task2/evaluate.py path.root=ROOT system=[passthrough,ideal] evaluator=both
"""

import sys

import hydra
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from haaqinet_eval import InputError
from haaqinet_eval.cadenza.run import run_evaluation
from haaqinet_eval.mistakes import report_mistakes

CHALLENGE = "cad2_task2"


def evaluate(config: DictConfig) -> int:
    """Score what is not scored yet."""
    try:
        options = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise InputError(f"option {error.full_key}: {str(error).splitlines()[0]}") from None
    return run_evaluation(CHALLENGE, options)


@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config: DictConfig) -> None:
    sys.exit(report_mistakes(lambda: evaluate(config)))


if __name__ == "__main__":
    main()
