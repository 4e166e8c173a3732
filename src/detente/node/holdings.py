"""What taking up others' logs needs of a node: its copies, its memory, its keys.

`receiving` works on this face of a node and on nothing else, so that a simulation runs the
same code on stores in memory; `HomeHoldings` is the real one.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from detente.errors import PeerFault
from detente.exchange.protocol import Awaited, Roster
from detente.exchange.protocol.paths import cosigned_path
from detente.node.cosigning import Cosigner, member_cosigner
from detente.node.errors import SigningRefused
from detente.node.home import Home
from detente.node.opening import index_contents
from detente.proofs import CharterChain
from detente.statements import ContentError, SealingError
from detente.statements.batch import IndexRow
from detente.storage.checkpoints import SqliteCheckpoints
from detente.storage.disk import Disk, make_private_folder, read_capped, write_whole
from detente.storage.errors import NoSuchKey, RestoredState
from detente.storage.evidence import EvidenceShelf, Kept, NotKept
from detente.storage.following import AwaitedContent, FollowedLog, FollowedLogs
from detente.storage.model import StatementRow
from detente.storage.papers import Papers
from detente.storage.recoveries import PendingRecoveries, PendingRecovery
from detente.storage.tiles import TileFiles
from detente.tlog import Fresh, RolledBack, TilePath, judge_memory
from detente.tlog.note import NOTE_BYTES_MAX


class Copies(Protocol):
    """The files of one log, own or mirrored (a `tlog.TileStore` and more). UNTRUSTED."""

    def read(self, path: TilePath) -> bytes | None:
        """Return the stored bytes, None where there are none."""
        ...

    def write(self, path: TilePath, data: bytes) -> None:
        """Store durably; the same bytes again are fine."""
        ...

    def write_all(self, tiles: Sequence[tuple[TilePath, bytes]]) -> None:
        """Store many durably."""
        ...

    def publish(self, note: bytes) -> None:
        """Replace the checkpoint that readers see."""
        ...

    def published(self) -> bytes | None:
        """Return the checkpoint that readers see."""
        ...


class Following(Protocol):
    """How far logs were taken. TRUSTED; see `storage.following.FollowedLogs`."""

    def origins(self) -> list[str]:
        """Return the logs of which something is held."""
        ...

    def read(self, origin: str) -> FollowedLog | None:
        """Return what is held of one log."""
        ...

    def accept(self, origin: str, *, note: bytes, edge: bytes, now: datetime) -> None:
        """Keep the newest checkpoint."""
        ...

    def replace_note(self, origin: str, *, old: bytes, new: bytes) -> None:
        """Put the same checkpoint with more cosignatures in the place of one."""
        ...

    def advance(
        self, before: FollowedLog, after: FollowedLog, awaits: list[AwaitedContent]
    ) -> bool:
        """Note entries as taken; False where somebody was faster."""
        ...

    def fork(self, origin: str, at: int) -> None:
        """Note from where on nothing in a log counts."""
        ...

    def awaited(self, issuer: str, *, limit: int) -> list[AwaitedContent]:
        """Return contents that are to come."""
        ...

    def arrived(self, payload_hashes: Sequence[str]) -> None:
        """Note that contents need not come any more."""
        ...


class Recovering(Protocol):
    """Recoveries that wait. TRUSTED; see `storage.recoveries.PendingRecoveries`."""

    def all(self) -> list[PendingRecovery]:
        """Return every one."""
        ...

    def keep(self, recovery: PendingRecovery) -> PendingRecovery:
        """Keep one unless one of that member is kept; return the one that is kept."""
        ...

    def drop(self, member: str) -> None:
        """Forget the recovery of one member."""
        ...


class PaperShelf(Protocol):
    """What ballots are about. UNTRUSTED; see `storage.papers.Papers`."""

    def want(self, names: Iterable[str]) -> None:
        """Note that these papers are to come."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Keep a paper."""
        ...

    def wanted(self, *, limit: int) -> list[str]:
        """Return papers that are to come."""
        ...


class Holdings(Protocol):
    """One node, as `receiving` sees it."""

    @property
    def me(self) -> str:
        """Hex member id."""
        ...

    @property
    def own_origin(self) -> str:
        """The log that this node writes now."""
        ...

    @property
    def guard(self) -> AbstractContextManager[object]:
        """Held while something is taken up, so that two threads do not meet half-way."""
        ...

    @property
    def following(self) -> Following:
        """How far logs were taken."""
        ...

    @property
    def recoveries(self) -> Recovering:
        """Recoveries of others that wait."""
        ...

    @property
    def papers(self) -> PaperShelf:
        """What ballots are about."""
        ...

    @property
    def roster(self) -> Roster:
        """Who may sign what, by the charter chain of this moment."""
        ...

    def keep_chain(self, chain: CharterChain) -> None:
        """Replace it by one that says more."""
        ...

    def copies(self, origin: str) -> Copies:
        """Return the files of a log."""
        ...

    def add_statements(self, said: Sequence[tuple[StatementRow, Sequence[IndexRow]]]) -> None:
        """Put statements into the index; known ones are passed over."""
        ...

    def keep_fault(self, fault: PeerFault, now: datetime) -> Kept | NotKept:
        """Keep what a peer did wrong."""
        ...

    def keep_proof(self, data: bytes, *, accused: str, kind: str, now: datetime) -> Kept | NotKept:
        """Keep a proof file."""
        ...

    def cosigners(self, origin: str) -> Sequence[Cosigner]:
        """Return this member's mirror and witness of one log; none while it must not sign."""
        ...

    def shown(self, origin: str) -> bytes | None:
        """Return what the monitoring path of a log shows."""
        ...

    def show(self, origin: str, note: bytes) -> None:
        """Replace what the monitoring path of a log shows."""
        ...

    def open_all(
        self, awaits: Sequence[Awaited], now: datetime
    ) -> Sequence[tuple[PeerFault, ...] | ContentError | SealingError]:
        """Open contents that are here, check them, index them.

        Returns:
            Of each its bad leaves, or why it is not what was said.
        """
        ...

    def stop_signing(self, note: bytes) -> bool:
        """Stop where the note shows that this node signed more than it remembers."""
        ...


class HomeHoldings:
    """The holdings of an open home.

    Args:
        home: open.
        now: the clock, for cosignatures.
        stopped: called once this node must not sign any more, with the reason.
        shown: called with every cosigned checkpoint that is shown from now on.
        may_cosign: False while this node's clock is in doubt.
        disk: how bytes become durable.
    """

    def __init__(
        self,
        home: Home,
        *,
        now: Callable[[], datetime],
        stopped: Callable[[str], None],
        shown: Callable[[bytes], None] = lambda _note: None,
        may_cosign: Callable[[], bool] = lambda: True,
        disk: Disk | None = None,
    ) -> None:
        self._home = home
        self._now = now
        self._stopped = stopped
        self._shown = shown
        self._may_cosign = may_cosign
        self._disk = disk or Disk()
        self._following = FollowedLogs(home.database)
        self._papers = Papers(home.database)
        self._recoveries = PendingRecoveries(home.database)
        self._evidence = EvidenceShelf(home.database)
        self._roster: Roster | None = None
        self._checkpoints = SqliteCheckpoints(home.database)

    @property
    def me(self) -> str:
        """Hex member id."""
        return self._home.identity.member

    @property
    def own_origin(self) -> str:
        """The log that this node writes now."""
        return self._home.identity.origin

    @property
    def guard(self) -> AbstractContextManager[object]:
        """Held while something is taken up: own statements change the chain too."""
        return self._home.taking_up

    @property
    def following(self) -> FollowedLogs:
        """How far logs were taken."""
        return self._following

    @property
    def recoveries(self) -> PendingRecoveries:
        """Recoveries of others that wait."""
        return self._recoveries

    @property
    def papers(self) -> Papers:
        """What ballots are about."""
        return self._papers

    @property
    def roster(self) -> Roster:
        """Who may sign what; raises RuntimeError in a node that works alone and pulls nothing."""
        chain = self._home.chain
        if chain is None:
            raise RuntimeError("a node without a unit follows nobody")
        if self._roster is None or self._roster.chain is not chain:
            self._roster = Roster(chain, self.me)
        return self._roster

    def keep_chain(self, chain: CharterChain) -> None:
        """Replace it by one that says more; raises StorageFault."""
        self._home.keep_chain(chain)

    def copies(self, origin: str) -> TileFiles:
        """Return the files of a log; raises StorageFault."""
        return TileFiles(self._home.layout.log(origin), disk=self._disk)

    def add_statements(self, said: Sequence[tuple[StatementRow, Sequence[IndexRow]]]) -> None:
        """Put statements into the index; raises as `ObjectIndex.add`."""
        self._home.index.add(said)

    def keep_fault(self, fault: PeerFault, now: datetime) -> Kept | NotKept:
        """Keep what a peer did wrong; raises StorageFault."""
        return self._evidence.keep_fault(fault, now=now)

    def keep_proof(self, data: bytes, *, accused: str, kind: str, now: datetime) -> Kept | NotKept:
        """Keep a proof file; raises StorageFault."""
        return self._evidence.keep_proof(data, accused=accused, kind=kind, now=now)

    def cosigners(self, origin: str) -> Sequence[Cosigner]:
        """Return this member's mirror and witness of one log; none while it must not sign."""
        if not self._may_cosign():
            return []
        logs = {origin: tuple(verifier for _, verifier in self.roster.log_keys(origin))}
        try:
            return [
                member_cosigner(self._home, mirror=mirror, logs=logs, now=self._now)
                for mirror in (True, False)
            ]
        except (RestoredState, SigningRefused, NoSuchKey):
            return []

    def shown(self, origin: str) -> bytes | None:
        """Return what the monitoring path of a log shows; raises StorageFault."""
        path = self._monitoring(origin)
        return read_capped(path, bytes_max=NOTE_BYTES_MAX) if path.is_file() else None

    def show(self, origin: str, note: bytes) -> None:
        """Replace what the monitoring path of a log shows, and its newest cosigned checkpoint."""
        path = self._monitoring(origin)
        for folder in (path.parent.parent, path.parent):
            if not folder.exists():
                make_private_folder(folder)
        # What `shown` reads comes last: a process stopped between the two shows it again.
        write_whole(self._home.layout.cosigned(origin), note, disk=self._disk)
        write_whole(path, note, disk=self._disk)
        self._shown(note)

    def _monitoring(self, origin: str) -> Path:
        return self._home.layout.directory / cosigned_path(origin)

    def open_all(
        self, awaits: Sequence[Awaited], now: datetime
    ) -> Sequence[tuple[PeerFault, ...] | ContentError | SealingError]:
        """Open contents that are here, check them, index them; as `opening.index_contents`."""
        size = sum(each.size for each in awaits)
        with self._home.intake.taking(size):
            return index_contents(self._home, awaits, now)

    def stop_signing(self, note: bytes) -> bool:
        """Stop where the note shows that this node signed more than it remembers."""
        origin = self.own_origin
        keys = [verifier for _, verifier in self.roster.log_keys(origin)]
        match judge_memory(self._checkpoints.read(origin), [note], keys, origin=origin):
            case Fresh():
                return False
            case RolledBack(seen=seen):
                self._stopped(
                    f"others hold this node's signature on {origin} at size {seen.size}, of which "
                    "it knows nothing"
                )
                return True
