"""Made scenes of CAD1 task 2 that the evaluators of pyclarity 0.3.4 and 0.9.0 scored: `golden/car.json`."""

from pathlib import Path

import cadenza_tree as tree
import numpy as np

SECONDS = 1.2
VERSIONS = {"official": "0.3.4", "pyclarity": "0.9.0"}  # acoustics -> whose they are
SYSTEM = "made"


def write(root: Path, exp_folder: Path) -> None:
    """Two scenes, three pairs, and a system's files, which are like the songs; nothing is resampled here."""
    tree.car(root, SECONDS, "flac")
    for scene, listener, song, seed in (
        ("S500001", "L2", "fma_1", 91),
        ("S500001", "L1", "fma_1", 91),
        ("S500002", "L1", "mtg_2", 92),
    ):
        level = -14.0 if listener == "L2" else -26.0  # the first is loud enough for the compressor
        samples = tree.sound(seed, SECONDS, level, rate=32000)
        name = f"valid/{listener}/{scene}_{listener}_{song}.flac"
        tree.write_audio(exp_folder / SYSTEM / "enhanced_signals" / name, samples, 32000)


def figures(signal: np.ndarray) -> list[float]:
    """RMS and four samples of a signal [T]."""
    places = np.linspace(0.1, 0.9, 4) * len(signal)
    return [
        float(np.sqrt(np.mean(np.square(signal, dtype=np.float64)))),
        *map(float, signal[places.astype(int)]),
    ]
