"""What the ledger counts by: which statements name the values that a sighting names."""

from collections.abc import Iterator

from sqlalchemy import select

from detente.storage.acting_tables import acting_claim
from detente.storage.database import Database
from detente.storage.schema import statement

_NAMED_MAX = 256


class Confirmations:
    """Reads what acting took from statements."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def named_by(self, number: int) -> Iterator[str]:
        """Yield ids of other statements that claim a value that one statement claims.

        Args:
            number: of the statement in the index.
        """
        items = select(acting_claim.c.item).where(acting_claim.c.statement == number)
        query = (
            select(statement.c.payload_hash)
            .join(acting_claim, acting_claim.c.statement == statement.c.number)
            .where(acting_claim.c.item.in_(items), statement.c.number != number)
            .where(statement.c.kind != "sighting")
            .distinct()
            .limit(_NAMED_MAX)
        )
        with self._database.reading("reading what a sighting names") as connection:
            found = [row[0].hex() for row in connection.execute(query)]
        yield from found
