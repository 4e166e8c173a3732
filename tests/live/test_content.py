"""Live rows A09-A14, A16, A37, and copied commitments and garbage: what stands in the content."""

import re
from dataclasses import replace
from hashlib import sha256

import pytest

from detente.cli import forwarding
from detente.node.unsealing import open_received
from detente.proofs import make_object_receipt, parse_chain, verify_object_receipt
from detente.statements import ContentError, Kind, Tlp, open_leaves, parse_entry
from detente.tlog import Policy, Receipt
from tests.live.mischief import handled, indicator_of, named, sealed, spoken, told, typed
from tests.live.test_poison import heard, id_of
from tests.live.unit import ask_raw, eventually, faults, indicator, kept, kept_of, look, taken

NASTY = (
    "=cmd|'/C calc'!A1 <script>alert(1)</script> \x1b[2J\x1b]0;owned\x07 "
    "\u202egnp.exe\u202c \u2066\u200b end"
)


ACTING = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]"


def test_a09_formulas_scripts_terminal_codes_and_bidi_do_nothing_to_readers(
    stage, tmp_path, monkeypatch
):
    liar = stage.liar
    objects = [named(liar.member, "c2.a09.example", name=NASTY, description=NASTY)]
    seq = liar.say(sealed(liar, objects))
    heard(stage, seq)
    for node in stage.nodes:
        said = id_of(node, liar.member, seq)
        with monkeypatch.context() as terminal:
            terminal.setattr(forwarding, "is_watched", lambda: True)
            shown = typed(node, "statement", "show", said).output
            shown += typed(node, "indicators", "why", "c2.a09.example").output
        assert "calc" in shown.lower()
        for form in ("list", "csv", "rpz", "suricata"):
            folder = tmp_path / node.name / form
            typed(node, "indicators", "export", "--format", form, "--to", folder)
            for each in folder.iterdir():
                text = each.read_text()
                shown += text
                # Nothing begins a cell of a table as a formula.
                assert form == "rpz" or not re.search(r'(?m)(?:^|,)"?[=+@]', text), each
        assert not re.search(ACTING, shown + node.words())


RULES = {
    "a10": ("yara", "rule r { strings: $a = /(a+)+$/ condition: $a }", "flagged", "backtracking"),
    "a11": ("yara", "rule r { strings: $a = /[a-z]*/ condition: $a }", "flagged", "too-broad"),
    "a12": (
        "sigma",
        "title: t\ndetection:\n  sel:\n    dst|contains: 'x'\n  filter:\n"
        "    dst|endswith: 'mail.cantor.example'\n  condition: sel and not filter\n",
        "flagged",
        "exempts-issuer",
    ),
    "a13": ("yara", 'include "/etc/passwd"\nrule r { condition: true }', "refused", "outside"),
    "a13 import": ("yara", 'import "pe"\nrule r { condition: true }', "refused", "outside"),
}


@pytest.mark.parametrize("row", RULES)
def test_a10_to_a13_a_received_rule_that_harms_its_reader_never_leaves_quarantine(stage, row):
    language, text, standing, check = RULES[row]
    liar = stage.liar
    rule = indicator_of(liar.member, text, pattern_type=language, name=row)
    seq = liar.say(sealed(liar, [rule], handled(Kind.RULE)))
    heard(stage, seq)
    for node in stage.nodes:
        said = id_of(node, liar.member, seq)
        (found,) = [
            each for each in told(node, "indicators", "rules")["rules"] if each["statement"] == said
        ]
        assert found["standing"] == standing
        assert check in {each["check"] for each in found["findings"]}


def test_a14_a_statement_in_another_s_name_is_refused_everywhere(stage):
    liar = stage.liar
    aurel, _ = stage.nodes
    before = {node.name: len(faults(node, liar.member)) for node in stage.nodes}
    in_its_name = liar.resigned(sealed(liar, [named(liar.member, "c2.a14.example")])(liar.next), {
        "issuer": aurel.member})  # fmt: skip
    seq = liar.say(in_its_name, lambda seq: liar.entry(seq, "203.0.113.14"))
    stage.everywhere(lambda node: kept_of(node, liar.member).get(seq + 1) == 1)
    for node in stage.nodes:
        assert seq not in kept_of(node, liar.member)
        assert len(faults(node, liar.member)) == before[node.name] + 1
        assert (aurel.member, seq) not in {row[:2] for row in kept(node).values()}


VERBS = ("PUT", "PATCH", "DELETE", "POST", "OPTIONS", "TRACE", "PROPFIND")
PLACES = (
    "/logs/{origin}/checkpoint",
    "/logs/{origin}/tile/0/000.p/1",
    "/logs/{origin}/tile/entries/000.p/1",
    "/witness/{log}/checkpoint",
    "/proofs",
    "/proofs/{digest}",
    "/papers/{digest}",
    "/blobs/{digest}",
    "/chain",
    "/bundles",
    "/taxii2/",
)


def without_when_seen(document):
    """Leave out when others saw it: that comes to be known meanwhile."""
    return {key: each for key, each in document.items() if key not in ("seen_by", "backdated_s")}


def test_a16_no_call_changes_what_another_said(stage):
    aurel, borea = stage.nodes
    said = aurel.say("198.51.100.16")
    eventually(lambda: said in kept(borea), within_s=20)
    origin = aurel.origin
    names = {
        "origin": origin,
        "log": sha256(origin.encode()).hexdigest(),
        "digest": said,
    }
    shown = {}
    for node in stage.nodes:
        shown[node.name] = without_when_seen(told(node, "statement", "show", said))
    body = b'{"objects":[]}'
    for verb in VERBS:
        for place in PLACES:
            path = place.format(**names)
            head = f"{verb} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            status = ask_raw(borea, head.encode() + body)
            assert status is not None, (verb, path)
            assert 400 <= status < 500 or (verb, status) == ("OPTIONS", 204), (verb, path, status)
    for node in stage.nodes:
        assert without_when_seen(told(node, "statement", "show", said)) == shown[node.name]


def test_a37_a_label_made_looser_by_the_envelope_stays_as_strict_as_the_object(stage, tmp_path):
    """The batch says CLEAR, the object in it RED: the stricter of the two counts."""
    liar = stage.liar
    red = ["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]
    objects = [named(liar.member, "c2.a37.example", object_marking_refs=red)]
    seq = liar.say(sealed(liar, objects, handled(tlp=Tlp.CLEAR)))
    stage.everywhere(lambda node: taken(node, liar.origin) == seq + 1)
    for node in stage.nodes:
        eventually(lambda node=node: seq in kept_of(node, liar.member), within_s=20)
        for form in ("stix", "misp", "list"):
            folder = tmp_path / node.name / form
            typed(node, "indicators", "export", "--format", form, "--to", folder)
            for each in folder.rglob("*"):
                assert not each.is_file() or "c2.a37.example" not in each.read_text()


def test_a37_what_was_given_in_red_cannot_be_said_on_by_an_honest_node(stage, tmp_path):
    liar = stage.liar
    aurel, _ = stage.nodes
    red = handled(tlp=Tlp.RED)
    objects = [named(liar.member, "c2.red.example")]
    seq = liar.say(sealed(liar, objects, red, to=(aurel.member,)))
    eventually(lambda: kept_of(aurel, liar.member).get(seq) == 1, within_s=20)
    again = tmp_path / "again.json"
    again.write_bytes(b'{"type":"bundle","id":"bundle--4a65d8ea-3b2e-4a3c-9b0a-0e1b7a5f2c10",'
                      b'"objects":[' + objects[0] + b"]}")  # fmt: skip
    done = typed(aurel, "statement", "publish", again, "--tlp", "clear")
    assert done.exit_code == 2, done.output
    assert "not said" in done.output


def test_a37_a_copy_that_was_handed_on_still_shows_whose_red_it_was(stage, tmp_path):
    """The liar relabels what it got in RED, in vain, and then hands the content on by itself."""
    liar, (aurel, borea) = stage.liar, stage.nodes
    table = tmp_path / "red.csv"
    table.write_text("type,value,name\nipv4-addr,198.51.100.37,scanner\n")
    said = told(aurel, "statement", "publish", table, "--tlp", "red", "--to", "Cantor")["id"]
    eventually(lambda: said in kept(borea), within_s=20)
    entry = entry_of(aurel, kept(borea)[said][1])
    content = got_by(liar, aurel, parse_entry(entry))
    relabelled = sealed(liar, [content.leaves[1].data], handled(tlp=Tlp.CLEAR))
    at = liar.say(relabelled, lambda seq: liar.entry(seq, "203.0.113.37"))
    stage.everywhere(lambda node: kept_of(node, liar.member).get(at + 1) == 1)
    for node in stage.nodes:
        assert kept_of(node, liar.member).get(at, 0) == 0  # not its own to label
    # Whoever is shown the copy holds it against the log as borea mirrored it, who was not told.
    policy, receipt = tmp_path / "aurel.policy", tmp_path / "red.tlog-proof"
    assert typed(borea, "charter", "policy", "--member", "Aurel", "--out", policy).exit_code == 0
    # Settled it is not while the liar cosigns nothing; the label hangs on the author's key alone.
    unsettled = re.sub(r"(?m)^quorum .*$", "quorum none", policy.read_text())
    told(borea, "receipt", "make", said, "--out", receipt)
    place = replace(Receipt.parse(receipt.read_bytes()), extra=b"")
    chain = parse_chain((borea.directory / "unit.chain").read_bytes())

    def verified(opening):
        file = make_object_receipt(entry, place, opening).to_bytes()
        return verify_object_receipt(file, Policy.parse(unsettled), chain=chain)

    found = verified(open_leaves(content, {0, 1}))
    assert (found.statement, found.handling.tlp) == (said, Tlp.RED)
    assert (found.position.issuer, found.is_signer_known) == (aurel.member, True)
    assert b"198.51.100.37" in found.stix
    # The object cannot be shown under another label than the one it was said under.
    milder = replace(content.leaves[0], data=content.leaves[0].data.replace(b'"red"', b'"clear"'))
    forged = replace(content, leaves=(milder, *content.leaves[1:]))
    assert forged != content
    with pytest.raises(ContentError):
        verified(open_leaves(forged, {0, 1}))


def got_by(liar, node, statement):
    """Return a content as the hostile member reads it: with the wrap that was made for it."""
    take_blobs(liar, node, statement)
    content = open_received(liar.home, statement)
    assert content is not None
    return content


def take_blobs(liar, node, statement):
    """Give the hostile member what a node keeps beside a statement of its own."""
    for digest in (statement.sealed.ciphertext, *statement.sealed.wraps):
        small = look(node, "SELECT data FROM small_blob WHERE digest = ?", bytes.fromhex(digest))
        (data,) = [row[0] for row in small] or [
            each.read_bytes() for each in (node.directory / "blobs").rglob(digest)
        ]
        assert liar.home.blobs.put(data) == digest


def test_a_copied_commitment_opens_at_no_place_but_its_own(stage):
    liar = stage.liar
    aurel, borea = stage.nodes
    said = aurel.say("198.51.100.62")
    eventually(lambda: said in kept(borea), within_s=20)
    seq = kept(borea)[said][1]
    theirs = parse_entry(entry_of(aurel, seq)).sealed
    take_blobs(liar, aurel, parse_entry(entry_of(aurel, seq)))
    place = liar.say(lambda seq: spoken(liar, seq, theirs))
    stage.everywhere(lambda node: taken(node, liar.origin) == place + 1)
    stage.everywhere(
        lambda node: [rule for rule in faults(node, liar.member) if f"entry {place} " in rule]
    )
    for node in stage.nodes:
        assert kept_of(node, liar.member).get(place, 0) == 0
        assert kept(node)[said][0] == aurel.member


def entry_of(node, seq):
    """Return an entry of a node's own small log, as its face shows it."""
    folder = node.directory / "logs" / node.origin / "tile" / "entries"
    data = max(folder.rglob("*"), key=lambda each: each.is_file() and each.stat().st_size)
    data = data.read_bytes()
    at = 0
    for _ in range(seq):
        at += 2 + int.from_bytes(data[at : at + 2])
    return data[at + 2 : at + 2 + int.from_bytes(data[at : at + 2])]


def test_garbage_to_one_addressee_is_seen_by_it_and_hides_nothing_from_the_other(stage):
    liar = stage.liar
    aurel, borea = stage.nodes
    seq = liar.say(
        sealed(liar, [named(liar.member, "c2.garbage.example")], garbage_for=(borea.member,)),
        lambda seq: sealed(liar, [indicator(liar.member, "203.0.113.77")])(seq),
    )
    eventually(lambda: kept_of(aurel, liar.member).get(seq) == 1, within_s=20)
    eventually(
        lambda: [rule for rule in faults(borea, liar.member) if f"entry {seq} " in rule],
        within_s=20,
    )
    assert kept_of(borea, liar.member).get(seq, 0) == 0
    eventually(lambda: kept_of(borea, liar.member).get(seq + 1) == 1, within_s=20)
