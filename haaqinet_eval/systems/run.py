"""Let systems render a challenge: what every recipe's `enhance.py` calls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from ..cadenza import load_challenge
from ..cadenza.challenge import select_pairs
from ..cadenza.folders import ENHANCED, absolute_paths
from ..cadenza.metadata import check_kind, option
from ..cadenza.rendering import Renderer
from ..errors import InputError
from ..io.names import counted
from ..io.progress import counting
from ..registry import challenge_record
from . import load_system, system_name, system_names
from .enhance import Count, enhance, system_options
from .record import claim_folder, rendering_settings


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
    make_renderer = challenge_record(name).find("renderer")
    make_renderer.prepare_folders(config, folders.values())
    challenge = load_challenge(name, config, folders)
    renderer: Renderer = make_renderer(challenge, config)
    pairs = select_pairs(challenge, config)
    if not pairs:
        raise InputError("there is no scene and listener to render; see the metadata files and evaluate.*")
    for system in systems:
        folder = folders[system.name]
        claim_folder(folder, rendering_settings(challenge, config, options[system.name]), overwrite)
        with counting(system.name, len(pairs), console) as step:
            count = enhance(renderer, system, pairs, folder, overwrite, lambda pair: step())
        _tell(count, folder, console)
    return 0


def _tell(count: Count, folder: Path, console: Console) -> None:
    lines = [f"{folder}: {count.pairs} rendered from {counted(count.songs, 'song')}"]
    if count.kept:
        lines.append(f"{count.kept} were there and were kept; overwrite=true renders them again")
    if count.clipped:
        lines.append(f"{counted(count.clipped, 'sample')} clipped")
    console.print("; ".join(lines), soft_wrap=True, markup=False, highlight=False)
