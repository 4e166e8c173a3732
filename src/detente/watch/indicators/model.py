"""What is known about an indicator besides its value."""

from dataclasses import dataclass

from detente.statements.stix import name_uuid
from detente.watch.model import Item

_NAMESPACE = bytes.fromhex("4c1b6a3e0d6f5f0fa2f1c7d95b3e8a42")


@dataclass(frozen=True, slots=True)
class Term:
    """What many indicators have in common.

    Attributes:
        source: where they come from: a file, a feed, a member.
        since: seconds since 1970 from which they hold, None for ever before.
        until: before which they hold, None for open.
        kind: the type in their ids.
    """

    source: str
    since: float | None = None
    until: float | None = None
    kind: str = "indicator"

    def holds_at(self, seconds: float) -> bool:
        """Say whether they hold at a time."""
        if self.since is not None and seconds < self.since:
            return False
        return self.until is None or seconds < self.until


@dataclass(frozen=True, slots=True)
class Found:
    """An indicator that names a value.

    Attributes:
        indicator: its id.
        item: what it names: a network for an address in it, a name for one below it.
        term: where it comes from and when it holds.
    """

    indicator: str
    item: Item
    term: Term


def id_of_value(item: Item) -> str:
    """Return the id of a value that stands in a list without one: of the same value, the same."""
    return f"indicator--{name_uuid(_NAMESPACE, f'{item.path} {item.value}')}"
