"""Evaluate systems on the ICASSP 2024 grand challenge.

python recipes/cad_icassp_2024/evaluate.py path.root=ROOT system=[passthrough,ideal] evaluator=both
"""

from haaqinet_eval.cadenza.run import run_evaluation
from haaqinet_eval.recipe import plain_options, recipe


@recipe("config")
def main(config):
    return run_evaluation("cad_icassp_2024", plain_options(config))


if __name__ == "__main__":
    main()
