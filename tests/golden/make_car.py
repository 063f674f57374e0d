"""Scores `car_cases` with pyclarity's own evaluators of CAD1 task 2 and writes `car.json` beside this file.

The wheels of 0.3.4, which scored the challenge, and 0.9.0 are downloaded and unpacked, not installed:

    python tests/golden/make_car.py
"""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from car_cases import SYSTEM, VERSIONS, figures, write  # noqa: E402

RECIPE = "recipes.cad1.task2.baseline.evaluate"


def score(version: str, out: str, *overrides: str) -> None:
    """Run the recipe on the path; note what HAAQI was given, and the random number after the noise."""
    import importlib

    import numpy as np
    import scipy.signal

    scipy.signal.hamming = scipy.signal.windows.hamming  # where 0.3.4 looks for it
    from clarity.utils.car_noise_simulator.carnoise_signal_generator import CarNoiseSignalGenerator

    module = importlib.import_module(RECIPE)
    if version == "0.3.4":  # it puts an array of one number where numpy 2 takes a number
        eb, delay = importlib.import_module("clarity.evaluator.haspi.eb"), scipy.signal.group_delay
        eb.group_delay = lambda *args: (None, delay(*args)[1][0])
    ears, following = [], []
    haaqi, noise = module.compute_haaqi, CarNoiseSignalGenerator.generate_car_noise

    def noted_haaqi(*args, **options):
        given = {**dict(zip(("processed_signal", "reference_signal"), args, strict=False)), **options}
        result = float(haaqi(*args, **options))
        signals = [figures(given[name]) for name in ("processed_signal", "reference_signal")]
        ears.append({"score": result, "signals": signals, "level1": float(options.get("level1", 65.0))})
        return result

    def noted_noise(self, *args, **options):
        made = noise(self, *args, **options)
        state = np.random.RandomState()
        state.set_state(np.random.get_state())
        following.append(state.rand())
        return made

    module.compute_haaqi, CarNoiseSignalGenerator.generate_car_noise = noted_haaqi, noted_noise
    sys.argv = ["evaluate.py", *overrides]
    module.run_calculate_audio_quality()
    Path(out).write_text(json.dumps({"ears": ears, "next": following}), encoding="utf-8")


def unpack(version: str, folder: Path) -> Path:
    """The wheel's packages."""
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--ignore-requires-python"]
    subprocess.run([*pip, f"pyclarity=={version}", "-d", str(folder)], check=True)
    (wheel,) = folder.glob(f"pyclarity-{version}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / version)
    return folder / version


def main() -> None:
    table = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "root", folder / "exp")
        for acoustics, version in VERSIONS.items():
            packages, out = unpack(version, folder), folder / f"{version}.json"
            exp = f"path.exp_folder={folder / 'exp' / SYSTEM}"
            command = [
                sys.executable,
                __file__,
                version,
                str(out),
                f"path.root={folder / 'root'}",
                exp,
                "evaluate.split=valid",
            ]
            subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(packages)}, cwd=folder)
            table[acoustics] = {"pyclarity": version, **json.loads(out.read_text(encoding="utf-8"))}
    text = json.dumps(table, indent=1)
    (HERE / "car.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    score(*sys.argv[1:]) if len(sys.argv) > 1 else main()
