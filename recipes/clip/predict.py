"""Predict a split of CLIP1 or CLIP2 with baselines; where labels are there, judge them.

python recipes/clip/predict.py path.root=cadenza_data system=[constant,stoi,whisper,ear]
"""

from pathlib import Path

from omegaconf import DictConfig

from haaqinet_eval.clip.run import run_predictions
from haaqinet_eval.recipe import plain_options, recipe


@recipe("config")
def main(config: DictConfig) -> int | None:
    return run_predictions(plain_options(config), Path.cwd())


if __name__ == "__main__":
    main()
