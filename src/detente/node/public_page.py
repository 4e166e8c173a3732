"""What this member said to everybody, each with its receipt: through the one gate."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from detente.errors import UnitError
from detente.node.circle import circle_of
from detente.node.home import Home
from detente.node.reading import newest_statements, read_said, receipt_for
from detente.release import Cleared, PublicReader, Redacted, decide, hold
from detente.signing import JsonValue, format_time, parse_strict
from detente.statements import Opening, Sealed

LOOKED_AT_MAX = 500
REMEMBERED = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class PublicStatement:
    """One statement that anybody may read.

    Attributes:
        id: 64 hex digits.
        said: when, as its issuer claims.
        objects: what it says, as far as the gate lets everybody see it.
        entry: the log entry, which the receipt is for.
        receipt: tlog-proof; None while no checkpoint covers it.
    """

    id: str
    said: datetime
    objects: tuple[JsonValue, ...]
    entry: bytes
    receipt: bytes | None

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as a document."""
        receipt = None if self.receipt is None else self.receipt.decode(errors="replace")
        return {
            "id": self.id,
            "time": format_time(self.said),
            "objects": list(self.objects),
            "entry": b64encode(self.entry).decode(),
            "receipt": receipt,
        }


class PublicPage:
    """What anybody may read, gathered once in a while: a stranger's visits open no content.

    Args:
        home: open.
        now: the clock.
    """

    def __init__(self, home: Home, *, now: Callable[[], datetime]) -> None:
        self._home = home
        self._now = now
        self._lock = Lock()
        self._kept: tuple[datetime, list[PublicStatement]] | None = None

    def statements(self) -> list[PublicStatement]:
        """Return the newest public statements, as they stood at most five seconds ago.

        Raises:
            StorageFault: the disk or the database refused.
        """
        with self._lock:
            now = self._now()
            if self._kept is None or not timedelta() <= now - self._kept[0] < REMEMBERED:
                self._kept = (now, public_statements(self._home))
            return self._kept[1]


def public_statements(home: Home) -> list[PublicStatement]:
    """Return this member's newest public statements, the newest first.

    Raises:
        StorageFault: the disk or the database refused.
    """
    found: list[PublicStatement] = []
    circle = circle_of(home)
    for stored in reversed(newest_statements(home, kind=None, limit=LOOKED_AT_MAX)):
        if stored.row.issuer != home.identity.member:
            continue
        said = read_said(home, stored.row.payload_hash)
        if not isinstance(said.statement.header.says, Sealed) or said.content is None:
            continue
        answer = decide(hold(said.statement, said.content), PublicReader(), circle=circle)
        if isinstance(answer, Cleared) and isinstance(answer.form, Redacted):
            found.append(_public(home, stored.row.payload_hash, said.statement.header.time, answer))
    return found


def _public(home: Home, identifier: str, said: datetime, cleared: Cleared) -> PublicStatement:
    assert isinstance(cleared.form, Redacted)  # noqa: S101 - seen by the caller
    objects = tuple(
        parse_strict(each.leaf.data)
        for copy in cleared.form.copies
        for each in Opening.parse(copy).shown[1:]
    )
    try:
        receipt = receipt_for(home, identifier)[0].to_bytes()
    except UnitError:
        receipt = None  # no checkpoint covers it yet
    return PublicStatement(identifier, said, objects, cleared.entry, receipt)
