"""The registry of challenges.

A challenge is a package with a `RECORD`; the rest of the project knows of it by its line in `_CHALLENGES`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError
from .registry import Registry, check_name, find_part

INTRUSIVE = "haaqi"  # what most challenges rank by, and what the others predict


@dataclass(frozen=True)
class PairScore:
    """A score of a pair, not of an ear, in a challenge's own table, from 0 to 1.

    Attributes:
        column: that holds it; a table that is read need not have it, and a cell may be empty.
        title: heads tables and columns.
    """

    column: str
    title: str


@dataclass(frozen=True)
class OfficialTable:
    """A challenge's own table of scores, as its recipe writes it: what `import-scores` reads.

    Attributes:
        scene: column that holds the scene.
        scores: column -> ear and stem; "" is the remix.
        mean: column with the mean of these.
        notes: columns that say something else; a table that is read need not have them.
        song: column with the song of a trial; empty where `song` has another name of it.
        others: further scores, by the name that they have as a scorer in a store, where both ears have them.
    """

    scene: str
    scores: Mapping[str, tuple[str, str]]
    mean: str
    notes: tuple[str, ...] = ()
    song: str = "song"
    others: Mapping[str, PairScore] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are needed."""
        return (*dict.fromkeys((self.scene, "song", "listener")), *self.scores, self.mean)


@dataclass(frozen=True)
class ChallengeRecord:
    """What is known of a challenge before its data are read.

    Attributes:
        name: the `challenge` column, and the folder of its recipe.
        title: for people.
        adapter: "module:class", see `cadenza.challenge.Challenge`; made with the recipe's options and the
            `enhanced_signals` folder of each system.
        renderer: "module:class", see `cadenza.rendering.Renderer`; empty where no system of ours can enter.
        mini: "module:function" that writes a mini challenge below a folder; empty for none.
        mini_splits: of the mini challenge; the first is that of the recipe's own configuration.
        splits: in the order of preference.
        split_file: below `metadata`, shows that a split is there; `{split}` stands for its name.
        music_dir: below the root.
        folders: option of `path` -> further folder below the root.
        metadata: option of `path` -> file below `metadata`, with `{split}`.
        metadata_of: the same, for splits that have other files.
        split_option: whether `evaluate.split` names the split, for files that hold several.
        options: of the adapter, the values of the challenge's own recipe. A change of one of them is a change
            of the scores, so no results file goes on with others.
        table: its own table of scores.
        official_score: one sentence: what its organisers ranked by.
        ranked_by: the scorer, or the score of `table.others`, whose mean that is.
        file_names: patterns of submitted files without their ending, with the groups `scene`, `listener` and
            `rest`; the first that fits explains a wrong name.
        looks: pattern of a submitted file's path that tells it from other challenges'; empty for none.
        rebalanced: whether the target has other gains than the mixture. A scorer that hears the output alone
            cannot rank there.
        unheard: what a scorer that hears the output alone does not know, so that it cannot rank although
            nothing is rebalanced; empty otherwise.
        published: "package:file" with its published results, see `haaqinet_eval.published`; empty for none.
        extra: of haaqinet-eval, without which it cannot be used; empty for none.

    Raises:
        InputError: for a name that cannot be used, a challenge without splits, or an unknown `ranked_by`.
    """

    name: str
    title: str
    adapter: str
    splits: tuple[str, ...]
    split_file: str
    music_dir: str
    metadata: Mapping[str, str]
    table: OfficialTable
    official_score: str
    file_names: tuple[str, ...]
    rebalanced: bool
    options: Mapping[str, Any] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    metadata_of: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    split_option: bool = False
    renderer: str = ""
    mini: str = ""
    mini_splits: tuple[str, ...] = ()
    unheard: str = ""
    published: str = ""
    extra: str = ""
    ranked_by: str = INTRUSIVE
    looks: str = ""

    def __post_init__(self) -> None:
        check_name("challenge", self.name)
        if not self.splits:
            raise InputError(f"challenge {self.name}: has no splits")
        if self.ranked_by not in (INTRUSIVE, *self.table.others):
            raise InputError(f"challenge {self.name}: ranked_by is {self.ranked_by!r}, no score of its table")

    def find(self, part: str) -> Callable:
        """Import its "adapter", "renderer" or "mini".

        Raises:
            InputError: where it has none, or a package is missing.
        """
        return find_part(self.name, part, getattr(self, part), self.extra)

    def default_split(self, root: Path) -> str:
        """The recipe's own split if the root has it, else the first that is there.

        Raises:
            InputError: for a root without its metadata.
        """
        for split in self.splits:
            if (root / "metadata" / self.split_file.format(split=split)).is_file():
                return split
        pattern = self.split_file.format(split="<split>")
        raise InputError(f"{root}: no metadata/{pattern}, so this is no root of {self.name}")

    def config(self, root: Path, split: str) -> dict[str, Any]:
        """Options for the adapter: data in the official layout, values of the challenge's own recipe."""
        folders = {"music_dir": self.music_dir, **self.folders}
        files = self.metadata_files(split)
        return {
            "path": {
                **{name: str(root / folder) for name, folder in folders.items()},
                **{name: str(root / "metadata" / file) for name, file in files.items()},
            },
            **self.options,
            "evaluate": {"segments": split == "test", "split": split},
        }

    def metadata_files(self, split: str) -> dict[str, str]:
        """Option of `path` -> file below `metadata`, of a split."""
        files = {**self.metadata, **self.metadata_of.get(split, {})}
        return {name: file.format(split=split) for name, file in files.items()}


_CHALLENGES = (
    "haaqinet_eval.cadenza.cad_icassp_2024:RECORD",
    "haaqinet_eval.cadenza.cad1_task1:RECORD",
    "haaqinet_eval.cadenza.cad1_task2:RECORD",
    "haaqinet_eval.cadenza.cad2_task1:RECORD",
    "haaqinet_eval.cadenza.cad2_task2:RECORD",
)
CHALLENGES = Registry("challenge", ChallengeRecord, _CHALLENGES)
challenge_records, challenge_record = CHALLENGES.records, CHALLENGES.record


def pair_scores() -> dict[str, PairScore]:
    """The scores of pairs that challenges' tables have, by name."""
    return {name: one for record in challenge_records().values() for name, one in record.table.others.items()}


def official_scorer(challenge: str) -> str:
    """What a challenge ranks by; HAAQI for one that is not known here."""
    record = challenge_records().get(challenge)
    return record.ranked_by if record else INTRUSIVE


def leading_scorer(challenge: str, there: Collection[str]) -> str:
    """What stands first: the scorer that the challenge ranks by, HAAQI while that is not there.

    Args:
        there: scorers that have a mean for some system.
    """
    official = official_scorer(challenge)
    return official if official in there else INTRUSIVE


def rank_note(challenge: str, there: Collection[str]) -> str:
    """What to say of ranks where a challenge does not rank by HAAQI; empty where it does.

    Args:
        there: see `leading_scorer`.
    """
    official = official_scorer(challenge)
    if official == INTRUSIVE:
        return ""
    if official in there:
        return f"{pair_scores()[official].title}: ranks as the challenge does; no other score does."
    return "HAAQI only: the official rank of this challenge needs transcripts (haaqinet lyrics add)"


def challenge_names() -> tuple[str, ...]:
    """Names of all challenges."""
    return tuple(challenge_records())


def is_rebalanced(name: str) -> bool:
    """Whether a challenge rebalances music; False for one that is not known here."""
    record = challenge_records().get(name)
    return record is not None and record.rebalanced
