"""Two charters side by side as people should see them: nothing hidden, nothing look-alike.

The comparison is of the parsed documents, path by path, in a fixed order, so two
nodes show the same lines. Invisible, reordering and look-alike characters are
spelled out, because a clause that cannot be seen has not been agreed to (attack A49).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from detente.charter.model import Charter
from detente.charter.names import describe, imitates_ascii, is_hidden
from detente.signing import JsonValue

_SHOWN_CHARACTERS = 4_096


@dataclass(frozen=True, slots=True)
class Line:
    """One difference.

    Attributes:
        path: where, as `members/<id>/keys/statement`.
        before: the old value made visible, or None where there was none.
        after: the new value made visible, or None where there is none.
    """

    path: str
    before: str | None
    after: str | None


def difference(old: Charter, new: Charter) -> tuple[Line, ...]:
    """Return every difference between two charters, ordered by path."""
    before, after = dict(_leaves(old.to_json(), "")), dict(_leaves(new.to_json(), ""))
    return tuple(
        Line(path, before.get(path), after.get(path))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    )


def visible(text: str) -> str:
    r"""Return a text in which each hidden or look-alike character is followed by its name.

    >>> visible("\N{CYRILLIC CAPITAL LETTER A}urel") == (
    ...     "\N{CYRILLIC CAPITAL LETTER A}<U+0410 CYRILLIC CAPITAL LETTER A>urel"
    ... )
    True
    """
    shown = []
    for character in text[:_SHOWN_CHARACTERS]:
        if is_hidden(character):
            shown.append(f"<{describe(character)}>")
        elif imitates_ascii(character):
            shown.append(f"{character}<{describe(character)}>")
        else:
            shown.append(character)
    if len(text) > _SHOWN_CHARACTERS:
        shown.append(f"<and {len(text) - _SHOWN_CHARACTERS} characters more>")
    return "".join(shown)


def _leaves(value: JsonValue, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for name, item in value.items():
                yield from _leaves(item, f"{path}/{visible(name)}" if path else visible(name))
        case list():
            for place, item in enumerate(value):
                yield from _leaves(item, f"{path}/{_label(item, place)}")
        case str():
            yield path, visible(value)
        case _:
            yield path, str(value)


def _label(item: JsonValue, place: int) -> str:
    """Name a list's element by what identifies it, so that an insertion moves nothing else."""
    if isinstance(item, dict):
        for names in (("id",), ("owner", "kind", "value"), ("name",)):
            if all(name in item for name in names):
                return visible(" ".join(str(item[name]) for name in names))
    return str(place)
