"""Responding: entries said, taken from what others said, and kept in their threads.

What is shared goes out as a statement through the gate and comes back from the own log
like everybody's; what is private is written to this node and to nothing else.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from threading import Lock
from typing import TypeVar
from weakref import WeakKeyDictionary

from detente.errors import EnvironmentFault, InputError, UnitError
from detente.node.author import Audience
from detente.node.circle import still_told
from detente.node.contents import leaves_of
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.publishing import Clock, publish
from detente.node.reading import entry_of
from detente.node.summing import summary_of
from detente.response import (
    ENTRY_KINDS,
    PARENTS_MAX,
    TURNS_MAX,
    Entry,
    EntryError,
    Sort,
    Thread,
    arrange,
    due_of,
    entry_in,
    entry_object,
    kind_of,
    parse_entry,
)
from detente.response.entries import check_entry
from detente.signing.canonical import JsonValue
from detente.statements import UNIT, Handling, Pap, Sealed, Tlp, decode_object
from detente.statements import parse_entry as parse_statement
from detente.storage.model import StoredStatement
from detente.storage.threads import EntryRow, ThreadRow, ThreadShelf

_STATEMENTS_AT_ONCE = 256
_TAKEN_KINDS = frozenset(kind.value for kind in ENTRY_KINDS)
_PREFIX = re.compile(r"[0-9a-f]{4,64}", re.ASCII)
Value = TypeVar("Value")

_LOCKS: WeakKeyDictionary[Home, Lock] = WeakKeyDictionary()
_LOCKS_HELD = Lock()


@dataclass(frozen=True, slots=True)
class Written:
    """An entry that is kept.

    Attributes:
        thread: hex id of its thread.
        digest: of the entry.
        said: where it stands in the own log; None for a private one.
    """

    thread: str
    digest: str
    said: Acknowledged | None


class Responder:
    """The threads of one open node. Safe for threads of one process.

    Args:
        home: open.
        now: the clock.
    """

    def __init__(self, home: Home, *, now: Clock) -> None:
        self.shelf = ThreadShelf(home.database)
        self.me = home.identity.member
        self._home = home
        self._now = now
        self._one_at_a_time = _lock_of(home)

    @property
    def unit(self) -> str:
        """Hex id of the unit, "" while the node works alone."""
        charter = self._home.charter
        return "" if charter is None else charter.unit_id

    def bring_up(self) -> set[str]:
        """Take the entries of statements that came since; return the threads that grew.

        Raises:
            StorageFault: the disk or the database refused; do it again.
        """
        with self._one_at_a_time:
            return self._bring_up()

    def open(
        self,
        sort: Sort,
        body: Mapping[str, JsonValue],
        *,
        private: bool = False,
        continues: str = "",
    ) -> Written:
        """Begin a thread.

        Args:
            sort: what it is.
            body: of the opening, without `nonce`.
            private: for this node alone.
            continues: hex id of the private thread that this shared one continues.

        Raises:
            InputError: what was typed is not in the form of an opening.
            ReleaseError, SigningRefused, StorageFault: as `publish`.
        """
        # An opening is named by its hash: the same words twice are two threads.
        whole = {**body, "nonce": token_hex(32)}
        entry = self._entry(sort, "open", whole, thread="", turn=0, parents=())
        with self._one_at_a_time:
            written = self._write(entry, opening=entry, private=private)
            if continues:
                self._join(continues, written.thread)
        return written

    def add(
        self, thread: str, act: str, body: Mapping[str, JsonValue], *, private: bool = False
    ) -> Written:
        """Add an entry to a thread.

        Args:
            thread: hex id.
            act: what is done.
            body: its fields.
            private: for this node alone; always so in a private thread.

        Raises:
            InputError: no such thread, one that this member takes no part in, a form that is
                none, or no turn left.
            ReleaseError, SigningRefused, StorageFault: as `publish`.
        """
        with self._one_at_a_time:
            self._bring_up()
            row = self.row(thread)
            private = private or row.private
            read = self.read(thread)
            opening = read.opening
            if not private and not opening.takes_part(self.me):
                raise InputError(
                    "this member takes no part in it", remedy="Write it down with --private"
                )
            turn = 0 if private else self.shelf.turns(thread, self.me)
            if turn >= TURNS_MAX:
                raise InputError(
                    f"this member had its {TURNS_MAX} turns in it",
                    remedy="Close it and open another that names it",
                )
            parents = _parents(read, self.me, private=private)
            entry = self._entry(opening.sort, act, body, thread=thread, turn=turn, parents=parents)
            return self._write(entry, opening=opening, private=private)

    def row(self, thread: str) -> ThreadRow:
        """Return what lists show of a thread.

        Raises:
            InputError: there is none.
        """
        found = self.shelf.thread(thread)
        if found is None:
            raise InputError(f"no thread {thread[:16]}… is here")
        return found

    def read(self, thread: str) -> Thread:
        """Return a thread in its order; raises as `row`."""
        rows = self.shelf.entries(thread)
        parsed = [(row, parse_entry(row.data)) for row in rows]
        opening = next((entry for _, entry in parsed if entry.opens), None)
        if opening is None:
            raise InputError(f"the opening of {thread[:16]}… was never shown to this node")
        return arrange(
            opening,
            [entry for row, entry in parsed if not row.private or entry.opens],
            private=[entry for row, entry in parsed if row.private and not entry.opens],
        )

    def find(self, sort: Sort, name: str) -> ThreadRow:
        """Return the thread with this id, or the only one whose id begins so or that is called so.

        Raises:
            InputError: none, or more than one.
        """
        wanted = name.lower()
        is_id = _PREFIX.fullmatch(wanted) is not None
        found = self.shelf.beginning(sort.value, wanted) if is_id else []
        found = found or self.shelf.called(sort.value, name)
        if len(found) != 1:
            raise InputError(
                f"{len(found) or 'no'} {sort} is called so or has an id that begins so: "
                f"{name[:64]!r}",
                remedy="Name it by its id" if found else "Look for it in the list",
            )
        return found[0]

    def statement_of(self, thread: str) -> dict[str, str]:
        """Return, for each entry of a thread, the id of the statement that carries it."""
        return {row.digest: row.statement for row in self.shelf.entries(thread)}

    def _entry(
        self,
        sort: Sort,
        act: str,
        body: Mapping[str, JsonValue],
        *,
        thread: str,
        turn: int,
        parents: Sequence[str],
    ) -> Entry:
        entry = Entry(
            unit=self.unit,
            thread=thread,
            author=self.me,
            turn=turn,
            parents=tuple(sorted(parents)),
            sort=sort,
            act=act,
            body=dict(body),
            at=self._now().replace(microsecond=0),
        )
        try:
            check_entry(entry)
        except EntryError as error:
            raise InputError(error.message, remedy="Nothing was said") from None
        return entry

    def _write(self, entry: Entry, *, opening: Entry, private: bool) -> Written:
        thread = entry.thread or entry.digest
        if not private:
            said = publish(
                self._home,
                [entry_object(entry)],
                _handling(entry, opening),
                audience=self._told(entry, opening),
                now=self._now,
            )
            self._bring_up()
            return Written(thread, entry.digest, said)
        row = EntryRow(
            thread=thread,
            digest=entry.digest,
            author=self.me,
            turn=entry.turn,
            data=entry.to_bytes(),
            private=True,
            taken_at=int(self._now().timestamp()),
        )
        self._sum_up(self.shelf.add([row]))
        return Written(thread, entry.digest, None)

    def _told(self, entry: Entry, opening: Entry) -> Audience:
        """Return who is told an entry: who walks out of a thread does not end it for the others.

        An opening names whom its author chose, and where nobody else is left the gate says why.
        """
        audience = _audience(opening, self.me)
        if entry.opens or isinstance(audience, str):
            return audience
        return still_told(self._home, audience) or audience

    def _join(self, private: str, shared: str) -> None:
        old, new = self.row(private), self.row(shared)
        self.shelf.put(
            [
                _changed(old, shared=shared, state="shared", due_at=None),
                _changed(new, continues=private),
            ]
        )

    def _bring_up(self) -> set[str]:
        grown: set[str] = set()
        while page := self._home.index.statements(
            after=self.shelf.taken(), limit=_STATEMENTS_AT_ONCE
        ):
            ready = list(_until_unread(page))
            if not ready:
                break
            rows = [row for stored in ready for row in self._entries_of(stored)]
            new = self.shelf.add(rows, upto=ready[-1].number)
            self._sum_up(new)
            grown |= new
        return grown

    def _entries_of(self, stored: StoredStatement) -> Iterator[EntryRow]:
        if stored.row.kind not in _TAKEN_KINDS or stored.erased or stored.objects != 1:
            return
        try:
            statement = parse_statement(entry_of(self._home, stored))
            if not isinstance(statement.header.says, Sealed):
                return
            leaves = leaves_of(self._home, statement)
            data = b"" if leaves is None else dict(leaves.read())[1].data
            entry = entry_in(decode_object(data), issuer=stored.row.issuer) if data else None
        except EnvironmentFault:
            raise
        except (UnitError, KeyError):
            return  # it stands in the log as it is; here it is no entry
        if entry is None or entry.unit != statement.header.unit:
            return
        yield EntryRow(
            thread=entry.thread or entry.digest,
            digest=entry.digest,
            author=entry.author,
            turn=entry.turn,
            data=entry.to_bytes(),
            statement=stored.row.payload_hash,
            taken_at=int(self._now().timestamp()),
        )

    def _sum_up(self, threads: set[str]) -> None:
        rows = []
        for each in sorted(threads):
            old = self.shelf.thread(each)
            try:
                thread = self.read(each)
            except InputError:
                continue  # its opening is still to come
            private = thread.placed[0].digest == each and self._is_private(each)
            rows.append(summary_of(thread, me=self.me, private=private, old=old))
        self.shelf.put(rows)

    def _is_private(self, thread: str) -> bool:
        return any(row.private and row.digest == thread for row in self.shelf.entries(thread))


def _until_unread(page: Sequence[StoredStatement]) -> Iterator[StoredStatement]:
    for stored in page:
        if stored.objects is None and not stored.erased:
            return  # still being read: it is taken the next time
        yield stored


def _parents(thread: Thread, me: str, *, private: bool) -> tuple[str, ...]:
    """Return what an entry written now comes after: the newest entries, the own last one."""
    own = thread.of_author(me)
    heads = thread.heads
    wanted = {own[-1].digest} if own else set()
    # The deepest ones stand for the others where there are many.
    wanted |= set(heads[-(PARENTS_MAX - 2) :])
    if private:
        wanted |= {each.digest for each in [*filter(lambda p: p.private, thread.placed)][-1:]}
    return tuple(sorted(wanted or {thread.placed[0].digest}))


def _handling(entry: Entry, opening: Entry) -> Handling:
    return Handling(
        kind=kind_of(entry),
        tlp=Tlp(opening.text("tlp")),
        pap=Pap.AMBER,
        licence="NOASSERTION",
        count=1,
        about=entry.texts("about"),
        due=due_of(entry),
    )


def _audience(opening: Entry, me: str) -> Audience:
    named = opening.body["with"]
    if named == UNIT:
        return UNIT
    return tuple(sorted({*opening.texts("with"), opening.author} - {me}))


def _changed(row: ThreadRow, **values: object) -> ThreadRow:
    from dataclasses import replace

    change: Callable[..., ThreadRow] = replace
    return change(row, **values)


def _lock_of(home: Home) -> Lock:
    with _LOCKS_HELD:
        return _LOCKS.setdefault(home, Lock())
