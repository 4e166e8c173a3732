"""Answering a warning: a person says that this office saw what a partner named.

The statement carries the id that the partner gave, times and a count: no raw event, no
source, no computer. It goes through release like every other.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from secrets import token_hex

from detente.errors import InputError
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.publishing import publish
from detente.signing.canonical import JsonValue
from detente.statements import UNIT, Kind, Pap, Tlp, encode_object, identity_of
from detente.statements.handling import Handling
from detente.statements.stix import name_uuid
from detente.storage.detections import DetectionShelf

_NAMESPACE = bytes.fromhex("6be2170f84d94a55a3d2c1f09b7e5d18")
_COUNT_MAX = 999_999_999
ALARM_LEAST = 8


def say_sighted(home: Home, alarm: str, *, tlp: Tlp, now: Callable[[], datetime]) -> Acknowledged:
    """Say to the unit that what an alarm is about was seen here.

    Args:
        home: open.
        alarm: id of an alarm of an indicator, or its first eight digits or more.
        tlp: the label.
        now: the clock.

    Raises:
        InputError: there is no such alarm, or a rule of this office raised it.
        ReleaseError: the gate withholds it.
        SigningRefused, StorageFault: the node must not or cannot write.
    """
    row = DetectionShelf(home.database).alarm(alarm) if len(alarm) >= ALARM_LEAST else None
    if row is None:
        raise InputError(f"no one alarm is called {alarm[:64]!r}", remedy="`detente watch alarms`")
    rule = row.alarm.key.rule
    if not rule.startswith("indicator--"):
        raise InputError(
            "this alarm is of a rule, not of an indicator: there is nothing to answer",
            remedy="`detente indicators detected` says what this office found itself",
        )
    member, moment = home.identity.member, _stamp(now())
    made: dict[str, JsonValue] = {
        "type": "sighting",
        "spec_version": "2.1",
        "id": f"sighting--{name_uuid(_NAMESPACE, f'{member} {row.alarm.id} {token_hex(8)}')}",
        "created_by_ref": identity_of(member),
        "created": moment,
        "modified": moment,
        "first_seen": _stamp(datetime.fromtimestamp(row.alarm.first, UTC)),
        "last_seen": _stamp(datetime.fromtimestamp(row.alarm.last, UTC)),
        "count": min(row.alarm.count, _COUNT_MAX),
        "sighting_of_ref": rule,
    }
    handling = Handling(kind=Kind.SIGHTING, tlp=tlp, pap=Pap.AMBER, licence="NOASSERTION", count=1)
    return publish(home, [encode_object(made)], handling, audience=UNIT, now=now)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
