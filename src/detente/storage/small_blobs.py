"""Small blobs in the database: hundreds become durable with one commit.

Two files and four syncs for each statement were most of the time of taking up, and of saying,
statements of one object each. UNTRUSTED, as the files: `blobs` compares every hash. What is
large stays in files.
"""

from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import delete, func, insert, select

from detente.storage.database import Database
from detente.storage.schema import small_blob

SMALL_BYTES_MAX = 65_536
_ONE_QUERY = 400
_LISTED_AT_ONCE = 1_000


class SmallBlobs:
    """Bytes by their SHA-256 in hex, on an open database. Checks nothing.

    Every method raises StorageFault where the database refuses.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, blobs: Mapping[str, bytes]) -> None:
        """Keep blobs, durable together, in the place of what was kept under their names."""
        rows = [{"digest": bytes.fromhex(name), "data": data} for name, data in blobs.items()]
        if not rows:
            return
        with self._database.writing("keeping small blobs") as connection:
            for some in _parts(blobs):
                connection.execute(delete(small_blob).where(small_blob.c.digest.in_(some)))
            connection.execute(insert(small_blob), rows)

    def get(self, digests: Collection[str]) -> dict[str, bytes]:
        """Return those that are kept."""
        found: dict[str, bytes] = {}
        with self._database.reading("reading small blobs") as connection:
            for some in _parts(digests):
                query = select(small_blob).where(small_blob.c.digest.in_(some))
                found.update((row.digest.hex(), row.data) for row in connection.execute(query))
        return found

    def sizes(self, digests: Collection[str]) -> dict[str, int]:
        """Return the bytes of those that are kept."""
        found: dict[str, int] = {}
        size = func.length(small_blob.c.data).label("size")
        with self._database.reading("looking for small blobs") as connection:
            for some in _parts(digests):
                query = select(small_blob.c.digest, size).where(small_blob.c.digest.in_(some))
                found.update((row.digest.hex(), row.size) for row in connection.execute(query))
        return found

    def remove(self, digests: Collection[str]) -> None:
        """Forget those that are kept."""
        kept = self.sizes(digests)
        if kept:
            with self._database.writing("removing small blobs") as connection:
                for some in _parts(kept):
                    connection.execute(delete(small_blob).where(small_blob.c.digest.in_(some)))

    def digests(self) -> Iterator[str]:
        """Yield what is kept, in ascending order."""
        last = b""
        while True:
            query = select(small_blob.c.digest).where(small_blob.c.digest > last)
            query = query.order_by(small_blob.c.digest).limit(_LISTED_AT_ONCE)
            with self._database.reading("listing small blobs") as connection:
                page = connection.execute(query).scalars().all()
            yield from (each.hex() for each in page)
            if len(page) < _LISTED_AT_ONCE:
                return
            last = page[-1]


def _parts(digests: Collection[str]) -> Iterator[list[bytes]]:
    raw = [bytes.fromhex(each) for each in digests]
    for start in range(0, len(raw), _ONE_QUERY):
        yield raw[start : start + _ONE_QUERY]
