"""`run.json`: what a results file was made with, and whether it may be continued."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..distribute.versions import package_versions
from ..errors import InputError
from ..jsonfile import read_json
from .challenge import Challenge

_SCORING_OPTIONS = (
    "sample_rate",
    "input_sample_rate",
    "stem_sample_rate",
    "remix_sample_rate",
    "HAAQI_sample_rate",
    "nalr",
    "enhancer",
)


def now() -> str:
    """The time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def sha256(path: Path) -> str:
    """Digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def git_commit() -> str | None:
    """Commit of the checkout this package runs from, None outside one."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def scoring_settings(challenge: Challenge, config: Mapping) -> dict[str, Any]:
    """All that a score of this challenge depends on, besides the audio.

    The scene-listener file is not among it: it says which pairs, not what they score.
    """
    settings = {name: config[name] for name in _SCORING_OPTIONS if name in config}
    settings["evaluate.set_random_seed"] = config["evaluate"]["set_random_seed"]
    listing = Path(config["path"].get("scene_listeners_file", ""))
    for path in challenge.metadata_files:
        if path != listing:
            settings[f"sha256 of {path.name}"] = sha256(path)
    return settings


class RunRecord:
    """The record of a results file: its settings, and each run that added to it.

    Args:
        path: `run.json`.
        challenge, settings: see `scoring_settings`.
        fresh: whether the results file has no rows yet, so that an old record does not matter.

    Raises:
        InputError: where the rows that are there were made with other settings.
    """

    def __init__(self, path: Path, challenge: str, settings: Mapping[str, Any], fresh: bool) -> None:
        self.path = path
        self.runs: list[dict] = []
        self.head = {"challenge": challenge, "settings": dict(settings)}
        if path.exists() and not fresh:
            earlier = read_json(path, dict)
            self._check(earlier)
            self.runs = earlier.get("runs", [])

    def _check(self, earlier: dict) -> None:
        advice = "the scores would not be comparable; use another path.exp_folder"
        if earlier.get("challenge") != self.head["challenge"]:
            raise InputError(f"{self.path}: made for challenge {earlier.get('challenge')!r}; {advice}")
        old, new = earlier.get("settings", {}), json.loads(json.dumps(self.head["settings"]))
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                raise InputError(
                    f"{self.path}: the results were made with {name} {old.get(name)}, "
                    f"now it is {new.get(name)}; {advice}"
                )

    def start(self, **facts: Any) -> None:
        """Begin a run."""
        self.runs.append(
            {
                "started": now(),
                "ended": None,
                "git_commit": git_commit(),
                "versions": package_versions(),
                **facts,
            }
        )
        self._write()

    def end(self, **facts: Any) -> None:
        """End the run that was begun last."""
        self.runs[-1].update(ended=now(), **facts)
        self._write()

    def _write(self) -> None:
        part = self.path.with_name(self.path.name + ".part")
        text = json.dumps({**self.head, "runs": self.runs}, indent=2, default=str)
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(self.path)
