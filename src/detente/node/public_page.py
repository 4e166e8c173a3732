"""What this member said to everybody, each with its receipt: through the one gate."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from threading import Lock

from detente.errors import UnitError
from detente.node.circle import circle_of
from detente.node.disclosing import decide_public, published, taken_back
from detente.node.home import Home
from detente.node.reading import Said, read_said, receipt_for
from detente.release import Cleared, Redacted
from detente.signing import JsonValue, format_time, parse_strict
from detente.statements import Opening

LOOKED_AT_MAX = 500
REMEMBERED = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class PublicStatement:
    """One statement that anybody may read.

    Attributes:
        id: 64 hex digits.
        said: when, as its issuer claims.
        objects: what it says, as far as the gate lets everybody see it.
        openings: the bytes that show that the entry commits to the objects.
        entry: the log entry, which the receipt is for.
        receipt: tlog-proof; None while no checkpoint covers it.
        is_taken_back: its issuer retracted it.
    """

    id: str
    said: datetime
    objects: tuple[JsonValue, ...]
    openings: tuple[bytes, ...]
    entry: bytes
    receipt: bytes | None
    is_taken_back: bool

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as a document."""
        receipt = None if self.receipt is None else self.receipt.decode(errors="replace")
        return {
            "id": self.id,
            "time": format_time(self.said),
            "taken_back": self.is_taken_back,
            "objects": list(self.objects),
            "openings": [b64encode(each).decode() for each in self.openings],
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
    """Return what this member published, the newest publication first.

    Raises:
        StorageFault: the disk or the database refused.
    """
    wanted = list(islice(published(home), LOOKED_AT_MAX))
    circle, gone = circle_of(home), taken_back(home) if wanted else frozenset()
    found: list[PublicStatement] = []
    for identifier in wanted:
        try:
            said = read_said(home, identifier)
            answer = decide_public(home, said, circle=circle)
        except UnitError:
            continue  # erased, damaged or another's: nothing that can be shown
        if isinstance(answer, Cleared) and isinstance(answer.form, Redacted):
            found.append(_public(home, said, answer, answer.form, gone))
    return found


def _public(
    home: Home, said: Said, cleared: Cleared, form: Redacted, gone: frozenset[str]
) -> PublicStatement:
    header, identifier = said.statement.header, said.statement.payload_hash
    try:
        receipt = receipt_for(home, identifier)[0].to_bytes()
    except UnitError:
        receipt = None  # no checkpoint covers it yet
    return PublicStatement(
        id=identifier,
        said=header.time,
        objects=tuple(
            parse_strict(each.leaf.data)
            for copy in form.copies
            for each in Opening.parse(copy).shown[1:]
        ),
        openings=form.copies,
        entry=cleared.entry,
        receipt=receipt,
        is_taken_back=identifier in gone,
    )
