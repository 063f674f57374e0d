"""Evaluate systems on CAD2 task 1.

python recipes/cad2_task1/evaluate.py path.root=ROOT system=[passthrough,ideal] evaluator=both
"""

from haaqinet_eval.cadenza.run import run_evaluation
from haaqinet_eval.recipe import plain_options, recipe


@recipe("config")
def main(config):
    return run_evaluation("cad2_task1", plain_options(config))


if __name__ == "__main__":
    main()
