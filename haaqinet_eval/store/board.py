"""The standings: one submission per system, means, intervals, rank ranges and tie groups."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..analysis.statistics import CONFIDENCE, Resampling, compare_all, interval, rank_ranges
from ..audiogram import EARS
from ..errors import InputError
from ..registry import leading_scorer
from .aggregates import PairTables, TrialFilter, read_draws
from .challenges import Challenge, find_challenge
from .opening import Store
from .rows import EXTERNAL, HERE
from .schema import (
    Aggregates,
    Challenges,
    Events,
    GroupSums,
    Published,
    Scorers,
    Submissions,
    Systems,
    Teams,
)
from .standing_row import StandingRow
from .submission_filter import SubmissionFilter
from .submissions import moment
from .systems import FACTS

OFF = ("withdrawn", "invalid")  # states of submissions that are on no board
ALPHA = 1 - CONFIDENCE  # of the comparisons of all pairs together
EQUAL = 1e-12  # means that differ by less are equal: a database adds in an order of its own


@dataclass(frozen=True)
class ScorerVersion:
    """A version of a scorer with rows in a challenge."""

    id: int
    name: str
    version: str
    origin: str  # "here", or "external"
    submissions: int  # that have rows of it
    complete: int  # of these, with a score for every trial


def revision(store: Store) -> str:
    """Changes whenever what a board shows may have changed; a key for caches."""
    columns = (Challenges.id, Challenges.opens, Challenges.closes, Challenges.private)
    times = sa.literal("")
    for column in columns:
        times += sa.func.coalesce(sa.cast(column, sa.String), "") + ":"
    parts = (
        sa.select(sa.func.max(Events.id)),
        sa.select(sa.func.max(Aggregates.refreshed)),
        sa.select(sa.func.count()).select_from(Aggregates),
        sa.select(sa.func.count()).select_from(Published),
        sa.select(sa.func.aggregate_strings(times, ",")),
    )
    with store.reading() as session:
        *numbers, rounds = session.execute(sa.select(*(part.scalar_subquery() for part in parts))).one()
    digest = hashlib.sha256(repr(sorted((rounds or "").split(","))).encode()).hexdigest()[:16]
    return "-".join([*(str(number or 0) for number in numbers), digest])


def scorer_versions(store: Store, challenge: str, split: str = "") -> list[ScorerVersion]:
    """Versions of scorers with rows in a challenge, newest first within a scorer.

    A scorer that was asked for and has no rows yet is last, with id 0 and no version.
    """
    with store.reading() as session:
        return _versions(session, find_challenge(session, challenge, split))


def _versions(session: Session, challenge: Challenge) -> list[ScorerVersion]:
    complete = sa.func.sum(sa.case((Aggregates.scored == Aggregates.expected, 1), else_=0))
    rows = session.execute(
        sa.select(Scorers.id, Scorers.name, Scorers.version, Scorers.origin, sa.func.count(), complete)
        .join(Aggregates, Aggregates.scorer_id == Scorers.id)
        .join(Submissions, Submissions.id == Aggregates.submission_id)
        .where(Submissions.challenge_id == challenge.id, Submissions.state.not_in(OFF))
        .group_by(Scorers.id, Scorers.name, Scorers.version, Scorers.origin)
        .order_by(Scorers.name, Scorers.origin.desc(), Scorers.id.desc())
    )
    found = [ScorerVersion(*row) for row in rows]
    asked = session.scalars(
        sa.select(Submissions.scorers).where(
            Submissions.challenge_id == challenge.id,
            Submissions.state.not_in(OFF),
            Submissions.origin != EXTERNAL,
        )
    )
    unseen = {name for names in asked for name in names} - {v.name for v in found if v.origin == HERE}
    return found + [ScorerVersion(0, name, "", HERE, 0, 0) for name in sorted(unseen)]


def _shown(versions: Sequence[ScorerVersion], scorer: str | None, version: str | None) -> list[ScorerVersion]:
    """Of each scorer one version: the one asked for, else the one that ranks most systems.

    Among equals it is the newest, so new weights take the board over when they have caught up. Of
    scores made elsewhere all versions are shown: theirs are words of whoever handed them in.
    """
    groups: dict[tuple[str, str, str], list[ScorerVersion]] = defaultdict(list)
    for found in versions:
        if scorer in (None, found.name) and version in (None, found.version):
            groups[found.name, found.origin, found.version if found.origin == EXTERNAL else ""].append(found)
    return [max(group, key=lambda v: (v.complete, v.id)) for group in groups.values()]


def _rows(session: Session, challenge: Challenge, version: ScorerVersion) -> list[tuple[StandingRow, Any]]:
    """StandingRow, without rank, and draws of every submission but those that are `OFF`."""
    statement = (
        sa.select(Submissions, Systems, Teams.name, Aggregates)
        .join(Systems, Systems.id == Submissions.system_id)
        .join(Teams, Teams.id == Systems.team_id)
        .outerjoin(
            Aggregates,
            sa.and_(Aggregates.submission_id == Submissions.id, Aggregates.scorer_id == version.id),
        )
        .where(Submissions.challenge_id == challenge.id, Submissions.state.not_in(OFF))
    )
    errors = _errors(session, version)
    found = []
    for row, system, team, sums in session.execute(statement):
        if sums is None and (version.name not in row.scorers or EXTERNAL in (version.origin, row.origin)):
            continue  # nobody asked for this scorer
        complete = sums is not None and sums.scored == sums.expected
        draws = read_draws(sums.draws) if complete and sums.draws else None
        entry = StandingRow(
            challenge=challenge.name,
            split=challenge.split,
            scorer=version.name,
            version=version.version,
            origin=version.origin,
            **dict.fromkeys(("rank", "rank_low", "rank_high", "tie_group", "low", "high")),
            team=team,
            system=system.name,
            submission=row.id,
            **{name: getattr(sums, name) if complete else None for name in ("mean", "left", "right")},
            scored=0 if sums is None else sums.scored,
            expected=challenge.expected,
            unfamiliar=0 if sums is None else sums.unfamiliar,
            errors=errors.get(row.id, {}),
            seconds=sums.seconds / sums.scored if sums is not None and sums.scored else None,
            **{name: getattr(system, name) for name in FACTS},
            state=row.state,
            reason=row.reason,
            date=moment(row.received).isoformat(timespec="seconds"),
        )
        found.append((entry, draws))
    return found


def _errors(session: Session, version: ScorerVersion) -> dict[int, dict[str, int]]:
    number = sa.func.sum(GroupSums.failed)
    rows = session.execute(
        sa.select(GroupSums.submission_id, GroupSums.name, number)
        .where(GroupSums.kind == "error", GroupSums.scorer_id == version.id)
        .group_by(GroupSums.submission_id, GroupSums.name)
        .order_by(number.desc(), GroupSums.name)
    )
    errors: dict[int, dict[str, int]] = defaultdict(dict)
    for submission, code, count in rows:
        errors[submission][code] = int(count)
    return errors


def _pick(rows: list[tuple[StandingRow, Any]], pick: str, per: str) -> list[tuple[StandingRow, Any]]:
    """One submission per system or team: one with scores before one without."""
    best: dict[tuple, tuple[StandingRow, Any]] = {}

    def value(entry: StandingRow) -> tuple:
        mean = -np.inf if entry.mean is None or pick == "latest" else entry.mean
        return entry.scored > 0, mean, entry.submission

    for entry, draws in rows:
        key = (entry.team, "" if per == "team" and not entry.reference else entry.system)
        if key not in best or value(entry) > value(best[key][0]):
            best[key] = (entry, draws)
    return list(best.values())


def _rank(rows: list[tuple[StandingRow, Any]], freedom: int) -> list[StandingRow]:
    entries = []
    for entry, draws in rows:
        if draws is None:
            entries.append(entry)
            continue
        found = interval(entry.mean, draws, freedom)
        finite = np.isfinite(found.low)
        entries.append(replace(entry, low=found.low if finite else None, high=found.high if finite else None))
    ranked = [i for i, (e, draws) in enumerate(rows) if draws is not None and not e.reference and e.is_ranked]
    if ranked:
        means = np.array([entries[i].mean for i in ranked])
        table = compare_all(means, np.stack([rows[i][1] for i in ranked], axis=1), freedom)
        by_mean = np.argsort(-means, kind="stable")
        for k, (i, where) in enumerate(zip(ranked, rank_ranges(means, table), strict=True)):
            near = [entries[ranked[j]].submission for j in by_mean if j != k and table[k, j] >= ALPHA]
            entries[i] = replace(
                entries[i],
                ties=tuple(near),
                rank=1 + int(sum(means > entries[i].mean + EQUAL)),
                rank_low=where.low,
                rank_high=where.high,
                tie_group=where.group,
            )
    return sorted(entries, key=_order)


def _narrow(
    session: Session,
    challenge: Challenge,
    version: ScorerVersion,
    rows: list[tuple[StandingRow, Any]],
    subset: TrialFilter,
) -> tuple[list[tuple[StandingRow, Any]], int]:
    """The rows with means and draws over some of the trials, and the degrees of freedom of these."""
    pairs = PairTables(session, challenge.id, subset)
    if not len(pairs):
        chosen = ", ".join(f"{name} {value!r}" for name, value in asdict(subset).items() if value)
        raise InputError(f"{challenge.title}: no trial has {chosen}")
    resampling = Resampling.from_shape(pairs.shape)
    counts = resampling.sums(pairs.trials)
    found = []
    for entry, draws in rows:
        if draws is None:
            found.append((entry, None))
            continue
        values = pairs.read(entry.submission, version.id)
        ears = {ear: values[pairs.ears == ear] for ear in EARS}
        means = {ear: float(side.mean()) if len(side) else None for ear, side in ears.items()}
        with np.errstate(invalid="ignore"):
            draws = resampling.sums(pairs.sums(values)) / counts
        found.append((replace(entry, mean=float(values.mean()), **means), draws))
    return found, resampling.freedom


def _place(table: Sequence[StandingRow], first: str) -> tuple[bool, bool]:
    return any(not e.is_ranked for e in table), any(e.scorer != first for e in table)


def _order(entry: StandingRow) -> tuple:
    if not entry.is_ranked:
        return entry.mean is None, entry.team, entry.system
    mean = -np.inf if entry.mean is None else round(entry.mean, 12)
    return entry.mean is None, -mean, -entry.coverage, entry.team, entry.system


def standings(
    store: Store,
    challenge: str,
    split: str = "",
    *,
    scorer: str | None = None,
    version: str | None = None,
    pick: str = "latest",
    per: str = "system",
    subset: TrialFilter | None = None,
    among: SubmissionFilter | None = None,
) -> list[StandingRow]:
    """The standings of a challenge, per scorer: by mean, with interval and rank range.

    Versions of a scorer never mix, nor do scores made here and elsewhere. Submissions that
    lack a score stand last and have no rank; reference rows stand at their mean, without
    rank. Withdrawn and refused submissions are left out. Rows that came since `refresh` do not count.
    What the challenge ranks by stands first; while nobody has a mean of it, HAAQI does.
    A scorer that cannot rank on the challenge (`registry.is_ranked`) comes after those that can: without
    any rank, its systems by name.

    Args:
        scorer: only this one. version: instead of the one that ranks most systems.
        pick: "latest" or "best" submission; per: of each "system" or "team".
        subset: take means, intervals and ranks over some of the trials only. Coverage and
            errors stay those of all trials, and so does who is complete enough to be ranked.
        among: rank these submissions only, as if there were no others.
    """
    if pick not in ("latest", "best") or per not in ("system", "team"):
        raise InputError(f"standings: pick {pick!r}, per {per!r}; it is latest or best, per system or team")
    with store.reading() as session:
        found = find_challenge(session, challenge, split)
        tables = []
        for shown in _shown(_versions(session, found), scorer, version):
            rows = [
                (entry, draws)
                for entry, draws in _rows(session, found, shown)
                if among is None or among.includes(entry.causal, entry.augmented, entry.date)
            ]
            rows = _pick(rows, pick, per)
            freedom = min((n - 1 for n in (found.scenes, found.listeners) if n > 1), default=0)
            if subset is not None:
                rows, freedom = _narrow(session, found, shown, rows, subset)
            tables.append(_rank(rows, freedom))
    there = {entry.scorer for table in tables for entry in table if entry.mean is not None}
    first = leading_scorer(found.name, there)
    tables.sort(key=lambda table: _place(table, first))
    return [entry for table in tables for entry in table]


def standings_json(store: Store, challenge: str, split: str = "", **options: Any) -> list[dict[str, Any]]:
    """The standings as records for JSON, see `standings` and `StandingRow`."""
    entries = standings(store, challenge, split, **options)
    return [{**asdict(e), "coverage": e.coverage, "caution": e.caution} for e in entries]
