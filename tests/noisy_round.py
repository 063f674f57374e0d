"""A round with a scorer whose rows tell the order in which they were made."""

import zipfile
from pathlib import Path

import numpy as np
import soundfile
from cadenza_tree import BUILDERS, enhance
from rich.console import Console

from haaqinet_eval import Result
from haaqinet_eval.worker import open_split

QUIET = Console(quiet=True)


class Noisy:
    """Level of the signal and a random number: as HAAQI, it moves with audio, order and seed."""

    name, version, sample_rate = "haaqi", "noisy", 24000
    needs, limits = frozenset({"reference"}), (0.0, 1.0)
    before = staticmethod(lambda call: None)  # called with the number of the call
    calls = 0

    def __call__(self, stimulus):
        Noisy.calls += 1
        self.before(Noisy.calls)
        rms = float(np.sqrt(np.mean(np.square(stimulus.processed, dtype=np.float64))))
        return Result(min(rms, 0.5) + 0.5 * stimulus.rng.uniform(), {"level1": stimulus.level1})


def zipped(folder: Path, path: Path, top: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, top + file.relative_to(folder).as_posix())
    return path


def make(name: str, folder: Path) -> tuple[Path, Path]:
    """A tiny challenge's root, and a system's folder."""
    root = BUILDERS[name](folder / "root", 1.0)
    for song in (root / "audio/musdb18hq").glob("*/*"):  # the tree has what is scored only
        stems = [soundfile.read(path) for path in song.iterdir()]
        soundfile.write(song / "mixture.wav", sum(samples for samples, _ in stems) / 2, stems[0][1])
    enhance(open_split(name, root).challenge, folder / "exp/E1/enhanced_signals", noise=0.3)
    return root, folder / "exp/E1/enhanced_signals"
