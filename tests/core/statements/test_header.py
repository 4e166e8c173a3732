"""What is signed has one form, and names its place. (docs/threats.md: A28 replay, A07 parsers)"""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import UnitError
from detente.signing import canonical, format_time
from detente.statements import UNIT, Clear, Header, Sealed, StatementError
from tests.core.statements.makers import AUREL, BOREA, CALDA, headers, sealed_header


def general_form(header: Header) -> bytes:
    """The header by the general RFC 8785 printer."""
    common = {
        "v": 1,
        "unit": header.unit,
        "charter": header.charter,
        "issuer": header.issuer,
        "epoch": header.epoch,
        "seq": header.seq,
        "time": format_time(header.time),
    }
    match header.says:
        case Clear() as says:
            own = {"kind": says.kind, "body": says.body}
        case Sealed() as says:
            audience = says.audience if says.audience == UNIT else list(says.audience)
            own = {
                "audience": audience,
                "commitment": says.commitment,
                "ciphertext": says.ciphertext,
                "size": says.size,
                "wraps": list(says.wraps),
            }
    return canonical(common | own)


@given(header=headers)
def test_a_header_reads_back_as_it_was_printed(header):
    assert Header.parse(header.to_bytes()) == header


@given(header=headers)
def test_the_templates_print_what_the_general_printer_prints(header):
    assert header.to_bytes() == general_form(header)


@given(header=headers, data=st.data())
def test_a_changed_byte_is_refused_or_prints_back_as_it_was_read(header, data):
    payload = bytearray(header.to_bytes())
    place = data.draw(st.integers(0, len(payload) - 1))
    payload[place] = data.draw(st.integers(0, 255))
    try:
        read = Header.parse(bytes(payload))
    except StatementError:
        return
    assert read.to_bytes() == bytes(payload)


@given(junk=st.binary(max_size=300))
def test_junk_is_refused_without_a_traceback(junk):
    with pytest.raises(StatementError):
        Header.parse(junk)


@given(text=st.recursive(st.integers() | st.text(), st.lists, max_leaves=30).map(json.dumps))
def test_other_json_is_refused_without_a_traceback(text):
    with pytest.raises(StatementError):
        Header.parse(text.encode())


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (rb'"epoch":1', rb'"epoch":01'),
        (rb'"epoch":1', rb'"epoch":1.0'),
        (rb'"epoch":1', rb'"epoch":-1'),
        (rb'"epoch":1', rb'"epoch":9007199254740992'),
        (rb'"epoch":1', rb'"epoch":true'),
        (rb'"v":1', rb'"v":2'),
        (rb'"v":1', rb'"v":true'),
        (rb'"size":1024', rb'"size":1025'),
        (rb'"size":1024', rb'"size":4563402752'),
        (rb'"audience":"unit"', rb'"audience":"all"'),
        (rb'"time":"2026-11-03T12:00:00Z"', rb'"time":"2026-02-30T12:00:00Z"'),
        (rb'"time":"2026-11-03T12:00:00Z"', rb'"time":"2026-11-03T12:00:60Z"'),
        (rb'"time":"2026-11-03T12:00:00Z"', rb'"time":"2026-11-03T14:00:00+02:00"'),
        (rb'"unit":"01', rb'"unit":"0G'),
        (rb'"issuer":"a1', rb'"issuer":"A1'),
        (rb'"seq":7,', rb'"seq":7, '),
        (rb'"seq":7,', rb'"seq":7,"seq":7,'),
        (rb'"seq":7,', rb""),
        (rb"^\{", rb'{"also":1,'),
        (rb"\}$", rb"}\n"),
    ],
)
def test_a_header_has_exactly_its_keys_in_exactly_their_form(pattern, replacement):
    payload, changes = re.subn(pattern, replacement, sealed_header().to_bytes(), count=1)
    assert changes == 1
    with pytest.raises(StatementError):
        Header.parse(payload)


@pytest.mark.parametrize(
    ("audience", "wraps"),
    [
        ((CALDA, BOREA), 2),
        ((BOREA, BOREA), 2),
        ((BOREA, CALDA), 1),
        ((BOREA,), 2),
        ((AUREL, BOREA), 2),
        (UNIT, 64),
    ],
    ids=["descending", "twice", "too few wraps", "too many wraps", "the issuer", "65 members"],
)
def test_readers_ascend_each_once_with_one_wrap_and_without_the_issuer(audience, wraps):
    says = Sealed(
        audience=audience,
        commitment="d0" * 32,
        ciphertext="e0" * 32,
        size=1024,
        wraps=("f1" * 32,) * wraps,
    )
    with pytest.raises(StatementError):
        Header.parse(sealed_header(says=says).to_bytes())


def test_a_body_too_deep_to_read_is_refused():
    payload = sealed_header(says=Clear("note", b'{"a":' * 40 + b"1" + b"}" * 40)).to_bytes()
    with pytest.raises(UnitError):
        Header.parse(payload)
