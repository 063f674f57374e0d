"""Made scenes of CAD2 task 1 that pyclarity 0.6.2 and 0.9.0 scored: `golden/lyrics.json`."""

from pathlib import Path

import cadenza_tree as tree
import numpy as np
import soundfile
from car_cases import figures

SECONDS = 1.0
VERSIONS = {"official": "0.6.2", "pyclarity": "0.9.0"}  # scoring -> whose it is
SYSTEM = "made"
TEXTS = {
    "left": " I think you're right. I do.",
    "right": " i thing you're ride",
}  # what the stub of Whisper gets


def write(root: Path, exp_folder: Path) -> None:
    """Two scenes, three pairs, and a system's files."""
    tree.lyrics(root, SECONDS)
    (mixture,) = root.rglob("mixture.flac")
    for number, (scene, listener, alpha) in enumerate(
        (("S10001", "L1", 0.4), ("S10001", "L2", 0.4), ("S10002", "L2", 0.0))
    ):
        start = int(float(scene[-1]) / 10 * tree.RATE)
        samples = soundfile.read(mixture, start=start, frames=int(SECONDS * tree.RATE))[0]
        samples = 0.7 * samples + tree.sound(95 + number, SECONDS, -50.0 + 5 * number)
        name = f"{scene}_{listener}_A{alpha}_remix.flac"
        tree.write_audio(exp_folder / SYSTEM / "enhanced_signals" / name, samples)


def given(path: Path) -> dict:
    """What a recogniser was given: length and figures of a FLAC's channels."""
    samples, rate = soundfile.read(path, always_2d=True)
    return {"rate": rate, "length": len(samples), "channels": [figures(np.asarray(x)) for x in samples.T]}
