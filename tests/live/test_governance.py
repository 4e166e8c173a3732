"""Live rows A45-A49: two votes, ballots and meanings that shift, versions that jump; removals."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from detente.charter import (
    Certificate,
    Confirm,
    Proposal,
    Topic,
    Yes,
)
from detente.node.clock import now
from detente.proofs import parse_chain, prove_double_vote
from detente.statements import parse_entry
from tests.core.charter.people import after
from tests.live.mischief import clear, told, typed
from tests.live.unit import eventually, judge, kept, live_unit, taken


@pytest.fixture(scope="module")
def common(tmp_path_factory, founded):
    """A stage of its own: proposals stay open on it."""
    with live_unit(tmp_path_factory.mktemp("governed"), founded) as stage:
        yield stage


EXPIRES = now().replace(microsecond=0) + timedelta(days=2)


def renewal(stage, days):
    return after(stage.charter, expires=stage.charter.expires + timedelta(days=days))


def proposal(new, topic=Topic.RENEW, subject=None, version=None):
    return Proposal(
        version=version or new.version,
        digest=new.digest,
        round=1,
        expires=EXPIRES,
        topic=topic,
        subject=subject,
    )


def ballot(kind, new, version=None):
    return kind(version=version or new.version, digest=new.digest, round=1, expires=EXPIRES)


def said(liar, *bodies):
    """Let the hostile member say bodies with its governance key; return their places."""
    first = liar.say(*(clear(liar, body.KIND, body.to_json()) for body in bodies))
    return range(first, first + len(bodies))


def show_papers(liar, *documents):
    liar.show({f"papers/{each.digest}": each.to_bytes() for each in documents})


def versions(stage):
    """Return how many versions each honest node's chain knows."""
    chains = [(node.directory / "unit.chain").read_bytes() for node in stage.nodes]
    return [len(parse_chain(each).charters) for each in chains]


def taken_up(stage):
    liar = stage.liar
    stage.everywhere(lambda node: taken(node, liar.origin) == liar.next)
    stage.settle_down(1.0)


def test_a45_who_votes_yes_twice_is_shown_by_one_file(stage, tmp_path):
    liar = stage.liar
    one, other = renewal(stage, 100), renewal(stage, 200)
    show_papers(liar, one, other)
    *_, first, second = said(
        liar, proposal(one), proposal(other), ballot(Yes, one), ballot(Yes, other)
    )
    taken_up(stage)
    assert versions(stage) == [1, 1]
    proof = prove_double_vote(liar.entries[first], liar.entries[second]).to_bytes()
    for node in stage.nodes:
        verdict = judge(node, tmp_path, proof)
        assert (verdict["valid"], verdict["kind"]) == (True, "double-vote"), verdict
        assert verdict["accused"] == liar.member
    # The same vote sent twice is no second vote.
    again = prove_double_vote(liar.entries[first], liar.entries[first]).to_bytes()
    assert judge(stage.nodes[0], tmp_path, again)["valid"] is False


def test_a46_other_bytes_under_the_digest_that_was_voted_on_are_nobodys_charter(stage):
    liar = stage.liar
    voted, shifted = renewal(stage, 300), renewal(stage, 301)
    liar.show({f"papers/{voted.digest}": shifted.to_bytes()})
    said(liar, proposal(voted), ballot(Yes, voted), ballot(Confirm, voted))
    taken_up(stage)
    stage.await_look(f"papers/{voted.digest}")
    assert versions(stage) == [1, 1]
    for node in stage.nodes:
        assert not [each for each in (node.directory / "blobs").rglob(voted.digest)]


@pytest.mark.parametrize("version", [3, 2**53 - 1])
def test_a47_and_a48_a_version_other_than_the_next_binds_nobody(stage, version):
    liar = stage.liar
    far = replace(renewal(stage, 400), version=version)
    show_papers(liar, far)
    *_, confirm = said(liar, proposal(far), ballot(Yes, far), ballot(Confirm, far))
    said(
        liar,
        Certificate(
            version=version,
            digest=far.digest,
            round=1,
            confirms=(parse_entry(liar.entries[confirm]).payload_hash,),
            consents=(),
            acceptances=(),
        ),
    )
    taken_up(stage)
    assert versions(stage) == [1, 1]


def test_a47_a_charter_that_has_run_out_is_not_put_to_the_vote(stage):
    """Served with everything that would make it bind, but for the time: it was over yesterday."""
    liar = stage.liar
    over = after(stage.charter, expires=now().replace(microsecond=0) - timedelta(days=1))
    good = renewal(stage, 47)  # the same but for the time, as the measure
    show_papers(liar, over, good)
    before = versions(stage)
    said(liar, proposal(good))
    *_, yes, confirm = said(liar, proposal(over), ballot(Yes, over), ballot(Confirm, over))
    hashes = [parse_entry(liar.entries[place]).payload_hash for place in (yes, confirm)]
    said(liar, certificate(over, hashes))
    taken_up(stage)
    assert versions(stage) == before
    for node in stage.nodes:
        eventually(lambda node=node: good.digest in offered(node), within_s=20)
        assert over.digest not in offered(node)
        assert typed(node, "charter", "vote", over.digest).exit_code != 0


def certificate(new, hashes):
    return Certificate(
        version=new.version,
        digest=new.digest,
        round=1,
        confirms=(hashes[1],),
        consents=(hashes[0],),
        acceptances=(),
    )


def test_a49_a_clause_in_hidden_characters_is_spelled_out_or_not_put_to_the_vote(stage):
    liar = stage.liar
    before = versions(stage)
    letters = after(stage.charter, name="\u0421\u043e\u044e\u0437")  # of one script, and not Latin
    mixed = after(stage.charter, name="N\u043erthern Sound")
    bidi = after(stage.charter, name="safe\u202eelpmaxe")
    two = after(letters, expires=stage.charter.expires + timedelta(days=60))
    show_papers(liar, letters, mixed, bidi, two)
    said(liar, *(proposal(each, Topic.RULES) for each in (mixed, bidi, two, letters)))
    taken_up(stage)
    for node in stage.nodes:
        eventually(lambda node=node: letters.digest in offered(node), within_s=20)
        assert "<U+043E CYRILLIC SMALL LETTER O>" in offered(node)[letters.digest]
        # One topic a proposal, and no name of two scripts or with marks that turn a line.
        assert not {mixed.digest, bidi.digest, two.digest} & set(offered(node))
        assert typed(node, "charter", "vote", two.digest).exit_code != 0
    assert versions(stage) == before


def offered(node):
    """Return the differences a node shows for each charter that is put to the vote."""
    rows = told(node, "charter", "show")["proposals"]
    return {row["digest"]: json.dumps(row, ensure_ascii=False) for row in rows}


def test_a_removal_short_of_the_quorum_removes_nobody(stage):
    liar = stage.liar
    aurel, borea = stage.nodes
    others = tuple(each for each in stage.charter.members if each.id != borea.member)
    assets = tuple(each for each in stage.charter.assets if each.owner != borea.member)
    without = after(stage.charter, members=others, assets=assets)
    show_papers(liar, without)
    removal = proposal(without, Topic.REMOVE, borea.member)
    *_, yes, confirm = said(liar, removal, ballot(Yes, without), ballot(Confirm, without))
    hashes = [parse_entry(liar.entries[place]).payload_hash for place in (yes, confirm)]
    said(
        liar,
        Certificate(
            version=2,
            digest=without.digest,
            round=1,
            confirms=(hashes[1],),
            consents=(hashes[0],),
            acceptances=(),
        ),
    )
    taken_up(stage)
    assert versions(stage) == [1, 1]
    heard = borea.say("198.51.100.46")
    eventually(lambda: heard in kept(aurel), within_s=20)
