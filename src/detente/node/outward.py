"""What this node shows to others: its logs, what it cosigned, proofs, papers, and cleared content.

Implements `exchange.ports.Outward` on an open home. Reading only, from any thread.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from threading import Lock

from detente.errors import UnitError
from detente.exchange.errors import ExchangeError
from detente.exchange.limits import AWAITS_MAX, CLEARED_KEPT_MAX, PROOFS_LISTED_MAX
from detente.exchange.ports import Parcel
from detente.exchange.protocol.paths import (
    CHAIN,
    PROOFS,
    checked_digest,
    checked_origin,
    print_proof_list,
)
from detente.node.circle import circle_of
from detente.node.cosigning import Cosigner
from detente.node.home import Home
from detente.node.reading import open_own, own_entry
from detente.proofs import CharterChain, verify
from detente.proofs.file import FILE_BYTES_MAX
from detente.release import Circle, Cleared, MemberReader, Withheld, decide, hold
from detente.statements import Sealed, parse_entry
from detente.storage.disk import read_capped
from detente.storage.errors import MissingBlob
from detente.storage.evidence import EvidenceShelf, Sort
from detente.storage.following import FollowedLogs
from detente.storage.papers import Papers
from detente.tlog import Cosigned, Refused, TilePath
from detente.tlog.note import NOTE_BYTES_MAX

_Answer = Cleared | Withheld | None


class HomeOutward:
    """The outward face of an open node.

    Args:
        home: open.
        cosigner: this member's witness.
        may_cosign: False while this node's clock is in doubt.
    """

    def __init__(
        self, home: Home, cosigner: Cosigner, *, may_cosign: Callable[[], bool] = lambda: True
    ) -> None:
        self._home = home
        self._cosigner = cosigner
        self._may_cosign = may_cosign
        self._evidence = EvidenceShelf(home.database)
        self._following = FollowedLogs(home.database)
        self._papers = Papers(home.database)
        self._cleared: OrderedDict[tuple[str, int, str, str], _Answer] = OrderedDict()
        self._clearing = Lock()
        self._sound: dict[str, CharterChain] = {}  # as many as there is room for proofs

    def read(self, path: str) -> bytes | None:
        """Return what is shown to anybody at a path of `protocol.paths`; None for nothing.

        Raises:
            StorageFault: the disk refused.
        """
        top, _, rest = path.partition("/")
        match top:
            case "logs":
                return self._of_log(rest)
            case "witness":
                return _file(self._home.layout.directory / "witness" / rest, NOTE_BYTES_MAX)
            case _ if path == CHAIN:
                return _file(self._home.layout.chain, FILE_BYTES_MAX)
            case _ if path == PROOFS:
                return print_proof_list(self._evidence.newest_proofs(limit=PROOFS_LISTED_MAX))
            case "proofs" | "papers":
                return self._proof(rest) if top == PROOFS else self._paper(rest)
            case _:
                return None

    def document(self, digest: str) -> bytes | None:
        """Return a charter, acceptance or other paper of the unit; never content.

        Raises:
            StorageFault: the disk refused.
        """
        chain = self._home.chain
        if chain is None:
            return None
        papers = (*chain.file.charters, *chain.file.acceptances)
        return next((data for data in papers if _hash(data) == digest), None)

    def clear(self, origin: str, seq: int, reader: MemberReader) -> _Answer:
        """Ask the gate what of one of this node's own statements a reader may get.

        Raises:
            StorageFault: the disk or the database refused.
        """
        home = self._home
        if origin.partition("/")[0] != home.identity.log:
            return None
        circle = circle_of(home)
        key = (origin, seq, reader.member, _state(circle))
        with self._clearing:
            if key in self._cleared:
                return self._cleared[key]
        try:
            statement = parse_entry(own_entry(home, origin, seq))
        except UnitError:
            return None
        if not isinstance(statement.header.says, Sealed):
            return None
        answer = decide(hold(statement, open_own(home, statement)), reader, circle=circle)
        with self._clearing:
            self._cleared[key] = answer
            while len(self._cleared) > CLEARED_KEPT_MAX:
                self._cleared.popitem(last=False)
        return answer

    def parcel(self, cleared: Cleared, digest: str) -> Parcel | None:
        """Return a wrap or ciphertext of a cleared statement; None where it is not of it.

        Raises:
            StorageFault: the disk refused.
        """
        sealed = parse_entry(cleared.entry).sealed
        if digest != sealed.ciphertext and digest not in sealed.wraps:
            return None
        blobs = self._home.blobs
        try:
            return Parcel(cleared, blobs.size(digest), blobs.chunks(digest))
        except MissingBlob:
            return None

    def awaits(self, member: str) -> list[tuple[str, int]]:
        """Return origin and place of a member's statements whose content did not come yet.

        Raises:
            StorageFault: the database refused.
        """
        rows = self._following.awaited(member, limit=AWAITS_MAX)
        return [(row.origin, row.seq) for row in rows]

    def add_checkpoint(self, request: bytes) -> Cosigned | Refused:
        """Judge a request to this member's witness (C2SP tlog-witness).

        Raises:
            StorageFault: the database refused; nothing was cosigned.
        """
        if not self._may_cosign():
            return Refused(
                HTTPStatus.SERVICE_UNAVAILABLE, "the clock of this witness is in doubt\n"
            )
        return self._cosigner.answer(request)

    def _of_log(self, rest: str) -> bytes | None:
        log, epoch, what = rest.split("/", 2)
        origin = f"{log}/{epoch}"
        try:
            checked_origin(origin)
        except ExchangeError:
            return None
        if not self._home.layout.log(origin).is_dir():
            return None  # nothing is made for who asks after what is not there
        tiles = self._home.tiles(origin)
        return tiles.published() if what == "checkpoint" else tiles.read(TilePath.parse(what))

    def _paper(self, name: str) -> bytes | None:
        try:
            return self._papers.get(checked_digest(name))
        except ExchangeError:
            return None

    def _proof(self, digest: str) -> bytes | None:
        """Return a proof that verifies by what is known now; a key's range may have ended."""
        chain = self._home.chain
        for kept in self._evidence.find(digest):
            if kept.sort is Sort.PROOF and kept.is_whole and chain is not None:
                data = self._evidence.read(kept)
                if self._sound.get(digest) is not chain:
                    if not verify(data, chain).valid:
                        return None
                    self._sound[digest] = chain
                return data
        return None


def _state(circle: Circle) -> str:
    """Name everything in a circle that an answer depends on: another circle, another answer."""
    standings = sorted(f"{member}={how.value}" for member, how in circle.standings.items())
    return _hash(",".join([*standings, *sorted(circle.rosters)]).encode())


def _file(path: Path, bytes_max: int) -> bytes | None:
    return read_capped(path, bytes_max=bytes_max) if path.is_file() else None


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
