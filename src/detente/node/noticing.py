"""Noticing: what people of this office must know of, told step by step until somebody confirms.

Nothing is sent to members here: what they are told is said in statements.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from detente.node.delivering import deliver
from detente.node.home import Home
from detente.node.notice_settings import Settings
from detente.node.responding import Responder
from detente.response import (
    Case,
    Level,
    Sort,
    Thread,
    case_of,
    messages_of,
    overdue,
    question_of,
)
from detente.response.notification import (
    Letter,
    Notice,
    Person,
    Plan,
    Step,
    held_back,
    letters_of,
)
from detente.statements import Tlp
from detente.storage.notices import NoticeRow, NoticeShelf, Try
from detente.storage.threads import ThreadRow

_HOUR = timedelta(hours=1)
_AGAIN = timedelta(minutes=15)  # during everybody's quiet hours
_THREADS_MAX = 200


class Noticer:
    """Tells people. Safe for one thread at a time.

    Args:
        home: open.
        settings: how the office notifies.
        now: the clock.
    """

    def __init__(self, home: Home, settings: Settings, now: Callable[[], datetime]) -> None:
        self.shelf = NoticeShelf(home.database)
        self._home = home
        self.settings = settings
        self._now = now
        self._looked: dict[str, int] = {}

    def turn(self) -> list[Try]:
        """Gather what is to be told, and take every step that is due; return what went.

        Raises:
            StorageFault: the database refused; do it again.
        """
        responder = Responder(self._home, now=self._now)
        responder.bring_up()
        for row in self._gathered(responder):
            self.shelf.add(row)
        sent = self.shelf.sent_since(int((self._now() - _HOUR).timestamp()))
        return [each for row in self.shelf.due(self._seconds()) for each in self._step(row, sent)]

    def add(self, about: str, level: Level, tlp: Tlp, *, title: str, text: str) -> int | None:
        """Add a notice by hand; its number, None where one is about the same."""
        return self.shelf.add(self._row(about, level, tlp, title, text))

    def test(self, name: str) -> list[Try]:
        """Send a test letter to one person on every channel, whatever the hour.

        Raises:
            KeyError: nobody is called so.
        """
        person: Person = replace(self.settings.plan.people[name], quiet=None)
        plan: Plan = replace(self.settings.plan, people={name: person}, steps=(Step(0, (name,)),))
        notice = Notice(
            0, Level.LOW, Tlp.CLEAR, "test", "This is a test. Nothing happened.", self._now()
        )
        letters = letters_of(plan, notice, 0, sent={}, now=self._now())
        return [self._send(each) for each in letters]

    def _step(self, row: NoticeRow, sent: dict[str, int]) -> list[Try]:
        plan, now = self.settings.plan, self._now()
        notice = _notice(row)
        if held_back(plan, notice, row.step, now):
            self.shelf.put(replace(row, next_at=int((now + _AGAIN).timestamp())))
            return []
        letters = letters_of(plan, notice, row.step, sent=sent, now=now)
        tries = [self._send(each) for each in letters]
        for each in tries:
            sent[each.address] = sent.get(each.address, 0) + (not each.fault)
        following = row.step + 1
        next_at = None
        if following < len(plan.steps):
            after = timedelta(minutes=plan.steps[following].after_minutes)
            next_at = int((notice.made + after).timestamp())
        kept = (*row.tries, *tries)
        self.shelf.put(replace(row, step=following, next_at=next_at, tries=kept))
        return tries

    def _send(self, letter: Letter) -> Try:
        route = self.settings.routes[letter.channel]
        fault = deliver(letter, route, self._home.layout.directory)
        return Try(self._seconds(), letter.address, letter.channel, fault)

    def _seconds(self) -> int:
        return int(self._now().timestamp())

    def _row(self, about: str, level: Level, tlp: Tlp, title: str, text: str) -> NoticeRow:
        after = timedelta(minutes=self.settings.plan.steps[0].after_minutes)
        return NoticeRow(
            number=0,
            about=about,
            level=level.value,
            tlp=tlp.value,
            title=title[:120],
            text=text,
            made_at=self._seconds(),
            next_at=int((self._now() + after).timestamp()),
        )

    def _gathered(self, responder: Responder) -> Iterator[NoticeRow]:
        for sort, notices in (
            (Sort.LINE, self._of_line),
            (Sort.QUESTION, self._of_question),
            (Sort.CASE, self._of_case),
            (Sort.ACCORD, self._of_accord),
        ):
            for row in self._changed(responder, sort):
                if not row.shared:
                    yield from notices(responder.read(row.id), responder.me)

    def _changed(self, responder: Responder, sort: Sort) -> list[ThreadRow]:
        """Return threads that changed since the last look, and cases in which a task is due."""
        rows = responder.shelf.threads(sort.value, limit=_THREADS_MAX)
        seen = self._looked.get(sort.value, 0)
        new = [row for row in rows if row.changed > seen]
        self._looked[sort.value] = max([seen, *(row.changed for row in rows)])
        if sort is Sort.CASE:
            new += responder.shelf.due(sort.value, state="open", until=self._seconds())
        return new

    def _of_line(self, thread: Thread, me: str) -> Iterator[NoticeRow]:
        for each in messages_of(thread):
            if me in each.awaited:
                words = each.placed.entry.text("words")
                yield self._row(
                    each.placed.digest, Level.HIGH, Tlp.RED, "a message on the hot line", words
                )

    def _of_question(self, thread: Thread, me: str) -> Iterator[NoticeRow]:
        question = question_of(thread, {me})
        if me in question.unanswered and not question.is_closed:
            tlp = Tlp(thread.opening.text("tlp"))
            due = f"{question.words}\nUntil {question.due:%Y-%m-%d %H:%M} UTC"
            yield self._row(thread.id, Level.MEDIUM, tlp, question.title, due)

    def _of_case(self, thread: Thread, me: str) -> Iterator[NoticeRow]:
        case: Case = case_of(thread)
        tlp = Tlp(thread.opening.text("tlp"))
        if case.is_closed_for(me):
            return
        if case.level.rank >= Level.HIGH.rank:
            about = f"{thread.id} {case.level}"
            yield self._row(about, case.level, tlp, case.title, thread.opening.text("words"))
        for task in overdue(case, self._now()):
            if task.owner == me:
                about = f"{task.digest} overdue"
                yield self._row(about, Level.HIGH, tlp, f"overdue: {task.title}", case.title)

    def _of_accord(self, thread: Thread, me: str) -> Iterator[NoticeRow]:
        for each in thread.placed:
            entry = each.entry
            if entry.act == "allege" and entry.text("accused") == me:
                tlp = Tlp(thread.opening.text("tlp"))
                title = f"a breach is alleged: {thread.opening.text('title')}"
                yield self._row(each.digest, Level.HIGH, tlp, title, entry.text("words"))


def _notice(row: NoticeRow) -> Notice:
    return Notice(
        number=row.number,
        level=Level(row.level),
        tlp=Tlp(row.tlp),
        title=row.title,
        text=row.text,
        made=datetime.fromtimestamp(row.made_at, UTC),
    )
