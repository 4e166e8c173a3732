"""Saying what this office detected itself: the statements that count as origins."""

from collections.abc import Callable, Sequence
from datetime import datetime

from detente.errors import InputError
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.outside import guess_item
from detente.node.publishing import publish
from detente.signing.canonical import JsonValue
from detente.statements import UNIT, Kind, Pap, Tlp, encode_object, identity_of
from detente.statements.handling import Handling
from detente.statements.stix import StixObject, name_uuid
from detente.watch import Basis, Item, claim_extension
from detente.watch.values import pattern_of

_NAMESPACE = bytes.fromhex("e17d90b2a4c35f6b8d02c95e71fa3846")


def say_detected(
    home: Home,
    values: Sequence[str],
    *,
    handshake: bool,
    tlp: Tlp,
    now: Callable[[], datetime],
) -> Acknowledged:
    """Say that this office detected harm by some values itself.

    Args:
        home: open.
        values: as written.
        handshake: a completed handshake was seen with each that is an address.
        tlp: the label.
        now: the clock.

    Raises:
        InputError: a value is none, or the node belongs to no unit.
        SigningRefused, StorageFault: the node must not or cannot write.
    """
    member, moment = home.identity.member, now()
    objects = [
        detection(_item(each), member=member, handshake=handshake, now=moment)
        for each in dict.fromkeys(values)
    ]
    handling = Handling(
        kind=Kind.INDICATOR, tlp=tlp, pap=Pap.AMBER, licence="NOASSERTION", count=len(objects)
    )
    return publish(home, objects, handling, audience=UNIT, now=now)


def detection(item: Item, *, member: str, handshake: bool, now: datetime) -> StixObject:
    """Return an indicator that rests on the member's own detection."""
    moment = now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    made: dict[str, JsonValue] = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{name_uuid(_NAMESPACE, f'{member} {item.path} {item.value}')}",
        "created_by_ref": identity_of(member),
        "created": moment,
        "modified": moment,
        "valid_from": moment,
        "pattern": pattern_of(item),
        "pattern_type": "stix",
        "indicator_types": ["malicious-activity"],
        "extensions": claim_extension(Basis.DETECTION, handshake=handshake),
    }
    return encode_object(made)


def _item(written: str) -> Item:
    item = guess_item(written)
    if item is None:
        raise InputError(
            f"{written[:80]!r} is no address, name, URL, mail address or hash",
            remedy="Nothing was said; correct it",
        )
    return item
