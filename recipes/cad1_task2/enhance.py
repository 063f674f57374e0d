"""Let systems render CAD1 task 2.

python recipes/cad1_task2/enhance.py path.root=ROOT system=[passthrough,car_baseline]
"""

from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.systems.run import run_enhancement


@recipe("config")
def main(config):
    return run_enhancement("cad1_task2", plain_options(config))


if __name__ == "__main__":
    main()
