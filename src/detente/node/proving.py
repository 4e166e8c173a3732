"""Kept faults made into proof files: what two signed things of one key show together.

A node does this by itself and at once, for whoever is accused. What comes out verifies
under the charter chain before anybody is told of it, and says what a key did, not why.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from detente.charter.avowals import Suspend
from detente.errors import EnvironmentFault, UnitError
from detente.node.followed import size_of
from detente.node.home import Home
from detente.node.receipts import read_entry
from detente.node.unsealing import open_received
from detente.proofs import (
    CharterChain,
    ProofFile,
    prove_denial,
    prove_double_statement,
    prove_key_beyond_cut_off,
)
from detente.statements import Clear, Handling, Kind, Statement, open_leaves, parse_entry
from detente.storage.acting_objects import ActingObjects
from detente.storage.evidence import EvidenceShelf, Sort
from detente.storage.following import FollowedLogs
from detente.storage.model import StoredStatement

_LOOSE_MAX = 4_096  # entries that stand where they were not made for, remembered at once
_AT_ONCE = 500  # faults or denials looked at in one turn
_DENIALS = "denials"


class Contradictions:
    """Finds what contradicts each other in what one node holds.

    Args:
        home: open.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._evidence = EvidenceShelf(home.database)
        self._done = ActingObjects(home.database)
        self._faults_seen = 0
        self._loose: dict[str, Statement] = {}
        self._open_denials: dict[str, StoredStatement] = {}
        self._unheard: dict[tuple[str, str], tuple[bytes, bytes]] = {}  # denial and its opening

    def find(self, chain: CharterChain) -> Iterator[ProofFile]:
        """Yield files that may show something; the caller checks, keeps and shows them.

        Asked again, only what came since is looked at.

        Raises:
            StorageFault: the disk or the database refused.
        """
        yield from self._of_faults(chain)
        self._take_denials()
        yield from self._of_what_is_denied()

    def _of_faults(self, chain: CharterChain) -> Iterator[ProofFile]:
        """Look at entries that do not count: made for another place, or by a key that ended."""
        for kept in self._evidence.kept(Sort.FAULT, after=self._faults_seen, limit=_AT_ONCE):
            self._faults_seen = kept.number
            with suppress(UnitError):
                statement = parse_entry(self._evidence.read(kept))
                if statement.header.unit == chain.unit:
                    self._remember(statement)
                    yield from _beyond_cut_off(statement, chain)
        for name, statement in list(self._loose.items()):
            there = self._standing_at(statement, chain)
            if there is None:
                continue
            del self._loose[name]
            if parse_entry(there).payload_hash != statement.payload_hash:
                yield prove_double_statement(*sorted((there, statement.to_entry())))

    def _remember(self, statement: Statement) -> None:
        while len(self._loose) >= _LOOSE_MAX:
            del self._loose[next(iter(self._loose))]
        self._loose[statement.payload_hash] = statement

    def _standing_at(self, statement: Statement, chain: CharterChain) -> bytes | None:
        """Return the entry at the place a statement was made for; None while there is none."""
        header = statement.header
        history = chain.keyring.history(header.issuer)
        if history is None:
            return None
        return taken_entry(self._home, f"{history.log}/{header.epoch}", header.seq)

    def _take_denials(self) -> None:
        kind, after = Kind.DENIAL.value, self._done.done(_DENIALS)
        for stored in self._home.index.statements(kind=kind, after=after, limit=_AT_ONCE):
            if stored.row.issuer != self._home.identity.member:
                self._open_denials[stored.row.payload_hash] = stored
            self._done.advance(_DENIALS, stored.number)
        while len(self._open_denials) > _LOOSE_MAX:
            del self._open_denials[next(iter(self._open_denials))]
        for stored in list(self._open_denials.values()):
            try:
                self._take_denial(stored)
            except EnvironmentFault:
                raise
            except UnitError:  # erased meanwhile
                self._open_denials.pop(stored.row.payload_hash, None)

    def _take_denial(self, stored: StoredStatement) -> None:
        """Note what a denial names; it may be said only later."""
        row = stored.row
        denial = taken_entry(self._home, row.origin, row.seq)
        if denial is None:
            return
        content = open_received(self._home, parse_entry(denial))
        del self._open_denials[row.payload_hash]
        if content is None:
            return
        opening = open_leaves(content, {0}).to_bytes()
        for name in Handling.parse(content.leaves[0].data).about:
            self._unheard[(row.issuer, name)] = (denial, opening)

    def _of_what_is_denied(self) -> Iterator[ProofFile]:
        """Hold denials against what they name, some at a time; what is not here is waited for."""
        while len(self._unheard) > _LOOSE_MAX:
            del self._unheard[next(iter(self._unheard))]
        for (issuer, name), (denial, opening) in list(islice(self._unheard.items(), _AT_ONCE)):
            del self._unheard[(issuer, name)]
            found = self._home.index.statement(name)
            if found is not None and found.row.issuer != issuer:
                continue  # to deny what another said is nobody's fault
            said = None
            if found is not None:
                said = taken_entry(self._home, found.row.origin, found.row.seq)
            if said is None:
                self._unheard[(issuer, name)] = (denial, opening)  # looked at again after the rest
            else:
                yield prove_denial(said, denial, opening)


def taken_entry(home: Home, origin: str, seq: int) -> bytes | None:
    """Return an entry of a log that is followed; None where it was not taken that far.

    Raises:
        StorageFault, MirrorError, TileError: the log's files are missing or damaged.
    """
    followed = FollowedLogs(home.database).read(origin)
    size = size_of(followed.complete) if followed is not None and followed.complete else 0
    return read_entry(home.tiles(origin), seq, size) if seq < size else None


def _beyond_cut_off(statement: Statement, chain: CharterChain) -> Iterator[ProofFile]:
    """Yield the file for a key that signed after its own member had suspended it."""
    for entry in chain.file.avowals:
        avowal = parse_entry(entry)
        says = avowal.header.says
        is_stop = isinstance(says, Clear) and says.kind == Suspend.KIND
        if is_stop and avowal.header.issuer == statement.header.issuer:
            yield prove_key_beyond_cut_off(entry, statement.to_entry())
