"""`run.json`: what a results file was made with, and whether it may be continued."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..distribute.versions import package_versions
from ..errors import InputError
from ..io.differences import first_difference
from ..io.files import sha256
from ..io.jsonfile import write_json
from ..io.redaction import redacted
from ..io.runfile import ask, read_run
from ..registry import challenge_record
from .challenge import Challenge

if TYPE_CHECKING:
    from .plan import Plan


def now() -> str:
    """The time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


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

    The options are those of the challenge's record. The scene-listener file is not among it: it says which
    pairs, not what they score.
    """
    settings = {name: config[name] for name in challenge_record(challenge.name).options if name in config}
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
        self.asked: dict[str, Any] = {}
        self.head = {"challenge": challenge, "settings": redacted(dict(settings))}
        if path.exists() and not fresh:
            earlier = read_run(path)
            self._check(earlier)
            self.runs, self.asked = earlier.get("runs", []), earlier.get("asked", {})

    def _check(self, earlier: dict) -> None:
        advice = "the scores would not be comparable; use another path.exp_folder"
        if earlier.get("challenge") != self.head["challenge"]:
            raise InputError(f"{self.path}: made for challenge {earlier.get('challenge')!r}; {advice}")
        old, new = earlier.get("settings", {}), json.loads(json.dumps(self.head["settings"]))
        name = first_difference(old, new)
        if name is not None:
            raise InputError(
                f"{self.path}: the results were made with {name} {old.get(name)}, "
                f"now it is {new.get(name)}; {advice}"
            )

    def start(self, plan: Plan, config: Mapping) -> None:
        """Begin a run that is asked for a plan's rows."""
        pairs = [(pair.scene, pair.listener) for pair in plan.pairs]
        self.asked = ask(self.asked, plan.scorers, pairs, 2 * len(plan.challenge.stems))
        facts = {"config": config, "systems": list(plan.systems), "scorers": plan.scorers}
        self.runs.append(
            {
                "started": now(),
                "ended": None,
                "git_commit": git_commit(),
                "versions": package_versions(),
                **redacted(facts),
                "expected": len(plan.keys),
            }
        )
        self._write()

    def end(self, **facts: Any) -> None:
        """End the run that was begun last."""
        self.runs[-1].update(ended=now(), **facts)
        self._write()

    def _write(self) -> None:
        record = {**self.head, "runs": self.runs, "asked": self.asked}
        write_json(self.path, record, default=str, ensure_ascii=True)  # a path may be no text
