"""Published scores of challenges that rank by more than HAAQI, as CAD2 task 1 does.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column, which earlier rows have empty."""
    op.add_column("published", sa.Column("joint", sa.Double(), nullable=True))
