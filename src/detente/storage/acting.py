"""Values, what is claimed about them, what they do now, and why: the shelf that acting works on.

Made anew from logs and contents when lost (`forget`), but for what a person let
act. Who repeats itself fills no disk: of one issuer's words about one value the
first few are kept, and repeats count as nothing anyway.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

import orjson
from sqlalchemy import delete, func, insert, select

from detente.storage.acting_reading import dossiers_of, shown_by
from detente.storage.acting_rows import (
    ItemState,
    TakenStatement,
    change_rows,
    item_key,
    item_state,
    version_of,
)
from detente.storage.acting_tables import (
    ACTING_TABLES,
    acting_accepted,
    acting_change,
    acting_claim,
    acting_item,
    acting_mark,
    acting_objection,
    acting_rule,
    acting_seen,
    acting_subject,
    import_done,
)
from detente.storage.acting_writing import (
    drop_unnamed,
    erase_statement,
    levels_of,
    make_due,
    note_progress,
    take_statement,
    write_marks,
    write_states,
)
from detente.storage.database import Database
from detente.storage.schema import progress, statement
from detente.watch import Decision, Dossier, Item, Level, Mark, Outcome, Precision, Sort

PAGE_MAX = 1_000
_ONE_QUERY = 400
_TAKEN = "acting"
_POOR = "poor:"
FOLLOWING = "follows acting:"  # how far came what is made of these decisions
_KEPT_ALWAYS = (acting_accepted, import_done, acting_seen)


class ActingShelf:
    """What this node knows about values, in its database.

    Args:
        database: open.
        me: this node's member id: what it says itself is committed when it says it.
    """

    def __init__(self, database: Database, *, me: str) -> None:
        self._database = database
        self._me = me

    def taken(self) -> int:
        """Return the number of the last statement taken, 0 for none."""
        with self._database.reading("reading how far acting came") as connection:
            query = select(progress.c.value).where(progress.c.name == _TAKEN)
            return int(connection.execute(query).scalar() or 0)

    def take(self, said: Sequence[TakenStatement], upto: int) -> set[int]:
        """Keep what statements claim and object to; taking one again changes nothing.

        Args:
            said: what was read of them.
            upto: the number of the last statement that was looked at.

        Returns:
            Numbers of the values to decide about anew.

        Raises:
            StorageFault: the database refused; nothing is kept.
        """
        touched: set[int] = set()
        with self._database.writing("taking statements for acting") as connection:
            for each in said:
                touched |= take_statement(connection, each)
            make_due(connection, touched)
            note_progress(connection, _TAKEN, upto)
        return touched

    def seen(self, origin: str, cosigner: str, size: int, moment: datetime) -> set[int]:
        """Note that a cosigner showed a log at a size; return the values it bears on.

        Raises:
            StorageFault: the database refused.
        """
        with self._database.writing("noting a cosignature") as connection:
            here = (acting_seen.c.origin == origin) & (acting_seen.c.cosigner == cosigner)
            before = connection.execute(select(func.max(acting_seen.c.size)).where(here)).scalar()
            if before is not None and before >= size:
                return set()
            row = {"origin": origin, "cosigner": cosigner, "size": size}
            connection.execute(insert(acting_seen).values(**row, seen_at=int(moment.timestamp())))
            covered = select(statement.c.number).where(
                statement.c.origin == origin,
                statement.c.seq < size,
                statement.c.seq >= (before or 0),
            )
            items = select(acting_claim.c.item).where(acting_claim.c.statement.in_(covered))
            touched = set(connection.execute(items.distinct()).scalars())
            make_due(connection, touched)
            return touched

    def shown(self, origin: str, seq: int) -> dict[str, datetime]:
        """Return by cosigner when it first showed a place of a log, as far as is known here.

        Raises:
            StorageFault: the database refused.
        """
        with self._database.reading("reading who saw a statement when") as connection:
            return shown_by(connection, origin, seq)

    def dossiers(self, items: Iterable[int]) -> list[tuple[int, Dossier]]:
        """Return everything said about some values.

        Raises:
            StorageFault: the database refused.
        """
        wanted, found = sorted(items), list[tuple[int, Dossier]]()
        with self._database.reading("reading what is said about values") as connection:
            for start in range(0, len(wanted), _ONE_QUERY):
                some = wanted[start : start + _ONE_QUERY]
                found += dossiers_of(connection, some, me=self._me)
        return found

    def settle(
        self, decided: Sequence[tuple[int, Decision, tuple[Mark, ...]]], now: datetime
    ) -> set[tuple[str, Sort]]:
        """Keep decisions and marks, and every change of level with its reasons.

        Returns:
            (issuer, class) of the ledger's lines that changed.

        Raises:
            StorageFault: the database refused; nothing is kept.
        """
        with self._database.writing("keeping what values do") as connection:
            changed = write_marks(connection, decided)
            before = levels_of(connection, [number for number, _, _ in decided])
            rows = list(change_rows(decided, before, now))
            if rows:
                connection.execute(insert(acting_change), rows)
            write_states(connection, decided, before, now)
        return changed

    def ledger(self) -> dict[tuple[str, Sort], Precision]:
        """Return the precision of every issuer in every class."""
        mark = acting_mark.c
        query = select(mark.issuer, mark.sort, mark.outcome, func.count()).group_by(
            mark.issuer, mark.sort, mark.outcome
        )
        counted: dict[tuple[str, Sort], dict[str, int]] = {}
        with self._database.reading("reading the precision ledger") as connection:
            for issuer, sort, outcome, count in connection.execute(query):
                counted.setdefault((issuer.hex(), Sort(sort)), {})[outcome] = count
        return {
            key: Precision(each.get(Outcome.CONFIRMED, 0), each.get(Outcome.REFUTED, 0))
            for key, each in counted.items()
        }

    def own_objections(self, about: str, stance: str) -> int:
        """Return how many statements of this node say this against another statement.

        Raises:
            StorageFault: the database refused.
        """
        objection = acting_objection.c
        query = (
            select(func.count(objection.statement.distinct()))
            .join(statement, statement.c.number == objection.statement)
            .where(
                objection.about == bytes.fromhex(about),
                objection.stance == stance,
                statement.c.issuer == bytes.fromhex(self._me),
            )
        )
        with self._database.reading("counting own objections") as connection:
            return int(connection.execute(query).scalar_one())

    def items_of_issuer(self, issuer: str) -> set[int]:
        """Return the values an issuer claims, or objects to: its record bears on them."""
        raw = bytes.fromhex(issuer)
        with self._database.reading("reading an issuer's values") as connection:
            said = select(statement.c.number).where(statement.c.issuer == raw)
            own = select(acting_claim.c.item).where(acting_claim.c.statement.in_(said))
            about = select(acting_objection.c.about).where(acting_objection.c.statement.in_(said))
            doubted = select(statement.c.number).where(statement.c.payload_hash.in_(about))
            other = select(acting_claim.c.item).where(acting_claim.c.statement.in_(doubted))
            return set(connection.execute(own).scalars()) | set(connection.execute(other).scalars())

    def poor(self) -> frozenset[tuple[str, Sort]]:
        """Return the (issuer, class) whose record was poor when values were decided about last."""
        query = select(progress.c.name).where(progress.c.name.startswith(_POOR, autoescape=True))
        with self._database.reading("reading whose record is poor") as connection:
            names = connection.execute(query).scalars().all()
        split = (name.removeprefix(_POOR).partition(" ") for name in names)
        return frozenset((issuer, Sort(sort)) for issuer, _, sort in split)

    def turn(self, poor: Collection[tuple[str, Sort]], numbers: Collection[int]) -> None:
        """Keep whose record is poor now, and let the values that turns be decided about anew.

        Raises:
            StorageFault: the database refused; nothing is kept.
        """
        with self._database.writing("keeping whose record is poor") as connection:
            old = progress.c.name.startswith(_POOR, autoescape=True)
            connection.execute(delete(progress).where(old))
            for issuer, sort in sorted(poor):
                note_progress(connection, f"{_POOR}{issuer} {sort.value}", 1)
            make_due(connection, numbers)

    def reconsider(self, numbers: Collection[int]) -> None:
        """Let values be decided about anew."""
        with self._database.writing("looking at values anew") as connection:
            make_due(connection, numbers)

    def due(self, now: datetime, limit: int = PAGE_MAX) -> list[int]:
        """Return values to decide about: something was said, or time changed the answer."""
        item = acting_item.c
        query = select(item.number).where(item.due_at <= int(now.timestamp()))
        query = query.order_by(item.due_at, item.number).limit(limit)
        with self._database.reading("looking for what is due") as connection:
            return list(connection.execute(query).scalars())

    def counts(self) -> dict[Level, int]:
        """Return how many values are at each level.

        Raises:
            StorageFault: the database refused.
        """
        item = acting_item.c
        query = select(item.level, func.count()).group_by(item.level)
        with self._database.reading("counting what acts") as connection:
            found = {level: count for level, count in connection.execute(query)}
        return {level: int(found.get(int(level), 0)) for level in Level}

    def at_level(
        self,
        least: Level,
        *,
        most: Level = Level.ACTIONABLE,
        after: int = 0,
        limit: int = PAGE_MAX,
    ) -> list[ItemState]:
        """Return values that do at least this and at most that, by number."""
        item = acting_item.c
        query = select(acting_item).where(
            item.level.between(int(least), int(most)), item.number > after
        )
        with self._database.reading("listing what acts") as connection:
            rows = connection.execute(query.order_by(item.number).limit(min(limit, PAGE_MAX)))
            return [item_state(row) for row in rows]

    def find(self, item: Item) -> ItemState | None:
        """Return what is known of one value, None where nothing is."""
        query = select(acting_item).where(acting_item.c.key == item_key(item))
        with self._database.reading("looking up a value") as connection:
            row = connection.execute(query).first()
        return None if row is None else item_state(row)

    def history(self, number: int) -> list[dict[str, object]]:
        """Return the changes of one value, oldest first."""
        change = acting_change.c
        query = select(acting_change).where(change.item == number).order_by(change.number)
        with self._database.reading("reading what became of a value") as connection:
            rows = connection.execute(query.limit(PAGE_MAX)).all()
        return [
            {
                "at": datetime.fromtimestamp(row.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "from": Level(row.level_before).name.lower(),
                "to": Level(row.level_after).name.lower(),
                "why": orjson.loads(row.words),
            }
            for row in rows
        ]

    def sources(self, number: int) -> list[tuple[int, int]]:
        """Return (statement, leaf) of every claim on a value, ascending."""
        claim = acting_claim.c
        query = select(claim.statement, claim.leaf).where(claim.item == number)
        with self._database.reading("reading who claims a value") as connection:
            rows = connection.execute(query.order_by(claim.statement, claim.leaf))
            return [(row.statement, row.leaf) for row in rows]

    def versions(self, issuer: str, subjects: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Return the newest version that an issuer said of each of some objects."""
        found: dict[str, tuple[str, str]] = {}
        here = acting_subject.c.issuer == bytes.fromhex(issuer)
        with self._database.reading("looking up versions") as connection:
            for start in range(0, len(subjects), _ONE_QUERY):
                some = acting_subject.c.subject.in_(subjects[start : start + _ONE_QUERY])
                for row in connection.execute(select(acting_subject).where(here, some)):
                    found[row.subject] = version_of(row.version)
        return found

    def accept(self, item: Item, *, by: str, now: datetime) -> None:
        """Keep that a person of this office lets a value act although many share it."""
        row = {"key": item_key(item), "path": item.path, "value": item.value}
        with self._database.writing("accepting a value") as connection:
            connection.execute(
                delete(acting_accepted).where(acting_accepted.c.key == item_key(item))
            )
            connection.execute(
                insert(acting_accepted).values(**row, by_whom=by, at=int(now.timestamp()))
            )

    def accepted(self) -> frozenset[Item]:
        """Return the values that persons of this office let act."""
        query = select(acting_accepted.c.path, acting_accepted.c.value)
        with self._database.reading("reading what was accepted") as connection:
            return frozenset(Item(row.path, row.value) for row in connection.execute(query))

    def rules(self) -> list[dict[str, object]]:
        """Return the received rules and where they stand, as taken."""
        rule, said = acting_rule.c, statement.c
        query = (
            select(acting_rule, said.payload_hash, said.issuer)
            .join(statement, said.number == rule.statement)
            .order_by(rule.statement, rule.leaf)
        )
        with self._database.reading("reading the quarantine") as connection:
            rows = connection.execute(query.limit(PAGE_MAX)).all()
        return [
            {
                "statement": row.payload_hash.hex(),
                "issuer": row.issuer.hex(),
                "leaf": row.leaf,
                "rule": row.subject,
                "language": row.language,
                "standing": row.standing,
                "findings": orjson.loads(row.findings),
            }
            for row in rows
        ]

    def marks_done(self, source: str) -> dict[str, str]:
        """Return what was read of an outside source: key -> mark (a time, a hash)."""
        query = select(import_done.c.key, import_done.c.mark).where(import_done.c.source == source)
        with self._database.reading("reading what was imported") as connection:
            return {row.key: row.mark for row in connection.execute(query)}

    def mark_done(self, source: str, marks: dict[str, str]) -> None:
        """Note what was read of an outside source, after it was said."""
        with self._database.writing("noting an import") as connection:
            for key, mark in sorted(marks.items()):
                here = (import_done.c.source == source) & (import_done.c.key == key)
                connection.execute(delete(import_done).where(here))
                connection.execute(insert(import_done).values(source=source, key=key, mark=mark))

    def erase(self, number: int, rest: TakenStatement | None) -> None:
        """Leave nothing here of what a statement said but what remains of it.

        Args:
            number: of the statement.
            rest: what can still be read of it; None where that is nothing.

        Raises:
            StorageFault: the database refused; nothing changed.
        """
        with self._database.writing("erasing what a statement claimed") as connection:
            items = erase_statement(connection, number)
            if rest is not None:
                items |= take_statement(connection, rest)
            drop_unnamed(connection, items)
            make_due(connection, items)

    def forget(self) -> None:
        """Forget everything that can be taken from the logs again."""
        with self._database.writing("forgetting what acts") as connection:
            for table in ACTING_TABLES:
                if table not in _KEPT_ALWAYS:
                    connection.execute(delete(table))
            name = progress.c.name
            derived = name.startswith(_POOR) | name.startswith(FOLLOWING)
            connection.execute(delete(progress).where((name == _TAKEN) | derived))
