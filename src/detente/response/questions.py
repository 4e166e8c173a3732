"""Questions with a time until which they are to be answered, and the hot line.

What nobody answered is shown, with the name of who was asked; silence says nothing else.
A message on the hot line stands in its author's signed log like everything said, so it
cannot be denied; that it was read is a word of the reader's own.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from detente.response.forms import UNIT
from detente.response.threads import Placed, Thread


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what came back.

    Attributes:
        title: one line.
        words: what is asked.
        asker: member id.
        due: until when.
        answers: entries, in order; a member's last one counts.
        unanswered: who was asked and said nothing.
        is_closed: the asker wants no more answers.
    """

    title: str
    words: str
    asker: str
    due: datetime
    answers: tuple[Placed, ...]
    unanswered: frozenset[str]
    is_closed: bool

    def is_overdue(self, now: datetime) -> bool:
        """Say whether its time has passed while somebody owes an answer."""
        return not self.is_closed and bool(self.unanswered) and self.due < now


def question_of(thread: Thread, members: Collection[str]) -> Question:
    """Return what a thread of the sort `question` comes to.

    Args:
        thread: in its order.
        members: of the unit now: a question to the unit was asked of these.
    """
    opening = thread.opening
    answers = tuple(
        each
        for each in thread.placed
        if each.entry.act == "answer" and each.entry.author != opening.author
    )
    asked = frozenset(members) if opening.body["with"] == UNIT else set(opening.texts("with"))
    due = opening.moment("due")
    assert due is not None  # noqa: S101 - the form of the opening requires it
    return Question(
        title=opening.text("title"),
        words=opening.text("words"),
        asker=opening.author,
        due=due,
        answers=answers,
        unanswered=frozenset(asked) - {opening.author, *(each.entry.author for each in answers)},
        is_closed=any(
            each.entry.act == "close" and each.entry.author == opening.author
            for each in thread.placed
        ),
    )


@dataclass(frozen=True, slots=True)
class Message:
    """One message on the hot line.

    Attributes:
        placed: its entry.
        read_by: who said that it was read.
        awaited: who has not said so.
    """

    placed: Placed
    read_by: frozenset[str]
    awaited: frozenset[str]


def messages_of(thread: Thread) -> tuple[Message, ...]:
    """Return the messages of a thread of the sort `line`, in order."""
    opening = thread.opening
    ends = frozenset((opening.author, *opening.texts("with")))
    read: dict[str, set[str]] = {}
    for each in thread.placed:
        if each.entry.act == "ack":
            read.setdefault(each.entry.text("of"), set()).add(each.entry.author)
    return tuple(
        Message(
            placed=each,
            read_by=frozenset(read.get(each.digest, set()) - {each.entry.author}),
            awaited=ends - {each.entry.author} - read.get(each.digest, set()),
        )
        for each in thread.placed
        if each.entry.act in ("open", "say")
    )
