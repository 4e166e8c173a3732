"""Who asked, who answered, what was given and got, and who did it: counted, never decided. (A60)"""

from datetime import timedelta

from detente.response import (
    Asked,
    Line,
    Sort,
    account,
    aid_of,
    arrange,
    attribution_of,
    duties_of,
    endorsed_by,
    flat,
    messages_of,
    plan_terms,
    precision,
    question_of,
)
from detente.response.situation import Released, picture_of
from tests.core.response.threads import AUREL, BOREA, CANTOR, NOON, added, opening

MEMBERS = (AUREL, BOREA, CANTOR)
DUE = "2026-11-03T13:00:00Z"


def test_a_question_names_who_did_not_answer():
    root = opening(Sort.QUESTION, words="seen?", due=DUE)
    answer = added(root, BOREA, 0, [root.digest], "answer", answer="yes", words="Monday")
    question = question_of(arrange(root, [answer]), MEMBERS)
    assert question.unanswered == {CANTOR}
    assert question.is_overdue(NOON + timedelta(hours=2))
    assert not question.is_overdue(NOON)


def test_only_the_asker_closes_a_question():
    root = opening(Sort.QUESTION, words="seen?", due=DUE)
    close = added(root, BOREA, 0, [root.digest], "close", words="enough")
    assert not question_of(arrange(root, [close]), MEMBERS).is_closed


def test_a_message_is_read_when_its_reader_says_so_and_not_its_author():
    root = opening(Sort.LINE, words="is it yours?", **{"with": [BOREA]})
    own = added(root, AUREL, 1, [root.digest], "ack", of=root.digest)
    (message,) = messages_of(arrange(root, [own]))
    assert (message.read_by, message.awaited) == (frozenset(), {BOREA})
    ack = added(root, BOREA, 0, [root.digest], "ack", of=root.digest)
    (message,) = messages_of(arrange(root, [own, ack]))
    assert (message.read_by, message.awaited) == ({BOREA}, frozenset())


def test_a_claim_about_who_did_it_stays_undecided_whatever_stands_beside_it():
    root = opening(
        Sort.ATTRIBUTION,
        actor="a group",
        words="the same tool",
        likelihood="likely",
        confidence="moderate",
        source="B",
        content="2",
        evidence=[],
    )
    beside = [
        added(root, who, 0, [root.digest], act, words="so", evidence=[])
        for who, act in ((BOREA, "deny"), (CANTOR, "support"))
    ]
    found = attribution_of(arrange(root, beside))
    assert found.standing.startswith("undecided")
    assert {each.entry.act for each in found.beside} == {"deny", "support"}
    assert found.grade == "B2"


def test_an_offer_of_help_is_accepted_by_who_asked_and_nobody_else():
    root = opening(Sort.HELP, side="request", capability="logs", hours=8, due=DUE, words="please")
    offer = added(root, BOREA, 0, [root.digest], "offer", words="two", hours=8, until=DUE)
    self_made = added(root, BOREA, 1, [offer.digest], "accept", of=offer.digest)
    assert aid_of(arrange(root, [offer, self_made])).accepted == frozenset()
    accept = added(root, AUREL, 1, [offer.digest], "accept", of=offer.digest)
    assert aid_of(arrange(root, [offer, self_made, accept])).accepted == {offer.digest}
    assert aid_of(arrange(root, [])).is_unanswered(NOON + timedelta(hours=2))


def test_a_duty_is_struck_by_its_author_and_the_worst_comes_first():
    root = opening(Sort.PLAN, words="election night")
    duties = [
        added(
            root,
            who,
            turn,
            [root.digest],
            "duty",
            level=level,
            caller="a",
            called="b",
            playbook="none",
            words="phone",
        )
        for who, turn, level in ((AUREL, 1, "low"), (BOREA, 0, "critical"))
    ]
    strike = added(root, CANTOR, 0, [root.digest], "strike", of=duties[1].digest)
    found = duties_of(arrange(root, [*duties, strike]))
    assert [each.level.value for each in found] == ["critical", "low"]


def plan(*more):
    """A plan with a duty of Aurel's, and what else was said."""
    root = opening(Sort.PLAN, words="by telephone")
    first = duty(root, AUREL, 1, "high")
    return root, first, arrange(root, [first, *(each(root, first) for each in more)])


def duty(root, who, turn, level):
    fields = {"level": level, "caller": "a", "called": "b", "playbook": "none", "words": "phone"}
    return added(root, who, turn, [root.digest], "duty", **fields)


def striking(who, turn):
    return lambda root, first: added(root, who, turn, [first.digest], "strike", of=first.digest)


def endorsing(who, turn, terms):
    return lambda root, first: added(root, who, turn, [first.digest], "endorse", terms=terms)


def test_nobody_brings_back_a_duty_that_its_author_struck():
    assert duties_of(plan(striking(BOREA, 0))[2]) != ()
    assert duties_of(plan(striking(AUREL, 2))[2]) == ()
    assert duties_of(plan(striking(AUREL, 2), striking(BOREA, 0))[2]) == ()
    assert duties_of(plan(striking(AUREL, 2), striking(CANTOR, 0))[2]) == ()


def test_who_endorsed_a_plan_is_not_taken_to_stand_by_what_came_later():
    terms = plan_terms(plan()[2])
    agreed = endorsing(BOREA, 0, terms)
    assert endorsed_by(plan(agreed)[2]) == {BOREA}
    assert endorsed_by(plan(agreed, striking(AUREL, 2))[2]) == frozenset()
    later = plan(agreed, lambda root, _: duty(root, CANTOR, 0, "low"))[2]
    assert endorsed_by(later) == frozenset()
    again = endorsing(BOREA, 1, plan_terms(later))
    both = plan(agreed, again, lambda root, _: duty(root, CANTOR, 0, "low"))[2]
    assert endorsed_by(both) == {BOREA}


def line(number, issuer, kind, *, hours=0, about=(), harmless=False, readers=MEMBERS):
    return Line(
        id=f"{number:064x}",
        issuer=issuer,
        kind=kind,
        said=NOON + timedelta(hours=hours),
        readers=frozenset(readers),
        about=tuple(f"{each:064x}" for each in about),
        harmless=harmless,
    )


def test_the_ledger_counts_what_was_given_and_got_and_how_far_ahead():
    lines = [
        line(1, AUREL, "indicator"),
        line(2, BOREA, "indicator"),
        line(3, BOREA, "sealed"),
        line(4, BOREA, "sighting", about=[1]),
        line(5, AUREL, "sighting", hours=3, about=[2]),
        line(6, BOREA, "incident", hours=24 * 40),
        line(7, AUREL, "sighting", hours=4, about=[2], harmless=True),
    ]
    asked = [Asked(AUREL, frozenset((BOREA,))), Asked(BOREA, frozenset((AUREL, CANTOR)))]
    row = account(lines, asked, me=AUREL, period="2026-11")[BOREA]
    assert row == {
        "warnings given": 1,
        "warnings got": 1,
        "confirmations given": 2,
        "confirmations got": 1,
        "seconds ahead got": 3 * 3600,
        "questions they left unanswered": 1,
        "questions we left unanswered": 1,
        "withheld from us": 1,
        "harmless of theirs": 1,
        "confirmed of theirs": 1,
    }
    assert precision(row) == "1 of 2"
    assert flat({BOREA: row})[f"{BOREA} warnings got"] == 1


def test_a_situation_report_traces_each_line_counts_what_was_withheld_and_names_the_silent():
    released = [
        Released("01" * 32, AUREL, "indicator", NOON, "probes"),
        Released("02" * 32, AUREL, "indicator", NOON, "scans"),
        Released("03" * 32, BOREA, "sealed", NOON),
        Released("04" * 32, AUREL, "incident", NOON - timedelta(days=9), "old"),
    ]
    picture = picture_of(
        released,
        names={AUREL: "Aurel", CANTOR: "Cantor"},
        members=MEMBERS,
        since=NOON - timedelta(days=7),
        until=NOON + timedelta(days=1),
    )
    assert picture.lines == (("Aurel: indicator (2): probes; scans", ("01" * 32, "02" * 32)),)
    assert picture.withheld == {BOREA: 1}
    assert picture.silent == ("Cantor",)
