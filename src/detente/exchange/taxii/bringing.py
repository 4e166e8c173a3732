"""What an account brings, sorted: what this member will say, what is said already, what is refused.

Whatever is brought becomes this member's own statement about its own objects, with the
account named in them. It never replaces, revokes or repeats what another member or account
said: an id belongs to whoever was here with it first. Every such try is kept as evidence.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from http import HTTPStatus

from detente.errors import PeerFault, UnitError
from detente.exchange.taxii.errors import TaxiiError
from detente.exchange.taxii.limits import (
    ENVELOPE_BYTES_MAX,
    ENVELOPE_DEPTH_MAX,
    ENVELOPE_OBJECTS_MAX,
    ENVELOPE_VALUES_MAX,
)
from detente.exchange.taxii.query import time_key
from detente.exchange.taxii.resources import Outcome
from detente.signing import JsonError, JsonLimits, canonical, parse_strict
from detente.signing.canonical import JsonValue
from detente.statements import (
    StixObject,
    TimeLimits,
    Tlp,
    check_times,
    encode_object,
    read_markings,
    reissued_id,
)
from detente.statements.bundle import is_foreign, reissued
from detente.statements.stix_properties import is_identifier
from detente.statements.stix_types import CUSTOM, TYPES, Family
from detente.watch import CLAIM_EXTENSION, Basis, claim_extension

ACCOUNT_SOURCE = "detente account"
_LIMITS = JsonLimits(
    size_bytes=ENVELOPE_BYTES_MAX, depth=ENVELOPE_DEPTH_MAX, values=ENVELOPE_VALUES_MAX
)
_TEXT_MAX = 300
_REFERS = ("_ref", "_refs")


@dataclass(frozen=True, slots=True)
class Known:
    """An object that stands here already.

    Attributes:
        owner: the member, and the account that brought it, as `owner_of` writes them.
        version: as written, "" where it has none.
        raw: its bytes.
    """

    owner: str
    version: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Wish:
    """One object that is brought, as it would be said.

    Attributes:
        came_as: its id and version as brought.
        brought: as it was brought.
        object: as it would be said.
        label: the strictest of its own markings, None where it has none.
    """

    came_as: Outcome
    brought: JsonValue
    object: StixObject
    label: Tlp | None


class Refused(Enum):
    """Why an object is not said, where that is kept as evidence."""

    TIMES = "it lies in the future, or is valid for ages"
    AUTHOR = "it is created by another member, which says so itself or not at all"
    TAKEN = "this id is of an object that another member or account said first"
    REPEATED = "this id and version were said before, with other content"
    RED = "TLP:RED is for named readers; `detente statement publish --to` names them"


@dataclass(slots=True)
class Sorted:
    """What becomes of an envelope.

    Attributes:
        say: by label, what is said: batches of STIX id -> object.
        successes: told to the account once everything in `say` is said.
        failures: told to the account.
        refused: by reason, as it was brought: kept as evidence.
    """

    say: dict[Tlp, list[dict[str, StixObject]]] = field(default_factory=dict)
    successes: list[Outcome] = field(default_factory=list)
    failures: list[Outcome] = field(default_factory=list)
    refused: dict[Refused, list[JsonValue]] = field(default_factory=dict)

    def refuse(self, came_as: Outcome, brought: JsonValue, why: Refused) -> None:
        """Tell the account, and keep what it brought."""
        self.failures.append(replace(came_as, message=why.value))
        self.refused.setdefault(why, []).append(brought)

    def faults(self, account: str) -> list[PeerFault]:
        """Return what is kept as evidence: one piece for each reason."""
        return [
            PeerFault(f"account {account}", why.value, canonical(objects))
            for why, objects in self.refused.items()
        ]


@dataclass(frozen=True, slots=True)
class Side:
    """On whose behalf an envelope is sorted.

    Attributes:
        member: hex id of this node's member.
        account: name of the account.
        others: STIX identities of the other members of the unit.
        label: under which an object goes that bears none.
        limits: of the times in objects.
        source: who outside said it, where it was read there; "" where an account brings it.
    """

    member: str
    account: str
    others: frozenset[str]
    label: Tlp
    limits: TimeLimits
    source: str = ""

    @property
    def owner(self) -> str:
        """Whose ids its objects are."""
        return owner_of(self.member, self.account)


def owner_of(member: str, account: str) -> str:
    """Write whose an id is: the member and the account that brought it."""
    return f"{member}/{account}"


def account_of(stix_object: StixObject) -> str:
    """Return the account that an object names as the one that brought it, or ""."""
    references = stix_object.properties.get("external_references")
    for each in references if isinstance(references, list) else ():
        if isinstance(each, dict) and _is_mark(each):
            return str(each.get("external_id", ""))
    return ""


def read_envelope(data: bytes) -> list[JsonValue]:
    """Read what an account sent.

    Raises:
        TaxiiError: 400 where it is no JSON that every node reads the same way, 422 where it
            is no envelope with objects, 413 where it has too many.
    """
    try:
        value = parse_strict(data, _LIMITS)
    except JsonError as error:
        raise TaxiiError(HTTPStatus.BAD_REQUEST, f"not an envelope: {error.message}") from None
    objects = value.get("objects") if isinstance(value, dict) else None
    if not isinstance(objects, list) or not objects:
        raise TaxiiError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "an envelope with a list of objects was expected"
        )
    if len(objects) > ENVELOPE_OBJECTS_MAX:
        raise TaxiiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"at most {ENVELOPE_OBJECTS_MAX} objects are taken at once, here are {len(objects)}",
            remedy="Send them in several requests",
        )
    return objects


def ids_of(objects: Sequence[JsonValue], member: str) -> frozenset[str]:
    """Return every id that must be looked up before these objects are sorted."""
    own = {str(each["id"]) for each in objects if isinstance(each, dict) and "id" in each}
    referred = {
        str(reference)
        for each in objects
        if isinstance(each, dict)
        for reference in _references(each)
    }
    return frozenset(own | {reissued_id(each, member) for each in own | referred})


def sort_envelope(
    objects: Sequence[JsonValue], side: Side, known: Mapping[str, Sequence[Known]]
) -> Sorted:
    """Sort what an account brings.

    Args:
        objects: of the envelope.
        side: on whose behalf.
        known: STIX id -> what stands here under it, the first one first.
    """
    result = Sorted()
    taken: dict[tuple[str, str], bytes] = {}
    for wish in _wishes(objects, side, known, result):
        said, came_as = wish.object, wish.came_as
        key = (said.id, time_key(version_of(said)))
        earlier = taken.get(key) or _said_before(wish, side, known)
        why = _why_refused(wish, side, known)
        if why is None and earlier is not None and earlier != said.raw:
            why = Refused.REPEATED
        if why is not None:
            result.refuse(came_as, wish.brought, why)
            continue
        if earlier is None:
            taken[key] = said.raw
            _put(result.say, max(side.label, wish.label or Tlp.CLEAR), said)
        note = "" if said.id == came_as.id else f"said as {said.id}"
        result.successes.append(Outcome(came_as.id, came_as.version, note))
    return result


def _wishes(
    objects: Sequence[JsonValue],
    side: Side,
    known: Mapping[str, Sequence[Known]],
    result: Sorted,
) -> list[Wish]:
    came = [each if isinstance(each, dict) else {} for each in objects]
    names = _new_names(came, side, known)
    definitions = [each for each in came if each.get("type") == "marking-definition"]
    wishes: list[Wish] = []
    for brought in came:
        version = _text(brought, "modified") or _text(brought, "created")
        outcome = Outcome(_text(brought, "id"), version)
        try:
            said = encode_object(reissued(_named(brought, side), side.member, names))
        except (UnitError, KeyError) as error:
            why = error.message if isinstance(error, UnitError) else "it has no id of its type"
            result.failures.append(replace(outcome, message=why))
            continue
        try:
            check_times(said.properties, side.limits)
        except UnitError:
            result.refuse(outcome, brought, Refused.TIMES)
        else:
            wishes.append(Wish(outcome, brought, said, _label(said, definitions)))
    return wishes


def _new_names(
    came: Sequence[Mapping[str, JsonValue]], side: Side, known: Mapping[str, Sequence[Known]]
) -> dict[str, str]:
    """Return under which ids originals are said: those that came, and those brought before."""
    ids = {_id(each) for each in came if is_foreign(each, side.member)} - {""}
    names = {each: reissued_id(each, side.member) for each in ids}
    for each in {reference for one in came for reference in _references(one)} - ids:
        new = reissued_id(each, side.member)
        if any(one.owner == side.owner for one in known.get(new, ())):
            names[each] = new
    return names


def _id(properties: Mapping[str, JsonValue]) -> str:
    """Return an object's id where it is one of its type."""
    found = properties.get("id")
    is_one = is_identifier(found) and str(found).startswith(f"{properties.get('type')}--")
    return str(found) if is_one else ""


def _named(properties: Mapping[str, JsonValue], side: Side) -> Mapping[str, JsonValue]:
    """Name the account in an object, where an object of its type can.

    What an object rests on is this member's own word: whoever brings it cannot give it.
    """
    if TYPES.get(str(properties.get("type")), CUSTOM).family is Family.OBSERVABLE:
        return properties
    references, extensions = properties.get("external_references"), properties.get("extensions")
    if not isinstance(references, list | None) or not isinstance(extensions, dict | None):
        return properties  # refused for it by whoever checks the object
    mark: JsonValue = {"source_name": ACCOUNT_SOURCE, "external_id": side.account}
    rests: dict[str, JsonValue] = dict(extensions or {})
    rests.pop(CLAIM_EXTENSION, None)
    if side.source:
        rests |= claim_extension(Basis.IMPORT, source=side.source)
    named = {name: value for name, value in properties.items() if name != "extensions"}
    named["external_references"] = [
        *(each for each in references or () if not _is_mark(each)),
        mark,
    ]
    return named | ({"extensions": rests} if rests else {})


def _why_refused(wish: Wish, side: Side, known: Mapping[str, Sequence[Known]]) -> Refused | None:
    author = _text(wish.brought, "created_by_ref")
    if author and author in side.others:
        return Refused.AUTHOR
    for identifier in (wish.came_as.id, wish.object.id):
        here = known.get(identifier, ())
        # The same words under the same id take nothing from anybody.
        same = any(each.raw == wish.object.raw for each in here)
        if here and here[0].owner != side.owner and not same:
            return Refused.TAKEN
    return Refused.RED if wish.label is Tlp.RED else None


def _said_before(wish: Wish, side: Side, known: Mapping[str, Sequence[Known]]) -> bytes | None:
    """Return the bytes under which this version of an object stands here already."""
    version = time_key(version_of(wish.object))
    for each in known.get(wish.object.id, ()):
        if time_key(each.version) == version or each.raw == wish.object.raw:
            return each.raw
    return None


def _label(one: StixObject, definitions: Sequence[Mapping[str, JsonValue]]) -> Tlp | None:
    markings = read_markings(one.properties, definitions)
    return Tlp.RED if markings.unknown else markings.tlp


def _put(say: dict[Tlp, list[dict[str, StixObject]]], label: Tlp, one: StixObject) -> None:
    """Add an object to the first batch of its label in which its id does not stand yet."""
    batches = say.setdefault(label, [])
    for batch in batches:
        if one.id not in batch:
            batch[one.id] = one
            return
    batches.append({one.id: one})


def version_of(one: StixObject) -> str:
    """Return the version of an object as written, "" where it has none."""
    return one.text("modified") or one.text("created") or ""


def _is_mark(reference: JsonValue) -> bool:
    return isinstance(reference, dict) and reference.get("source_name") == ACCOUNT_SOURCE


def _text(value: JsonValue, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return found[:_TEXT_MAX] if isinstance(found, str) else ""


def _references(properties: Mapping[str, JsonValue]) -> Iterator[str]:
    for name, value in properties.items():
        if not name.endswith(_REFERS):
            continue
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (each for each in value if isinstance(each, str))
