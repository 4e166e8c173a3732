"""Publishing: objects and a label in, a statement in the log out.

The gate decides about every reader before anything is sealed; the entry is
durable and under a published checkpoint before the id is given back.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from detente.charter import Charter
from detente.errors import InputError
from detente.node.author import Audience, ClearDraft, ContentDraft, Draft
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.speaking import make_author, say
from detente.signing import Role
from detente.signing.canonical import JsonValue
from detente.statements import Clear, Kind, Tlp
from detente.statements.batch import IndexRow
from detente.statements.handling import Handling
from detente.statements.index_keys import keys_of
from detente.statements.kinds import MAIN_TYPES
from detente.statements.markings import read_markings
from detente.statements.stix import StixObject, TimeLimits, check_author, check_times
from detente.storage.model import StatementRow

Clock = Callable[[], datetime]


def require_charter(home: Home, now: datetime) -> Charter:
    """Return the charter this node may speak under.

    Raises:
        InputError: it works alone, or its charter expired.
    """
    charter = home.charter
    if charter is None:
        raise InputError(
            "this node belongs to no unit, so nobody would read it",
            file=str(home.layout.directory),
            remedy="Found or join one with `detente charter`",
        )
    if now >= charter.expires:
        raise InputError(
            f"charter version {charter.version} expired on {charter.expires:%Y-%m-%d}",
            remedy="Renew it with `detente charter propose`; until then only receiving goes on",
        )
    return charter


def guess_kind(objects: Sequence[StixObject]) -> Kind:
    """Return what a set of objects is, by the first kind whose main type is among them."""
    types = {each.type for each in objects}
    for kind, main in MAIN_TYPES.items():
        if main & types:
            return kind
    return Kind.NOTE


def strictest_label(objects: Sequence[StixObject], least: Tlp) -> Tlp:
    """Return the strictest TLP of the objects' own markings and `least`."""
    definitions = [each.properties for each in objects if each.type == "marking-definition"]
    marked = [read_markings(each.properties, definitions) for each in objects]
    return max([least, *(each.tlp for each in marked if each.tlp is not None)])


def publish(
    home: Home,
    objects: Sequence[StixObject],
    handling: Handling,
    *,
    audience: Audience,
    now: Clock,
) -> Acknowledged:
    """Say objects to an audience.

    Raises:
        InputError: no charter, or one that expired.
        StixError: an object of another author, or from the future.
        ReleaseError: the gate withholds it from somebody it is addressed to.
        SigningRefused, StorageFault: the node must not or cannot write.
    """
    charter = require_charter(home, now())
    limits = TimeLimits.at(now())
    for each in objects:
        check_author(each, home.identity.member)
        check_times(each.properties, limits)
    author = make_author(home, charter, now)
    draft = author.draft([each.raw for each in objects], handling, audience)
    (said,) = asyncio.run(say(home, author, [draft], now))
    home.index.add([(_row(home, draft, handling, said, now()), _object_rows(objects))])
    return said


def speak_clear(
    home: Home, kind: str, body: dict[str, JsonValue], *, now: Clock, role: Role = Role.GOVERNANCE
) -> Acknowledged:
    """Say something about governance or keys, for everybody to read.

    Raises:
        InputError: no charter.
        SigningRefused, StorageFault: the node must not or cannot write.
    """
    charter = home.charter
    if charter is None:
        raise InputError("this node belongs to no unit", remedy="See `detente charter --help`")
    author = make_author(home, charter, now)
    draft: Draft = ClearDraft(Clear.of(kind, body), role)
    (said,) = asyncio.run(say(home, author, [draft], now))
    row = StatementRow(
        payload_hash=said.payload_hash,
        issuer=home.identity.member,
        origin=said.origin,
        seq=said.seq,
        kind=kind,
        said_at=now(),
    )
    home.index.add([(row, [])])
    return said


def _row(
    home: Home, draft: ContentDraft, handling: Handling, said: Acknowledged, moment: datetime
) -> StatementRow:
    return StatementRow(
        payload_hash=said.payload_hash,
        issuer=home.identity.member,
        origin=said.origin,
        seq=said.seq,
        kind=handling.kind.value,
        said_at=moment,
        ciphertext=draft.ciphertext,
    )


def _object_rows(objects: Sequence[StixObject]) -> list[IndexRow]:
    return [
        IndexRow(leaf, each.id, each.type, keys_of(each.type, dict(each.properties)))
        for leaf, each in enumerate(objects, start=1)
    ]
