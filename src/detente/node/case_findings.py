"""A case of what a check of an election found: the file's hash, and what stands in it.

The file stays where it is. A difference is no attack, and what the check said of innocent
reasons stays in it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from detente.errors import InputError
from detente.node.case_beginnings import Beginning, one_line
from detente.node.casework import Evidence
from detente.signing import JsonError, JsonLimits, JsonValue, parse_strict

FILE_BYTES_MAX = 16 * 2**20
_LIMITS = JsonLimits(size_bytes=FILE_BYTES_MAX, depth=16, values=1_000_000)
_SHOWN = 5
_SHOWN_MAX = 300
_ROLLS = "counts of a roll travel rounded and once, and the hash of a short report gives them away"

Row = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class _Form:
    """How the answer of one check is known, and what is shown of a row."""

    check: str
    kind: str
    holds: str
    needs: frozenset[str]
    shows: Callable[[Row], str]
    private_because: str = ""


def from_finding(name: str, data: bytes) -> Beginning:
    """Return what a case of a file of findings begins with.

    Args:
        name: of the file.
        data: what one of the checks under `detente elections` printed with --json.

    Raises:
        InputError: it is no such answer, or nothing was found.
    """
    form, rows, is_rehearsal = _read(data)
    mark = "REHEARSAL: " if is_rehearsal else ""
    worst = any(row.get("can_change_winner") is True for row in rows)
    shown = [one_line(form.shows(row), most=_SHOWN_MAX) for row in rows[:_SHOWN]]
    more = [f"and {len(rows) - _SHOWN} more"] if len(rows) > _SHOWN else []
    return Beginning(
        title=one_line(f"{mark}{form.check}: {shown[0]}"),
        kind=form.kind,
        level="high" if worst and not is_rehearsal else "medium",
        evidence=Evidence(
            name=one_line(name),
            hash=sha256(data).hexdigest(),
            size=len(data),
            words=f"{mark}What `detente elections {form.check}` found.",
            own="\n".join([*shown, *more]),
        ),
        private_because=form.private_because,
    )


def _read(data: bytes) -> tuple[_Form, Sequence[Row], bool]:
    documents = _documents(data)
    for form in _FORMS:
        if all(form.needs <= each.keys() for each in documents):
            rows: list[Row] = [*documents]
            if form.holds:
                rows = [row for each in documents for row in _rows(each[form.holds], form)]
            return form, _some(rows), any(each.get("rehearsal") is True for each in documents)
    raise _none()


def _documents(data: bytes) -> list[dict[str, JsonValue]]:
    """Return one document, or one a line."""
    try:
        whole = [parse_strict(data, _LIMITS)]
    except JsonError as error:
        if b"\n" not in data.strip() or len(data) > FILE_BYTES_MAX:
            raise _none(str(error)) from None
        whole = [_line(each, at) for at, each in enumerate(data.splitlines(), 1) if each.strip()]
    found = [each for each in whole if isinstance(each, dict)]
    if len(found) != len(whole):
        raise _none()
    return found


def _line(data: bytes, number: int) -> JsonValue:
    try:
        return parse_strict(data)
    except JsonError as error:
        raise _none(f"line {number}: {error}") from None


def _rows(held: JsonValue, form: _Form) -> list[Row]:
    rows = held if isinstance(held, list) else []
    found = [each for each in rows if isinstance(each, dict)]
    if len(found) != len(rows) or not isinstance(held, list):
        raise _none(f"{form.holds} is no list of findings")
    return [*found]


def _some(rows: Sequence[Row]) -> Sequence[Row]:
    if not rows:
        raise InputError("nothing was found in it", remedy="Open the case by hand, with a title")
    return rows


def _none(why: str = "") -> InputError:
    return InputError(
        "not the answer of a check" + (f": {why}" if why else ""),
        remedy="Keep what `detente elections results check`, `systems scan`, `rolls compare`, "
        "`names scan` or `names links` prints with --json",
    )


def _joined(*names: str) -> Callable[[Row], str]:
    return lambda row: ", ".join(
        str(row[name]) for name in names if row.get(name) not in (None, "")
    )


_FORMS = (
    _Form(
        "results check",
        "results",
        "findings",
        frozenset({"findings", "line"}),
        _joined("check", "place", "difference", "explanation"),
    ),
    _Form(
        "systems scan",
        "cyber",
        "findings",
        frozenset({"findings", "read"}),
        _joined("sign", "place", "count", "said"),
    ),
    _Form(
        "rolls compare",
        "rolls",
        "signals",
        frozenset({"signals", "rows"}),
        _joined("signal", "count"),
        private_because=_ROLLS,
    ),
    _Form(
        "names links", "names", "links", frozenset({"links"}), _joined("host", "is_like", "class")
    ),
    _Form(
        "names scan",
        "names",
        "",
        frozenset({"observed", "protects", "class"}),
        _joined("observed", "protects", "class"),
    ),
)
