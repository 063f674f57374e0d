"""Evaluate systems on CAD1 task 2.

python recipes/cad1_task2/evaluate.py path.root=ROOT system=[passthrough,car_baseline] evaluator=both
"""

from haaqinet_eval.cadenza.run import run_evaluation
from haaqinet_eval.recipe import plain_options, recipe


@recipe("config")
def main(config):
    return run_evaluation("cad1_task2", plain_options(config))


if __name__ == "__main__":
    main()
