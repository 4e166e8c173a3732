"""Retractions and disputes: what stands beside a statement and never removes it."""

import re

from detente.errors import InputError
from detente.node.author import Audience
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.publishing import Clock, publish
from detente.node.reading import find_statement, read_said
from detente.statements import UNIT, Kind, Pap, Tlp
from detente.statements.handling import Handling
from detente.statements.sealing import readers_of
from detente.statements.stix import encode_object, identity_of, name_uuid

_WHOLE_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NAMESPACE = bytes.fromhex("2f6a1de0b3c9585d8e4470a95cbb1d27")


def stand_beside(home: Home, kind: Kind, name: str, *, reason: str, now: Clock) -> Acknowledged:
    """Say a retraction or a dispute about one statement, with the label of what it is about.

    Args:
        kind: RETRACTION (own statements only) or DISPUTE.
        name: id of the statement, or the beginning of an own one's.
        reason: a sentence for the readers.

    Raises:
        InputError: no such statement, or a retraction of another member's.
    """
    if kind is Kind.RETRACTION or not _WHOLE_ID.fullmatch(name):
        about = find_statement(home, name).row
        if kind is Kind.RETRACTION and about.issuer != home.identity.member:
            raise InputError(
                f"statement {about.payload_hash[:16]}… is another member's",
                remedy="Only its issuer takes a statement back; `detente statement dispute` doubts",
            )
        name = about.payload_hash
    handling, audience = _as_closely_held(home, kind, name)
    moment = now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    note = encode_object(
        {
            "type": "note",
            "spec_version": "2.1",
            "id": f"note--{name_uuid(_NAMESPACE, f'{kind}{name}{moment}')}",
            "created_by_ref": identity_of(home.identity.member),
            "created": moment,
            "modified": moment,
            "content": reason,
            "object_refs": [identity_of(home.identity.member)],
        }
    )
    return publish(home, [note], handling, audience=audience, now=now)


def _as_closely_held(home: Home, kind: Kind, name: str) -> tuple[Handling, Audience]:
    """Address the readers of the statement, under its label; a stranger's goes to the unit."""
    tlp, pap, licence = Tlp.AMBER, Pap.AMBER, "NOASSERTION"
    audience: Audience = UNIT
    stored = home.index.statement(name)
    if stored is not None and stored.row.issuer == home.identity.member:
        said = read_said(home, name)
        if said.content is not None:
            own = Handling.parse(said.content.leaves[0].data)
            tlp, pap, licence = own.tlp, own.pap, own.licence
        charter = home.charter
        if charter is not None and said.statement.sealed.audience != UNIT:
            audience = readers_of(said.statement.header, tuple(charter.member_ids))
    handling = Handling(kind=kind, tlp=tlp, pap=pap, licence=licence, count=1, about=(name,))
    return handling, audience
