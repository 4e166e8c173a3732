"""Audits from files: rows of statistics in, values out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import orjson

from detente.elections import ElectionsError
from detente.elections.audit import compute
from detente.errors import EnvironmentFault, InputError

ROWS_MAX = 100_000
"""Rows of one file."""
ASSERTIONS_BYTES_MAX = 8 * 1024 * 1024
"""A file of RAIRE assertions; the largest published are below one megabyte."""


class Form(StrEnum):
    """How rows stand in a file; the answer takes the same form."""

    LINES = "one object a line"
    LIST = "one list"
    TABLE = "one object with rows"


@dataclass(frozen=True, slots=True)
class Computed:
    """One row's answer."""

    id: str
    value: object


@dataclass(frozen=True, slots=True)
class Answer:
    """Every row's answer, in the form of the question."""

    form: Form
    rows: tuple[Computed, ...]

    def documents(self) -> Iterator[object]:
        """What to print, one JSON document after the other."""
        plain = [{"id": row.id, "value": row.value} for row in self.rows]
        match self.form:
            case Form.LINES:
                yield from plain
            case Form.LIST:
                yield plain
            case Form.TABLE:
                yield {"rows": plain}


def compute_rows(data: bytes, file: Path) -> Answer:
    """Compute every row of a file; files of assertions are looked for beside it.

    Raises:
        InputError: a row that is none, or cannot be computed: with its file and line.
    """
    form, rows = _read_rows(data, file)
    finder = _Beside(file.absolute().parent)
    answers = [_compute_row(row, place, file, finder) for place, row in rows]
    return Answer(form, tuple(answers))


def _read_rows(data: bytes, file: Path) -> tuple[Form, list[tuple[int, object]]]:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        return Form.LINES, _read_lines(data, file)
    if isinstance(document, list):
        return Form.LIST, _counted(document, file)
    if isinstance(document, dict) and isinstance(document.get("rows"), list):
        return Form.TABLE, _counted(document["rows"], file)
    return Form.LINES, [(1, document)]


def _counted(rows: list[object], file: Path) -> list[tuple[int, object]]:
    if len(rows) > ROWS_MAX:
        raise InputError(f"more than {ROWS_MAX} rows", file=str(file), remedy="Split the file")
    return list(enumerate(rows, 1))


def _read_lines(data: bytes, file: Path) -> list[tuple[int, object]]:
    rows: list[tuple[int, object]] = []
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            rows.append((number, orjson.loads(line)))
        except orjson.JSONDecodeError as error:
            raise InputError(
                f"not JSON: {error.msg}",
                file=str(file),
                line=number,
                remedy='Each line is an object such as {"id": "a", "method": "bravo_p", ...}',
            ) from None
        if len(rows) > ROWS_MAX:
            raise InputError(f"more than {ROWS_MAX} rows", file=str(file), remedy="Split the file")
    return rows


def _compute_row(row: object, place: int, file: Path, finder: "_Beside") -> Computed:
    if not isinstance(row, dict):
        raise InputError("a row is an object", file=str(file), line=place)
    name, method, inputs = row.get("id"), row.get("method"), row.get("inputs")
    if not isinstance(name, str | int) or not isinstance(method, str):
        raise InputError('a row has an "id" and a "method"', file=str(file), line=place)
    if not isinstance(inputs, dict):
        raise InputError(f'row {name}: "inputs" is an object', file=str(file), line=place)
    try:
        return Computed(str(name), compute(method, inputs, assertions=finder))
    except ElectionsError as error:
        raise InputError(
            f"row {name}: {error.message}", file=str(file), line=place, remedy=error.remedy
        ) from None


class _Beside:
    """Finds assertion files in the folder of the file that names them, and nowhere else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._read: dict[str, Mapping[str, object]] = {}

    def __call__(self, name: str) -> Mapping[str, object]:
        if name not in self._read:
            self._read[name] = self._load(name)
        return self._read[name]

    def _load(self, name: str) -> Mapping[str, object]:
        path = (self._folder / name.replace("\0", "")).resolve()
        if not path.is_relative_to(self._folder):
            raise ElectionsError(
                f"the assertions {name!r} lie outside the folder of the file that names them",
                remedy="Put them beside it",
            )
        try:
            with path.open("rb") as stream:
                data = stream.read(ASSERTIONS_BYTES_MAX + 1)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise ElectionsError(
                f"the assertions {name!r} are not there", remedy=f"Put them into {self._folder}"
            ) from None
        except OSError as error:
            raise EnvironmentFault(f"{path} cannot be read: {error.strerror}") from error
        return _as_contest(data, name)


def _as_contest(data: bytes, name: str) -> Mapping[str, object]:
    if len(data) > ASSERTIONS_BYTES_MAX:
        raise ElectionsError(f"the assertions {name!r} have more than {ASSERTIONS_BYTES_MAX} bytes")
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ElectionsError(f"the assertions {name!r} are not JSON: {error.msg}") from None
    if not isinstance(document, dict):
        raise ElectionsError(f"the assertions {name!r} are one JSON object")
    return document
