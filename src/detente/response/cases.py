"""Cases: what a thread of entries comes to, by rules that need no clock and trust no partner.

Who may change what is fixed: a task is moved on by who set it or who owns it, a level is
each member's own and the highest counts, a case is closed for whoever closed it. An entry
that may not change what it names stays in the history and changes nothing. The innocent
hypotheses come first, always.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from detente.response.entries import Entry
from detente.response.forms import Level
from detente.response.threads import Placed, Thread


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done.

    Attributes:
        digest: of the entry that set it.
        title: one line.
        author: who set it.
        owner: member whose it is; who set it where none was named.
        person: at that member's office, "" where nobody was named.
        due: None where there is no time.
        state: open, taken, done or dropped.
    """

    digest: str
    title: str
    author: str
    owner: str
    person: str
    due: datetime | None
    state: str = "open"

    @property
    def is_open(self) -> bool:
        """True while somebody still has to do it."""
        return self.state in ("open", "taken")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """An explanation, and how likely each member holds it to be.

    Attributes:
        digest: of the entry that stated it.
        words: the explanation.
        author: who stated it.
        innocent: nobody means harm in it.
        weighed: member -> likelihood in the words of ICD 203.
    """

    digest: str
    words: str
    author: str
    innocent: bool
    weighed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """A case as one member sees it.

    Attributes:
        title: as it is called now.
        kind: of incident.
        level: the highest that a member holds it to have now.
        opened_by: member id.
        opened_at: as it was claimed.
        closed_by: members for whom it is closed.
        open_at: members who wrote in it and did not close it.
        tasks: in order.
        hypotheses: the innocent first.
        evidence: entries.
        decisions: entries.
        without_effect: digests of entries that may not change what they name.
        thread: every entry in its order.
    """

    title: str
    kind: str
    level: Level
    opened_by: str
    opened_at: datetime
    closed_by: frozenset[str]
    open_at: frozenset[str]
    tasks: tuple[Task, ...]
    hypotheses: tuple[Hypothesis, ...]
    evidence: tuple[Placed, ...]
    decisions: tuple[Placed, ...]
    without_effect: frozenset[str]
    thread: Thread

    def is_closed_for(self, member: str) -> bool:
        """Say whether a member has closed it, and not opened it again since."""
        return member in self.closed_by

    @property
    def due(self) -> datetime | None:
        """The next time at which an open task is due."""
        return min((each.due for each in self.tasks if each.is_open and each.due), default=None)


class _Fold:
    """Takes entries in their order."""

    def __init__(self, opening: Placed) -> None:
        entry = opening.entry
        self.title = entry.text("title")
        self.levels = {entry.author: Level(entry.text("level"))}
        self.tasks: dict[str, Task] = {}
        self.hypotheses: dict[str, Hypothesis] = {}
        self.evidence: list[Placed] = []
        self.decisions: list[Placed] = []
        self.closed: dict[str, tuple[int, bool]] = {}
        self.retitled: dict[str, str] = {}
        self.without_effect: set[str] = set()
        self.opener = entry.author

    def take(self, placed: Placed) -> None:
        """Take one entry."""
        entry, digest = placed.entry, placed.digest
        match entry.act:
            case "task":
                self.tasks[digest] = _task(entry, digest)
            case "progress":
                self._move_on(entry, digest)
            case "hypothesis":
                self.hypotheses[digest] = _hypothesis(entry, digest)
            case "weigh":
                self._weigh(entry, digest)
            case "evidence":
                self.evidence.append(placed)
            case "decision":
                self.decisions.append(placed)
            case _:
                self._take_register(entry, digest)

    def _take_register(self, entry: Entry, digest: str) -> None:
        match entry.act:
            case "level":
                self.levels[entry.author] = Level(entry.text("level"))
            case "title" if entry.author == self.opener:
                self.title = entry.text("title")
            case "title":
                self.without_effect.add(digest)
            case "close" | "reopen":
                turn, _ = self.closed.get(entry.author, (-1, False))
                if entry.turn >= turn:
                    self.closed[entry.author] = (entry.turn, entry.act == "close")

    def _move_on(self, entry: Entry, digest: str) -> None:
        task = self.tasks.get(entry.text("of"))
        if task is None or entry.author not in (task.author, task.owner):
            self.without_effect.add(digest)
            return
        self.tasks[task.digest] = replace(task, state=entry.text("state"))

    def _weigh(self, entry: Entry, digest: str) -> None:
        hypothesis = self.hypotheses.get(entry.text("of"))
        if hypothesis is None:
            self.without_effect.add(digest)
            return
        weighed = {**hypothesis.weighed, entry.author: entry.text("likelihood")}
        self.hypotheses[hypothesis.digest] = replace(hypothesis, weighed=weighed)


def case_of(thread: Thread) -> Case:
    """Return what a thread of the sort `case` comes to."""
    fold = _Fold(thread.placed[0])
    for placed in thread.placed[1:]:
        fold.take(placed)
    closed = frozenset(member for member, (_, is_closed) in fold.closed.items() if is_closed)
    wrote = {each.entry.author for each in thread.placed}
    opening = thread.opening
    return Case(
        title=fold.title,
        kind=opening.text("kind"),
        level=max(fold.levels.values(), key=lambda level: level.rank),
        opened_by=opening.author,
        opened_at=opening.at,
        closed_by=closed,
        open_at=frozenset(wrote - closed),
        tasks=tuple(fold.tasks.values()),
        hypotheses=tuple(_innocent_first(fold.hypotheses.values())),
        evidence=tuple(fold.evidence),
        decisions=tuple(fold.decisions),
        without_effect=frozenset(fold.without_effect),
        thread=thread,
    )


def overdue(case: Case, now: datetime) -> tuple[Task, ...]:
    """Return the open tasks whose time has passed, the longest overdue first."""
    late = [each for each in case.tasks if each.is_open and each.due and each.due < now]
    return tuple(sorted(late, key=lambda task: (task.due or now, task.digest)))


def _innocent_first(found: Iterable[Hypothesis]) -> list[Hypothesis]:
    return sorted(found, key=lambda each: not each.innocent)


def _task(entry: Entry, digest: str) -> Task:
    return Task(
        digest=digest,
        title=entry.text("title"),
        author=entry.author,
        owner=entry.text("owner") or entry.author,
        person=entry.text("person"),
        due=entry.moment("due"),
    )


def _hypothesis(entry: Entry, digest: str) -> Hypothesis:
    return Hypothesis(
        digest=digest,
        words=entry.text("words"),
        author=entry.author,
        innocent=entry.text("innocent") == "yes",
    )
