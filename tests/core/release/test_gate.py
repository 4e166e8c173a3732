"""The gate never widens an audience. (docs/threats.md: over-sharing, attacks A36 to A38)"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.release import (
    Cleared,
    ClientReader,
    Full,
    HeaderOnly,
    MemberReader,
    Origin,
    PublicReader,
    Redacted,
    Scope,
    Standing,
    Use,
    Withheld,
    decide,
    decide_audience,
    draft,
    forget,
    hold,
)
from detente.statements import (
    ContentError,
    Opening,
    Pap,
    Tlp,
    open_leaves,
    parse_entry,
    verify_opening,
)
from tests.core.release.makers import (
    ADDRESS,
    AUREL,
    BOREA,
    CEDAR,
    CHARTER,
    DUNE,
    MEMBERS,
    STRANGER,
    circle_of,
    content_of,
    held_of,
    note_object,
    statement_of,
)

TLPS = st.sampled_from(Tlp)
PAPS = st.sampled_from(Pap)
PEOPLE = st.sampled_from([*sorted(MEMBERS), STRANGER])
READERS = st.one_of(
    PEOPLE.map(MemberReader),
    st.builds(
        ClientReader,
        member=PEOPLE,
        client=st.just("feed"),
        is_own=st.booleans(),
        use=st.sampled_from(Use),
    ),
    st.just(PublicReader()),
)
AUDIENCES = st.one_of(
    st.just("unit"),
    st.frozensets(st.sampled_from([BOREA, CEDAR, DUNE])).map(lambda ids: tuple(sorted(ids))),
)
STANDINGS = st.dictionaries(
    st.sampled_from(["aurel", "borea", "cedar", "dune"]), st.sampled_from(Standing)
)
OBJECTS = st.lists(st.none() | TLPS, min_size=1, max_size=4).map(
    lambda labels: [note_object(number, label) for number, label in enumerate(labels)]
)


def amount(answer):
    """How much an answer lets out: a set of leaves, with the header as -1."""
    if isinstance(answer, Withheld):
        return frozenset()
    match answer.form:
        case HeaderOnly():
            return frozenset((-1,))
        case Redacted(shown=shown):
            return frozenset((-1, *shown))
        case Full():
            return frozenset(range(-1, 100))


def shown_bytes(answer):
    return b"".join(
        leaf.leaf.salt + leaf.leaf.data
        for copy in answer.form.copies
        for leaf in Opening.parse(copy).shown
    )


@pytest.mark.parametrize("label", Tlp)
def test_an_addressee_gets_the_whole_of_any_label(label):
    answer = decide(held_of([note_object(1)], tlp=label), MemberReader(BOREA), circle=circle_of())
    assert answer.form == Full()


@pytest.mark.parametrize("label", Tlp)
def test_a_member_who_was_not_addressed_gets_the_header_that_everybody_mirrors(label):
    held = held_of([note_object(1)], tlp=label, audience=(BOREA,))
    answer = decide(held, MemberReader(CEDAR), circle=circle_of())
    assert answer.form == HeaderOnly()
    assert parse_entry(answer.entry).payload_hash == held.statement == answer.statement
    assert answer.onward is None


@given(objects=OBJECTS, tlp=TLPS, audience=AUDIENCES, reader=READERS, standings=STANDINGS)
def test_content_reaches_nobody_outside_the_signed_audience_but_its_own_people(
    objects, tlp, audience, reader, standings
):
    circle = circle_of(**standings)
    answer = decide(held_of(objects, tlp=tlp, audience=audience), reader, circle=circle)
    if amount(answer) > {-1}:
        member = reader.member  # not public: nobody published it
        named = MEMBERS if audience == "unit" else {AUREL, *audience}
        assert member in named
        assert circle.standings[member] is Standing.ACTIVE


@given(
    objects=OBJECTS,
    labels=st.tuples(TLPS, TLPS),
    paps=st.tuples(PAPS, PAPS),
    audience=AUDIENCES,
    reader=READERS,
    published=st.booleans(),
)
def test_a_stricter_label_never_lets_out_more(objects, labels, paps, audience, reader, published):
    def ask(tlp, pap):
        held = held_of(objects, tlp=tlp, pap=pap, audience=audience, is_published=published)
        return amount(decide(held, reader, circle=circle_of()))

    assert ask(max(labels), max(paps)) <= ask(min(labels), min(paps))


@given(objects=OBJECTS, tlp=TLPS, reader=READERS, fewer=AUDIENCES, more=AUDIENCES)
def test_addressing_fewer_never_lets_out_more(objects, tlp, reader, fewer, more):
    if more != "unit":
        fewer = tuple(sorted(set(fewer) & set(more))) if fewer != "unit" else more
    answers = [
        amount(decide(held_of(objects, tlp=tlp, audience=each), reader, circle=circle_of()))
        for each in (fewer, more)
    ]
    assert answers[0] <= answers[1]


@given(objects=OBJECTS, reader=READERS, published=st.booleans())
def test_an_unknown_marking_counts_as_the_strictest(objects, reader, published):
    unknown = ["marking-definition--00000000-0000-4000-8000-000000000000"]
    strange = [each | {"object_marking_refs": unknown} for each in objects]
    red = [note_object(number, Tlp.RED) for number in range(len(objects))]
    ask = {"tlp": Tlp.CLEAR, "pap": Pap.CLEAR, "is_published": published}
    answers = [decide(held_of(each, **ask), reader, circle=circle_of()) for each in (strange, red)]
    assert amount(answers[0]) == amount(answers[1])


@given(objects=OBJECTS, tlp=TLPS, reader=READERS)
def test_a_redacted_copy_holds_no_byte_and_no_salt_of_a_withheld_leaf(objects, tlp, reader):
    held = held_of(objects, tlp=tlp, pap=Pap.CLEAR, is_published=True)
    answer = decide(held, reader, circle=circle_of())
    if isinstance(answer, Cleared) and isinstance(answer.form, Redacted):
        let_out = shown_bytes(answer)
        for index, leaf in held.leaves.items():
            shown = index in answer.form.shown
            assert (leaf.salt in let_out) == shown
            assert (leaf.data in let_out) == shown


def test_what_is_shown_is_still_proved_by_the_header():
    held = held_of([note_object(1), note_object(2, Tlp.RED), note_object(3)], pap=Pap.CLEAR)
    answer = decide(held, ClientReader(AUREL, "feed"), circle=circle_of())
    assert answer.form.shown == (0, 1, 3)
    header = parse_entry(answer.entry).header
    for copy in answer.form.copies:
        verify_opening(Opening.parse(copy), header.says, header.position)


def test_a_long_copy_is_several_openings_that_each_stand_alone():
    held = held_of([note_object(number) for number in range(4_100)], pap=Pap.CLEAR)
    answer = decide(held, ClientReader(AUREL, "feed"), circle=circle_of())
    header = parse_entry(answer.entry).header
    pages = [Opening.parse(copy) for copy in answer.form.copies]
    for page in pages:
        verify_opening(page, header.says, header.position)
    assert [leaf.index for page in pages for leaf in page.shown[1:]] == list(range(1, 4_101))


def test_a_leaf_that_names_a_withheld_value_by_its_computed_id_goes_with_it():
    address = {"type": "ipv4-addr", "id": ADDRESS, "value": "192.0.2.7"}
    red = address | {"object_marking_refs": [
        "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
    ]}  # fmt: skip
    seen = note_object(1, object_refs=[ADDRESS])
    relay = {"type": "note", "id": "note--00000009-0000-5000-8000-000000000000",
             "object_refs": [ADDRESS]}  # fmt: skip
    third = note_object(2, object_refs=[relay["id"]])
    held = held_of([red, seen, relay, third, note_object(3)], pap=Pap.CLEAR)
    answer = decide(held, ClientReader(AUREL, "feed"), circle=circle_of())
    assert answer.form.shown == (0, 5)
    assert ADDRESS.encode() not in shown_bytes(answer)


def test_an_id_hidden_in_a_nested_object_does_not_shield_the_withheld_one():
    red = {
        "a_note": {"id": "ipv4-addr--11111111-1111-5111-8111-111111111111"},
        "id": ADDRESS,
        "object_marking_refs": ["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"],
        "type": "ipv4-addr",
        "value": "192.0.2.7",
    }
    held = held_of([red, note_object(1, object_refs=[ADDRESS]), note_object(2)], pap=Pap.CLEAR)
    answer = decide(held, ClientReader(AUREL, "feed"), circle=circle_of())
    assert answer.form.shown == (0, 3)


def test_a_leaf_that_cannot_be_read_counts_as_the_strictest():
    held = held_of([b'{"id":"x", "odd":1}', note_object(1)], pap=Pap.CLEAR)
    answer = decide(held, ClientReader(AUREL, "feed"), circle=circle_of())
    assert answer.form.shown == (0, 2)
    assert decide(held, MemberReader(BOREA), circle=circle_of()).form == Full()


@pytest.mark.parametrize(
    ("label", "own_tool", "client"),
    [
        (Tlp.CLEAR, True, True),
        (Tlp.GREEN, True, True),
        (Tlp.AMBER, True, True),
        (Tlp.AMBER_STRICT, True, False),
        (Tlp.RED, False, False),
    ],
)
def test_an_addressees_tools_and_clients_get_what_tlp_says(label, own_tool, client):
    held = held_of([note_object(1)], tlp=label, pap=Pap.CLEAR)
    for is_own, expected in ((True, own_tool), (False, client)):
        reader = ClientReader(BOREA, "feed", is_own=is_own)
        answer = decide(held, reader, circle=circle_of(holder=BOREA))
        assert isinstance(answer, Cleared) == expected


def test_a_token_is_worth_nothing_at_another_members_node():
    answer = decide(held_of([note_object(1)]), ClientReader(BOREA, "feed"), circle=circle_of())
    assert "token" in answer.rule


@pytest.mark.parametrize(
    ("pap", "use", "expected"),
    [
        (Pap.RED, Use.PASSIVE, True),
        (Pap.RED, Use.LOOK_UP, False),
        (Pap.AMBER, Use.LOOK_UP, True),
        (Pap.AMBER, Use.ACT, False),
        (Pap.GREEN, Use.ACT, True),
        (Pap.GREEN, Use.ANY, False),
        (Pap.CLEAR, Use.ANY, True),
    ],
)
def test_a_tool_gets_only_what_may_be_used_as_it_uses_things(pap, use, expected):
    held = held_of([note_object(1)], pap=pap)
    reader = ClientReader(BOREA, "feed", is_own=True, use=use)
    answer = decide(held, reader, circle=circle_of(holder=BOREA))
    assert isinstance(answer, Cleared) == expected
    if expected:
        assert answer.onward.use.value >= use.value


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"is_published": False}, "published"),
        ({"tlp": Tlp.GREEN}, "TLP:GREEN"),
        ({"pap": Pap.GREEN}, "PAP:GREEN"),
        ({"licence": "NOASSERTION"}, "licence"),
    ],
)
def test_the_public_gets_only_what_is_clear_open_and_published_by_its_author(change, rule):
    terms = {"tlp": Tlp.CLEAR, "pap": Pap.CLEAR, "licence": "CC-BY-4.0", "is_published": True}
    cleared = decide(held_of([note_object(1)], **terms), PublicReader(), circle=circle_of())
    assert cleared.form.shown == (0, 1)
    assert cleared.onward.scope is Scope.ANYBODY
    refused = decide(
        held_of([note_object(1)], **(terms | change)), PublicReader(), circle=circle_of()
    )
    assert rule in refused.rule


@pytest.mark.parametrize("standing", [each for each in Standing if each is not Standing.ACTIVE])
def test_who_is_suspended_lapsed_or_gone_gets_nothing_new(standing):
    circle = circle_of(borea=standing)
    held = held_of([note_object(1)], tlp=Tlp.CLEAR)
    answer = decide(held, MemberReader(BOREA), circle=circle)
    assert standing.value in answer.rule
    client = decide(
        held, ClientReader(BOREA, "feed"), circle=circle_of(holder=BOREA, borea=standing)
    )
    assert isinstance(client, Withheld)


def test_a_stranger_gets_not_even_the_header():
    answer = decide(held_of([note_object(1)]), MemberReader(STRANGER), circle=circle_of())
    assert "no member" in answer.rule


def test_admission_grants_no_old_content():
    circle = replace(circle_of(), rosters={CHARTER: MEMBERS - {DUNE}})
    answer = decide(held_of([note_object(1)]), MemberReader(DUNE), circle=circle)
    assert answer.form == HeaderOnly()


def test_unit_means_nobody_under_a_charter_that_is_not_known():
    circle = replace(circle_of(), rosters={})
    assert decide(held_of([note_object(1)]), MemberReader(BOREA), circle=circle).form == (
        HeaderOnly()
    )


@pytest.mark.parametrize("label", Tlp)
def test_a_grant_by_the_author_makes_an_addressee_and_one_by_a_reader_does_not(label):
    for granter, reach in ((AUREL, Tlp.RED), (BOREA, Tlp.GREEN), (DUNE, None), (STRANGER, None)):
        held = held_of([note_object(1)], tlp=label, audience=(BOREA,), grants={CEDAR: granter})
        answer = decide(held, MemberReader(CEDAR), circle=circle_of())
        assert (answer.form == Full()) == (reach is not None and label <= reach)


def test_a_node_that_came_by_content_it_was_never_given_lets_nothing_out():
    held = held_of([note_object(1)], audience=(BOREA,), tlp=Tlp.GREEN)
    answer = decide(held, MemberReader(BOREA), circle=circle_of(holder=CEDAR))
    assert "neither addressed nor granted" in answer.rule


def came(tlp, *, issuer=BOREA, addressed=(BOREA, AUREL), **more):
    number_one = note_object(1)["id"]
    origin = Origin("22" * 32, issuer, frozenset(addressed), tlp=tlp, **more)
    return {number_one: [origin]}


@given(came_as=TLPS, goes_as=TLPS)
def test_a_re_share_keeps_at_least_the_label_it_came_with(came_as, goes_as):
    held = held_of([note_object(1)], tlp=goes_as, origins=came(came_as, pap=Pap.CLEAR))
    answer = decide(held, MemberReader(AUREL), circle=circle_of())
    if goes_as < came_as:
        assert "keeps at least the label" in answer.rule
    else:
        assert isinstance(answer, Cleared)


def test_red_said_again_as_clear_is_refused_before_it_is_sealed():
    content = content_of([note_object(1)], tlp=Tlp.CLEAR)
    said_again = draft(
        content, issuer=AUREL, charter=CHARTER, audience="unit", origins=came(Tlp.RED)
    )
    answers = decide_audience(said_again, circle=circle_of())
    assert len(answers) == 3
    assert all(isinstance(each, Withheld) for each in answers)
    assert "TLP:RED and goes as TLP:CLEAR" in answers[0].rule


@given(tlp=TLPS, addressed=st.frozensets(st.sampled_from([CEDAR, DUNE])))
def test_a_re_share_reaches_only_whom_the_first_label_reached(tlp, addressed):
    origins = came(tlp, addressed=(BOREA, AUREL, *addressed), pap=Pap.CLEAR)
    content = content_of([note_object(1)], tlp=Tlp.RED)
    again = draft(content, issuer=AUREL, charter=CHARTER, audience="unit", origins=origins)
    for answer in decide_audience(again, circle=circle_of()):
        near = answer.reader.member in {BOREA, AUREL, *addressed}
        assert isinstance(answer, Cleared) == (near or tlp <= Tlp.GREEN)


def test_an_author_may_relax_its_own_earlier_label():
    origins = came(Tlp.RED, issuer=AUREL, addressed=(AUREL, BOREA, CEDAR, DUNE))
    held = held_of([note_object(1)], tlp=Tlp.GREEN, origins=origins)
    assert decide(held, MemberReader(BOREA), circle=circle_of()).form == Full()


def test_what_came_without_an_open_licence_is_not_published():
    origins = came(Tlp.CLEAR, pap=Pap.CLEAR, licence="NOASSERTION")
    held = held_of(
        [note_object(1), note_object(2)], tlp=Tlp.CLEAR, pap=Pap.CLEAR, is_published=True,
        origins=origins,
    )  # fmt: skip
    assert decide(held, PublicReader(), circle=circle_of()).form.shown == (0, 2)


def test_what_is_erased_cannot_be_let_out_and_its_commitment_stays_provable():
    held = forget(held_of([note_object(1), note_object(2)]), {1})
    answer = decide(held, MemberReader(BOREA), circle=circle_of())
    assert answer.form.shown == (0, 2)
    assert b"secret-0001" not in shown_bytes(answer)
    header = parse_entry(answer.entry).header
    verify_opening(Opening.parse(answer.form.copies[0]), header.says, header.position)


def test_when_all_is_erased_the_header_remains():
    held = forget(held_of([note_object(1), note_object(2)]), {1, 2})
    assert decide(held, MemberReader(BOREA), circle=circle_of()).form == HeaderOnly()
    assert isinstance(decide(held, ClientReader(AUREL, "feed"), circle=circle_of()), Withheld)


@given(objects=OBJECTS, reader=READERS, erased=st.frozensets(st.integers(0, 4)))
def test_erasing_never_lets_out_more(objects, reader, erased):
    held = held_of(objects, pap=Pap.CLEAR, is_published=True)
    before = amount(decide(held, reader, circle=circle_of()))
    after = amount(decide(forget(held, erased), reader, circle=circle_of()))
    assert after <= before
    assert not after & erased - {0}


def test_a_holder_of_a_redacted_copy_passes_on_no_more_than_it_has():
    content = content_of([note_object(1), note_object(2)], pap=Pap.CLEAR)
    held = hold(statement_of(content), open_leaves(content, {2}))
    reader = ClientReader(BOREA, "feed")
    assert decide(held, reader, circle=circle_of(holder=BOREA)).form.shown == (0, 2)


def test_content_under_another_commitment_is_not_taken_up():
    statement = statement_of(content_of([note_object(1)]))
    with pytest.raises(ContentError):
        hold(statement, content_of([note_object(2)]))
    with pytest.raises(ContentError):
        hold(statement, open_leaves(content_of([note_object(2)]), {1}))


@given(tlp=TLPS, is_own=st.booleans())
def test_onward_limits_name_the_strictest_label_shown(tlp, is_own):
    objects = [note_object(1), note_object(2, tlp)]
    reader = ClientReader(BOREA, "feed", is_own=is_own)
    held = held_of(objects, tlp=Tlp.CLEAR, pap=Pap.CLEAR)
    answer = decide(held, reader, circle=circle_of(holder=BOREA))
    assert answer.onward.tlp == (tlp if 2 in answer.form.shown else Tlp.CLEAR)
    if answer.onward.tlp is Tlp.AMBER:
        assert answer.onward.scope is Scope.OWN_ORGANISATION


def test_an_audience_cannot_name_who_was_no_member_then():
    circle = replace(circle_of(), rosters={CHARTER: MEMBERS - {DUNE}})
    held = held_of([note_object(1)], audience=(BOREA, DUNE))
    assert decide(held, MemberReader(DUNE), circle=circle).form == HeaderOnly()


def test_who_may_have_only_part_of_a_draft_gets_no_key_to_all_of_it():
    content = content_of([note_object(1), note_object(2)], tlp=Tlp.RED)
    again = draft(
        content, issuer=AUREL, charter=CHARTER, audience=(CEDAR,), origins=came(Tlp.AMBER)
    )
    (answer,) = decide_audience(again, circle=circle_of())
    assert "part of it came under terms" in answer.rule


def test_erasing_a_value_erases_what_names_it_by_a_computed_id():
    address = {"type": "ipv4-addr", "id": ADDRESS, "value": "192.0.2.7"}
    objects = [address, note_object(1, object_refs=[ADDRESS]), note_object(2)]
    held = forget(held_of(objects), {1})
    assert decide(held, MemberReader(BOREA), circle=circle_of()).form.shown == (0, 3)


def test_a_repeated_id_does_not_relax_the_first_ones_label():
    again = note_object(1, Tlp.CLEAR, content="the same id, said again")
    held = held_of([note_object(1, Tlp.RED), again, note_object(2)], pap=Pap.CLEAR)
    answer = decide(held, ClientReader(AUREL, "feed"), circle=circle_of())
    assert answer.form.shown == (0, 3)
