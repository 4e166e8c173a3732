"""Observed names from files, compared with the names an office protects."""

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from detente.elections import ElectionsError
from detente.elections.names import LookAlike, NameIndex, normalise
from detente.errors import EnvironmentFault, InputError
from detente.node.name_logs import ZONE, certified_names, form_of, log_rows, zone_rows

LINE_BYTES_MAX = 64 * 1024
"""One observed row; a name itself has at most 253 characters."""
PROTECTED_MAX = 100_000
_NAME_COLUMNS = ("name", "domain", "query", "host", "fqdn", "observed")


@dataclass(slots=True)
class Count:
    """What a scan has read so far.

    Attributes:
        names: rows with a name.
        refused: rows without one, the first few with their line and reason.
        refusals: how many rows had none.
    """

    names: int = 0
    refusals: int = 0
    refused: list[str] = field(default_factory=list)

    def refuse(self, line: int, reason: str) -> None:
        """Keep a row that is no name."""
        self.refusals += 1
        if len(self.refused) < 10:  # noqa: PLR2004 - enough to see what is wrong
            self.refused.append(f"line {line}: {reason}")


def read_index(path: Path) -> NameIndex:
    """The names to protect, from a list, a table, or JSON.

    Raises:
        InputError: a row that is no domain name, or no names at all.
    """
    names = list(_protected(path))
    if not names:
        raise InputError(
            "no names to protect", file=str(path), remedy="Write one name a line: vote.example"
        )
    return NameIndex(names)


def _protected(path: Path) -> Iterator[str]:
    count = Count()
    for number, name in read_names(path, count):
        try:
            normalise(name)
        except ElectionsError as error:
            raise InputError(
                error.message, file=str(path), line=number, remedy=error.remedy
            ) from None
        if count.names > PROTECTED_MAX:
            raise InputError(f"more than {PROTECTED_MAX} names to protect", file=str(path))
        yield name
    if count.refused:
        raise InputError(f"no name: {count.refused[0]}", file=str(path))


def scan_names(
    protect: Path, observed: Path, count: Count, *, known: Path | None = None
) -> Iterator[LookAlike]:
    """Every observed name that is like a protected one, in the order seen.

    Args:
        protect: names to protect.
        observed: names seen; may be gzip.
        count: filled while reading.
        known: names that are known to be good and are left out.
    """
    index = read_index(protect)
    left_out = {name for _, name in read_names(known, Count())} if known else set[str]()
    for _, name in read_names(observed, count):
        if name not in left_out:
            found = index.look(name)
            if found is not None:
                yield found


def read_names(path: Path, count: Count) -> Iterator[tuple[int, str]]:
    """Names of a file with their lines, counted from 1.

    A look-up log (BIND, dnsmasq) or a mail log, as the watch reads them; a zone file;
    certificates as JSON lines; a list with one name a line and `#` for remarks; a table (tab
    or comma) with a header that has a column such as `name`; JSON lines with such a field; or
    a JSON document with a list of names under `protected` or `names`.
    """
    with _opened(path) as stream:
        first = stream.readline(LINE_BYTES_MAX)
        stream.seek(0)
        form = form_of(first)
        if form is not None:
            rows = log_rows(path, form) if form != ZONE else zone_rows(_lines(stream))
        elif first.lstrip()[:1] in (b"{", b"["):
            rows = _json_rows(stream, first, path)
        elif _columns(first) is not None:
            rows = _table_rows(stream, first)
        else:
            rows = _list_rows(stream)
        for number, name in rows:
            if name is None:
                count.refuse(number, "no name on this line")
                continue
            count.names += 1
            yield number, name


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := stream.readline(LINE_BYTES_MAX):
        number += 1
        if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
            while (rest := stream.readline(LINE_BYTES_MAX)) and not rest.endswith(b"\n"):
                continue
            yield number, b""
            continue
        yield number, line


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").lstrip("\ufeff").strip()


def _list_rows(stream: BinaryIO) -> Iterator[tuple[int, str | None]]:
    for number, line in _lines(stream):
        text = _text(line)
        if text and not text.startswith("#"):
            yield number, text if "." in text and " " not in text else None
        elif not line:
            yield number, None


def _columns(first: bytes) -> tuple[str, int] | None:
    """The separator of a header and which column holds the name; None if it is no header."""
    text = _text(first).lower()
    for separator in ("\t", ",", ";"):
        names = [part.strip('"') for part in text.split(separator)]
        for wanted in _NAME_COLUMNS:
            if wanted in names:
                return separator, names.index(wanted)
    return None


def _table_rows(stream: BinaryIO, first: bytes) -> Iterator[tuple[int, str | None]]:
    separator, at = cast("tuple[str, int]", _columns(first))
    for number, line in _lines(stream):
        if number == 1:
            continue
        text = _text(line)
        parts = text.split(separator) if '"' not in text else _quoted(text, separator)
        name = parts[at].strip() if len(parts) > at else ""
        if text:
            yield number, name if "." in name else None


def _quoted(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=separator), [])
    except csv.Error:
        return []


def _json_rows(stream: BinaryIO, first: bytes, path: Path) -> Iterator[tuple[int, str | None]]:
    try:
        orjson.loads(first)
        is_lines = first.lstrip()[:1] == b"{"
    except orjson.JSONDecodeError:
        is_lines = False
    if not is_lines:
        yield from _json_document(stream, path)
        return
    for number, line in _lines(stream):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            if line.strip() or not line:
                yield number, None
            continue
        if number == 1 and isinstance(row, dict) and _listed(row) is not None:
            yield from ((number, name) for name in cast("list[str | None]", _listed(row)))
            continue
        certified = certified_names(row)
        if certified is not None:
            yield from ((number, name) for name in certified)
        else:
            yield number, _named(row)


def _json_document(stream: BinaryIO, path: Path) -> Iterator[tuple[int, str | None]]:
    data = stream.read(64 * 1024 * 1024 + 1)
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", file=str(path), line=error.lineno) from None
    names = _listed(document)
    if names is None:
        raise InputError(
            "no list of names", file=str(path), remedy='Write {"protected": ["vote.example"]}'
        )
    yield from ((1, name) for name in names)


def _listed(document: object) -> list[str | None] | None:
    found = document
    if isinstance(document, dict):
        found = next((document[key] for key in ("protected", "names") if key in document), None)
    if not isinstance(found, list):
        return None
    return [_named(row) for row in found]


def _named(row: object) -> str | None:
    if isinstance(row, dict):
        row = next((row[key] for key in _NAME_COLUMNS if key in row), None)
    return row if isinstance(row, str) and "." in row else None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            is_gzip = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            stream = gzip.GzipFile(fileobj=file) if is_gzip else file
            yield cast("BinaryIO", stream)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError(
            f"cannot be read: {error.strerror}", file=str(path), remedy="Check the path"
        ) from None
    except (gzip.BadGzipFile, EOFError) as error:
        raise InputError(f"a broken gzip file: {error}", file=str(path)) from None
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be read: {error.strerror}") from error
