"""Rebalancers by true HAAQI on scenes that no training had, and what `haaqinet_target` would choose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

from ..audiogram import EARS, Audiogram
from ..cadenza.mini_listeners import mini_listeners
from ..errors import InputError
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
    scene: Scene, names: Sequence[str], stems_of: Callable[[str], Stems], plan: Comparison
) -> Iterator[tuple[dict, Callable[[], np.ndarray]]]:
    """What is judged of a scene: about the system, and what makes its remix [T].

    Args:
        scene: to rebalance.
        names: of the separators.
        stems_of: the stems that one of them makes of the scene.
        plan: what is compared.
    """

    def grown(size: int) -> Stems:
        return mean_stems([stems_of(name) for name in plan.ensemble[:size]])

    yield {"system": "ideal"}, lambda: scene.target
    yield {"system": "passthrough"}, lambda: scene.mixture
    for name in names:
        yield {"system": name}, lambda name=name: remixed(scene, stems_of(name))
    for size in range(1, len(plan.ensemble) + 1):
        yield {"system": "ensemble", "size": size}, lambda size=size: remixed(scene, grown(size))
    for name in [*plan.on, *(["ensemble"] if plan.ensemble else [])]:
        for weight in plan.weights:

            def added(name: str = name, weight: float = weight) -> np.ndarray:
                every = grown(len(plan.ensemble)) if name == "ensemble" else stems_of(name)
                return remixed(scene, every, weight)

            yield {"system": name, "weight": weight}, added


def ears_of(number: int, count: int) -> list[tuple[str, Audiogram]]:
    """Some ears of the mini challenges' listeners, others for the next scene."""
    every = [(f"{id}-{ear}", who.ear(ear)) for id, who in mini_listeners().items() for ear in EARS]
    return [every[(5 * (number * count + n)) % len(every)] for n in range(count)]


def _what(row: Mapping) -> tuple:
    return row["system"], row.get("size"), row.get("weight")


def judge_scene(
    number: int,
    scene: Scene,
    separators: Mapping[str, Separate],
    plan: Comparison,
    predictor: Callable[[Stimulus], object] | None = None,
    known: Sequence[Mapping] = (),
) -> list[dict]:
    """Rows of a scene: true HAAQI of each system at each ear.

    Args:
        number: of the scene.
        scene: to rebalance.
        separators: by name.
        plan: what is compared.
        predictor: a scorer that knows mixture and gains, which is asked about weights of the mixture.
        known: rows whose systems are left out.
    """
    stems_of = cache(lambda name: separators[name](scene.mixture))
    there, rows = {_what(row) for row in known}, []
    wanted = outputs(scene, list(separators), stems_of, plan)
    every = [(which, make()) for which, make in wanted if _what(which) not in there]
    for ear, audiogram in ears_of(number, plan.ears) if every else ():
        own = partial(NalR(NFIR, SAMPLE_RATE).amplify, audiogram)
        reference = Reference(own(scene.target), SAMPLE_RATE, audiogram, 2, scene.level1)
        about = {"scene": f"{number:03d} {scene.song}", "origin": scene.origin, "ear": ear}
        about |= {"severity": audiogram.severity_clarity}
        about |= {"low": audiogram.mean_level(LOW), "high": audiogram.mean_level(HIGH)}
        for which, heard in every:
            amplified = own(heard)
            row = {**about, **which, "haaqi": reference.score(amplified, SAMPLE_RATE).value}
            if predictor and "weight" in which:
                mixture = {"mixture": own(scene.mixture), "gains": dict(scene.gains), "amplified": True}
                given = Stimulus(amplified, SAMPLE_RATE, audiogram, scene.level1, **mixture)
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
    """Rows of all scenes: what a scene's file in the folder has is read, what it lacks is added to it.

    Raises:
        InputError: for a name that is no separator's, or files of another ensemble, number of ears, or scene.
    """
    unknown = [name for name in (*plan.ensemble, *plan.on) if name not in separators]
    if unknown:
        raise InputError(f"{unknown[0]!r} is none of the separators: {', '.join(separators)}")
    rows: list[dict] = []
    for number, (scene, _) in enumerate(scenes):
        path = folder / f"{number:03d}.json"
        about = {"song": scene.song, "ensemble": list(plan.ensemble), "ears": plan.ears}
        found = read_json(path, dict) if path.exists() else {"about": about, "rows": []}
        if found.get("about") not in (about, about | {"ensemble": []}):
            raise InputError(f"{path}: was judged with {found.get('about')}, now it is {about}; remove it")
        found["about"] = about
        more = judge_scene(number, scene, separators, plan, predictor, found["rows"])
        if more:
            found["rows"] += more
            write_json(path, found)
        rows += found["rows"]
        step()
    return [row for row in rows if row["system"] in {"ideal", "passthrough", "ensemble", *separators}]
