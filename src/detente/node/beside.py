"""Retractions and disputes: what stands beside a statement and never removes it."""

import re

from detente.errors import InputError
from detente.node.author import Audience
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.publishing import Clock, publish
from detente.node.reading import Said, find_statement, read_said
from detente.signing.canonical import JsonValue
from detente.statements import UNIT, Kind, Pap, Tlp
from detente.statements.handling import Handling
from detente.statements.stix import encode_object, identity_of, name_uuid
from detente.storage.model import StoredStatement
from detente.watch import Basis, claim_extension

_WHOLE_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NAMESPACE = bytes.fromhex("2f6a1de0b3c9585d8e4470a95cbb1d27")


def stand_beside(
    home: Home, kind: Kind, name: str, *, reason: str, now: Clock, pattern: str = ""
) -> Acknowledged:
    """Say a retraction or a dispute about one statement, never under less than its label.

    Args:
        home: the node.
        kind: RETRACTION (own statements only) or DISPUTE.
        name: id of the statement, or the beginning of one that is known here.
        reason: a sentence for the readers.
        now: the clock.
        pattern: of the values of the statement that it is about; "" for all of it.

    Raises:
        InputError: no such statement, a retraction of another member's, or of something that
            is no claim.
        StixError: a reason that no note takes.
    """
    about = _known(home, kind, name.lower())
    wanted = name.lower() if about is None else about.row.payload_hash
    handling, audience = _as_closely_held(home, kind, wanted, about)
    moment = now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    made: dict[str, JsonValue] = {
        "type": "note",
        "spec_version": "2.1",
        "id": f"note--{name_uuid(_NAMESPACE, f'{kind}{wanted}{moment}{pattern}')}",
        "created_by_ref": identity_of(home.identity.member),
        "created": moment,
        "modified": moment,
        "content": reason,
        "object_refs": [identity_of(home.identity.member)],
    }
    if pattern:
        made["extensions"] = claim_extension(Basis.UNSTATED, pattern=pattern)
    note = encode_object(made)
    return publish(home, [note], handling, audience=audience, now=now)


def _known(home: Home, kind: Kind, name: str) -> StoredStatement | None:
    """Return the statement meant; None for a whole id that this node has never seen."""
    if kind is Kind.DISPUTE and _WHOLE_ID.fullmatch(name) and not home.index.statement(name):
        return None
    about = find_statement(home, name)
    if kind is Kind.RETRACTION and about.row.issuer != home.identity.member:
        raise InputError(
            f"statement {about.row.payload_hash[:16]}… is another member's",
            remedy="Only its issuer takes a statement back; `detente statement dispute` doubts",
        )
    if about.row.ciphertext is None:
        raise InputError(
            f"statement {about.row.payload_hash[:16]}… is a {about.row.kind}, not a claim that "
            "could be taken back or doubted",
            remedy="What a key or charter statement did is changed by another one",
        )
    return about


def _as_closely_held(
    home: Home, kind: Kind, name: str, about: StoredStatement | None
) -> tuple[Handling, Audience]:
    """Address the readers of the statement, under its label.

    Where the label cannot be read here any more, or never could, the strictest stands: the
    reason may tell what the statement said. What was never seen here is doubted before all.
    """
    tlp, pap, licence = Tlp.AMBER, Pap.AMBER, "NOASSERTION"
    audience: Audience = UNIT
    if about is not None:
        said = read_said(home, name)
        tlp, pap = Tlp.RED, Pap.RED
        if said.content is not None:
            own = Handling.parse(said.content.leaves[0].data)
            tlp, pap, licence = own.tlp, own.pap, own.licence
        audience = _audience(home, said)
    handling = Handling(kind=kind, tlp=tlp, pap=pap, licence=licence, count=1, about=(name,))
    return handling, audience


def _audience(home: Home, said: Said) -> Audience:
    """Return who read a statement: those it was addressed to, and another's issuer."""
    named = said.statement.sealed.audience
    if named == UNIT:
        return UNIT
    charter, me = home.charter, home.identity.member
    members = frozenset() if charter is None else charter.member_ids
    readers = ({*named, said.stored.row.issuer} - {me}) & members
    if not readers:
        raise InputError("nobody it was addressed to is a member any more")
    return tuple(sorted(readers))
