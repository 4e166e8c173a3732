"""Live rows A53 and A57: who falls silent lapses by certificate, who re-applies is recognised."""

import json
import os

import pytest

from detente.node.home import Home
from tests.edge.running_nodes import Node, eventually, free_port
from tests.live.mischief import told, typed
from tests.live.unit import kept

WITHIN_S = 60

LATER = """
import datetime
import detente.node.clock as clock
right = clock.now
clock.now = lambda: right() + datetime.timedelta(days=31)
"""


def charter(node):
    done = typed(node, "charter", "show", "--json")
    return json.loads(done.stdout) if done.exit_code == 0 else {}


def bound(node):
    """Return the version a node is bound by; 0 while it belongs to no unit."""
    return charter(node).get("version", 0) if "standings" in charter(node) else 0


def standing(node, name):
    return {row["name"]: row["standing"] for row in charter(node)["standings"]}.get(name)


def voted(node):
    """Vote for the one proposal that is open, once it is here."""
    (row,) = eventually(lambda: charter(node)["proposals"], within_s=WITHIN_S)
    told(node, "charter", "vote", row["proposal"])


def found(first, *others):
    told(first, "charter", "found", *(each.url for each in others), "--name", "Unit", "--open")
    for node in others:
        told(node, "charter", "vote", first.url)
    told(first, "charter", "vote")
    eventually(lambda: all(bound(node) == 1 for node in (first, *others)), within_s=WITHIN_S)


@pytest.fixture
def offices(tmp_path):
    """Running nodes of named operators, without a unit; killed at the end."""
    made = {}

    def make(**operators):
        ports = {name: free_port() for name in operators}
        for name, operator in operators.items():
            directory = tmp_path / name.lower()
            Home.create(directory, name=name, operator=operator, exercise=True).close()
            others = [f'{n} = "http://127.0.0.1:{p}"\n' for n, p in ports.items() if n != name]
            (directory / "detente.toml").write_text("[peers]\n" + "".join(others))
            made[name] = Node(name, directory, ports[name]).start()
        return [made[name] for name in operators]

    yield make
    for node in made.values():
        node.kill()


def test_a53_who_leaves_quietly_is_lapsed_after_thirty_days_and_not_before(offices, tmp_path):
    # Four, so that what is decided settles without the one who is silent.
    *here, cantor = offices(Aurel="one", Borea="two", Dovar="four", Cantor="three")
    aurel, *others = here
    found(*here, cantor)
    past = cantor.say("198.51.100.53")
    eventually(lambda: all(past in kept(node) for node in here), within_s=WITHIN_S)
    cantor.kill()
    early = aurel.run("charter", "propose", "lapse", "Cantor")
    assert early.returncode == 2
    assert b"gave a sign of life" in early.stderr
    clock = tmp_path / "clock"
    clock.mkdir()
    (clock / "sitecustomize.py").write_text(LATER)
    # All of them stop before one starts: whoever still signs by the old clock would be believed.
    for node in here:
        node.stop()
    for node in here:
        node.environment["PYTHONPATH"] = f"{clock}:{os.environ.get('PYTHONPATH', '')}"
        node.start(wait=False)
    eventually(lambda: all(node._said("out") for node in here))
    eventually(lambda: not typed(aurel, "charter", "propose", "lapse", "Cantor").exit_code)
    for node in others:
        voted(node)
    eventually(lambda: {bound(node) for node in here} == {2}, within_s=WITHIN_S)
    for node in here:
        assert standing(node, "Cantor") is None
        # What it said stays, and stays provable.
        assert kept(node)[past][0] == cantor.member


def test_a57_who_left_is_not_taken_in_under_a_new_name_and_its_past_is_shown(offices):
    *here, cantor, again = offices(
        Aurel="one", Borea="two", Dovar="four", Cantor="Harbour Ltd", Newcomer="Harbour Ltd"
    )
    aurel, *others = here
    found(*here, cantor)
    past = cantor.say("198.51.100.57")
    eventually(lambda: all(past in kept(node) for node in here), within_s=WITHIN_S)
    cantor.detente("charter", "leave", "--yes")
    for node in here:
        eventually(lambda node=node: standing(node, "Cantor") == "left", within_s=WITHIN_S)
    out = aurel.directory.parent / "next.charter"
    # While the old seat stands in the charter there is no second one for its operator.
    refused = aurel.run("charter", "admit", again.url, "--out", out)
    assert refused.returncode == 2
    assert b"look alike: 'Harbour Ltd'" in refused.stderr
    told(aurel, "charter", "propose", "remove", "Cantor")
    for node in others:
        voted(node)
    eventually(lambda: {bound(node) for node in here} == {2}, within_s=WITHIN_S)
    applied = told(aurel, "charter", "admit", again.url, "--out", out)
    assert applied["member"] == again.member
    traces = " ".join(applied["traces"])
    assert "operator of 'Cantor'" in traces
    assert cantor.member[:16] in traces
    assert kept(aurel)[past][0] == cantor.member
