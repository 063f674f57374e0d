"""Published results in the store: shown apart, never in one table with scores made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from ..published import CHALLENGES, PublishedResult, published_results
from .opening import Store
from .schema import Published

_FIELDS = tuple(PublishedResult.__dataclass_fields__)


def load_published(store: Store, challenges: Sequence[str] = CHALLENGES) -> int:
    """Load the published results of the challenges, or bring them up to date; gives their number."""
    rows = [asdict(result) for challenge in challenges for result in published_results(challenge)]
    key = ("challenge", "split", "team", "system")
    statement = store.insert(Published)
    statement = statement.on_conflict_do_update(
        index_elements=key, set_={f: statement.excluded[f] for f in _FIELDS if f not in key}
    )
    with store.writing() as session:
        session.execute(statement, rows)
    return len(rows)


def published(store: Store, challenge: str, split: str = "test") -> list[PublishedResult]:
    """Published averages of a challenge that were loaded, best first."""
    with store.reading() as session:
        rows = session.execute(
            sa.select(*(getattr(Published, name) for name in _FIELDS))
            .where(Published.challenge == challenge, Published.split == split)
            .order_by(
                sa.func.coalesce(Published.joint, Published.mean).desc(), Published.team, Published.system
            )
        )
        return [PublishedResult(**row) for row in rows.mappings()]
