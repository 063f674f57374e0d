"""Teams and their systems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..errors import InputError
from ..io.names import clean_name, clean_note, look
from .opening import Store
from .schema import Systems, Teams

FACTS = (
    *("causal", "augmented", "model_size", "note", "reference"),
    *("trained_on", "look_ahead", "speed"),
)


@dataclass(frozen=True)
class System:
    """A system and what its team says about it."""

    team: str
    name: str
    causal: bool | None = None  # None: not said
    augmented: bool | None = None
    model_size: int | None = None  # number of parameters
    note: str = ""
    reference: str = ""  # "passthrough", "ideal", "baseline", …: marked on the board, takes no rank
    trained_on: str = ""  # what it was trained on, as its team declares
    look_ahead: float | None = None  # ms of input that it waits for
    speed: float | None = None  # real-time factor: seconds of work for a second of music


def _get_or_add(store: Store, session: Session, table: type, key: dict[str, Any], rest: dict) -> Any:
    statement = store.insert(table).values(**key, **rest).on_conflict_do_nothing(index_elements=list(key))
    session.execute(statement)
    return session.scalars(sa.select(table).filter_by(**key)).one()


def _refuse_twins(session: Session, name: str) -> None:
    """Let no team have a name that is taken for another team's."""
    known = session.scalars(sa.select(Teams.name)).all()
    for other in known if name not in known else ():
        if look(other) == look(name):
            raise InputError(f"team name {name!r}: looks like team {other!r}, which is there; use another")


def save_system(store: Store, session: Session, system: System, *, visitor: bool = False) -> int:
    """Row id of a system, which is added or brought up to date; what is not said stays.

    Args:
        visitor: told by somebody of whom nothing is known, who may add facts and change none.
    """
    if system.model_size is not None and system.model_size < 0:
        raise InputError(f"model size: {system.model_size} is below 0")
    for field in ("look_ahead", "speed"):
        value = getattr(system, field)
        if value is not None and not 0 <= value < 1e9:
            raise InputError(f"{field.replace('_', '-')}: {value} is not in [0, 1e9)")
    team_name, name = clean_name(system.team, "team"), clean_name(system.name, "system")
    _refuse_twins(session, team_name)
    team = _get_or_add(store, session, Teams, {"name": team_name}, {"created": store.now(session)})
    blank = {"note": "", "reference": "", "trained_on": ""}
    row = _get_or_add(store, session, Systems, {"team_id": team.id, "name": name}, blank)
    for field in FACTS:
        value = getattr(system, field)
        value = clean_note(value, field) if isinstance(value, str) else value
        told = getattr(row, field) not in (None, "")
        if value not in (None, "") and not (visitor and told):
            setattr(row, field, value)
    session.flush()
    return row.id
