"""Exclusions: Sigma filters. Those of the operator's own say why, who answers, and until when."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from detente.errors import InputError
from detente.watch.sigma.documents import Placed, read_documents
from detente.watch.sigma.model import Refused, RuleFile

_REMEDY = (
    "Write a Sigma filter that has, beside title, logsource and filter, "
    "reason: TEXT, owner: TEXT and expires: YYYY-MM-DD"
)


@dataclass(slots=True)
class Exclusion:
    """A filter to be joined to the rules it names.

    Attributes:
        placed: where it stands.
        filter: as pySigma reads it.
        is_ours: whether it is the operator's own, and not part of the rules.
        used: whether it was joined to a rule.
    """

    placed: Placed
    filter: Any
    is_ours: bool
    used: bool = field(default=False)

    @property
    def shown(self) -> str:
        """What it is called, and where it stands."""
        return f"filter {self.filter.title!r} ({self.placed.file}:{self.placed.line})"


def read_exclusions(files: Sequence[RuleFile], today: date, notes: list[str]) -> list[Exclusion]:
    """Read the operator's own filters; an expired one is left out, with a note.

    Raises:
        InputError: one is no filter, or does not say why, who answers or until when.
    """
    found = []
    for file in files:
        refused: list[Refused] = []
        for placed in read_documents(file, refused):
            if not isinstance(placed.document, SigmaFilter):
                raise InputError("not a filter", file=file.name, line=placed.line, remedy=_REMEDY)
            expires = _checked(placed)
            exclusion = Exclusion(placed, placed.document, is_ours=True)
            if expires < today:
                notes.append(f"{exclusion.shown}: expired on {expires}, no longer applied")
            else:
                found.append(exclusion)
        for bad in refused:
            raise InputError(bad.reason, file=bad.file, line=bad.line, remedy=_REMEDY)
    return found


def _checked(placed: Placed) -> date:
    for name in ("reason", "owner"):
        value = placed.said.get(name)
        if not isinstance(value, str) or not value.strip():
            raise InputError(
                f"an exclusion without {name}", file=placed.file, line=placed.line, remedy=_REMEDY
            )
    expires = placed.said.get("expires")
    if isinstance(expires, str):
        try:
            expires = date.fromisoformat(expires)
        except ValueError:
            expires = None
    if isinstance(expires, datetime):
        expires = expires.date()
    if not isinstance(expires, date):
        raise InputError(
            "an exclusion without expires (a day)",
            file=placed.file,
            line=placed.line,
            remedy=_REMEDY,
        )
    return expires


def exclude(rule: SigmaRule, exclusions: Sequence[Exclusion]) -> tuple[str, ...]:
    """Join to a rule the filters that are about it, and return their titles."""
    named = []
    for exclusion in exclusions:
        before = list(rule.detection.condition)
        exclusion.filter.apply_on_rule(rule)
        if rule.detection.condition != before:
            exclusion.used = True
            named.append(str(exclusion.filter.title))
    return tuple(named)
