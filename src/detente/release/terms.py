"""Under which label each leaf stands.

Strictest by default: what cannot be read, or is marked with something unknown,
counts as RED; an object never stands under less than its handling, its own
markings and everything it came with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detente.release.model import Origin
from detente.signing import JsonError, JsonLimits, JsonValue, parse_canonical
from detente.statements import Handling, Leaf, Pap, Tlp, read_markings

_OBJECT_LIMITS = JsonLimits(size_bytes=65_536, depth=32, values=16_384)


@dataclass(frozen=True, slots=True)
class Terms:
    """What one leaf may be used for and how far it may travel.

    Attributes:
        index: of the leaf; 0 is the handling.
        object_id: STIX id, "" for the handling, for what cannot be read and for a repeated id.
        tlp: the strictest label that applies.
        pap: likewise.
        own_tlp: what the author says of it here, without what it came with.
        origins: how it came, where it is not the author's own.
    """

    index: int
    object_id: str
    tlp: Tlp
    pap: Pap
    own_tlp: Tlp
    origins: tuple[Origin, ...] = ()


def read_terms(
    handling: Handling,
    leaves: Mapping[int, Leaf],
    origins: Mapping[str, Sequence[Origin]],
) -> tuple[Terms, ...]:
    """Read the terms of the leaves at hand, by ascending index; the handling is leaf 0.

    Args:
        handling: leaf 0, read.
        leaves: by index, at least leaf 0.
        origins: STIX id -> under which terms the object came.
    """
    objects = {index: _decode(leaf.data) for index, leaf in leaves.items() if index}
    definitions = [
        each for each in objects.values() if each and each.get("type") == "marking-definition"
    ]
    terms = [Terms(0, "", handling.tlp, handling.pap, handling.tlp)]
    known: set[str] = set()
    for index in sorted(objects):
        each = _object_terms(index, handling, objects[index], definitions, origins)
        # A repeated id is a leaf that does not count; it must not relax the first one's label.
        terms.append(_strictest(index) if each.object_id in known else each)
        known.add(each.object_id)
    return tuple(terms)


def _object_terms(
    index: int,
    handling: Handling,
    stix: Mapping[str, JsonValue] | None,
    definitions: Sequence[Mapping[str, JsonValue]],
    origins: Mapping[str, Sequence[Origin]],
) -> Terms:
    object_id = "" if stix is None else str(stix.get("id", ""))
    if stix is None or not object_id:
        return _strictest(index)
    markings = read_markings(stix, definitions)
    came = tuple(origins.get(object_id, ()))
    strange = (Tlp.RED,) if markings.unknown else ()
    own = max(handling.tlp, markings.tlp or Tlp.CLEAR, *strange)
    return Terms(
        index=index,
        object_id=object_id,
        tlp=max((own, *(each.tlp for each in came))),
        pap=max((handling.pap, markings.pap or Pap.CLEAR, *(each.pap for each in came))),
        own_tlp=own,
        origins=came,
    )


def _strictest(index: int) -> Terms:
    return Terms(index, "", Tlp.RED, Pap.RED, Tlp.RED)


def _decode(data: bytes) -> dict[str, JsonValue] | None:
    try:
        value = parse_canonical(data, _OBJECT_LIMITS)
    except JsonError:
        return None
    return value if isinstance(value, dict) else None
