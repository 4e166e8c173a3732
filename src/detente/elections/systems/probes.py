"""Requests that look for a way in: what their query says, not where they come from.

A quote in a name (O'Brien) or words of SQL in a search are none: a probe needs
the grammar of a statement, a path that leaves its folder, or an expression that
a template would compute.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from detente.elections.systems.model import Request

QUERY_CHARS_MAX = 8_192


class Technique(StrEnum):
    """What a probe tries."""

    SQL = "SQL in a parameter"
    TRAVERSAL = "a path that leaves its folder"
    TEMPLATE = "an expression for a template"


@dataclass(frozen=True, slots=True)
class Probe:
    """One request and what it tries."""

    request: Request
    technique: Technique

    @property
    def fields(self) -> frozenset[str]:
        """Names of the parameters it sends."""
        return frozenset(
            part.partition("=")[0] for part in self.request.query.split("&") if "=" in part
        )


_SQL = re.compile(
    r"""\bunion\s+(?:all\s+)?select\b
    | ['"]\s*(?:or|and)\s+['"(]?\w+['")]?\s*(?:=|like\b|<|>)
    | \b(?:or|and)\s+\d+\s*=\s*(?:\d|convert\b|\()
    | (?:=|^)\s*-?\d+\s*['"]\s*(?:&|$|\#|--)
    | ['";)]\s*(?:waitfor\s+delay|drop\s+table|insert\s+into|update\s+\w+\s+set|exec\b)
    | \bwaitfor\s+delay\s+'
    | \b(?:sleep|benchmark|pg_sleep|xp_cmdshell|extractvalue|updatexml)\s*\(
    | \bconvert\s*\(\s*int
    | ['")]\s*order\s+by\s+\d
    | \binformation_schema\.
    | @@version\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TRAVERSAL = re.compile(r"(?:^|[=/\\])\.\.[/\\]")
_TEMPLATE = re.compile(r"[$#%]\{[^{}]{1,200}\}|\{\{[^{}]{1,200}\}\}|<%=")
_SCREEN = re.compile(r"['\"(@{]|%2[27]|%28|%40|%7b|\.\.|%2e|%25|select|waitfor|\d+\s*=", re.I)
_PLAIN = re.compile(r"[\w&=.,~/:-]*+")
_BYTE = re.compile(rb"%([0-9A-Fa-f]{2})")
_ANY_SQL = re.compile(r"select|sleep|delay|[\s+]and[\s+]|[\s+]or[\s+]|%20(?:and|or)", re.I)


@lru_cache(maxsize=65_536)
def technique_of(query: str) -> Technique | None:
    """What a query tries; None for what the public writes. Read decoded up to twice."""
    if _PLAIN.fullmatch(query) and ".." not in query:
        return None
    if not (_SCREEN.search(query) or _ANY_SQL.search(query)):
        return None
    text = _decoded(query[:QUERY_CHARS_MAX])
    if "%" in text:
        text = _decoded(text)
    if _SQL.search(text):
        return Technique.SQL
    if _TRAVERSAL.search(text):
        return Technique.TRAVERSAL
    return Technique.TEMPLATE if _TEMPLATE.search(text) else None


def _decoded(query: str) -> str:
    """What a query says: plus is a space, %41 is A; what is no UTF-8 becomes a mark."""
    data = query.replace("+", " ").encode("utf-8", "surrogatepass")
    return _BYTE.sub(lambda found: bytes.fromhex(found[1].decode()), data).decode(
        "utf-8", "replace"
    )


def probes(requests: Iterable[Request]) -> list[Probe]:
    """The probes among some requests, in their order."""
    found = []
    for request in requests:
        technique = technique_of(request.query) if request.query else None
        if technique is not None:
            found.append(Probe(request, technique))
    return found
