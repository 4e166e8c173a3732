"""Statements and the places of their objects, to and from the rows of the database."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from struct import iter_unpack, pack
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from detente.storage.errors import ConflictingStatement
from detente.storage.model import StatementRow, StoredStatement
from detente.storage.runs import forget
from detente.storage.schema import object_type, statement

LEAF_BITS = 21  # leaf 0 is handling, then up to 2^20 objects
_LEAVES_IN_ROW = 1_000  # 4,000 bytes: a row that fills one page of the database
_ONE_QUERY = 400


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


def type_rows(number: int, leaves_of: dict[str, list[int]]) -> Iterator[dict[str, object]]:
    """Yield the rows that say which leaves of statement `number` are of which type."""
    for stix_type, leaves in leaves_of.items():
        for start in range(0, len(leaves), _LEAVES_IN_ROW):
            some = leaves[start : start + _LEAVES_IN_ROW]
            yield {
                "type": stix_type,
                "first_ref": (number << LEAF_BITS) + some[0],
                "leaves": pack(f">{len(some)}I", *some),
            }


def find_type(connection: Connection, stix_type: str, *, after: int, limit: int) -> list[int]:
    """Return up to `limit` references of one type that are greater than `after`, ascending."""
    found: list[int] = []
    here = object_type.c.type == stix_type
    # The row that `after` falls into, and those that follow.
    start = select(func.max(object_type.c.first_ref)).where(here, object_type.c.first_ref <= after)
    low = connection.execute(start).scalar() or 0
    rows = select(object_type).where(here, object_type.c.first_ref >= low)
    for row in connection.execute(rows.order_by(object_type.c.first_ref).limit(limit + 1)):
        first = row.first_ref >> LEAF_BITS << LEAF_BITS
        found += [ref for (leaf,) in iter_unpack(">I", row.leaves) if (ref := first + leaf) > after]
        if len(found) >= limit:
            break
    return found[:limit]


def forget_objects(connection: Connection, number: int) -> None:
    """Take everything said of the objects of statement `number` out of the index."""
    forget(connection, first_ref=number << LEAF_BITS, last_ref=((number + 1) << LEAF_BITS) - 1)
    refs = object_type.c.first_ref.between(number << LEAF_BITS, ((number + 1) << LEAF_BITS) - 1)
    connection.execute(delete(object_type).where(refs))


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
