"""Let systems render CAD2 task 1.

python recipes/cad2_task1/enhance.py path.root=ROOT system=[passthrough,ideal]
"""

from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.systems.run import run_enhancement


@recipe("config")
def main(config):
    return run_enhancement("cad2_task1", plain_options(config))


if __name__ == "__main__":
    main()
