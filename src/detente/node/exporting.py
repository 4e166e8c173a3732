"""What outside tools are given: lines about values, each cleared by the gate for one reader."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from detente.errors import EnvironmentFault, UnitError
from detente.exchange.lines import Line, Shown, Trace, make_line, show
from detente.exchange.misp.feed import write_feed
from detente.exchange.misp.model import Event, Organisation
from detente.exchange.misp.translation import event_of_lines
from detente.exchange.outputs import (
    Action,
    Files,
    csv_table,
    plain_lists,
    rpz_zone,
    stix_bundle,
    suricata_dataset,
)
from detente.node.circle import circle_of
from detente.node.contents import leaves_of
from detente.node.home import Home
from detente.node.reading import entry_of
from detente.release import Circle, Cleared, ClientReader, Reader, Use, decide, hold
from detente.statements import Sealed, Statement, StixObject, identity_of, parse_entry
from detente.statements.opening import SHOWN_MAX
from detente.storage.acting import PAGE_MAX, ActingShelf
from detente.storage.acting_rows import ItemState
from detente.storage.model import StoredStatement
from detente.watch import Level


class Format(StrEnum):
    """How lines are written."""

    LIST = "list"
    CSV = "csv"
    STIX = "stix"
    MISP = "misp"
    RPZ = "rpz"
    SURICATA = "suricata"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to.

    Attributes:
        files: name -> bytes.
        lines: how many values stand in them.
        withheld: values of which the gate let nothing through to this reader.
    """

    files: Files
    lines: int
    withheld: int


class Exporter:
    """Clears values for one reader and writes them.

    Args:
        home: open.
        shelf: what values do.
        reader: who reads it, and what it does with it; blocking is loud (PAP).
    """

    def __init__(self, home: Home, shelf: ActingShelf, *, reader: Reader) -> None:
        self._home = home
        self._shelf = shelf
        self._reader = reader
        self._circle: Circle = circle_of(home)

    def lines(self, least: Level) -> tuple[list[Line], int]:
        """Return a line for every value that does at least this, and how many were withheld.

        Raises:
            StorageFault: the disk or the database refused.
        """
        made: list[Line] = []
        withheld = 0
        after = 0
        while page := self._shelf.at_level(least, after=after, limit=PAGE_MAX):
            after = page[-1].number
            sources = {state.number: self._shelf.sources(state.number) for state in page}
            shown = self._show({place for places in sources.values() for place in places})
            for state in page:
                line = self._line(state, sources[state.number], shown)
                made += [] if line is None else [line]
                withheld += line is None
        return made, withheld

    def reports(self) -> list[StixObject]:
        """Return the cleared reports: they carry what belongs to a whole MISP event."""
        found: list[StixObject] = []
        after = 0
        while hits := self._home.index.objects_by_type("report", after=after):
            after = hits[-1].after
            shown = self._show({(hit.statement.number, hit.leaf) for hit in hits})
            for hit in hits:
                if (seen := shown.get((hit.statement.number, hit.leaf))) is not None:
                    found.append(seen[1].objects[hit.leaf])
        return found

    def _line(
        self,
        state: ItemState,
        places: list[tuple[int, int]],
        shown: dict[tuple[int, int], tuple[Trace, Shown]],
    ) -> Line | None:
        return make_line(
            state.item,
            state.level,
            since=state.changed,
            why="; ".join(str(each["words"]) for each in state.decision.get("reasons", [])[:4]),
            origins=len(state.decision.get("origins", [])),
            sources=[shown[place] for place in places if place in shown],
        )

    def _show(self, places: set[tuple[int, int]]) -> dict[tuple[int, int], tuple[Trace, Shown]]:
        """Ask the gate about leaves, statement by statement."""
        by_statement: dict[int, list[int]] = {}
        for number, leaf in sorted(places):
            by_statement.setdefault(number, []).append(leaf)
        found: dict[tuple[int, int], tuple[Trace, Shown]] = {}
        for number, leaves in by_statement.items():
            for start in range(0, len(leaves), SHOWN_MAX - 1):
                some = leaves[start : start + SHOWN_MAX - 1]
                for leaf, trace, shown in self._cleared(number, some):
                    found[number, leaf] = (trace, shown)
        return found

    def _cleared(self, number: int, leaves: list[int]) -> Iterator[tuple[int, Trace, Shown]]:
        page = self._home.index.statements(after=number - 1, limit=1)
        if not page or page[0].number != number or page[0].erased:
            return
        row = page[0].row
        try:
            shown = self._seen(page[0], leaves)
        except EnvironmentFault:
            raise
        except UnitError:
            return  # what cannot be read or proved is not sent
        for leaf in leaves if shown is not None else ():
            if shown is not None and leaf in shown.objects:
                trace = Trace(row.payload_hash, row.issuer, row.origin, row.seq, leaf)
                yield leaf, trace, shown

    def _seen(self, stored: StoredStatement, leaves: list[int]) -> Shown | None:
        statement: Statement = parse_entry(entry_of(self._home, stored))
        if not isinstance(statement.header.says, Sealed):
            return None
        held = leaves_of(self._home, statement)
        if held is None:
            return None
        opening = held.open([0, *leaves])
        answer = decide(hold(statement, opening), self._reader, circle=self._circle)
        return show(answer) if isinstance(answer, Cleared) else None


def export(
    home: Home,
    shelf: ActingShelf,
    kind: Format,
    *,
    least: Level,
    action: Action = Action.ALERT,
    now: Callable[[], datetime],
) -> Exported:
    """Write the values that do at least `least` for a tool of this office.

    Args:
        home: open.
        shelf: what values do.
        kind: the format.
        least: ALERTING or ACTIONABLE; to block takes what is actionable only.
        action: what the tool does.
        now: the clock.

    Raises:
        StorageFault: the disk or the database refused.
    """
    use = Use.PASSIVE if action is Action.ALERT else Use.ACT
    reader = ClientReader(home.identity.member, "export", is_own=True, use=use)
    exporter = Exporter(home, shelf, reader=reader)
    lines, withheld = exporter.lines(Level.ACTIONABLE if action is Action.BLOCK else least)
    match kind:
        case Format.LIST:
            files = plain_lists(lines)
        case Format.CSV:
            files = csv_table(lines)
        case Format.STIX:
            files = stix_bundle(lines)
        case Format.RPZ:
            files = rpz_zone(lines, action=action, now=now())
        case Format.SURICATA:
            files = suricata_dataset(lines, action=action)
        case Format.MISP:
            files = write_feed(feed_events(home, lines, exporter.reports(), now()))
    return Exported(files=files, lines=len(lines), withheld=withheld)


def feed_events(
    home: Home, lines: list[Line], reports: list[StixObject], now: datetime
) -> list[Event]:
    """Return what was cleared as events of MISP, under this member's name."""
    charter = home.charter
    me = home.identity.member
    # Under its STIX identity, so that who reads the feed back sees a member and no outsider.
    organisation = Organisation(home.identity.name, identity_of(me).partition("--")[2])
    unit = "alone" if charter is None else charter.unit_id
    return event_of_lines(lines, reports, organisation=organisation, unit=unit, now=now)
