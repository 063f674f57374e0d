"""From a scene to a file of trials: every system's features and its true HAAQI."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from ..audiogram import Audiogram
from ..haaqi import Reference
from ..nalr import NalR
from ..synthesis import hearing_losses
from ..synthesis.clips import SPLITS, Clip
from ..synthesis.degradations import wdrc
from ..synthesis.multitracks import draw_excerpt
from ..synthesis.remix import KINDS, SHARES, Scene, draw_gains, make_stems
from ..synthesis.render import NFIR, SAMPLE_RATE
from ..synthesis.simulated_systems import (
    SYSTEMS,
    Masks,
    Renderer,
    System,
    draw_factors,
    draw_separated,
    draw_systems,
)
from ..trials import Stimulus
from .trial_content import trial_content, write_trials

Separate = Callable[[np.ndarray], dict[str, np.ndarray]]  # mixture [T] or [T, 2] to stems by role


@dataclass(frozen=True)
class Plan:
    """What to render."""

    seconds: float = 6.0  # of each scene
    systems: int = 12  # of each scene and ear
    separated: int = 5  # of these, how many are of the table of real separators and waveform errors
    scenes: int = 2  # of each song, with gains and listeners of their own
    procedural: float = 0.5  # chance that a song is procedural
    real: float = 0.2  # chance that a training song is a real multitrack, where there are any
    ideal: float = 0.0  # chance that true stems with the right gains take the place of another system
    seed: int = 1


@dataclass(frozen=True, eq=False)
class TrialRenderer:
    """Renders one scene for one ear after another.

    Args:
        folder: where the files go.
        plan: what to render.
        clips: of each split, for pseudo-songs.
        judges: other scorers whose scores of validation and test trials are kept, for comparison.
        separators: real ones by name; each song of four roles is separated once.
        songs: folders of real multitracks, for training.
    """

    folder: Path
    plan: Plan
    clips: Mapping[str, Sequence[Clip]]
    judges: Mapping[str, Callable] = field(default_factory=dict)
    separators: Mapping[str, Separate] = field(default_factory=dict)
    songs: Sequence[Path] = ()

    def __call__(self, split: str, number: int) -> None:
        """Render a group unless it is there.

        Raises:
            Unscorable: a trial has no true score; nothing is written.
        """
        path = self.folder / f"{split}-{number:05d}.npz"
        if path.exists():
            return
        rng = np.random.default_rng([self.plan.seed, SPLITS.index(split), number])
        kind, stems, song, origin, separated = self._song(split, number // self.plan.scenes)
        scene = Scene(kind, song, origin, stems, draw_gains(kind, list(stems), rng))
        listener, audiogram = hearing_losses.draw(split, rng)
        own, other = _amplifiers(kind, (audiogram, hearing_losses.draw(split, rng)[1]), rng)
        renderer = Renderer(scene, {"own": own, "other": other}, rng, separated)
        systems = draw_systems(self.plan.systems - self.plan.separated, rng)
        if rng.random() < self.plan.ideal and SYSTEMS["ideal"] not in systems:
            systems[-1] = SYSTEMS["ideal"]
        systems += draw_separated(self.plan.separated, list(separated), rng)
        if split == "train":
            factors = draw_factors(rng) | {"amount": 2 ** rng.uniform(-1, 1)}
            varied = [s.varied(factors) for s in systems]
        outputs = [renderer(s) for s in (varied if split == "train" else systems)]
        content = trial_content(scene, audiogram, own, outputs)
        if split != "train":
            estimate = own(renderer.estimate(Masks()))
            content |= self._judged(outputs, audiogram, scene.level1, estimate)
        write_trials(
            path, content, systems, {"kind": kind, "song": song, "origin": origin, "listener": listener}
        )

    @lru_cache(maxsize=3)  # noqa: B019
    def _song(self, split: str, number: int) -> tuple[str, dict, str, str, dict[str, dict]]:
        """Kind, stems, name, origin, and what each separator makes of the mixture."""
        rng = np.random.default_rng([self.plan.seed, SPLITS.index(split), number, 7])
        if split == "train" and self.songs and rng.random() < self.plan.real:
            kind = str(rng.choice(("remix", "stem"), p=(0.8, 0.2)))
            stems, name = draw_excerpt(self.songs, self.plan.seconds, rng)
            origin = "real"
        else:
            kind = str(rng.choice(KINDS, p=SHARES))
            stems, name, origin = make_stems(
                kind, self.clips[split], self.plan.seconds, self.plan.procedural, rng
            )
        separators = {} if kind == "duet" else self.separators
        mixture = np.sum(list(stems.values()), axis=0)
        return kind, stems, name, origin, {s: separate(mixture) for s, separate in separators.items()}

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


def render_scene(
    path: Path,
    scene: Scene,
    separated: Mapping,
    audiogram: Audiogram,
    listener: str,
    systems: Sequence[System],
) -> None:
    """Trials of the given systems on one scene in one ear, with plain NAL-R, unless the file is there."""
    if path.exists():
        return
    own = partial(NalR(NFIR, SAMPLE_RATE).amplify, audiogram)
    rng = np.random.default_rng(0)
    renderer = Renderer(scene, {"own": own}, rng, separated)
    content = trial_content(scene, audiogram, own, [renderer(system) for system in systems])
    about = {"kind": scene.kind, "song": scene.song, "origin": scene.origin, "listener": listener}
    write_trials(path, content, systems, about)


def _amplifiers(kind: str, ears: Sequence[Audiogram], rng: np.random.Generator) -> list[Callable]:
    """NAL-R for each ear; behind a compressor for half of the duets, as CAD2's hearing aids have one."""
    nalr = NalR(NFIR, SAMPLE_RATE)
    ratio = rng.uniform(1.3, 2.5) if kind == "duet" and rng.random() < 0.5 else 1.0

    def amplify(audiogram: Audiogram, x: np.ndarray) -> np.ndarray:
        return nalr.amplify(audiogram, wdrc(x, SAMPLE_RATE, rng, ratio=ratio) if ratio > 1 else x)

    return [partial(amplify, audiogram) for audiogram in ears]
