"""What members say to change their charter: clear bodies, as frozen values.

Ballots are data, never code, and bound to one digest, one version and one round:
what was voted on cannot change its meaning afterwards (attack A46).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from detente.charter.errors import CharterFormatError
from detente.charter.fields import Fields
from detente.charter.model import MEMBERS_MAX
from detente.signing import JsonValue, format_time

EVIDENCE_MAX = 64
_SHOWN_YES_MAX = 2 * MEMBERS_MAX  # old members and new ones, one ballot each
_ROUND_MAX = 1_000_000


class Topic(StrEnum):
    """The one thing a proposal is about; `succession` holds each to its own fields."""

    ADMIT = "admit"
    REMOVE = "remove"
    LAPSE = "lapse"
    KEYS = "keys"  # a member's keys and epoch; decides between contested ones
    RENEW = "renew"
    RULES = "rules"
    WITNESSES = "witnesses"
    ASSETS = "assets"

    @property
    def has_subject(self) -> bool:
        """True where the proposal names one member it is about."""
        return self in (Topic.ADMIT, Topic.REMOVE, Topic.LAPSE, Topic.KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A member puts one charter to the vote.

    Attributes:
        version: the proposed one: exactly one more than that in force.
        digest: of the proposed charter, which travels beside.
        round: from 1.
        expires: nobody votes from then on; members close the round.
        topic: what it is about, and nothing else.
        subject: member id where the topic has one.
        closes: payload hashes of a quorum's closes of the round before; none in round 1.
        acceptances: payload hashes of the joiners' acceptances, which travel beside.
        evidence: payload hashes or file hashes given as reason.
    """

    KIND: ClassVar[str] = "proposal"
    version: int
    digest: str
    round: int
    expires: datetime
    topic: Topic
    subject: str | None
    closes: tuple[str, ...] = ()
    acceptances: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    @classmethod
    def parse(cls, body: JsonValue) -> "Proposal":
        """Read a body.

        Raises:
            CharterFormatError: another form.
        """
        names = {"version", "digest", "round", "expires", "topic", "subject"}
        names |= {"closes", "acceptances", "evidence"}
        read = Fields(body, what="proposal", names=frozenset(names))
        proposal = cls(
            version=read.integer("version", least=2),
            digest=read.hexadecimal("digest", length=32),
            round=read.integer("round", least=1, most=_ROUND_MAX),
            expires=read.time("expires"),
            topic=_topic(read.text("topic", characters=16)),
            subject=read.optional_hex("subject", length=32),
            closes=read.hashes("closes", most=MEMBERS_MAX),
            acceptances=read.hashes("acceptances", most=MEMBERS_MAX),
            evidence=read.hashes("evidence", most=EVIDENCE_MAX),
        )
        if (proposal.subject is not None) != proposal.topic.has_subject:
            raise CharterFormatError(f"a proposal to {proposal.topic} names a subject or none")
        if (proposal.round == 1) != (not proposal.closes):
            raise CharterFormatError("a proposal shows closes from round 2 on, and then some")
        return proposal

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {
            "version": self.version,
            "digest": self.digest,
            "round": self.round,
            "expires": format_time(self.expires),
            "topic": self.topic.value,
            "subject": self.subject,
            "closes": list(self.closes),
            "acceptances": list(self.acceptances),
            "evidence": list(self.evidence),
        }


def _topic(text: str) -> Topic:
    if text not in {topic.value for topic in Topic}:
        raise CharterFormatError(f"a topic is one of {[topic.value for topic in Topic]}")
    return Topic(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vote:
    """What `Yes` and `Confirm` have in common on the wire; their meaning differs."""

    KIND: ClassVar[str]
    version: int
    digest: str
    round: int
    expires: datetime

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {
            "version": self.version,
            "digest": self.digest,
            "round": self.round,
            "expires": format_time(self.expires),
        }


def _vote_fields(body: JsonValue, what: str) -> Fields:
    names = frozenset(("version", "digest", "round", "expires"))
    return Fields(body, what=what, names=names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Yes(_Vote):
    """A ballot for one digest in one round; a quorum of them permits `Confirm`."""

    KIND: ClassVar[str] = "yes"

    @classmethod
    def parse(cls, body: JsonValue) -> "Yes":
        """Read a body; raises CharterFormatError."""
        read = _vote_fields(body, "yes")
        return cls(
            version=read.integer("version", least=2),
            digest=read.hexadecimal("digest", length=32),
            round=read.integer("round", least=1, most=_ROUND_MAX),
            expires=read.time("expires"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(_Vote):
    """The second ballot, cast on sight of a quorum of the first; a quorum is the certificate."""

    KIND: ClassVar[str] = "confirm"

    @classmethod
    def parse(cls, body: JsonValue) -> "Confirm":
        """Read a body; raises CharterFormatError."""
        read = _vote_fields(body, "confirm")
        return cls(
            version=read.integer("version", least=2),
            digest=read.hexadecimal("digest", length=32),
            round=read.integer("round", least=1, most=_ROUND_MAX),
            expires=read.time("expires"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSet:
    """The highest quorum of yes ballots that a closing member saw.

    Attributes:
        round: in which the old members' ballots stand.
        digest: they are for.
        yes: payload hashes; of consents given in earlier rounds too.
    """

    round: int
    digest: str
    yes: tuple[str, ...]

    @classmethod
    def parse(cls, body: JsonValue) -> "ShownSet":
        """Read the object; raises CharterFormatError."""
        read = Fields(body, what="shown set", names=frozenset(("round", "digest", "yes")))
        return cls(
            round=read.integer("round", least=1, most=_ROUND_MAX),
            digest=read.hexadecimal("digest", length=32),
            yes=read.hashes("yes", most=_SHOWN_YES_MAX),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the object."""
        return {"round": self.round, "digest": self.digest, "yes": list(self.yes)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """A member ends its part in a round: it will confirm nothing of it any more."""

    KIND: ClassVar[str] = "close"
    version: int
    round: int
    shown: ShownSet | None

    @classmethod
    def parse(cls, body: JsonValue) -> "Close":
        """Read a body; raises CharterFormatError."""
        read = Fields(body, what="close", names=frozenset(("version", "round", "shown")))
        shown = read.value("shown")
        close = cls(
            version=read.integer("version", least=2),
            round=read.integer("round", least=1, most=_ROUND_MAX),
            shown=None if shown is None else ShownSet.parse(shown),
        )
        if close.shown is not None and close.shown.round > close.round:
            raise CharterFormatError("a close shows ballots of its own or an earlier round")
        return close

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        shown = None if self.shown is None else self.shown.to_json()
        return {"version": self.version, "round": self.round, "shown": shown}


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Points to the ballots that made a charter binding; any member may say it.

    Attributes:
        version: of the new charter.
        digest: of the new charter.
        round: in which it was confirmed.
        confirms: payload hashes of the old members' quorum.
        consents: payload hashes of the new members' yes ballots for this digest.
        acceptances: payload hashes of the joiners' acceptances.
    """

    KIND: ClassVar[str] = "certificate"
    version: int
    digest: str
    round: int
    confirms: tuple[str, ...]
    consents: tuple[str, ...]
    acceptances: tuple[str, ...]

    @classmethod
    def parse(cls, body: JsonValue) -> "Certificate":
        """Read a body; raises CharterFormatError."""
        names = ("version", "digest", "round", "confirms", "consents", "acceptances")
        read = Fields(body, what="certificate", names=frozenset(names))
        return cls(
            version=read.integer("version", least=2),
            digest=read.hexadecimal("digest", length=32),
            round=read.integer("round", least=1, most=_ROUND_MAX),
            confirms=read.hashes("confirms", most=MEMBERS_MAX),
            consents=read.hashes("consents", most=MEMBERS_MAX),
            acceptances=read.hashes("acceptances", most=MEMBERS_MAX),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {
            "version": self.version,
            "digest": self.digest,
            "round": self.round,
            "confirms": list(self.confirms),
            "consents": list(self.consents),
            "acceptances": list(self.acceptances),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """The proposer no longer asks for votes; ballots already cast keep their force."""

    KIND: ClassVar[str] = "withdraw"
    proposal: str

    @classmethod
    def parse(cls, body: JsonValue) -> "Withdraw":
        """Read a body; raises CharterFormatError."""
        read = Fields(body, what="withdraw", names=frozenset(("proposal",)))
        return cls(proposal=read.hexadecimal("proposal", length=32))

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {"proposal": self.proposal}


Ballot = Yes | Confirm | Close
