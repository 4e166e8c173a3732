"""What is typed of a case and of a crisis plan changes what its author may change. (A71)"""

import pytest

from tests.edge.joint import bring, casework, probes
from tests.edge.offices import copy_unit, make_unit, opened
from tests.edge.typed import Terminal


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit") / "members"
    make_unit(place, ("Aurel", "Borea"))
    return place


@pytest.fixture
def places(unit, tmp_path):
    return copy_unit(unit, tmp_path / "copy")


@pytest.fixture
def type_in(monkeypatch, capfdbinary):
    return Terminal(monkeypatch, capfdbinary)


def test_a_title_is_its_openers_and_a_level_each_members_own(type_in, places):
    with opened(places, "Aurel", "Borea") as (aurel, borea):
        case = casework(aurel).open(probes(), readers=[borea.identity.member]).thread
        bring(aurel, borea)
    refused = type_in("case", "retitle", case, "Ours", "--node", places["Borea"])
    assert (refused.status, "only who opened" in refused.err) == (2, True)
    said = type_in("case", "level", case, "high", "--words", "here too", "--node", places["Borea"])
    assert said.status == 0
    type_in("case", "retitle", case, "Works", "--node", places["Aurel"])
    type_in("case", "level", case, "low", "--node", places["Aurel"])
    with opened(places, "Aurel", "Borea") as (aurel, borea):
        bring(aurel, borea)
        found = casework(borea).read(case).case
    assert (found.title, found.level.value) == ("Works", "high")
    titles = [each.entry.text("title") for each in found.thread.placed]
    assert "Probes" in titles


def test_a_plan_is_endorsed_as_it_stands_and_a_duty_struck_by_its_author(type_in, places):
    def typed(*words, at="Aurel"):
        return type_in("situation", *words, "--json", "--node", places[at])

    def carry(source, target):
        with opened(places, source, target) as homes:
            bring(*homes)

    def duties(at):
        return typed("plans", at=at).document["duties"]

    plan = typed("plan", "Night", "until the last canvass").document["thread"]
    assert "nobody has a duty" in typed("endorse", plan).err
    told = ("--level", "high", "--caller", "lead", "--called", "desk")
    entry = typed("duty", plan, "by telephone", *told).document["entry"]
    carry("Aurel", "Borea")
    assert typed("endorse", "Night", at="Borea").status == 0
    assert (
        "no duty in force that this member wrote"
        in typed("strike", plan, "--of", entry, at="Borea").err
    )
    carry("Borea", "Aurel")
    (row,) = duties("Aurel")
    assert (row["entry"], row["endorsed_by"]) == (entry, ["Borea"])
    assert typed("strike", plan, "--of", entry[:12]).status == 0
    assert duties("Aurel") == []
