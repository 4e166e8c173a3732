"""Polling hours: figures before the polls close, votes after, and hours extended by order."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from detente.elections.results.events import Device
from detente.elections.results.model import Check, Difference, Level, Place, Report, Weight
from detente.signing import format_time

_VOTING = frozenset(("scan", "cast", "vote", "ballot-cast", "ballot-scanned"))


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of a place before the night.

    Attributes:
        telephone: whom to call; empty: not known.
        closes: when its polls close; None: not known.
        extended: until when an order keeps them open; None: no order.
        devices: the devices that stand there.
    """

    telephone: str = ""
    closes: datetime | None = None
    extended: datetime | None = None
    devices: tuple[str, ...] = ()

    @property
    def end(self) -> datetime | None:
        """When voting ends there."""
        return self.extended or self.closes


def still_open(expected: Mapping[Place, Expected], now: datetime) -> Iterator[tuple[Place, str]]:
    """Places that are not late because they still vote, in words."""
    for place, each in sorted(expected.items()):
        if each.end is not None and now < each.end:
            order = " by order" if each.extended is not None else ""
            yield place, f"{place} votes{order} until {format_time(each.end)}"


def early(reports: Iterable[Report], expected: Mapping[Place, Expected]) -> list[Difference]:
    """Figures that were made, or shown to the public, before voting had ended."""
    ends = {place: each.end for place, each in expected.items() if each.end is not None}
    if not ends:
        return []
    last = max(ends.values())
    where_last = min(place for place, end in ends.items() if end == last)
    found: list[Difference] = []
    for report in reports:
        made = report.generated
        if made is None:
            continue
        for place in sorted(report.places() & ends.keys()):
            if made < ends[place]:
                found.append(_early(report, str(place), made, ends[place]))
        if report.level is Level.PUBLIC and made < last and report.places().isdisjoint(ends):
            found.append(_early(report, str(where_last), made, last))
    return found


def _early(report: Report, place: str, made: datetime, end: datetime) -> Difference:
    return Difference(
        Check.HOURS,
        f"{report.source}: {place}",
        0,
        False,
        f"figures made at {format_time(made)}, while {place} votes until {format_time(end)}. "
        "Innocent: a zero report, early votes that may be shown, a clock in another zone. Settled "
        "by: asking who made the file; an order that extends hours holds for the public page too.",
        Weight.LOOK,
    )


def late_votes(
    devices: Iterable[Device], expected: Mapping[Place, Expected], source: str
) -> list[Difference]:
    """Ballots that a device took after voting had ended where it stands."""
    places = {name: place for place, each in expected.items() for name in each.devices}
    found: list[Difference] = []
    for device in devices:
        place = places.get(device.id)
        end = expected[place].end if place is not None else None
        if place is None or end is None:
            continue
        after = [event for event in device.events if event.type in _VOTING and event.time > end]
        if after:
            said = expected[place]
            order = (
                f"the order extends hours to {format_time(end)}"
                if said.extended is not None
                else "no order extends its hours"
            )
            found.append(
                Difference(
                    Check.HOURS,
                    f"{source}: {place}: {device.id}",
                    len(after),
                    False,
                    f"{len(after)} entries of ballots taken after the close, the last at "
                    f"{format_time(after[-1].time)}; {order}. Innocent: voters who stood in line, "
                    "absentee cards run through later. Settled by: the poll book and the order.",
                    Weight.LOOK,
                )
            )
    return found
