"""What the mini challenges have in common when they write audio and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

RATE = 44100  # Hz, of all inputs
SECONDS = 10.0
STEMS = ("vocals", "drums", "bass", "other")
LOUDNESS = -40.0  # LUFS of a mixture before amplification, as in CAD2
GAINS_DB = (-10, -6, -3, 0, 3, 6, 10)
WORDS = (  # of invented lyrics
    *("amber", "bridge", "candle", "drifting", "ember", "falling", "garden", "harbour", "island", "journey"),
    *("kettle", "lantern", "morning", "never", "ocean", "paper", "quiet", "river", "silver", "thunder"),
)
DETAILS = {"Source": "procedural", "License": "MIT"}


def write_json(path: Path, content: object) -> None:
    """Write JSON, indented, as the official files are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=4) + "\n", encoding="utf-8")


def write_stems(folder: Path, stems: dict[str, np.ndarray], suffix: str) -> None:
    """Write stems [T, 2] and their sum, `mixture`, as 16-bit files.

    Each stem is rounded to 16 bits and the mixture is the sum of the rounded stems, so
    the files too add up, sample by sample. Should a sum pass full scale, all are turned down alike.
    """
    import soundfile

    peak = max(np.abs(x).max() for x in (*stems.values(), sum(stems.values())))
    gain = 32767 * min(1.0, 0.99 / peak)
    whole = {name: np.rint(gain * stem).astype(np.int16) for name, stem in stems.items()}
    whole["mixture"] = sum(whole.values())
    folder.mkdir(parents=True, exist_ok=True)
    for name, samples in whole.items():
        soundfile.write(folder / f"{name}.{suffix}", samples, RATE, subtype="PCM_16")


def track_record(style: str, seed: int, split: str) -> dict:
    """A record of `musdb18.<split>.json`."""
    name = f"Procedural {style.capitalize()} - Seed {seed}"
    return {
        "Track Name": name,
        "Genre": style.capitalize(),
        **DETAILS,
        "Split": split,
        "Path": f"{split}/{name}",
    }


def some_listeners(scene: int, ids: list[str]) -> list[str]:
    """Four of the listeners, others in every scene."""
    return [ids[(scene + k) % len(ids)] for k in (0, 1, 3, 4)]
