"""Publishing: objects and a label in, a statement in the log out.

The gate decides about every reader before anything is sealed; the entry is
durable and under a published checkpoint before the id is given back.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from detente.charter import Charter, KeySlot
from detente.errors import InputError
from detente.node.author import Audience, ClearDraft, Draft
from detente.node.catching_up import Meaning, catch_up
from detente.node.founding import RENEW
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.reading import published_checkpoint
from detente.node.speaking import make_author, say
from detente.signing import Envelope, Role
from detente.signing.canonical import JsonValue
from detente.statements import UNIT, Clear, Kind, Pap, Tlp
from detente.statements.batch import IndexRow
from detente.statements.handling import Handling
from detente.statements.index_keys import keys_of
from detente.statements.kinds import MAIN_TYPES
from detente.statements.markings import read_markings
from detente.statements.stix import StixObject, TimeLimits, check_author, check_times

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
            remedy=RENEW,
        )
    return charter


def guess_kind(objects: Sequence[StixObject]) -> Kind:
    """Return what a set of objects is, by the first kind whose main type is among them."""
    types = {each.type for each in objects}
    for kind, main in MAIN_TYPES.items():
        if main & types:
            return kind
    return Kind.NOTE


def strictest_labels(objects: Sequence[StixObject], least: Tlp, least_pap: Pap) -> tuple[Tlp, Pap]:
    """Return the strictest TLP and PAP of the objects' own markings and the least asked for.

    A marking that nobody here can read counts as the strictest.
    """
    definitions = [each.properties for each in objects if each.type == "marking-definition"]
    marked = [read_markings(each.properties, definitions) for each in objects]
    if any(each.unknown for each in marked):
        return Tlp.RED, Pap.RED
    tlp = max([least, *(each.tlp for each in marked if each.tlp is not None)])
    return tlp, max([least_pap, *(each.pap for each in marked if each.pap is not None)])


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
        InputError: no charter, one that expired, or a reader who is no other member.
        StixError: an object of another author, or from the future.
        ReleaseError: the gate withholds it from somebody it is addressed to.
        SigningRefused, StorageFault: the node must not or cannot write.
    """
    charter = require_charter(home, now())
    _require_readers(charter, audience, home.identity.member)
    home.signer(KeySlot.STATEMENT)
    limits = TimeLimits.at(now())
    for each in objects:
        check_author(each, home.identity.member)
        check_times(each.properties, limits)
    author = make_author(home, charter, now)
    draft = author.draft([each.raw for each in objects], handling, audience)
    (said,) = asyncio.run(say(home, author.sign, [draft], now))
    meaning = Meaning(handling.kind.value, _object_rows(objects))
    catch_up(home, {said.payload_hash: meaning})
    return said


def _require_readers(charter: Charter, audience: Audience, member: str) -> None:
    """Refuse readers whom nobody would take for readers: the header would be refused by all."""
    strangers = () if audience == UNIT else set(audience) - (charter.member_ids - {member})
    for stranger in sorted(strangers):
        raise InputError(
            "the issuer is not among its own readers, it reads what it says anyway"
            if stranger == member
            else f"{stranger[:16]}… is no member of the unit",
            remedy="Address other members, or the unit",
        )


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
    home.signer(KeySlot(role.value))
    author = make_author(home, charter, now)
    draft: Draft = ClearDraft(Clear.of(kind, body), role)
    (said,) = asyncio.run(say(home, author.sign, [draft], now))
    catch_up(home)
    return said


def renew(home: Home, now: Clock, *, covering: int | None = None) -> None:
    """Publish a fresh checkpoint over what was acknowledged, by the log keys in force.

    Args:
        home: the node.
        now: the clock.
        covering: only where readers are not shown this entry of the present epoch yet.

    Raises:
        SigningRefused, StorageFault: the node must not or cannot write.
    """
    shown = published_checkpoint(home, home.identity.origin)
    if covering is None or shown is None or shown.size <= covering:
        asyncio.run(say(home, _sign_nothing, [], now))


def _sign_nothing(_draft: None, _epoch: int, _seq: int) -> Envelope:
    raise AssertionError("nothing was to be said")


def _object_rows(objects: Sequence[StixObject]) -> list[IndexRow]:
    return [
        IndexRow(leaf, each.id, each.type, keys_of(each.type, dict(each.properties)))
        for leaf, each in enumerate(objects, start=1)
    ]
