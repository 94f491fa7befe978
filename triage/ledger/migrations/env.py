"""Alembic runs this: it migrates in the transaction that `database.open_database` hands it."""

from alembic import context

from triage.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
