"""Leaf 0: what may be done with the rest; shown with anything that is shown."""

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from detente.signing import (
    JsonError,
    TimeError,
    canonical,
    format_time,
    parse_canonical,
    parse_time,
)
from detente.signing.canonical import JsonValue
from detente.statements.content import OBJECTS_MAX
from detente.statements.errors import ContentError
from detente.statements.kinds import Kind
from detente.statements.markings import Pap, Tlp

ABOUT_MAX = 256
_KEYS = ("about", "count", "due", "kind", "licence", "pap", "tlp", "v")
_ID = re.compile(r"[0-9a-f]{64}")
_LICENCE = re.compile(r"[A-Za-z0-9.+-]{1,64}")


@dataclass(frozen=True, slots=True)
class Handling:
    """How the issuer wants its content handled.

    Attributes:
        kind: what the content is.
        tlp: how far it may travel.
        pap: what may be done with it.
        licence: an SPDX identifier or LicenseRef; "NOASSERTION" where nothing is said.
        count: objects that follow, 1 to 2^20.
        about: payload hashes of the statements it stands beside, ascending; a denial
            contradicts, a retraction takes back and a dispute doubts only what is named here.
        due: until when a promise or question runs, None where it does not.
    """

    kind: Kind
    tlp: Tlp
    pap: Pap
    licence: str
    count: int
    about: tuple[str, ...] = ()
    due: datetime | None = None

    def to_bytes(self) -> bytes:
        """Return the RFC 8785 bytes of leaf 0."""
        return canonical(
            {
                "about": list(self.about),
                "count": self.count,
                "due": format_time(self.due) if self.due else "",
                "kind": self.kind.value,
                "licence": self.licence,
                "pap": self.pap.value,
                "tlp": self.tlp.value,
                "v": 1,
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> "Handling":
        """Read leaf 0; only what `to_bytes` writes is one.

        Raises:
            ContentError: another form or a value out of range.
        """
        try:
            handling = cls._read(parse_canonical(data))
        except (JsonError, TimeError, ValueError, TypeError) as error:
            raise ContentError(f"leaf 0 is no handling: {error}") from None
        check_handling(handling)
        return handling

    @classmethod
    def _read(cls, value: JsonValue) -> "Handling":
        if not isinstance(value, dict) or tuple(value) != _KEYS:
            raise ContentError(f"leaf 0 has exactly the keys {', '.join(_KEYS)}")
        about, count, due = value["about"], value["count"], value["due"]
        licence, version = value["licence"], value["v"]
        if type(version) is not int or version != 1:
            raise ContentError(f"handling version 1 is read, not {version!r}")
        if not isinstance(about, list) or len(about) > ABOUT_MAX:
            raise ContentError(f"leaf 0 names at most {ABOUT_MAX} statements in a list")
        if type(count) is not int or not isinstance(due, str) or not isinstance(licence, str):
            raise ContentError("leaf 0 has a count, a due time and a licence")
        return cls(
            kind=Kind(str(value["kind"])),
            tlp=Tlp(value["tlp"]),
            pap=Pap(value["pap"]),
            licence=licence,
            count=count,
            about=tuple(each if isinstance(each, str) else "" for each in about),
            due=parse_time(due) if due else None,
        )


def check_handling(handling: Handling) -> None:
    """Check what the types alone do not carry.

    Raises:
        ContentError: a count out of range, ids that do not ascend, a licence that is
            no identifier, a denial, retraction or dispute of nothing.
    """
    about = handling.about
    if not 1 <= handling.count <= OBJECTS_MAX:
        raise ContentError(f"content has 1 to {OBJECTS_MAX} objects, not {handling.count}")
    if not all(map(_ID.fullmatch, about)):
        raise ContentError("a statement is named by its payload hash, 64 hex digits")
    if any(here >= after for here, after in pairwise(about)):
        raise ContentError("the statements named do not ascend, each once")
    if handling.kind.names_statements and not about:
        raise ContentError(f"a {handling.kind} names the statements it stands beside")
    if _LICENCE.fullmatch(handling.licence) is None:
        raise ContentError(
            "the licence is an SPDX identifier", remedy="Write NOASSERTION where there is none"
        )
