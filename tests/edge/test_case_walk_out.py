"""A partner leaves the unit in mid-case: what was said stays, and it gets nothing more. (A57)"""

from io import BytesIO

import pytest

from detente.node.bundling import export_bundle, open_bundle, take_bundle
from detente.node.clock import now
from detente.node.holdings import HomeHoldings
from detente.node.leaving import leave
from detente.node.publishing import publish
from detente.node.receiving import Receiver
from detente.node.responding import _handling
from detente.release.errors import ReleaseError
from detente.response import entry_object
from tests.core.response.threads import added
from tests.edge.joint import bring, casework, meet, outward_of, probes, responder, shown
from tests.edge.offices import copy_unit, make_unit, opened, run


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit") / "members"
    make_unit(place)
    return place


@pytest.fixture
def offices(unit, tmp_path):
    with opened(copy_unit(unit, tmp_path / "copy"), "Aurel", "Borea", "Cantor") as homes:
        yield homes


def carry(faces, source, *targets):
    """Bring by media what one node says to others, by faces that it had while it was running."""
    for target in targets:
        bundle = BytesIO()
        export_bundle(source, faces[source.identity.member], bundle, reader=target.identity.member)
        receiver = Receiver(HomeHoldings(target, now=now, stopped=print), now=now)
        face = open_bundle(BytesIO(bundle.getvalue()), file="bundle")
        run(take_bundle(target, face, receiver, here=faces[target.identity.member].read, now=now))


def heard(home):
    """What one node holds: statement -> kind and number of objects that it can read."""
    rows = home.index.statements(limit=100)
    return {each.row.payload_hash: (each.row.kind, each.objects) for each in rows}


@pytest.mark.parametrize("by_name", [False, True])
def test_who_walks_out_of_a_case_ends_it_for_nobody_and_gets_nothing_more(offices, by_name):
    aurel, borea, cantor = offices
    faces = {home.identity.member: outward_of(home) for home in offices}
    others = sorted(home.identity.member for home in (borea, cantor))
    case = casework(aurel).open(probes(level="high"), readers=others if by_name else "unit").thread
    task = casework(aurel).add(case, "task", {"title": "call the provider"}).digest
    meet(aurel, borea, cantor)
    casework(cantor).add(case, "evidence", {"name": "log", "hash": "ab" * 32, "size": 9})
    meet(aurel, borea, cantor)
    before = shown(aurel, case)
    # The last words: it drops what is not its own, closes, and is gone.
    opening = responder(cantor).read(case).opening
    audience = sorted(home.identity.member for home in (aurel, borea)) if by_name else "unit"
    for turn, (act, body) in enumerate(LAST_WORDS, start=1):
        body = body | ({"of": task} if act == "progress" else {})
        entry = added(opening, cantor.identity.member, turn, [before[-1][0]], act, **body)
        said(cantor, opening, entry, audience)
    leave(cantor, now=now)
    carry(faces, cantor, aurel, borea)
    kept = heard(cantor)
    seen = casework(aurel).read(case).case
    assert set(before) <= set(shown(aurel, case))
    assert [each.entry.author for each in seen.evidence] == [cantor.identity.member]
    assert (seen.title, seen.level, seen.tasks[0].state) == ("Probes", "high", "open")
    assert not seen.is_closed_for(aurel.identity.member)
    # The others go on, in the same case and in the same order.
    casework(aurel).add(case, "note", {"words": "said after it left"})
    meet(aurel, borea)
    casework(borea).add(case, "decision", {"words": "go on", "reasons": "it is ours"})
    meet(aurel, borea)
    after = shown(aurel, case)
    assert after == shown(borea, case)
    assert len(after) == len(before) + len(LAST_WORDS) + 2
    # It asks for everything, and reads nothing that was said since.
    at_cantor = shown(cantor, case)
    carry(faces, aurel, cantor)
    carry(faces, borea, cantor)
    assert shown(cantor, case) == at_cantor
    new = [each for name, each in heard(cantor).items() if name not in kept]
    assert new == [("sealed", 0)] * 2
    with pytest.raises(ReleaseError, match="gets nothing new"):
        casework(aurel).open(probes(), readers=others)


def test_where_nobody_is_left_but_the_one_who_went_nothing_is_said_and_the_own_part_goes_on(
    offices,
):
    aurel, _, cantor = offices
    faces = {home.identity.member: outward_of(home) for home in offices}
    case = casework(aurel).open(probes(), readers=[cantor.identity.member]).thread
    bring(aurel, cantor)
    casework(cantor).add(case, "note", {"words": "here as well"})
    bring(cantor, aurel)
    leave(cantor, now=now)
    carry(faces, cantor, aurel)
    before = shown(aurel, case)
    with pytest.raises(ReleaseError, match="gets nothing new"):
        casework(aurel).add(case, "note", {"words": "are you there?"})
    casework(aurel).add(case, "note", {"words": "it walked out"}, private=True)
    assert shown(aurel, case) == before
    assert "it walked out" in str(responder(aurel).read(case).placed)


def said(home, opening, entry, audience):
    """Say an entry past the shipped flow."""
    objects, handling = [entry_object(entry)], _handling(entry, opening)
    return publish(home, objects, handling, audience=audience, now=now)


LAST_WORDS = (
    ("title", {"title": "No case at all"}),
    ("level", {"level": "low"}),
    ("progress", {"state": "dropped"}),
    ("close", {"words": "over"}),
)
