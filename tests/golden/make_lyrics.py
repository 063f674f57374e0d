"""Scores `lyrics_cases` with pyclarity's own evaluators of CAD2 task 1 and writes `lyrics.json` beside it.

The wheels of 0.6.2, which scored the challenge, and 0.9.0 are downloaded and unpacked, not installed, and so
are alt-eval and a jiwer that 0.9.0 can use. Whisper is a stub that says the same words of every left and
right ear; what it was given is noted. 0.9.0 sets no seed; here it has that of 0.6.2, so that its HAAQI can be
compared.

    python tests/golden/make_lyrics.py
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import types
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from lyrics_cases import SYSTEM, TEXTS, VERSIONS, given, write  # noqa: E402
from make_car import unpack  # noqa: E402

RECIPE = "recipes.cad2.task1.baseline.evaluate"
COUNTS = {"official": "alt-eval", "pyclarity": "jiwer<4"}  # what each counts words with
SENTENCES = (
    ("i think you're right i do", "I think you're right. I do."),
    ("don't stop 'cause it ain't over", "Don't stop, cause it ain’t over!"),
    ("rock-n-roll all night long", "rock n roll all night long"),
    ("i wanna be with you", "♪ I want to be with you ♪"),
    ("oh oh oh yeah", "Oh, oh... yeah"),
    ("twenty one guns (oh)", "21 guns"),
    ("one two three", ""),
    ("a b c d", "b c d a"),
)


class Whisper(types.ModuleType):
    """In Whisper's place; notes what it is asked."""

    def __init__(self) -> None:
        super().__init__("whisper")
        self.asked = []

    def load_model(self, name: str) -> "Whisper":
        """Itself."""
        return self

    def transcribe(self, path: str, **options) -> dict:
        """The words of an ear."""
        ear = "left" if path.endswith("_left.flac") else "right"
        self.asked.append({"ear": ear, "options": options, **given(Path(path))})
        return {"text": TEXTS[ear]}


def score(scoring: str, out: str, *overrides: str) -> None:
    """Run the recipe on the path; note what Whisper and HAAQI were given."""
    import importlib

    import numpy as np
    import scipy.signal

    whisper = sys.modules["whisper"] = Whisper()
    if scoring == "official":  # it puts an array of one number where numpy 2 takes a number
        eb, delay = importlib.import_module("clarity.evaluator.haspi.eb"), scipy.signal.group_delay
        eb.group_delay = lambda *args: (None, delay(*args)[1][0])
    module = importlib.import_module(RECIPE)
    levels, haaqi, read = [], module.compute_haaqi, module.read_flac_signal

    def noted_haaqi(**options):
        levels.append(float(options["level1"]))
        return haaqi(**options)

    def seeded_read(path):
        if path.parent.name == "enhanced_signals":
            seed = int(hashlib.md5(path.name.partition("_")[0].encode()).hexdigest(), 16) % 10**8
            np.random.seed(seed)
        return read(path)

    module.compute_haaqi, module.read_flac_signal = noted_haaqi, seeded_read
    sys.argv = ["evaluate.py", *overrides]
    module.run_compute_scores()
    (exp,) = (option.partition("=")[2] for option in overrides if option.startswith("path.exp_folder="))
    table = Path(exp, "scores.csv").read_text(encoding="utf-8")
    if scoring == "official":
        count = module.compute_metrics
        counts = [count([a], [b], languages="en", include_other=False) for a, b in SENTENCES]
    else:
        counts = [module.compute_measures(*pair) for pair in SENTENCES]
    words = [[c["hits"], c["hits"] + c["substitutions"] + c["deletions"]] for c in counts]
    facts = {"table": table.splitlines(), "level1": levels, "asked": whisper.asked, "counts": words}
    Path(out).write_text(json.dumps(facts), encoding="utf-8")


def main() -> None:
    table = {"sentences": SENTENCES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "root", folder / "exp")
        for scoring, version in VERSIONS.items():
            packages, out, more = unpack(version, folder), folder / f"{version}.json", folder / scoring
            pip = [sys.executable, "-m", "pip", "install", "-q", "--target", str(more), COUNTS[scoring]]
            subprocess.run(pip, check=True)
            exp = folder / "exp" / SYSTEM
            options = [f"path.root={folder / 'root'}", f"path.exp_folder={exp}"]
            path = os.pathsep.join([str(packages), str(more)])
            command = [sys.executable, __file__, scoring, str(out), *options]
            subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": path}, cwd=folder)
            table[scoring] = {"pyclarity": version, **json.loads(out.read_text(encoding="utf-8"))}
            (exp / "scores.csv").unlink()
    (HERE / "lyrics.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    score(*sys.argv[1:]) if len(sys.argv) > 1 else main()
