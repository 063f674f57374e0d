"""Frame scores of rows: kept as they are written, read for one scene and listener."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..scores.frames import Frames as FrameScores
from ..scores.frames import PackedFrames, pack, unpack
from .opening import Store
from .schema import Frames, Listeners, Scenes, Trials

BATCH = 10_000  # rows per statement


def insert_frames(
    store: Store, session: Session, rows: Iterable[tuple[dict[str, Any], FrameScores | None]]
) -> None:
    """Keep the frames of rows that were inserted and have any; frames that are there stay."""
    statement = store.insert(Frames).on_conflict_do_nothing()
    keys = ("submission_id", "scorer_id", "trial_id")
    found = [
        {**{key: row[key] for key in keys}, **asdict(pack(frames))}
        for row, frames in rows
        if frames is not None
    ]
    for start in range(0, len(found), BATCH):
        session.execute(statement, found[start : start + BATCH])


def frame_scores(
    store: Store, submission: int, scorer_version: int, scene: str, listener: str
) -> dict[tuple[str, str], FrameScores]:
    """Frame scores of what a listener hears of a scene.

    Args:
        scorer_version: `board.ScorerVersion.id`.

    Returns:
        By ear and stem: scores [L] and times [L] (s, middle of each frame). Rows without frames,
        as of HAAQI, which has none, are left out.
    """
    columns = (Frames.first, Frames.step, Frames.last, Frames.scores)
    statement = (
        sa.select(Trials.ear, Trials.stem, *columns)
        .join(Trials, Trials.id == Frames.trial_id)
        .join(Scenes, Scenes.id == Trials.scene_id)
        .join(Listeners, Listeners.id == Trials.listener_id)
        .where(Frames.submission_id == submission, Frames.scorer_id == scorer_version)
        .where(Scenes.name == scene, Listeners.name == listener)
        .order_by(Trials.id)
    )
    with store.reading() as session:
        return {
            (ear, stem): unpack(PackedFrames(*packed)) for ear, stem, *packed in session.execute(statement)
        }
