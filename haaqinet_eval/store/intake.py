"""What is handed in becomes a submission, unless the same bytes, another team or a quota forbid it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..errors import InputError
from ..io.names import clean_name, counted
from .challenges import find_challenge
from .opening import Store
from .rounds import check_open
from .schema import Submissions, Systems, Teams
from .states import log_event, move
from .submissions import Submission, describe
from .systems import System, save_system

DAY = 86400.0


class Refused(InputError):
    """A submission that is not taken, although nobody made a mistake in the call."""

    exit_code = 1

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code  # one of `error_codes.CODES`


def quota_used(challenge_id: Any, team_id: Any, now: float) -> sa.ScalarSelect:
    """Number of a team's submissions that were scored since midnight (UTC), as a scalar query."""
    other, system = sa.orm.aliased(Submissions), sa.orm.aliased(Systems)
    return (
        sa.select(sa.func.count())
        .select_from(other)
        .join(system, system.id == other.system_id)
        .where(
            other.challenge_id == challenge_id,
            other.origin == "submitted",
            system.team_id == team_id,
            other.scored >= now - now % DAY,
        )
        .scalar_subquery()
    )


def _check_quota(store: Store, session: Session, challenge: Any, team: str) -> None:
    if challenge.quota is None:
        return
    team_id = session.scalar(sa.select(Teams.id).where(Teams.name == team))
    used = session.scalar(sa.select(quota_used(challenge.id, team_id, store.now(session))))
    if used >= challenge.quota:
        raise InputError(
            f"team {team}: {counted(used, 'scored submission')} today; "
            f"{challenge.title} allows {challenge.quota} per day (UTC)"
        )


def submit(
    store: Store,
    challenge: str,
    system: System,
    *,
    sha256: str,
    path: str = "",
    size: int = 0,
    scorers: Sequence[str] = (),
    findings: Sequence[Any] = (),
    split: str = "",
    origin: str = "submitted",
    state: str = "queued",
    actor: str = "",
    visitor: bool = False,
) -> tuple[Submission, bool]:
    """Take a submission; the same bytes again give the earlier submission of the same team.

    Bytes that were withdrawn or found invalid are queued again as the submission they were,
    for the team that now hands them in. What is invalid changes nothing that is known of a system.

    Args:
        sha256: digest of the bytes that were handed in; path, size: where they are, and how many.
        scorers: names of the scorers that are to score it.
        findings: of the validation, as JSON.
        state: "queued", "invalid", or "scoring" for rows that are imported in the same step.
        visitor: it comes from somebody of whom nothing is known: what an organiser withdrew stays
            withdrawn, and what is known of the system is added to, not changed.

    Returns:
        The submission, and whether it is new.

    Raises:
        InputError: for an unknown challenge, a bad name, a quota that is used up, or outside of
            the round.
        Refused: `other_team`, the bytes are another team's; `withdrawn`, and the visitor may not
            bring them back.
    """
    given = {"sha256": sha256, "path": path, "size": size, "findings": list(findings)}
    with store.writing() as session:
        store.lock(session)
        found = find_challenge(session, challenge, split)
        team = clean_name(system.team, "team")
        row, owner = _same_bytes(session, found.id, sha256)
        if row is not None and not _comes_back(row, owner == team, state, visitor):
            return describe(session, row.id), False
        if state == "queued" or visitor:
            check_open(store, session, found)
        if state == "queued":
            _check_quota(store, session, found, team)
        told = System(system.team, system.name) if state == "invalid" else system
        about = {"system_id": save_system(store, session, told, visitor=visitor), **given}
        if row is None:
            row = _add(store, session, found.id, state, {**about, "origin": origin}, scorers)
            log_event(store, session, row, actor, origin)
            return describe(session, row.id), True
        for name, value in about.items():
            setattr(row, name, value)
        row.scorers = list(scorers) or row.scorers
        row.state = "withdrawn"  # from where it may come back
        move(store, session, row, state, actor, "" if state == "scoring" else "submitted again")
        return describe(session, row.id), False


def _same_bytes(session: Session, challenge_id: int, sha256: str) -> tuple[Submissions | None, str]:
    """The submission that has these bytes, and whose it is."""
    found = session.execute(
        sa.select(Submissions, Teams.name)
        .join(Systems, Systems.id == Submissions.system_id)
        .join(Teams, Teams.id == Systems.team_id)
        .where(Submissions.challenge_id == challenge_id, Submissions.sha256 == sha256)
    ).one_or_none()
    return (None, "") if found is None else (found[0], found[1])


def _comes_back(row: Submissions, own: bool, state: str, visitor: bool) -> bool:
    """Whether bytes that are there already are taken again; if not, the earlier submission stands.

    Raises:
        Refused: where neither may be, see `submit`.
    """
    if row.state == "withdrawn" and visitor:
        raise Refused("withdrawn_bytes", "these bytes were withdrawn; only organisers can bring them back")
    if row.state in ("withdrawn", "invalid") and state != "invalid":
        return True
    if not own:
        raise Refused("other_team", "the same bytes were handed in before by another team")
    return False


def _add(
    store: Store,
    session: Session,
    challenge_id: int,
    state: str,
    given: dict[str, Any],
    scorers: Sequence[str],
) -> Submissions:
    now = store.now(session)
    row = Submissions(
        challenge_id=challenge_id,
        **given,
        scorers=list(scorers),
        state=state,
        reason="",
        received=now,
        queued=now if state == "queued" else None,
        attempts=0,
        worker="",
        token="",
        lease=0.0,
    )
    session.add(row)
    session.flush()
    return row
