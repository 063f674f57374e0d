"""README and the guides say what is true: every command line of a recipe in them can be typed."""

import re
import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from places import ROOT

from haaqinet_eval.recipe import register_options

LINES = {
    line: None
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for line in block.splitlines()
    if line.startswith("python recipes/")
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_guides_can_be_typed(line):
    _, script, *words = shlex.split(line, comments=True)
    assert (ROOT / script).is_file()
    folder, name = (ROOT / script).parent, "config"
    if (folder / "config").is_dir():
        folder, name = folder / "config", Path(script).stem
    if words[:1] == ["--config-name"]:
        name, words = words[1], words[2:]
    if words[:1] == ["-m"]:  # a sweep: its launcher and its ranges are not for `compose`
        words = [word for word in words[1:] if not re.search(r"^hydra/|range\(", word)]
    register_options()
    with initialize_config_dir(str(folder), version_base=None):
        config = compose(name, words)  # refuses what is no option
    assert OmegaConf.missing_keys(config) == set()
