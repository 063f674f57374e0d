"""The first schema of the store.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "challenges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column("settings", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_challenges"),
        sa.UniqueConstraint("name", "split", name="uq_challenges_name_split"),
    )
    op.create_table(
        "published",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("challenge", sa.String(), nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("causal", sa.Boolean(), nullable=True),
        sa.Column("augmented", sa.Boolean(), nullable=True),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("left", sa.Double(), nullable=True),
        sa.Column("right", sa.Double(), nullable=True),
        sa.Column("panel", sa.Double(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_published"),
        sa.UniqueConstraint(
            "challenge", "split", "team", "system", name="uq_published_challenge_split_team_system"
        ),
    )
    op.create_table(
        "scorers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scorers"),
        sa.UniqueConstraint("name", "version", "origin", name="uq_scorers_name_version_origin"),
    )
    op.create_table(
        "teams",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_teams"),
        sa.UniqueConstraint("name", name="uq_teams_name"),
    )
    op.create_table(
        "listeners",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("challenge_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("audiogram", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("severity_left", sa.String(), nullable=False),
        sa.Column("severity_right", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name="fk_listeners_challenge_id"),
        sa.PrimaryKeyConstraint("id", name="pk_listeners"),
        sa.UniqueConstraint("challenge_id", "name", name="uq_listeners_challenge_id_name"),
    )
    op.create_table(
        "scenes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("challenge_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("song", sa.String(), nullable=False),
        sa.Column("genre", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name="fk_scenes_challenge_id"),
        sa.PrimaryKeyConstraint("id", name="pk_scenes"),
        sa.UniqueConstraint("challenge_id", "name", name="uq_scenes_challenge_id_name"),
    )
    op.create_table(
        "systems",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("causal", sa.Boolean(), nullable=True),
        sa.Column("augmented", sa.Boolean(), nullable=True),
        sa.Column("model_size", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_systems_team_id"),
        sa.PrimaryKeyConstraint("id", name="pk_systems"),
        sa.UniqueConstraint("team_id", "name", name="uq_systems_team_id_name"),
    )
    op.create_table(
        "submissions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("challenge_id", sa.Integer(), nullable=False),
        sa.Column("system_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("scorers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("findings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("received", sa.Double(), nullable=False),
        sa.Column("queued", sa.Double(), nullable=True),
        sa.Column("scored", sa.Double(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("lease", sa.Double(), nullable=False),
        sa.Column("heartbeat", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name="fk_submissions_challenge_id"),
        sa.ForeignKeyConstraint(["system_id"], ["systems.id"], name="fk_submissions_system_id"),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
        sa.UniqueConstraint("challenge_id", "sha256", name="uq_submissions_challenge_id_sha256"),
    )
    op.create_index("ix_submissions_state_queued", "submissions", ["state", "queued"], unique=False)
    op.create_index("ix_submissions_system_id", "submissions", ["system_id"], unique=False)
    op.create_table(
        "trials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("challenge_id", sa.Integer(), nullable=False),
        sa.Column("scene_id", sa.Integer(), nullable=False),
        sa.Column("listener_id", sa.Integer(), nullable=False),
        sa.Column("ear", sa.String(), nullable=False),
        sa.Column("stem", sa.String(), nullable=False),
        sa.CheckConstraint("ear IN ('left', 'right')", name=op.f("ck_trials_ear")),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name="fk_trials_challenge_id"),
        sa.ForeignKeyConstraint(["listener_id"], ["listeners.id"], name="fk_trials_listener_id"),
        sa.ForeignKeyConstraint(["scene_id"], ["scenes.id"], name="fk_trials_scene_id"),
        sa.PrimaryKeyConstraint("id", name="pk_trials"),
        sa.UniqueConstraint(
            "challenge_id",
            "scene_id",
            "listener_id",
            "ear",
            "stem",
            name="uq_trials_challenge_id_scene_id_listener_id_ear_stem",
        ),
    )
    op.create_table(
        "aggregates",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("scorer_id", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("scored", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=True),
        sa.Column("left", sa.Double(), nullable=True),
        sa.Column("right", sa.Double(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("draws", sa.LargeBinary(), nullable=True),
        sa.Column("refreshed", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["scorer_id"], ["scorers.id"], name="fk_aggregates_scorer_id"),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_aggregates_submission_id"),
        sa.PrimaryKeyConstraint("submission_id", "scorer_id", name="pk_aggregates"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_events_submission_id"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
    )
    op.create_index("ix_events_submission_id", "events", ["submission_id"], unique=False)
    op.create_table(
        "group_sums",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("scorer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("ear", sa.String(), nullable=False),
        sa.Column("scored", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["scorer_id"], ["scorers.id"], name="fk_group_sums_scorer_id"),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_group_sums_submission_id"),
        sa.PrimaryKeyConstraint("submission_id", "scorer_id", "kind", "name", "ear", name="pk_group_sums"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("started", sa.Double(), nullable=False),
        sa.Column("ended", sa.Double(), nullable=True),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("provenance", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_runs_submission_id"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_submission_id", "runs", ["submission_id"], unique=False)
    op.create_table(
        "scores",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("scorer_id", sa.Integer(), nullable=False),
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("parts", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint("(score IS NULL) = (error <> '')", name=op.f("ck_scores_score_or_error")),
        sa.CheckConstraint("score BETWEEN -1e308 AND 1e308", name=op.f("ck_scores_finite")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_scores_run_id"),
        sa.ForeignKeyConstraint(["scorer_id"], ["scorers.id"], name="fk_scores_scorer_id"),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_scores_submission_id"),
        sa.ForeignKeyConstraint(["trial_id"], ["trials.id"], name="fk_scores_trial_id"),
        sa.PrimaryKeyConstraint("submission_id", "scorer_id", "trial_id", name="pk_scores"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_scores_failed",
        "scores",
        ["submission_id", "scorer_id"],
        unique=False,
        sqlite_where=sa.text("score IS NULL"),
        postgresql_where=sa.text("score IS NULL"),
    )
