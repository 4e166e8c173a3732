"""Accords: what parties promised, who signed, and what became of it, as a function of its entries.

An accord binds from its start once every party has signed the same terms and the charter's
quorum of the unit has seen them so. An allegation needs evidence, leaves room for a reply,
and is shown only when those who judge, the accused not among them, say so. Nothing here
finds a breach by itself: a person links what was found to a clause.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from detente.response.entries import Entry
from detente.response.threads import Placed, Thread

REPLY_HOURS_LEAST = 24


class Standing(StrEnum):
    """How an accord stands."""

    PROPOSED = "proposed"
    DECLINED = "declined"
    AGREED = "agreed"  # signed, its start still to come
    IN_FORCE = "in force"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


class Outcome(StrEnum):
    """What became of an allegation."""

    REPLY_OPEN = "open for reply"
    ALLEGED = "alleged"
    SHOWN = "shown"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True, slots=True)
class Bench:
    """Who can judge, and how many must agree.

    Attributes:
        members: of the unit now.
        quorum: of the charter, of all members: the accused does not judge.
    """

    members: frozenset[str]
    quorum: int


@dataclass(frozen=True, slots=True)
class Allegation:
    """A breach that somebody says happened.

    Attributes:
        placed: its entry: clause, words, evidence, until when a reply is awaited.
        accused: member id.
        replies: of the accused, beside it.
        judged: member -> verdict, the accused's own left out.
        outcome: what it came to.
    """

    placed: Placed
    accused: str
    replies: tuple[Placed, ...]
    judged: dict[str, str]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Accord:
    """An accord.

    Attributes:
        terms: digest of the opening: what is signed.
        opening: what was agreed.
        signed: who signed these terms.
        standing: how it stands.
        allegations: in order.
        links: findings that a person linked to a clause.
        reports: standing reports.
        suspended_by: parties that suspended it and did not resume.
        thread: every entry in its order.
    """

    terms: str
    opening: Entry
    signed: frozenset[str]
    standing: Standing
    allegations: tuple[Allegation, ...]
    links: tuple[Placed, ...]
    reports: tuple[Placed, ...]
    suspended_by: frozenset[str]
    thread: Thread

    @property
    def parties(self) -> frozenset[str]:
        """Who is bound."""
        return frozenset(self.opening.texts("parties"))

    def figures(self) -> dict[str, int]:
        """Return what a standing report says: alleged, shown, answered, and kept as 1 or 0."""
        shown = sum(each.outcome is Outcome.SHOWN for each in self.allegations)
        return {
            "alleged": len(self.allegations),
            "answered": sum(bool(each.replies) for each in self.allegations),
            "kept": int(shown == 0),
            "shown": shown,
        }


def accord_of(thread: Thread, bench: Bench, now: datetime) -> Accord:
    """Return what a thread of the sort `accord` comes to.

    Args:
        thread: in its order.
        bench: who counts, by the charter of this moment.
        now: for starts, ends and replies that are due.
    """
    opening, terms = thread.opening, thread.id
    parties = frozenset(opening.texts("parties"))
    by_act: dict[str, list[Placed]] = {}
    for each in thread.placed[1:]:
        by_act.setdefault(each.entry.act, []).append(each)
    signed = {each.entry.author for each in by_act.get("sign", ()) if _signs(each.entry, terms)}
    suspended = _suspended(thread, parties)
    allegations = tuple(
        _allegation(each, by_act, opening, bench, now)
        for each in by_act.get("allege", ())
        if each.entry.text("accused") in parties
        and each.entry.author in (parties | _others(opening))
    )
    return Accord(
        terms=terms,
        opening=opening,
        signed=frozenset(signed),
        standing=_standing(opening, by_act, frozenset(signed), suspended, now),
        allegations=allegations,
        links=tuple(by_act.get("link", ())),
        reports=tuple(by_act.get("report", ())),
        suspended_by=suspended,
        thread=thread,
    )


def _signs(entry: Entry, terms: str) -> bool:
    return entry.text("terms") == terms


def _others(opening: Entry) -> frozenset[str]:
    return frozenset(opening.texts("observers"))


def _suspended(thread: Thread, parties: Collection[str]) -> frozenset[str]:
    last: dict[str, tuple[int, bool]] = {}
    for each in thread.placed:
        entry = each.entry
        if entry.act not in ("suspend", "resume") or entry.author not in parties:
            continue
        if entry.turn >= last.get(entry.author, (-1, False))[0]:
            last[entry.author] = (entry.turn, entry.act == "suspend")
    return frozenset(member for member, (_, is_out) in last.items() if is_out)


def _standing(
    opening: Entry,
    by_act: dict[str, list[Placed]],
    signed: frozenset[str],
    suspended: frozenset[str],
    now: datetime,
) -> Standing:
    parties = frozenset(opening.texts("parties"))
    if any(each.entry.author in parties - signed for each in by_act.get("decline", ())):
        return Standing.DECLINED
    if not parties <= signed or len(signed) < opening.whole("quorum"):
        return Standing.PROPOSED
    if any(_is_out(each.entry, opening, parties, now) for each in by_act.get("withdraw", ())):
        return Standing.WITHDRAWN
    start, end = opening.moment("start"), opening.moment("end")
    if end is not None and now >= end:
        return Standing.ENDED
    if start is not None and now < start:
        return Standing.AGREED
    return Standing.SUSPENDED if suspended else Standing.IN_FORCE


def _is_out(entry: Entry, opening: Entry, parties: frozenset[str], now: datetime) -> bool:
    if entry.author not in parties:
        return False
    hours = 0 if entry.text("mode") == "at once" else min(opening.whole("notice_hours"), 87_600)
    return now >= entry.at + timedelta(hours=hours)


def _allegation(
    placed: Placed,
    by_act: dict[str, list[Placed]],
    opening: Entry,
    bench: Bench,
    now: datetime,
) -> Allegation:
    accused = placed.entry.text("accused")
    replies = tuple(
        each
        for each in by_act.get("reply", ())
        if each.entry.text("of") == placed.digest and each.entry.author == accused
    )
    judged = {
        each.entry.author: each.entry.text("verdict")
        for each in by_act.get("judge", ())
        if each.entry.text("of") == placed.digest and each.entry.author != accused
    }
    outcome = _outcome(judged, opening, bench, accused)
    due = _reply_due(placed.entry)
    if not replies and now < due:
        outcome = Outcome.REPLY_OPEN
    return Allegation(placed, accused, replies, judged, outcome)


def _reply_due(entry: Entry) -> datetime:
    """Return until when a reply is awaited: never less than a day, whatever the accuser says."""
    least = entry.at + timedelta(hours=REPLY_HOURS_LEAST)
    return max(entry.moment("due") or least, least)


def _outcome(judged: dict[str, str], opening: Entry, bench: Bench, accused: str) -> Outcome:
    if opening.text("judges") == "observers":
        judges = _others(opening) & bench.members - {accused}
        needed = len(judges) // 2 + 1
    else:
        judges, needed = bench.members - {accused}, bench.quorum
    for verdict, outcome in (("shown", Outcome.SHOWN), ("not shown", Outcome.NOT_SHOWN)):
        if sum(judged.get(each) == verdict for each in judges) >= needed:
            return outcome
    return Outcome.ALLEGED
