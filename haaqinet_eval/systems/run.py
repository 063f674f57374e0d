"""Let systems render a challenge: what every recipe's `enhance.py` calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..cadenza import load_challenge
from ..cadenza.cad1_task1 import TEST_FOLDER
from ..cadenza.challenge import Pair, select_pairs
from ..cadenza.folders import ENHANCED, absolute_paths
from ..cadenza.metadata import check_kind, option
from ..errors import InputError
from . import load_system, system_name, system_names
from .enhance import Count, enhance, system_options
from .record import claim_folder, rendering_settings
from .render import RENDERERS

LINES = 10  # about so many lines per system where there is no terminal


def wanted_systems(config: Mapping) -> list[str]:
    """The systems that `system` names, or else the baseline that `separator.model` names.

    Raises:
        InputError: for an unknown name, one given twice, or none at all; lists the known ones.
    """
    value = config.get("system") or config.get("separator", {}).get("model")
    if not value:
        raise InputError(f"option system is empty; give a name or a list: {', '.join(system_names())}")
    given = [value] if isinstance(value, str) else value
    names = [
        system_name(check_kind(name, str, "option system"))
        for name in check_kind(given, list, "option system")
    ]
    if len(set(names)) < len(names):
        raise InputError(f"option system names a system twice: {', '.join(names)}")
    return names


def run_enhancement(name: str, config: Mapping, console: Console | None = None) -> int:
    """Write `<path.exp_folder>/<system>/enhanced_signals` for each system that is asked for.

    Args:
        name: challenge.
        config: pyclarity's options, and `system`, `overwrite`, the systems' own groups, for CAD1
            `evaluate.segments`.

    Returns:
        The exit code.

    Raises:
        InputError: a user's mistake; nothing is rendered before all systems are loaded.
    """
    console = console or Console()
    config = absolute_paths(config)
    overwrite = option(config, "overwrite", bool)
    options = {system: system_options(system, config) for system in wanted_systems(config)}
    systems = [load_system(system, **given) for system, given in options.items()]
    folders = {system: Path(config["path"]["exp_folder"], system, ENHANCED) for system in options}
    challenge = load_challenge(name, config, _segment_folders(config, folders))
    renderer = RENDERERS[name](challenge, config)
    pairs = select_pairs(challenge, config)
    if not pairs:
        raise InputError("there is no scene and listener to render; see the metadata files and evaluate.*")
    for system in systems:
        folder = folders[system.name]
        claim_folder(folder, rendering_settings(challenge, config, options[system.name]), overwrite)
        with _show_progress(system.name, len(pairs), console) as report:
            count = enhance(renderer, system, pairs, folder, overwrite, report)
        _tell(count, folder, console)
    return 0


def _segment_folders(config: Mapping, folders: Mapping[str, Path]) -> Mapping[str, Path]:
    """The systems' folders; with `evaluate.segments=true` the folder is in them that tells CAD1's adapter."""
    if config["evaluate"].get("segments") is True:
        for folder in folders.values():
            (folder / TEST_FOLDER).mkdir(parents=True, exist_ok=True)
    return folders


def _tell(count: Count, folder: Path, console: Console) -> None:
    lines = [f"{folder}: {count.pairs} rendered from {count.songs} songs"]
    if count.kept:
        lines.append(f"{count.kept} were there and were kept; overwrite=true renders them again")
    if count.clipped:
        lines.append(f"{count.clipped} samples clipped")
    console.print("; ".join(lines), soft_wrap=True, markup=False, highlight=False)


@contextmanager
def _show_progress(system: str, total: int, console: Console) -> Iterator[Callable[[Pair], None]]:
    """A bar with the time left, or lines where there is no terminal."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
        disable=not console.is_terminal,
    )
    task = bar.add_task(system, total=total)
    done = 0

    def report(pair: Pair) -> None:
        nonlocal done
        done += 1
        bar.advance(task)
        if not console.is_terminal and done % max(1, total // LINES) == 0:
            console.print(f"{system}: {done}/{total}", highlight=False)

    with bar:
        yield report
