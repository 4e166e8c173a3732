"""The index of what was said: statements by hash, issuer and kind; objects by id, value and type.

UNTRUSTED and rebuilt from logs and contents when lost. A hit is a candidate
that leads to a statement, a leaf and bytes; who acts on it opens the content
and compares. Keys in the index are 64 bits of a hash under a secret of this
database, so nobody can aim one value at another's place.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from threading import Lock

from sqlalchemy import Connection, delete, insert, select, update

from detente.statements.batch import IndexRow
from detente.storage.database import Database
from detente.storage.model import ObjectHit, StatementRow, StoredStatement
from detente.storage.runs import (
    KEY_BYTES,
    Field,
    drop_unfinished,
    find,
    tidy,
    write_fresh,
    write_run,
)
from detente.storage.schema import index_secret, object_type, statement
from detente.storage.statement_rows import (
    LEAF_BITS,
    by_number,
    find_type,
    forget_objects,
    insert_statements,
    known_hashes,
    stored,
    type_rows,
)

PAGE_MAX = 1_000
_CHUNK_OBJECTS = 32_768
_RUN_OBJECTS_MIN = 1_024
_LEAF_MASK = (1 << LEAF_BITS) - 1

_Find = Callable[[Connection, int, int], list[int]]


class ObjectIndex:
    """The index, on an open database. Safe for threads of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rearranging = Lock()
        with database.writing("opening the index") as connection:
            drop_unfinished(connection)
            key = connection.execute(select(index_secret.c.key)).scalar()
            if key is None:
                key = secrets.token_bytes(32)
                connection.execute(insert(index_secret).values(number=1, key=key))
        self._hasher = hashlib.blake2b(digest_size=KEY_BYTES, key=key)

    def add(self, said: Sequence[tuple[StatementRow, Sequence[IndexRow]]]) -> None:
        """Store statements and their few objects, durable together; known ones are passed over.

        Raises:
            ConflictingStatement: another statement has that place; nothing is stored.
            StorageFault: the database refused; nothing is stored.
        """
        with self._database.writing("storing statements") as connection:
            known = known_hashes(connection, [row for row, _objects in said])
            new = {row: objects for row, objects in said if row.payload_hash not in known}
            numbers = insert_statements(
                connection, list(new), objects=[len(rows) for rows in new.values()]
            )
            self._write_few(connection, zip(numbers, new.values(), strict=True))

    def add_batch(self, row: StatementRow, objects: Iterable[IndexRow]) -> int:
        """Store one statement and its many objects, read as they come, in bounded memory.

        Nothing of it is found before all of it is there. After an error or a
        crash in between, do it again: what was half done is replaced.

        Args:
            objects: by ascending leaf number.

        Returns:
            How many objects were indexed; 0 if the statement was there already.

        Raises:
            ConflictingStatement: another statement has that place.
            StorageFault: the database refused.
        """
        with self._rearranging:
            number = self._begin_batch(row)
            if number is None:
                return 0
            count, remaining = 0, iter(objects)
            while chunk := list(islice(remaining, _CHUNK_OBJECTS)):
                with self._database.writing("indexing a batch") as connection:
                    self._write(connection, number, chunk)
                count += len(chunk)
            with self._database.writing("indexing a batch") as connection:
                here = statement.c.number == number
                connection.execute(update(statement).where(here).values(objects=count))
        return count

    def abandon(self, payload_hash: str) -> None:
        """Forget a batch that was not finished, and its statement; a finished one stays.

        Raises:
            StorageFault: the database refused; what is half done is still never found.
        """
        with self._rearranging, self._database.writing("abandoning a batch") as connection:
            half = (statement.c.payload_hash == bytes.fromhex(payload_hash)) & (
                statement.c.objects.is_(None) & (statement.c.erased == 0)
            )
            number = connection.execute(select(statement.c.number).where(half)).scalar()
            if number is not None:
                forget_objects(connection, number)
                connection.execute(delete(statement).where(half))

    def statement(self, payload_hash: str) -> StoredStatement | None:
        """Return the statement with this id.

        Raises:
            StorageFault: the database refused.
        """
        with self._database.reading("looking up a statement") as connection:
            here = statement.c.payload_hash == bytes.fromhex(payload_hash)
            found = connection.execute(select(statement).where(here)).first()
        return None if found is None else stored(found)

    def statement_at(self, origin: str, seq: int) -> StoredStatement | None:
        """Return the statement at one place of one log.

        Raises:
            StorageFault: the database refused.
        """
        with self._database.reading("looking up a statement") as connection:
            here = (statement.c.origin == origin) & (statement.c.seq == seq)
            found = connection.execute(select(statement).where(here)).first()
        return None if found is None else stored(found)

    def statements(
        self,
        *,
        issuer: str | None = None,
        kind: str | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> list[StoredStatement]:
        """Return up to `limit` statements (1,000 at most) numbered above `after`, in that order.

        Raises:
            StorageFault: the database refused.
        """
        query = select(statement).where(statement.c.number > after)
        if issuer is not None:
            query = query.where(statement.c.issuer == bytes.fromhex(issuer))
        if kind is not None:
            query = query.where(statement.c.kind == kind)
        query = query.order_by(statement.c.number).limit(min(limit, PAGE_MAX))
        with self._database.reading("listing statements") as connection:
            return [stored(row) for row in connection.execute(query)]

    def objects_by_id(self, stix_id: str, *, after: int = 0, limit: int = 100) -> list[ObjectHit]:
        """Return every version of an object by every issuer, in the order they were taken."""
        return self._hits(self._find(Field.ID, stix_id), after, limit)

    def objects_by_value(self, value: str, *, after: int = 0, limit: int = 100) -> list[ObjectHit]:
        """Return the objects in which this observable value stands, in the order taken."""
        return self._hits(self._find(Field.VALUE, value), after, limit)

    def objects_by_type(
        self, stix_type: str, *, after: int = 0, limit: int = 100
    ) -> list[ObjectHit]:
        """Return the objects of one STIX type, in the order taken."""
        return self._hits(
            lambda connection, after, limit: find_type(
                connection, stix_type, after=after, limit=limit
            ),
            after,
            limit,
        )

    def erase(self, payload_hash: str) -> bool:
        """Forget the objects of a statement; its place, kind and hashes stay provable.

        Reads the whole index. Say False where the statement is not known.

        Raises:
            StorageFault: the database refused; nothing changed.
        """
        with self._rearranging, self._database.writing("erasing a statement") as connection:
            here = statement.c.payload_hash == bytes.fromhex(payload_hash)
            number = connection.execute(select(statement.c.number).where(here)).scalar()
            if number is None:
                return False
            forget_objects(connection, number)
            connection.execute(update(statement).where(here).values(erased=1, objects=0))
        return True

    def tidy(self) -> bool:
        """Do one piece of the work that keeps lookups quick; False when there is none left.

        Raises:
            StorageFault: the database refused; the index is as good as before.
        """
        with self._rearranging:
            return any(tidy(self._database, what) for what in Field)

    def _key(self, text: str) -> bytes:
        hasher = self._hasher.copy()
        hasher.update(text.encode("utf-8", "surrogatepass"))
        return hasher.digest()

    def _find(self, what: Field, text: str) -> _Find:
        key = self._key(text)
        return lambda connection, after, limit: find(
            connection, what, key, after=after, limit=limit
        )

    def _hits(self, search: _Find, after: int, limit: int) -> list[ObjectHit]:
        hits, limit = list[ObjectHit](), min(limit, PAGE_MAX)
        with self._database.reading("looking up objects") as connection:
            while len(hits) < limit and (refs := search(connection, after, limit - len(hits))):
                said = {s.number: s for s in by_number(connection, {r >> LEAF_BITS for r in refs})}
                for ref in refs:
                    # Of a batch that is still coming in nothing is shown.
                    if (by := said.get(ref >> LEAF_BITS)) and by.objects is not None:
                        hits.append(ObjectHit(ref, by, leaf=ref & _LEAF_MASK))
                after = refs[-1]
                if (last := said.get(after >> LEAF_BITS)) is None or last.objects is None:
                    after |= _LEAF_MASK
        return hits

    def _begin_batch(self, row: StatementRow) -> int | None:
        with self._database.writing("indexing a batch") as connection:
            here = statement.c.payload_hash == bytes.fromhex(row.payload_hash)
            found = connection.execute(select(statement).where(here)).first()
            if found is not None and (found.objects is not None or found.erased):
                return None
            if found is not None:
                forget_objects(connection, found.number)
                return int(found.number)
            (number,) = insert_statements(connection, [row], objects=[None])
            return number

    def _write(self, connection: Connection, number: int, rows: Sequence[IndexRow]) -> None:
        self._write_few(connection, [(number, rows)])

    def _write_few(
        self, connection: Connection, said: Iterable[tuple[int, Sequence[IndexRow]]]
    ) -> None:
        """Write the objects of statements, all together."""
        ids, values, types, count = list[bytes](), list[bytes](), list[dict[str, object]](), 0
        for number, rows in said:
            some_ids, some_values, leaves_of = self._entries(number << LEAF_BITS, rows)
            ids += some_ids
            values += some_values
            types += type_rows(number, leaves_of)
            count += len(rows)
        write = write_run if count >= _RUN_OBJECTS_MIN else write_fresh
        write(connection, Field.ID, ids)
        write(connection, Field.VALUE, values)
        if types:
            connection.execute(insert(object_type), types)

    def _entries(
        self, first_ref: int, rows: Sequence[IndexRow]
    ) -> tuple[list[bytes], list[bytes], dict[str, list[int]]]:
        # The innermost loop of indexing: no call that can be spared.
        fresh_hasher = self._hasher.copy
        leaves_of: dict[str, list[int]] = {}
        ids, values = [], []
        for leaf, stix_id, stix_type, keys in rows:
            ref = (first_ref + leaf).to_bytes(8, "big")
            hasher = fresh_hasher()
            hasher.update(stix_id.encode("utf-8", "surrogatepass"))
            ids.append(hasher.digest() + ref)
            leaves = leaves_of.get(stix_type)
            if leaves is None:
                leaves = leaves_of[stix_type] = []
            leaves.append(leaf)
            for value in [keys[0][1]] if len(keys) == 1 else {value for _path, value in keys}:
                hasher = fresh_hasher()
                hasher.update(value.encode("utf-8", "surrogatepass"))
                values.append(hasher.digest() + ref)
        return ids, values, leaves_of
