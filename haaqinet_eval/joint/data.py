"""Music in recorded noise, rendered once: `clean.npy` and `noisy.npy` of a folder, [N, T] each at 24 kHz."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from ..audio import rms
from ..errors import InputError
from ..io.files import folder_beside
from ..io.jsonfile import read_json, write_json
from ..model.auditory import SAMPLE_RATE
from ..model.joint import LEVEL1
from ..synthesis.clips import Clip, load_excerpt, read_index
from ..synthesis.recorded_noise import add_recording, read_recordings

SECONDS = 1.056  # of an excerpt, of which the network hears 424 frames
PARTS = ("clean", "noisy")
RECORD = "data.json"
SKIPPED = ("stems", "stereo")  # folders whose music is elsewhere in the index, too


@dataclass(frozen=True)
class DataRules:
    """What is rendered.

    Attributes:
        train, validation: excerpts of each split.
        snr: lowest and highest SNR, dB.
        quiet: share of excerpts without noise, so that what is clean is left alone.
        level: mean and standard deviation of the sound's level, dB SPL.
        without: kinds of recordings that are left out.
        seed: of everything.
    """

    train: int = 400
    validation: int = 32
    snr: tuple[float, float] = (-5.0, 20.0)
    quiet: float = 0.15
    level: tuple[float, float] = (65.0, 7.0)
    without: tuple[str, ...] = ("speech", "babble", "people", "crowd", "cafe")
    seed: int = 1


def music(root: str | Path, indices: Sequence[str], split: str) -> list[Clip]:
    """Clips of a split, of several indices.

    Raises:
        InputError: for a missing or faulty index, or a split without clips.
    """
    clips = [clip for index in indices for clip in read_index(root, index) if clip.split == split]
    clips = [clip for clip in clips if clip.path.relative_to(root).parts[0] not in SKIPPED]
    if not clips:
        raise InputError(f"{root}: no clip of split {split} in {', '.join(indices)}")
    return clips


def noises(folder: str | Path, split: str | None, without: Sequence[str]) -> tuple[Path, ...]:
    """Recordings of a split but for some kinds.

    Raises:
        InputError: for a missing or faulty index, or where none is left.
    """
    kinds = read_recordings(folder, split)
    paths = tuple(path for kind, some in kinds.items() if kind not in without for path in some)
    if not paths:
        raise InputError(f"{folder}: no recording of split {split} but of kind {', '.join(without)}")
    return paths


def mixed(
    clip: Clip,
    paths: tuple[Path, ...],
    snr: float | None,
    level: float,
    seconds: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Music and the same with noise, [T] each at 24 kHz, at a level (dB SPL); SNR None: no noise."""
    clean = load_excerpt(clip, seconds, SAMPLE_RATE, rng)
    clean = np.resize(clean, round(seconds * SAMPLE_RATE))
    if rms(clean) == 0:
        clean = clean + 1e-4 * rng.normal(size=len(clean))
    noisy = clean if snr is None else add_recording(clean, SAMPLE_RATE, rng, paths=paths, snr_db=snr)
    scale = 10 ** ((level - LEVEL1) / 20) / rms(noisy)
    return scale * clean, scale * noisy


def render(
    folder: Path, clips: Sequence[Clip], paths: tuple[Path, ...], count: int, rules: DataRules, step: Callable
) -> None:
    """Write one split, whole or not at all; `step` is called after each excerpt."""
    rng = np.random.default_rng([rules.seed, count])
    signals = np.zeros((2, count, round(SECONDS * SAMPLE_RATE)), np.float32)
    order = np.resize(rng.permutation(len(clips)), count)
    for number, which in enumerate(order):
        snr = None if rng.random() < rules.quiet else float(rng.uniform(*rules.snr))
        level = float(np.clip(rng.normal(*rules.level), 45, 90))
        signals[:, number] = mixed(clips[which], paths, snr, level, SECONDS, rng)
        step()
    with folder_beside(folder) as place:
        part = place / folder.name
        part.mkdir()
        for name, values in zip(PARTS, signals, strict=True):
            np.save(part / f"{name}.npy", values)
        write_json(part / RECORD, {"rules": asdict(rules), "clips": len(clips), "recordings": len(paths)})
        part.replace(folder)


@dataclass(frozen=True, eq=False)
class Excerpts:
    """One rendered split."""

    clean: np.ndarray  # [N, T]
    noisy: np.ndarray

    @classmethod
    def read(cls, folder: Path) -> Excerpts:
        """Read what `render` wrote.

        Raises:
            InputError: where it is not there.
        """
        if not (folder / RECORD).is_file():
            raise InputError(f"{folder}: no rendered excerpts")
        read_json(folder / RECORD, dict)
        return cls(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in PARTS))

    def batch(self, which: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Clean and noisy excerpts, [B, T] each, in ascending order of their numbers."""
        which = np.sort(which)
        return torch.from_numpy(self.clean[which]), torch.from_numpy(self.noisy[which])


def prepare(
    root: str | Path, indices: Sequence[str], noise: str | Path, folder: Path, rules: DataRules, bar: Callable
) -> None:
    """Render both splits where they are not there yet; `bar(name, count)` is a context with a `step`."""
    for split, count in (("train", rules.train), ("validation", rules.validation)):
        if (folder / split / RECORD).is_file():
            continue
        clips, paths = music(root, indices, split), noises(noise, split, rules.without)
        with bar(split, count) as step:
            render(folder / split, clips, paths, count, rules, step)
