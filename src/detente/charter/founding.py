"""Founding: one member offers, every member accepts, or nothing remains.

An acceptance is a DSSE envelope by the member's governance key over the charter's
digest, with proof of possession by every signing key. A joiner of a later version
accepts the same way: it has no log yet in which it could vote.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from detente.charter.avowals import parse_possession, slots_to_json
from detente.charter.document import check_charter
from detente.charter.errors import CharterError, FoundingError
from detente.charter.fields import Fields
from detente.charter.model import SIGNING_SLOTS, Charter, KeySlot, Member
from detente.charter.succession import check_first_keys
from detente.signing import (
    Envelope,
    EnvelopeError,
    JsonError,
    JsonValue,
    KeyAdmissionError,
    Role,
    SignatureError,
    Signer,
    admit_key,
    canonical,
    key_id,
    parse_canonical,
    prove_possession,
    sign_envelope,
)

_ACCEPT = frozenset(("v", "kind", "charter", "member", "possession"))
_WITHDRAW = frozenset(("v", "kind", "charter", "member"))


@dataclass(frozen=True, slots=True)
class Offered:
    """A founding under way; `accepted` holds the members that have accepted."""

    charter: Charter
    accepted: frozenset[str]

    @property
    def missing(self) -> frozenset[str]:
        """Members that have not accepted."""
        return self.charter.member_ids - self.accepted


@dataclass(frozen=True, slots=True)
class Founded:
    """Every member accepted: the unit exists."""

    charter: Charter


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A member withdrew before the last acceptance: of the offer only its digest is kept."""

    digest: str


Founding = Offered | Founded | Withdrawn


def offer(charter: Charter) -> Offered:
    """Offer version 1.

    Raises:
        FoundingError: not a first version.
        UnsafeUnit: it could not be safe for its f; the text carries the table's row.
        CharterFormatError, NameRefused, SuccessionError: the document is not acceptable.
    """
    if charter.version != 1:
        raise FoundingError(f"a unit is founded by version 1, not {charter.version}")
    check_charter(charter)
    for member in charter.members:
        check_first_keys(member)
    return Offered(charter, frozenset())


def accept(charter: Charter, member: Member, signers: Mapping[KeySlot, Signer]) -> Envelope:
    """Sign a member's acceptance; `signers` holds one for each signing slot."""
    context = bytes.fromhex(charter.digest)
    proofs = {slot: prove_possession(slot.role, signers[slot], context) for slot in SIGNING_SLOTS}
    payload: dict[str, JsonValue] = {
        "v": 1,
        "kind": "accept",
        "charter": charter.digest,
        "member": member.id,
        "possession": slots_to_json(proofs),
    }
    return sign_envelope(Role.GOVERNANCE, canonical(payload), signers[KeySlot.GOVERNANCE])


def withdraw(charter: Charter, member: Member, governance: Signer) -> Envelope:
    """Sign a founding member's withdrawal of the whole offer."""
    payload: dict[str, JsonValue] = {
        "v": 1,
        "kind": "withdraw-founding",
        "charter": charter.digest,
        "member": member.id,
    }
    return sign_envelope(Role.GOVERNANCE, canonical(payload), governance)


def verify_acceptance(data: bytes, charter: Charter) -> str:
    """Check one acceptance of a charter (version 1, or a joiner's of a later one).

    Returns:
        The member's id.

    Raises:
        FoundingError: not an acceptance, of another charter, by no member, or a key
            without proof of possession.
    """
    envelope, value = _open(data)
    try:
        read = Fields(value, what="acceptance", names=_ACCEPT)
        _check_kind(read, "accept")
        member = _speaker(envelope, read, charter)
        proofs = parse_possession(read.value("possession"), SIGNING_SLOTS)
    except CharterError as error:
        raise FoundingError(f"not an acceptance: {error}") from None
    context = bytes.fromhex(charter.digest)
    for slot in SIGNING_SLOTS:
        try:
            admit_key(slot.role, member.keys.key(slot), context, proofs[slot])
        except KeyAdmissionError as error:
            raise FoundingError(f"{member.name!a}: {error}") from None
    return member.id


def receive(founding: Founding, data: bytes) -> Founding:
    """Take one acceptance or withdrawal into account; pure, the order of acceptances is free.

    Raises:
        FoundingError: it does not verify, or comes after the founding ended either way.
    """
    match founding:
        case Withdrawn():
            raise FoundingError(f"the founding {founding.digest[:16]}… was withdrawn")
        case Founded():
            raise FoundingError("the unit exists; a member can leave it, nobody can withdraw it")
        case Offered():
            if _is_withdrawal(data, founding.charter):
                return Withdrawn(founding.charter.digest)
            member = verify_acceptance(data, founding.charter)
            after = replace(founding, accepted=founding.accepted | {member})
            return after if after.missing else Founded(founding.charter)


def _is_withdrawal(data: bytes, charter: Charter) -> bool:
    envelope, value = _open(data)
    if not isinstance(value, dict) or value.get("kind") != "withdraw-founding":
        return False
    try:
        _speaker(envelope, Fields(value, what="withdrawal", names=_WITHDRAW), charter)
    except CharterError as error:
        raise FoundingError(f"not a withdrawal: {error}") from None
    return True


def _open(data: bytes) -> tuple[Envelope, JsonValue]:
    try:
        envelope = Envelope.parse(data)
        value = parse_canonical(envelope.payload)
    except (EnvelopeError, JsonError) as error:
        raise FoundingError(f"an acceptance is a signed envelope: {error}") from None
    if envelope.role is not Role.GOVERNANCE:
        raise FoundingError(f"signed as {envelope.role.value}, not by a governance key")
    return envelope, value


def _check_kind(read: Fields, kind: str) -> None:
    if read.text("kind", characters=32) != kind:
        raise FoundingError(f"its kind is not {kind!r}")


def _speaker(envelope: Envelope, read: Fields, charter: Charter) -> Member:
    """Return the member that signed, once version, charter, id and signature fit."""
    read.integer("v", least=1, most=1)
    if read.hexadecimal("charter", length=32) != charter.digest:
        raise FoundingError("it is about another charter")
    member = charter.member(read.hexadecimal("member", length=32))
    if member is None or envelope.keyid != key_id(member.keys.governance):
        raise FoundingError("it is not signed by a member's governance key")
    try:
        envelope.verify(member.keys.governance)
    except SignatureError as error:
        raise FoundingError(f"{member.name!a}: {error}") from None
    return member
