"""CAD2 task 1: a remix of a segment of a song, judged by its quality and by how many words are understood."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...audiogram import EARS
from ...io.csvfile import read_rows
from ...io.files import read_text
from ...io.names import counted
from ...lyrics import Words, joint_score
from ...lyrics.joining import lacking_line, summarise
from ...scores import Score
from ..challenge import Pair, PairScores
from .segments import LyricsScenes
from .stand_in import write_stand_ins
from .transcribe import complete, given_transcripts, hands_in, lacking, recogniser_of

if TYPE_CHECKING:
    from rich.console import Console

    from ...lyrics.recognisers import Recogniser
    from ..plan import Plan


class Cad2Task1(LyricsScenes):
    """Adapter of the challenge; see `challenge.Challenge`.

    Args:
        config: as of `LyricsScenes`.
        systems: `enhanced_signals` folder of each system; they lie alike whatever is in them.
    """

    columns = (
        *("scene", "song", "listener", "lyrics", "hypothesis_left", "hypothesis_right"),
        *("haaqi_left", "haaqi_right", "haaqi_avg", "whisper_left", "whisper_rigth", "whisper_be"),
        *("alpha", "score", "scoring"),
    )

    def __init__(self, config: Mapping, systems: Mapping[str, Path]) -> None:
        super().__init__(config)
        self.heard: dict[tuple[str, str, str], Words] = {}  # by system, scene, listener; see `transcribe`
        self._recogniser: Recogniser | None = None
        self._systems = tuple(systems)
        self._given: dict[tuple[str, str, str], Words] = {}  # what transcripts say that were handed in

    def row(self, pair: Pair, scores: PairScores) -> dict[str, object]:
        """HAAQI of both ears; what was understood and the joint score, where there are transcripts.

        In another scorer's table its scores stand where HAAQI's do, and there is no joint score.
        """
        values = scores.values()
        ears = {f"haaqi_{ear}": values[ear, ""] for ear in EARS}
        mean = float(np.mean(list(ears.values())))
        words = self.words(pair, next(iter(scores.rows.values())))
        alpha = self.alpha(pair.scene)
        return {
            "scene": pair.scene,
            "song": self.track(pair.song),
            "listener": pair.listener,
            "lyrics": self.lyrics(pair.song),
            **ears,
            "haaqi_avg": mean,
            **words.columns(),
            "alpha": alpha,
            "score": joint_score(alpha, words.better, mean) if scores.scorer == "haaqi" else "",
            "scoring": self.scoring,
        }

    def prepare_table(self, config: Mapping) -> None:
        """Load the recogniser that is asked for, or read the transcripts, see `completing`."""
        self._recogniser = recogniser_of(self, config)
        if hands_in(config):
            self._given = given_transcripts(self, config["transcripts"], self._systems)

    def complete_table(self, plan: Plan, config: Mapping, console: Console) -> str:
        """Find out what was understood, and say what transcripts lack; with `stand_in`, write it, too."""
        given = hands_in(config)
        self.heard = self._given if given else complete(self, self._recogniser, plan, config, console)
        if config.get("stand_in"):
            write_stand_ins(self, plan, config, console)
        return lacking_line(lacking(self, plan.pairs, plan.systems, self.heard)) if given else ""

    def table_line(self, path: Path) -> str:
        """The mean joint score, or how many pairs have one; nothing where nobody has asked for words."""
        rows = [row for _, row in read_rows(read_text(path), path, self.columns)]
        if not self.heard or not rows:
            return ""
        joined = summarise(rows, self.scoring)
        if joined.score is None:
            return f"{path}: {joined.scored} of {counted(joined.pairs, 'pair')} with a joint score"
        means = f"joint score {joined.score:.4f}, HAAQI {joined.haaqi:.4f}"
        words = "" if joined.words is None else f", words {joined.words:.4f}"
        return f"{path}: {means}{words} ({self.scoring})"

    def words(self, pair: Pair, score: Score) -> Words:
        """What was understood of a pair of a system; nothing where that is not known."""
        return self.heard.get((score.trial.system, pair.scene, pair.listener), Words())
