"""Predict a split of CLIP1 or CLIP2 with baselines; where labels are there, judge them.

python recipes/clip/predict.py path.root=cadenza_data system=[constant,stoi,whisper,ear]
"""

from pathlib import Path

import hydra
from omegaconf import DictConfig

from haaqinet_eval.clip.run import run_predictions
from haaqinet_eval.recipe import plain_options, run_job, run_main


@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config: DictConfig) -> None:
    run_job(lambda: run_predictions(plain_options(config), Path.cwd()))


if __name__ == "__main__":
    run_main(main)
