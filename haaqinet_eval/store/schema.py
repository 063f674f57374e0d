"""The tables of the store.

A challenge has scenes, listeners and the trials it expects. A team hands in systems as
submissions; what happens to one is told by its events. A run says how scores were made.
A score belongs to a submission, a trial and a version of a scorer, and to that once only:
new weights make new rows. Aggregates are what a leaderboard reads; they can always be
made again from the scores. Challenges that judge a table of predictions have no trials; their submissions
have evaluations. Published results stand apart from all of this.

Times are seconds since 1970, UTC, by the database's clock.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base


class Challenges(Base):
    """A challenge's split; what is ranked together."""

    __tablename__ = "challenges"
    __table_args__ = (UniqueConstraint("name", "split"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]  # "cad_icassp_2024", …
    split: Mapped[str]  # "valid", "mini", …; empty where the challenge stands for itself
    quota: Mapped[int | None]  # scored submissions per team and day; None: as many as they like
    settings: Mapped[dict[str, Any] | None]  # whatever is needed to score it again
    created: Mapped[float]
    opens: Mapped[float | None]  # when submissions are taken; None: at any time
    closes: Mapped[float | None]
    private: Mapped[bool] = mapped_column(default=False, server_default=false())  # no scores before the close
    webhook: Mapped[str] = mapped_column(default="", server_default="")  # told of each finished submission


class Scenes(Base):
    """A scene; for CAD1 task 1 the song."""

    __tablename__ = "scenes"
    __table_args__ = (UniqueConstraint("challenge_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"))
    name: Mapped[str]
    song: Mapped[str]
    genre: Mapped[str]  # empty where unknown


class Listeners(Base):
    """A listener; without audiogram where a run did not tell it."""

    __tablename__ = "listeners"
    __table_args__ = (UniqueConstraint("challenge_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"))
    name: Mapped[str]
    audiogram: Mapped[dict[str, Any] | None]  # Clarity's record: Hz and dB HL of both ears
    severity: Mapped[str]  # Humes 2019, better ear; "unknown" without audiogram
    severity_left: Mapped[str]  # pyclarity's, of this ear
    severity_right: Mapped[str]


class Trials(Base):
    """A trial that the challenge expects of every submission."""

    __tablename__ = "trials"
    __table_args__ = (
        UniqueConstraint("challenge_id", "scene_id", "listener_id", "ear", "stem"),
        CheckConstraint("ear IN ('left', 'right')", name="ear"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"))
    scene_id: Mapped[int] = mapped_column(ForeignKey("scenes.id"))
    listener_id: Mapped[int] = mapped_column(ForeignKey("listeners.id"))
    ear: Mapped[str]
    stem: Mapped[str]


class Teams(Base):
    """A team."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created: Mapped[float]


class Systems(Base):
    """A system of a team, and what it says about itself."""

    __tablename__ = "systems"
    __table_args__ = (UniqueConstraint("team_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    name: Mapped[str]
    causal: Mapped[bool | None]  # no input later than 5 ms after the output; None: not said
    augmented: Mapped[bool | None]  # trained on augmented or additional data
    model_size: Mapped[int | None] = mapped_column(BigInteger)  # number of parameters
    note: Mapped[str]
    reference: Mapped[str]  # "passthrough", "ideal", "baseline", …; empty for an entry of its own
    trained_on: Mapped[str] = mapped_column(default="", server_default="")  # training data, as declared
    look_ahead: Mapped[float | None]  # ms of input after the output's moment
    speed: Mapped[float | None]  # real-time factor: s of work for a second of music


class Submissions(Base):
    """Output of a system, handed in once; see `submissions.STATES` for how it may move."""

    __tablename__ = "submissions"
    __table_args__ = (UniqueConstraint("challenge_id", "sha256"), Index(None, "state", "queued"))

    id: Mapped[int] = mapped_column(primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"))
    system_id: Mapped[int] = mapped_column(ForeignKey("systems.id"), index=True)
    sha256: Mapped[str]  # of the bytes handed in
    path: Mapped[str]  # where they lie
    size: Mapped[int] = mapped_column(BigInteger)  # bytes
    origin: Mapped[str]  # "submitted", "imported" (a run's rows) or "external" (scored elsewhere)
    scorers: Mapped[list[Any]]  # names of the scorers that are to score it
    findings: Mapped[list[Any]]  # of the validation
    state: Mapped[str]
    reason: Mapped[str]  # why it is in that state, where that is not plain
    received: Mapped[float]
    queued: Mapped[float | None]
    scored: Mapped[float | None]  # when all was scored for the first time; counts for the quota
    attempts: Mapped[int]  # times that a worker took it since it was queued
    worker: Mapped[str]  # who scores it
    token: Mapped[str]  # of the present claim; a worker without it has lost the submission
    lease: Mapped[float]  # seconds that the claim holds after a heartbeat
    heartbeat: Mapped[float | None]


class Events(Base):
    """What happened to a submission."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), index=True)
    time: Mapped[float]
    state: Mapped[str]  # the state it then had
    actor: Mapped[str]  # worker or person
    message: Mapped[str]


class Runs(Base):
    """How some scores of a submission were made."""

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), index=True)
    started: Mapped[float]
    ended: Mapped[float | None]
    worker: Mapped[str]
    provenance: Mapped[dict[str, Any]]  # versions, configuration, seeds, digests


class Scorers(Base):
    """A version of a scorer; `id` grows with the time it was first seen."""

    __tablename__ = "scorers"
    __table_args__ = (UniqueConstraint("name", "version", "origin"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]  # "haaqi", "haaqinet", …
    version: Mapped[str]
    origin: Mapped[str]  # "here", or "external" for scores that were made elsewhere


class Scores(Base):
    """One scorer's answer for one trial, or the reason why there is none."""

    __tablename__ = "scores"
    __table_args__ = (
        CheckConstraint("(score IS NULL) = (error <> '')", name="score_or_error"),
        CheckConstraint("score BETWEEN -1e308 AND 1e308", name="finite"),
        CheckConstraint(
            "(low IS NULL) = (high IS NULL) AND low BETWEEN -1e308 AND high AND high <= 1e308",
            name="interval",
        ),
        Index(
            "ix_scores_failed",
            "submission_id",
            "scorer_id",
            sqlite_where=text("score IS NULL"),
            postgresql_where=text("score IS NULL"),
        ),
        {"sqlite_with_rowid": False},
    )

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    scorer_id: Mapped[int] = mapped_column(ForeignKey("scorers.id"), primary_key=True)
    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id"), primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    score: Mapped[float | None]
    seconds: Mapped[float]
    error: Mapped[str]
    message: Mapped[str]
    parts: Mapped[dict[str, Any] | None]
    low: Mapped[float | None]  # with `high`, the interval that holds the true score in 9 of 10 cases
    high: Mapped[float | None]
    unfamiliar: Mapped[bool]  # the sound is unlike what a predicting scorer was trained on


class Frames(Base):
    """Frame scores of a row, for scorers that have them; apart, so that rows stay quick to read."""

    __tablename__ = "frames"
    __table_args__ = (
        ForeignKeyConstraint(
            ["submission_id", "scorer_id", "trial_id"],
            ["scores.submission_id", "scores.scorer_id", "scores.trial_id"],
            name="fk_frames_score",
            ondelete="CASCADE",
        ),
    )

    submission_id: Mapped[int] = mapped_column(primary_key=True)
    scorer_id: Mapped[int] = mapped_column(primary_key=True)
    trial_id: Mapped[int] = mapped_column(primary_key=True)
    first: Mapped[float]  # s, middle of the first frame
    step: Mapped[float]  # s
    last: Mapped[float]  # s, middle of the last frame
    scores: Mapped[bytes] = mapped_column(LargeBinary)  # [L] float16, see `haaqinet_eval.scores.frames`


class Aggregates(Base):
    """What a submission's rows of one scorer version come to."""

    __tablename__ = "aggregates"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    scorer_id: Mapped[int] = mapped_column(ForeignKey("scorers.id"), primary_key=True)
    expected: Mapped[int]  # trials of the challenge
    scored: Mapped[int]
    failed: Mapped[int]
    unfamiliar: Mapped[int]  # scored rows with that flag
    mean: Mapped[float | None]  # over the scored rows, whether or not these are all
    left: Mapped[float | None]
    right: Mapped[float | None]
    seconds: Mapped[float]  # spent by the scorer, summed
    draws: Mapped[bytes | None] = mapped_column(LargeBinary)  # [B] bootstrap means, if all is scored
    refreshed: Mapped[float]


class GroupSums(Base):
    """Sums over a group of rows of one ear, e.g. of a listener."""

    __tablename__ = "group_sums"
    __table_args__ = ({"sqlite_with_rowid": False},)

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    scorer_id: Mapped[int] = mapped_column(ForeignKey("scorers.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)  # see `aggregates.KINDS`
    name: Mapped[str] = mapped_column(primary_key=True)
    ear: Mapped[str] = mapped_column(primary_key=True)
    scored: Mapped[int]
    failed: Mapped[int]
    unfamiliar: Mapped[int]
    total: Mapped[float]  # sum of the scores
    seconds: Mapped[float]


class Evaluations(Base):
    """What a table of predictions comes to: measures over its signals, or over a group of them."""

    __tablename__ = "evaluations"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)  # "all", or of the group
    signals: Mapped[int]
    measures: Mapped[dict[str, Any]]  # name -> value; None where it is not defined


class Published(Base):
    """A result that a challenge published; an average that was not scored here."""

    __tablename__ = "published"
    __table_args__ = (UniqueConstraint("challenge", "split", "team", "system"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    challenge: Mapped[str]
    split: Mapped[str]
    team: Mapped[str]
    system: Mapped[str]
    baseline: Mapped[bool]
    causal: Mapped[bool | None]
    augmented: Mapped[bool | None]
    mean: Mapped[float]  # HAAQI
    left: Mapped[float | None]
    right: Mapped[float | None]
    joint: Mapped[float | None]  # what the challenge ranked by, where that is more than HAAQI
    panel: Mapped[float | None]  # basic audio quality that listeners gave, 0 to 100
    source: Mapped[str]


class Judgements(Base):
    """What somebody answered who compared two systems by ear, without knowing which is which."""

    __tablename__ = "judgements"
    __table_args__ = (CheckConstraint("answer IN (0, 0.5, 1)", name="answer"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"), index=True)
    first_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    second_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    scene: Mapped[str]
    listener: Mapped[str]  # for whose ears both were made
    stem: Mapped[str]
    judge: Mapped[str]  # a code of the person, no name
    answer: Mapped[float]  # 1: the first is better; 0: the second; 0.5: no difference
    time: Mapped[float]


class Tokens(Base):
    """A token that lets an organiser act on the board, or a team see its own submissions."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)  # of who has it
    digest: Mapped[str] = mapped_column(unique=True)  # SHA-256 of its text, which is kept nowhere
    created: Mapped[float]
    team: Mapped[str] = mapped_column(default="", server_default="")  # that sees its own; empty: an organiser


TABLES = Base.metadata.sorted_tables  # parents first
CARRIED = [table for table in TABLES if table.name != "tokens"]  # who may act is each store's own
