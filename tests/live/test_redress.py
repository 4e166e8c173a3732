"""Live rows A29, A35, A37: faults that running nodes prove by themselves, and what people are told.

Garbage complained of and answered, broken promises, denials, statements said twice, false
proofs. Each proof is verified by a separate process that has the file and the chain alone.
"""

from datetime import timedelta
from hashlib import sha256

from detente.exchange.protocol.paths import cosigned_path, print_proof_list, proof_path
from detente.proofs import ProofFile, prove_denial
from detente.signing import Role
from detente.statements import (
    Grant,
    HpkeOpener,
    Kind,
    Undelivered,
    open_leaves,
    parse_entry,
    wrap_info,
)
from detente.storage.sealing import HpkeSealer, generate_sealing_secret
from tests.live.mischief import (
    clear,
    cosigned_by,
    handled,
    named,
    note,
    sealed,
    shown_size,
    spoken,
    told,
    typed,
)
from tests.live.test_content import entry_of
from tests.live.test_poison import heard
from tests.live.unit import eventually, faults, judge, kept, kept_of, proofs, taken


def shown(stage, tmp_path, kind, *, since=()):
    """Wait until every honest node holds one new proof of a kind against the liar; judge it."""

    def found(node):
        return [data for who, each, data in proofs(node)
                if (who, each) == (stage.liar.member, kind) and data not in since]  # fmt: skip

    stage.everywhere(lambda node: found(node), within_s=30)
    files = {data for node in stage.nodes for data in found(node)}
    assert len(files) <= _files_at_most(files, kind, makers=len(stage.nodes))
    for node in stage.nodes:
        for file in files:
            verdict = judge(node, tmp_path, file)
            assert (verdict["valid"], verdict["kind"]) == (True, kind), verdict
            assert verdict["accused"] == stage.liar.member
            assert "not show who held the key" in verdict["reason"]
    return min(files)


def _files_at_most(files, kind, *, makers):
    """Of each broken promise every node may make its own file, with the checkpoint it saw.

    A mirror that cosigns a log cosigns every demand in it, so those that other rows of the
    same unit left unanswered fall due together with this one.
    """
    if kind != "broken-promise":
        return 1
    return makers * len({ProofFile.parse(data).one("demand") for data in files})


def held(stage, kind):
    """Return the proofs of a kind that are held against the liar now."""
    return {data for node in stage.nodes for who, each, data in proofs(node)
            if (who, each) == (stage.liar.member, kind)}  # fmt: skip


def test_a29_a_denied_statement_becomes_a_proof_at_every_node(stage, tmp_path):
    liar, before = stage.liar, held(stage, "denial")
    seq = liar.say(sealed(liar, [named(liar.member, "c2.denied.example")]))
    said = parse_entry(liar.entries[seq]).payload_hash
    words = [note(liar.member, "we never said that")]
    denial = liar.say(sealed(liar, words, handled(Kind.DENIAL, about=[said])))
    heard(stage, denial)
    shown(stage, tmp_path, "denial", since=before)


def test_a29_a_denial_heard_before_its_statement_waits_for_it(stage, tmp_path):
    """The denial names, by its hash, what the liar says only two places later."""
    liar, before = stage.liar, held(stage, "denial")
    place = liar.next
    late = sealed(liar, [named(liar.member, "c2.denied-early.example")])(place + 2)
    name = parse_entry(late).payload_hash
    words = [note(liar.member, "we shall never have said that")]
    denial = liar.say(
        sealed(liar, words, handled(Kind.DENIAL, about=[name])),
        lambda seq: liar.entry(seq, "203.0.113.29"),
    )
    heard(stage, denial)
    heard(stage, denial + 1)
    stage.settle_down()
    assert held(stage, "denial") == before  # it contradicts nothing so far
    heard(stage, liar.say(late))
    shown(stage, tmp_path, "denial", since=before)


def test_two_statements_for_one_place_become_a_proof_at_every_node(stage, tmp_path):
    liar, before = stage.liar, held(stage, "double-statement")
    place = liar.next
    one, other = (sealed(liar, [named(liar.member, f"{n}.two.example")])(place) for n in "ab")
    liar.say(one, other)
    file = sha256(shown(stage, tmp_path, "double-statement", since=before)).hexdigest()
    # What the accused says to it stands beside it, and what others say to it does not.
    words = [note(liar.member, "a copy of our disk was started")]
    heard(stage, liar.say(sealed(liar, words, handled(Kind.NOTE, about=[file]))))
    for node in stage.nodes:
        eventually(lambda node=node: told(node, "proof", "show", file)["replies"], within_s=20)
        document = told(node, "proof", "show", file[:16])
        assert (document["kind"], document["name"]) == ("double-statement", "Cantor")
        assert document["valid"] is True
        assert "not show who held the key" in document["shows"]
        (reply,) = document["replies"]
        assert (reply["name"], reply["words"]) == ("Cantor", "a copy of our disk was started")
        listed = told(node, "proof", "list")
        assert file in {each["id"] for each in listed["proofs"] if each["replies"] == 1}
        assert "Cantor" in {each["name"] for each in listed["faults"]}
        refused = typed(node, "proof", "reply", file, "--words", "we say otherwise")
        assert refused.exit_code == 2
        assert "is about Cantor" in refused.output


def complaint_about(node, said):
    """Return place and entry of a node's complaint about a statement, None while there is none."""
    for issuer, seq, kind, _objects in kept(node).values():
        if (issuer, kind) == (node.member, "undelivered"):
            entry = entry_of(node, seq)
            if Undelivered.parse(parse_entry(entry).clear).statement == said:
                return seq, entry
    return None


def answer(liar, said, complaint, key):
    """Return a maker of an answer that wraps any key for whoever complained."""
    asked, header = Undelivered.parse(complaint.clear), said.header
    info = wrap_info(header.position, said.sealed.commitment, complaint.header.issuer)
    wrap = HpkeSealer().seal(public_key=asked.key, info=info, plaintext=key)
    grant = Grant(said.payload_hash, complaint.header.issuer, complaint.payload_hash, wrap)
    says = grant.to_clear()
    return lambda seq: spoken(liar, seq, says)


def garbage(stage, domain, keys):
    """Let the liar seal garbage to Borea; return the statement and Borea's complaint."""
    liar, borea = stage.liar, stage.nodes[1]
    objects = [named(liar.member, domain)]
    seq = liar.say(sealed(liar, objects, garbage_for=(borea.member,), keys=keys))
    said = parse_entry(liar.entries[seq])
    eventually(lambda: complaint_about(borea, said.payload_hash), within_s=20)
    _, entry = complaint_about(borea, said.payload_hash)
    return seq, said, parse_entry(entry)


def test_garbage_is_complained_of_and_a_good_answer_is_read(stage):
    liar, borea, keys = stage.liar, stage.nodes[1], {}
    seq, said, complaint = garbage(stage, "c2.again.example", keys)
    liar.say(answer(liar, said, complaint, keys[seq]))
    eventually(lambda: kept_of(borea, liar.member).get(seq) == 1, within_s=20)


def test_garbage_answered_with_garbage_becomes_a_proof_at_every_node(stage, tmp_path):
    liar, before = stage.liar, held(stage, "garbage")
    _, said, complaint = garbage(stage, "c2.garbled.example", {})
    liar.say(answer(liar, said, complaint, bytes(32)))
    shown(stage, tmp_path, "garbage", since=before)


def test_a_complaint_about_an_honest_member_is_answered_at_once(stage):
    """A liar that could read complains all the same: the answer costs nothing and is there."""
    liar, (aurel, _) = stage.liar, stage.nodes
    said = aurel.say("198.51.100.35")
    stage.everywhere(lambda node: said in kept(node))
    seq = liar.say(clear(liar, "undelivered", complaint_body(said), role=Role.STATEMENT))
    stage.everywhere(lambda node: taken(node, liar.origin) > seq)
    complaint = parse_entry(liar.entries[seq]).payload_hash

    def grants():
        own = [row for row in kept(aurel).values() if row[0] == aurel.member and row[2] == "grant"]
        return [Grant.parse(parse_entry(entry_of(aurel, row[1])).clear) for row in own]

    eventually(lambda: [g for g in grants() if g.complaint == complaint], within_s=20)
    assert {g.reader for g in grants() if g.complaint == complaint} == {liar.member}


def complaint_body(said):
    return Undelivered(said, HpkeOpener(generate_sealing_secret()).public_key).to_clear().body


def test_a35_a_demand_that_was_seen_and_not_answered_becomes_a_proof(stage, tmp_path):
    """The liar cosigned the demand a day ago, by its own clock, and signs on without an answer."""
    liar, borea, before = stage.liar, stage.nodes[1], held(stage, "broken-promise")
    _, said, _complaint = garbage(stage, "c2.a35.example", {})
    place, demand = complaint_about(borea, said.payload_hash)
    stage.everywhere(lambda node: shown_size(node, borea.origin) > place)
    liar.show({cosigned_path(borea.origin): cosigned_by(liar, borea, timedelta(hours=25))})
    liar.say(lambda seq: liar.entry(seq, "203.0.113.35"))
    shown(stage, tmp_path, "broken-promise", since=before)
    stage.everywhere(lambda node: demand in demands(node), within_s=30)


def demands(node):
    """Return the demands whose silence an honest node holds as proved."""
    return {ProofFile.parse(data).one("demand")
            for _, kind, data in proofs(node) if kind == "broken-promise"}  # fmt: skip


def test_a_false_proof_is_refused_and_kept_as_its_sender_s_fault(stage):
    liar, aurel = stage.liar, stage.nodes[0]
    said = aurel.say("198.51.100.36")
    stage.everywhere(lambda node: said in kept(node))
    contents = {}
    words = [note(liar.member, "they never said that")]
    at = liar.say(sealed(liar, words, handled(Kind.DENIAL, about=[said]), keep=contents))
    opening = open_leaves(contents[at], {0}).to_bytes()
    theirs = entry_of(aurel, kept(aurel)[said][1])
    framed = prove_denial(theirs, liar.entries[at], opening).to_bytes()
    digest = sha256(framed).hexdigest()
    chain = (aurel.directory / "unit.chain").read_bytes()
    liar.show({"proofs": print_proof_list([digest]), proof_path(digest): framed, "chain": chain})
    stage.everywhere(
        lambda node: [rule for rule in faults(node, liar.member) if "does not verify" in rule],
        within_s=30,
    )
    for node in stage.nodes:
        assert [who for who, _, data in proofs(node) if data == framed or who == aurel.member] == []
