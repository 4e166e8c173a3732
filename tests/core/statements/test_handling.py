"""What may be done with content is said once, in one form. (docs/threats.md: A37 relaxed labels)"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.signing import canonical
from detente.statements import ContentError, Handling, Kind, Pap, Tlp
from tests.core.statements.makers import handling, hashes, moments

NAMED = ("0d" * 32, "0e" * 32)
handlings = st.builds(
    Handling,
    kind=st.sampled_from(Kind),
    tlp=st.sampled_from(Tlp),
    pap=st.sampled_from(Pap),
    licence=st.from_regex(r"[A-Za-z0-9.+-]{1,64}", fullmatch=True),
    count=st.integers(1, 2**20),
    about=st.lists(hashes, min_size=1, max_size=5, unique=True).map(sorted).map(tuple),
    due=st.none() | moments,
)


@given(value=handlings)
def test_handling_reads_back_as_it_was_written(value):
    assert Handling.parse(value.to_bytes()) == value


@given(value=handlings, data=st.data())
def test_a_changed_byte_is_refused_or_prints_back_as_it_was_read(value, data):
    raw = bytearray(value.to_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = Handling.parse(bytes(raw))
    except ContentError:
        return
    assert read.to_bytes() == bytes(raw)


@given(junk=st.binary(max_size=200) | st.recursive(st.booleans(), st.lists).map(canonical))
def test_junk_is_refused_without_a_traceback(junk):
    with pytest.raises(ContentError):
        Handling.parse(junk)


@pytest.mark.parametrize(
    "change",
    [
        {"tlp": "white"},
        {"tlp": "RED"},
        {"tlp": ["red"]},
        {"pap": ""},
        {"kind": "opinion"},
        {"kind": None},
        {"count": 0},
        {"count": 2**20 + 1},
        {"count": True},
        {"count": 1.5},
        {"licence": ""},
        {"licence": "two words"},
        {"about": ["0e" * 32, "0d" * 32]},
        {"about": ["0d" * 32, "0d" * 32]},
        {"about": ["0D" * 32]},
        {"about": [1]},
        {"about": "0d"},
        {"due": "tomorrow"},
        {"due": None},
        {"v": 2},
        {"v": True},
        {"extra": 1},
    ],
    ids=str,
)
def test_other_values_are_refused(change):
    value = json.loads(handling().to_bytes()) | change
    with pytest.raises(ContentError):
        Handling.parse(canonical(value))


@pytest.mark.parametrize("kind", [Kind.DENIAL, Kind.RETRACTION, Kind.DISPUTE])
def test_a_denial_retraction_or_dispute_names_what_it_stands_beside(kind):
    with pytest.raises(ContentError, match="names"):
        Handling.parse(handling(kind=kind).to_bytes())
    assert Handling.parse(handling(kind=kind, about=NAMED).to_bytes()).about == NAMED


def test_labels_are_ordered_from_open_to_closed():
    assert max(Tlp.AMBER, Tlp.AMBER_STRICT, Tlp.GREEN) is Tlp.AMBER_STRICT
    assert sorted(Tlp, reverse=True)[0] is Tlp.RED
    assert sorted(Pap)[0] is Pap.CLEAR
