"""Who asks, under which circumstances, and what a reader may do next."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from detente.statements.markings import Pap, Tlp


class Standing(StrEnum):
    """Where a member stands in the unit; one who is not listed stands nowhere."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    LAPSED = "lapsed"
    LEFT = "left"
    REMOVED = "removed"


class Use(Enum):
    """What a reader's tool does with what it gets, from harmless to loud (PAP)."""

    PASSIVE = auto()  # reads own records; nobody outside can notice
    LOOK_UP = auto()  # asks third parties, sets traps
    ACT = auto()  # blocks, sinkholes, scans: the adversary can notice
    ANY = auto()  # publishes; nobody knows what for


@dataclass(frozen=True, slots=True)
class MemberReader:
    """A member of the unit, or somebody who once was or says so.

    Attributes:
        member: hex member id.
    """

    member: str


@dataclass(frozen=True, slots=True)
class ClientReader:
    """Somebody who holds a token of a member: its own tools, or organisations it serves.

    Attributes:
        member: hex id of the member whose token it is.
        client: name of the token, for the record.
        is_own: True for the member's own organisation; a client organisation otherwise.
        use: the most the token may be used for; unknown counts as anything.
    """

    member: str
    client: str
    is_own: bool = False
    use: Use = Use.ANY


@dataclass(frozen=True, slots=True)
class PublicReader:
    """Anybody at all."""


Reader = MemberReader | ClientReader | PublicReader


@dataclass(frozen=True, slots=True)
class Circle:
    """The unit as the releasing node knows it.

    Attributes:
        holder: hex id of the member whose node releases.
        standings: by member id; who is missing is a stranger.
        rosters: charter digest -> the members it lists: whom "unit" meant when it was
            said. A charter that is missing here means nobody.
        open_licences: licences under which anybody may pass a thing on.
    """

    holder: str
    standings: Mapping[str, Standing]
    rosters: Mapping[str, frozenset[str]]
    open_licences: frozenset[str] = frozenset(("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0"))

    def is_active(self, member: str) -> bool:
        """Say whether a member may get anything new."""
        return self.standings.get(member) is Standing.ACTIVE


@dataclass(frozen=True, slots=True)
class Origin:
    """Under which terms an object came to us; they travel with it on every re-share.

    Attributes:
        statement: hex payload hash of the statement it came in.
        issuer: hex member id.
        addressed: the members it was addressed to.
        tlp: its label there, the strictest of handling and object.
        pap: likewise.
        licence: of that statement; empty where none was given.
    """

    statement: str
    issuer: str
    addressed: frozenset[str]
    tlp: Tlp = Tlp.RED
    pap: Pap = Pap.RED
    licence: str = ""


class Scope(StrEnum):
    """To whom the reader may pass it on."""

    NOBODY = "nobody"
    OWN_ORGANISATION = "own organisation, need to know"
    OWN_CLIENTS = "own organisation and its clients, need to know"
    COMMUNITY = "the unit's members and their clients"
    ANYBODY = "anybody"


@dataclass(frozen=True, slots=True)
class Onward:
    """What the reader may do next; it accepted that by being a member or taking a token.

    Attributes:
        tlp: the strictest label of what it got; a re-share keeps at least this.
        pap: likewise.
        scope: to whom it may pass it on.
        use: the most it may be used for.
        licence: as the author gave it.
    """

    tlp: Tlp
    pap: Pap
    scope: Scope
    use: Use
    licence: str
