"""Rounds as organisers run them: a challenge, systems rendered by its recipe, zips, submissions scored.

No figure is invented: HAAQI and HAAQI-Net score what the recipe wrote.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import soundfile
from cadenza_tree import BUILDERS, STEMS, config, write_audio, write_json
from rich.console import Console
from typer.testing import CliRunner

from haaqinet_eval.cadenza.mini import make_mini
from haaqinet_eval.cli.commands import app
from haaqinet_eval.systems.run import run_enhancement

CHALLENGE = "cad_icassp_2024"
SCENES, PEOPLE = ("scene_10001", "scene_10002"), ("L9002", "L9005")  # of the mini challenge that are kept
SECONDS = 3.0  # of the mini challenge's music that are kept
NASTY = "example <b>$x$</b> [a](http://b.example) *c* | `d` :red[e]"


def call(*arguments: object, code: int = 0) -> str:
    """What `haaqinet` prints on standard output; it must end with this exit code."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, f"{done.output}\n{done.exception!r}"
    return done.stdout


def render(challenge: str, root: Path, folder: Path, systems: list[str]) -> dict[str, Path]:
    """Let systems render a challenge by its recipe, and zip what they wrote: the zip of each."""
    more = {"downmix": "reference"} if challenge == "cad2_task1" else {}  # so that ideal is
    run_enhancement(challenge, config(challenge, root, folder, system=systems, **more), Console(quiet=True))
    return {
        system: zipped(folder / system / "enhanced_signals", folder / f"{system}.zip") for system in systems
    }


def zipped(folder: Path, path: Path) -> Path:
    """A zip of a folder of signals, as teams make it."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, f"enhanced_signals/{file.relative_to(folder).as_posix()}")
    return path


def small_root(challenge: str, root: Path) -> Path:
    """A tiny challenge in the official layout, with the mixtures that a system is given."""
    BUILDERS[challenge](root, 2.0)
    for song in (root / "audio/musdb18hq").glob("*/*"):
        stems = [soundfile.read(song / f"{stem}.wav") for stem in STEMS]
        write_audio(song / "mixture.wav", np.sum([samples for samples, _ in stems], axis=0), stems[0][1])
    return root


def mini_root(root: Path) -> Path:
    """The mini challenge of the demo: two of its scenes, two listeners, the first seconds of its music."""
    make_mini(CHALLENGE, root)
    heard = root / "metadata/scene_listeners.train.json"
    known = json.loads(heard.read_text())
    write_json(heard, {scene: [p for p in known[scene] if p in PEOPLE] for scene in SCENES})
    for path in (root / "audio/at_mic_music/train").rglob("*.wav"):
        samples, rate = soundfile.read(path)
        soundfile.write(path, samples[: int(SECONDS * rate)], rate, subtype="PCM_16")
    return root


def play(folder: Path) -> dict[str, Path]:
    """A round on the mini challenge in `folder/store.sqlite`: three systems scored; all zips."""
    root = mini_root(folder / "root")
    zips = render(
        CHALLENGE, root, folder / "exp", ["passthrough", "ideal", "oracle_mask", "no_amplification"]
    )
    common = ("--challenge", CHALLENGE, "--root", root, "--store", folder / "store.sqlite", "--now")
    told = {
        "passthrough": (f"--team={NASTY}", "--reference=passthrough", "--causal"),
        "ideal": ("--team=demo", "--reference=ideal"),
        "oracle_mask": ("--team=demo", "--non-causal"),
    }
    for system, options in told.items():
        call("submit", zips[system], f"--system={system}", *options, *common)
    return zips
