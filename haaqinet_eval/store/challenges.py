"""Challenges in the store: which trials each expects, and who listens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..audiogram import Listener
from ..errors import InputError
from ..trials import Trial
from .opening import Store
from .schema import Challenges, Listeners, Scenes, Trials

UNKNOWN = "unknown"  # severity of a listener without audiogram

TrialKey = tuple[str, str, str, str, str]  # scene, song, listener, ear, stem


@dataclass(frozen=True)
class Challenge:
    """A challenge's split as the store knows it."""

    id: int
    name: str
    split: str
    quota: int | None  # scored submissions per team and day; None: as many as they like
    expected: int  # trials
    scenes: int
    listeners: int
    settings: dict[str, Any]
    opens: float | None = None  # s since 1970, UTC; None: at any time
    closes: float | None = None
    private: bool = False  # its scores are the organisers' until it closes, see `rounds.is_hidden`

    @property
    def title(self) -> str:
        """Name and split, for messages."""
        return f"{self.name} ({self.split})" if self.split else self.name


def trial_key(trial: Trial) -> TrialKey:
    """What tells a trial from the others of its challenge and system."""
    return trial.scene, trial.song, trial.listener, trial.ear, trial.stem


def _severities(listener: Listener | None) -> dict[str, Any]:
    if listener is None:
        return {
            "audiogram": None,
            "severity": UNKNOWN,
            "severity_left": UNKNOWN,
            "severity_right": UNKNOWN,
        }
    return {
        "audiogram": listener.to_dict(),
        "severity": listener.severity_humes,
        "severity_left": listener.left.severity_clarity,
        "severity_right": listener.right.severity_clarity,
    }


def trial_ids(session: Session, challenge_id: int) -> dict[TrialKey, int]:
    """Row ids of a challenge's trials."""
    found = session.execute(
        sa.select(Scenes.name, Scenes.song, Listeners.name, Trials.ear, Trials.stem, Trials.id)
        .join(Scenes, Scenes.id == Trials.scene_id)
        .join(Listeners, Listeners.id == Trials.listener_id)
        .where(Trials.challenge_id == challenge_id)
        .order_by(Trials.id)
    )
    return {tuple(row[:5]): row[5] for row in found}


def _songs(where: str, keys: Iterable[TrialKey]) -> dict[str, str]:
    songs: dict[str, str] = {}
    for scene, song, *_ in keys:
        if songs.setdefault(scene, song) != song:
            raise InputError(f"{where}: scene {scene} has two songs, {songs[scene]!r} and {song!r}")
    return songs


def _create(
    store: Store,
    session: Session,
    row: Challenges,
    keys: list[TrialKey],
    listeners: Mapping[str, Listener],
    genres: Mapping[str, str],
) -> None:
    row.created = store.now(session)
    session.add(row)
    session.flush()
    songs = _songs(row.name, keys)
    scenes = [
        Scenes(challenge_id=row.id, name=name, song=song, genre=genres.get(song, ""))
        for name, song in songs.items()
    ]
    people = [
        Listeners(challenge_id=row.id, name=name, **_severities(listeners.get(name)))
        for name in dict.fromkeys(key[2] for key in keys)
    ]
    session.add_all([*scenes, *people])
    session.flush()
    scene_id, listener_id = ({r.name: r.id for r in rows} for rows in (scenes, people))
    session.execute(
        sa.insert(Trials.__table__),
        [
            {
                "challenge_id": row.id,
                "scene_id": scene_id[scene],
                "listener_id": listener_id[listener],
                "ear": ear,
                "stem": stem,
            }
            for scene, _, listener, ear, stem in keys
        ],
    )


def _complete(
    session: Session, row: Challenges, listeners: Mapping[str, Listener], genres: Mapping[str, str]
) -> None:
    """Add what an earlier registration did not tell: audiograms and genres."""
    for person in session.scalars(sa.select(Listeners).where(Listeners.challenge_id == row.id)):
        if person.audiogram is None and person.name in listeners:
            for name, value in _severities(listeners[person.name]).items():
                setattr(person, name, value)
    for scene in session.scalars(sa.select(Scenes).where(Scenes.challenge_id == row.id)):
        scene.genre = scene.genre or genres.get(scene.song, "")


def register_challenge(
    store: Store,
    name: str,
    trials: Iterable[Trial],
    listeners: Mapping[str, Listener] | None = None,
    *,
    split: str = "",
    genres: Mapping[str, str] | None = None,
    quota: int | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Challenge:
    """Make a challenge known, or check that it is the one that is known.

    Args:
        trials: what every submission must have; a trial's `system` and `challenge` do not count.
        listeners: by id, for audiograms and severities.
        split: tells apart sets of trials of one challenge, e.g. "valid", "eval", "mini".
        genres: by song.
        quota: scored submissions per team and day; None leaves what is there.
        settings: what scoring it again needs, e.g. its paths; None leaves what is there.

    Raises:
        InputError: for no or doubled trials, or where the known challenge has other trials.
    """
    keys = [trial_key(trial) for trial in trials]
    where = f"challenge {name}" + (f", split {split}" if split else "")
    if not keys or len(set(keys)) != len(keys):
        raise InputError(f"{where}: {'a trial stands twice' if keys else 'no trials'}")
    with store.writing() as session:
        store.lock(session)
        row = find_row(session, name, split)
        if row is None:
            row = Challenges(name=name, split=split, quota=quota, settings=dict(settings or {}) or None)
            _create(store, session, row, keys, listeners or {}, genres or {})
        else:
            other = set(trial_ids(session, row.id)) ^ set(keys)
            if other:
                raise InputError(
                    f"{where}: the store knows it with other trials ({len(other)} differ, e.g. "
                    f"{' '.join(min(other))}); give another split"
                )
            _complete(session, row, listeners or {}, genres or {})
            row.quota = row.quota if quota is None else quota
            row.settings = row.settings if settings is None else dict(settings)
        session.flush()
        return describe_challenge(session, row)


def find_row(session: Session, name: str, split: str) -> Challenges | None:
    """The row of a challenge's split, None where there is none."""
    return session.scalar(sa.select(Challenges).where(Challenges.name == name, Challenges.split == split))


def _count(session: Session, table: type, challenge_id: int) -> int:
    return session.scalar(
        sa.select(sa.func.count()).select_from(table).where(table.challenge_id == challenge_id)
    )


def describe_challenge(session: Session, row: Challenges) -> Challenge:
    """A row as the rest of the project sees it."""
    counts = [_count(session, table, row.id) for table in (Trials, Scenes, Listeners)]
    times = {"opens": row.opens, "closes": row.closes, "private": bool(row.private)}
    return Challenge(row.id, row.name, row.split, row.quota, *counts, settings=row.settings or {}, **times)


def challenges(store: Store) -> list[Challenge]:
    """All challenges, in the order of their names."""
    with store.reading() as session:
        rows = session.scalars(sa.select(Challenges).order_by(Challenges.name, Challenges.split))
        return [describe_challenge(session, row) for row in rows]


def find_challenge(session: Session, name: str, split: str = "") -> Challenge:
    """A challenge by name and split; without split, the only one there is.

    Raises:
        InputError: names what the store has.
    """
    row = find_row(session, name, split)
    known = session.execute(
        sa.select(Challenges.name, Challenges.split).order_by(Challenges.name, Challenges.split)
    ).all()
    if row is None and not split:
        splits = [s for n, s in known if n == name]
        if len(splits) == 1:
            row = find_row(session, name, splits[0])
        elif splits:
            raise InputError(f"challenge {name}: which split? The store has {', '.join(splits)}")
    if row is None:
        names = ", ".join(f"{n} ({s})" if s else n for n, s in known) or "none"
        raise InputError(f"challenge {name!r}{f', split {split!r}' if split else ''}: the store has {names}")
    return describe_challenge(session, row)


def challenge(store: Store, name: str, split: str = "") -> Challenge:
    """A challenge by name and split, see `find_challenge`."""
    with store.reading() as session:
        return find_challenge(session, name, split)


def expected_trials(store: Store, challenge: Challenge, system: str = "") -> list[Trial]:
    """The trials that a challenge expects, in the order in which they were registered."""
    with store.reading() as session:
        keys = trial_ids(session, challenge.id)
    return [
        Trial(challenge.name, system, scene, song, listener, ear, stem)
        for scene, song, listener, ear, stem in keys
    ]


def challenge_listeners(store: Store, challenge: Challenge) -> dict[str, Listener]:
    """The listeners whose audiograms are known, by id."""
    with store.reading() as session:
        rows = session.execute(
            sa.select(Listeners.name, Listeners.audiogram)
            .where(Listeners.challenge_id == challenge.id, Listeners.audiogram.is_not(None))
            .order_by(Listeners.name)
        )
        return {name: Listener.from_dict(record, name) for name, record in rows}
