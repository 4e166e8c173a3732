"""Members as people name them, by label or id."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from detente.errors import InputError

if TYPE_CHECKING:
    from detente.node.author import Audience
    from detente.node.home import Home


def find_readers(home: "Home", named: Sequence[str]) -> "Audience":
    """Return the members named, ascending; the whole unit where nobody is.

    Raises:
        InputError: nobody, or more than one, is called so.
    """
    return find_members(home, named) if named else "unit"


def find_members(home: "Home", named: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of members named by label or id, ascending, each once; as `find_readers`."""
    charter = home.charter
    members = () if charter is None else charter.members
    found: list[str] = []
    for name in named:
        matching = [each.id for each in members if name in (each.id, each.name)]
        if len(matching) != 1:
            raise InputError(
                f"no member of the unit is called {name!r}",
                remedy="The members are " + (", ".join(each.name for each in members) or "nobody"),
            )
        found.append(matching[0])
    return tuple(sorted(set(found)))


def labels(home: "Home") -> dict[str, str]:
    """Return member id -> label, of everybody a charter of this node lists, and of itself."""
    chain, charter = home.chain, home.charter
    versions = [*(() if chain is None else chain.charters), *([charter] if charter else [])]
    known = {member.id: member.name for each in versions for member in each.members}
    return {home.identity.member: home.identity.name} | known
