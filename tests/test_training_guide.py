"""docs/training.md and the data card say what is true: every command of theirs can be typed."""

import re
import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

ROOT = Path(__file__).parents[1]
PAGES = ("docs/training.md", "docs/data_card.md")
LINES = [
    line
    for page in PAGES
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    for line in block.splitlines()
    if line.startswith("python recipes/")
]


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_guides_can_be_typed(line):
    _, script, *words = shlex.split(line, comments=True)
    name = Path(script).stem
    if words[:1] == ["--config-name"]:
        name, words = words[1], words[2:]
    assert (ROOT / script).is_file()
    with initialize_config_dir(str(ROOT / Path(script).parent / "config"), version_base=None):
        config = compose(name, words)  # refuses what is no option
    assert OmegaConf.missing_keys(config) == set()
