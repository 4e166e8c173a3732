"""What the console shows of the watch: what cannot fire and why, what is silent, what acts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from detente.errors import InputError
from detente.node.covering import Covered
from detente.node.home import Home
from detente.node.reporting import describe_state
from detente.node.tonight import Source
from detente.node.watching_facts import SILENCES
from detente.storage.acting import ActingShelf
from detente.storage.detections import AlarmRow, DetectionShelf
from detente.watch import Level

ROWS_MAX = 200
INDICATORS_MAX = 100
_SILENT_FOR = timedelta(days=7)
_ALARMS_READ = 1_000


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source that the settings name, or that gave events once.

    Attributes:
        name: the operator's.
        where: its address without what may be secret in it; "" where the settings do not name it.
        taken: what it gave; None: nothing yet.
    """

    name: str
    where: str
    taken: Source | None


@dataclass(frozen=True, slots=True)
class BlindRule:
    """A rule that cannot fire on what comes: which, how grave, and why not."""

    title: str
    level: str
    reason: str


@dataclass(frozen=True, slots=True)
class QuietLog:
    """A log source that rules name and of which no event came."""

    name: str
    rules: int


@dataclass(frozen=True, slots=True)
class WatchPicture:
    """What the watch of this node can see.

    Attributes:
        is_running: it watches in this process; only then rules can be spoken of.
        rules: how many there are.
        firing: how many of them can fire on what came since this start.
        left_out: how many the level or the status leaves out.
        blind: those that cannot fire, the gravest first; the first 200.
        blind_count: how many there are.
        refused: rules that cannot be read: file, line and reason; the first 200.
        refused_count: how many there are.
        quiet: log sources without events, those of most rules first; the first 200.
        sources: where events come from.
        silences: alarms of the last week about what stopped coming.
        packs: rules that the settings name: our name, and what.
        quarantine: rules that members sent, and where each stands.
    """

    is_running: bool
    rules: int
    firing: int
    left_out: int
    blind: tuple[BlindRule, ...]
    blind_count: int
    refused: tuple[tuple[str, int, str], ...]
    refused_count: int
    quiet: tuple[QuietLog, ...]
    sources: tuple[SourceLine, ...]
    silences: tuple[AlarmRow, ...]
    packs: Mapping[str, str]
    quarantine: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class IndicatorsPicture:
    """Values by what they do.

    Attributes:
        counts: how many do what.
        level: which are listed.
        rows: value, since when, and why.
        next: number after which the next page begins; 0: there is none.
    """

    counts: Mapping[str, int]
    level: str
    rows: tuple[Mapping[str, object], ...]
    next: int


def picture_of_watch(home: Home, *, now: datetime) -> WatchPicture:
    """Return what the watch can see.

    Raises:
        StorageFault: the database refused.
    """
    shelf = DetectionShelf(home.database)
    covered = None if home.covered is None else home.covered()
    blind = [] if covered is None else list(_blind(covered))
    refused = [] if covered is None else list(covered.loaded.rules.refused)
    since = (now - _SILENT_FOR).timestamp()
    return WatchPicture(
        is_running=covered is not None,
        rules=0 if covered is None else covered.count,
        firing=0 if covered is None else len(covered.coverage.firing),
        left_out=0 if covered is None else covered.loaded.left_out,
        blind=tuple(blind[:ROWS_MAX]),
        blind_count=len(blind),
        refused=tuple((each.file, each.line, each.reason) for each in refused[:ROWS_MAX]),
        refused_count=len(refused),
        quiet=() if covered is None else tuple(_quiet(covered))[:ROWS_MAX],
        sources=tuple(_sources(home, shelf)),
        silences=tuple(
            each
            for each in shelf.alarms(since=since, limit=_ALARMS_READ)
            if each.alarm.key.rule in SILENCES
        ),
        packs=dict(home.settings.watch_rules),
        quarantine=tuple(ActingShelf(home.database, me=home.identity.member).rules()),
    )


def indicators_at(home: Home, level: str, *, after: int = 0) -> IndicatorsPicture:
    """Return the values at one level, a page of them.

    Raises:
        InputError: there is no such level.
        StorageFault: the database refused.
    """
    names = {each.name.lower(): each for each in Level}
    if level not in names:
        raise InputError(f"there is no level {level[:40]!r}", remedy=f"One of {', '.join(names)}")
    shelf = ActingShelf(home.database, me=home.identity.member)
    chosen = names[level]
    found = shelf.at_level(chosen, most=chosen, after=after, limit=INDICATORS_MAX + 1)
    shown = found[:INDICATORS_MAX]
    counts = shelf.counts()
    return IndicatorsPicture(
        counts={name: counts[each] for name, each in names.items()},
        level=level,
        rows=tuple(describe_state(each) for each in shown),
        next=shown[-1].number if len(found) > len(shown) else 0,
    )


def _blind(covered: Covered) -> Iterator[BlindRule]:
    levels = ("critical", "high", "medium", "low", "informational")
    rules = [(covered.rule(each), each) for each in covered.coverage.rules if not each.can_fire]
    rules.sort(key=lambda pair: levels.index(pair[0].level) if pair[0].level in levels else 5)
    for rule, each in rules:
        yield BlindRule(rule.title, rule.level, covered.why(each))


def _quiet(covered: Covered) -> list[QuietLog]:
    silent = [
        QuietLog("/".join(part or "-" for part in each.source), each.rules)
        for each in covered.coverage.sources
        if not each.events
    ]
    return sorted(silent, key=lambda each: (-each.rules, each.name))


def _sources(home: Home, shelf: DetectionShelf) -> Iterator[SourceLine]:
    named = {name: _without_secrets(where) for name, where in home.settings.watch_sources.items()}
    taken = {
        name: Source(row.name, row.events, row.bad, row.seen)
        for name, row in shelf.sources().items()
    }
    for name in sorted({*named, *taken}):
        yield SourceLine(name, named.get(name, ""), taken.get(name))


def _without_secrets(where: str) -> str:
    """Return an address without who asks and how: a name and a password may stand there."""
    parts = urlsplit(where)
    if not parts.scheme or not parts.netloc:
        return where.partition("?")[0]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
