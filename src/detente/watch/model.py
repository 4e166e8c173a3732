"""Who said what about a value, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum


class Sort(StrEnum):
    """The class of an indicator; precision is kept by issuer and class (A58)."""

    ADDRESS = "address"
    NAME = "name"
    URL = "url"
    FILE = "file"
    MAIL = "mail"
    OTHER = "other"
    DISPUTE = "dispute"  # no indicator: how good a member's disputes are


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One value that can be looked for, in its one spelling.

    Attributes:
        path: as in a STIX pattern, such as `ipv4-addr:value`; `stix-pattern` where only the
            whole pattern says what is meant.
        value: normalised by `values.make_item`; of a whole pattern its hex SHA-256.
    """

    path: str
    value: str


class Basis(StrEnum):
    """What a claim rests on."""

    DETECTION = "detection"  # the issuer's own detection of harm
    MATCH = "match"  # it saw a value that somebody had named
    IMPORT = "import"  # somebody outside the unit said it
    UNSTATED = "unstated"


class Level(IntEnum):
    """What an indicator does, from least to most."""

    NOTED = 0  # kept and provable; nothing is raised
    ALERTING = 1  # a match tells a person
    ACTIONABLE = 2  # a match may do what the office chose; by default it alerts too


@dataclass(frozen=True, slots=True)
class Said:
    """A verified statement, as far as it matters for acting.

    Attributes:
        statement: hex payload hash.
        issuer: hex member id.
        readers: members it was addressed to, the issuer left out.
        taken: when its header says it was said, which is never in the future; replaying the
            log gives it again.
        committed: the earliest time at which another cosigner than the issuer showed it
            covered; None until then. For this node's own statements, when it said them.
        held: reader -> the earliest time at which that reader cosigned over it as a mirror.
        items: how many values it names in all.
    """

    statement: str
    issuer: str
    readers: frozenset[str]
    taken: datetime
    committed: datetime | None = None
    held: Mapping[str, datetime] = field(default_factory=dict)
    items: int = 1

    @property
    def moment(self) -> datetime:
        """When it is taken to be said: shown by others, else as it says itself."""
        return self.taken if self.committed is None else self.committed


@dataclass(frozen=True, slots=True)
class Claim:
    """One object of one statement that names one value as harmful.

    Attributes:
        said: the statement.
        leaf: of the object in its content.
        subject: its STIX id.
        version: a key by which versions of one id sort.
        item: the value.
        basis: what it rests on.
        source: for an import, who outside said it; "" otherwise.
        handshake: True where a completed handshake was seen.
        since: valid_from, or the time of the sighting.
        until: valid_until, None where it is open.
        revoked: True where this version takes the object back.
    """

    said: Said
    leaf: int
    subject: str
    version: tuple[str, str]
    item: Item
    basis: Basis
    since: datetime
    source: str = ""
    handshake: bool = False
    until: datetime | None = None
    revoked: bool = False


class Stance(StrEnum):
    """How a statement stands beside another."""

    RETRACTION = "retraction"
    DISPUTE = "dispute"
    VETO = "veto"
    FALSE_POSITIVE = "false-positive"


@dataclass(frozen=True, slots=True)
class Objection:
    """A statement that stands against another.

    Attributes:
        said: the objection.
        stance: what it says.
        about: payload hash of the statement it names.
    """

    said: Said
    stance: Stance
    about: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything said about one value.

    Attributes:
        item: the value.
        claims: in any order.
        objections: against the statements of the claims, in any order.
        newest: (issuer, STIX id) -> the newest version known, whatever value it names.
    """

    item: Item
    claims: tuple[Claim, ...]
    objections: tuple[Objection, ...] = ()
    newest: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)


class Rule(StrEnum):
    """Which rule a reason comes from; stable, for machines."""

    VERIFIED = "verified"
    ORIGINS = "origins"
    ENOUGH_ORIGINS = "enough-origins"
    ECHO = "echo"
    REPEATED = "repeated"
    MATCH = "match"
    NO_HANDSHAKE = "no-handshake"
    UNSTATED = "unstated"
    UNSEEN = "unseen"
    BULK = "bulk"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    FADED = "faded"
    OWN_ASSET = "own-asset"
    BENIGN = "common-benign"
    SHARED = "shared-by-many"
    FLOOR = "prefix-floor"
    UNSPECIFIC = "unspecific"
    VETO = "veto"
    DISPUTED = "disputed"
    PRECISION = "precision"
    OWN_DETECTION = "own-detection"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a level was given or withheld.

    Attributes:
        rule: for machines.
        words: for people; values in it are normalised, names of members are ids.
        statements: payload hashes it rests on, ascending.
        ceiling: the highest level this reason leaves; ACTIONABLE where it withholds nothing.
    """

    rule: Rule
    words: str
    statements: tuple[str, ...] = ()
    ceiling: Level = Level.ACTIONABLE


@dataclass(frozen=True, slots=True)
class Decision:
    """What an indicator does, and why.

    Attributes:
        item: the value.
        level: what it does.
        reasons: all that bear on it; those that withhold first.
        origins: labels of the independent origins counted, ascending.
        needed: how many are asked for.
        prevalence: how many owners matched it; no origin.
        due: when time alone may change the answer, None where it cannot.
    """

    item: Item
    level: Level
    reasons: tuple[Reason, ...]
    origins: tuple[str, ...]
    needed: int
    prevalence: int
    due: datetime | None


class Outcome(StrEnum):
    """What became of one issuer's word on one value."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of the precision ledger; there is one at most for each (issuer, sort, item).

    Attributes:
        issuer: hex member id.
        sort: the class it counts in.
        outcome: what became of it.
        words: why.
    """

    issuer: str
    sort: Sort
    outcome: Outcome
    words: str


@dataclass(frozen=True, slots=True)
class Precision:
    """How often an issuer was right in one class.

    Attributes:
        confirmed: values that others found on their own too.
        refuted: values taken back, disputed by enough, or benign.
    """

    confirmed: int = 0
    refuted: int = 0

    @property
    def is_poor(self) -> bool:
        """True where at least five values were refuted, and more than were confirmed."""
        return self.refuted >= REFUTED_LEAST and self.refuted > self.confirmed


REFUTED_LEAST = 5  # fewer are bad luck
