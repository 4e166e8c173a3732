"""The trail: who of this office did what, each entry signed and naming the hash before it.

TRUSTED to be there, not to be right: who alters or removes an entry that is not the last
breaks the chain, and the page says so. Who cuts the end off is shown by the signed head, which
is kept in a file outside the database. Who can write both and holds the trail's key can write
another trail; nothing outside the node shows that.
"""

from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import func, insert, select

from detente.signing import Envelope, Role, Signer, canonical, parse_strict, sign_envelope
from detente.signing.canonical import JsonValue
from detente.storage.database import Database
from detente.storage.errors import DamagedStore
from detente.storage.people_tables import trail

PAGE_MAX = 1_000
_START = bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """One thing somebody did.

    Attributes:
        number: counting from 1.
        at: POSIX seconds.
        person: id of who did it; "" for the node itself.
        name: as the person was called then.
        action: what was done, in the words of a command.
        subject: to what.
        detail: what else a reader needs.
        is_whole: its signature holds and it follows the entry before.
    """

    number: int
    at: int
    person: str
    name: str
    action: str
    subject: str
    detail: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class TrailPlace:
    """A place in the trail: after so many entries, and the last of them.

    Attributes:
        number: of the last entry; 0 for the beginning.
        hash: SHA-256 of it.
    """

    number: int = 0
    hash: bytes = _START


class TrailShelf:
    """The trail in a node's database. Safe for threads of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, signer: Signer, *, at: int, person: str, name: str, action: str, subject: str,
        detail: str,
    ) -> TrailPlace:  # fmt: skip
        """Sign and keep what was done; return the trail's new end.

        Raises:
            StorageFault: the database refused.
        """
        said: dict[str, JsonValue] = {
            "action": action,
            "at": at,
            "detail": detail,
            "name": name,
            "person": person,
            "subject": subject,
        }
        newest = select(trail.c.hash).order_by(trail.c.number.desc()).limit(1)
        with self._database.writing("keeping what was done") as connection:
            before = connection.scalar(newest) or _START
            payload = canonical({**said, "before": bytes(before).hex()})
            entry = sign_envelope(Role.TRAIL, payload, signer).to_bytes()
            row = {"entry": entry, "hash": sha256(entry).digest()}
            done = connection.execute(insert(trail).values(row).returning(trail.c.number))
            return TrailPlace(int(done.scalar_one()), sha256(entry).digest())

    def newest(self, public_keys: dict[str, bytes], *, before: int, limit: int) -> list[TrailEntry]:
        """Return entries, the newest first, each checked against the one before it.

        Args:
            public_keys: by key id, every key the trail was ever signed with.
            before: only those with a smaller number; 0 for the newest of all.
            limit: at most so many.

        Raises:
            StorageFault: the database refused.
        """
        query = select(trail).order_by(trail.c.number.desc()).limit(min(limit, PAGE_MAX) + 1)
        if before:
            query = query.where(trail.c.number < before)
        with self._database.reading("reading the trail") as connection:
            rows = [(int(r.number), bytes(r.entry)) for r in connection.execute(query)]
        followed = [*(sha256(entry).digest() for _, entry in rows[1:]), _START]
        found = [
            _read(number, entry, follows, public_keys)
            for (number, entry), follows in zip(rows, followed, strict=True)
        ]
        return found[:limit]

    def check(
        self, public_keys: dict[str, bytes], since: TrailPlace
    ) -> tuple[list[int], TrailPlace]:
        """Return the numbers of entries after a place that do not hold, and where they end.

        Raises:
            StorageFault: the database refused.
        """
        broken: list[int] = []
        after, follows = since.number, since.hash
        while True:
            query = select(trail).where(trail.c.number > after).order_by(trail.c.number)
            with self._database.reading("checking the trail") as connection:
                rows = list(connection.execute(query.limit(PAGE_MAX)))
            if not rows:
                return broken, TrailPlace(after, follows)
            for row in rows:
                after, entry = int(row.number), bytes(row.entry)
                if not _read(after, entry, follows, public_keys).is_whole:
                    broken.append(after)
                follows = sha256(entry).digest()

    def holds(self, place: TrailPlace) -> bool:
        """Say whether the entry of a place is there, byte for byte.

        Raises:
            StorageFault: the database refused.
        """
        if not place.number:
            return True
        query = select(trail.c.entry).where(trail.c.number == place.number)
        with self._database.reading("looking at the end of the trail") as connection:
            entry = connection.scalar(query)
        return entry is not None and sha256(entry).digest() == place.hash

    def count(self) -> int:
        """Return how many entries there are.

        Raises:
            StorageFault: the database refused.
        """
        with self._database.reading("counting the trail") as connection:
            return int(connection.scalar(select(func.count()).select_from(trail)) or 0)


def _read(number: int, entry: bytes, follows: bytes, keys: dict[str, bytes]) -> TrailEntry:
    from detente.signing import EnvelopeError, SignatureError

    try:
        envelope = Envelope.parse(entry)
        document = parse_strict(envelope.payload)
    except EnvelopeError as error:
        raise DamagedStore(f"entry {number} of the trail is damaged: {error}") from error
    if not isinstance(document, dict):
        raise DamagedStore(f"entry {number} of the trail is damaged")
    is_whole = document.get("before") == follows.hex() and envelope.keyid in keys
    if is_whole:
        try:
            envelope.verify(keys[envelope.keyid])
        except SignatureError:
            is_whole = False
    at = document.get("at")
    return TrailEntry(
        number=number,
        at=at if isinstance(at, int) else 0,
        is_whole=is_whole,
        **{
            each: str(document.get(each, ""))
            for each in ("person", "name", "action", "subject", "detail")
        },
    )
