"""What a file of trials holds: features, true scores, and what the ear heard."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ..audio import rms
from ..audiogram import Audiogram
from ..haaqi import Reference
from ..io.files import written
from ..synthesis.remix import Scene
from ..synthesis.render import SAMPLE_RATE
from ..synthesis.simulated_systems import System
from .ear import AuditoryFeatures, auditory_features, delay_of, shifted
from .features import STEP, compare, fine_levels
from .gains import describe_ear, describe_gains

PARTS = ("mel_cepstral_high", "bm_sync5", "d_loud", "d_norm")
LARGEST = 32_767  # of a sample as it is kept


def trial_content(
    scene: Scene, audiogram: Audiogram, own: Callable, outputs: Sequence[np.ndarray]
) -> dict[str, np.ndarray]:
    """Features, true scores and what the ear heard, of all outputs [T] of a scene.

    Args:
        own: the listener's amplifier [T] -> [T], which the outputs had, or not.

    Raises:
        Unscorable: a trial has no true score.
    """
    level1, mixture = scene.level1, own(scene.mixture)
    reference = Reference(own(scene.target), SAMPLE_RATE, audiogram, equalisation=2, level1=level1)
    known = auditory_features(mixture, audiogram, level1)
    asked = describe_gains(scene.gains) | describe_ear(audiogram, level1, rms(mixture))
    rows, labels, ears = [], [], []
    for output in outputs:
        result = reference.score(output, SAMPLE_RATE)
        labels.append([result.value, *(result.parts[name] for name in PARTS)])
        delay = delay_of(output, mixture)
        ears.append(auditory_features(shifted(output, delay, len(mixture)), audiogram, level1))
        rows.append(compare(ears[-1], known) | asked)
    parts = [AuditoryFeatures(own(stem), known.envelope, known.spectrum) for stem in scene.stems.values()]
    heard = np.array([ear.signal for ear in (known, *ears)])
    scales = np.abs(heard).max(1) / LARGEST + 1e-30
    return {
        "features": np.array([list(row.values()) for row in rows], dtype=np.float32),
        "names": np.array(list(rows[0])),
        "labels": np.array(labels),
        "signals": np.round(heard / scales[:, None]).astype(np.int16),
        "scales": scales,
        "envelope": _bytes(np.array([ear.envelope for ear in (known, *ears)])),
        "fine": _bytes(np.array([fine_levels(ear, level1) for ear in (known, *ears)])),
        "fine_stems": _bytes(np.array([fine_levels(part, level1) for part in parts])),
        "gains": np.array(json.dumps(dict(scene.gains))),
        "stems": np.array(list(scene.stems)),
        "loss": np.array([audiogram.at(f) for f in (250, 500, 1000, 2000, 4000, 6000)]),
        "level1": np.array(level1),
    }


def write_trials(
    path: Path, content: Mapping[str, np.ndarray], systems: Sequence[System], about: Mapping[str, str]
) -> None:
    """A group's file, whole or not at all."""
    names = np.array([system.name for system in systems])
    with written(path, binary=True) as file:
        np.savez(file, **content, **{key: np.array(value) for key, value in about.items()}, system=names)


def _bytes(levels: np.ndarray) -> np.ndarray:
    return np.clip(np.round(levels / STEP), 0, 255).astype(np.uint8)
