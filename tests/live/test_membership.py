"""Membership over real sockets: nothing of a withdrawn offer stays, the rest survives a kill. (A53)

An office shows its card, one keeps an offer open, the others answer it; a person proposes
and votes, and what follows from that goes on by itself through kill -9 of anybody.
"""

import json
import sys

import pytest

from detente.node.home import Home
from detente.proofs import parse_chain
from tests.edge.running_nodes import Node, eventually, free_port

WITHIN_S = 60


@pytest.fixture
def offices(tmp_path):
    """Running nodes without a unit, that know each other's addresses; killed at the end."""
    made = {}

    def make(*names):
        ports = {name: free_port() for name in names}
        for name in names:
            directory = tmp_path / name.lower()
            Home.create(directory, name=name, exercise=True).close()
            others = [f'{n} = "http://127.0.0.1:{p}"\n' for n, p in ports.items() if n != name]
            (directory / "detente.toml").write_text("[peers]\n" + "".join(others))
            made[name] = Node(name, directory, ports[name]).start()
        return [made[name] for name in names]

    yield make
    for node in made.values():
        node.kill()
        sys.stderr.write(f"{node.name} said:\n{node.words()}")  # shown where a test fails


def shown(node):
    return node.detente("charter", "show", "--json")


def proposals(node):
    return [row["proposal"] for row in shown(node)["proposals"]]


def bound(node):
    """Return the version a node is bound by; 0 while it belongs to no unit."""
    done = node.run("charter", "show", "--json")
    # Read as JSON: "open" is also one of the words that fingerprints are made of.
    document = {} if done.returncode else json.loads(done.stdout)
    return 0 if "open" in document else document.get("version", 0)


def standing(node, name):
    return {row["name"]: row["standing"] for row in shown(node)["standings"]}.get(name)


def leftovers(*nodes):
    files = ("offer.json", "unit.chain", "logs")
    return [node.directory / name for node in nodes for name in files]


def found(first, *others):
    first.detente("charter", "found", *(node.url for node in others), "--name", "Unit", "--open")
    for node in others:
        node.detente("charter", "vote", first.url)
    first.detente("charter", "vote")
    eventually(lambda: all(bound(node) == 1 for node in (first, *others)), within_s=WITHIN_S)


def test_an_offer_withdrawn_before_the_last_signature_leaves_nothing_on_either_side(offices):
    aurel, borea, cantor = offices("Aurel", "Borea", "Cantor")
    urls = (borea.url, cantor.url)
    aurel.detente("charter", "found", *urls, "--name", "Unit", "--open")
    assert borea.detente("charter", "vote", aurel.url, "--json") == {"state": "open"}
    cantor.detente("charter", "vote", aurel.url, "--withdraw")
    nodes = (aurel, borea, cantor)
    eventually(lambda: not any(path.exists() for path in leftovers(*nodes)), within_s=WITHIN_S)
    assert b"no offer is open" in aurel.run("charter", "vote").stderr
    assert [bound(node) for node in nodes] == [0, 0, 0]
    # Everybody is as free as before: the next offer comes about.
    found(borea, aurel)


def test_who_offered_withdraws_alone_and_who_had_signed_forgets_it(offices):
    aurel, borea = offices("Aurel", "Borea")
    aurel.detente("charter", "found", borea.url, "--name", "Unit", "--open")
    borea.detente("charter", "vote", aurel.url)
    borea.kill()
    aurel.detente("charter", "vote", "--withdraw")
    borea.start()
    eventually(
        lambda: not any(path.exists() for path in leftovers(aurel, borea)), within_s=WITHIN_S
    )


def test_a_founding_goes_on_after_a_kill_of_either_side(offices):
    aurel, borea = offices("Aurel", "Borea")
    aurel.detente("charter", "found", borea.url, "--name", "Unit", "--open")
    aurel.kill()
    aurel.start()
    borea.detente("charter", "vote", aurel.url)
    borea.kill()
    aurel.detente("charter", "vote")
    aurel.kill()
    aurel.start()
    borea.start()
    eventually(lambda: bound(aurel) == bound(borea) == 1, within_s=WITHIN_S)
    assert shown(aurel)["unit"] == shown(borea)["unit"]


def test_nobody_answers_an_offer_for_another(offices):
    aurel, borea, cantor = offices("Aurel", "Borea", "Cantor")
    aurel.detente("charter", "found", borea.url, "--name", "Unit", "--open")
    refused = cantor.run("charter", "vote", aurel.url)
    assert refused.returncode == 2
    assert b"does not stand in the charter" in refused.stderr
    assert cantor.run("charter", "vote", aurel.url, "--withdraw").returncode == 2
    assert shown(aurel)["open"] is True


def test_a_change_ends_the_same_for_all_however_often_nodes_are_killed_in_it(offices):
    aurel, borea = offices("Aurel", "Borea")
    found(aurel, borea)
    borea.kill()
    proposed = aurel.detente("charter", "propose", "rules", "--name", "New name", "--json")
    aurel.kill()
    aurel.start()
    borea.start()
    eventually(lambda: proposals(borea), within_s=WITHIN_S)
    borea.detente("charter", "vote", proposed["proposal"])
    for _ in range(3):
        for node in (aurel, borea):
            node.kill()
            node.start()
    eventually(lambda: bound(aurel) == bound(borea) == 2, within_s=WITHIN_S)
    assert shown(aurel)["digest"] == shown(borea)["digest"]
    assert shown(aurel)["name"] == "New name"
    said = aurel.publish("198.51.100.7")
    eventually(lambda: said in borea.statements(), within_s=WITHIN_S)


def test_a_third_is_admitted_walks_out_and_nothing_more_is_given_to_it(offices):
    aurel, borea, cantor = offices("Aurel", "Borea", "Cantor")
    found(aurel, borea)
    aurel.detente("charter", "admit", cantor.url, "--open")
    cantor.detente("charter", "vote", aurel.url)
    (proposal,) = eventually(lambda: proposals(borea), within_s=WITHIN_S)
    borea.detente("charter", "vote", proposal)
    eventually(lambda: {bound(n) for n in (aurel, borea, cantor)} == {2}, within_s=WITHIN_S)
    past = cantor.publish("198.51.100.8")
    eventually(lambda: past in aurel.statements() and past in borea.statements(), within_s=WITHIN_S)
    cantor.detente("charter", "leave", "--yes")
    for node in (aurel, borea):
        eventually(lambda node=node: standing(node, "Cantor") == "left", within_s=WITHIN_S)
    after = aurel.publish("198.51.100.9")
    addressed = aurel.detente("statement", "show", after, "--json")["audience"]
    assert addressed == [borea.member]
    eventually(lambda: after in borea.statements(), within_s=WITHIN_S)
    refused = cantor.run("statement", "publish", write(cantor), "--tlp", "amber")
    assert b"its keys say no more" in refused.stderr
    assert past in borea.statements(issuer=cantor.member)
    chain = parse_chain((borea.directory / "unit.chain").read_bytes())
    assert cantor.member in chain.latest.member_ids  # until the others decide


def write(node):
    path = node.directory.parent / "late.csv"
    path.write_text("type,value\nipv4-addr,198.51.100.10\n")
    return path


def test_removal_short_of_quorum_is_refused_with_the_reason(offices):
    aurel, borea = offices("Aurel", "Borea")
    found(aurel, borea)
    refused = aurel.run("charter", "propose", "remove", "Borea")
    assert refused.returncode == 2
    assert b"nobody can be removed" in refused.stderr
    early = aurel.run("charter", "propose", "lapse", "Borea")
    assert b"gave a sign of life" in early.stderr
