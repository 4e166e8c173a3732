"""Observed data, as STIX 2.0 and 2.1 write it, ready to be asked.

2.0: `observed-data` with its objects inside, by number. 2.1: `observed-data` with
`object_refs`, the objects beside it or in the same bundle; both in one list are fine.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from detente.watch.patterns.errors import ObservationError
from detente.watch.patterns.moments import parse_moment

OBSERVATIONS_MAX = 100_000
OBJECTS_MAX = 1_000_000
Node = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Observed:
    """One observed-data object.

    Attributes:
        first: of the times of observation, in the units of `moments`.
        last: of them.
        count: how often it was observed.
        objects: what was observed, by the id that references use.
        by_type: the same, by type.
    """

    first: int
    last: int
    count: int
    objects: Mapping[str, Node]
    by_type: Mapping[str, tuple[Node, ...]]

    @classmethod
    def of(cls, objects: Mapping[str, Node], *, first: int, last: int, count: int = 1) -> Self:
        """Return objects as one observation."""
        found: dict[str, list[Node]] = {}
        for each in objects.values():
            if isinstance(kind := each.get("type"), str):
                found.setdefault(kind, []).append(each)
        by_type = {kind: tuple(nodes) for kind, nodes in found.items()}
        return cls(first=first, last=last, count=count, objects=objects, by_type=by_type)


def read_observed(data: Sequence[Node]) -> tuple[Observed, ...]:
    """Read observed-data objects, bundles of them, and the objects they refer to.

    Raises:
        ObservationError: not observed data, or more than 100,000 of them.
    """
    pool: dict[str, Node] = {}
    found: list[Node] = []
    for node in _nodes(data):
        if "number_observed" in node or node.get("type") == "observed-data":
            found.append(node)
        elif isinstance(identity := node.get("id"), str):
            pool[identity] = node
        if len(found) > OBSERVATIONS_MAX or len(pool) > OBJECTS_MAX:
            raise ObservationError(
                f"at most {OBSERVATIONS_MAX:,} observations of {OBJECTS_MAX:,} objects in all"
                " are looked at in one go",
                remedy="Give them in parts",
            )
    return tuple(_observed(node, pool) for node in found)


def _nodes(data: object) -> Iterator[Node]:
    if not isinstance(data, list | tuple):
        raise ObservationError(f"observed data is a list of objects, not {type(data).__name__}")
    for node in data:
        if not isinstance(node, Mapping):
            raise ObservationError(f"an observation is an object, not {type(node).__name__}")
        inner = node.get("objects")
        if node.get("type") == "bundle":
            for each in inner if isinstance(inner, list | tuple) else ():
                if isinstance(each, Mapping):
                    yield each
        else:
            yield node


def _observed(node: Node, pool: Mapping[str, Node]) -> Observed:
    first, last = _moment(node, "first_observed"), _moment(node, "last_observed")
    count = node.get("number_observed")
    if type(count) is not int or count < 1:
        raise ObservationError(f"number_observed is a whole number from 1 on, not {count!r:.40}")
    if last < first:
        raise ObservationError("last_observed is before first_observed")
    return Observed.of(dict(_objects(node, pool)), first=first, last=last, count=count)


def _objects(node: Node, pool: Mapping[str, Node]) -> Iterator[tuple[str, Node]]:
    inside, beside = node.get("objects", {}), node.get("object_refs", ())
    if not isinstance(inside, Mapping) or not isinstance(beside, list | tuple):
        raise ObservationError("objects is an object of objects, and object_refs a list")
    for identity, each in inside.items():
        if isinstance(each, Mapping):
            yield identity, each
    for identity in beside:
        if isinstance(identity, str) and identity in pool:
            yield identity, pool[identity]


def _moment(node: Node, name: str) -> int:
    text = node.get(name)
    moment = parse_moment(text) if isinstance(text, str) else None
    if moment is None:
        raise ObservationError(f"{name} is a STIX timestamp, not {text!r:.60}")
    return moment
