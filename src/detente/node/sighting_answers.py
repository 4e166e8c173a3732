"""Answering a warning: a person says that this office saw what a partner named.

The statement carries the id that the partner gave, which of its values were seen, times and
a count: no raw event, no source, no computer. It goes through release like every other.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from secrets import token_hex

import orjson

from detente.errors import InputError
from detente.node.contents import leaves_of
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.publishing import publish
from detente.node.reading import entry_of
from detente.signing.canonical import JsonValue
from detente.statements import (
    UNIT,
    Kind,
    Pap,
    Tlp,
    decode_object,
    encode_object,
    identity_of,
    parse_entry,
)
from detente.statements.handling import Handling
from detente.statements.stix import name_uuid
from detente.storage.detections import DetectionRow, DetectionShelf
from detente.watch import Basis, claim_extension, items_of_pattern
from detente.watch.values import WHOLE_PATTERN, pattern_of

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
    shelf = DetectionShelf(home.database)
    row = shelf.alarm(alarm) if len(alarm) >= ALARM_LEAST else None
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
    kept = [each for _, each in shelf.detections(alarm=row.alarm.id)]
    pattern = _pattern(home, rule, kept)
    if pattern:
        # Without its values a sighting counts for none: an id may be used by several issuers.
        made["extensions"] = claim_extension(Basis.MATCH, pattern=pattern)
    handling = Handling(kind=Kind.SIGHTING, tlp=tlp, pap=Pap.AMBER, licence="NOASSERTION", count=1)
    return publish(home, [encode_object(made)], handling, audience=UNIT, now=now)


def _pattern(home: Home, indicator: str, kept: Sequence[DetectionRow]) -> str:
    """Return the pattern of what was seen; empty where the indicator is not held any more."""
    named = _named(home, indicator)
    items = items_of_pattern(named) if named else ()
    if any(each.path == WHOLE_PATTERN for each in items):
        return named
    values = {str(v).casefold() for row in kept for v in orjson.loads(row.fields).values()}
    # All of them where events write them in other words: a network, a name above another.
    seen = [each for each in items if each.value.casefold() in values] or items
    return " OR ".join(map(pattern_of, seen))


def _named(home: Home, indicator: str) -> str:
    """Return the pattern of an indicator, as whoever used its id first said it."""
    for hit in home.index.objects_by_id(indicator, limit=1):
        leaves = leaves_of(home, parse_entry(entry_of(home, hit.statement)))
        for index, leaf in () if leaves is None else leaves.read():
            if index == hit.leaf:
                return decode_object(leaf.data).text("pattern") or ""
    return ""


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
