"""From an object to the values a path selects: lists, dictionaries, references.

Source: STIX 2.1, 9.7. A reference that leads nowhere selects nothing; one at the
end of a path is its own text. `_hex` and `_bin` properties are bytes.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping

from detente.statements.expressions import AnyElement, ObjectPath, Step
from detente.watch.patterns.observations import Node

# Values on the way: what was reached, and whether it stands where a reference stands.
Reached = tuple[object, bool]


def values_at(path: ObjectPath, root: Node, objects: Mapping[str, Node]) -> list[object]:
    """Return the values that a path selects, started from one object.

    Each object is stepped into once at each step, however many references lead to it.
    """
    reached: list[Reached] = [(root, False)]
    for step in path.steps:
        seen: set[int] = set()
        following: list[Reached] = []
        for value, refers in reached:
            here = objects.get(value) if refers and isinstance(value, str) else value
            if refers and isinstance(step, str):
                if here is None or id(here) in seen:
                    continue
                seen.add(id(here))
            following += _stepped(here if isinstance(step, str) else value, step, refers)
        reached = following
    return [value for value, _ in reached]


def _stepped(value: object, step: Step, refers: bool) -> Iterator[Reached]:
    match step:
        case str():
            if isinstance(value, Mapping) and step in value:
                yield _typed(step, value[step]), step.endswith(("_ref", "_refs"))
        case int():
            if isinstance(value, list | tuple) and step < len(value):
                yield value[step], refers
        case AnyElement.ANY:
            if isinstance(value, list | tuple):
                yield from ((each, refers) for each in value)


def _typed(name: str, value: object) -> object:
    """Return bytes for what a property's name says is bytes; as it stands where it is not."""
    if not isinstance(value, str):
        return value
    try:
        if name.endswith("_hex"):
            return bytes.fromhex(value)
        if name.endswith("_bin"):
            return b64decode(value, validate=True)
    except ValueError:
        pass
    return value
