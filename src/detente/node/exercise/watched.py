"""Two rivals that watch their own logs: one is attacked, the other only saw the attackers pass.

What each watches stands in its settings, and its running node follows it; scenes look at
what a node keeps as its owner's tools do, beside it.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from detente.node.clock import now
from detente.node.event_files import EventInput, Unpacked
from detente.node.exercise.network import NetworkUnit, network, patiently
from detente.node.exercise.stage import Stage
from detente.node.exercise.web_days import VISITED, Days, web_days
from detente.node.exercise.windows_days import TOUCHED, windows_days
from detente.node.layout import Layout
from detente.node.rulesets import SHIPPED
from detente.node.settings import load_settings, print_settings
from detente.node.watching import EVENTS_FOLDER
from detente.node.watching_house import FLUSH_EVENTS
from detente.storage.database import open_database
from detente.storage.detections import DetectionRow, DetectionShelf
from detente.storage.events import EventShelf

WEB, WINDOWS, BEFORE = "web", "windows", "before"
MIN_LEVEL = "high"  # as one begins, so that the first day is no flood
_VISITS = 1_500
_EVENTS = 1_500
_PATIENCE_S = 30.0
_PATIENCE_LONG_S = 240.0  # for as many events as somebody brings


@dataclass(frozen=True, slots=True)
class Office:
    """What one rival watches.

    Attributes:
        name: of the member.
        folder: where its logs are.
        web: its access log.
        windows: the events of its machines.
    """

    name: str
    folder: Path
    web: Days
    windows: Days

    def log(self, source: str) -> Path:
        """Return the file of one source."""
        return self.folder / {WEB: "access.log", WINDOWS: "windows.jsonl"}[source]

    @property
    def harm(self) -> frozenset[bytes]:
        """Lines that somebody meant harm with."""
        return self.web.harm | self.windows.harm

    @property
    def lines(self) -> dict[str, int]:
        """How many lines each source has at the beginning."""
        return {WEB: self.web.data.count(b"\n"), WINDOWS: self.windows.data.count(b"\n")}


@dataclass(frozen=True, slots=True)
class WatchedUnit:
    """The network unit with two members that watch.

    Attributes:
        unit: its nodes run.
        attacked: who is attacked, and catches it.
        passed: who only saw the attackers pass.
        slow: address of the slow injection.
        came: address of the intrusion.
        rules: what both run, as `--rules` takes it.
        events: file of events that both watch besides; None for none.
    """

    unit: NetworkUnit
    attacked: Office
    passed: Office
    slow: str
    came: str
    rules: tuple[str, ...]
    events: Path | None

    @property
    def addresses(self) -> tuple[str, str]:
        """Both addresses that are to be found."""
        return self.slow, self.came

    @property
    def traces(self) -> int:
        """How many events of the passed office name one of the addresses."""
        return len(self.addresses) * (VISITED + TOUCHED)

    def detections(self, office: Office) -> list[DetectionRow]:
        """Return what an office's node found so far in its own logs."""
        with shelf_of(self.unit.directory(office.name)) as shelf:
            rows = [row for _, row in shelf.detections(limit=100_000)]
        return [row for row in rows if row.source in (WEB, WINDOWS)]


@contextmanager
def shelf_of(directory: Path) -> Iterator[DetectionShelf]:
    """Lend what a node found; it may be running."""
    database = open_database(Layout.of(directory).database)
    try:
        yield DetectionShelf(database)
    finally:
        database.close()


def _fresh(directory: Path) -> int:
    """Return how many events of a node are in no file yet."""
    database = open_database(Layout.of(directory).database)
    try:
        return EventShelf(database, directory / EVENTS_FOLDER).waiting()[0]
    finally:
        database.close()


def watched(stage: Stage) -> WatchedUnit:
    """Return the network unit with two members that watch, and have read their logs to the end."""
    known = stage.shared.get("watched")
    if isinstance(known, WatchedUnit):
        return known
    unit = network(stage)
    chance = random.Random(stage.seed)  # noqa: S311 - the story's dice, whatever was played before
    slow = f"198.51.100.{chance.randrange(100, 250)}"
    came = f"203.0.113.{chance.randrange(100, 250)}"
    make = partial(_office, stage.directory / "offices", chance, now())
    attacked = make(stage.victim, injected_by=slow, intruded_by=came)
    passed = make(stage.hostile, passed_by=(slow, came))
    made = WatchedUnit(
        unit=unit,
        attacked=attacked,
        passed=passed,
        slow=slow,
        came=came,
        rules=(SHIPPED, *([str(stage.rules.absolute())] if stage.rules else [])),
        events=_plain(stage.events, stage.directory) if stage.events else None,
    )
    for office in (attacked, passed):
        _begin_to_watch(made, office)
    for office in (attacked, passed):
        patience = _PATIENCE_LONG_S if made.events else _PATIENCE_S
        patiently(_has_read(made, office), limit_s=patience)
    stage.shared["watched"] = made
    return made


def _office(
    place: Path,
    chance: random.Random,
    until: datetime,
    name: str,
    *,
    injected_by: str = "",
    intruded_by: str = "",
    passed_by: tuple[str, ...] = (),
) -> Office:
    folder = place / name
    folder.mkdir(parents=True)
    web = web_days(chance, until, visits=_VISITS, injected_by=injected_by, visited_by=passed_by)
    windows = windows_days(
        chance, until, events=_EVENTS, intruded_by=intruded_by, touched_by=passed_by
    )
    office = Office(name, folder, web, windows)
    office.log(WEB).write_bytes(web.data)
    office.log(WINDOWS).write_bytes(windows.data)
    return office


def _plain(events: Path, directory: Path) -> Path:
    """Unpack what somebody brings: what is followed is a plain file."""
    plain = directory / f"{BEFORE}.jsonl"
    with events.open("rb") as packed, plain.open("wb") as out:
        for piece in Unpacked(packed, EventInput(str(events)).unpacking).chunks():
            out.write(piece)
    return plain


def _begin_to_watch(made: WatchedUnit, office: Office) -> None:
    """Write down what the node watches, and run it anew."""
    path = made.unit.directory(office.name) / "detente.toml"
    sources = {source: str(office.log(source)) for source in (WEB, WINDOWS)}
    if made.events is not None:
        sources[BEFORE] = str(made.events)
    wanted = replace(
        load_settings(path),
        watch_sources=sources,
        watch_rules={f"rules {number}": name for number, name in enumerate(made.rules)},
        watch_min_level=MIN_LEVEL,
    )
    made.unit.stop(office.name)
    path.write_text(print_settings(wanted), encoding="utf-8")
    made.unit.start(office.name)


def _has_read(made: WatchedUnit, office: Office) -> Callable[[], bool]:
    wanted = dict(office.lines)
    if made.events is not None:
        with made.events.open("rb") as file:
            wanted[BEFORE] = sum(1 for line in file if line.strip())

    def look() -> bool:
        directory = made.unit.directory(office.name)
        with shelf_of(directory) as shelf:
            rows = shelf.sources()
        is_read = all(
            name in rows and rows[name].events + rows[name].bad >= count
            for name, count in wanted.items()
        )
        # A flood of history lies in files before anything is looked for in it.
        return is_read and _fresh(directory) < FLUSH_EVENTS

    return look
