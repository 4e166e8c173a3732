"""Writing what statements claim and what was decided of it, one transaction at a time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from detente.storage.acting_rows import (
    TakenObjection,
    TakenStatement,
    claim_body,
    item_key,
    state_values,
)
from detente.storage.acting_tables import (
    acting_change,
    acting_claim,
    acting_item,
    acting_mark,
    acting_objection,
    acting_rule,
    acting_said,
    acting_subject,
)
from detente.storage.schema import progress, statement
from detente.watch import Decision, Item, Level, Mark, Sort

WHOLE = 0  # in the place of a value: the objection is about all of the statement
REPEATS_KEPT = 16  # of one issuer's claims on one value
DUE_NOW = 0  # before any moment: to be decided about at once
_ONE_QUERY = 400
_PLACE = attrgetter("path", "value")  # values in order, without comparing them as values
_LEVELS = select(acting_item.c.number, acting_item.c.level).where(
    acting_item.c.number.in_(bindparam("items", expanding=True))
)
_MARKS = select(acting_mark).where(acting_mark.c.item.in_(bindparam("items", expanding=True)))


def take_statement(connection: Connection, said: TakenStatement) -> set[int]:
    """Keep what one statement says; return the values it bears on, none where it is known."""
    known = select(acting_said.c.statement).where(acting_said.c.statement == said.number)
    if connection.execute(known).first() is not None:
        return set()
    connection.execute(
        insert(acting_said).values(
            statement=said.number,
            readers=" ".join(sorted(said.readers)),
            taken_at=int(said.taken.timestamp()),
            item_count=len({claim.item for claim in said.claims}),
        )
    )
    numbers = _item_numbers(connection, {claim.item for claim in said.claims}, said.taken)
    touched = _newer_versions(connection, said) | set(numbers.values())
    kept = _claims_kept(connection, said, numbers)
    if kept:
        connection.execute(insert(acting_claim), kept)
    for objection in said.objections:
        touched |= _object(connection, said, objection)
    for rule in said.rules:
        findings = orjson.dumps(rule.findings).decode()
        connection.execute(
            insert(acting_rule).values(
                statement=said.number,
                leaf=rule.leaf,
                subject=rule.subject,
                language=rule.language,
                standing=rule.standing,
                findings=findings,
            )
        )
    # What was objected to before it came is decided with the objection at once.
    return touched


def _object(connection: Connection, said: TakenStatement, objection: TakenObjection) -> set[int]:
    """Keep one objection; return the values it bears on."""
    about = bytes.fromhex(objection.about)
    numbers = _item_numbers(connection, set(objection.items), said.taken).values()
    rows = [
        {"about": about, "statement": said.number, "stance": objection.stance, "item": number}
        for number in sorted(numbers or [WHOLE])
    ]
    connection.execute(insert(acting_objection), rows)
    return set(numbers) or _claimed_in(connection, objection.about)


def erase_statement(connection: Connection, number: int) -> set[int]:
    """Remove what was kept of one statement; return the values it bore on."""
    claim, objection = acting_claim.c, acting_objection.c
    items = set(connection.execute(select(claim.item).where(claim.statement == number)).scalars())
    against = select(objection.about, objection.item).where(objection.statement == number)
    for row in connection.execute(against).all():
        items |= _claimed_in(connection, row.about.hex()) if row.item == WHOLE else {row.item}
    for table in (acting_claim, acting_objection, acting_rule, acting_said):
        connection.execute(delete(table).where(table.c.statement == number))
    return items


def drop_unnamed(connection: Connection, numbers: set[int]) -> None:
    """Remove those of some values, and what became of them, that nobody names any more."""
    wanted = sorted(numbers)
    for start in range(0, len(wanted), _ONE_QUERY):
        some = wanted[start : start + _ONE_QUERY]
        named = set[int]()
        for column in (acting_claim.c.item, acting_objection.c.item):
            named |= set(connection.execute(select(column).where(column.in_(some))).scalars())
        gone = [number for number in some if number not in named]
        for column in (acting_mark.c.item, acting_change.c.item, acting_item.c.number):
            connection.execute(delete(column.table).where(column.in_(gone)))


def make_due(connection: Connection, numbers: Iterable[int]) -> None:
    """Note that values are to be decided about anew: a process that stops forgets none."""
    wanted, item = sorted(numbers), acting_item.c
    for start in range(0, len(wanted), _ONE_QUERY):
        some = item.number.in_(wanted[start : start + _ONE_QUERY])
        later = item.due_at.is_(None) | (item.due_at > DUE_NOW)
        connection.execute(update(acting_item).where(some, later).values(due_at=DUE_NOW))


def note_progress(connection: Connection, name: str, upto: int) -> None:
    """Note how far something that is done bit by bit has come."""
    here = progress.c.name == name
    if not connection.execute(update(progress).where(here).values(value=upto)).rowcount:
        connection.execute(insert(progress).values(name=name, value=upto))


def _item_numbers(connection: Connection, items: set[Item], now: datetime) -> dict[Item, int]:
    """Return the number of each value, new ones included."""
    by_key = {item_key(item): item for item in sorted(items, key=_PLACE)}
    numbers = _numbers_of(connection, list(by_key))
    fresh = [
        {
            "key": key,
            "path": item.path,
            "value": item.value,
            "level": int(Level.NOTED),
            "changed_at": int(now.timestamp()),
            "due_at": DUE_NOW,
            "decision": "{}",
        }
        for key, item in by_key.items()
        if key not in numbers
    ]
    if fresh:
        connection.execute(insert(acting_item), fresh)
        numbers |= _numbers_of(
            connection, [row["key"] for row in fresh if isinstance(row["key"], bytes)]
        )
    return {item: numbers[key] for key, item in by_key.items()}


def _numbers_of(connection: Connection, keys: list[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for start in range(0, len(keys), _ONE_QUERY):
        some = acting_item.c.key.in_(keys[start : start + _ONE_QUERY])
        query = select(acting_item.c.key, acting_item.c.number).where(some)
        found.update((row.key, row.number) for row in connection.execute(query))
    return found


def _newer_versions(connection: Connection, said: TakenStatement) -> set[int]:
    """Note the newest version of each object; return the values that older ones name."""
    newest: dict[str, str] = {}
    for claim in said.claims:
        newest[claim.subject] = max(claim.version, newest.get(claim.subject, ""))
    issuer = bytes.fromhex(said.issuer)
    known = _known_versions(connection, issuer, sorted(newest))
    fresh = [
        {"issuer": issuer, "subject": subject, "version": version}
        for subject, version in sorted(newest.items())
        if subject not in known
    ]
    if fresh:
        connection.execute(insert(acting_subject), fresh)
    touched: set[int] = set()
    for subject in sorted(known):
        if known[subject] < newest[subject]:
            here = (acting_subject.c.issuer == issuer) & (acting_subject.c.subject == subject)
            newer = update(acting_subject).where(here).values(version=newest[subject])
            connection.execute(newer)
            older = select(acting_claim.c.item).where(acting_claim.c.subject == subject)
            touched |= set(connection.execute(older).scalars())
    return touched


def _known_versions(
    connection: Connection, issuer: bytes, subjects: Sequence[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    here = acting_subject.c.issuer == issuer
    for start in range(0, len(subjects), _ONE_QUERY):
        some = acting_subject.c.subject.in_(subjects[start : start + _ONE_QUERY])
        query = select(acting_subject.c.subject, acting_subject.c.version).where(here, some)
        found.update({row.subject: row.version for row in connection.execute(query)})
    return found


def _claims_kept(
    connection: Connection, said: TakenStatement, numbers: dict[Item, int]
) -> list[dict[str, object]]:
    """Return the rows to keep: of one issuer and value the first few."""
    had = _counts(connection, said.issuer, list(numbers.values()))
    rows: list[dict[str, object]] = []
    for claim in sorted(said.claims, key=lambda each: each.leaf):
        number = numbers[claim.item]
        had[number] = had.get(number, 0) + 1
        if had[number] <= REPEATS_KEPT:
            rows.append(
                {
                    "item": number,
                    "statement": said.number,
                    "leaf": claim.leaf,
                    "subject": claim.subject,
                    "body": claim_body(claim),
                }
            )
    return rows


def _counts(connection: Connection, issuer: str, items: list[int]) -> dict[int, int]:
    claim, found = acting_claim.c, dict[int, int]()
    for start in range(0, len(items), _ONE_QUERY):
        some = claim.item.in_(items[start : start + _ONE_QUERY])
        query = (
            select(claim.item, func.count())
            .join(statement, statement.c.number == claim.statement)
            .where(some, statement.c.issuer == bytes.fromhex(issuer))
            .group_by(claim.item)
        )
        found.update({row[0]: row[1] for row in connection.execute(query)})
    return found


def _claimed_in(connection: Connection, payload_hash: str) -> set[int]:
    about = select(statement.c.number).where(
        statement.c.payload_hash == bytes.fromhex(payload_hash)
    )
    items = select(acting_claim.c.item).where(acting_claim.c.statement.in_(about))
    return set(connection.execute(items).scalars())


def levels_of(connection: Connection, numbers: list[int]) -> dict[int, Level]:
    """Return what values do so far."""
    found: dict[int, Level] = {}
    for start in range(0, len(numbers), _ONE_QUERY):
        some = {"items": numbers[start : start + _ONE_QUERY]}
        found.update((number, Level(level)) for number, level in connection.execute(_LEVELS, some))
    return found


def write_states(
    connection: Connection,
    decided: Sequence[tuple[int, Decision, tuple[Mark, ...]]],
    before: Mapping[int, Level],
    now: datetime,
) -> None:
    """Write what values do now; `changed_at` moves only where the level did."""
    plain = update(acting_item).where(acting_item.c.number == bindparam("which"))
    changing = plain.values(changed_at=int(now.timestamp()))
    for change, is_change in ((plain, False), (changing, True)):
        rows = [
            {"which": number, **state_values(decision)}
            for number, decision, _ in decided
            if (decision.level is not before.get(number)) is is_change
        ]
        if rows:
            names: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "which"}
            connection.execute(change.values(names), rows)


def write_marks(
    connection: Connection, decided: Sequence[tuple[int, Decision, tuple[Mark, ...]]]
) -> set[tuple[str, Sort]]:
    """Replace the marks that values give; return the lines of the ledger that changed."""
    before = _marks_before(connection, [number for number, _, _ in decided])
    changed: set[tuple[str, Sort]] = set()
    stale: list[int] = []
    rows: list[dict[str, Any]] = []
    for number, _, marks in decided:
        had = before.get(number, set())
        has = {(each.issuer, each.sort, each.outcome.value) for each in marks}
        if had != has:
            stale += [number] if had else []
            rows += [_mark_row(number, each) for each in marks]
            changed |= {(issuer, sort) for issuer, sort, _ in had ^ has}
    for start in range(0, len(stale), _ONE_QUERY):
        some = acting_mark.c.item.in_(stale[start : start + _ONE_QUERY])
        connection.execute(delete(acting_mark).where(some))
    if rows:
        connection.execute(insert(acting_mark), rows)
    return changed


def _marks_before(
    connection: Connection, numbers: list[int]
) -> dict[int, set[tuple[str, Sort, str]]]:
    found: dict[int, set[tuple[str, Sort, str]]] = {}
    for start in range(0, len(numbers), _ONE_QUERY):
        for row in connection.execute(_MARKS, {"items": numbers[start : start + _ONE_QUERY]}):
            mark = (row.issuer.hex(), Sort(row.sort), row.outcome)
            found.setdefault(row.item, set()).add(mark)
    return found


def _mark_row(number: int, mark: Mark) -> dict[str, Any]:
    return {
        "item": number,
        "issuer": bytes.fromhex(mark.issuer),
        "sort": mark.sort.value,
        "outcome": mark.outcome.value,
        "words": mark.words,
    }
