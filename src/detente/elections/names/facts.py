"""What is known of a name besides how it reads; nothing here is ever asked of the network."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from detente.elections.errors import ElectionsError
from detente.elections.names.model import LookAlike

_NEW_DAYS = 90
_OLD_DAYS = 3 * 365
_NEW, _OLD = 0.15, -0.3
_CERTIFICATE, _MAIL, _LINK = 0.05, 0.1, 0.1


@dataclass(frozen=True, slots=True)
class Facts:
    """What somebody looked up about a name; None where nobody did.

    Attributes:
        registered: the day it was registered.
        certificate: whether a certificate was seen for it.
        mail: whether it takes mail (an MX record).
        linked: whether a page of the office or a partner links to it.
    """

    registered: date | None = None
    certificate: bool | None = None
    mail: bool | None = None
    linked: bool | None = None


def parse_facts(document: object) -> dict[str, Facts]:
    """Facts by name, from `{"name": {"registered": "2026-10-01", "mx": true}}`.

    Raises:
        ElectionsError: it is no such object.
    """
    if not isinstance(document, dict):
        raise ElectionsError("facts are an object of names")
    return {str(name).lower().rstrip("."): _one(name, row) for name, row in document.items()}


def _one(name: object, row: object) -> Facts:
    if not isinstance(row, dict):
        raise ElectionsError(f"the facts of {name!r:.80} are no object")
    day = row.get("registered")
    try:
        registered = date.fromisoformat(str(day)[:10]) if day else None
    except ValueError:
        raise ElectionsError(
            f"{day!r:.40} is no day on which {name!r:.80} was registered",
            remedy="Write 2026-10-01",
        ) from None
    return Facts(registered, *(_flag(row, key) for key in ("certificate", "mx", "link")))


def _flag(row: Mapping[str, object], key: str) -> bool | None:
    value = row.get(key)
    return None if value is None else bool(value)


def weigh(found: LookAlike, facts: Facts, today: date) -> tuple[float, str]:
    """How much a look-alike matters once these facts are known, 0 to 1, and why in words."""
    parts = list(_parts(facts, today))
    score = min(max(found.score + sum(weight for weight, _ in parts), 0.0), 1.0)
    return round(score, 2), ", ".join(words for _, words in parts)


def _parts(facts: Facts, today: date) -> Iterator[tuple[float, str]]:
    if facts.registered is not None:
        days = (today - facts.registered).days
        weight = _NEW if days <= _NEW_DAYS else _OLD if days >= _OLD_DAYS else 0.0
        yield weight, f"registered {days} days ago"
    if facts.certificate:
        yield _CERTIFICATE, "has a certificate"
    if facts.mail is not None:
        yield (_MAIL, "takes mail") if facts.mail else (-_MAIL, "takes no mail")
    if facts.linked:
        yield _LINK, "is linked to"
