"""Live rows A01 and A02: what is benign is disputed, and own assets are defended, at once."""

import pytest

from tests.live.mischief import indicator_of, named, sealed, told
from tests.live.test_poison import heard, id_of, level, rules
from tests.live.unit import eventually, kept, live_unit


@pytest.fixture(scope="module")
def stage(tmp_path_factory, founded):
    with live_unit(tmp_path_factory.mktemp("answering"), founded, answering=True) as stage:
        yield stage


def abouts(node, kind, issuer):
    """Return which statements the retractions, disputes or vetoes of a member are about."""
    found = set()
    for name, row in kept(node).items():
        if row[0] == issuer and row[2] == kind:
            found |= set(told(node, "statement", "show", name)["about"])
    return found


def test_a01_what_is_common_and_benign_is_disputed_by_who_hears_it(stage):
    liar = stage.liar
    seq = liar.say(sealed(liar, [indicator_of(liar.member, "[ipv4-addr:value = '8.8.4.4']")]))
    heard(stage, seq)
    said = id_of(stage.nodes[0], liar.member, seq)
    for node, other in (stage.nodes, stage.nodes[::-1]):
        eventually(
            lambda node=node, other=other: said in abouts(other, "dispute", node.member),
            within_s=20,
        )


def test_a02_a_partner_s_own_assets_are_defended_by_its_veto(stage):
    liar = stage.liar
    aurel, borea = stage.nodes
    objects = [named(liar.member, "mail.aurel.example"), named(liar.member, "mail.borea.example")]
    seq = liar.say(sealed(liar, objects))
    heard(stage, seq, 2)
    said = id_of(aurel, liar.member, seq)
    eventually(lambda: said in abouts(borea, "veto", aurel.member), within_s=20)
    assert level(aurel, "mail.aurel.example") in ("noted", "alerting")
    assert level(borea, "mail.aurel.example") == "noted"
    assert "veto" in rules(borea, "mail.aurel.example")
    # The veto takes down what it is about, and nothing that was said beside it.
    assert level(borea, "mail.borea.example") == "alerting"
