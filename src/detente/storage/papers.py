"""What ballots are about: proposed charters by digest, acceptances by payload hash.

UNTRUSTED: whoever uses a paper compares its hash. Losing it means fetching it again.
"""

from collections.abc import Iterable

from sqlalchemy import func, insert, select, update

from detente.storage.database import Database
from detente.storage.schema import paper

PAPERS_MAX = 10_000  # of a unit, ever: a flood of proposals fills no disk


class Papers:
    """Papers in the node's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def want(self, names: Iterable[str]) -> None:
        """Note that these papers are to come; those that are here, or beyond the limit, are not.

        Raises:
            StorageFault: the database refused.
        """
        with self._database.writing("noting papers to come") as connection:
            room = PAPERS_MAX - (connection.execute(select(func.count(paper.c.name))).scalar() or 0)
            for name in dict.fromkeys(names):
                raw = bytes.fromhex(name)
                known = select(paper.c.name).where(paper.c.name == raw)
                if room > 0 and connection.execute(known).first() is None:
                    connection.execute(insert(paper).values(name=raw, data=None))
                    room -= 1

    def put(self, name: str, data: bytes) -> None:
        """Keep a paper whose hash was compared.

        Raises:
            StorageFault: the database refused.
        """
        raw = bytes.fromhex(name)
        with self._database.writing("keeping a paper") as connection:
            changed = update(paper).where(paper.c.name == raw).values(data=data)
            if connection.execute(changed).rowcount == 0:
                connection.execute(insert(paper).values(name=raw, data=data))

    def get(self, name: str) -> bytes | None:
        """Return a paper, None where it is not here.

        Raises:
            StorageFault: the database refused.
        """
        here = select(paper.c.data).where(paper.c.name == bytes.fromhex(name))
        with self._database.reading("reading a paper") as connection:
            data = connection.execute(here).scalar_one_or_none()
        return None if data is None else bytes(data)

    def wanted(self, *, limit: int) -> list[str]:
        """Return up to `limit` papers that are to come.

        Raises:
            StorageFault: the database refused.
        """
        query = select(paper.c.name).where(paper.c.data.is_(None)).limit(limit)
        with self._database.reading("reading papers to come") as connection:
            return [name.hex() for name in connection.execute(query).scalars()]
