"""Promises not kept: a demand the accused cosigned, and its own log past the deadline.

The accused's mirror cosignature over the demand is kept when it is first seen, because
later checkpoints carry later ones. Silence shows nothing: that is lapse (trust.md, section 5).
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from detente.charter.avowals import Leave
from detente.errors import UnitError
from detente.exchange.protocol.paths import cosigned_path
from detente.node.followed import size_of
from detente.node.home import Home
from detente.node.proving import taken_entry
from detente.node.reading import entry_at
from detente.node.receipts import make_receipt
from detente.proofs import REDELIVERY_DUE, CharterChain, ProofFile, prove_broken_promise
from detente.proofs.file import FILE_BYTES_MAX
from detente.statements import Grant, Undelivered, parse_entry
from detente.storage.disk import Disk, make_private_folder, read_capped, write_whole
from detente.storage.following import FollowedLogs
from detente.storage.model import StoredStatement
from detente.tlog import (
    Checkpoint,
    KeyType,
    Receipt,
    SignedNote,
    TilePath,
    open_note,
    read_bundle,
    unpack_entries,
)
from detente.tlog.note import NOTE_BYTES_MAX
from detente.tlog.tiles import TILE_WIDTH, new_bundles

_AT_ONCE = 200
_OPEN_MAX = 1_024
_RECEIPT_BYTES_MAX = 2**20


@dataclass(frozen=True, slots=True)
class _Demand:
    """A complaint that waits for its answer.

    Attributes:
        complaint: payload hash.
        origin: log it stands in.
        seq: place in it.
        accused: whose answer is due.
        about: the accused's entry complained of.
    """

    complaint: str
    origin: str
    seq: int
    accused: str
    about: bytes


class Promises:
    """The answers that are due in the unit, as one node sees it.

    Args:
        home: open.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._following = FollowedLogs(home.database)
        self._seen = self._granted = 0
        self._open: dict[str, _Demand] = {}
        self._answered: set[tuple[str, str]] = set()
        self._tried: dict[str, bytes] = {}
        self._shown: set[str] = set()

    def turn(self, chain: CharterChain) -> Iterator[ProofFile]:
        """Yield a file for each demand whose time passed while the accused went on signing.

        Raises:
            StorageFault: the disk or the database refused.
        """
        self._take_up()
        for demand in list(self._open.values()):
            if (demand.accused, demand.complaint) in self._answered:
                self._drop(demand)
                continue
            if demand.complaint in self._shown:
                continue  # one file shows it; a later checkpoint would only make another
            with suppress(UnitError):
                receipt = self._receipt(demand, chain)
                if receipt is not None:
                    yield from self._overdue(demand, receipt, chain)

    def _take_up(self) -> None:
        index = self._home.index
        for stored in index.statements(kind="undelivered", after=self._seen, limit=_AT_ONCE):
            entry = self._entry(stored)
            if entry is None:
                break
            self._seen = stored.number
            with suppress(UnitError):
                self._note(stored, Undelivered.parse(parse_entry(entry).clear).statement)
        for stored in index.statements(kind="grant", after=self._granted, limit=_AT_ONCE):
            entry = self._entry(stored)
            if entry is None:
                break
            self._granted = stored.number
            with suppress(UnitError):
                grant = Grant.parse(parse_entry(entry).clear)
                self._answered.add((stored.row.issuer, grant.complaint))

    def _note(self, stored: StoredStatement, about: str) -> None:
        row = stored.row
        found = self._home.index.statement(about)
        awaited = self._following.awaited_one(about)
        entry = awaited.entry if awaited is not None else None
        accused = "" if awaited is None else awaited.issuer
        if found is not None:
            accused, entry = found.row.issuer, self._entry(found)
        if entry is None or accused in ("", self._home.identity.member):
            return
        if len(self._open) < _OPEN_MAX:
            demand = _Demand(row.payload_hash, row.origin, row.seq, accused, entry)
            self._open[row.payload_hash] = demand

    def _entry(self, stored: StoredStatement) -> bytes | None:
        row = stored.row
        if row.issuer == self._home.identity.member:
            return entry_at(self._home, row.origin, row.seq)
        return taken_entry(self._home, row.origin, row.seq)

    def _receipt(self, demand: _Demand, chain: CharterChain) -> Receipt | None:
        """Return the receipt with the accused's first cosignature over a demand, kept since."""
        file = self._file(demand.complaint)
        if file.exists():
            return Receipt.parse(read_capped(file, bytes_max=_RECEIPT_BYTES_MAX))
        shown = self._home.layout.directory / cosigned_path(demand.origin)
        note = read_capped(shown, bytes_max=NOTE_BYTES_MAX) if shown.exists() else b""
        if not note or size_of(note) <= demand.seq:
            return None
        opened = open_note(note, chain.keyring.mirrors_of(demand.accused))
        if not any(one.timestamp for one in opened.verified):
            return None
        receipt = make_receipt(self._home.tiles(demand.origin), demand.seq, note)
        if not file.parent.exists():
            make_private_folder(file.parent)
        write_whole(file, receipt.to_bytes(), disk=Disk())
        return receipt

    def _overdue(
        self, demand: _Demand, receipt: Receipt, chain: CharterChain
    ) -> Iterator[ProofFile]:
        about = parse_entry(demand.about).header
        history = chain.keyring.history(demand.accused)
        origin = "" if history is None else f"{history.log}/{about.epoch}"
        followed = self._following.read(origin)
        if followed is None or not followed.complete or followed.taken != size_of(followed.note):
            return
        seen = open_note(receipt.checkpoint, chain.keyring.mirrors_of(demand.accused))
        due = max(one.timestamp or 0 for one in seen.verified) + REDELIVERY_DUE.total_seconds()
        note = followed.note
        if self._tried.get(demand.complaint) == note or _signed_at(note, origin, chain) <= due:
            return
        self._tried[demand.complaint] = note
        entries = self._entries(origin, size_of(note))
        if sum(map(len, entries)) > FILE_BYTES_MAX // 2 or self._left(demand.accused):
            return
        yield prove_broken_promise(
            accused=demand.accused,
            demand=receipt.extra or b"",
            demand_receipt=receipt.to_bytes(),
            about=demand.about,
            checkpoint=note,
            entries=entries,
        )
        self._shown.add(demand.complaint)

    def _left(self, accused: str) -> bool:
        return bool(self._home.index.statements(issuer=accused, kind=Leave.KIND, limit=1))

    def _entries(self, origin: str, size: int) -> list[bytes]:
        tiles, entries = self._home.tiles(origin), list[bytes]()
        for path in new_bundles(0, size):
            width = min(TILE_WIDTH, size - path.index * TILE_WIDTH)
            entries += unpack_entries(read_bundle(tiles, TilePath(None, path.index, width)), width)
        return entries

    def _drop(self, demand: _Demand) -> None:
        del self._open[demand.complaint]
        self._tried.pop(demand.complaint, None)
        self._file(demand.complaint).unlink(missing_ok=True)

    def _file(self, complaint: str) -> Path:
        return self._home.layout.directory / "demands" / complaint


def _signed_at(note: bytes, origin: str, chain: CharterChain) -> int:
    """Return the time at which the log's post-quantum key says it signed, 0 for none."""
    keys = [
        verifier
        for _, verifier in chain.keyring.log_keys(origin)
        if verifier.key_type is KeyType.MLDSA44
    ]
    if Checkpoint.parse(SignedNote.parse(note).text).origin != origin:
        return 0
    return min((one.timestamp or 0 for one in open_note(note, keys).verified), default=0)
