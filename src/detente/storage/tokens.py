"""Tokens of outside tools: who may ask this node, for what, until when.

TRUSTED. Who can write here can read as any tool. Who can only read here learns
names and dates: of a token only a SHA-256 is kept, which is enough because the
secret is 32 random bytes and not a word somebody chose.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from time import monotonic
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from detente.errors import InputError
from detente.signing import canonical, parse_strict
from detente.storage.database import Database
from detente.storage.schema import access_token

LIFETIME_MAX = timedelta(days=366)
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_TOKEN = re.compile(r"dtt_([0-9a-f]{16})_([0-9a-f]{64})", re.ASCII)
_USED_EVERY_S = 60
_MEMORY_S = 1.0  # a token revoked by another process still works for so long
_MEMORY_MAX = 1_024
_NOBODY = bytes(32)


class ReaderKind(StrEnum):
    """Whose tool holds the token; the gate decides by it."""

    OWN = "own"
    CLIENT = "client"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is known of a token; never its secret.

    Attributes:
        id: 16 hex digits, the public part.
        name: of the account, as it stands beside what the account brings.
        reader: whose tool it is.
        use: the most its holder may do with what it reads: passive, look-up, act or any.
        may_read: names of views, or "*" for all of them.
        may_write: whether it may bring objects.
        created: when it was made.
        expires: from then on it counts for nothing.
        last_used: to the minute; None if never.
        revoked: when it was taken back; None while it was not.
    """

    id: str
    name: str
    reader: ReaderKind
    use: str
    may_read: frozenset[str]
    may_write: bool
    created: datetime
    expires: datetime
    last_used: datetime | None = None
    revoked: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Say whether it counts at this moment."""
        return self.revoked is None and now < self.expires

    def reads(self, view: str) -> bool:
        """Say whether it may read a view; what it sees there the gate decides."""
        return "*" in self.may_read or view in self.may_read


class TokenShelf:
    """The tokens of a node, in its database. Safe for threads of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._memory: dict[str, tuple[float, tuple[Token, bytes] | None]] = {}

    def add(self, token: Token, secret: bytes) -> str:
        """Keep a new token and return the text its holder needs; it is shown only now.

        Args:
            token: its id, name and rights.
            secret: 32 random bytes.

        Raises:
            InputError: a name that is taken or none, a life that is too long.
            StorageFault: the database refused.
        """
        if NAME.fullmatch(token.name) is None:
            raise InputError(
                f"{token.name[:64]!r} is no name for a token",
                remedy="Use up to 63 of a-z, 0-9, dot, dash, underscore",
            )
        if token.expires - token.created > LIFETIME_MAX:
            raise InputError(f"a token lives at most {LIFETIME_MAX.days} days")
        row = {
            "id": token.id,
            "name": token.name,
            "digest": hashlib.sha256(secret).digest(),
            "reader": token.reader.value,
            "reader_use": token.use,
            "may_read": canonical(sorted(token.may_read)).decode(),
            "may_write": int(token.may_write),
            "created_at": int(token.created.timestamp()),
            "expires_at": int(token.expires.timestamp()),
        }
        with self._database.writing("adding a token") as connection:
            taken = select(access_token.c.id).where(access_token.c.name == token.name)
            if connection.execute(taken).first() is not None:
                raise InputError(
                    f"there is a token named {token.name!r} already, in use or revoked",
                    remedy="Take another name: what an account brought names it for ever",
                )
            connection.execute(insert(access_token).values(row))
        return f"dtt_{token.id}_{secret.hex()}"

    def list(self) -> list[Token]:
        """Return every token there ever was, oldest first.

        Raises:
            StorageFault: the database refused.
        """
        query = select(access_token).order_by(access_token.c.created_at, access_token.c.name)
        with self._database.reading("listing tokens") as connection:
            return [_token(row) for row in connection.execute(query)]

    def revoke(self, name: str, *, now: datetime) -> Token:
        """Take a token back; it counts for nothing from now on. Twice is as once.

        Raises:
            InputError: no token has this name or id.
            StorageFault: the database refused.
        """
        here = (access_token.c.name == name) | (access_token.c.id == name)
        with self._database.writing("revoking a token") as connection:
            at = func.coalesce(access_token.c.revoked_at, int(now.timestamp()))
            connection.execute(update(access_token).where(here).values(revoked_at=at))
            row = connection.execute(select(access_token).where(here)).first()
        self._memory.clear()
        if row is None:
            raise InputError(f"no token is named {name!r}", remedy="See `detente token list`")
        return _token(row)

    def check(self, text: str, *, now: datetime) -> Token | None:
        """Return the token this text is, None where it is none, expired or revoked.

        Takes as long for an id that exists as for one that does not.

        Raises:
            StorageFault: the database refused.
        """
        match = _TOKEN.fullmatch(text)
        identifier, secret = match.groups() if match else ("", "")
        known = self._find(identifier)
        token, digest = known or (None, _NOBODY)
        seen = hashlib.sha256(bytes.fromhex(secret)).digest()
        if not hmac.compare_digest(seen, digest) or token is None or not token.is_good(now):
            return None
        return self._used(token, digest, now)

    def _find(self, identifier: str) -> tuple[Token, bytes] | None:
        kept = self._memory.get(identifier)
        if kept is not None and monotonic() - kept[0] < _MEMORY_S:
            return kept[1]
        query = select(access_token).where(access_token.c.id == identifier)
        with self._database.reading("checking a token") as connection:
            row = connection.execute(query).first()
        found = None if row is None else (_token(row), bytes(row.digest))
        if len(self._memory) >= _MEMORY_MAX:
            self._memory.clear()
        self._memory[identifier] = (monotonic(), found)
        return found

    def _used(self, token: Token, digest: bytes, now: datetime) -> Token:
        last = token.last_used
        if last is not None and (now - last).total_seconds() < _USED_EVERY_S:
            return token
        here = access_token.c.id == token.id
        with self._database.writing("noting the use of a token") as connection:
            moment = int(now.timestamp())
            connection.execute(update(access_token).where(here).values(last_used_at=moment))
        token = replace(token, last_used=datetime.fromtimestamp(moment, UTC))
        self._memory[token.id] = (monotonic(), (token, digest))
        return token


def _token(row: Row[Any]) -> Token:
    views = parse_strict(row.may_read.encode())
    return Token(
        id=row.id,
        name=row.name,
        reader=ReaderKind(row.reader),
        use=row.reader_use,
        may_read=frozenset(map(str, views if isinstance(views, list) else ())),
        may_write=bool(row.may_write),
        created=_moment(row.created_at),
        expires=_moment(row.expires_at),
        last_used=None if row.last_used_at is None else _moment(row.last_used_at),
        revoked=None if row.revoked_at is None else _moment(row.revoked_at),
    )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
