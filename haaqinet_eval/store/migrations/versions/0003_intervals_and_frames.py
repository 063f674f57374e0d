"""Intervals of predicted scores, a flag for unfamiliar sound, and frame scores.

Columns are added one by one, since SQLite would copy a table to change it in any other way.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_INTERVAL = "(low IS NULL) = (high IS NULL) AND low BETWEEN -1e308 AND high AND high <= 1e308"


def upgrade() -> None:
    """Add the columns, which earlier rows have empty, and the table of frames."""
    op.add_column("scores", sa.Column("low", sa.Double(), nullable=True))
    double = sa.Double().compile(op.get_bind().dialect)
    op.execute(
        f"ALTER TABLE scores ADD COLUMN high {double} CONSTRAINT ck_scores_interval CHECK ({_INTERVAL})"
    )
    op.add_column("scores", sa.Column("unfamiliar", sa.Boolean(), nullable=False, server_default=sa.false()))
    for table in ("aggregates", "group_sums"):
        op.add_column(table, sa.Column("unfamiliar", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "frames",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("scorer_id", sa.Integer(), nullable=False),
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("first", sa.Double(), nullable=False),
        sa.Column("step", sa.Double(), nullable=False),
        sa.Column("last", sa.Double(), nullable=False),
        sa.Column("scores", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id", "scorer_id", "trial_id"],
            ["scores.submission_id", "scores.scorer_id", "scores.trial_id"],
            name="fk_frames_score",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("submission_id", "scorer_id", "trial_id", name="pk_frames"),
    )
