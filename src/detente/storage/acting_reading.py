"""Reading what statements claim back as dossiers, many values in one question."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from detente.storage.acting_rows import read_claim, said_of, version_of
from detente.storage.acting_tables import (
    acting_claim,
    acting_item,
    acting_objection,
    acting_said,
    acting_seen,
    acting_subject,
)
from detente.storage.acting_writing import WHOLE
from detente.storage.schema import statement
from detente.watch import Dossier, Item, Objection, Said, Stance

_ONE_QUERY = 400
_ITEMS = select(acting_item.c.number, acting_item.c.path, acting_item.c.value).where(
    acting_item.c.number.in_(bindparam("items", expanding=True))
)
# Each claim with the newest version of its object, whatever value that one names.
_CLAIMS = (
    select(*acting_claim.c, acting_subject.c.version.label("newest"))
    .join(statement, statement.c.number == acting_claim.c.statement)
    .outerjoin(
        acting_subject,
        (acting_subject.c.issuer == statement.c.issuer)
        & (acting_subject.c.subject == acting_claim.c.subject),
    )
    .where(acting_claim.c.item.in_(bindparam("items", expanding=True)))
)


def dossiers_of(
    connection: Connection, items: Sequence[int], *, me: str
) -> list[tuple[int, Dossier]]:
    """Return everything said about at most 400 values."""
    values = {
        row.number: Item(row.path, row.value)
        for row in connection.execute(_ITEMS, {"items": items})
    }
    claims: list[Row[Any]] = list(connection.execute(_CLAIMS, {"items": items}))
    against = _objections(connection, {row.statement for row in claims})
    said = _said(connection, {row.statement for row in claims} | {row.by for row in against}, me)
    of_item: dict[int, list[Row[Any]]] = {}
    for row in claims:
        of_item.setdefault(row.item, []).append(row)
    beside: dict[int, list[Row[Any]]] = {}
    for row in against:
        beside.setdefault(row.claimed, []).append(row)
    return [
        (number, _dossier(number, item, of_item.get(number, []), beside, said))
        for number, item in values.items()
    ]


def _dossier(
    number: int,
    item: Item,
    claims: list[Row[Any]],
    beside: dict[int, list[Row[Any]]],
    said: dict[int, Said],
) -> Dossier:
    against: tuple[Objection, ...] = ()
    if beside:
        against = tuple(
            Objection(said[row.by], Stance(row.stance), row.about.hex())
            for statement in sorted({row.statement for row in claims})
            for row in beside.get(statement, [])
            if row.item in (WHOLE, number)
        )
    return Dossier(
        item=item,
        claims=tuple(read_claim(row, item, said[row.statement]) for row in claims),
        objections=against,
        newest={
            (said[row.statement].issuer, row.subject): version_of(row.newest)
            for row in claims
            if row.newest is not None
        },
    )


def _objections(connection: Connection, claimed: set[int]) -> list[Row[Any]]:
    """Return (claimed, by, stance, about) of what stands against some statements."""
    found: list[Row[Any]] = []
    numbers = sorted(claimed)
    for start in range(0, len(numbers), _ONE_QUERY):
        query = (
            select(
                statement.c.number.label("claimed"),
                acting_objection.c.statement.label("by"),
                acting_objection.c.stance,
                acting_objection.c.about,
                acting_objection.c.item,
            )
            .join(statement, statement.c.payload_hash == acting_objection.c.about)
            .where(statement.c.number.in_(numbers[start : start + _ONE_QUERY]))
        )
        found += connection.execute(query)
    return found


def _said(connection: Connection, numbers: set[int], me: str) -> dict[int, Said]:
    found: dict[int, Said] = {}
    wanted = sorted(numbers)
    for start in range(0, len(wanted), _ONE_QUERY):
        query = (
            select(statement)
            .add_columns(acting_said.c.readers, acting_said.c.taken_at, acting_said.c.item_count)
            .join(acting_said, acting_said.c.statement == statement.c.number)
            .where(statement.c.number.in_(wanted[start : start + _ONE_QUERY]))
        )
        for row in connection.execute(query).all():
            shown = shown_by(connection, row.origin, row.seq)
            found[row.number] = said_of(row, shown, me=me)
    return found


def shown_by(connection: Connection, origin: str, seq: int) -> dict[str, datetime]:
    """Return, by cosigner, when it first showed an entry covered."""
    seen = acting_seen.c
    query = (
        select(seen.cosigner, func.min(seen.seen_at))
        .where(seen.origin == origin, seen.size > seq)
        .group_by(seen.cosigner)
    )
    return {row[0]: datetime.fromtimestamp(row[1], UTC) for row in connection.execute(query)}
