"""The joint situation report: what members released in a period, each line with its statements.

What was sealed for others is counted per member and told no further; a member of whom
nothing came is named, because silence is part of the picture.
Source: Commission Recommendation (EU) 2021/1086, recital 15 and point 6.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from detente.response.accounts import SEALED

ABOUT_MAX = 64


@dataclass(frozen=True, slots=True)
class Released:
    """A statement as the report sees it.

    Attributes:
        id: payload hash.
        issuer: member id.
        kind: `sealed` where its content is not for this member.
        said: as claimed.
        title: of what it says, "" where it has none.
    """

    id: str
    issuer: str
    kind: str
    said: datetime
    title: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A joint picture of a period.

    Attributes:
        lines: words and the statements they rest on.
        withheld: member -> contents sealed for others.
        silent: members of whom nothing came.
    """

    lines: tuple[tuple[str, tuple[str, ...]], ...]
    withheld: Mapping[str, int]
    silent: tuple[str, ...]


def picture_of(
    released: Iterable[Released],
    *,
    names: Mapping[str, str],
    members: Collection[str],
    since: datetime,
    until: datetime,
) -> Picture:
    """Return the picture of a period: one line for each member and kind of statement.

    Args:
        released: every statement known; those outside the period are left out.
        names: member id -> label.
        members: of the unit.
        since: first moment.
        until: first moment after.
    """
    grouped: dict[tuple[str, str], list[Released]] = {}
    withheld: dict[str, int] = {}
    heard: set[str] = set()
    for each in released:
        if not since <= each.said < until:
            continue
        heard.add(each.issuer)
        if each.kind == SEALED:
            withheld[each.issuer] = withheld.get(each.issuer, 0) + 1
        else:
            grouped.setdefault((each.issuer, each.kind), []).append(each)
    lines = tuple(
        (_words(names.get(issuer, issuer), kind, group), _about(group))
        for (issuer, kind), group in sorted(grouped.items())
    )
    silent = tuple(sorted(names.get(each, each) for each in set(members) - heard))
    return Picture(lines, dict(sorted(withheld.items())), silent)


def _words(name: str, kind: str, group: list[Released]) -> str:
    titles = sorted({each.title for each in group if each.title})
    told = f": {'; '.join(titles[:3])}" if titles else ""
    more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""  # noqa: PLR2004 - as above
    return f"{name}: {kind} ({len(group)}){told}{more}"[:200]


def _about(group: list[Released]) -> tuple[str, ...]:
    newest = sorted(group, key=lambda each: (each.said, each.id))[-ABOUT_MAX:]
    return tuple(sorted(each.id for each in newest))
