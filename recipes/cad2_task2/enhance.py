"""Let systems render CAD2 task 2.

python recipes/cad2_task2/enhance.py path.root=ROOT system=[passthrough,ideal]
"""

import sys

import hydra
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from haaqinet_eval import InputError
from haaqinet_eval.mistakes import report_mistakes
from haaqinet_eval.systems.run import run_enhancement

CHALLENGE = "cad2_task2"


def enhance(config: DictConfig) -> int:
    """Render what is not there yet."""
    try:
        options = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise InputError(str(error).splitlines()[0]) from None
    return run_enhancement(CHALLENGE, options)


@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config: DictConfig) -> None:
    sys.exit(report_mistakes(lambda: enhance(config)))


if __name__ == "__main__":
    main()
