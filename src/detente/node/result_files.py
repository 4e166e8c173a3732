"""A folder of published figures, from tape to public page: compared, and said in one line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from detente.elections.results import (
    Check,
    Difference,
    Level,
    Report,
    beside,
    bounds,
    completeness,
    direction,
    early,
    echoes,
    gaps,
    late_votes,
    missing,
    monotone,
    rehearsals,
    roll_up,
    series,
    shapes,
    shifts,
    still_open,
    transit,
    unlike_pages,
    whole,
)
from detente.node.clock import now as clock_now
from detente.node.result_reading import Night, read_night
from detente.node.signed_figures import NO_OFFICES, Offices

REHEARSAL_LINE = "REHEARSAL: no figure of it is real. "


@dataclass(frozen=True, slots=True)
class Checked:
    """What a folder came to.

    Attributes:
        line: the whole in one plain sentence.
        differences: everything that does not agree, what is most pressing first.
        notes: what was left out, or stands on one side only.
        reports: what was read, in the order of the chain.
        is_rehearsal: whether all of it is a rehearsal.
    """

    line: str
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    reports: tuple[Report, ...]
    is_rehearsal: bool = False


def check_results(
    folder: Path, *, offices: Offices = NO_OFFICES, at: datetime | None = None
) -> Checked:
    """Read every file of a folder and compare what follows each other in the chain.

    Args:
        folder: the files of the night.
        offices: whose signatures are trusted.
        at: the moment for which to judge who is late; None: now.

    Raises:
        InputError: no figures, or a file that cannot be read: nothing of it is used then.
    """
    night = read_night(folder, offices)
    return check_night(night, at if at is not None else clock_now())


def check_night(night: Night, at: datetime) -> Checked:
    """Compare what was read; a rehearsal's figures are only compared with each other."""
    reports = sorted(night.reports, key=lambda each: (each.level, each.source))
    real = [report for report in reports if not report.is_test]
    is_rehearsal = not real
    judged = reports if is_rehearsal else real
    found = rehearsals(reports) + ([] if is_rehearsal else echoes(reports))
    found += night.broken
    notes = [*night.notes, *_unsigned(judged)]
    notes += [f"{r.source}: left out: {what}" for r in reports for what in r.left_out]
    last = _latest(judged)
    alone = [said for inner, outer in _neighbours(last) for said in missing(inner, outer)]
    notes += alone
    found += _along(judged, last, notes)
    for report in judged:
        found += bounds(report)
    found += _by_the_clock(night, judged, at, notes)
    for source, devices in night.logs.items():
        found += gaps(devices, source) + late_votes(devices, night.expected, source)
    found = _with_shapes(found, judged, night)
    found.sort(key=lambda each: -each.weight)
    is_compared = len(last) > 1 or any(_successive(judged))
    line = _line(found, judged, len(alone), is_compared=is_compared)
    return Checked(
        REHEARSAL_LINE + line if is_rehearsal else line,
        tuple(found),
        tuple(dict.fromkeys(notes)),
        tuple(reports),
        is_rehearsal,
    )


def _unsigned(reports: Sequence[Report]) -> list[str]:
    """Who signed; said only where anybody did: most offices do not sign yet."""
    if not any(report.signed_by for report in reports):
        return []
    return [
        f"{each.source}: signed by {each.signed_by}" if each.signed_by
        else f"{each.source}: unsigned"
        for each in reports
    ]  # fmt: skip


def _along(judged: Sequence[Report], last: Sequence[Report], notes: list[str]) -> list[Difference]:
    """What does not agree from each level to the next, at each level in time, and at the page."""
    found: list[Difference] = []
    for inner, outer in _neighbours(last):
        compared = _compare(inner, outer)
        found += compared
        summed = [each for each in compared if each.check is Check.ROLL_UP]
        notes += filter(None, [direction(summed, inner, outer)])
    public = [report for report in judged if report.level is Level.PUBLIC]
    inside = [report for report in last if report.level is not Level.PUBLIC]
    if public and inside:
        signed = [report for report in inside if report.signed_by]
        found += transit((signed or inside)[-1], public)
        notes += unlike_pages(public)
    for earlier, later in _successive(judged):
        found += monotone(earlier, later)
    return found


def _by_the_clock(
    night: Night, judged: Sequence[Report], at: datetime, notes: list[str]
) -> list[Difference]:
    waiting = dict(still_open(night.expected, at))
    came = {place for report in judged for place in report.places()}
    notes += [said for place, said in waiting.items() if place not in came]
    late = {place: each.telephone for place, each in night.expected.items() if place not in waiting}
    return completeness(judged, late) + early(judged, night.expected)


def _with_shapes(
    found: Sequence[Difference], judged: Sequence[Report], night: Night
) -> list[Difference]:
    seen = [
        shape
        for before in night.before
        for report in judged
        if report.level is before.level
        for shape in shapes(report, before)
    ]
    return beside(found, seen)


def _compare(inner: Report, outer: Report) -> list[Difference]:
    moved = shifts(inner, outer)
    shifted = {each.place for each in moved}
    summed = roll_up(inner, outer)
    return moved + [each for each in summed if each.place.rpartition(": ")[0] not in shifted]


def _latest(real: Sequence[Report]) -> list[Report]:
    levels = [[report for report in real if report.level is level] for level in Level]
    return [whole([each[-1] for each in series(level)]) for level in levels if level]


def _neighbours(last: Sequence[Report]) -> Iterator[tuple[Report, Report]]:
    inside = [report for report in last if report.level is not Level.PUBLIC]
    yield from pairwise(inside)


def _successive(real: Sequence[Report]) -> Iterator[tuple[Report, Report]]:
    for level in Level:
        if level is not Level.PUBLIC:
            for each in series([report for report in real if report.level is level]):
                yield from pairwise(each)


def _line(
    found: Sequence[Difference], real: Sequence[Report], alone: int, *, is_compared: bool
) -> str:
    places = len({place for report in real for place in report.places() if place.precinct})
    what = f"{places} precinct reports" if places else f"{len(real)} files"
    if not found and not is_compared:
        return f"{what} read; nothing stands beside them to compare with."
    if not found and alone:
        return f"What both sides name agrees; {alone} contests at places stand on one side only."
    if not found:
        return f"All {what} agree along the chain."
    votes = sum(abs(each.difference) for each in found)
    turning = sum(each.can_change_winner for each in found)
    could = f"{turning} of them could change a winner" if turning else "no winner changes"
    return f"{len(found)} figures do not agree, {votes} votes in all; {could}."
