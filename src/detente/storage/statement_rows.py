"""Statements and the places of their objects, to and from the rows of the database."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from struct import Struct
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from detente.storage.errors import ConflictingStatement
from detente.storage.model import ObjectHit, ObjectRow, StatementRow, StoredStatement
from detente.storage.runs import forget
from detente.storage.schema import object_block, statement

LEAF_BITS = 21  # leaf 0 is handling, then up to 2^20 objects
_PLACE = Struct(">QI")  # position and length in the content; nothing has length 0
_NO_PLACE = _PLACE.pack(0, 0)
_BLOCK_LEAVES = 300  # 3,600 bytes: a row that fills one page of the database
_ONE_QUERY = 400
_BLOCK_WITH = (
    select(object_block.c.first_leaf, object_block.c.places)
    .where(object_block.c.statement == bindparam("number"))
    .where(object_block.c.first_leaf <= bindparam("leaf"))
    .order_by(object_block.c.first_leaf.desc())
    .limit(1)
)


def known_hashes(connection: Connection, rows: Sequence[StatementRow]) -> set[str]:
    """Return the payload hashes among `rows` that are stored already."""
    known: set[str] = set()
    hashes = [bytes.fromhex(row.payload_hash) for row in rows]
    for start in range(0, len(hashes), _ONE_QUERY):
        some = statement.c.payload_hash.in_(hashes[start : start + _ONE_QUERY])
        found = connection.execute(select(statement.c.payload_hash).where(some)).scalars()
        known.update(payload_hash.hex() for payload_hash in found)
    return known


def insert_statements(
    connection: Connection, rows: Sequence[StatementRow], *, objects: Sequence[int | None]
) -> list[int]:
    """Store statements and return their numbers.

    Raises:
        ConflictingStatement: another statement has the place of one of them.
    """
    if not rows:
        return []
    highest = connection.execute(select(func.max(statement.c.number))).scalar() or 0
    numbers = list(range(highest + 1, highest + 1 + len(rows)))
    values = [
        _values(row) | {"number": number, "objects": count}
        for row, number, count in zip(rows, numbers, objects, strict=True)
    ]
    try:
        connection.execute(insert(statement), values)
    except IntegrityError:
        raise ConflictingStatement(
            f"a statement from position {rows[0].seq} of log {rows[0].origin} on has a place"
            " where another statement is stored",
            remedy="Keep both entries: if both are signed, they prove a double statement",
        ) from None
    return numbers


def stored(found: Row[Any]) -> StoredStatement:
    """Return a row of the table as a value."""
    row = StatementRow(
        payload_hash=found.payload_hash.hex(),
        issuer=found.issuer.hex(),
        origin=found.origin,
        seq=found.seq,
        kind=found.kind,
        said_at=datetime.fromtimestamp(found.said_at, UTC),
        ciphertext=None if found.ciphertext is None else found.ciphertext.hex(),
    )
    return StoredStatement(found.number, row, objects=found.objects, erased=bool(found.erased))


def by_number(connection: Connection, numbers: Iterable[int]) -> Iterator[StoredStatement]:
    """Yield the statements with these numbers."""
    wanted = sorted(numbers)
    for start in range(0, len(wanted), _ONE_QUERY):
        some = statement.c.number.in_(wanted[start : start + _ONE_QUERY])
        for found in connection.execute(select(statement).where(some)):
            yield stored(found)


def blocks(number: int, rows: Sequence[ObjectRow]) -> Iterator[dict[str, object]]:
    """Yield the rows that say where the objects of statement `number` lie in its content."""
    places: list[bytes] = []
    first = rows[0][0]
    for leaf, _stix_id, position, length, _values in rows:
        # A rejected leaf leaves a gap.
        places.extend([_NO_PLACE] * (leaf - first - len(places)))
        places.append(_PLACE.pack(position, length))
    for start in range(0, len(places), _BLOCK_LEAVES):
        yield {
            "statement": number,
            "first_leaf": first + start,
            "places": b"".join(places[start : start + _BLOCK_LEAVES]),
        }


def hit(
    connection: Connection, ref: int, statements: dict[int, StoredStatement]
) -> ObjectHit | None:
    """Return what a reference of the index stands for; None while its batch is unfinished."""
    number, leaf = ref >> LEAF_BITS, ref & ((1 << LEAF_BITS) - 1)
    said = statements.get(number)
    if said is None or said.objects is None:
        return None
    block = connection.execute(_BLOCK_WITH, {"number": number, "leaf": leaf}).first()
    if block is None or (leaf - block.first_leaf + 1) * _PLACE.size > len(block.places):
        return None
    position, length = _PLACE.unpack_from(block.places, (leaf - block.first_leaf) * _PLACE.size)
    return ObjectHit(ref, said, leaf=leaf, position=position, length=length)


def forget_objects(connection: Connection, number: int) -> None:
    """Take everything said of the objects of statement `number` out of the index."""
    forget(connection, first_ref=number << LEAF_BITS, last_ref=((number + 1) << LEAF_BITS) - 1)
    connection.execute(delete(object_block).where(object_block.c.statement == number))


def _values(row: StatementRow) -> dict[str, object]:
    return {
        "payload_hash": bytes.fromhex(row.payload_hash),
        "issuer": bytes.fromhex(row.issuer),
        "origin": row.origin,
        "seq": row.seq,
        "kind": row.kind,
        "said_at": int(row.said_at.timestamp()),
        "ciphertext": None if row.ciphertext is None else bytes.fromhex(row.ciphertext),
        "erased": 0,
    }
