"""What people of the office do with an alarm: who has it, why it is none, what came of it.

Nothing here touches a detection: an alarm that was dismissed or excluded goes on counting and
keeps its evidence; it no longer asks for a person. Every step stands in the trail.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from detente.errors import InputError
from detente.node.case_beginnings import from_alarm
from detente.node.casework import Casework
from detente.node.home import Home
from detente.node.offices import Office, Role, Who
from detente.node.publishing import Clock
from detente.node.responding import Responder
from detente.storage.detections import AlarmRow, DetectionShelf
from detente.storage.handling import EXCLUSIONS_MAX, ExclusionRow, Handling, HandlingShelf

EXCLUDED_AT_MOST = timedelta(days=180)
REASON_MAX = 500
WORKERS = frozenset({Role.ANALYST, Role.RELEASER})


@dataclass(frozen=True, slots=True)
class Handled:
    """An alarm and what became of it.

    Attributes:
        row: the alarm.
        handling: who has it, and its state.
        exclusion: why it wants nobody for a while; None where it does.
    """

    row: AlarmRow
    handling: Handling
    exclusion: ExclusionRow | None

    @property
    def state(self) -> str:
        """The one word for it: open, acknowledged, dismissed or excluded."""
        return "excluded" if self.exclusion is not None else self.handling.state

    @property
    def wants_somebody(self) -> bool:
        """Whether it is among those that ask for a person."""
        return self.exclusion is None and self.handling.state != "dismissed"


def handled(home: Home, rows: Sequence[AlarmRow], *, now: datetime) -> list[Handled]:
    """Return alarms with what became of each, in their order.

    Raises:
        StorageFault: the database refused.
    """
    shelf = HandlingShelf(home.database)
    known = shelf.of([each.alarm.id for each in rows])
    excluded = {each.key: each for each in reversed(shelf.exclusions(now=now.timestamp()))}
    return [
        Handled(
            each,
            known.get(each.alarm.id, Handling(each.alarm.id)),
            excluded.get(each.alarm.key),
        )
        for each in rows
    ]


class AlarmWork:
    """Work on the alarms of an open node. Safe for threads of one process.

    Args:
        home: open.
        office: its people, who keep the trail.
        now: the clock.
    """

    def __init__(self, home: Home, office: Office, *, now: Clock) -> None:
        self._home = home
        self._office = office
        self._now = now
        self._shelf = HandlingShelf(home.database)

    def require(self, alarm: str) -> Handled:
        """Return one alarm by its whole id.

        Raises:
            InputError: there is none.
            StorageFault: the database refused.
        """
        row = DetectionShelf(self._home.database).alarm(alarm)
        if row is None or row.alarm.id != alarm:
            raise InputError("there is no such alarm; it may be over and gone")
        return handled(self._home, [row], now=self._now())[0]

    def acknowledge(self, alarm: str, *, by: Who) -> None:
        """Say that somebody saw it; whoever does has it unless another does.

        Raises:
            As `require`.
        """
        was = self.require(alarm).handling
        holder = (was.holder, was.holder_name) if was.holder else (by.id, by.name)
        self._keep(was, state="acknowledged", holder=holder[0], holder_name=holder[1], reason="")
        self._office.record(by, "acknowledge alarm", alarm)

    def assign(self, alarm: str, person: str, *, by: Who) -> None:
        """Give it to a person of the office who works on alarms.

        Raises:
            InputError: no such alarm or person, or one who does not work on alarms.
            StorageFault: the database refused.
        """
        was, to = self.require(alarm).handling, self._office.require(person)
        if not to.roles & WORKERS:
            raise InputError(f"{to.name!r} does not work on alarms", remedy="Choose an analyst")
        self._keep(was, state="acknowledged", holder=to.id, holder_name=to.name, reason="")
        self._office.record(by, "assign alarm", alarm, detail=to.name)

    def dismiss(self, alarm: str, reason: str, *, by: Who) -> None:
        """Say that it is none, and why.

        Raises:
            InputError: no such alarm, or no reason.
            StorageFault: the database refused.
        """
        was, why = self.require(alarm).handling, _reason(reason)
        self._keep(was, state="dismissed", reason=why)
        self._office.record(by, "dismiss alarm", alarm, detail=why)

    def reopen(self, alarm: str, *, by: Who) -> None:
        """Let it want somebody again: what was dismissed or excluded is so no more.

        Raises:
            As `require`.
        """
        was = self.require(alarm)
        self._shelf.end_exclusions(was.row.alarm.key, now=self._now().timestamp())
        self._keep(was.handling, state="open", reason="")
        self._office.record(by, "reopen alarm", alarm)

    def exclude(self, alarm: str, reason: str, *, days: int, by: Who) -> None:
        """Let alarms of its rule, source and entity want nobody for some days.

        Raises:
            InputError: no such alarm, no reason, no or too many days, or too many exclusions.
            StorageFault: the database refused.
        """
        was, why, now = self.require(alarm), _reason(reason), self._now()
        if not 1 <= days <= EXCLUDED_AT_MOST.days:
            raise InputError(f"an exclusion lasts 1 to {EXCLUDED_AT_MOST.days} days, not {days}")
        if len(self._shelf.exclusions(now=now.timestamp())) >= EXCLUSIONS_MAX:
            raise InputError(f"at most {EXCLUSIONS_MAX} exclusions are in force", remedy="End some")
        until = now + timedelta(days=days)
        made = int(now.timestamp())
        key = was.row.alarm.key
        self._shelf.exclude(ExclusionRow(key, why, by.name, made, int(until.timestamp())))
        detail = f"until {until:%Y-%m-%d}: {why}; rule {key.rule}, {key.source}, {key.entity}"
        self._office.record(by, "exclude alarm", alarm, detail=detail)

    def make_case(self, alarm: str, *, by: Who) -> str:
        """Open a private case of it with the hash of its newest event, or find the one there is.

        Returns its id.

        Raises:
            InputError: no such alarm, or a form that is none.
            StorageFault: the database refused.
        """
        was = self.require(alarm)
        if was.handling.case:
            return was.handling.case
        found = DetectionShelf(self._home.database).newest(alarm)
        asked = from_alarm(was.row, found).asked()
        work = Casework(Responder(self._home, now=self._now))
        case = work.open(asked).thread
        self._keep(was.handling, case=case)
        self._office.record(by, "make case", case, detail=f"of alarm {alarm}")
        return case

    def _keep(self, was: Handling, **changed: str) -> None:
        at = int(self._now().timestamp())
        self._shelf.keep(replace(was, changed=at, **changed))


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason or len(reason) > REASON_MAX:
        raise InputError(f"a reason is 1 to {REASON_MAX} characters", remedy="Say why")
    return reason
