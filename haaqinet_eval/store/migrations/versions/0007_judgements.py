"""Answers of people who compared two systems by ear.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "judgements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("challenge_id", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("scene", "listener", "stem", "judge")),
        sa.Column("answer", sa.Double(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_judgements"),
        sa.CheckConstraint("answer IN (0, 0.5, 1)", name="ck_judgements_answer"),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name="fk_judgements_challenge_id"),
        sa.ForeignKeyConstraint(["first_id"], ["submissions.id"], name="fk_judgements_first_id"),
        sa.ForeignKeyConstraint(["second_id"], ["submissions.id"], name="fk_judgements_second_id"),
    )
    op.create_index("ix_judgements_challenge_id", "judgements", ["challenge_id"])
