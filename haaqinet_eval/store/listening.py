"""Blind comparisons by ear: which pair somebody hears next, what they answered, and what it comes to."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..analysis.pairs import Strength, judged_strengths
from ..errors import InputError
from ..io.names import clean_name
from .challenges import Challenge
from .opening import Store
from .rounds import is_hidden
from .schema import Judgements, Submissions

ANSWERS = (1.0, 0.5, 0.0)  # the first is better, no difference, the second is better


@dataclass(frozen=True)
class Heard:
    """Two submissions' sounds of one scene for one listener, in the order in which they are played."""

    first: int
    second: int
    scene: str
    listener: str
    stem: str


@dataclass(frozen=True)
class Panel:
    """What the panel says: systems by their submissions, strengths as `analysis.pairs` has them."""

    submissions: tuple[int, ...]
    strengths: tuple[Strength, ...]
    answers: int
    judges: int


def next_pair(
    store: Store,
    challenge: Challenge,
    submissions: Sequence[int],
    trials: Sequence[tuple],
    judge: str,
    attempt: int = 0,
) -> Heard:
    """What a judge hears next: one of the pairs that she has heard least, of a random scene, in random order.

    The same as long as she has not answered.

    Args:
        submissions: that can be heard; at least two.
        trials: (scene, listener, stem) that can be heard.
        attempt: another one for each number, where a sound cannot be read.
    """
    judge = clean_name(judge, "code")
    with store.reading() as session:
        heard = session.execute(
            sa.select(Judgements.first_id, Judgements.second_id).where(
                Judgements.challenge_id == challenge.id, Judgements.judge == judge
            )
        ).all()
    counts = Counter(frozenset(pair) for pair in heard)
    pairs = list(combinations(sorted(submissions), 2))
    least = min(counts[frozenset(pair)] for pair in pairs)
    seed = hashlib.sha256(f"{challenge.id}/{judge}/{len(heard)}/{attempt}".encode()).digest()
    rng = np.random.default_rng(list(seed))
    open_pairs = [pair for pair in pairs if counts[frozenset(pair)] == least]
    pair = open_pairs[rng.integers(len(open_pairs))]
    first, second = pair if rng.integers(2) else pair[::-1]
    return Heard(first, second, *trials[rng.integers(len(trials))])


def add_judgement(store: Store, challenge: Challenge, heard: Heard, judge: str, answer: float) -> None:
    """Keep an answer.

    Raises:
        InputError: for another answer than `ANSWERS`, a bad code of the judge, a system beside itself, a
            submission of another split, or a split whose scores are private: what panels say is one.
    """
    if heard.first == heard.second:
        raise InputError(f"submission {heard.first} is compared with itself")
    if answer not in ANSWERS:
        raise InputError(f"answer {answer!r}: it is 1, 0.5 or 0")
    if is_hidden(challenge):
        raise InputError(f"{challenge.title}: its scores are private until it closes; nobody compares by ear")
    with store.writing() as session:
        _check_entered(session, challenge, (heard.first, heard.second))
        session.add(
            Judgements(
                challenge_id=challenge.id,
                first_id=heard.first,
                second_id=heard.second,
                scene=heard.scene,
                listener=heard.listener,
                stem=heard.stem,
                judge=clean_name(judge, "code"),
                answer=answer,
                time=store.now(session),
            )
        )


def _check_entered(session: Session, challenge: Challenge, ids: Sequence[int]) -> None:
    """Refuse submissions that are not there, or another split's."""
    found = sa.select(Submissions.id).where(Submissions.challenge_id == challenge.id, Submissions.id.in_(ids))
    there = set(session.scalars(found))
    for id in ids:
        if id not in there:
            raise InputError(f"submission {id} is none of {challenge.title}")


def panel(store: Store, challenge: Challenge) -> Panel | None:
    """Strengths of the systems that were compared, with intervals over the judges; None without answers."""
    with store.reading() as session:
        rows = session.execute(
            sa.select(Judgements.judge, Judgements.first_id, Judgements.second_id, Judgements.answer)
            .where(Judgements.challenge_id == challenge.id)
            .order_by(Judgements.id)
        ).all()
    if not rows:
        return None
    judges = sorted({row[0] for row in rows})
    systems = sorted({id for row in rows for id in row[1:3]})
    wins = np.zeros((len(judges), len(systems), len(systems)))
    for judge, first, second, answer in rows:
        j, a, b = judges.index(judge), systems.index(first), systems.index(second)
        wins[j, a, b] += answer
        wins[j, b, a] += 1 - answer
    return Panel(tuple(systems), tuple(judged_strengths(wins)), len(rows), len(judges))
