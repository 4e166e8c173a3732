"""Acting: what came in is weighed, values rise and fall, and every step keeps its reason.

Incremental and replayable: `bring_up` takes the statements that came since, in the
order in which this node took them; `rebuild` forgets and takes all of them again,
with the same result. Nothing is decided here: `watch` decides.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Lock
from weakref import WeakKeyDictionary

from detente.charter import Charter
from detente.errors import EnvironmentFault, InputError, UnitError
from detente.node.benign import PackagedLists
from detente.node.claiming import read_statement
from detente.node.contents import leaves_of
from detente.node.home import Home
from detente.node.reading import entry_of
from detente.proofs.cosigners import (
    log_verifiers,
    mirror_verifiers,
    outside_verifiers,
    witness_verifiers,
)
from detente.statements import Sealed, parse_entry
from detente.storage.acting import ActingShelf
from detente.storage.acting_rows import ItemState, TakenStatement
from detente.storage.disk import read_capped
from detente.storage.model import StoredStatement
from detente.tlog import Checkpoint, CheckpointError, NoteError, SignedNote, open_signed
from detente.tlog.note import NOTE_BYTES_MAX
from detente.watch import (
    Assets,
    BenignLookup,
    Item,
    Owners,
    Precision,
    Rules,
    Sort,
    WatchError,
    Weigher,
)

ASSETS_FILE = "own-assets.txt"
_ASSETS_BYTES_MAX = 4 * 2**20
_STATEMENTS_AT_ONCE = 64
_CLAIMS_AT_ONCE = 10_000
_ITEMS_AT_ONCE = 400

_LOCKS: WeakKeyDictionary[Home, Lock] = WeakKeyDictionary()
_LOCKS_HELD = Lock()

Changed = Callable[[list[int]], None]


class Acting:
    """What makes indicators act at one open node. Safe for threads of one process, as are several.

    Args:
        home: open.
        now: the clock.
        benign: the common-benign lists; those of the package where not given.
        changed: called with the numbers of values that were decided about anew.
    """

    def __init__(
        self,
        home: Home,
        *,
        now: Callable[[], datetime],
        benign: BenignLookup | None = None,
        changed: Changed = lambda _numbers: None,
    ) -> None:
        self.shelf = ActingShelf(home.database, me=home.identity.member)
        self._home = home
        self._now = now
        self._benign = benign or PackagedLists.of_node(home.layout.directory)
        self._changed = changed
        self._one_at_a_time = _lock_of(home)
        self._is_unsettled = True
        # Set where the process wants to end: what is left is done when it runs again.
        self.stopping = Event()
        self._looked_at: dict[str, bytes] = {}

    def bring_up(self, gives_way: Callable[[], bool] = lambda: False) -> int:
        """Weigh every statement that came since, and what time alone changed.

        Args:
            gives_way: asked after some; where it says True the rest is left to another time.

        Returns:
            How many values were decided about.

        Raises:
            StorageFault: the disk or the database refused; do it again.
            InputError: the list of own assets cannot be read.
            EnvironmentFault: the common-benign lists are not there.
        """
        with self._one_at_a_time:
            for note in self._kept_notes():
                # A damaged file shows nothing; it is written anew with the next pull.
                with suppress(NoteError, CheckpointError):
                    self._note(note)
            while not self.stopping.is_set() and self._take_some():
                if gives_way():
                    return 0
            return self._decide()

    def note_seen(self, notes: Iterable[bytes]) -> int:
        """Note who shows logs covered so far: from then on what they say was committed.

        Args:
            notes: checkpoints with cosignatures; lines of keys nobody here knows say nothing,
                and one that is damaged or whose known key's signature fails says nothing at all.

        Returns:
            How many values were decided about anew.

        Raises:
            StorageFault: the disk or the database refused.
        """
        with self._one_at_a_time:
            for note in notes:
                # A key may be known here by now and not when the note was shown, or no more.
                with suppress(NoteError, CheckpointError):
                    self._note(note)
            return self._decide()

    def rebuild(self) -> int:
        """Forget what can be taken from the logs again, and take it again.

        Raises:
            As `bring_up`.
        """
        with self._one_at_a_time:
            self.shelf.forget()
        return self.bring_up()

    def forget(self, payload_hash: str) -> None:
        """Follow an erasure: keep nothing of what a statement said but what remains of it.

        The values are decided about when this is brought up next.

        Raises:
            StorageFault: the disk or the database refused; do it again.
        """
        stored = self._home.index.statement(payload_hash)
        if stored is None:
            return
        with self._one_at_a_time:
            if stored.number <= self.shelf.taken():
                self.shelf.erase(stored.number, self._read(stored))

    def accept(self, item: Item, *, by: str) -> ItemState:
        """Let a value act that stands on a list of shared infrastructure, by a person's choice.

        Raises:
            InputError: nobody named this value.
            StorageFault: the disk or the database refused.
        """
        found = self.shelf.find(item)
        if found is None:
            raise InputError(f"nobody named {item.value[:120]!r}", remedy="Check the spelling")
        self.shelf.accept(item, by=by, now=self._now())
        self.shelf.reconsider([found.number])
        with self._one_at_a_time:
            self._decide()
        return self.shelf.find(item) or found

    def rules(self, ledger: Mapping[tuple[str, Sort], Precision]) -> Rules:
        """Return this node's rules as they are now.

        Raises:
            InputError: the list of own assets cannot be read.
        """
        charter = self._charter
        members = () if charter is None else charter.members
        return Rules(
            f=0 if charter is None else charter.f,
            owners=Owners(
                of_member={each.id: each.operator or each.id for each in members},
                me=self._home.identity.member,
            ),
            own=own_assets(self._home),
            registered={
                each.id: Assets.registered(() if charter is None else charter.assets, each.id)
                for each in members
            },
            benign=self._benign,
            ledger=ledger,
            accepted=self.shelf.accepted(),
        )

    @property
    def _charter(self) -> Charter | None:
        """The newest version this node knows; read once, as often as it is asked for."""
        chain = self._home.chain
        return None if chain is None else chain.latest

    def _note(self, note: bytes) -> None:
        signed = SignedNote.parse(note)
        checkpoint = Checkpoint.parse(signed.text)
        for cosigner, moment in self._cosigned(signed, checkpoint.origin):
            self.shelf.seen(checkpoint.origin, cosigner, checkpoint.size, moment)

    def _kept_notes(self) -> Iterator[bytes]:
        """Yield the cosigned checkpoints that lie here and were not looked at yet."""
        charter = self._charter
        for member in () if charter is None else self._home.present_charter(charter).members:
            path = self._home.layout.cosigned(member.origin)
            note = read_capped(path, bytes_max=NOTE_BYTES_MAX) if path.is_file() else b""
            if note and self._looked_at.get(member.origin) != note:
                self._looked_at[member.origin] = note
                yield note

    def _take_some(self) -> bool:
        """Take the next statements, few enough for memory; say whether there were any."""
        taken: list[TakenStatement] = []
        claims = upto = 0
        for stored in self._next():
            upto = stored.number
            if (read := self._read(stored)) is not None:
                taken.append(read)
                claims += len(read.claims)
            if claims >= _CLAIMS_AT_ONCE:
                break
        if upto:
            self.shelf.take(taken, upto=upto)
        return bool(upto)

    def _next(self) -> list[StoredStatement]:
        """Return the next statements that are complete, in the order in which they were taken."""
        page = self._home.index.statements(after=self.shelf.taken(), limit=_STATEMENTS_AT_ONCE)
        whole: list[StoredStatement] = []
        for stored in page:
            if stored.objects is None:
                break  # still coming in
            whole.append(stored)
        return whole

    def _read(self, stored: StoredStatement) -> TakenStatement | None:
        if stored.row.ciphertext is None:
            return None
        try:
            statement = parse_entry(entry_of(self._home, stored))
            if not isinstance(statement.header.says, Sealed):
                return None
            leaves = leaves_of(self._home, statement)
            chain = self._home.chain
            charters = () if chain is None else chain.charters
            return (
                None
                if leaves is None
                else read_statement(stored, statement, leaves.read(), charters)
            )
        except EnvironmentFault:
            raise
        except UnitError:
            return None  # content that nobody can use is shown where it was received

    def _decide(self) -> int:
        """Decide about values; where an issuer's record turned, about all it claims too.

        What is due is kept with what was said, so a process that stops here goes on here.
        Marks depend on no ledger, so the second round turns none.
        """
        count = 0
        while self._is_unsettled or self.shelf.due(self._now(), limit=1):
            # Until records were held against what was decided, also by a process before.
            self._is_unsettled = True
            rules, now = self.rules(self.shelf.ledger()), self._now()
            weigher = Weigher(rules, now)
            while due := self.shelf.due(now, limit=_ITEMS_AT_ONCE):
                if self.stopping.is_set():
                    return count
                decided = [
                    (number, *weigher.weigh(dossier))
                    for number, dossier in self.shelf.dossiers(due)
                ]
                self.shelf.settle(decided, now)
                count += len(decided)
                self._changed(due)
            self._is_unsettled = self._turn()
        return count

    def _turn(self) -> bool:
        """Let the values of issuers whose record crossed the floor be decided about anew."""
        poor = {line for line, precision in self.shelf.ledger().items() if precision.is_poor}
        crossed = poor ^ self.shelf.poor()
        if not crossed:
            return False
        issuers = {issuer for issuer, _ in crossed}
        numbers = {each for issuer in issuers for each in self.shelf.items_of_issuer(issuer)}
        self.shelf.turn(poor, numbers)
        return True

    def _cosigned(self, signed: SignedNote, origin: str) -> list[tuple[str, datetime]]:
        charter = self._charter
        charter = None if charter is None else self._home.present_charter(charter)
        owner = next((m for m in charter.members if m.origin == origin), None) if charter else None
        if charter is None or owner is None:
            return []
        known = {key: each.id for each in charter.members for key in mirror_verifiers(each)}
        known |= {
            key: f"{each.id}/witness" for each in charter.members for key in witness_verifiers(each)
        }
        known |= {
            key: f"outside:{each.name}"
            for each in charter.witnesses
            for key in outside_verifiers(each)
        }
        opened = open_signed(signed, (*log_verifiers(owner), *known))
        return [
            (known[each.verifier], _moment(each.timestamp))
            for each in opened.verified
            if each.verifier in known and each.timestamp
        ]


def _lock_of(home: Home) -> Lock:
    """Return the lock of a home: whoever decides about its values waits for the others."""
    with _LOCKS_HELD:
        return _LOCKS.setdefault(home, Lock())


def own_assets(home: Home) -> Assets:
    """Return what this office wrote down as its own; the list is private and may be missing.

    Raises:
        InputError: a line of it cannot be read.
        StorageFault: the disk refused.
    """
    path = home.layout.directory / ASSETS_FILE
    if not path.exists():
        return Assets()
    try:
        return Assets.parse(read_capped(path, bytes_max=_ASSETS_BYTES_MAX).decode())
    except (UnicodeDecodeError, WatchError) as error:
        remedy = error.remedy if isinstance(error, UnitError) else "Write it in UTF-8"
        raise InputError(str(error), file=str(path), remedy=remedy) from None


def _moment(timestamp: int) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
