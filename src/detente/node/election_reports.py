"""Answers of commands that lie in the office's folders: of rolls and of names, read again.

They are this office's own files and are read like anybody's: sizes, counts and shapes have caps.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from detente.elections.audit.inputs import Inputs
from detente.elections.errors import ElectionsError
from detente.elections.names import WORDS
from detente.errors import InputError
from detente.node.audits.folder import as_document, naming_file
from detente.storage.disk import read_capped
from detente.watch.values import ascii_name

REPORT_BYTES_MAX = 4 * 1024 * 1024
SCAN_BYTES_MAX = 16 * 1024 * 1024
ROWS_MAX = 10_000
CURVES_MAX = 100
REPORT, POWER, SCAN = "report.json", "power.json", "scan.json"
_WORDS = {each.value: words for each, words in WORDS.items()}


@dataclass(frozen=True, slots=True)
class RollSignal:
    """A signal that fired: which, how many records, and what explains and settles it."""

    signal: str
    count: int
    explanation: str


@dataclass(frozen=True, slots=True)
class PowerPoint:
    """One size of tampering: share of the roll, records, and how often it is seen (0 to 1)."""

    share: float
    records: int
    detected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PowerCurve:
    """One way to tamper: how often the checks see it by its size, and fire without it."""

    name: str
    false_alarms: float
    points: tuple[PowerPoint, ...]


@dataclass(frozen=True, slots=True)
class RollsReport:
    """What is known of a roll.

    Attributes:
        signals: that fired; None: nothing was compared yet.
        rows: how many rows came, went and changed, by word.
        columns: changed rows by column.
        records: of the roll whose checks were tried; 0: not tried.
        curves: the power of its checks.
    """

    signals: tuple[RollSignal, ...] | None
    rows: Mapping[str, int]
    columns: Mapping[str, int]
    records: int
    curves: tuple[PowerCurve, ...]


@dataclass(frozen=True, slots=True)
class NameRow:
    """A name that is like one of ours.

    Attributes:
        observed: as it was seen.
        spelled: as the network writes it, where that is otherwise: letters of other scripts show.
        protects: the name of ours.
        likeness: in which way, for machines.
        words: the same for people.
        score: 0 to 1.
        facts: what is known of it, in words.
    """

    observed: str
    spelled: str
    protects: str
    likeness: str
    words: str
    score: float
    facts: str


@dataclass(frozen=True, slots=True)
class NamesReport:
    """The names like ours that were seen, the likest first."""

    rows: tuple[NameRow, ...]


def read_rolls(folder: Path) -> RollsReport:
    """Read what `rolls compare --json` and `rolls power --json` printed into a folder.

    Raises:
        InputError: neither is there, or one is not as these commands print it.
        StorageFault: it cannot be read.
    """
    report, power = folder / REPORT, folder / POWER
    if not report.is_file() and not power.is_file():
        raise InputError(
            f"neither {REPORT} nor {POWER} is there",
            file=str(folder),
            remedy="`detente elections rolls compare --json` and `power --json` print them",
        )
    signals: tuple[RollSignal, ...] | None = None
    rows, columns, records = dict[str, int](), dict[str, int](), 0
    curves: tuple[PowerCurve, ...] = ()
    if report.is_file():
        with naming_file(report):
            document = as_document(read_capped(report, bytes_max=REPORT_BYTES_MAX), report)
            signals = tuple(map(_signal, _inner(document, "signals")))
            rows, columns = _counts(document, "rows"), _counts(document, "columns")
    if power.is_file():
        with naming_file(power):
            document = as_document(read_capped(power, bytes_max=REPORT_BYTES_MAX), power)
            records = document.whole("records")
            curves = tuple(map(_curve, _inner(document, "curves")))
    return RollsReport(signals, rows, columns, records, curves)


def read_names(folder: Path) -> NamesReport:
    """Read what `names scan --json` printed into a folder.

    Raises:
        InputError: it is not there, or not as that command prints it.
        StorageFault: it cannot be read.
    """
    path = folder / SCAN
    if not path.is_file():
        raise InputError(
            f"no {SCAN} in it",
            file=str(folder),
            remedy="`detente elections names scan --json` prints it",
        )
    lines = read_capped(path, bytes_max=SCAN_BYTES_MAX).splitlines()
    if len(lines) > ROWS_MAX:
        raise InputError(f"more than {ROWS_MAX} names", file=str(path), remedy="Split the file")
    with naming_file(path):
        rows = [_name(as_document(line, path)) for line in lines if line]
    return NamesReport(tuple(sorted(rows, key=lambda row: (-row.score, row.observed))))


def _inner(document: Inputs, name: str) -> Iterator[Inputs]:
    listed = document.listed(name)
    if len(listed) > CURVES_MAX:
        raise ElectionsError(f"{name!r} is a list of at most {CURVES_MAX}")
    for each in listed:
        if not isinstance(each, dict):
            raise ElectionsError(f"{name!r} holds objects, not {each!r:.60}")
        yield Inputs(each)


def _counts(document: Inputs, name: str) -> dict[str, int]:
    counted = Inputs(document.mapping(name))
    return {each: counted.whole(each) for each in counted.names()}


def _share(document: Inputs, name: str) -> float:
    return _within(name, document.real(name))


def _within(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ElectionsError(f"{name!r} lies between 0 and 1, not at {value}")
    return value


def _signal(each: Inputs) -> RollSignal:
    return RollSignal(each.text("signal"), each.whole("count"), each.text("explanation"))


def _curve(each: Inputs) -> PowerCurve:
    points = tuple(map(_point, _inner(each, "points")))
    return PowerCurve(each.text("class"), _share(each, "false_alarms"), points)


def _point(each: Inputs) -> PowerPoint:
    interval = [_within("interval", value) for value in each.reals("interval")]
    if len(interval) != 2:  # noqa: PLR2004 - from, to
        raise ElectionsError("'interval' is two numbers")
    low, high = interval
    share, detected = _share(each, "share"), _share(each, "detected")
    return PowerPoint(share, each.whole("records"), detected, low, high)


def _name(each: Inputs) -> NameRow:
    kind = each.text("class")
    observed = each.text("observed")
    spelled = "" if observed.isascii() else ascii_name(observed)
    return NameRow(
        observed=observed,
        spelled="" if spelled == observed else spelled,
        protects=each.text("protects"),
        likeness=kind,
        words=_WORDS.get(kind, "in a way that this version has no words for"),
        score=_share(each, "score"),
        facts=each.text("facts"),
    )
