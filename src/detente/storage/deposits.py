"""What became of what accounts brought: status resources, for as long as somebody may ask.

UNTRUSTED. Losing it costs an answer, not what was said.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select

from detente.storage.database import Database
from detente.storage.schema import deposit

KEPT_FOR = timedelta(days=7)
KEPT_PER_TOKEN_MAX = 1_000


class DepositShelf:
    """Status resources by id, in the node's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, identifier: str, *, token: str, body: bytes, now: datetime) -> None:
        """Keep one, and forget those of this token that are old or too many.

        Raises:
            StorageFault: the database refused.
        """
        row = {
            "id": identifier,
            "token": token,
            "made_at": int(now.timestamp() * 1_000_000),
            "body": body,
        }
        own = deposit.c.token == token
        oldest = (now - KEPT_FOR).timestamp() * 1_000_000
        with self._database.writing("keeping a status") as connection:
            connection.execute(insert(deposit).values(row))
            count = connection.execute(select(func.count()).where(own)).scalar_one()
            if count > KEPT_PER_TOKEN_MAX:
                newest = (
                    select(deposit.c.made_at)
                    .where(own)
                    .order_by(deposit.c.made_at.desc())
                    .offset(KEPT_PER_TOKEN_MAX)
                    .limit(1)
                )
                oldest = max(oldest, connection.execute(newest).scalar_one() + 1)
            gone = delete(deposit).where(own, deposit.c.made_at < int(oldest))
            connection.execute(gone)

    def read(self, identifier: str, *, token: str) -> bytes | None:
        """Return one of a token's own, None where there is none (any more).

        Raises:
            StorageFault: the database refused.
        """
        here = (deposit.c.id == identifier) & (deposit.c.token == token)
        with self._database.reading("reading a status") as connection:
            return connection.execute(select(deposit.c.body).where(here)).scalar()
