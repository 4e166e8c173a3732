"""What is asked for: filters and paging of a request (TAXII 2.1, sections 3.4 and 3.5)."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qsl

from detente.exchange.taxii.errors import TaxiiError
from detente.exchange.taxii.limits import (
    MATCH_VALUES_MAX,
    PAGE_OBJECTS_DEFAULT,
    PAGE_OBJECTS_MAX,
    QUERY_BYTES_MAX,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SPEC_VERSION = "2.1"
EVERY_FILTER = frozenset(
    ("added_after", "limit", "next", "match[id]", "match[type]", "match[version]")
) | {"match[spec_version]"}
OBJECT_FILTERS = EVERY_FILTER - {"match[id]", "match[type]"}
VERSIONS_FILTERS = OBJECT_FILTERS - {"match[version]"}
DELETE_FILTERS = frozenset(("match[version]", "match[spec_version]"))
_KEYWORDS = frozenset(("first", "last", "all"))
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,12}))?Z", re.ASCII
)
_ID = re.compile(r"[a-z][a-z0-9-]{1,249}--[0-9a-f-]{36}", re.ASCII)
_TYPE = re.compile(r"[a-z0-9][a-z0-9-]{0,249}", re.ASCII)
_SPEC = re.compile(r"2\.[0-9]{1,3}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked for; without filters: the latest version of everything, from the start.

    Attributes:
        after: microseconds since 1970; what entered the view later is meant.
        limit: most objects in the answer.
        ids: STIX ids, empty for any.
        types: STIX types, empty for any.
        versions: keywords `first`, `last`, `all` and times, as `time_key` makes them.
        is_other_spec: True where only other versions of STIX than 2.1 are asked for.
    """

    after: int = -1
    limit: int = PAGE_OBJECTS_DEFAULT
    ids: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    versions: frozenset[str] = frozenset(("last",))
    is_other_spec: bool = False

    @property
    def keywords(self) -> frozenset[str]:
        """Those of `versions` that are words."""
        return self.versions & _KEYWORDS


def parse_query(raw: bytes, permitted: Collection[str] = EVERY_FILTER) -> Query:
    """Read a query string; parameters that TAXII does not know are passed over.

    Args:
        raw: as it came, still encoded.
        permitted: the filters that this endpoint has.

    Raises:
        TaxiiError: 400: a filter twice, unknown, not of this endpoint, or with a bad value.
    """
    query = Query()
    for name, value in _pairs(raw, permitted).items():
        query = _with(query, name, value)
    return query


def time_key(text: str) -> str:
    """Return one spelling of a STIX time, whatever its precision, that sorts in time."""
    return text[:19] + "." + text[20:-1].rstrip("0")


def print_moment(microseconds: int) -> str:
    """Write a moment as TAXII does: RFC 3339 in UTC with six digits."""
    return (EPOCH + timedelta(microseconds=microseconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def print_next(after: int) -> str:
    """Write the place after which the next page begins."""
    return f"{after:x}"


def _pairs(raw: bytes, permitted: Collection[str]) -> dict[str, str]:
    if len(raw) > QUERY_BYTES_MAX:
        raise _bad(f"a query has at most {QUERY_BYTES_MAX} bytes")
    try:
        text = raw.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=64)
    except ValueError:
        raise _bad("the query is not percent-encoded UTF-8 text") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found and name in EVERY_FILTER:
            raise _bad(f"{name} stands twice", "Give several values separated by commas")
        if name.startswith("match[") and name not in EVERY_FILTER:
            raise _bad(f"there is no filter {name[:60]!r}", "Filter by id, type, version or spec")
        if name in EVERY_FILTER and name not in permitted:
            raise _bad(f"{name} is no filter of this resource")
        found[name] = value
    return {name: value for name, value in found.items() if name in EVERY_FILTER}


def _with(query: Query, name: str, value: str) -> Query:
    match name:
        case "added_after":
            query = replace(query, after=max(query.after, read_moment(value)))
        case "next":
            query = replace(query, after=max(query.after, _place(value)))
        case "limit":
            query = replace(query, limit=_limit(value))
        case "match[id]":
            query = replace(query, ids=_values(name, value, _ID))
        case "match[type]":
            query = replace(query, types=_values(name, value, _TYPE))
        case "match[version]":
            query = replace(query, versions=frozenset(_versions(value)))
        case _:
            asked = _values(name, value, _SPEC)
            query = replace(query, is_other_spec=SPEC_VERSION not in asked)
    return query


def _values(name: str, value: str, form: re.Pattern[str]) -> frozenset[str]:
    values = value.split(",")
    if len(values) > MATCH_VALUES_MAX:
        raise _bad(f"{name} has at most {MATCH_VALUES_MAX} values")
    for each in values:
        if form.fullmatch(each) is None:
            raise _bad(f"{each[:80]!r} is no value for {name}")
    return frozenset(values)


def _versions(value: str) -> Iterable[str]:
    values = value.split(",")
    if len(values) > MATCH_VALUES_MAX:
        raise _bad(f"match[version] has at most {MATCH_VALUES_MAX} values")
    if "all" in values and len(values) > 1:
        raise _bad("match[version]=all stands alone")
    for each in values:
        if each not in _KEYWORDS:
            read_moment(each)
        yield each if each in _KEYWORDS else time_key(each)


def _limit(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 18 or int(value) == 0:  # noqa: PLR2004 - digits
        raise _bad(f"limit is a whole number above 0, not {value[:40]!r}")
    return min(int(value), PAGE_OBJECTS_MAX)


def _place(value: str) -> int:
    if re.fullmatch(r"[0-9a-f]{1,15}", value, re.ASCII) is None:
        raise _bad("this `next` was not given by this server", "Begin again without it")
    return int(value, 16)


def read_moment(value: str) -> int:
    """Return a TAXII time as microseconds since 1970; what is finer is cut off.

    Raises:
        TaxiiError: 400: it is none.
    """
    match = _TIME.fullmatch(value)
    if match is None:
        raise _bad(f"{value[:60]!r} is no time", "Write 2026-11-23T12:00:00.000000Z")
    try:
        moment = datetime.strptime(match[1] + "+0000", "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        raise _bad(f"{value[:60]!r} is no time") from None
    fraction = (match[2] or "")[:6].ljust(6, "0")
    return (moment - EPOCH) // timedelta(microseconds=1) + int(fraction)


def _bad(message: str, remedy: str = "") -> TaxiiError:
    return TaxiiError(HTTPStatus.BAD_REQUEST, message, remedy=remedy)
