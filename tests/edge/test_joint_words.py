"""What offices ask, tell, promise and count when they meet by bundle alone. (A35, A54, A60)"""

import json

import pytest

from detente.errors import InputError
from detente.node.accordwork import Accordwork, in_zone
from detente.node.accounting import Accounting
from detente.node.clock import now
from detente.node.overseeing import overseers_file
from detente.node.reading import receipt_for
from detente.proofs.cosigners import policy_text
from detente.response import Sort, Standing, attribution_of, messages_of, question_of
from detente.signing import format_time
from detente.statements import Tlp, parse_entry
from detente.tlog import Policy, verify_receipt
from tests.edge.joint import bring, meet, responder
from tests.edge.offices import copy_unit, cosign, make_unit, opened, warn


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit") / "members"
    make_unit(place)
    return place


@pytest.fixture
def offices(unit, tmp_path):
    with opened(copy_unit(unit, tmp_path / "copy"), "Aurel", "Borea", "Cantor") as homes:
        yield homes


def test_a_message_on_the_hot_line_goes_by_bundle_is_acknowledged_and_cannot_be_denied(offices):
    aurel, borea, cantor = offices
    body = {"title": "Is it yours?", "words": "Is it yours?", "with": [borea.identity.member]}
    said = responder(aurel).open(Sort.LINE, body | {"tlp": "red"})
    bring(aurel, borea, cantor)
    assert responder(cantor).shelf.thread(said.thread) is None
    assert messages_of(responder(borea).read(said.thread))[0].awaited
    responder(borea).add(said.thread, "ack", {"of": said.thread, "words": "we look"})
    bring(borea, aurel)
    (message,) = messages_of(responder(aurel).read(said.thread))
    assert (message.read_by, message.awaited) == ({borea.identity.member}, frozenset())
    # What shows that it was said stands with its reader, whatever its author says later.
    cosign(aurel, borea, cantor)
    receipt, _ = receipt_for(aurel, said.said.payload_hash)
    author = next(each for each in aurel.charter.members if each.id == aurel.identity.member)
    policy = Policy.parse(policy_text(aurel.charter, author))
    verify_receipt(receipt, policy, receipt.extra)
    assert parse_entry(receipt.extra).payload_hash == said.said.payload_hash


def test_a_question_that_nobody_answered_shows_who(offices):
    aurel, borea, cantor = offices
    body = {"title": "Seen?", "words": "Seen?", "due": format_time(now()), "with": "unit"}
    asked = responder(aurel).open(Sort.QUESTION, body | {"tlp": "amber"})
    bring(aurel, borea)
    responder(borea).add(asked.thread, "answer", {"answer": "no", "words": "nothing here"})
    bring(borea, aurel)
    members = aurel.charter.member_ids
    found = question_of(responder(aurel).read(asked.thread), members)
    assert found.unanswered == {cantor.identity.member}


def test_a_claim_stands_beside_a_denial_at_everybody_undecided(offices):
    aurel, borea, _ = offices
    body = {
        "title": "A group: likely",
        "actor": "a group",
        "words": "the same tool",
        "likelihood": "likely",
        "confidence": "low",
        "source": "B",
        "content": "3",
        "evidence": [],
        "with": "unit",
        "tlp": "amber",
    }
    claim = responder(aurel).open(Sort.ATTRIBUTION, body)
    bring(aurel, borea)
    responder(borea).add(claim.thread, "deny", {"words": "not us", "evidence": []})
    meet(aurel, borea)
    for home in (aurel, borea):
        found = attribution_of(responder(home).read(claim.thread))
        assert found.standing.startswith("undecided")
        assert [each.entry.act for each in found.beside] == ["deny"]


def terms(aurel, borea, cantor, **more):
    body = {
        "title": "No probes",
        "tlp": "amber",
        "parties": sorted([aurel.identity.member, borea.identity.member]),
        "observers": [cantor.identity.member],
        "classes": ["rolls"],
        "techniques": [],
        "start": in_zone("2026-01-01T00:00", "Europe/Tirane"),
        "end": "2099-01-01T00:00:00Z",
        "zone": "Europe/Tirane",
        "clauses": ["Neither probes the other's roll"],
        "breach": "a probe",
        "shown": "two logs",
        "judges": "observers",
        "notice_hours": 72,
    }
    return body | more


def test_an_accord_is_in_force_at_everybody_once_everybody_needed_has_signed(offices):
    aurel, borea, cantor = offices
    accord = Accordwork(aurel, responder(aurel)).propose(terms(*offices)).thread
    meet(aurel, borea, cantor)
    for home in (aurel, borea):
        Accordwork(home, responder(home)).sign(accord, "")
    meet(aurel, borea, cantor)
    standings = {Accordwork(home, responder(home)).read(accord, now()).standing for home in offices}
    assert standings == {Standing.IN_FORCE}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"start": "2099-01-02T00:00:00Z"}, "ends after"),
        ({"parties": ["aa" * 32]}, "two parties"),
        ({"parties": ["aa" * 32, "bb" * 32]}, "no member"),
        ({"observers": []}, "none is named"),
    ],
)
def test_terms_that_bind_nobody_are_refused(offices, change, why):
    aurel = offices[0]
    with pytest.raises(InputError, match=why):
        Accordwork(aurel, responder(aurel)).propose(terms(*offices, **change))


def test_the_ledger_counts_what_came_and_an_overseer_sees_no_content(offices):
    aurel, borea, cantor = offices
    warn(aurel, "198.51.100.7")
    warn(borea, "203.0.113.9")
    warn(borea, "203.0.113.10", audience=(cantor.identity.member,), tlp=Tlp.RED)
    meet(aurel, borea)
    found = responder(aurel)
    row = Accounting(aurel, found).ledger(now().strftime("%Y-%m"), now())[borea.identity.member]
    counts = [row[name] for name in ("warnings given", "warnings got", "withheld from us")]
    assert counts == [1, 1, 1]
    said = Accounting(aurel, found).publish("2025-01", now())
    with pytest.raises(InputError, match="said already"):
        Accounting(aurel, found).publish("2025-01", now())
    with pytest.raises(InputError, match="not over"):
        Accounting(aurel, found).publish("2099-01", now())
    file = overseers_file(aurel, responder(aurel), now())
    seen = json.loads(file)
    assert [each["statement"] for each in seen["ledgers"]] == [said.said.payload_hash]
    assert len(seen["record"]) == 4
    assert b"198.51.100" not in file
    assert b"203.0.113" not in file


def test_the_joint_picture_traces_what_was_released_and_counts_what_was_not(offices):
    from datetime import timedelta

    aurel, borea, cantor = offices
    warning = warn(borea, "203.0.113.9")
    warn(borea, "203.0.113.10", audience=(cantor.identity.member,), tlp=Tlp.RED)
    bring(borea, aurel)
    work = Accounting(aurel, responder(aurel))
    names = {each.id: each.name for each in aurel.charter.members}
    picture = work.picture(now() - timedelta(days=1), now() + timedelta(minutes=5), names)
    ((words, about),) = picture.lines
    assert words.startswith("Borea: indicator (1)")
    assert about == (warning.payload_hash,)
    assert picture.withheld == {borea.identity.member: 1}
    assert picture.silent == ("Aurel", "Cantor")
