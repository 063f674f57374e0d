"""Tiny challenges in the official layouts, and a system's files for them: seconds of made-up sound."""

import json
from pathlib import Path

import numpy as np
import soundfile
from scipy.io import wavfile

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


def sound(seed: int, seconds: float, level_db: float = -26.0, rate: int = RATE) -> np.ndarray:
    """Chords with beats over a bed of noise [T, 2]; aperiodic and not the same in both ears."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
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


BANDS = {
    "frequencies": [250, 500, 1000, 2000, 4000, 8000],
    "cr_l": [1.2, 1.3, 1.5, 2.0, 2.5, 3.0],
    "gain_l": [0.0, 1.0, 3.0, 6.0, 9.0, 12.0],
    "cr_r": [1.0, 1.1, 1.4, 1.8, 2.2, 2.6],
    "gain_r": [0.0, 0.0, 2.0, 5.0, 10.0, 14.0],
}


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
    write_json(metadata / "compressor_params.valid.json", dict.fromkeys(LISTENERS, BANDS))
    return root


WORDS = "i think you're right i do"


def lyrics(root: Path, seconds: float = 2.0) -> Path:
    """Two scenes of CAD2 task 1, segments of a track that begins softly; heard by two listeners and one."""
    metadata, whole, music, scenes = root / "metadata", seconds + 0.6, {}, {}
    path = "musdb18_hq/train/audios/Band - Song"
    rising = np.linspace(0.3, 1, int(whole * RATE))[:, None]
    stems = {stem: rising * sound(80 + k, whole, level_db=-32) for k, stem in enumerate(STEMS)}
    for stem, samples in {**stems, "mixture": sum(stems.values())}.items():
        write_audio(root / "audio" / path / f"{stem}.flac", samples)
    for i, alpha in ((1, "alpha_4"), (2, "alpha_0")):
        start = 0.1 * i
        music[f"Band_-_Song_{i}"] = {
            "track_name": "Band - Song", "path": path, "segment_id": i, "start_time": start,
            "end_time": start + seconds, "confidence": "a", "text": WORDS,
        }  # fmt: skip
        scenes[f"S1000{i}"] = {"segment_id": f"Band_-_Song_{i}", "alpha": alpha}
    write_json(metadata / "music.valid.json", music)
    write_json(metadata / "alpha.json", {f"alpha_{i}": i / 10 for i in range(11)})
    write_json(metadata / "scene.valid.json", scenes)
    write_json(metadata / "scene_listeners.valid.json", {"S10001": ["L1", "L2"], "S10002": ["L2"]})
    write_listeners(metadata / "listeners.valid.json")
    write_json(metadata / "compressor_params.valid.json", dict.fromkeys(LISTENERS, BANDS))
    return root


NOISES = (
    {
        "speed": 90.0, "gear": 5, "reference_level_db": 31.4, "engine_num_harmonics": 5, "rpm": 1836.0,
        "primary_filter": {"order": 1, "btype": "lowpass", "cutoff_hz": 15.9},
        "secondary_filter": {"order": 2, "btype": "lowpass", "cutoff_hz": 268.1},
        "bump": {"order": 1, "btype": "bandpass", "cutoff_hz": [48, 71]},
        "dip_low": {"order": 2, "btype": "lowpass", "cutoff_hz": 110},
        "dip_high": {"order": 2, "btype": "highpass", "cutoff_hz": 287},
    },
    {
        "speed": 61.0, "gear": 4, "reference_level_db": 30.2, "engine_num_harmonics": 11, "rpm": 1647.0,
        "primary_filter": {"order": 1, "btype": "lowpass", "cutoff_hz": 11.1},
        "secondary_filter": {"order": 2, "btype": "lowpass", "cutoff_hz": 250.6},
        "bump": {"order": 2, "btype": "bandpass", "cutoff_hz": [33, 60]},
        "dip_low": {"order": 1, "btype": "lowpass", "cutoff_hz": 60},
        "dip_high": {"order": 1, "btype": "highpass", "cutoff_hz": 131},
    },
)  # fmt: skip


def write_impulses(folder: Path, names: list[str], taps: int = 400) -> None:
    """Made-up impulse responses: a delay and a decay, one file a name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        rng = np.random.default_rng(list(name.encode()))
        decay = rng.standard_normal(taps) * np.exp(-np.arange(taps) / 40)
        decay *= 0.3 * (np.arange(taps) > rng.integers(3, 30))
        decay[int(rng.integers(3, 30))] += 0.8
        wavfile.write(folder / f"{name}.wav", RATE, decay.astype(np.float32))


def car(root: Path, seconds: float = 2.0, suffix: str = "mp3") -> Path:
    """Two scenes of CAD1 task 2, heard by two listeners and one; one song is a mono file."""
    metadata, scenes, rotations = root / "metadata", {}, {}
    write_impulses(root / "audio/eBrird/Anechoic/audio", [
        f"HR{k}_E02_CH1_{side}" for k in (0, 36, 72) for side in ("Left", "Right")
    ])  # fmt: skip
    for i, (song, hr, snr) in enumerate((("fma_1", -12.5, 6.25), ("mtg_2", 25.0, 3.0)), 1):
        path = f"validation/{('Pop', 'Classical')[i - 1]}/{i}.{suffix}"
        samples = sound(90 + i, seconds)[:, : 3 - i]
        (root / "audio/music" / path).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(root / "audio/music" / path, samples, RATE)
        scenes[f"S50000{i}"] = {
            "scene": f"S50000{i}", "song": song, "song_path": path, "hr": hr, "snr": snr, "split": "valid",
            "car_noise_parameters": NOISES[i - 1],
        }  # fmt: skip
        places = {"car": "HR{}_E0{}_CH1", "anechoic": "HR{}_E02_CH0"}
        places = {
            room: {
                f"{speaker}_speaker": {
                    f"{ear}_side": name.format(i * 9 + (k if room == "anechoic" else 0), k)
                    + f"_{ear.title()}"
                    for ear in ("left", "right")
                }
                for k, speaker in ((3, "left"), (4, "right"))
            }
            for room, name in places.items()
        }
        for room, folder in (("car", "Car"), ("anechoic", "Anechoic")):
            names = [name for sides in places[room].values() for name in sides.values()]
            write_impulses(root / "audio/eBrird" / folder / "audio", names)
        rotations[str(hr)] = places
    write_json(metadata / "scenes.json", scenes)
    write_json(metadata / "eBrird_BRIR.json", {"valid": rotations})
    heard = {"S100000": ["L7"], "S500001": ["L2", "L1"], "S500002": ["L1"]}  # the first is of another split
    write_json(metadata / "scenes_listeners.json", heard)
    write_listeners(metadata / "listeners.valid.json")
    return root


BUILDERS = {
    "cad_icassp_2024": icassp,
    "cad1_task1": cad1,
    "cad1_task2": car,
    "cad2_task1": lyrics,
    "cad2_task2": cad2,
}


def enhance(challenge, folder: Path, noise: float = 0.05) -> list[Path]:
    """Write a system's files: the references' music, noisy; `challenge` is an adapter."""
    paths = []
    for n, pair in enumerate(challenge.pairs()):
        for stem in challenge.stems:
            rng = np.random.default_rng(n)
            both = challenge.target(pair, stem)
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

    root_folder = Path(__file__).parents[1]
    files = (
        root_folder / "haaqinet_eval/conf/challenge.yaml",
        root_folder / "recipes" / name / "config.yaml",
    )
    made = OmegaConf.merge(*map(OmegaConf.load, files))
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
