"""Tiny challenges in the official layouts, and a system's files for them: seconds of made-up sound."""

import json
from pathlib import Path

import numpy as np
import soundfile

from haaqinet_eval.audio import resample

RATE = 44100
STEMS = ("drums", "bass", "other", "vocals")
LISTENERS = {
    "L1": ((10, 10, 15, 20, 25, 30, 30, 35), (20, 20, 25, 35, 45, 50, 55, 60)),
    "L2": ((0, 0, 0, 0, 0, 0, 0, 0), (35, 40, 45, 55, 60, 65, 70, 75)),
}


def write_json(path: Path, content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def sound(seed: int, seconds: float, level_db: float = -26.0) -> np.ndarray:
    """Chords with beats over a bed of noise [T, 2]; aperiodic and not the same in both ears."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE)) / RATE
    f0 = rng.uniform(110, 440)
    tones = sum(np.sin(2 * np.pi * f0 * k * 1.003**k * t + rng.uniform(0, 6)) / k for k in (1, 2, 3, 5))
    beat = 0.2 + np.exp(-6 * np.mod(t * rng.uniform(1.5, 3.5), 1))
    both = np.stack([tones, tones * 0.7], axis=1) * beat[:, None] + 0.1 * rng.standard_normal((len(t), 2))
    return both * 10 ** (level_db / 20) / np.sqrt(np.mean(both**2))


def write_listeners(path: Path) -> None:
    frequencies = [250, 500, 1000, 2000, 3000, 4000, 6000, 8000]
    write_json(
        path,
        {
            id: {
                "name": id,
                "audiogram_cfs": frequencies,
                "audiogram_levels_l": list(left),
                "audiogram_levels_r": list(right),
            }
            for id, (left, right) in LISTENERS.items()
        },
    )


def write_audio(path: Path, samples: np.ndarray, rate: int = RATE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype="PCM_16")


def icassp(root: Path, seconds: float = 2.0) -> Path:
    """Two scenes of the ICASSP challenge, heard by two listeners and one."""
    metadata = root / "metadata"
    music = {}
    for i, song in enumerate(("Artist - One", "Artist - Two")):
        name = f"{song}-hlp_0001"
        music[name] = {"Track Name": name, "Split": "train", "Path": f"train/{name}"}
        stems = {stem: sound(10 * i + k, seconds) for k, stem in enumerate(STEMS)}
        for stem, samples in {**stems, "mixture": sum(stems.values())}.items():
            write_audio(root / "audio/at_mic_music/train" / name / f"{stem}.wav", samples)
    write_json(metadata / "at_mic_music.train.json", music)
    write_json(
        metadata / "gains.json",
        {
            "gain_1": {"vocals": 10, "drums": 0, "bass": -3, "other": 0},
            "gain_2": {"vocals": 0, "drums": -10, "bass": 0, "other": 6},
        },
    )
    scene = {"head_loudspeaker_positions": "hlp_0001"}
    write_json(
        metadata / "scenes.train.json",
        {
            "scene_1": {"music": "Artist - One", "gain": "gain_1", **scene},
            "scene_2": {"music": "Artist - Two", "gain": "gain_2", **scene},
        },
    )
    write_json(metadata / "scene_listeners.train.json", {"scene_1": ["L2", "L1"], "scene_2": ["L1"]})
    write_listeners(metadata / "listeners.train.json")
    return root


def cad1(root: Path, seconds: float = 1.5, split: str = "valid") -> Path:
    """One song of CAD1 task 1, two listeners, and its test segment."""
    metadata = root / "metadata"
    song = "Band - Song"
    write_json(metadata / f"musdb18.{split}.json", [{"Track Name": song, "Split": split}])
    segment = {"start": 0.25, "end": 0.25 + seconds / 2, "duration": seconds / 2}
    write_json(metadata / "musdb18.segments.test.json", {song: {"objective_evaluation": segment}})
    write_listeners(metadata / f"listeners.{split}.json")
    folder = root / "audio/musdb18hq" / ("test" if split == "test" else "train") / song
    for k, stem in enumerate(STEMS):
        write_audio(folder / f"{stem}.wav", sound(50 + k, seconds))
    return root


def cad2(root: Path, seconds: float = 2.0) -> Path:
    """Two scenes of CAD2 task 2 with one piece, two listeners."""
    metadata = root / "metadata"
    stems = {f"source_{k}": sound(70 + k, seconds, level_db=-36) for k in (1, 2)}
    record = {}
    for source, samples in {**stems, "mixture": sum(stems.values())}.items():
        track = f"valid/piece/{source}.flac"
        record[source] = {"instrument": source.title(), "track": track, "start": 0, "duration": seconds}
        write_audio(root / "audio" / track, samples)
    write_json(metadata / "music.valid.json", {"piece": record})
    gains = {"gain_1": {"source_1": -10, "source_2": 0}, "gain_2": {"source_1": 3, "source_2": 6}}
    write_json(metadata / "gains.json", gains)
    scenes = {f"S5000{i}": {"music": "piece", "gain": f"gain_{i}"} for i in (1, 2)}
    write_json(metadata / "scenes.valid.json", scenes)
    write_json(metadata / "scene_listeners.valid.json", {"S50001": ["L1", "L2"], "S50002": ["L2"]})
    write_listeners(metadata / "listeners.valid.json")
    bands = {
        "frequencies": [250, 500, 1000, 2000, 4000, 8000],
        "cr_l": [1.2, 1.3, 1.5, 2.0, 2.5, 3.0],
        "gain_l": [0.0, 1.0, 3.0, 6.0, 9.0, 12.0],
        "cr_r": [1.0, 1.1, 1.4, 1.8, 2.2, 2.6],
        "gain_r": [0.0, 0.0, 2.0, 5.0, 10.0, 14.0],
    }
    write_json(metadata / "compressor_params.valid.json", dict.fromkeys(LISTENERS, bands))
    return root


BUILDERS = {"cad_icassp_2024": icassp, "cad1_task1": cad1, "cad2_task2": cad2}


def enhance(challenge, folder: Path, noise: float = 0.05) -> list[Path]:
    """Write a system's files: the references' music, noisy; `challenge` is an adapter."""
    paths = []
    for n, pair in enumerate(challenge.pairs()):
        for stem in challenge.stems:
            rng = np.random.default_rng(n)
            both = challenge.true_stem(pair.song, stem) if stem else challenge.remix(pair.scene)
            both = both + noise * np.sqrt(np.mean(both**2)) * rng.standard_normal(both.shape)
            out = resample(both, RATE, challenge.enhanced.sample_rate)
            for ear, channel in (("left", 0), ("right", 1)):
                path = folder / challenge.enhanced_file(pair, ear, stem)
                one = challenge.enhanced.channels == 1
                if one or ear == "left":
                    write_audio(path, out[:, channel] if one else out, challenge.enhanced.sample_rate)
                    paths.append(path)
    return paths


def config(name: str, root: Path, exp_folder: Path, **overrides) -> dict:
    """The recipe's own configuration as a plain dictionary; overrides by dotted name."""
    from omegaconf import OmegaConf

    file = Path(__file__).parents[1] / "recipes" / name / "config.yaml"
    made = OmegaConf.load(file)
    del made["defaults"]
    del made["hydra"]
    made.path.root, made.path.exp_folder = str(root), str(exp_folder)
    OmegaConf.update(made, "evaluator.scorers", ["haaqi"], force_add=True)
    for key, value in overrides.items():
        OmegaConf.update(made, key, value, force_add=True)
    return OmegaConf.to_container(made, resolve=True)


class FakeScorer:
    """A quick stand-in for HAAQI: the score is the level of the processed signal, from 0 to 1."""

    sample_rate, needs, limits = 24000, frozenset({"reference"}), (0.0, 1.0)

    def __init__(self, name: str = "haaqi", version: str = "1") -> None:
        self.name, self.version = name, version
        self.stimuli = []

    def __call__(self, stimulus):
        from haaqinet_eval import Result

        self.stimuli.append(stimulus)
        rms = float(np.sqrt(np.mean(np.square(stimulus.processed, dtype=np.float64))))
        return Result(min(rms, 1.0), {"level1": stimulus.level1})
