"""What lists show of a thread: its title, state and what is due, folded from its entries."""

from collections.abc import Callable
from datetime import datetime

from detente.response import Sort, Thread, case_of
from detente.storage.threads import ThreadRow

Shown = tuple[str, str, str, datetime | None]  # title, state, level, due


def summary_of(thread: Thread, *, me: str, private: bool, old: ThreadRow | None) -> ThreadRow:
    """Return the row of a thread.

    Args:
        thread: in its order.
        me: whose node this is: a case is closed for whoever closed it.
        private: nobody else knows of it.
        old: the row before, for what entries do not say.
    """
    title, state, level, due = _SHOWN.get(thread.opening.sort, _plain)(thread, me)
    shared = "" if old is None else old.shared
    return ThreadRow(
        id=thread.id,
        sort=thread.opening.sort.value,
        title=title,
        state="shared" if shared else state,
        level=level,
        author=thread.opening.author,
        private=private,
        shared=shared,
        continues="" if old is None else old.continues,
        entries=len(thread.placed),
        waiting=sum(each.missing for each in thread.placed),
        due_at=None if due is None else int(due.timestamp()),
    )


def _plain(thread: Thread, _me: str) -> Shown:
    return thread.opening.text("title"), "open", "", thread.opening.moment("due")


def _case(thread: Thread, me: str) -> Shown:
    case = case_of(thread)
    state = "closed" if case.is_closed_for(me) else "open"
    return case.title, state, case.level.value, case.due if state == "open" else None


_SHOWN: dict[Sort, Callable[[Thread, str], Shown]] = {Sort.CASE: _case}
