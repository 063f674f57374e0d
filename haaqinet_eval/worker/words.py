"""Transcripts for a submission to CAD2 task 1 that was scored: its joint score, as HAAQI's companion."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from ..cadenza.cad2_task1 import JOINT, WORDS
from ..cadenza.cad2_task1.transcribe import given_transcripts, lacking
from ..errors import InputError
from ..io.files import sha256
from ..lyrics import joint_score
from ..scores import Score
from ..store import Store, refresh, submission
from ..store.queue import end_run, start_run
from ..store.rows import HERE, StoredScores, read_rows
from .challenge_data import ChallengeData, open_split, reopen

CHALLENGE = "cad2_task1"
DIGITS = 12  # of the transcripts' digest, in the version of the scores


class Added(NamedTuple):
    """What came of transcripts."""

    scored: int  # pairs with a joint score
    lacking: list[tuple[str, ...]]  # system, scene, listener and ear without a transcript


def add_words(store: Store, id: int, transcripts: Path, root: Path | None = None, split: str = "") -> Added:
    """Add what was understood, and joint scores, to a submission.

    Both ears of a pair get the pair's score, so that a mean over ears is the mean over pairs. Its version
    names the counting and the transcripts.

    Args:
        transcripts: see `lyrics.transcripts`.
        root: of the challenge's data; None for where they were when the submission came in.

    Raises:
        InputError: for a submission to another challenge, or without HAAQI, and for faults of the table.
    """
    entry = submission(store, id)
    if entry.challenge != CHALLENGE:
        raise InputError(f"submission {id}: is one to {entry.challenge}; words count in {CHALLENGE} only")
    data: ChallengeData = (
        reopen(store, entry) if root is None else open_split(CHALLENGE, root, split or entry.split)
    )
    challenge, system = data.challenge, entry.system.name
    heard = given_transcripts(challenge, str(transcripts), [system])
    ears: dict[tuple[str, str], dict[str, Score]] = defaultdict(dict)
    for row in read_rows(store, id, HERE, "haaqi"):
        if row.score is not None:
            ears[row.trial.scene, row.trial.listener][row.trial.ear] = row  # of several versions, the newest
    if not ears:
        raise InputError(f"submission {id}: has no HAAQI yet; a worker scores it")
    version = f"{challenge.scoring}-{sha256(transcripts)[:DIGITS]}"
    rows, scored = [], 0
    for (scene, listener), found in ears.items():
        better = heard[system, scene, listener].better if (system, scene, listener) in heard else None
        mean = sum(row.score for row in found.values()) / 2 if len(found) == 2 else None
        joint = None if mean is None else joint_score(float(challenge.alpha(scene)), better, mean)
        values = {WORDS: better, JOINT: joint if joint != "" else None}
        scored += values[JOINT] is not None
        rows += [
            Score(row.trial, scorer, version, value)
            for scorer, value in values.items()
            for row in found.values()
            if value is not None
        ]
    run = start_run(store, id, {"transcripts": transcripts.name, "sha256": sha256(transcripts)})
    with store.writing():
        StoredScores(store, entry, run, HERE).append(rows)
        end_run(store, run)
        refresh(store, [id])
    judged = [pair for pair in challenge.pairs() if (pair.scene, pair.listener) in ears]
    return Added(scored, lacking(challenge, judged, [system], heard))
