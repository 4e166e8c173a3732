"""Counts of a roll's changes, said to the unit through release: once a period, never a row."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path

import orjson

from detente.elections import ElectionsError
from detente.elections.rolls import Signal
from detente.elections.rolls.sharing import (
    Period,
    require_unreleased,
    shared_counts,
    shared_size,
)
from detente.errors import InputError, UnitError
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.publishing import publish
from detente.signing.canonical import JsonValue, canonical
from detente.statements import UNIT, Kind, Pap, Tlp, encode_object, identity_of
from detente.statements.handling import Handling
from detente.statements.stix import name_uuid
from detente.storage.disk import Disk, write_whole

RELEASED_FILE = "roll-periods.json"
REPORT_BYTES_MAX = 4 * 1024 * 1024
_NAMESPACE = bytes.fromhex("41c0f3d2a79b4e6f8d5512c07e9ab634")
_TITLE = "Counts of changes in a voter roll"
_ROWS = ("removed", "added", "changed")


def share_counts(
    home: Home, report: Path, period: Period, *, tlp: Tlp, now: Callable[[], datetime]
) -> Acknowledged:
    """Say the counts of one comparison to the unit.

    The period is written down before anything is said: whatever happens then, its days
    are never released twice.

    Args:
        home: open.
        report: what `detente elections rolls compare --json` printed.
        period: the days between its snapshots.
        tlp: the label.
        now: the clock.

    Raises:
        InputError: it is no such report, or a day of the period was released before.
        ReleaseError: the gate withholds it.
    """
    content = _content(read_report(report), period)
    ledger = home.layout.directory / RELEASED_FILE
    released = _released(ledger)
    try:
        require_unreleased(period, released)
    except ElectionsError as error:
        raise InputError(error.message, file=str(ledger), remedy=error.remedy) from None
    _write(ledger, [*released, period])
    try:
        return _say(home, content, tlp=tlp, now=now)
    except UnitError:
        _write(ledger, released)  # nothing was said: it was refused before it was written
        raise


def read_period(first: str, last: str) -> Period:
    """Read a period from its first and last day, written 2026-09-01.

    Raises:
        InputError: these are no days, or too few.
    """
    try:
        return Period(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        raise InputError(
            f"{first[:40]!r} to {last[:40]!r} are no days", remedy="Write 2026-09-01"
        ) from None
    except ElectionsError as error:
        raise InputError(error.message, remedy=error.remedy) from None


def read_report(path: Path) -> Mapping[str, object]:
    """Read what a comparison printed.

    Raises:
        InputError: it is none.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(REPORT_BYTES_MAX + 1)
        document = orjson.loads(data) if len(data) <= REPORT_BYTES_MAX else None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", file=str(path), line=error.lineno) from None
    if not isinstance(document, dict) or not {"signals", "rows"} <= document.keys():
        raise InputError(
            "no comparison of two snapshots",
            file=str(path),
            remedy="Give what `detente elections rolls compare` prints with --json",
        )
    return document


def _content(report: Mapping[str, object], period: Period) -> dict[str, JsonValue]:
    """Return what is said, and nothing of the report besides."""
    rows, signals = report["rows"], report["signals"]
    if not isinstance(rows, dict) or not isinstance(signals, list):
        raise InputError("no comparison of two snapshots: counts are missing")
    names = {str(signal) for signal in Signal}
    counts = {
        str(row["signal"]): _count(row.get("count"))
        for row in signals
        if isinstance(row, dict) and row.get("signal") in names
    }
    return {
        "counts": dict(shared_counts({name: _count(rows.get(name)) for name in _ROWS} | counts)),
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "roll": shared_size(_count(rows.get("before"))),
    }


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _say(
    home: Home, content: dict[str, JsonValue], *, tlp: Tlp, now: Callable[[], datetime]
) -> Acknowledged:
    member, moment = home.identity.member, now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    text = canonical(content).decode()
    made: dict[str, JsonValue] = {
        "type": "note",
        "spec_version": "2.1",
        "id": f"note--{name_uuid(_NAMESPACE, f'{member} {text}')}",
        "created_by_ref": identity_of(member),
        "created": moment,
        "modified": moment,
        "abstract": _TITLE,
        "content": text,
        "object_refs": [identity_of(member)],
    }
    handling = Handling(kind=Kind.NOTE, tlp=tlp, pap=Pap.AMBER, licence="NOASSERTION", count=1)
    return publish(home, [encode_object(made)], handling, audience=UNIT, now=now)


def _released(path: Path) -> list[Period]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    try:
        return [
            Period(date.fromisoformat(first), date.fromisoformat(last))
            for first, last in orjson.loads(data)
        ]
    except (orjson.JSONDecodeError, TypeError, ValueError):
        raise InputError(
            "no list of released periods",
            file=str(path),
            remedy="Restore it from a back-up; without it days could be released twice",
        ) from None


def _write(path: Path, periods: list[Period]) -> None:
    rows = [[each.first.isoformat(), each.last.isoformat()] for each in periods]
    write_whole(path, orjson.dumps(rows) + b"\n", disk=Disk())
