"""What a run is to score: a challenge's pairs, systems and scorers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import InputError
from ..evaluate import TrialGroup, lacking
from ..io.location import is_url
from ..scorers import Scorer
from ..scores import Key, Score, ScoreFile
from . import load_challenge
from .challenge import Challenge, Pair, batch_options, expected_keys, pair_trials, select_pairs
from .folders import ENHANCED, batch_suffix, find_systems, signals_folder
from .metadata import check_kind, option


@dataclass(eq=False)
class Plan:
    """What a run is to score."""

    challenge: Challenge
    pairs: list[Pair]
    exp_folder: Path
    systems: dict[str, Path]  # where each has its `enhanced_signals`: folders or URLs
    scorers: dict[str, str]  # versions by name
    suffix: str  # of the batch's files

    @cached_property
    def keys(self) -> list[Key]:
        """Keys of all the rows that belong to the plan."""
        return expected_keys(self.challenge, self.pairs, list(self.systems), self.scorers)

    @property
    def enhanced(self) -> dict[str, Path]:
        """Folder of each system's signals."""
        return {name: folder / ENHANCED for name, folder in self.systems.items()}

    @property
    def tables(self) -> dict[str, Path]:
        """Folder of each system's tables."""
        return {
            system: folder if self._is_ours(folder) else self.exp_folder / system
            for system, folder in self.systems.items()
        }

    def _is_ours(self, folder: Path) -> bool:
        return not is_url(folder) and folder.is_relative_to(self.exp_folder)

    def chosen(self, scores: Iterable[Score]) -> list[Score]:
        """The rows of the plan among others, in its order."""
        found = {score.key: score for score in scores}
        return [found[key] for key in self.keys if key in found]

    def lacking(self, file: ScoreFile, scorers: Iterable[Scorer]) -> Iterator[TrialGroup]:
        """What a results file lacks, pair by pair, the systems of each together."""
        groups = (pair_trials(self.challenge, p, system) for p in self.pairs for system in self.systems)
        return lacking(groups, scorers, file)


EVALUATOR = ("chosen", "scorers", "weights")  # options of `evaluator`


def scorer_names(config: Mapping) -> list[str]:
    """The scorers that `evaluator` asks for."""
    if unknown := option(config, "evaluator", dict).keys() - EVALUATOR:
        raise InputError(f"option evaluator.{min(unknown)} is unknown; known: {', '.join(EVALUATOR)}")
    names = option(config, "evaluator.scorers", list)
    if not names or len(set(names)) < len(names):
        raise InputError(f"option evaluator.scorers is {names}, not a list of different scorers")
    return [check_kind(name, str, "option evaluator.scorers") for name in names]


def make_plan(name: str, config: Mapping, scorers: Mapping[str, str]) -> Plan:
    """Find the systems, read the challenge and choose its pairs; paths in `config` are absolute."""
    exp_folder = Path(config["path"]["exp_folder"])
    systems = find_systems(signals_folder(config), config.get("system"))
    enhanced = {system: folder / ENHANCED for system, folder in systems.items()}
    challenge = load_challenge(name, config, enhanced)
    pairs = select_pairs(challenge, config)
    if not pairs:
        raise InputError(
            "there is no scene and listener to score; see the scene_listeners file and evaluate.*"
        )
    return Plan(challenge, pairs, exp_folder, systems, dict(scorers), batch_suffix(*batch_options(config)))
