"""Where the pages are, and who finds the way to them in the menu."""

from collections.abc import Set
from dataclasses import dataclass

from detente.node.offices import Role

_READERS = frozenset({Role.VIEWER, Role.ANALYST, Role.RELEASER, Role.GOVERNOR})


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the menu.

    Attributes:
        path: where it is.
        title: what it is called.
        key: pressed after `g`, it leads there.
        roles: who sees it.
    """

    path: str
    title: str
    key: str
    roles: frozenset[Role]


SECTIONS = (
    Section("/", "Tonight", "t", _READERS),
    Section("/alarms", "Alarms", "a", _READERS),
    Section("/warnings", "Warnings", "w", _READERS),
    Section("/members", "Members", "m", _READERS | {Role.OVERSEER}),
    Section("/elections", "Elections", "e", _READERS),
    Section("/watch", "Watch", "h", _READERS),
    Section("/trail", "Trail", "r", frozenset({Role.ADMINISTRATOR, Role.OVERSEER})),
    Section("/people", "People", "p", frozenset({Role.ADMINISTRATOR})),
    Section("/settings", "Settings", "o", frozenset({Role.ADMINISTRATOR})),
    Section("/me", "My account", "i", frozenset(Role)),
)


def sections_for(roles: Set[str]) -> tuple[Section, ...]:
    """Return the entries that somebody with these roles sees."""
    return tuple(each for each in SECTIONS if each.roles & roles)


def first_page(roles: Set[str]) -> str:
    """Return where somebody with these roles begins."""
    found = sections_for(roles)
    return found[0].path if found else "/me"
