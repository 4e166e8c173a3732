"""Live rows A24-A27, A29-A32, A35, A55: claimed times, weak and double signatures, denials."""

import json
import subprocess
import sys
from base64 import b64decode, b64encode
from datetime import timedelta

import pytest

from detente.exchange.protocol.paths import checkpoint_path, cosigned_path
from detente.node.clock import now
from detente.proofs import prove_denial, prove_double_statement
from detente.signing import canonical, format_time, parse_canonical
from detente.statements import (
    Kind,
    Opening,
    open_leaves,
    parse_entry,
)
from detente.tlog import KeyType, SignedNote
from tests.core.signing.test_admission import WEAK
from tests.live.mischief import clear, handled, named, note, sealed, told, typed
from tests.live.test_poison import heard, id_of
from tests.live.unit import cosigned_size, eventually, faults, judge, kept, kept_of, taken

ORDER = 2**252 + 27742317777372353535851937790883648493  # of Ed25519's group, RFC 8032


def refused(stage, *entries):
    """Let the log go on with entries none of which counts, and one that does, at both nodes."""
    liar = stage.liar
    before = {node.name: len(faults(node, liar.member)) for node in stage.nodes}
    seq = liar.say(*entries, lambda seq: liar.entry(seq, "203.0.113.24"))
    last = seq + len(entries)
    stage.everywhere(lambda node: kept_of(node, liar.member).get(last) == 1)
    verdicts = []
    for node in stage.nodes:
        here = {each for each in kept_of(node, liar.member) if each >= seq}
        assert here == {last}
        verdicts.append(faults(node, liar.member)[before[node.name] :])
        assert len(verdicts[-1]) == len(entries)
    assert [sorted(each) for each in verdicts[1:]] == [sorted(verdicts[0])]
    return verdicts[0]


def timed(liar, time):
    return lambda seq: liar.resigned(liar.entry(seq, "203.0.113.25"), {"time": time})


def test_a25_and_a27_times_to_come_and_times_in_other_forms_are_refused(stage):
    liar = stage.liar
    wrong = [
        "2099-01-01T00:00:00Z",
        "9999-12-31T23:59:60Z",
        format_time(now() + timedelta(seconds=600)),
        "2026-11-23T18:00:00+14:00",
        "2026-11-23T18:00:00",
        "2026-11-23t18:00:00Z",
        "2026-11-23T18:00:00z",
        "2026-11-23T18:00:00.000Z",
        "2026-11-23 18:00:00Z",
        "2026-02-30T18:00:00Z",
    ]
    refused(stage, *(timed(liar, each) for each in wrong))


def test_a25_an_indicator_with_a_validity_beyond_all_measure_is_left_out_alone(stage):
    liar = stage.liar
    seq = liar.say(
        sealed(
            liar,
            [
                named(liar.member, "c2.a25.example"),
                named(liar.member, "far.a25.example", valid_until="9999-12-31T23:59:59.000Z"),
                named(liar.member, "ahead.a25.example", created="2099-01-01T00:00:00.000Z",
                      modified="2099-01-01T00:00:00.000Z"),
            ],
        )
    )  # fmt: skip
    stage.everywhere(lambda node: seq in kept_of(node, liar.member))
    stage.everywhere(lambda node: kept_of(node, liar.member)[seq] == 1)
    stage.everywhere(
        lambda node: sum(f"of entry {seq} " in rule for rule in faults(node, liar.member)) == 2
    )


def test_a24_a_backdated_statement_is_shown_as_such(stage):
    liar = stage.liar
    seq = liar.say(timed(liar, format_time(now() - timedelta(days=30))))
    heard(stage, seq)
    stage.everywhere(lambda node: cosigned_size(node, liar.origin) > seq)
    for node in stage.nodes:
        said = id_of(node, liar.member, seq)
        eventually(lambda node=node, said=said: backdated(node, said) > 29 * 86_400, within_s=20)
        mine = id_of(node, node.member, max(row[1] for row in kept(node).values()
                                            if row[0] == node.member))  # fmt: skip
        assert backdated(node, mine) == 0


def backdated(node, said):
    return told(node, "statement", "show", said).get("backdated_s", 0)


def resigned_with(entry, change):
    """Return an entry whose signature was changed, the payload left alone."""
    envelope = parse_canonical(entry)
    (signature,) = envelope["signatures"]
    raw = change(b64decode(signature["sig"]))
    changed = {**signature, "sig": b64encode(raw).decode()}
    return canonical({**envelope, "signatures": [changed]})


def larger(raw):
    """S + L: another number, the same point; some verifiers take it."""
    s = int.from_bytes(raw[32:], "little") + ORDER
    return raw[:32] + s.to_bytes(32, "little")


FORMS = {
    "larger by the order": larger,
    "zero": lambda raw: raw[:32] + bytes(32),
    "of the identity": lambda _raw: (1).to_bytes(32, "little") + bytes(32),
    "not reduced": lambda raw: (2**255 - 18).to_bytes(32, "little") + raw[32:],
    "short": lambda raw: raw[:63],
    "long": lambda raw: raw + b"\0",
}


def test_a31_signatures_that_verifiers_judge_differently_get_one_verdict(stage):
    liar = stage.liar

    def form(change):
        return lambda seq: resigned_with(liar.entry(seq, "203.0.113.31"), change)

    refused(stage, *(form(change) for change in FORMS.values()))


def test_a30_a_weak_key_is_registered_nowhere(stage):
    """A rotation to a key of small order, which could later be said to sign anything."""
    liar = stage.liar

    def rotation(raw):
        body = {
            "keys": {"statement": raw.hex()},
            # Under such a key this signature of anything verifies in lax libraries.
            "possession": {"statement": (raw[:32] + bytes(32)).hex()},
            "recovery": None,
        }
        return clear(liar, "rotate", body)

    refused(stage, *(rotation(raw) for raw in WEAK.values() if len(raw) == 32))
    for node in stage.nodes:
        chain = (node.directory / "unit.chain").read_bytes()
        assert not [name for name, raw in WEAK.items() if len(raw) == 32 and
                    raw.hex().encode() in chain]  # fmt: skip


@pytest.mark.parametrize("dropped", [KeyType.MLDSA44, KeyType.ED25519])
def test_a32_a_checkpoint_without_one_of_its_two_signatures_is_refused(stage, dropped):
    liar = stage.liar
    entries = [*liar.entries, liar.entry(liar.next, "203.0.113.32")]
    files = liar.view(entries)
    path = checkpoint_path(liar.origin)
    signed = SignedNote.parse(files[path])
    keys = {each.verifier.key_id for each in liar.log.signers if each.verifier.key_type is dropped}
    kept_lines = tuple(line for line in signed.lines if line.key_id not in keys)
    assert len(kept_lines) == 1
    stripped = SignedNote(signed.text, kept_lines).to_bytes()
    before = {node.name: len(faults(node, liar.member)) for node in stage.nodes}
    sizes = {node.name: taken(node, liar.origin) for node in stage.nodes}
    liar.show(files | {path: stripped})
    stage.await_look(path)
    stage.everywhere(lambda node: len(faults(node, liar.member)) > before[node.name])
    for node in stage.nodes:
        assert taken(node, liar.origin) == sizes[node.name]
        assert "lacks a signature" in faults(node, liar.member)[-1]


def test_a29_a_denial_of_an_own_statement_is_shown_by_one_file(stage, tmp_path):
    liar = stage.liar
    aurel, _ = stage.nodes
    seq = liar.say(sealed(liar, [named(liar.member, "c2.a29.example")]))
    said = parse_entry(liar.entries[seq]).payload_hash
    words = [note(liar.member, "we never said that")]
    contents = {}
    denial = liar.say(sealed(liar, words, handled(Kind.DENIAL, about=[said]), keep=contents))
    heard(stage, denial)
    opening = open_leaves(contents[denial], {0})
    assert isinstance(opening, Opening)
    proof = prove_denial(liar.entries[seq], liar.entries[denial], opening.to_bytes()).to_bytes()
    for node in stage.nodes:
        verdict = judge(node, tmp_path, proof)
        assert (verdict["valid"], verdict["kind"]) == (True, "denial")
        assert verdict["accused"] == liar.member
        assert "not show who held the key" in verdict["reason"]
    # To deny what somebody else said is nobody's fault.
    theirs = aurel.say("198.51.100.29")
    stage.everywhere(lambda node: theirs in kept(node))
    other = liar.say(sealed(liar, words, handled(Kind.DENIAL, about=[theirs]), keep=contents))
    heard(stage, other)
    opening = open_leaves(contents[other], {0}).to_bytes()
    framed = prove_denial(liar.entries[seq], liar.entries[other], opening).to_bytes()
    assert judge(aurel, tmp_path, framed)["valid"] is False


def test_two_statements_signed_for_one_place_are_shown_by_one_file(stage, tmp_path):
    liar = stage.liar
    place = liar.next
    one, other = (sealed(liar, [named(liar.member, f"{n}.twice.example")])(place) for n in "ab")
    seq = liar.say(one, other)  # the second stands where it was not made for
    heard(stage, seq)
    stage.everywhere(lambda node: [1 for rule in faults(node, liar.member)
                                   if f"entry {seq + 1} " in rule])  # fmt: skip
    verdict = judge(stage.nodes[0], tmp_path, prove_double_statement(one, other).to_bytes())
    assert (verdict["valid"], verdict["kind"]) == (True, "double-statement")
    assert verdict["accused"] == liar.member


def test_a55_what_a_member_said_is_proven_after_its_log_is_gone(stage, tmp_path):
    liar = stage.liar
    seq = liar.say(sealed(liar, [named(liar.member, "c2.a55.example")]))
    heard(stage, seq)
    note = liar.witnessed(stage.witnesses)
    liar.show({checkpoint_path(liar.origin): note})
    for node in stage.nodes:
        eventually(lambda node=node: cosigners(node, liar.origin) >= 4, within_s=30)
    for face in liar.faces.values():
        face.forget()  # nothing of it is served any more
    policy = tmp_path / "unit.policy"
    for node in stage.nodes:
        said = id_of(node, liar.member, seq)
        receipt = tmp_path / f"{node.name}.tlog-proof"
        told(node, "receipt", "make", said, "--out", receipt)
        assert (
            typed(node, "charter", "policy", "--member", "Cantor", "--out", policy).exit_code == 0
        )
        verdict = verified(receipt, policy)
        assert verdict["valid"], verdict
        assert verdict["origin"] == liar.origin
        mirror = node.directory / "logs" / liar.origin
        assert sum(1 for each in mirror.rglob("*") if each.is_file()) >= 2


def cosigners(node, origin):
    """Return how many keys cosigned what a node shows of a log: members and outside witnesses."""
    path = node.directory / cosigned_path(origin)
    if not path.exists():
        return 0
    names = {
        line.split(" ")[1] for line in path.read_text().split("\n") if line.startswith("\u2014")
    }
    return len({name for name in names if name.endswith("/mirror") or name.endswith(".example")})


def verified(receipt, policy):
    words = ["receipt", "verify", receipt, "--policy", policy, "--json"]
    command = [sys.executable, "-m", "detente", *map(str, words)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return json.loads(done.stdout)
