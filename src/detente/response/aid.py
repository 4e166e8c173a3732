"""Mutual help: what members can give, what somebody needs, and who calls whom when.

Source: Commission Recommendation (EU) 2021/1086, 6 to 9: an inventory of capabilities,
requests and offers, and a crisis plan agreed beforehand.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from detente.response.forms import Level
from detente.response.threads import Placed, Thread

_TERMS = "detente crisis plan v1"


@dataclass(frozen=True, slots=True)
class Aid:
    """A request for help, or an offer that nobody asked for.

    Attributes:
        side: request or offer.
        title: one line.
        author: member id.
        due: until when it is of use.
        offers: entries; of an offer, who would take it.
        accepted: offers that the author accepted.
        is_closed: by its author.
    """

    side: str
    title: str
    author: str
    due: datetime
    offers: tuple[Placed, ...]
    accepted: frozenset[str]
    is_closed: bool

    def is_unanswered(self, now: datetime) -> bool:
        """Say whether its time has passed and nobody came."""
        return not self.is_closed and not self.offers and self.due < now


@dataclass(frozen=True, slots=True)
class Duty:
    """Who calls whom at which level, and by which playbook.

    Attributes:
        digest: of its entry.
        level: from which on.
        caller: who calls.
        called: who is called.
        playbook: what both follow.
        words: how.
        author: member id.
    """

    digest: str
    level: Level
    caller: str
    called: str
    playbook: str
    words: str
    author: str


def aid_of(thread: Thread) -> Aid:
    """Return what a thread of the sort `help` comes to."""
    opening = thread.opening
    due = opening.moment("due")
    assert due is not None  # noqa: S101 - the form of the opening requires it
    own = [each.entry for each in thread.placed if each.entry.author == opening.author]
    offers = tuple(
        each
        for each in thread.placed
        if each.entry.act == "offer" and each.entry.author != opening.author
    )
    known = {each.digest for each in offers}
    declined = {each.text("of") for each in own if each.act == "decline"}
    accepted = {each.text("of") for each in own if each.act == "accept"}
    return Aid(
        side=opening.text("side"),
        title=opening.text("title"),
        author=opening.author,
        due=due,
        offers=offers,
        accepted=frozenset(accepted & known - declined),
        is_closed=any(each.act == "close" for each in own),
    )


def duties_of(thread: Thread) -> tuple[Duty, ...]:
    """Return the duties of a crisis plan, the highest level first; only its author strikes one."""
    # By whom, too: what another strikes has no effect on the duty or its author's word.
    struck = {
        (each.entry.text("of"), each.entry.author)
        for each in thread.placed
        if each.entry.act == "strike"
    }
    found = [
        Duty(
            digest=each.digest,
            level=Level(each.entry.text("level")),
            caller=each.entry.text("caller"),
            called=each.entry.text("called"),
            playbook=each.entry.text("playbook"),
            words=each.entry.text("words"),
            author=each.entry.author,
        )
        for each in thread.placed
        if each.entry.act == "duty" and (each.digest, each.entry.author) not in struck
    ]
    return tuple(sorted(found, key=lambda duty: -duty.level.rank))


def plan_terms(thread: Thread) -> str:
    """Return the digest of a crisis plan as it stands: its opening and the duties in force.

    Whoever endorses names it, so that nobody is taken to agree to a duty that came later.
    """
    own = {each.digest for each in thread.placed if each.private}
    duties = sorted(each.digest for each in duties_of(thread) if each.digest not in own)
    return sha256("\n".join([_TERMS, thread.id, *duties]).encode()).hexdigest()


def endorsed_by(thread: Thread) -> frozenset[str]:
    """Return the members whose last endorsement names the plan as it stands."""
    last = {
        each.entry.author: each.entry.text("terms")
        for each in thread.placed
        if each.entry.act == "endorse"
    }
    terms = plan_terms(thread)
    return frozenset(member for member, named in last.items() if named == terms)
