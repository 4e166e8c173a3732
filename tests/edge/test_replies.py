"""Whoever is accused replies, and the reply stands beside what is kept, undecided. (trust.md, 5)"""

import json

import pytest

from detente.errors import PeerFault
from detente.node.clock import now
from detente.proofs import prove_double_statement
from detente.storage.evidence import EvidenceShelf
from tests.edge.offices import make_unit, opened, warn
from tests.edge.typed import Terminal


@pytest.fixture
def detente(monkeypatch, capfdbinary):
    terminal = Terminal(monkeypatch, capfdbinary)

    def typed(directory, *words):
        answer = terminal(*words, "--node", directory, "--json")
        return answer.status, answer.out or answer.err

    return typed


def test_the_accused_replies_and_both_are_shown_beside_each_other(tmp_path, detente):
    make_unit(tmp_path / "unit", ("Aurel", "Borea"))
    places = {path.name: path for path in (tmp_path / "unit").iterdir()}
    with opened(places, "Aurel", "Borea") as (aurel, borea):
        warn(aurel)
        shelf = EvidenceShelf(aurel.database)
        false = prove_double_statement(b"one", b"two").to_bytes()
        accused = {"accused": aurel.identity.member, "kind": "double-statement"}
        shelf.keep_proof(false, **accused, now=now())
        fault = PeerFault(peer=borea.identity.member, rule="a late answer", evidence=b"\x1b[2J")
        shelf.keep_fault(fault, now=now())
    status, listed = detente(places["Aurel"], "proof", "list")
    listed = json.loads(listed)
    (proof,) = listed["proofs"]
    assert (status, proof["name"], proof["replies"]) == (0, "Aurel", 0)
    assert [(each["name"], each["count"]) for each in listed["faults"]] == [("Borea", 1)]
    assert listed["held_back"] == []
    status, _ = detente(places["Aurel"], "proof", "reply", proof["id"][:8], "--words", "not so")
    assert status == 0
    out = tmp_path / "kept.proof"
    status, shown = detente(places["Aurel"], "proof", "show", proof["id"], "--out", out)
    shown = json.loads(shown)
    assert (status, out.read_bytes()) == (0, false)
    assert shown["valid"] is False
    assert [each["words"] for each in shown["replies"]] == ["not so"]
    assert "not show who held the key" in shown["shows"]
    kept = listed["faults"][0]["newest"]
    assert detente(places["Aurel"], "proof", "reply", kept, "--words", "no")[0] == 2
    status, shown = detente(places["Aurel"], "proof", "show", kept)
    assert (status, json.loads(shown)["rule"]) == (0, "a late answer")


def test_an_id_that_nothing_has_is_refused_with_what_to_do(tmp_path, detente):
    make_unit(tmp_path / "unit", ("Aurel", "Borea"))
    for wrong in ("zz", "abcd", "ab" * 40):
        status, output = detente(tmp_path / "unit" / "Aurel", "proof", "show", wrong)
        assert status == 2
        assert "detente proof list" in output
