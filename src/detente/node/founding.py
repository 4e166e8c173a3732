"""Founding a unit: cards in, an offered charter out, acceptances back, one chain for all.

Files carry every step, so that it works before any network does: each member
writes its card, one makes the offer, every one accepts, every one applies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from detente.charter import (
    SIGNING_SLOTS,
    Charter,
    FoundingError,
    KeySlot,
    Member,
    OutsideWitness,
    Quota,
    governance_of,
    parse_charter,
    settlement_of,
)
from detente.charter.document import parse_member
from detente.charter.founding import Founded, Founding, Withdrawn, accept, offer, receive, withdraw
from detente.errors import InputError
from detente.node.home import Home
from detente.node.speaking import begin_log, own_log
from detente.proofs.chain import chain_of
from detente.signing import JsonValue, canonical, format_time, parse_canonical
from detente.tlog import KeyType, Verifier

LIFETIME = timedelta(days=365)
DEFAULT_QUOTA = Quota(statements=100_000, size_bytes=1 << 30)
CHECKPOINT_SECONDS = 60
_WITNESS_TYPES = frozenset({KeyType.ED25519_COSIGNATURE, KeyType.MLDSA44})

RENEW = (
    "Put its renewal to the vote with `detente charter propose renew`; until then this node goes "
    "on receiving, and what it holds stays readable"
)


def write_card(home: Home) -> bytes:
    """Return what this node would stand as in a charter: public keys and names only."""
    return canonical(home.card.to_json())


def read_card(data: bytes) -> Member:
    """Read a card; its keys are admitted when its holder accepts.

    Raises:
        JsonError, CharterFormatError: another form.
    """
    return parse_member(parse_canonical(data))


def make_offer(
    *,
    name: str,
    members: Sequence[Member],
    witnesses: Sequence[OutsideWitness],
    f: int,
    now: datetime,
    exercise: bool = False,
) -> Charter:
    """Return version 1 of a charter, ready to be accepted by every member in it.

    Raises:
        UnsafeUnit: it could not be safe for its f; the text carries the table's row.
        CharterError: names, keys or members that no charter takes.
    """
    moment = now.replace(microsecond=0)
    charter = Charter(
        version=1,
        unit=None,
        previous=None,
        name=name,
        exercise=exercise,
        created=moment,
        expires=moment + LIFETIME,
        f=f,
        checkpoint_seconds=CHECKPOINT_SECONDS,
        members=tuple(sorted(members, key=lambda each: each.id)),
        witnesses=tuple(sorted(witnesses, key=lambda each: each.name)),
        quota=DEFAULT_QUOTA,
        assets=(),
    )
    return offer(charter).charter


def accept_offer(home: Home, document: bytes, now: datetime | None = None) -> bytes:
    """Accept an offered charter with this node's governance key; nothing is kept yet.

    Raises:
        InputError: this node is not in it as it is, belongs to a unit, or the one was made
            for training and the other was not.
        CharterError: the document is no acceptable first version, or it has expired `now`.
        NoSuchKey: a key lies off line.
    """
    charter = parse_charter(document)
    offer(charter)
    _require_own_place(home, charter)
    if now is not None:
        _require_current(charter, now)
    signers = {slot: home.signer(slot) for slot in SIGNING_SLOTS}
    return accept(charter, home.card, signers).to_bytes()


def gather_founding(document: bytes, answers: Sequence[bytes]) -> Founding:
    """Return where a founding stands after these acceptances and withdrawals.

    Raises:
        CharterError: the document or an answer does not verify.
    """
    founding: Founding = offer(parse_charter(document))
    for answer in dict.fromkeys(answers):
        founding = receive(founding, answer)
    return founding


def apply_founding(home: Home, document: bytes, answers: Sequence[bytes], now: datetime) -> Charter:
    """Bind this node to a unit that every member accepted, and begin its log.

    Nothing is written before every acceptance has verified: an offer that was
    withdrawn leaves nothing behind. Applied again, also after a stop half-way, it is the
    same as once.

    Raises:
        FoundingError: somebody has not accepted, or it was withdrawn.
        InputError: as `accept_offer`.
        StorageFault: the disk or the database refused.
    """
    bound = home.charter
    if bound is not None and bound.digest == parse_charter(document).digest:
        return bound
    founding = gather_founding(document, answers)
    if isinstance(founding, Withdrawn):
        raise FoundingError(f"the founding {founding.digest[:16]}… was withdrawn")
    if not isinstance(founding, Founded):
        names = [each.name for each in founding.charter.members if each.id in founding.missing]
        raise FoundingError(
            f"{len(names)} members have not accepted: {', '.join(names)}",
            remedy="Ask them for `detente charter vote`, and name every answer",
        )
    charter = founding.charter
    _require_own_place(home, charter)
    _require_current(charter, now)
    chain = chain_of([charter], acceptances=answers)
    home.charters.found(document)
    home.keep_chain(chain)
    begin_log(own_log(home))
    home.charters.adopt(charter.unit_id, version=1, at=now)
    return charter


def _require_current(charter: Charter, now: datetime) -> None:
    if now >= charter.expires:
        raise FoundingError(
            f"the offer expired on {charter.expires:%Y-%m-%d}", remedy="Ask for a new one"
        )


def _require_own_place(home: Home, charter: Charter) -> None:
    if home.charter is not None:
        raise InputError(
            "this node belongs to a unit already",
            file=str(home.layout.directory),
            remedy="One node, one unit: make another node with `detente init`",
        )
    if charter.exercise != home.identity.exercise:
        made = "made for training" if charter.exercise else "a real one"
        raise InputError(
            f"the unit {charter.name!r} is {made}, this node is not",
            remedy="Exercise units are joined by exercise nodes only",
        )
    if charter.member(home.identity.member) != home.card:
        raise InputError(
            f"this node does not stand in the charter {charter.name!r} with its own keys",
            remedy="Send the card that `detente charter card` writes, and ask for a new offer",
        )


def withdraw_offer(home: Home, document: bytes) -> bytes:
    """Withdraw a whole offer with this node's governance key; only before the last acceptance.

    Raises:
        InputError: this node does not stand in it.
        CharterError: the document is no acceptable first version.
    """
    charter = parse_charter(document)
    _require_own_place(home, charter)
    return withdraw(charter, home.card, home.signer(KeySlot.GOVERNANCE)).to_bytes()


def read_witness(words: str) -> OutsideWitness:
    """Read an outside witness from its verifier keys, comma-separated.

    Raises:
        NoteError: not a verifier key, or a weak one.
        InputError: no 0x04 key, keys of two names, or a key of another type.
    """
    keys = {key.key_type: key for key in map(Verifier.parse, words.split(","))}
    ed25519 = keys.get(KeyType.ED25519_COSIGNATURE)
    mldsa44 = keys.get(KeyType.MLDSA44)
    names = {key.name for key in keys.values()}
    if ed25519 is None or len(names) != 1 or keys.keys() - _WITNESS_TYPES:
        raise InputError(
            "an outside witness has one name, an Ed25519 cosigner key (0x04) and perhaps an "
            "ML-DSA-44 key (0x06)",
            remedy="Name them as VKEY or VKEY,VKEY",
        )
    return OutsideWitness(
        name=ed25519.name,
        ed25519=ed25519.public_key,
        mldsa44=None if mldsa44 is None else mldsa44.public_key,
    )


def require_bound(home: Home) -> Charter:
    """Return the charter this node is bound to.

    Raises:
        InputError: it works alone.
    """
    charter = home.charter
    if charter is None:
        raise InputError(
            "this node belongs to no unit",
            file=str(home.layout.directory),
            remedy="See `detente charter --help` for how one is founded",
        )
    return charter


@dataclass(frozen=True, slots=True)
class CharterView:
    """A charter for people and machines.

    Attributes:
        document: the JSON answer.
        lines: the same for people.
    """

    document: dict[str, JsonValue]
    lines: tuple[str, ...]


def describe_charter(charter: Charter) -> CharterView:
    """Return what a charter says, with the fingerprint words of every member."""
    settled, ruled = settlement_of(charter), governance_of(charter)
    members: list[JsonValue] = [
        {
            "id": each.id,
            "name": each.name,
            "operator": each.operator,
            "origin": each.origin,
            "fingerprint": list(each.fingerprint),
        }
        for each in charter.members
    ]
    document: dict[str, JsonValue] = {
        "unit": charter.unit_id,
        "name": charter.name,
        "version": charter.version,
        "digest": charter.digest,
        "exercise": charter.exercise,
        "expires": format_time(charter.expires),
        "f": charter.f,
        "settlement": {"q": settled.q, "of": settled.eligible, "mirrors": settled.member_mirrors},
        "governance": {"q": ruled.q, "of": ruled.n, "removal_possible": ruled.can_remove},
        "members": members,
        "witnesses": [each.name for each in charter.witnesses],
    }
    lines = [
        f"{charter.name}, version {charter.version}, unit {charter.unit_id}",
        *(["EXERCISE: made for training, nothing here is real"] if charter.exercise else []),
        f"expires {charter.expires:%Y-%m-%d}; bears {charter.f} hostile members",
        f"settled when {settled.q} of {settled.eligible} cosigned, {settled.member_mirrors} of "
        "them member mirrors",
        f"changed by {ruled.q} of {ruled.n} members"
        + ("" if ruled.can_remove else "; nobody can be removed"),
    ]
    for each in charter.members:
        lines.append(f"  {each.name}  {each.id}")
        lines.append(f"    {' '.join(each.fingerprint)}")
    lines += [
        f"  outside witness {each.name}{' (Ed25519 only)' if each.lacks_mldsa44 else ''}"
        for each in charter.witnesses
    ]
    return CharterView(document, tuple(lines))
