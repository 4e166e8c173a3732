"""Parts can be shown, proven and forgotten without the rest. (docs/threats.md: guessing leaves)"""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.signing import canonical
from detente.statements import (
    Content,
    ContentError,
    Opening,
    Position,
    Sealed,
    identity_of,
    narrow,
    open_leaves,
    verify_opening,
)
from tests.core.statements.makers import (
    AUREL,
    BOREA,
    THE_UNIT,
    content_of,
    handling,
    indicator,
    observable,
    sealed_header,
    small_content,
    uuid,
)

HERE = Position(unit=THE_UNIT, issuer=AUREL, epoch=1, seq=7)


def sealed(content: Content) -> Sealed:
    return replace(sealed_header().says, commitment=content.commitment(HERE))


@given(count=st.integers(1, 12), data=st.data())
def test_every_choice_of_leaves_verifies_and_reads_back(count, data):
    content = small_content(count)
    wanted = data.draw(st.sets(st.integers(0, count)))
    opening = open_leaves(content, wanted)
    assert Opening.parse(opening.to_bytes()) == opening
    assert verify_opening(opening, sealed(content), HERE) == handling(count)
    assert {shown.index for shown in opening.shown} == wanted | {0}
    assert opening.withheld == count - len(wanted - {0})


@given(data=st.data())
def test_a_changed_byte_of_an_opening_is_refused(data):
    content = small_content(5)
    raw = bytearray(open_leaves(content, {2, 4}).to_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ContentError):
        verify_opening(Opening.parse(bytes(raw)), sealed(content), HERE)


@given(junk=st.binary(max_size=200) | st.recursive(st.booleans(), st.lists).map(canonical))
def test_junk_is_refused_without_a_traceback(junk):
    with pytest.raises(ContentError):
        Opening.parse(junk)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"count": 0},
        {"count": 2**20 + 2},
        {"count": True},
        {"leaves": []},
        {"leaves": {}},
        {"leaves": [1]},
        {"salt": "AAAA"},
        {"root": None},
        {"more": 1},
    ],
    ids=str,
)
def test_an_opening_has_one_form(change):
    value = json.loads(open_leaves(small_content(), {1}).to_bytes()) | change
    with pytest.raises(ContentError):
        Opening.parse(canonical(value))


def test_the_handling_cannot_be_left_out_nor_leaves_put_in_another_order():
    value = json.loads(open_leaves(small_content(), {1, 2}).to_bytes())
    for leaves in (value["leaves"][1:], value["leaves"][::-1], value["leaves"][:1] * 2):
        with pytest.raises(ContentError, match="handling first"):
            Opening.parse(canonical(value | {"leaves": leaves}))


def test_an_opening_belongs_to_one_place():
    content = small_content()
    opening = open_leaves(content, {1})
    with pytest.raises(ContentError, match="belong"):
        verify_opening(opening, sealed(content), replace(HERE, issuer=BOREA))


def test_a_leaf_shown_at_the_place_of_another_is_refused():
    content = small_content()
    opening = open_leaves(content, {1, 2})
    first, one, two = opening.shown
    swapped = replace(opening, shown=(first, replace(one, leaf=two.leaf), two))
    with pytest.raises(ContentError, match="leaf 1"):
        verify_opening(swapped, sealed(content), HERE)


def test_a_handling_that_counts_other_leaves_is_refused():
    content = content_of(canonical(indicator(1)), first=handling(2).to_bytes())
    with pytest.raises(ContentError, match="counts 2"):
        verify_opening(open_leaves(content, {1}), sealed(content), HERE)


def test_a_leaf_that_does_not_exist_cannot_be_shown():
    with pytest.raises(ContentError, match="leaf 4"):
        open_leaves(small_content(), {4})


RELATION = {
    "type": "relationship",
    "spec_version": "2.1",
    "id": f"relationship--{uuid(90)}",
    "created_by_ref": identity_of(AUREL),
    "created": "2026-11-02T10:00:00Z",
    "modified": "2026-11-02T10:00:00Z",
    "relationship_type": "based-on",
    "source_ref": f"indicator--{uuid(1)}",
}


def related(target: str, number: int = 90) -> bytes:
    return canonical(RELATION | {"id": f"relationship--{uuid(number)}", "target_ref": target})


def shown(content: Content, wanted: set[int]) -> set[int]:
    return {leaf.index for leaf in open_leaves(content, wanted).shown}


def test_a_leaf_that_names_a_withheld_object_by_a_computable_id_is_withheld():
    secret = observable(5, "secret.example.net")
    content = content_of(canonical(indicator(1)), canonical(secret), related(secret["id"]))
    assert shown(content, {1, 3}) == {0, 1}
    assert shown(content, {1, 2, 3}) == {0, 1, 2, 3}


def test_a_random_id_tells_nothing_and_may_stay():
    secret = observable(5, "secret.example.net", version=4)
    content = content_of(canonical(indicator(1)), canonical(secret), related(secret["id"]))
    assert shown(content, {1, 3}) == {0, 1, 3}


def test_withholding_goes_on_along_computable_ids():
    middle = observable(6, "middle.example.net") | {"resolves_to_refs": [observable(5, "")["id"]]}
    content = content_of(
        canonical(observable(5, "secret.example.net")),
        canonical(middle),
        related(middle["id"]),
    )
    assert shown(content, {2, 3}) == {0}


def test_the_author_of_an_object_is_no_secret():
    identity = {
        "type": "identity",
        "spec_version": "2.1",
        "id": identity_of(AUREL),
        "created_by_ref": identity_of(AUREL),
        "created": "2026-11-02T10:00:00Z",
        "modified": "2026-11-02T10:00:00Z",
        "name": "Aurel",
    }
    content = content_of(canonical(identity), canonical(indicator(1)))
    assert shown(content, {2}) == {0, 2}


def test_an_id_within_an_extension_does_not_hide_whose_leaf_it_is():
    secret = observable(5, "secret.example.net") | {"a": {"id": f"url--{uuid(8)}"}}
    content = content_of(canonical(secret), related(secret["id"]))
    assert shown(content, {2}) == {0}


def test_a_redacted_copy_can_be_narrowed_and_still_proves():
    content = small_content(6)
    copy = narrow(open_leaves(content, {1, 2, 3}), {2})
    assert [leaf.index for leaf in copy.shown] == [0, 2]
    verify_opening(copy, sealed(content), HERE)


def test_a_redacted_copy_shows_nothing_that_was_withheld():
    copy = open_leaves(small_content(6), {1, 2})
    with pytest.raises(ContentError, match="not shown"):
        narrow(copy, {5})


def test_after_erasure_the_commitment_still_proves_what_remains():
    content = small_content(6)
    remains = narrow(open_leaves(content, set(range(7))), {1, 2, 3, 5, 6})
    raw = remains.to_bytes()
    erased = content.leaves[4]
    verify_opening(Opening.parse(raw), sealed(content), HERE)
    assert erased.salt not in b"".join(leaf.leaf.salt for leaf in remains.shown)
    assert json.loads(erased.data)["id"].encode() not in b"".join(
        leaf.leaf.data for leaf in remains.shown
    )


def test_without_its_salt_a_neighbour_cannot_be_guessed():
    """The path shows the sibling's hash; hashing the guessed object alone does not give it."""
    content = content_of(canonical(indicator(1)))
    (first,) = open_leaves(content, set()).shown
    unsalted = replace(content.leaves[1], salt=b"")
    assert content.leaves[1].hash in first.path
    assert unsalted.hash not in first.path
