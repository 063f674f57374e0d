"""Rebalancers by true HAAQI on scenes that no training had, and what `haaqinet_target` would choose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path

import numpy as np

from ..audiogram import EARS, Audiogram
from ..cadenza.mini_listeners import mini_listeners
from ..haaqi import Reference
from ..io.jsonfile import read_json, write_json
from ..nalr import NalR
from ..synthesis.remix import Scene
from ..synthesis.render import SAMPLE_RATE
from ..trials import Stimulus
from .scenes import NFIR

LOW = (500.0, 1000.0, 2000.0)  # Hz, where the paper's listeners differ
HIGH = (4000.0, 6000.0, 8000.0)
Stems = Mapping[str, np.ndarray]
Separate = Callable[[np.ndarray], Stems]


@dataclass(frozen=True)
class Comparison:
    """What is compared.

    Attributes:
        ensemble: names of separators, in the order in which the ensemble grows.
        weights: of the mixture that is added back.
        on: separators to whose remixes it is added, besides the whole ensemble.
        ears: of the mini challenges' listeners that hear each scene, in turn.
    """

    ensemble: Sequence[str] = ()
    weights: Sequence[float] = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
    on: Sequence[str] = ()
    ears: int = 4


def remixed(scene: Scene, stems: Stems, weight: float = 0.0) -> np.ndarray:
    """A remix [T] with the scene's gains and a weight of the mixture, as loud as the mixture."""
    added = {"mixture": weight * scene.mixture} if weight else {}
    return scene.mix({**stems, **added}, {**scene.gains, **dict.fromkeys(added, 0.0)})


def mean_stems(every: Sequence[Stems]) -> dict[str, np.ndarray]:
    """The mean of separators' stems."""
    return {stem: np.mean([stems[stem] for stems in every], axis=0) for stem in every[0]}


def outputs(
    scene: Scene, separated: Mapping[str, Stems], plan: Comparison
) -> Iterator[tuple[dict, np.ndarray]]:
    """What is judged of a scene: about the system, and its remix [T]."""
    yield {"system": "ideal"}, scene.target
    yield {"system": "passthrough"}, scene.mixture
    for name, stems in separated.items():
        yield {"system": name}, remixed(scene, stems)
    grown = list(accumulate([[separated[name]] for name in plan.ensemble]))
    for size, some in enumerate(grown, 1):
        yield {"system": "ensemble", "size": size}, remixed(scene, mean_stems(some))
    added = {name: separated[name] for name in plan.on}
    if grown:
        added["ensemble"] = mean_stems(grown[-1])
    for name, stems in added.items():
        for weight in plan.weights:
            yield {"system": name, "weight": weight}, remixed(scene, stems, weight)


def ears_of(number: int, count: int) -> list[tuple[str, Audiogram]]:
    """Some ears of the mini challenges' listeners, others for the next scene."""
    every = [(f"{id}-{ear}", who.ear(ear)) for id, who in mini_listeners().items() for ear in EARS]
    return [every[(5 * (number * count + n)) % len(every)] for n in range(count)]


def judge_scene(
    number: int,
    scene: Scene,
    separators: Mapping[str, Separate],
    plan: Comparison,
    predictor: Callable[[Stimulus], object] | None = None,
) -> list[dict]:
    """Rows of a scene: true HAAQI of each system at each ear.

    Args:
        number: of the scene.
        scene: to rebalance.
        separators: by name.
        plan: what is compared.
        predictor: a scorer that knows mixture and gains, which is asked about weights of the mixture.
    """
    separated = {name: separate(scene.mixture) for name, separate in separators.items()}
    every, rows = list(outputs(scene, separated, plan)), []
    for ear, audiogram in ears_of(number, plan.ears):
        own = partial(NalR(NFIR, SAMPLE_RATE).amplify, audiogram)
        reference = Reference(own(scene.target), SAMPLE_RATE, audiogram, 2, scene.level1)
        about = {"scene": f"{number:03d} {scene.song}", "origin": scene.origin, "ear": ear}
        about |= {"severity": audiogram.severity_clarity}
        about |= {"low": audiogram.mean_level(LOW), "high": audiogram.mean_level(HIGH)}
        for which, heard in every:
            amplified = own(heard)
            row = {**about, **which, "haaqi": reference.score(amplified, SAMPLE_RATE).value}
            if predictor and "weight" in which:
                known = {"mixture": own(scene.mixture), "gains": dict(scene.gains), "amplified": True}
                given = Stimulus(amplified, SAMPLE_RATE, audiogram, scene.level1, **known)
                row["predicted"] = predictor(given).value  # type: ignore[attr-defined]
            rows.append(row)
    return rows


def judge(
    folder: Path,
    scenes: Sequence[tuple[Scene, Audiogram]],
    separators: Mapping[str, Separate],
    plan: Comparison,
    predictor: Callable[[Stimulus], object] | None,
    step: Callable[[], None],
) -> list[dict]:
    """Rows of all scenes; those of a scene whose file is in the folder are read from it."""
    rows: list[dict] = []
    for number, (scene, _) in enumerate(scenes):
        path = folder / f"{number:03d}.json"
        if not path.exists():
            write_json(path, {"rows": judge_scene(number, scene, separators, plan, predictor)})
        rows += read_json(path, dict)["rows"]
        step()
    return rows
