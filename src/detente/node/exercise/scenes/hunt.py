"""One rival's warning makes the other find the same sources in its own events, and answer."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import orjson

from detente.node.clock import now
from detente.node.exercise.network import NetworkUnit, patiently
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Finished, Stage
from detente.node.exercise.watched import WEB, WatchedUnit, watched
from detente.node.exercise.web_days import line_of
from detente.storage.detections import DetectionRow

_IN_TIME_S = 1.0
_FIRST = "198.51.100.99"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A warning as the other office got it.

    Attributes:
        id: of the statement.
        before: seconds since 1970 at which it was not there yet, looked at last.
    """

    id: str
    before: float


def _run(stage: Stage) -> str:
    made = watched(stage)
    unit, author, other = made.unit, made.attacked.name, made.passed.name
    _get_going(stage, made)
    known = made.detections(made.passed)
    arrival = _warn(unit, author, other, made.addresses)
    patiently(lambda: len(_new(made, known)) >= made.traces)
    hunted = _new(made, known)
    again = time.time()
    _comes(stage, made, made.slow)
    patiently(lambda: len(_new(made, known)) > len(hunted))
    live = _new(made, [*known, *hunted])
    delays = {"hunted_s": _until(hunted) - arrival.before, "live_s": _until(live) - again}
    stage.keep("delays.json", _json(delays))
    stage.keep("found.evidence", b"\n".join(row.evidence or b"" for row in (*hunted, *live)))
    answers = _answer(stage, made)
    heard = [patiently(partial(unit.has, author, each)) for each in answers]
    patiently(lambda: all(_prevalence(unit, author, each) == 1 for each in made.addresses))
    shown = [unit.ask(author, "statement", "show", each).document for each in answers]
    why = {each: unit.ask(author, "indicators", "why", each) for each in made.addresses}
    stage.keep("answers.json", _json(shown))
    stage.keep("why.json", _json({value: each.document for value, each in why.items()}))
    return facts(
        found_in_stored_events=f"{len(hunted)} of {made.traces}",
        found_within_a_second_of_arrival=delays["hunted_s"] <= _IN_TIME_S,
        found_live=len(live),
        found_live_within_a_second=delays["live_s"] <= _IN_TIME_S,
        only_what_names_them=all(_names(row, made.addresses) for row in (*hunted, *live)),
        sightings_heard=sum(heard),
        seen_by_others=[(each.document or {}).get("prevalence") for each in why.values()],
        counts_as_an_origin=any(_is_origin(each, unit.member_id(other)) for each in why.values()),
        raw_events_left_the_office=_left(shown, hunted),
    )


def _get_going(stage: Stage, made: WatchedUnit) -> None:
    """Let a first warning be heard and hunted for: programs are read then, and nothing is timed."""
    _comes(stage, made, _FIRST)
    made.unit.ask(
        made.attacked.name, "indicators", "detected", _FIRST, "--handshake", "--tlp", "green"
    )
    patiently(lambda: any(_names(row, (_FIRST,)) for row in made.detections(made.passed)))


def _warn(unit: NetworkUnit, author: str, other: str, values: Sequence[str]) -> Arrival:
    """Let a person say it, and look all the while whether the other has it."""
    before: dict[str, float] = {}
    with ThreadPoolExecutor(1) as beside:
        words = ("indicators", "detected", *values, "--handshake", "--tlp", "green")
        saying = beside.submit(unit.ask, author, *words)

        def look() -> bool:
            moment = time.time()
            for row in unit.statements(other):
                before.setdefault(str(row["id"]), last[0])
            last[0] = moment
            return saying.done() and saying.result().text("id") in before

        last = [time.time()]
        patiently(look)
        said = saying.result().text("id")
    return Arrival(said, before.get(said, 0.0))


def _new(made: WatchedUnit, known: Sequence[DetectionRow]) -> list[DetectionRow]:
    ids = {row.id for row in known}
    return [row for row in made.detections(made.passed) if row.id not in ids]


def _until(rows: Sequence[DetectionRow]) -> float:
    """Return when the last of some detections was found; never where there is none."""
    return max((row.found for row in rows), default=float("inf"))


def _names(row: DetectionRow, values: Sequence[str]) -> bool:
    return any(value.encode() in (row.evidence or b"") for value in values)


def _comes(stage: Stage, made: WatchedUnit, client: str) -> None:
    """Let somebody ask the other office's web server for a page, now."""
    with made.passed.log(WEB).open("ab") as log:
        log.write(line_of(stage.chance, now(), client, "/results/"))


def _answer(stage: Stage, made: WatchedUnit) -> list[str]:
    """Let a person answer what the access log showed; return the ids of what was said."""
    name = made.passed.name
    file = stage.keep("alarms.ndjson", b"")
    made.unit.ask_plain(name, "watch", "alarms", "--output", file)
    alarms = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    mine = [
        row
        for row in alarms
        if row["rule"].startswith("indicator--")
        and row["input"] == WEB
        and set(made.addresses) & set(row["fields"].values())
    ]
    said = [made.unit.ask(name, "watch", "sight", row["alarm"], "--tlp", "green") for row in mine]
    return [each.text("id") for each in said]


def _prevalence(unit: NetworkUnit, name: str, value: str) -> object:
    return unit.look(name, "indicators why", value=value).get("prevalence")


def _is_origin(why: Finished, member: str) -> bool:
    return member in str((why.document or {}).get("origins"))


def _left(shown: Sequence[object], rows: Sequence[DetectionRow]) -> bool:
    """Say whether some raw event stands in what the others read."""
    return any((row.evidence or b"").decode() in str(each) for row in rows for each in shown)


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


SCENE = Scene(
    name="hunt",
    story="It warns; the other finds both in what it kept and in what comes, and says how often.",
    expected=facts(
        found_in_stored_events="10 of 10",
        found_within_a_second_of_arrival=True,
        found_live=1,
        found_live_within_a_second=True,
        only_what_names_them=True,
        sightings_heard=2,
        seen_by_others=[1, 1],
        counts_as_an_origin=False,
        raw_events_left_the_office=False,
    ),
    run=_run,
)
