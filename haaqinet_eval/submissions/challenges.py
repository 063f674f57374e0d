"""What each challenge expects of a submission, from its adapter in `cadenza`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..cadenza import load_challenge
from ..io.names import nfc
from ..registry import challenge_record
from .challenge_audio import excerpt_of, sounds_of
from .expected import Expectation, ExpectedFiles

if TYPE_CHECKING:
    from ..cadenza.challenge import Challenge, Pair


def default_split(challenge: str, root: Path) -> str:
    """The recipe's own split if the root has it, else the first that is there.

    Raises:
        InputError: for an unknown challenge, or a root without its metadata.
    """
    return challenge_record(challenge).default_split(root)


def challenge_config(challenge: str, root: Path, split: str) -> dict:
    """Options for a challenge's adapter: the values of pyclarity's config.yaml and official file names."""
    return challenge_record(challenge).config(root, split)


def expected_files(challenge: str, root: str | Path, split: str | None = None) -> ExpectedFiles:
    """What a challenge expects, with its data below `root` in the official layout.

    Args:
        challenge: one of `cadenza.CHALLENGES`.
        root: the folder with `metadata` and `audio`.
        split: None for the recipe's own.

    Raises:
        InputError: for an unknown challenge, a root without its files, or a fault in them.
    """
    root = Path(root)
    split = default_split(challenge, root) if split is None else split
    return from_adapter(load_challenge(challenge, challenge_config(challenge, root, split)))


def from_adapter(challenge: Challenge) -> ExpectedFiles:
    """The same from an adapter that was made elsewhere, with whatever options."""
    files: dict[str, Expectation] = {}
    sources: dict[str, tuple[Pair, str, str]] = {}
    seconds = cache(challenge.seconds)
    for pair in challenge.pairs():
        for file in challenge.submission_files(pair):
            name = nfc(file.path.as_posix())
            files[name] = Expectation(
                pair.scene,
                pair.listener,
                file.kind,
                file.sample_rate,
                file.channels,
                seconds(pair.song) if file.timed else None,
                file.required,
                nfc(file.twin.as_posix()) if file.twin else "",
            )
            sources[name] = pair, file.ear, file.stem
    return ExpectedFiles(
        name=challenge.name,
        files=files,
        listeners=frozenset(challenge.listeners),
        identify=partial(identify, challenge_record(challenge.name).file_names),
        sounds=sounds_of(challenge, sources),
        excerpt=excerpt_of(challenge, sources),
    )


def identify(patterns: Sequence[str], name: str) -> tuple[str, str, str] | None:
    """Scene, listener and the rest that a file's name seems to mean, by the first pattern that fits."""
    stem = name.rpartition(".")[0]
    found = next(filter(None, (re.match(pattern, stem) for pattern in patterns)), None)
    return found and (found["scene"], found["listener"], found["rest"])
