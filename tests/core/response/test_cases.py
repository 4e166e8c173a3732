"""A case comes to what its rules say, whoever writes in it. (merge by rule, never by clock)"""

from datetime import timedelta

from hypothesis import given

from detente.response import Level, arrange, case_of, overdue
from tests.core.response.threads import AUREL, BOREA, CANTOR, NOON, added, histories, opening


@given(histories())
def test_nothing_that_was_said_is_ever_gone(history):
    root, entries = history
    before = case_of(arrange(root, entries[:-1]))
    after = case_of(arrange(root, entries))
    held = {each.digest for each in after.thread.placed}
    assert {each.digest for each in before.thread.placed} <= held


@given(histories())
def test_the_innocent_hypotheses_come_first(history):
    root, entries = history
    found = [each.innocent for each in case_of(arrange(root, entries)).hypotheses]
    assert found == sorted(found, reverse=True)


def test_only_who_set_a_task_or_owns_it_moves_it_on():
    root = opening()
    task = added(root, AUREL, 1, [root.digest], "task", title="call", owner=BOREA)
    rewrite = added(root, CANTOR, 0, [task.digest], "progress", of=task.digest, state="dropped")
    case = case_of(arrange(root, [task, rewrite]))
    assert case.tasks[0].state == "open"
    assert case.without_effect == {rewrite.digest}
    done = added(root, BOREA, 0, [rewrite.digest], "progress", of=task.digest, state="done")
    assert case_of(arrange(root, [task, rewrite, done])).tasks[0].state == "done"


def test_nobody_closes_a_case_for_another():
    root = opening()
    close = added(root, BOREA, 0, [root.digest], "close", words="nothing there")
    case = case_of(arrange(root, [close]))
    assert case.is_closed_for(BOREA)
    assert not case.is_closed_for(AUREL)
    assert case.open_at == {AUREL}


def test_nobody_lowers_the_level_of_another():
    root = opening(level="high")
    lower = added(root, BOREA, 0, [root.digest], "level", level="low")
    assert case_of(arrange(root, [lower])).level is Level.HIGH
    own = added(root, AUREL, 1, [lower.digest], "level", level="medium")
    assert case_of(arrange(root, [lower, own])).level is Level.MEDIUM


def test_a_case_opened_again_keeps_that_it_was_closed_and_why():
    root = opening()
    close = added(root, AUREL, 1, [root.digest], "close", words="works")
    again = added(root, AUREL, 2, [close.digest], "reopen", words="again")
    case = case_of(arrange(root, [again, close]))
    assert not case.is_closed_for(AUREL)
    assert close.digest in {each.digest for each in case.thread.placed}


def test_only_the_opener_renames_it():
    root = opening()
    renamed = added(root, BOREA, 0, [root.digest], "title", title="Our own fault")
    assert case_of(arrange(root, [renamed])).title == "Probes"


def test_an_open_task_whose_time_has_passed_is_overdue():
    root = opening()
    task = added(root, AUREL, 1, [root.digest], "task", title="call", due="2026-11-03T11:00:00Z")
    case = case_of(arrange(root, [task]))
    assert [each.title for each in overdue(case, NOON)] == ["call"]
    assert overdue(case, NOON - timedelta(hours=2)) == ()
