"""Mini challenges of CLIP1 and CLIP2 in the official layout: procedural songs, invented words and listeners.

A phrase is a bar of a procedural song whose voice is louder or softer than its band; the simulated hearing
loss is a low-pass filter and an attenuation. How many of the invented words a synthetic listener gets falls
with both, with chance on top. So a measure that hears how clear the voice is does better than a constant,
and no number made with it says anything about the official sets.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np

from ..cadenza.mini_write import RATE, WORDS, write_json
from ..synthesis.music import STYLES, make_song
from .labels import SEVERITIES

SECONDS = 1.5  # of a phrase
SONGS, SONG_SECONDS = 3, 6.0
SIZES = {"train": 8, "valid": 4, "eval": 4}  # prompts
CUTOFF = {"No Loss": None, "Mild": 4000.0, "Moderate": 1500.0}  # Hz
QUIETER = {"No Loss": 0.0, "Mild": 6.0, "Moderate": 12.0}  # dB


def write_clip1(root: Path) -> None:
    """CLIP1: 8, 4 and 4 phrases with three hearing losses each; one listener a signal."""
    _write(root, "clip1", listeners=1)


def write_clip2(root: Path) -> None:
    """CLIP2: the same in noise; three listeners a signal of valid and eval, in `<split>_responses.json`."""
    _write(root, "clip2", listeners=3)


def _write(root: Path, name: str, listeners: int) -> None:
    for number, (split, prompts) in enumerate(SIZES.items()):
        records, answers = [], {}
        for prompt in range(prompts):
            seed = 1000 * number + prompt + (500 if name == "clip2" else 0)
            for record, got in _phrase(root / split, name, split, seed, listeners):
                records.append(record)
                answers[record["signal"]] = got
        _label(root, split, records, answers)


def _label(root: Path, split: str, records: list[dict], answers: dict[str, list[dict]]) -> None:
    """Write the metadata; those of eval have no labels, which lie in the file that organisers keep."""
    for record in records:
        got = answers[record["signal"]]
        if len(got) == 1:
            record["correctness"] = got[0]["correctness"]
    public = [{k: v for k, v in record.items() if k != "correctness"} for record in records]
    write_json(root / "metadata" / f"{split}_metadata.json", public if split == "eval" else records)
    if split == "eval" and "correctness" in records[0]:
        write_json(root / "organiser" / f"{split}_metadata_evalai.json", records)
    elif "correctness" not in records[0]:
        folder = "organiser" if split == "eval" else "metadata"
        write_json(root / folder / f"{split}_responses.json", answers)


def _phrase(folder: Path, name: str, split: str, seed: int, listeners: int) -> list[tuple[dict, list[dict]]]:
    """The three signals of a prompt, written, with their records and answers."""
    import soundfile

    rng = np.random.default_rng(seed)
    words = [str(word) for word in rng.choice(WORDS, size=int(rng.integers(5, 11)))]
    louder = float(rng.uniform(-12, 12))  # dB, voice against band
    mixture = _mixture(seed, louder, noise=name == "clip2", rng=rng)
    found = []
    for severity in SEVERITIES:
        digest = hashlib.md5(f"{name} {split} {seed} {severity}".encode(), usedforsecurity=False).hexdigest()
        signal = digest[:24]
        for place, samples in (
            (folder / "signals" / f"{signal}.flac", _impaired(mixture, severity)),
            (folder / "unprocessed" / f"{signal}_unproc.flac", mixture),
        ):
            place.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(place, samples, RATE, subtype="PCM_16")
        chance = 1 / (1 + np.exp(-(louder - 0.7 * QUIETER[severity] + 4) / 4))
        count = 1 if split == "train" else listeners
        hits = rng.binomial(len(words), chance, size=count)
        record = {"signal": signal, "original_prompt": " ".join(words), "prompt": " ".join(words)}
        record |= {"n_words": len(words), "hearing_loss": severity}
        got = [
            {"response_id": f"Score{i}", "hits": int(h), "correctness": round(int(h) / len(words), 3)}
            for i, h in enumerate(hits, start=1)
        ]
        found.append((record, got))
    return found


@cache
def _song(number: int) -> dict[str, np.ndarray]:
    """Stems [T, 2] of one of a few songs; phrases are cut from them."""
    styles = list(STYLES)
    return make_song(number, styles[number % len(styles)], SONG_SECONDS, RATE)


def _mixture(seed: int, louder: float, noise: bool, rng: np.random.Generator) -> np.ndarray:
    """A phrase [T, 2] with its voice `louder` (dB) than its band."""
    stems = _song(seed % SONGS)
    length = int(SECONDS * RATE)
    starts = range(0, len(stems["vocals"]) - length, length // 3)
    power = [float(np.sum(stems["vocals"][start : start + length] ** 2)) for start in starts]
    loudest = np.argsort(power)[::-1]
    start = starts[int(loudest[seed // SONGS % 3])]  # one of the three places where most is sung
    cut = {stem: samples[start : start + length] for stem, samples in stems.items()}
    voice = cut.pop("vocals")
    band = np.sum(list(cut.values()), axis=0)
    if noise:
        band = band + 0.3 * np.std(band) * rng.standard_normal(band.shape)
    gain = 10 ** (louder / 20) * np.std(band) / max(float(np.std(voice)), 1e-9)
    mixture = gain * voice + band
    return 0.5 * mixture / np.max(np.abs(mixture))


def _impaired(mixture: np.ndarray, severity: str) -> np.ndarray:
    """What is left of a phrase: a low-pass filter of 4th order, and an attenuation."""
    from scipy.signal import butter, sosfilt

    cutoff = CUTOFF[severity]
    if cutoff is None:
        return mixture
    sections = butter(4, cutoff, fs=RATE, output="sos")
    return sosfilt(sections, mixture, axis=0) * 10 ** (-QUIETER[severity] / 20)
