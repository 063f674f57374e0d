"""Alembic's migrations of the store: how an older store becomes a newer one."""
