"""A sentence for the press: a draft until somebody else approves its very words.

An approval names the hash of what was approved, so words that change are a draft again;
nobody who wrote any of them approves them. Everything stays in the history.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from unicodedata import normalize

from detente.response.errors import PressRefused
from detente.response.notification import SMS_CHARS_MAX, Letter, Plan, Sort, one_line
from detente.response.threads import Placed, Thread
from detente.statements.markings import Tlp


class PressState(StrEnum):
    """How far a sentence is."""

    DRAFT = "draft"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Press:
    """A sentence as its history leaves it.

    Attributes:
        title: one line.
        words: as they stand now.
        draft: digest of the entry that holds these words; an approval names it.
        writers: names of all who wrote any of its words, in order.
        state: draft, approved or withdrawn.
        approved_by: "" while nobody did.
        approved_at: None while nobody did.
        sent: entries, each with the addresses it went to.
        without_effect: digests of entries that changed nothing: they may not.
    """

    title: str
    words: str
    draft: str
    writers: tuple[str, ...]
    state: PressState = PressState.DRAFT
    approved_by: str = ""
    approved_at: datetime | None = None
    sent: tuple[Placed, ...] = ()
    without_effect: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Approved:
    """Words that may be sent: `clear` alone makes one.

    Attributes:
        title: one line.
        words: as they were approved.
        draft: digest of the entry that holds them.
        approved_by: name.
    """

    title: str
    words: str
    draft: str
    approved_by: str


class _Fold:
    """Takes entries in their order."""

    def __init__(self, opening: Placed) -> None:
        entry = opening.entry
        self.office = entry.author
        self.words, self.draft = entry.text("words"), opening.digest
        self.writers = [entry.text("by")]
        self.approved: Placed | None = None
        self.withdrawn = False
        self.sent: list[Placed] = []
        self.without_effect: set[str] = set()

    def take(self, placed: Placed) -> None:
        """Take one entry; what may not change anything changes nothing and stays."""
        entry = placed.entry
        if self.withdrawn or entry.author != self.office:
            self.without_effect.add(placed.digest)
            return
        match entry.act:
            case "revise":
                self.words, self.draft, self.approved = entry.text("words"), placed.digest, None
                self.writers.append(entry.text("by"))
            case "approve" if not _why_not(self.draft, self.writers, entry.text("of"), _by(placed)):
                self.approved = self.approved or placed
            case "withdraw":
                self.withdrawn, self.approved = True, None
            case "send" if self.approved and entry.text("of") == self.draft:
                self.sent.append(placed)
            case "unsent":
                pass
            case _:
                self.without_effect.add(placed.digest)

    @property
    def state(self) -> PressState:
        """How far it is."""
        if self.withdrawn:
            return PressState.WITHDRAWN
        return PressState.APPROVED if self.approved else PressState.DRAFT


def press_of(thread: Thread) -> Press:
    """Return what a thread of the sort `press` comes to."""
    fold = _Fold(thread.placed[0])
    for placed in thread.placed[1:]:
        fold.take(placed)
    approved = fold.approved
    return Press(
        title=thread.opening.text("title"),
        words=fold.words,
        draft=fold.draft,
        writers=tuple(fold.writers),
        state=fold.state,
        approved_by="" if approved is None else _by(approved),
        approved_at=None if approved is None else approved.entry.at,
        sent=tuple(fold.sent),
        without_effect=frozenset(fold.without_effect),
    )


def check_approval(press: Press, *, of: str, by: str) -> None:
    """Check that somebody may approve these words.

    Args:
        press: as it stands.
        of: digest of the entry whose words were read.
        by: who approves.

    Raises:
        PressRefused: it was withdrawn or approved, the words changed since, or who approves
            wrote some of them.
    """
    if press.state is not PressState.DRAFT:
        raise PressRefused(f"it is {press.state} already", remedy="Draft another sentence")
    reason = _why_not(press.draft, press.writers, of, by)
    if reason:
        raise PressRefused(reason, remedy="`detente press show` shows the words as they stand")


def clear(press: Press) -> Approved:
    """Return the words that may be sent.

    Raises:
        PressRefused: nobody approved them as they stand.
    """
    if press.state is not PressState.APPROVED:
        raise PressRefused(
            f"it is {press.state}: nothing of it is sent",
            remedy="A releaser who wrote none of it approves it: `detente press approve`",
        )
    return Approved(press.title, press.words, press.draft, press.approved_by)


def press_letters(plan: Plan, cleared: Approved, people: Sequence[str]) -> tuple[Letter, ...]:
    """Return what goes to people, word for word.

    Args:
        plan: of the office.
        cleared: what may be sent.
        people: names in the plan, on all their channels.

    Raises:
        PressRefused: nobody has this name, or a channel would cut the words.
    """
    found: list[Letter] = []
    for name in dict.fromkeys(people):
        person = plan.people.get(name)
        if person is None or not person.reached:
            raise PressRefused(f"nobody called {name[:64]!r} is reached by a channel")
        for channel_name, address in sorted(person.reached.items()):
            sort = plan.channels[channel_name].sort
            if sort is Sort.SMS and len(cleared.words) > SMS_CHARS_MAX:
                raise PressRefused(f"{channel_name} would cut it to {SMS_CHARS_MAX} characters")
            subject = one_line(cleared.title)
            found.append(Letter(channel_name, sort, address, name, subject, cleared.words))
    return tuple(found)


def press_draft(
    *, title: str, known: Sequence[str], doing: Sequence[str], tlp: Tlp
) -> tuple[str, str]:
    """Return a title and words to begin with: what is known, what is done, no name, no actor.

    Only what is marked clear stands in it.
    """
    if tlp is not Tlp.CLEAR:
        known = ()
    facts = "; ".join(known) if known else "we are looking into an event"
    steps = "; ".join(doing) if doing else "the election goes on as planned"
    name = title if tlp is Tlp.CLEAR else "A technical event"
    return name, f"{name}: {facts}. {steps}. We tell more when we know more."


def is_same_person(name: str, other: str) -> bool:
    """Say whether two names are one, however they are spaced and whatever their case."""
    return _folded(name) == _folded(other)


def _folded(name: str) -> str:
    plain = "".join(sign for sign in normalize("NFKC", name) if sign.isprintable())
    return re.sub(r"\s+", " ", plain).strip().casefold()


def _why_not(draft: str, writers: Sequence[str], of: str, by: str) -> str:
    if of != draft:
        return "the words changed since they were read"
    if any(is_same_person(by, writer) for writer in writers):
        return "who wrote any of it does not approve it"
    return ""


def _by(placed: Placed) -> str:
    return placed.entry.text("by")
