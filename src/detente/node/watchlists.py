"""Files of indicators to look for: plain lists, tables, STIX, MISP events, packed or not.

What cannot be looked for is said with its reason, and never stops the rest of a file.
"""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import orjson

from detente.errors import InputError, UnitError
from detente.exchange.misp.events import is_event, parse_event
from detente.exchange.misp.translation import objects_of_event
from detente.node.observables import PATHS
from detente.node.outside import guess_item
from detente.statements import PatternError
from detente.watch import WatchError, compile_pattern, make_item
from detente.watch.indicators import (
    IndicatorSet,
    ListReader,
    SetBuilder,
    Term,
    keys_of_pattern,
)
from detente.watch.indicators.keys import key_of, spelled

BLOCK_BYTES = 16 << 20
UNPACKED_BYTES_MAX = 8 << 30
DOCUMENT_BYTES_MAX = 512 << 20
REFUSED_KEPT = 1_000
_NOBODY = "0" * 64  # who reads a MISP event here says nothing in anybody's name
# RuntimeError: an archive with a password; NotImplementedError: packed in a way unknown here.
_UNREADABLE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError)
_VALUE_COLUMNS = ("value", "indicator", "indicator_value", "ioc")


@dataclass(frozen=True, slots=True)
class Refused:
    """An indicator that is not looked for.

    Attributes:
        file: it stands in.
        what: its id, or the line as written.
        reason: why.
    """

    file: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A pattern that asks for more than one value.

    Attributes:
        indicator: its id.
        pattern: its text; it compiles.
        term: when it holds.
    """

    indicator: str
    pattern: str
    term: Term


@dataclass(slots=True)
class Watchlists:
    """What was read.

    Attributes:
        sealed: the values.
        patterns: what asks for more.
        revoked: ids that some file takes back; what it revokes may stand in another.
        refused: the first thousand that are not looked for.
        refused_count: how many there are.
    """

    sealed: IndicatorSet
    patterns: tuple[Asked, ...] = ()
    revoked: frozenset[str] = frozenset()
    refused: list[Refused] = field(default_factory=list)
    refused_count: int = 0


def load_watchlists(paths: Iterable[Path], *, now: datetime) -> Watchlists:
    """Read files of indicators, and every file in folders.

    Formats by suffix: .txt and .list hold a value a line, .csv a header line with `value` (and
    `type`), .ndjson and .jsonl a STIX object a line, .json a STIX bundle, an object or an
    event of MISP; any of them also as .gz or in a .zip.

    Raises:
        InputError: a file that is not there, of another format, damaged, or too large.
    """
    loading = _Loading(now)
    for path in paths:
        try:
            for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if each.is_file() or not path.is_dir():
                    _read_file(each, loading)
        except _UNREADABLE as error:
            raise InputError(
                f"cannot be read: {error}", file=str(path), remedy="Look at the path and the file"
            ) from None
    return loading.done()


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Loading:
    """What is collected over all files."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.builder = SetBuilder()
        self.patterns: list[Asked] = []
        self.revoked: set[str] = set()
        self.refused: list[Refused] = []
        self.refused_count = 0

    def refuse(self, file: str, what: str, reason: str) -> None:
        self.refused_count += 1
        if len(self.refused) < REFUSED_KEPT:
            self.refused.append(Refused(file, what, reason))

    def done(self) -> Watchlists:
        return Watchlists(
            sealed=self.builder.seal(),
            patterns=tuple(each for each in self.patterns if each.indicator not in self.revoked),
            revoked=frozenset(self.revoked),
            refused=self.refused,
            refused_count=self.refused_count,
        )


def _read_file(path: Path, loading: _Loading) -> None:
    match path.suffix.lower():
        case ".zip":
            with zipfile.ZipFile(path) as pack:
                for name in pack.namelist():
                    if not name.endswith("/"):
                        with pack.open(name) as file:
                            _read_stream(f"{path.name}/{name}", file, loading)
        case ".gz":
            with gzip.open(path) as packed:
                _read_stream(path.name.removesuffix(path.suffix), packed, loading)
        case _:
            with path.open("rb") as file:
                _read_stream(path.name, file, loading)


def _read_stream(name: str, file: _Readable, loading: _Loading) -> None:
    blocks = _blocks(name, file)
    match Path(name).suffix.lower():
        case ".txt" | ".list" | ".lst":
            _read_list(name, blocks, loading)
        case ".csv":
            _read_table(name, _whole(name, blocks), loading)
        case ".ndjson" | ".jsonl":
            lines = _whole(name, blocks).splitlines()
            _read_objects(name, (_json(name, line) for line in lines if line.strip()), loading)
        case ".json":
            _read_document(name, _whole(name, blocks), loading)
        case _:
            raise InputError(
                "not a file of indicators by its name",
                file=name,
                remedy="Lists end in .txt, tables in .csv, STIX and MISP in .json or .ndjson;"
                " each may be packed as .gz or in a .zip",
            )


def _blocks(name: str, file: _Readable) -> Iterator[bytes]:
    total = 0
    while block := file.read(BLOCK_BYTES):
        total += len(block)
        if total > UNPACKED_BYTES_MAX:
            raise InputError(
                f"unpacks to more than {UNPACKED_BYTES_MAX >> 30} GiB",
                file=name,
                remedy="Look at where it came from; split it if it is meant to be so large",
            )
        yield block


def _whole(name: str, blocks: Iterator[bytes]) -> bytes:
    data = bytearray()
    for block in blocks:
        data += block
        if len(data) > DOCUMENT_BYTES_MAX:
            raise InputError(
                f"holds more than {DOCUMENT_BYTES_MAX >> 20} MiB in one document",
                file=name,
                remedy="Split it; plain lists may be of any length",
            )
    return bytes(data)


def _read_list(name: str, blocks: Iterator[bytes], loading: _Loading) -> None:
    reader = ListReader(loading.builder, Term(name), guess_item)
    for block in blocks:
        reader.feed(block)
    reader.close()
    for line in reader.refused:
        loading.refuse(name, line, "no address, name, URL, mail address or hash")
    loading.refused_count += reader.refused_count - len(reader.refused)


def _read_table(name: str, data: bytes, loading: _Loading) -> None:
    table = csv.DictReader(io.StringIO(data.decode("utf-8-sig", "replace"), newline=""))
    try:
        columns = {(column or "").strip().lower(): column for column in table.fieldnames or ()}
        value_column = next((columns[each] for each in _VALUE_COLUMNS if each in columns), None)
        if value_column is None:
            raise InputError(
                "its first line names no column of values",
                file=name,
                remedy="Name one of the columns `value`; a list without a head line ends in .txt",
            )
        term = Term(name)
        for row in table:
            value = (row.get(value_column) or "").strip()
            kind = (row.get(columns.get("type", "")) or "").strip().lower()
            path = PATHS.get(kind, "").replace("'", "")
            item = make_item(path, value) if path else guess_item(value)
            asked = None if item is None else spelled(item.path, item.value)
            key = None if asked is None else key_of(asked)
            if key is not None:
                loading.builder.add(key, term)
            elif value:
                loading.refuse(f"{name}:{table.line_num}", value[:80], f"no {kind or 'value'}")
    except csv.Error as error:
        raise InputError(f"not a CSV table: {error}", file=name) from None


def _read_document(name: str, data: bytes, loading: _Loading) -> None:
    if is_event(data):
        try:
            event = parse_event(data)
        except UnitError as error:
            raise InputError(error.message, file=name, remedy=error.remedy) from None
        _read_objects(name, objects_of_event(event, member=_NOBODY, now=loading.now), loading)
        return
    document = _json(name, data)
    objects = document.get("objects") if isinstance(document, dict) else document
    _read_objects(name, objects if isinstance(objects, list) else [document], loading)


def _json(name: str, data: bytes) -> Any:  # noqa: ANN401 - what JSON holds
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InputError(f"not JSON: {error}", file=name) from None


def _read_objects(name: str, objects: Iterable[object], loading: _Loading) -> None:
    """Take the newest version of each indicator; one that was revoked is none."""
    newest: dict[str, Mapping[str, Any]] = {}
    for each in objects:
        if isinstance(each, Mapping) and each.get("type") == "indicator":
            identity = str(each.get("id"))
            before = newest.get(identity)
            if before is None or str(before.get("modified")) <= str(each.get("modified")):
                newest[identity] = each
    for identity, indicator in newest.items():
        try:
            if indicator.get("revoked") is True:
                loading.revoked.add(identity)
            else:
                _take(name, identity, indicator, loading)
        except (PatternError, WatchError) as error:
            loading.refuse(name, identity[:80], error.message)


def _take(name: str, identity: str, indicator: Mapping[str, Any], loading: _Loading) -> None:
    pattern = indicator.get("pattern")
    if indicator.get("pattern_type", "stix") != "stix" or not isinstance(pattern, str):
        loading.refuse(name, identity[:80], f"no STIX pattern: {indicator.get('pattern_type')!r}")
        return
    term = Term(name, _seconds(indicator.get("valid_from")), _seconds(indicator.get("valid_until")))
    keys = keys_of_pattern(pattern)
    for key, _ in keys:
        loading.builder.add(key, term, identity)
    if not keys:
        compile_pattern(pattern)
        loading.patterns.append(Asked(identity, pattern, term))


def _seconds(text: object) -> float | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        raise WatchError(f"not a time: {str(text)[:60]!r}") from None
