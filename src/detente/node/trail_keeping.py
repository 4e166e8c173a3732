"""Keeping the trail: entries in the database, and its signed head in a file beside it.

Who can write the database but not the node's directory cannot cut the end off unseen. What was
found cut is itself an entry, written before anything else, so that going on does not hide it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from detente.node.home import Home
from detente.signing import (
    Envelope,
    EnvelopeError,
    SignatureError,
    Signer,
    canonical,
    key_id,
    parse_strict,
    sign_envelope,
)
from detente.signing import Role as KeyRole
from detente.storage.disk import Disk, read_capped, write_whole
from detente.storage.errors import NoSuchKey
from detente.storage.keyfiles import KeyType
from detente.storage.trail import TrailEntry, TrailPlace, TrailShelf

WHOLE_EVERY = timedelta(hours=1)
HEAD_FILE = "trail.head"
_HEAD_BYTES_MAX = 4_096
_GOES_ON = "This node"


@dataclass(frozen=True, slots=True)
class TrailReport:
    """Whether the trail holds.

    Attributes:
        broken: numbers of entries that were altered or do not follow, as last seen.
        entries: number of the last entry that was looked at.
        whole_at: when all of it was looked at last; newer entries are looked at each time.
        head_fault: what the head outside the database says against it; "" where nothing.
    """

    broken: tuple[int, ...]
    entries: int
    whole_at: datetime
    head_fault: str


class Trail:
    """The trail of an open node. Safe for threads of one process.

    Args:
        home: open.
        now: the clock.
    """

    def __init__(self, home: Home, *, now: Callable[[], datetime]) -> None:
        self._home = home
        self._now = now
        self._shelf = TrailShelf(home.database)
        self._file = home.layout.directory / HEAD_FILE
        self._lock = Lock()
        self._checked: tuple[TrailReport, TrailPlace] | None = None

    def record(self, person: str, name: str, action: str, subject: str, detail: str) -> None:
        """Keep what somebody did, and the new head.

        Raises:
            StorageFault: the database or the disk refused.
        """
        with self._lock:
            signer = self._signer()
            if fault := self._head_fault():
                self._add(signer, "", _GOES_ON, "find the trail cut", "trail", fault)
            end = self._add(signer, person, name, action, subject, detail)
            head = {"head": end.number, "hash": end.hash.hex()}
            data = sign_envelope(KeyRole.TRAIL, canonical(head), signer).to_bytes()
            write_whole(self._file, data, disk=Disk())

    def newest(self, *, before: int, limit: int) -> list[TrailEntry]:
        """Return entries, the newest first, each checked against the one before it.

        Raises:
            StorageFault: the database refused, or an entry is damaged.
        """
        return self._shelf.newest(self._keys(), before=before, limit=limit)

    def check(self) -> TrailReport:
        """Look at what came since the last look, and once in an hour at all of it.

        Raises:
            StorageFault: the database refused, or an entry is damaged.
        """
        with self._lock:
            now, begun = self._now(), TrailPlace()
            report = TrailReport((), 0, now, "")
            if self._checked is not None:
                known, end = self._checked
                is_fresh = timedelta() <= now - known.whole_at < WHOLE_EVERY
                report, begun = (known, end) if is_fresh else (report, begun)
            broken, end = self._shelf.check(self._keys(), begun)
            report = replace(
                report,
                broken=(*report.broken, *broken),
                entries=end.number,
                head_fault=self._head_fault(),
            )
            self._checked = report, end
            return report

    def _add(self, signer: Signer, *said: str) -> TrailPlace:
        person, name, action, subject, detail = said
        return self._shelf.add(
            signer,
            at=int(self._now().timestamp()),
            person=person,
            name=name,
            action=action,
            subject=subject,
            detail=detail,
        )

    def _head_fault(self) -> str:
        """Return what the head says against the trail; "" where it says nothing."""
        if not self._file.exists():
            is_new = self._shelf.count() == 0
            return "" if is_new else f"no head of it was kept in {HEAD_FILE}"
        try:
            head = self._read_head()
        except (EnvelopeError, SignatureError, ValueError):
            return f"the head in {HEAD_FILE} is not as this node signed it"
        if self._shelf.holds(head):
            return ""
        return f"entry {head.number}, which {HEAD_FILE} names as the last, is not there as it was"

    def _read_head(self) -> TrailPlace:
        if self._file.stat().st_size > _HEAD_BYTES_MAX:
            raise ValueError
        envelope = Envelope.parse(read_capped(self._file, bytes_max=_HEAD_BYTES_MAX))
        key = self._keys().get(envelope.keyid)
        if key is None:
            raise SignatureError("signed by no key of the trail")
        envelope.verify(key)
        document = parse_strict(envelope.payload)
        if not isinstance(document, dict) or type(document.get("head")) is not int:
            raise ValueError
        return TrailPlace(int(str(document["head"])), bytes.fromhex(str(document.get("hash"))))

    def _signer(self) -> Signer:
        ring = self._home.keys
        try:
            return ring.signer(KeyRole.TRAIL)
        except NoSuchKey:
            # A node made before there was a trail.
            ring.generate(KeyRole.TRAIL, KeyType.ED25519)
            return ring.signer(KeyRole.TRAIL)

    def _keys(self) -> dict[str, bytes]:
        held = (each for each in self._home.keys.headers() if each.role is KeyRole.TRAIL)
        return {key_id(each.public_key): each.public_key for each in held}
