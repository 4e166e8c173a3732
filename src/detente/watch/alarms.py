"""Many detections of one thing become one alarm with a count.

An alarm joins what one rule finds at one source about one entity within a stretch of time.
Every detection is counted; the first ones and then fewer and fewer are kept with their
evidence, so that a storm costs a bounded number of rows and hides nothing that it says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, NamedTuple

# Who or what an event is about; the first that it names counts.
ENTITY_FIELDS = (
    "computer", "hostname", "host", "host.name", "agent.hostname", "device_name",
    "clientip", "c-ip", "src_ip", "id.orig_h", "sourceipaddress", "client_ip", "user",
)  # fmt: skip
ENTITY_CHARS_MAX = 200


class AlarmKey(NamedTuple):
    """What the detections of one alarm have in common.

    Attributes:
        rule: id of the rule or indicator.
        source: name of the source.
        entity: who or what the events are about; empty where they do not say.
    """

    rule: str
    source: str
    entity: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """Detections that belong together.

    Attributes:
        id: 64 hex digits, of its key and its first detection.
        key: what they have in common.
        first: seconds since 1970 at which the first was found.
        last: at which the newest was.
        count: how many there are.
        kept: how many of them are kept one by one.
    """

    id: str
    key: AlarmKey
    first: float
    last: float
    count: int
    kept: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """How detections are joined.

    Attributes:
        stretch_s: seconds after its first detection during which an alarm takes others.
        kept_each: of one alarm so many are kept; then those at twice the number, and again.
        open_max: alarms that take others at a time; beyond it the one begun first is closed.
    """

    stretch_s: float = 3_600.0
    kept_each: int = 100
    open_max: int = 10_000


class AlarmBook:
    """The alarms that still take detections.

    Args:
        grouping: how detections are joined.
        alarms: those that were open when the program stopped.
    """

    def __init__(self, grouping: Grouping, alarms: Iterable[Alarm] = ()) -> None:
        self._grouping = grouping
        self._open = {each.key: each for each in sorted(alarms, key=lambda each: each.first)}

    def __len__(self) -> int:
        return len(self._open)

    def take(self, key: AlarmKey, detection: str, *, at: float) -> tuple[Alarm, bool]:
        """Count a detection.

        Args:
            key: of its alarm.
            detection: its id.
            at: seconds since 1970 at which it was found.

        Returns:
            The alarm as it is now, and whether to keep the detection itself.
        """
        before = self._open.get(key)
        if before is None or at >= before.first + self._grouping.stretch_s:
            self._open.pop(key, None)
            before = Alarm(alarm_id(key, detection), key, at, at, 0, 0)
        count = before.count + 1
        keep = is_kept(count, self._grouping.kept_each)
        alarm = replace(
            before, last=max(before.last, at), count=count, kept=before.kept + (1 if keep else 0)
        )
        self._open[key] = alarm
        self._stay_within(at)
        return alarm, keep

    def _stay_within(self, now: float) -> None:
        """Close what is over, and what is too much; alarms stand in the order they began."""
        while self._open:
            key, oldest = next(iter(self._open.items()))
            is_over = now >= oldest.first + self._grouping.stretch_s
            if not is_over and len(self._open) <= self._grouping.open_max:
                return
            del self._open[key]


def is_kept(count: int, kept_each: int) -> bool:
    """Say whether the detection of this number is kept: the first ones, then at each doubling."""
    if count <= kept_each:
        return True
    times, rest = divmod(count, max(kept_each, 1))
    return rest == 0 and times & (times - 1) == 0


def alarm_id(key: AlarmKey, detection: str) -> str:
    """Return the id of the alarm that a detection begins."""
    return _digest(*key, detection)


def detection_id(*, source: str, position: str, rule: str, event_hash: bytes) -> str:
    """Return the id of a detection: the same event at the same place found again has the same."""
    return _digest(source, position, rule, event_hash.hex())


def _digest(*parts: str) -> str:
    """Return the SHA-256 of texts, each with its length before it: none runs into the next."""
    whole = sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()


def entity_of(event: Mapping[str, Any]) -> str:
    """Return who or what an event is about; empty where it does not say."""
    named = {name.lower(): value for name, value in event.items()}
    for name in ENTITY_FIELDS:
        value = named.get(name)
        if isinstance(value, str) and value:
            return value[:ENTITY_CHARS_MAX].encode("utf-8", "replace").decode()
    return ""
