"""An installation without extras: HAAQI works, and whatever wants more says what to install."""

import os
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, requires

import numpy as np
import pytest
import soundfile
from packaging.requirements import Requirement
from places import ROOT

from haaqinet_eval.cli.commands import EXTRAS

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
AUDIOGRAM = "250:20,500:25,1000:30,2000:40,3000:50,4000:55,6000:60,8000:65"
WANTS = {  # command -> extra
    ("score", "x.wav", "--audiogram", AUDIOGRAM): "net",
    ("store", "check", "--store", "x.sqlite"): "store",
    ("standings", "--challenge", "cad_icassp_2024", "--store", "x.sqlite"): "store",
    ("leaderboard", "--store", "x.sqlite"): "leaderboard",
    ("recipe", "x.py"): "recipes",
}


def packages(names: list[str]) -> set[str]:
    """These packages and all that pip installs with them."""
    found: set[str] = set()
    while names:
        name = names.pop()
        needs = map(Requirement, requires(name) or ()) if name not in found else ()
        names += [r.name for r in needs if r.marker is None or r.marker.evaluate({"extra": ""})]
        found.add(name)
    return found


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Runs Python where there is nothing but the core's packages, in a folder with x.wav and x.py."""
    folder, site = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("site")
    for name in packages([Requirement(text).name for text in PROJECT["dependencies"]]):
        for top in {file.parts[0] for file in distribution(name).files or ()} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(distribution(name).locate_file(top))
    noise = np.random.default_rng(0).standard_normal((24_000, 2))
    soundfile.write(folder / "x.wav", 0.05 * noise, 24_000)
    (folder / "x.py").touch()
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (site, ROOT)))}

    def run(code: str, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-S", "-c", code, *arguments]  # -S: without the environment's own packages
        return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)

    return run


def test_haaqi_scores_without_extras(plain):
    score = ("score", "x.wav", "--reference", "x.wav", "--scorer", "haaqi", "--audiogram", AUDIOGRAM)
    done = plain("from haaqinet_eval.cli import main; main()", *score)
    assert (done.returncode, "haaqi" in done.stdout) == (0, True), done.stderr


def test_a_sentence_names_the_extra_that_is_missing(plain):
    code = f"""
import sys
from haaqinet_eval.cli import main
for command in {list(WANTS)}:
    sys.argv[1:] = command
    try:
        main()
    except SystemExit as stop:
        assert stop.code == 2, command
"""
    done = plain(code)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if "pip install" in line]
    assert len(said) == len(WANTS)
    for line, extra in zip(said, WANTS.values(), strict=True):
        assert f"pip install 'haaqinet-eval[{extra}]'" in line


def test_the_extras_that_are_named_exist():
    assert set(EXTRAS.values()) <= set(PROJECT["optional-dependencies"])


def test_the_lock_names_exact_releases_and_no_host():
    """`make lock` writes it; what pyproject.toml wants is in it."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    locked = {r.name: r for r in map(Requirement, (line for line in lines if not line.startswith("#")))}
    assert all(str(r.specifier).startswith("==") and r.url is None for r in locked.values())
    extras = PROJECT["optional-dependencies"]
    parts = next(r.extras for r in map(Requirement, extras["dev"]) if r.name == PROJECT["name"])
    groups = (PROJECT["dependencies"], extras["dev"], *(extras[part] for part in parts))
    for wanted in map(Requirement, (text for group in groups for text in group)):
        if wanted.name != PROJECT["name"]:
            version = str(locked[wanted.name].specifier).removeprefix("==")
            assert wanted.specifier.contains(version), f"{wanted}: {version} is locked; run make lock"
