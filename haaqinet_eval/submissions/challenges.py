"""What each challenge expects of a submission, from its adapter in `cadenza`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..audiogram import EARS
from ..cadenza import CHALLENGES, load_challenge
from ..errors import InputError
from ..names import nfc
from .expected import REMIX, SCALE, STEM, Expectation, ExpectedFiles
from .own_audio import excerpt_of, sounds_of

if TYPE_CHECKING:
    from ..cadenza.challenge import Challenge, Pair

# challenge -> splits in the order of preference, and the metadata file that shows that one is there
_SPLITS = {
    "cad_icassp_2024": (("train", "valid", "test", "evaluation"), "scene_listeners.{}.json"),
    "cad1_task1": (("valid", "test", "train"), "musdb18.{}.json"),
    "cad2_task2": (("valid", "test", "train"), "scene_listeners.{}.json"),
}
_SCENE_NAME = re.compile(r"^(?:.*/)?(?P<scene>[^/]+)_(?P<listener>[^_/]+)_(?P<rest>[^_/]+)$")
_ALPHA_NAME = re.compile(r"^(?:.*/)?(?P<scene>[^/]+)_(?P<listener>[^_/]+)_(?P<rest>A[0-9.]+_[^_/]+)$")
_SONG_NAME = re.compile(
    r"^(?:.*/)?(?P<listener>[^/]+)/(?P<scene>[^/]+)/(?P=listener)_(?P=scene)_(?P<rest>[^/]+)$"
)


def default_split(challenge: str, root: Path) -> str:
    """The recipe's own split if the root has it, else the first that is there.

    Raises:
        InputError: for an unknown challenge, or a root without its metadata.
    """
    if challenge not in _SPLITS:
        raise InputError(f"challenge {challenge!r} is unknown; known: {', '.join(CHALLENGES)}")
    splits, pattern = _SPLITS[challenge]
    for split in splits:
        if (root / "metadata" / pattern.format(split)).is_file():
            return split
    raise InputError(f"{root}: no metadata/{pattern.format('<split>')}, so this is no root of {challenge}")


def challenge_config(challenge: str, root: Path, split: str) -> dict:
    """Options for a challenge's adapter: the values of pyclarity's config.yaml and official file names."""
    metadata = root / "metadata"
    names = {
        "cad_icassp_2024": {"music_file": f"at_mic_music.{split}.json", "gains_file": "gains.json"},
        "cad1_task1": {
            "music_file": f"musdb18.{split}.json",
            "music_segments_test_file": "musdb18.segments.test.json",
        },
        "cad2_task2": {
            "music_file": f"music.{split}.json",
            "gains_file": "gains.json",
            "enhancer_params_file": f"compressor_params.{split}.json",
        },
    }[challenge]
    for name in ("listeners", "scenes", "scene_listeners"):
        names[f"{name}_file"] = f"{name}.{split}.json"
    music = {"cad_icassp_2024": "audio/at_mic_music", "cad1_task1": "audio/musdb18hq", "cad2_task2": "audio"}
    return {
        "path": {
            "music_dir": str(root / music[challenge]),
            **{key: str(metadata / name) for key, name in names.items()},
        },
        "sample_rate": 44100,
        "input_sample_rate": 44100,
        "stem_sample_rate": 24000,
        "remix_sample_rate": 32000,
        "HAAQI_sample_rate": 24000,
        "nalr": {"nfir": 220, "sample_rate": 44100},
        "enhancer": {
            "crossover_frequencies": [353.55, 707.11, 1414.21, 2828.43, 5656.85],
            "attack": [11, 11, 14, 13, 11, 11],
            "release": [80, 80, 80, 80, 100, 100],
            "threshold": [-30, -30, -30, -30, -30, -30],
        },
        "evaluate": {"segments": split == "test"},
    }


def expected_files(challenge: str, root: str | Path, split: str | None = None) -> ExpectedFiles:
    """What a challenge expects, with its data below `root` in the official layout.

    Args:
        challenge: one of `cadenza.CHALLENGES`.
        root: the folder with `metadata` and `audio`.
        split: None for the recipe's own.

    Raises:
        InputError: for an unknown challenge, a root without its files, or a fault in them.
    """
    root = Path(root)
    split = default_split(challenge, root) if split is None else split
    return from_adapter(load_challenge(challenge, challenge_config(challenge, root, split)))


def from_adapter(challenge: Challenge) -> ExpectedFiles:
    """The same from an adapter that was made elsewhere, with whatever options."""
    files: dict[str, Expectation] = {}
    sources: dict[str, tuple[Pair, str, str]] = {}
    seconds = _seconds_of(challenge)
    for pair in challenge.pairs():
        for name, expectation, ear, stem in _pair_files(challenge, pair, seconds):
            files[nfc(name)] = expectation
            sources[nfc(name)] = pair, ear, stem
    return ExpectedFiles(
        name=challenge.name,
        files=files,
        listeners=frozenset(challenge.listeners),
        identify=_identify_song if challenge.enhanced.side_car else _identify_scene,
        sounds=sounds_of(challenge, sources),
        excerpt=excerpt_of(challenge, sources),
    )


def _pair_files(
    challenge: Challenge, pair: Pair, seconds: Callable[[str], float | None]
) -> Iterator[tuple[str, Expectation, str, str]]:
    """The files of one pair, with the ear and stem of each where it has them."""
    form = challenge.enhanced
    if not form.side_car:
        path = challenge.enhanced_file(pair, "left", "")
        length = seconds(pair.song)
        yield (
            path.as_posix(),
            Expectation(pair.scene, pair.listener, REMIX, form.sample_rate, 2, length),
            "",
            "",
        )
        return
    for stem in challenge.stems:
        for ear in EARS:
            path = challenge.enhanced_file(pair, ear, stem)
            twin = challenge.enhanced_file(pair, EARS[1 - EARS.index(ear)], stem).as_posix()
            about = (STEM, form.sample_rate, 1, seconds(pair.song))
            yield (
                path.as_posix(),
                Expectation(pair.scene, pair.listener, *about, twin=nfc(twin)),
                ear,
                stem,
            )
            scale = Expectation(pair.scene, pair.listener, SCALE, required=False)
            yield path.with_suffix(".txt").as_posix(), scale, ear, stem
    remix = path.with_name(f"{pair.listener}_{pair.song}_remix.flac")
    yield remix.as_posix(), Expectation(pair.scene, pair.listener, REMIX, 32000, 2, None, False), "", ""


def _seconds_of(challenge: Challenge) -> Callable[[str], float | None]:
    """Duration (s) of a song's reference from the headers of the challenge's files, None where unknown."""
    import soundfile

    def header(path: Path) -> float | None:
        try:
            info = soundfile.info(path)
        except soundfile.LibsndfileError:
            return None
        return info.frames / info.samplerate

    @cache
    def seconds(song: str) -> float | None:
        if challenge.name == "cad2_task2":
            record = challenge.music.field(song, "mixture", dict)
            if "duration" in record:
                return float(record["duration"])
            return header(challenge.music_dir / str(record.get("track")))
        if challenge.name == "cad1_task1" and challenge.segments is not None:
            first, last = challenge.segment(song)
            return (last - first) / challenge.input_sample_rate
        return header(challenge.folder(song) / "vocals.wav")

    return seconds


def _identify_scene(name: str) -> tuple[str, str, str] | None:
    found = _ALPHA_NAME.match(name.rpartition(".")[0]) or _SCENE_NAME.match(name.rpartition(".")[0])
    return found and (found["scene"], found["listener"], found["rest"])


def _identify_song(name: str) -> tuple[str, str, str] | None:
    found = _SONG_NAME.match(name.rpartition(".")[0])
    return found and (found["scene"], found["listener"], found["rest"])
