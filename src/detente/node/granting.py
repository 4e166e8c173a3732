"""Tokens given and taken back, also while the node runs: nothing here needs a key or the lock."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_bytes, token_hex

from detente.errors import InputError
from detente.exchange.taxii.resources import make_views
from detente.node.layout import Layout
from detente.proofs.chain import parse_chain
from detente.proofs.file import FILE_BYTES_MAX
from detente.release import Use
from detente.storage import open_database
from detente.storage.disk import read_capped
from detente.storage.tokens import ReaderKind, Token, TokenShelf

EVERYTHING = "*"
USES = {"passive": Use.PASSIVE, "look-up": Use.LOOK_UP, "act": Use.ACT, "any": Use.ANY}


@dataclass(frozen=True, slots=True)
class Given:
    """A new token.

    Attributes:
        token: what is kept of it.
        text: what its holder needs; it is nowhere else.
    """

    token: Token
    text: str


def grant(
    directory: Path,
    name: str,
    *,
    reader: str,
    use: str,
    views: Sequence[str],
    may_write: bool,
    days: int,
    now: datetime,
) -> Given:
    """Make a token for the node in `directory`.

    Args:
        directory: of the node.
        name: of the account; stands beside what it brings, for ever.
        reader: own, client or public.
        use: passive, look-up, act or any.
        views: aliases of collections, "*" for all of them.
        may_write: whether it may bring objects.
        days: how long it lives.
        now: the moment.

    Raises:
        InputError: no node, a name that is taken, a view that does not exist.
        StorageFault: the database refused.
    """
    token = Token(
        id=token_hex(8),
        name=name,
        reader=ReaderKind(reader),
        use=use if use in USES else "any",
        may_read=frozenset(_view_names(directory, views)),
        may_write=may_write,
        created=now.replace(microsecond=0),
        expires=now.replace(microsecond=0) + timedelta(days=days),
    )
    with _shelf(directory) as shelf:
        return Given(token, shelf.add(token, token_bytes(32)))


def granted(directory: Path) -> list[Token]:
    """Return every token there ever was, oldest first; raises as `grant`."""
    with _shelf(directory) as shelf:
        return shelf.list()


def take_back(directory: Path, name: str, *, now: datetime) -> Token:
    """Revoke a token; raises as `grant`."""
    with _shelf(directory) as shelf:
        return shelf.revoke(name, now=now)


@contextmanager
def _shelf(directory: Path) -> Iterator[TokenShelf]:
    layout = Layout.of(directory)
    if not layout.identity.exists():
        raise InputError(
            "no node is here",
            file=str(directory),
            remedy="Name it with --node or DETENTE_NODE; `detente init DIR` makes one",
        )
    database = open_database(layout.database)
    try:
        yield TokenShelf(database)
    finally:
        database.close()


def _view_names(directory: Path, views: Sequence[str]) -> Iterator[str]:
    known = {EVERYTHING: EVERYTHING}
    for view in make_views("", _members(Layout(directory))):
        known |= {view.name: view.name, view.alias: view.name}
    for each in views:
        if each not in known:
            raise InputError(
                f"there is no collection {each!r}",
                remedy="Such as alerting, settled, actionable, kind-indicator, tlp-green",
            )
        yield known[each]


def _members(layout: Layout) -> Iterator[tuple[str, str]]:
    if layout.chain.exists():
        chain = parse_chain(read_capped(layout.chain, bytes_max=FILE_BYTES_MAX))
        for member in chain.latest.members:
            yield member.id, member.name
