"""Publishing: objects and a label in, a statement in the log out.

The gate decides about every reader before anything is sealed; the entry is
durable and under a published checkpoint before the id is given back.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from detente.charter import Charter, KeySlot
from detente.errors import InputError, UnitError
from detente.node.author import Audience, Author, ClearDraft, ContentDraft, Draft
from detente.node.catching_up import Meaning, catch_up
from detente.node.circle import readers_now
from detente.node.founding import RENEW
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.provenance import origins_of, require_no_looser
from detente.node.reading import published_checkpoint
from detente.node.speaking import make_author, say, say_each
from detente.release import Terms
from detente.signing import Envelope, Role
from detente.signing.canonical import JsonValue
from detente.statements import UNIT, Clear, Kind, Pap, Tlp
from detente.statements.batch import IndexRow
from detente.statements.bundle import original_id
from detente.statements.content import Content
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


@dataclass(frozen=True, slots=True)
class Saying:
    """Objects to be said in one statement.

    Attributes:
        objects: at least one, of this member's identity.
        handling: counts them.
        audience: "unit" or member ids, ascending.
        originals: ids of those originals that are held here, where that was looked up already.
    """

    objects: Sequence[StixObject]
    handling: Handling
    audience: Audience
    originals: Collection[str] | None = None

    def reissued(self) -> Sequence[StixObject]:
        """Return those objects that may be somebody's whom we owe the label they came with."""
        if self.originals is None:
            return self.objects
        here = self.originals
        return [each for each in self.objects if here and original_id(each.properties) in here]


@dataclass(frozen=True, slots=True)
class Said:
    """A statement that readers can see, and what it says.

    Attributes:
        at: its place in the log.
        content: its leaves.
        terms: of each leaf, as the gate read them.
    """

    at: Acknowledged
    content: Content
    terms: tuple[Terms, ...]


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
    (said,) = publish_each(home, [Saying(objects, handling, audience)], now=now)
    if isinstance(said, UnitError):
        raise said
    return said.at


def publish_each(home: Home, sayings: Sequence[Saying], *, now: Clock) -> list[Said | UnitError]:
    """Say several things at once, each in a statement of its own; one refused stops no other.

    Returns:
        For each what was said, or why it was not, as `publish` raises it.

    Raises:
        InputError: no charter, or one that expired.
        SigningRefused, StorageFault: the node must not or cannot write.
    """
    charter = require_charter(home, now())
    home.signer(KeySlot.STATEMENT)
    author, limits = make_author(home, charter, now), TimeLimits.at(now())
    drafts = [_draft(home, charter, author, limits, each) for each in sayings]
    ready = [each for each in drafts if isinstance(each, ContentDraft)]
    answers = iter(asyncio.run(say_each(home, author.sign, ready, now)))
    results = [
        _said(each, next(answers)) if isinstance(each, ContentDraft) else each for each in drafts
    ]
    known = {
        result.at.payload_hash: Meaning(saying.handling.kind.value, _object_rows(saying.objects))
        for saying, result in zip(sayings, results, strict=True)
        if isinstance(result, Said)
    }
    catch_up(home, known)
    return results


def _draft(
    home: Home, charter: Charter, author: Author, limits: TimeLimits, saying: Saying
) -> ContentDraft | UnitError:
    try:
        _require_readers(charter, saying.audience, home.identity.member)
        for each in saying.objects:
            check_author(each, home.identity.member)
            check_times(each.properties, limits)
        active = readers_now(home, charter) if saying.audience == UNIT else None
        audience = saying.audience if active is None else _require_some(active)
        origins = origins_of(home, saying.reissued())
        require_no_looser(saying.handling, origins)
        said = [each.raw for each in saying.objects]
        return author.draft(said, saying.handling, audience, origins=origins)
    except UnitError as error:
        return error


def _said(draft: ContentDraft, answer: Acknowledged | UnitError) -> Said | UnitError:
    return answer if isinstance(answer, UnitError) else Said(answer, draft.content, draft.terms)


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


def _require_some(readers: tuple[str, ...]) -> tuple[str, ...]:
    if not readers:
        raise InputError(
            "every other member left or is suspended, so nobody would read it",
            remedy="`detente charter show` tells who stands where",
        )
    return readers


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
