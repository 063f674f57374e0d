"""`enhance.json`: what a system's files were rendered with, so that two renderings never mix."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..cadenza.challenge import Challenge
from ..cadenza.provenance import git_commit, now, package_versions
from ..errors import InputError
from ..io.differences import first_difference
from ..io.files import sha256
from ..io.jsonfile import read_json, write_json

RECORD = "enhance.json"  # beside `enhanced_signals`
_OPTIONS = (
    "sample_rate",
    "input_sample_rate",
    "stem_sample_rate",
    "remix_sample_rate",
    "enhanced_sample_rate",
    "nalr",
    "enhancer",
    "apply_compressor",
    "compressor",
    "soft_clip",
    "downmix",
)
_NO_MATTER = ("device", "download")  # of a system's options: they change no sample to speak of


def rendering_settings(challenge: Challenge, config: Mapping, options: Mapping) -> dict[str, Any]:
    """All that a system's files depend on, besides the music.

    The scene-listener file is not among it: it says which pairs, not what they sound like.
    """
    settings = {name: config[name] for name in _OPTIONS if name in config}
    settings.update({f"option {name}": value for name, value in options.items() if name not in _NO_MATTER})
    listing = config["path"].get("scene_listeners_file", "")
    for path in challenge.metadata_files:
        if path != Path(listing):
            settings[f"sha256 of {path.name}"] = sha256(path)
    return json.loads(json.dumps(settings, default=str))


def claim_folder(folder: Path, settings: Mapping[str, Any], overwrite: bool) -> None:
    """Make sure that what lies in a system's folder was rendered with these settings.

    With `overwrite`, files of another rendering are removed first, so that a run that is
    killed leaves no mixture behind.

    Args:
        folder: `enhanced_signals`; made if need be.

    Raises:
        InputError: for files that were rendered otherwise, or not by this program.
    """
    file = folder.with_name(RECORD)
    earlier = read_json(file, dict).get("settings", {}) if file.exists() else None
    if not overwrite and any(folder.rglob("*.flac")):
        _refuse_other(file, earlier, settings)
    if overwrite and earlier not in (None, settings) and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if earlier != settings:
        facts = {"made": now(), "git_commit": git_commit(), "versions": package_versions()}
        write_json(file, {"settings": settings, **facts}, ensure_ascii=True)  # a path may be no text


def _refuse_other(file: Path, earlier: Mapping[str, Any] | None, settings: Mapping[str, Any]) -> None:
    advice = "set overwrite=true to render all again, or use another path.exp_folder"
    if earlier is None:
        raise InputError(f"{file.parent}: holds signals that enhance.py did not write; {advice}")
    name = first_difference(earlier, settings)
    if name is not None:
        raise InputError(
            f"{file}: the signals were rendered with {name} {earlier.get(name)}, "
            f"now it is {settings.get(name)}; {advice}"
        )
