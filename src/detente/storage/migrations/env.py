"""Run by Alembic: apply the scripts on the connection it is given."""

from alembic import context

from detente.storage.schema import metadata

# One transaction for all scripts: a database is at the old version or the new, never between.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
