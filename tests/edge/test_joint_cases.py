"""A case across the border: the same at both, and no partner rewrites it. (A71, hostile partner)"""

import pytest

from detente.errors import InputError
from detente.node.clock import now
from detente.node.publishing import publish
from detente.node.responding import _handling
from detente.response import Sort, entry_object
from tests.core.response.threads import added
from tests.edge.joint import bring, casework, meet, probes, responder, shown
from tests.edge.offices import copy_unit, make_unit, opened


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit") / "members"
    make_unit(place)
    return place


@pytest.fixture
def offices(unit, tmp_path):
    with opened(copy_unit(unit, tmp_path / "copy"), "Aurel", "Borea", "Cantor") as homes:
        yield homes


def test_two_members_see_the_same_entries_in_the_same_order_each_keeps_its_private_ones(offices):
    aurel, borea, _ = offices
    case = casework(aurel).open(probes(), readers=[borea.identity.member]).thread
    bring(aurel, borea)
    # Both write while neither hears the other.
    casework(aurel).add(case, "note", {"words": "seen since Monday"})
    casework(borea).add(case, "note", {"words": "here as well"})
    casework(borea).add(case, "note", {"words": "our own thoughts"}, private=True)
    meet(aurel, borea)
    assert shown(aurel, case) == shown(borea, case)
    assert len(shown(aurel, case)) == 4
    mine = [each for each in responder(borea).read(case).placed if each.private]
    assert [each.entry.text("words") for each in mine] == ["our own thoughts"]
    assert "our own thoughts" not in str(responder(aurel).read(case).placed)
    # What comes next was written after both.
    casework(aurel).add(case, "close", {"words": "over"})
    bring(aurel, borea)
    assert shown(aurel, case) == shown(borea, case)
    assert casework(borea).read(case).case.is_closed_for(aurel.identity.member)


def test_who_is_not_named_reads_nothing_of_it(offices):
    aurel, borea, cantor = offices
    case = casework(aurel).open(probes(), readers=[borea.identity.member]).thread
    bring(aurel, cantor)
    assert responder(cantor).shelf.thread(case) is None
    assert {each.row.kind for each in cantor.index.statements(limit=10)} == {"sealed"}


def test_a_private_case_shows_nothing_until_it_is_shared_and_then_only_what_is_said(offices):
    aurel, borea, _ = offices
    work = casework(aurel)
    own = work.open(probes(title="Our suspicion")).thread
    work.add(own, "note", {"words": "we suspect the supplier"})
    assert aurel.index.statements(limit=10) == []
    shared = work.share(own, readers="unit", asked=probes(title="Probes since Monday")).thread
    work.add(own, "note", {"words": "nine addresses"})
    work.add(own, "note", {"words": "still the supplier"}, private=True)
    bring(aurel, borea)
    there = casework(borea).read(shared)
    assert there.case.title == "Probes since Monday"
    assert "supplier" not in str(there)
    here = casework(aurel).read(own)
    assert here.shared is not None
    assert "still the supplier" in str(here.own)
    with pytest.raises(InputError, match="shared already"):
        work.share(own, readers="unit", asked=probes())


def forged(home, opening, entry):
    """Say an entry past the shipped flow, as a member with real keys can."""
    return publish(home, [entry_object(entry)], _handling(entry, opening), audience="unit", now=now)


def test_a_hostile_partner_floods_rewrites_forges_and_the_history_is_intact(offices):
    aurel, borea, _ = offices
    liar = borea.identity.member
    work = casework(aurel)
    case = work.open(probes(level="high"), readers="unit").thread
    task = work.add(case, "task", {"title": "call the provider"}).digest
    bring(aurel, borea)
    opening = responder(borea).read(case).opening
    before = shown(aurel, case)
    for number in range(4):
        forged(borea, opening, added(opening, liar, 0, [case], words=f"noise {number}"))
    rewrite = {"of": task, "state": "dropped"}
    forged(borea, opening, added(opening, liar, 1, [task], "progress", **rewrite))
    forged(borea, opening, added(opening, liar, 2, [task], "title", title="No case at all"))
    forged(borea, opening, added(opening, liar, 3, [task], "level", level="low"))
    forged(borea, opening, added(opening, liar, 4, [task], "close", words="over"))
    forged(borea, opening, added(opening, liar, 5, ["ee" * 32], words="after something hidden"))
    bring(borea, aurel)
    seen = casework(aurel).read(case).case
    assert set(before) <= set(shown(aurel, case))
    assert (seen.title, seen.level, seen.tasks[0].state) == ("Probes", "high", "open")
    assert not seen.is_closed_for(aurel.identity.member)
    assert seen.thread.surplus == 2
    assert sum(each.doubled for each in seen.thread.placed) == 2
    assert sum(each.missing for each in seen.thread.placed) == 1
    assert shown(aurel, case) == shown(borea, case)


def test_an_entry_in_anothers_name_is_no_entry(offices):
    aurel, borea, cantor = offices
    case = casework(aurel).open(probes(), readers="unit").thread
    bring(aurel, borea)
    opening = responder(borea).read(case).opening
    theft = added(opening, cantor.identity.member, 0, [case], words="I agree")
    with pytest.raises(Exception, match="created by"):
        forged(borea, opening, theft)
    assert responder(aurel).shelf.threads(Sort.CASE.value)[0].entries == 2


def test_who_takes_no_part_writes_privately_or_not_at_all(offices):
    aurel, borea, cantor = offices
    case = casework(aurel).open(probes(), readers=[borea.identity.member]).thread
    responder(cantor)
    with pytest.raises(InputError):
        casework(cantor).add(case, "note", {"words": "me too"})
