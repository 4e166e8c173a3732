"""Changes of the schema, oldest first (Alembic). Import only when one is due."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from detente.storage.errors import WrongSchema


def upgrade(connection: Connection) -> None:
    """Bring the database behind `connection` to the newest version, in its transaction.

    Raises:
        WrongSchema: it was made by a newer program.
    """
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise WrongSchema(
            f"this program cannot read the database's version: {error}",
            remedy="Use the detente version that wrote it, or a newer one",
        ) from error


def newest_version() -> str:
    """Return the revision of the newest script; a test holds it equal to `SCHEMA_VERSION`."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _config() -> Config:
    config = Config()
    # "%" is the configuration's own escape character, and may stand in a path.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
