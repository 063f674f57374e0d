"""Rounds: when a challenge's split opens and closes, whether its scores wait for that; what systems declare.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns; earlier rows have said nothing, and their scores stay public."""
    for name in ("opens", "closes"):
        op.add_column("challenges", sa.Column(name, sa.Double(), nullable=True))
    op.add_column("challenges", sa.Column("private", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("challenges", sa.Column("webhook", sa.String(), nullable=False, server_default=""))
    op.add_column("systems", sa.Column("trained_on", sa.String(), nullable=False, server_default=""))
    for name in ("look_ahead", "speed"):
        op.add_column("systems", sa.Column(name, sa.Double(), nullable=True))
    op.add_column("tokens", sa.Column("team", sa.String(), nullable=False, server_default=""))
