"""An accord binds by signatures, and a breach is shown by others than the accused. (A59, A60)"""

from datetime import timedelta

import pytest

from detente.response import Bench, Outcome, Sort, Standing, accord_of, arrange
from tests.core.response.threads import AUREL, BOREA, CANTOR, NOON, added, opening

BENCH = Bench(members=frozenset((AUREL, BOREA, CANTOR)), quorum=2)
HASH = "0f" * 32


def terms(**more):
    body = {
        "parties": [AUREL, BOREA],
        "observers": [CANTOR],
        "classes": ["rolls"],
        "techniques": ["T1190"],
        "start": "2026-11-03T12:00:00Z",
        "end": "2026-12-01T00:00:00Z",
        "zone": "UTC",
        "clauses": ["Neither probes the other's roll"],
        "breach": "a probe from the other's network",
        "shown": "two logs that agree",
        "judges": "quorum",
        "quorum": 2,
        "notice_hours": 24,
    }
    return opening(Sort.ACCORD, **(body | more))


class Table:
    """Writes entries as they would come, each after the one before."""

    def __init__(self, root):
        self.root, self.entries, self.turns = root, [], {root.author: 1}

    def say(self, author, act, **body):
        last = self.entries[-1] if self.entries else self.root
        turn = self.turns.get(author, 0)
        self.entries.append(added(self.root, author, turn, [last.digest], act, **body))
        self.turns[author] = turn + 1
        return self.entries[-1].digest

    def sign(self, *authors):
        for author in authors:
            self.say(author, "sign", terms=self.root.digest)

    def read(self, now=NOON, bench=BENCH):
        return accord_of(arrange(self.root, self.entries), bench, now)


@pytest.fixture
def signed():
    table = Table(terms())
    table.sign(AUREL, BOREA)
    return table


def test_it_binds_once_every_party_and_the_quorum_have_signed():
    table = Table(terms(quorum=3))
    assert table.read().standing is Standing.PROPOSED
    table.sign(AUREL, BOREA)
    assert table.read().standing is Standing.PROPOSED
    table.sign(CANTOR)
    assert table.read().standing is Standing.IN_FORCE
    assert table.read(NOON - timedelta(hours=1)).standing is Standing.AGREED
    assert table.read(NOON + timedelta(days=60)).standing is Standing.ENDED


def test_a_signature_under_other_terms_is_none():
    table = Table(terms())
    table.sign(AUREL)
    table.say(BOREA, "sign", terms="ee" * 32)
    assert table.read().standing is Standing.PROPOSED


def test_an_observer_cannot_sign_for_a_party_nor_decline_for_one(signed):
    table = Table(terms())
    table.sign(AUREL, CANTOR)
    assert table.read().standing is Standing.PROPOSED
    signed.say(CANTOR, "decline", words="no")
    assert signed.read().standing is Standing.IN_FORCE


def test_a_party_declines_before_it_signs_and_then_it_is_declined():
    table = Table(terms())
    table.say(BOREA, "decline", words="not so")
    assert table.read().standing is Standing.DECLINED


def allege(table, accused=BOREA, by=AUREL):
    return table.say(
        by,
        "allege",
        accused=accused,
        clause=0,
        words="a login",
        evidence=[HASH],
        due="2026-11-03T12:00:01Z",
    )


def test_an_allegation_leaves_a_day_for_a_reply_whatever_the_accuser_says(signed):
    found = allege(signed)
    for judge in (AUREL, CANTOR):
        signed.say(judge, "judge", of=found, verdict="shown", reasons="so")
    assert signed.read(NOON + timedelta(hours=23)).allegations[0].outcome is Outcome.REPLY_OPEN
    assert signed.read(NOON + timedelta(hours=25)).allegations[0].outcome is Outcome.SHOWN


def test_the_accused_does_not_judge_and_only_it_replies(signed):
    found = allege(signed)
    signed.say(CANTOR, "reply", of=found, words="not ours", evidence=[])
    signed.say(BOREA, "judge", of=found, verdict="not shown", reasons="no")
    signed.say(CANTOR, "judge", of=found, verdict="not shown", reasons="one log")
    allegation = signed.read(NOON + timedelta(days=2)).allegations[0]
    assert allegation.replies == ()
    assert allegation.judged == {CANTOR: "not shown"}
    assert allegation.outcome is Outcome.ALLEGED


def test_observers_judge_where_the_parties_agreed_so():
    table = Table(terms(judges="observers"))
    table.sign(AUREL, BOREA)
    found = allege(table)
    table.say(BOREA, "reply", of=found, words="a contractor", evidence=[])
    table.say(AUREL, "judge", of=found, verdict="shown", reasons="clear")
    assert table.read().allegations[0].outcome is Outcome.ALLEGED
    table.say(CANTOR, "judge", of=found, verdict="shown", reasons="two logs")
    accord = table.read()
    assert accord.allegations[0].outcome is Outcome.SHOWN
    assert accord.figures() == {"alleged": 1, "answered": 1, "kept": 0, "shown": 1}


def test_an_allegation_against_who_is_no_party_is_none(signed):
    allege(signed, accused=CANTOR)
    assert signed.read().allegations == ()


def test_who_suspends_resumes_and_nobody_else(signed):
    signed.say(AUREL, "suspend", words="logs")
    signed.say(BOREA, "resume", words="no")
    assert signed.read().standing is Standing.SUSPENDED
    signed.say(AUREL, "resume", words="done")
    assert signed.read().standing is Standing.IN_FORCE


@pytest.mark.parametrize(("mode", "hours"), [("at once", 0), ("by notice", 24)])
def test_a_party_withdraws_at_once_or_by_the_notice_agreed(signed, mode, hours):
    signed.say(BOREA, "withdraw", words="over", mode=mode)
    if hours:
        assert signed.read(NOON + timedelta(hours=hours - 1)).standing is Standing.IN_FORCE
    assert signed.read(NOON + timedelta(hours=hours)).standing is Standing.WITHDRAWN


def test_a_finding_is_linked_by_a_person_and_alleges_nothing(signed):
    signed.say(AUREL, "link", clause=0, about=HASH, words="the same address")
    accord = signed.read()
    assert [each.entry.text("about") for each in accord.links] == [HASH]
    assert accord.allegations == ()
