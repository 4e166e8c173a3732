"""Live rows A28 and A36: statements replayed elsewhere, and addressees left out."""

from tests.live.unit import eventually, faults, indicator, kept, kept_of, taken


def test_a28_a_statement_of_another_unit_charter_issuer_epoch_or_place_does_not_count(unit):
    liar = unit.liar
    good = liar.entry(0)
    other = liar.entry(1, "203.0.113.40")
    replayed = [
        liar.resigned(other, {"unit": "ab" * 32}),
        liar.resigned(other, {"charter": "cd" * 32}),
        liar.resigned(other, {"issuer": unit.nodes[0].member}),
        liar.resigned(other, {"epoch": 2}),
        good,  # the same bytes once more, at another place
        liar.entry(4, "203.0.113.41"),
    ]
    last = liar.entry(7, "203.0.113.42")
    liar.show_log([good, *replayed, last])
    unit.everywhere(lambda node: taken(node, liar.origin) == 8)
    unit.everywhere(lambda node: kept_of(node, liar.member) == {0: 1, 7: 1})
    for node in unit.nodes:
        assert len(faults(node, liar.member)) == len(replayed)


def test_a28_what_another_member_said_cannot_be_said_again_as_ones_own(unit):
    aurel, borea = unit.nodes
    liar = unit.liar
    said = aurel.publish("198.51.100.1")
    eventually(lambda: said in kept(borea), within_s=20)
    theirs = (aurel.directory / "logs" / aurel.origin / "tile/entries/000.p/1").read_bytes()[2:]
    liar.show_log([theirs, liar.entry(1)])
    unit.everywhere(lambda node: kept_of(node, liar.member) == {1: 1})
    for node in unit.nodes:
        assert faults(node, liar.member)
        assert kept(node)[said][0] == aurel.member


def test_a28_objects_under_another_member_s_name_are_left_out(unit):
    liar = unit.liar
    posed = indicator(unit.nodes[0].member, "203.0.113.7")
    own = indicator(liar.member, "203.0.113.8")
    liar.show_log([liar.entry_of(0, [posed, own])])
    unit.everywhere(lambda node: kept_of(node, liar.member) == {0: 1})
    unit.everywhere(lambda node: any("leaf 1 " in rule for rule in faults(node, liar.member)))


def test_a36_an_addressee_who_is_left_out_knows_what_it_did_not_get(unit):
    liar = unit.liar
    entries = [liar.entry(0), liar.entry(1, "203.0.113.60")]
    # Everything to Aurel; the same log to Borea, without the contents it is addressed.
    liar.show(liar.view(entries) | liar.contents(), to="Aurel")
    liar.show(liar.view(entries), to="Borea")
    aurel, borea = unit.nodes
    eventually(lambda: kept_of(aurel, liar.member) == {0: 1, 1: 1}, within_s=20)
    eventually(lambda: taken(borea, liar.origin) == 2, within_s=20)
    eventually(
        lambda: {seq for seq in (0, 1) for rule in faults(borea, liar.member)
                 if f"entry {seq} of log" in rule and "withheld" in rule} == {0, 1},
        within_s=20,
    )  # fmt: skip
    assert kept_of(borea, liar.member) == {}
    # It is not lost: it is asked for again, and comes once it is given.
    liar.show(liar.contents(), to="Borea")
    eventually(lambda: kept_of(borea, liar.member) == {0: 1, 1: 1}, within_s=40)


def test_a36_who_was_addressed_stands_in_the_signed_bytes(unit):
    liar = unit.liar
    borea = unit.honest["Borea"]
    liar.show_log([liar.entry(0, to=(borea.member,))])
    unit.everywhere(lambda node: taken(node, liar.origin) == 1)
    eventually(lambda: kept_of(borea, liar.member) == {0: 1}, within_s=20)
    aurel = unit.honest["Aurel"]
    eventually(lambda: kept_of(aurel, liar.member) == {0: 0}, within_s=20)
    ((_, _, kind, _),) = [row for row in kept(aurel).values() if row[0] == liar.member]
    assert kind == "sealed"
