"""Live rows A28 and A36: statements replayed elsewhere, and addressees left out."""

from tests.live.test_content import entry_of
from tests.live.unit import eventually, faults, indicator, kept, kept_of, taken


def grown(node, liar, since):
    """Return what a node keeps of the hostile log from a place on."""
    return {seq - since: count for seq, count in kept_of(node, liar.member).items() if seq >= since}


def test_a28_a_statement_of_another_unit_charter_issuer_epoch_or_place_does_not_count(stage):
    liar = stage.liar
    before = {node.name: len(faults(node, liar.member)) for node in stage.nodes}
    at = liar.next
    good = liar.entry(at)
    other = liar.entry(at + 1, "203.0.113.40")
    replayed = [
        liar.resigned(other, {"unit": "ab" * 32}),
        liar.resigned(other, {"charter": "cd" * 32}),
        liar.resigned(other, {"issuer": stage.nodes[0].member}),
        liar.resigned(other, {"epoch": 2}),
        good,  # the same bytes once more, at another place
        liar.entry(at + 4, "203.0.113.41"),
    ]
    liar.say(good, *replayed, lambda seq: liar.entry(seq, "203.0.113.42"))
    stage.everywhere(lambda node: taken(node, liar.origin) == at + 8)
    stage.everywhere(lambda node: grown(node, liar, at) == {0: 1, 7: 1})
    for node in stage.nodes:
        assert len(faults(node, liar.member)) == before[node.name] + len(replayed)


def test_a28_what_another_member_said_cannot_be_said_again_as_ones_own(stage):
    aurel, borea = stage.nodes
    liar = stage.liar
    said = aurel.say("198.51.100.1")
    eventually(lambda: said in kept(borea), within_s=20)
    theirs = entry_of(aurel, kept(borea)[said][1])
    at = liar.say(theirs, lambda seq: liar.entry(seq))
    stage.everywhere(lambda node: grown(node, liar, at) == {1: 1})
    for node in stage.nodes:
        assert any(f"entry {at} " in rule for rule in faults(node, liar.member))
        assert kept(node)[said][0] == aurel.member


def test_a28_objects_under_another_member_s_name_are_left_out(stage):
    liar = stage.liar
    posed = indicator(stage.nodes[0].member, "203.0.113.7")
    own = indicator(liar.member, "203.0.113.8")
    at = liar.say(lambda seq: liar.entry_of(seq, [posed, own]))
    stage.everywhere(lambda node: grown(node, liar, at) == {0: 1})
    stage.everywhere(
        lambda node: any(f"leaf 1 of entry {at} " in rule for rule in faults(node, liar.member))
    )


def test_a36_an_addressee_who_is_left_out_knows_what_it_did_not_get(stage):
    liar = stage.liar
    aurel, borea = stage.nodes
    at = liar.next
    shown = liar.contents()
    liar.entries += [liar.entry(at), liar.entry(at + 1, "203.0.113.60")]
    # Everything to Aurel; the same log to Borea, without the contents it is addressed.
    liar.show(liar.view(liar.entries) | liar.contents(), to="Aurel")
    liar.show(liar.view(liar.entries) | shown, to="Borea")
    eventually(lambda: grown(aurel, liar, at) == {0: 1, 1: 1}, within_s=20)
    eventually(lambda: taken(borea, liar.origin) == at + 2, within_s=20)
    eventually(
        lambda: {seq for seq in (0, 1) for rule in faults(borea, liar.member)
                 if f"entry {at + seq} of log" in rule and "withheld" in rule} == {0, 1},
        within_s=20,
    )  # fmt: skip
    assert grown(borea, liar, at) == {}
    # It is not lost: it is asked for again, and comes once it is given.
    liar.show(liar.contents(), to="Borea")
    eventually(lambda: grown(borea, liar, at) == {0: 1, 1: 1}, within_s=40)


def test_a36_who_was_addressed_stands_in_the_signed_bytes(stage):
    liar = stage.liar
    aurel, borea = stage.nodes
    at = liar.say(lambda seq: liar.entry(seq, to=(borea.member,)))
    eventually(lambda: grown(borea, liar, at) == {0: 1}, within_s=20)
    eventually(lambda: grown(aurel, liar, at) == {0: 0}, within_s=20)
    (kind,) = [row[2] for row in kept(aurel).values() if row[:2] == (liar.member, at)]
    assert kind == "sealed"
