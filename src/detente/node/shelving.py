"""Putting what this node may read on the shelf, for outside tools.

Everything here is derived from logs and contents, and done in their order: the number of
the last statement looked at says how far it has come, so it can be stopped anywhere and
begun again, and made anew when lost.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from threading import Lock

from detente.charter import Charter, Member
from detente.errors import EnvironmentFault, UnitError
from detente.exchange.taxii.bringing import ACCOUNT_SOURCE, account_of
from detente.exchange.taxii.grading import Graded, Leaves, grade
from detente.exchange.taxii.resources import (
    ACTIONABLE,
    ALERTING,
    SETTLED,
    kind_view,
    member_view,
    tlp_view,
)
from detente.node.contents import leaves_of
from detente.node.home import Home
from detente.node.reading import entry_of
from detente.proofs import who_saw
from detente.statements import Handling, Kind, Leaf, Sealed, StixObject, decode_object, parse_entry
from detente.storage.disk import read_capped
from detente.storage.model import StoredStatement
from detente.storage.shelf import Shelf
from detente.storage.shelf_pages import ShelvedObject
from detente.storage.shelf_writing import Lot
from detente.storage.views import Stretches
from detente.tlog.note import NOTE_BYTES_MAX

_STATEMENTS_AT_ONCE = 256
_OBJECTS_AT_ONCE = 65_536
_RETRACTED = "retracted:"
_RETRACTIONS = "retractions"
_SETTLED = "settled:"
_MARK = f'"source_name":"{ACCOUNT_SOURCE}"'.encode()


class Shelving:
    """Keeps the shelf of an open home up to date. Safe for threads.

    Args:
        home: open.
        shelf: its shelf.
        now: the clock.
        changed: called after statements on the shelf changed otherwise than by new ones.
    """

    def __init__(
        self,
        home: Home,
        shelf: Shelf,
        *,
        now: Callable[[], datetime],
        changed: Callable[[], None],
    ) -> None:
        self._home = home
        self._shelf = shelf
        self._now = now
        self._changed = changed
        self._one_at_a_time = Lock()
        self._settled_notes: dict[str, bytes] = {}
        self._retracted_upto: int | None = None

    def bring_up(
        self,
        known: Mapping[str, Leaves] | None = None,
        gives_way: Callable[[], bool] = lambda: False,
    ) -> int:
        """Put every statement on the shelf that came since, and let what settled enter its view.

        Args:
            known: payload hash -> content that need not be opened again.
            gives_way: asked after some; where it says True the rest is left to another time.

        Returns:
            How many statements were looked at.

        Raises:
            StorageFault: the disk or the database refused; do it again.
        """
        with self._one_at_a_time:
            count = 0
            while done := self._take_some(known or {}):
                count += done
                if gives_way():
                    return count
            self._apply_retractions()
            for origin in self._origins():
                self._settle(origin)
            return count

    def forget(self, payload_hash: str) -> None:
        """Follow an erasure: leave nothing of a statement here but what remains of it elsewhere.

        Raises:
            StorageFault: the disk or the database refused; do it again.
        """
        stored = self._home.index.statement(payload_hash)
        if stored is None:
            return
        with self._one_at_a_time:
            upto = self._shelf.progress()
            if stored.number > upto:
                return
            self._shelf.erase(stored.number)
            lot = self._lot(stored, {})
            self._shelf.put([] if lot is None else [lot], upto=upto, now_us=self._now_us())
            self._stand_as_before(stored)
        self._changed()

    def _stand_as_before(self, stored: StoredStatement) -> None:
        """Let what remains of a statement stand where its settlement and retraction put it."""
        basis = self._shelf.basis(stored.number)
        if basis is not None and stored.row.seq < self._shelf.progress(
            _SETTLED + stored.row.origin
        ):
            numbers = range(basis.first, basis.first + basis.count)
            self._shelf.enter(SETTLED, numbers, now_us=self._now_us())
        retraction = self._shelf.progress(_retracted(stored.row.issuer, stored.row.payload_hash))
        if retraction:
            self._withdraw(stored, retraction)

    def mark_actionable(
        self, objects: Iterable[tuple[str, str]], *, actionable: bool = True
    ) -> None:
        """Let objects enter or leave the view of what may be acted on; done twice it is the same.

        Args:
            objects: payload hash of the statement, and STIX id.
            actionable: False takes them out.

        Raises:
            StorageFault: the disk or the database refused; do it again.
        """
        named: dict[str, set[str]] = {}
        for payload_hash, identifier in objects:
            named.setdefault(payload_hash, set()).add(identifier)
        found = {name: self._home.index.statement(name) for name in named}
        wanted = {each.number: named[name] for name, each in found.items() if each is not None}
        numbers = [
            one.number
            for statement, ids in wanted.items()
            for each in self._shelf.siblings(ids).values()
            for one in each
            if one.statement == statement
        ]
        if actionable:
            shown = self._still_shown(numbers)
            self._shelf.enter(ACTIONABLE, list(shown), now_us=self._now_us())
        else:
            self._shelf.withdraw(numbers, [ACTIONABLE])

    def clear_actionable(self) -> None:
        """Take everything out of the view of what may be acted on.

        Raises:
            StorageFault: the database refused; do it again.
        """
        self._shelf.clear(ACTIONABLE)

    @property
    def upto(self) -> int:
        """The number of the last statement that was looked at."""
        return self._shelf.progress()

    def _take_some(self, known: Mapping[str, Leaves]) -> int:
        """Take up the next statements, few enough for one transaction."""
        after = self._shelf.progress()
        page = self._home.index.statements(after=after, limit=_STATEMENTS_AT_ONCE)
        taken: list[StoredStatement] = []
        objects = 0
        for stored in page:
            if stored.objects is None or (taken and objects + stored.objects > _OBJECTS_AT_ONCE):
                break  # still coming in, or enough for now
            taken.append(stored)
            objects += stored.objects
        if not taken:
            return 0
        lots = (self._lot(each, known) for each in taken)
        self._shelf.put(
            (lot for lot in lots if lot is not None),
            upto=taken[-1].number,
            now_us=self._now_us(),
        )
        return len(taken)

    def _lot(self, stored: StoredStatement, known: Mapping[str, Leaves]) -> Lot | None:
        """Return what of a statement goes on the shelf, None where nothing can be read."""
        if stored.row.ciphertext is None:
            return None
        try:
            leaves = known.get(stored.row.payload_hash) or self._leaves(stored)
            own = stored.row.issuer == self._home.identity.member
            graded = None if leaves is None else grade(leaves, checked=own)
        except EnvironmentFault:
            raise
        except UnitError:
            return None  # content that nobody can use is shown where it was received
        if leaves is None or graded is None:
            return None
        return self._made(stored, leaves, graded)

    def _leaves(self, stored: StoredStatement) -> Leaves | None:
        statement = parse_entry(entry_of(self._home, stored))
        if not isinstance(statement.header.says, Sealed):
            return None
        return leaves_of(self._home, statement)

    def _made(self, stored: StoredStatement, leaves: Leaves, graded: Graded) -> Lot:
        issuer = stored.row.issuer
        own = issuer == self._home.identity.member
        return Lot(
            statement=stored.number,
            issuer=issuer,
            account=_account(leaf for _, leaf in leaves.read()) if own else "",
            grades=graded.grades,
            opening=graded.opening.to_bytes(),
            objects=(ShelvedObject(*each) for each in graded.objects(leaves)),
            views=(ALERTING, member_view(issuer), kind_view(graded.handling.kind)),
            grade_views=tuple((tlp_view(label),) for label in graded.labels),
        )

    def _apply_retractions(self) -> None:
        """Take back what was taken back, whichever of the two came first."""
        last = self._shelf.progress()
        if self._retracted_upto is None:
            self._retracted_upto = self._shelf.progress(_RETRACTIONS)
        while self._retracted_upto < last:
            after = self._retracted_upto
            page = self._home.index.statements(after=after, limit=_STATEMENTS_AT_ONCE)
            page = [stored for stored in page if stored.number <= last]
            found = self._retract_among(page)
            self._retracted_upto = page[-1].number if page else last
            # Doing it again changes nothing, so not every step is written down.
            if found or len(page) == _STATEMENTS_AT_ONCE:
                self._shelf.advance(_RETRACTIONS, self._retracted_upto)

    def _retract_among(self, page: Sequence[StoredStatement]) -> bool:
        retractions = [stored for stored in page if stored.row.kind == Kind.RETRACTION]
        for stored in retractions:
            self._note_retraction(stored)
        noted = self._shelf.progresses(_RETRACTED)
        for stored in page if noted else ():
            retraction = noted.get(_retracted(stored.row.issuer, stored.row.payload_hash))
            if retraction:
                self._withdraw(stored, retraction)
        return bool(retractions)

    def _note_retraction(self, stored: StoredStatement) -> None:
        leaves = self._leaves(stored)
        head = None if leaves is None else next(leaves.read())[1]
        for about in () if head is None else Handling.parse(head.data).about:
            self._shelf.advance(_retracted(stored.row.issuer, about), stored.number)
            target = self._home.index.statement(about)
            if target is not None and target.row.issuer == stored.row.issuer:
                self._withdraw(target, stored.number)

    def _withdraw(self, target: StoredStatement, retraction: int) -> None:
        """Take what was taken back out of every view: all of a statement, or what is named."""
        basis = self._shelf.basis(target.number)
        if basis is None:
            return
        numbers = range(basis.first, basis.first + basis.count)
        named = self._named(retraction)
        if named:
            found = self._shelf.siblings(named)
            numbers_named = [one.number for each in found.values() for one in each]
            self._shelf.withdraw([number for number in numbers_named if number in numbers])
        else:
            self._shelf.withdraw(numbers)

    def _named(self, retraction: int) -> frozenset[str]:
        """Return the objects that a retraction names; none where it takes back all of it."""
        stored = self._home.index.statements(after=retraction - 1, limit=1)[0]
        leaves = self._leaves(stored)
        named: set[str] = set()
        for index, leaf in () if leaves is None else leaves.read():
            if index:
                references = decode_object(leaf.data).properties.get("object_refs")
                named.update(map(str, references if isinstance(references, list) else ()))
        return frozenset(each for each in named if not each.startswith("identity--"))

    def _origins(self) -> list[str]:
        chain = self._home.chain
        members = () if chain is None else chain.latest.members
        return [self._home.present(each).origin for each in members]

    def _settle(self, origin: str) -> None:
        """Let what a log's newest cosigned checkpoint settles enter its view."""
        path = self._home.layout.cosigned(origin)
        if not path.exists():
            return
        note = read_capped(path, bytes_max=NOTE_BYTES_MAX)
        if self._settled_notes.get(origin) == note:
            return
        size, seq = self._settled_size(origin, note), self._shelf.progress(_SETTLED + origin)
        numbers: list[int] = []
        while seq < size:
            stored = self._home.index.statement_at(origin, seq)
            if stored is None or stored.number > self._shelf.progress():
                break
            basis = self._shelf.basis(stored.number)
            if basis is not None:
                numbers += self._still_shown(range(basis.first, basis.first + basis.count))
            seq += 1
        else:
            self._settled_notes[origin] = note
        self._shelf.enter(SETTLED, numbers, now_us=self._now_us())
        self._shelf.advance(_SETTLED + origin, seq)

    def _still_shown(self, numbers: Collection[int]) -> Iterable[int]:
        """Return those that were not taken back."""
        return Stretches(self._home.database).dates(ALERTING, numbers).keys()

    def _settled_size(self, origin: str, note: bytes) -> int:
        charter, owner = self._owner(origin)
        if charter is None or owner is None:
            return 0
        try:
            seen = who_saw(charter, owner, note)
        except UnitError:
            return 0
        return seen.checkpoint.size if seen.settled else 0

    def _owner(self, origin: str) -> tuple[Charter | None, Member | None]:
        chain = self._home.chain
        if chain is None:
            return None, None
        charter = self._home.present_charter(chain.latest)
        present = (self._home.present(each) for each in chain.latest.members)
        return charter, next((each for each in present if each.origin == origin), None)

    def _now_us(self) -> int:
        return int(self._now().timestamp() * 1_000_000)


def _retracted(issuer: str, payload_hash: str) -> str:
    return f"{_RETRACTED}{issuer}:{payload_hash}"


def _account(leaves: Iterator[Leaf]) -> str:
    """Return the account that brought a content, as its first object that names one says."""
    for leaf in leaves:
        if _MARK in leaf.data and (account := account_of(_read(leaf))):
            return account
    return ""


def _read(leaf: Leaf) -> StixObject:
    return decode_object(leaf.data)
