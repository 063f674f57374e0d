"""Alembic's entry: runs the migrations on the connection, and in the transaction, that it is given."""

from alembic import context

from haaqinet_eval.store.schema import Base


def migrate() -> None:
    """Run the migrations that are asked for."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Base.metadata,
        render_as_batch=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic runs this file
    migrate()
