"""Events of MISP as frozen values: what of them travels, and nothing else."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from detente.signing.canonical import JsonValue


@dataclass(frozen=True, slots=True)
class Tag:
    """A label.

    Attributes:
        name: such as `tlp:green` or `misp-galaxy:threat-actor="Sofacy"`.
        colour: as `#rrggbb`.
    """

    name: str
    colour: str = "#0088cc"


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who made an event.

    Attributes:
        name: display name.
        uuid: lower case.
    """

    name: str
    uuid: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """One value.

    Attributes:
        uuid: lower case.
        type: such as `ip-dst`.
        category: such as `Network activity`.
        value: as written.
        to_ids: True where detection systems may use it.
        comment: free text.
        timestamp: POSIX seconds.
        tags: its own.
        galaxies: its own, as they came (JSON objects).
    """

    uuid: str
    type: str
    category: str
    value: str
    to_ids: bool
    comment: str
    timestamp: int
    tags: tuple[Tag, ...] = ()
    galaxies: tuple[dict[str, JsonValue], ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes:
        uuid: lower case.
        info: its title.
        date: as written.
        timestamp: POSIX seconds of its last change.
        threat_level: 1 (high) to 4 (undefined).
        analysis: 0 (initial) to 2 (completed).
        orgc: who made it.
        attributes: all of them, those inside objects too.
        tags: of the event.
        galaxies: of the event, as they came (JSON objects).
    """

    uuid: str
    info: str
    date: date
    timestamp: int
    threat_level: int
    analysis: int
    orgc: Organisation
    attributes: tuple[Attribute, ...]
    tags: tuple[Tag, ...] = ()
    galaxies: tuple[dict[str, JsonValue], ...] = ()

    @property
    def changed(self) -> datetime:
        """When it last changed."""
        return datetime.fromtimestamp(self.timestamp, UTC)
