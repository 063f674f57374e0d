"""Where the recipes' work comes from, for whoever scores it: this process or one far away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from ..errors import InputError
from ..evaluate import Load, TrialGroup
from ..io.differences import first_difference
from ..io.location import is_url, locate
from . import load_challenge
from .challenge import Challenge, Pair
from .loaders import pair_loaders
from .provenance import scoring_settings


class FolderSource:
    """A challenge's data, and systems' signals in folders or behind URLs.

    Args:
        name: challenge.
        config: options of the recipe; paths are absolute.
        enhanced: `enhanced_signals` of each system, path or URL.
        settings: what `scoring_settings` gave the caller.
        challenge: as it was read here; it does not travel.
    """

    def __init__(
        self,
        name: str,
        config: Mapping[str, Any],
        enhanced: Mapping[str, str],
        settings: Mapping[str, Any],
        challenge: Challenge | None = None,
    ) -> None:
        self.name, self.config, self.enhanced = name, config, enhanced
        self.settings, self._challenge = json.loads(json.dumps(settings)), challenge

    def __reduce__(self) -> tuple:
        return FolderSource, (self.name, self.config, self.enhanced, self.settings)

    @property
    def urls(self) -> list[str]:
        """URLs that the music and the signals lie below."""
        places = [*self.enhanced.values(), *self.config.get("path", {}).values()]
        return [place for place in places if isinstance(place, str) and is_url(place)]

    def identity(self) -> str:
        """Challenge, options that count, digests of the metadata."""
        return json.dumps([self.name, self.settings], sort_keys=True)

    def open(self) -> FolderLoader:
        """Read the challenge, unless that was done here.

        Raises:
            InputError: where its metadata are not those that the run began with.
        """
        folders = {system: locate(place) for system, place in self.enhanced.items()}
        challenge = self._challenge
        if challenge is None:
            challenge = load_challenge(self.name, self.config, folders)
            check_settings(self.settings, json.loads(json.dumps(scoring_settings(challenge, self.config))))
        return FolderLoader(challenge, folders, self.config["evaluate"]["set_random_seed"])


def check_settings(wanted: Mapping[str, Any], here: Mapping[str, Any]) -> None:
    """Refuse options or metadata other than those that a run began with."""
    name = first_difference(wanted, here)
    if name is not None:
        raise InputError(f"{name} is {here.get(name)} for the worker; the run began with {wanted.get(name)}")


class FolderLoader:
    """What loads groups of trials; a `Signals` may stand for a folder."""

    def __init__(self, challenge: Challenge, signals: Mapping[str, Any], set_random_seed: bool) -> None:
        self.challenge, self._signals, self._seeded = challenge, signals, set_random_seed

    def __call__(self, groups: Sequence[TrialGroup]) -> Iterator[Load]:
        """A loader per group, in order; the systems of one scene and listener share its references."""
        for pair, same in groupby(groups, _pair):
            systems = {group.trials[0].system: self._signals[group.trials[0].system] for group in same}
            yield from pair_loaders(self.challenge, pair, systems, self._seeded)

    def close(self) -> None:
        """Close archives."""
        for signals in self._signals.values():
            if hasattr(signals, "close"):
                signals.close()


def _pair(group: TrialGroup) -> Pair:
    first = group.trials[0]
    return Pair(first.scene, first.song, first.listener)
