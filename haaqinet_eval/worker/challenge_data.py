"""A challenge's split: its data below a root, and how the store remembers where these are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..cadenza import load_challenge
from ..cadenza.challenge import Challenge, pair_trials
from ..cadenza.provenance import scoring_settings
from ..errors import InputError
from ..io.differences import first_difference
from ..io.jsonfile import read_json
from ..store import Challenge as Known
from ..store import Store, Submission, challenge, challenges, register_challenge
from ..submissions.challenges import challenge_config, default_split
from ..trials import Trial


@dataclass(frozen=True, eq=False)
class ChallengeData:
    """A challenge's split that is open for scoring."""

    challenge: Challenge
    name: str  # "train", "valid", …: as its metadata files are named
    root: Path
    config: dict[str, Any]  # the options of the challenge's adapter

    @property
    def trials(self) -> list[Trial]:
        """What every submission must have, in the order of scoring."""
        pairs = self.challenge.pairs()
        return [trial for pair in pairs for trial in pair_trials(self.challenge, pair, "")]

    @property
    def settings(self) -> dict[str, Any]:
        """All that a score depends on besides the audio: options, seeding, digests of metadata."""
        return json.loads(json.dumps(scoring_settings(self.challenge, self.config)))

    @property
    def genres(self) -> dict[str, str]:
        """Genre of each song, where MUSDB18's list is among the metadata."""
        path = self.root / "metadata" / f"musdb18.{self.name}.json"
        if not path.is_file():
            return {}
        tracks = {record.get("Track Name"): record.get("Genre") for record in read_json(path, list)}
        songs = {pair.song for pair in self.challenge.pairs()}
        found = {song: tracks.get(self.challenge.recording(song)) for song in songs}
        return {song: genre for song, genre in found.items() if isinstance(genre, str)}


def open_split(name: str, root: str | Path, split: str | None = None) -> ChallengeData:
    """Read a challenge's data.

    Args:
        name: one of `cadenza.CHALLENGES`.
        root: the folder with `metadata` and `audio` in the official layout.
        split: None for the recipe's own.

    Raises:
        InputError: for an unknown challenge, a root without its files, or a fault in them.
    """
    root = Path(root).expanduser().absolute()
    split = split or default_split(name, root)
    config = challenge_config(name, root, split)
    config["evaluate"] = {**config["evaluate"], "set_random_seed": True}
    return ChallengeData(load_challenge(name, config), split, root, config)


def check_same(known: Mapping[str, Any], split: ChallengeData) -> None:
    """Refuse data other than those a challenge was registered with.

    Raises:
        InputError: names the first option or metadata file that differs.
    """
    now = split.settings
    name = first_difference(known, now)
    if name is not None:
        raise InputError(
            f"{split.root}: {split.challenge.name} ({split.name}) was registered with {name} "
            f"{known.get(name)}, here it is {now.get(name)}: scores would not be comparable"
        )


def register(store: Store, split: ChallengeData) -> Known:
    """Make a split known to the store, with where its data are, or check that it is the known one.

    Raises:
        InputError: where the store knows it with other trials, options or metadata.
    """
    name = split.challenge.name
    for known in challenges(store):
        if (known.name, known.split) == (name, split.name) and known.settings:
            check_same(known.settings["scoring"], split)
    return register_challenge(
        store,
        name,
        split.trials,
        split.challenge.listeners,
        split=split.name,
        genres=split.genres,
        settings={"root": str(split.root), "scoring": split.settings},
    )


def reopen(store: Store, entry: Submission) -> ChallengeData:
    """The split that a submission belongs to, from where it was registered.

    Raises:
        InputError: where its data have gone or changed.
    """
    known = challenge(store, entry.challenge, entry.split)
    if "root" not in known.settings:
        raise InputError(f"{known.title}: the store does not know where its data are; submit with --root")
    split = open_split(known.name, known.settings["root"], known.split)
    check_same(known.settings["scoring"], split)
    return split
