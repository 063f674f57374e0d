"""From a scene to a file of trials: every system's features and its true HAAQI."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from ..audiogram import Audiogram
from ..haaqi import Reference
from ..io.files import written
from ..nalr import NalR
from ..synthesis import hearing_losses
from ..synthesis.clips import SPLITS, Clip
from ..synthesis.degradations import wdrc
from ..synthesis.remix import KINDS, SHARES, Scene, draw_gains, make_stems, rms
from ..synthesis.render import NFIR, SAMPLE_RATE
from ..synthesis.simulated_systems import Masks, Renderer, draw_factors, draw_systems
from ..trials import Stimulus
from .ear import Heard, delay_of, hear, shifted
from .features import STEP, compare, fine_levels
from .gains import describe_ear, describe_gains

PARTS = ("mel_cepstral_high", "bm_sync5", "d_loud", "d_norm")


@dataclass(frozen=True)
class Plan:
    """What to render."""

    seconds: float = 6.0  # of each scene
    systems: int = 12  # of each scene and ear
    scenes: int = 3  # of each song, with gains and listeners of their own
    procedural: float = 0.5  # chance that a song is procedural
    seed: int = 1


@dataclass(frozen=True, eq=False)
class TrialRenderer:
    """Renders one scene for one ear after another.

    Args:
        folder: where the files go.
        plan: what to render.
        clips: of each split, for pseudo-songs.
        judges: other scorers whose scores of validation and test trials are kept, for comparison.
    """

    folder: Path
    plan: Plan
    clips: Mapping[str, Sequence[Clip]]
    judges: Mapping[str, Callable] = field(default_factory=dict)

    def __call__(self, split: str, number: int) -> None:
        """Render a group unless it is there.

        Raises:
            Unscorable: a trial has no true score; nothing is written.
        """
        path = self.folder / f"{split}-{number:05d}.npz"
        if path.exists():
            return
        rng = np.random.default_rng([self.plan.seed, SPLITS.index(split), number])
        kind, stems, song, origin = self._song(split, number // self.plan.scenes)
        scene = Scene(kind, song, origin, stems, draw_gains(kind, list(stems), rng))
        listener, audiogram = hearing_losses.draw(split, rng)
        own, other = _amplifiers(kind, (audiogram, hearing_losses.draw(split, rng)[1]), rng)
        renderer = Renderer(scene, {"own": own, "other": other}, rng)
        systems = draw_systems(self.plan.systems, rng)
        factors = draw_factors(rng)
        outputs = [renderer(s.varied(factors) if split == "train" else s) for s in systems]
        content = _trials(scene, audiogram, own, outputs)
        if split != "train":
            estimate = own(renderer.estimate(Masks()))
            content |= self._judged(outputs, audiogram, scene.level1, estimate)
        names = np.array([s.name for s in systems])
        about = {"kind": kind, "song": song, "origin": origin, "listener": listener}
        _write(path, {**content, **{k: np.array(v) for k, v in about.items()}, "system": names})

    @lru_cache(maxsize=1)  # noqa: B019
    def _song(self, split: str, number: int) -> tuple[str, dict[str, np.ndarray], str, str]:
        rng = np.random.default_rng([self.plan.seed, SPLITS.index(split), number, 7])
        kind = str(rng.choice(KINDS, p=SHARES))
        return kind, *make_stems(kind, self.clips[split], self.plan.seconds, self.plan.procedural, rng)

    def _judged(
        self, outputs: list[np.ndarray], audiogram: Audiogram, level1: float, estimate: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Other scorers' answers, and HAAQI against an imagined separator's estimate of the target."""
        reference = Reference(estimate, SAMPLE_RATE, audiogram, equalisation=2, level1=level1)
        judged = {"judge_estimate": [reference.score(x, SAMPLE_RATE).value for x in outputs]}
        for name, judge in self.judges.items():
            judged[f"judge_{name}"] = [
                judge(Stimulus(x, SAMPLE_RATE, audiogram, level1)).value for x in outputs
            ]
        return {name: np.array(values) for name, values in judged.items()}


def _amplifiers(kind: str, ears: Sequence[Audiogram], rng: np.random.Generator) -> list[Callable]:
    """NAL-R for each ear; behind a compressor for half of the duets, as CAD2's hearing aids have one."""
    nalr = NalR(NFIR, SAMPLE_RATE)
    ratio = rng.uniform(1.3, 2.5) if kind == "duet" and rng.random() < 0.5 else 1.0

    def amplify(audiogram: Audiogram, x: np.ndarray) -> np.ndarray:
        return nalr.amplify(audiogram, wdrc(x, SAMPLE_RATE, rng, ratio=ratio) if ratio > 1 else x)

    return [partial(amplify, audiogram) for audiogram in ears]


def _bytes(levels: np.ndarray) -> np.ndarray:
    return np.clip(np.round(levels / STEP), 0, 255).astype(np.uint8)


def _trials(scene: Scene, audiogram: Audiogram, own: Callable, outputs: list[np.ndarray]) -> dict:
    """Features, true scores and what the ear heard, of all outputs [T] of a scene."""
    level1, mixture = scene.level1, own(scene.mixture)
    reference = Reference(own(scene.target), SAMPLE_RATE, audiogram, equalisation=2, level1=level1)
    known = hear(mixture, audiogram, level1)
    asked = describe_gains(scene.gains) | describe_ear(audiogram, level1, rms(mixture))
    rows, labels, ears = [], [], []
    for output in outputs:
        result = reference.score(output, SAMPLE_RATE)
        labels.append([result.value, *(result.parts[name] for name in PARTS)])
        delay = delay_of(output, mixture)
        ears.append(hear(shifted(output, delay, len(mixture)), audiogram, level1))
        rows.append(compare(ears[-1], known) | asked)
    parts = [Heard(own(stem), known.envelope, known.spectrum) for stem in scene.stems.values()]
    return {
        "features": np.array([list(row.values()) for row in rows], dtype=np.float32),
        "names": np.array(list(rows[0])),
        "labels": np.array(labels),
        "envelope": _bytes(np.array([ear.envelope for ear in (known, *ears)])),
        "fine": _bytes(np.array([fine_levels(ear, level1) for ear in (known, *ears)])),
        "fine_stems": _bytes(np.array([fine_levels(part, level1) for part in parts])),
        "gains": np.array(json.dumps(dict(scene.gains))),
        "stems": np.array(list(scene.stems)),
        "loss": np.array([audiogram.at(f) for f in (250, 500, 1000, 2000, 4000, 6000)]),
        "level1": np.array(level1),
    }


def _write(path: Path, content: Mapping[str, np.ndarray]) -> None:
    """Whole or not at all."""
    with written(path, binary=True) as file:
        np.savez(file, **content)
