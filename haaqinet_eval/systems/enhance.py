"""Let systems render a challenge's scenes: separate once per song, then render for every listener.

Files are whole or not there, and what is there is kept, so that a run that was killed
goes on where it stopped. A file that is older than the music it was made from is made anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from ..cadenza.challenge import Pair
from ..cadenza.rendering import Renderer
from ..errors import InputError, Unscorable
from ..registry import SYSTEMS
from . import Enhancer, Scene, Song, System

_SEPARATOR = (
    "device",
    "download",
    "weights",
)  # of the group `separator`; the rest is pyclarity's

logger = logging.getLogger(__name__)


@dataclass
class Count:
    """What a run did."""

    pairs: int = 0  # rendered
    kept: int = 0  # pairs whose files were there
    songs: int = 0  # separated
    clipped: int = 0  # samples


def by_song(pairs: Sequence[Pair]) -> Iterator[tuple[str, list[Pair]]]:
    """Pairs of one song together, in the order in which songs and pairs first appear."""
    songs: dict[str, list[Pair]] = {}
    for pair in pairs:
        songs.setdefault(pair.song, []).append(pair)
    yield from songs.items()


def enhance(
    renderer: Renderer,
    system: System,
    pairs: Sequence[Pair],
    folder: Path,
    overwrite: bool = False,
    report: Callable[[Pair], None] = lambda pair: None,
) -> Count:
    """Write one system's files for some pairs.

    Args:
        folder: `enhanced_signals` of the system; made if need be.
        overwrite: render again what is there.
        report: called after each pair, rendered or kept.

    Raises:
        InputError: for music that cannot be read; names the file.
    """
    count = Count()
    for name, of_song in by_song(pairs):
        missing = [pair for pair in of_song if overwrite or not _is_there(renderer, pair, folder)]
        for pair in of_song:
            if pair not in missing:
                count.kept += 1
                report(pair)
        if missing:
            try:
                _render_song(renderer, system, name, missing, folder, count, report)
            except Unscorable as error:
                raise InputError(error.message) from None
    return count


def _is_there(renderer: Renderer, pair: Pair, folder: Path) -> bool:
    files = [folder / file for file in renderer.files(pair)]
    if not all(file.is_file() for file in files):
        return False
    music = [file.stat().st_mtime_ns for file in renderer.music(pair.song) if file.is_file()]
    return min(file.stat().st_mtime_ns for file in files) >= max(music, default=0)


def _render_song(
    renderer: Renderer,
    system: System,
    name: str,
    pairs: Sequence[Pair],
    folder: Path,
    count: Count,
    report: Callable[[Pair], None],
) -> None:
    song = renderer.song(name)
    count.songs += 1
    for pair, signals in _listeners_signals(renderer, system, song, pairs):
        for output in renderer.outputs(pair, signals, folder):
            clipped = output.write()
            count.clipped += clipped
            if clipped:
                logger.info("%s: %d samples clipped", output.path, clipped)
        count.pairs += 1
        report(pair)


def _listeners_signals(
    renderer: Renderer, system: System, song: Song, pairs: Sequence[Pair]
) -> Iterator[tuple[Pair, Mapping[str, np.ndarray]]]:
    """What each listener of a song hears, by part: [T, 2]."""
    if isinstance(system, Enhancer):
        for pair in pairs:
            scene = renderer.scene(pair)
            yield pair, _checked(system.enhance(song, scene), scene, system)
        return
    stems = system.separate(song)
    for scene, of_scene in groupby(pairs, key=lambda pair: pair.scene):
        shared = renderer.rebalance(scene, song, stems, system)
        for pair in of_scene:
            yield pair, renderer.signals(pair, shared, system)


def _checked(signals: Mapping[str, np.ndarray], scene: Scene, system: Enhancer) -> Mapping[str, np.ndarray]:
    where = f"system {system.name}: scene {scene.name}, listener {scene.listener.id}"
    if set(signals) != set(scene.parts):
        raise InputError(f"{where}: it made the parts {sorted(signals)}, not {sorted(scene.parts)}")
    for part, signal in signals.items():
        if np.ndim(signal) != 2 or np.shape(signal)[1] != 2 or not np.isfinite(signal).all():
            raise InputError(f"{where}: part {part!r} of shape {np.shape(signal)} is no finite signal [T, 2]")
    return signals


def system_options(name: str, config: Mapping) -> dict:
    """A system's options in a recipe's configuration: the group that its record names, or its own."""
    group = SYSTEMS.record(name).options
    given = dict(config.get(group or name) or {})
    return {key: given[key] for key in _SEPARATOR if key in given} if group == "separator" else given
