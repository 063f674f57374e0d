"""Let systems render the ICASSP 2024 grand challenge.

python recipes/cad_icassp_2024/enhance.py path.root=ROOT system=[passthrough,ideal]
"""

from haaqinet_eval.recipe import plain_options, recipe
from haaqinet_eval.systems.run import run_enhancement


@recipe("config")
def main(config):
    return run_enhancement("cad_icassp_2024", plain_options(config))


if __name__ == "__main__":
    main()
