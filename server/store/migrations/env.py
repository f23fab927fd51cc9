"""How Alembic reaches our tables: always over the connection that `schema.migrate` hands it."""

from __future__ import annotations

from alembic import context

from server.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=False,
)
with context.begin_transaction():
    context.run_migrations()
