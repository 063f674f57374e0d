"""Challenges that judge a table of predictions: no trials, but measures of each submission as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ..errors import InputError
from .challenges import Challenge, describe_challenge, find_row
from .challenges import challenge as find
from .opening import Store
from .queue import Claim, held_row
from .rounds import is_hidden
from .schema import Challenges, Evaluations
from .states import move
from .submissions import Submission, describe, submissions

PREDICTIONS = "predictions"  # kind of a challenge, among its settings


@dataclass(frozen=True)
class Evaluation:
    """Measures over some signals of a submission."""

    name: str  # "all", or of a group
    signals: int
    measures: Mapping[str, float | None]


def judges_predictions(challenge: Challenge) -> bool:
    """Whether a table of predictions is handed in to a challenge."""
    return challenge.settings.get("kind") == PREDICTIONS


def shows_scores(challenge: Challenge) -> bool:
    """Whether everybody may see the scores of a challenge, see `rounds.is_hidden`."""
    return not is_hidden(challenge)


def register_predictions(
    store: Store, name: str, split: str, settings: Mapping[str, Any], quota: int | None = None
) -> Challenge:
    """Make a challenge that judges tables known, or check that it is the one that is known.

    Args:
        settings: what judging again needs: "root", "signals" (their number), "sha256" of the labels and
            "private", whether scores are shown to organisers only.
        quota: judged submissions per team and day; None leaves what is there.

    Raises:
        InputError: where the store knows it with another number of signals, or as one that judges audio.
    """
    told = {"kind": PREDICTIONS, **settings}
    with store.writing() as session:
        store.lock(session)
        row = find_row(session, name, split)
        if row is None:
            row = Challenges(name=name, split=split, quota=quota, settings=told, created=store.now(session))
            session.add(row)
        else:
            known = row.settings or {}
            for field in ("kind", "signals"):
                if known.get(field) != told[field]:
                    raise InputError(
                        f"challenge {name}, split {split}: the store knows it with {field} "
                        f"{known.get(field)!r}, not {told[field]!r}"
                    )
            row.settings = told
            row.quota = row.quota if quota is None else quota
        session.flush()
        return describe_challenge(session, row)


def finish_evaluation(
    store: Store, claim: Claim, found: list[Evaluation], facts: Mapping[str, Any]
) -> Submission | None:
    """Keep what a table came to, in place of what an earlier judgement found; None where the claim was lost.

    Args:
        facts: what it was judged with, for the log.
    """
    with store.writing() as session:
        row = held_row(session, claim)
        if row is None:
            return None
        session.execute(sa.delete(Evaluations).where(Evaluations.submission_id == row.id))
        session.add_all(
            Evaluations(submission_id=row.id, name=e.name, signals=e.signals, measures=dict(e.measures))
            for e in found
        )
        told = ", ".join(f"{name} {value}" for name, value in facts.items())
        move(store, session, row, "scored", claim.worker, f"judged with {told}")
        if row.scored is None:
            row.scored = store.now(session)
        return describe(session, row.id)


def evaluations(store: Store, challenge: str, split: str) -> list[tuple[Submission, list[Evaluation]]]:
    """Scored submissions of a challenge, newest first, with their evaluations; "all" is the first of each."""
    with store.reading() as session:
        entries = [e for e in submissions(store, challenge=challenge, split=split) if e.state == "scored"]
        rows = session.scalars(
            sa.select(Evaluations)
            .where(Evaluations.submission_id.in_([entry.id for entry in entries]))
            .order_by(Evaluations.submission_id, Evaluations.name != "all", Evaluations.name)
        )
        found: dict[int, list[Evaluation]] = {}
        for row in rows:
            found.setdefault(row.submission_id, []).append(Evaluation(row.name, row.signals, row.measures))
    return [(entry, found[entry.id]) for entry in entries if entry.id in found]


def table_standings(store: Store, challenge: str, split: str = "") -> list[dict[str, Any]]:
    """Of each system the latest table, lowest RMSE first; reference rows stand there and take no rank."""
    found = find(store, challenge, split)
    records: dict[tuple[str, str], dict[str, Any]] = {}
    for entry, groups in evaluations(store, found.name, found.split):
        team, system = entry.system.team, entry.system.name
        about = {"rank": None, "team": team, "system": system, "submission": entry.id}
        about |= {"reference": entry.system.reference, "signals": groups[0].signals, **groups[0].measures}
        by_loss = {group.name: group.measures["rmse"] for group in groups[1:]}
        records.setdefault((team, system), {**about, "by_hearing_loss": by_loss})
    ordered = sorted(records.values(), key=lambda record: (record["rmse"], record["team"], record["system"]))
    ranked = [record for record in ordered if not record["reference"]]
    for record in ranked:  # equal errors share a rank
        record["rank"] = 1 + sum(other["rmse"] < record["rmse"] for other in ranked)
    return ordered
