"""Every node reads the same JSON, or refuses it the same way. (docs/threats.md, A06, A07)"""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from detente.signing import (
    INTEGER_MAX,
    JsonError,
    JsonLimits,
    canonical,
    parse_canonical,
    parse_strict,
)

INTEGERS = st.integers(min_value=-INTEGER_MAX, max_value=INTEGER_MAX)
SCALARS = (
    st.none()
    | st.booleans()
    | INTEGERS
    | st.floats(allow_nan=False, allow_infinity=False).filter(
        lambda number: not INTEGER_MAX < abs(number) < 1e21
    )
    | st.text()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(value=VALUES)
def test_what_is_printed_is_read_again(value):
    assert parse_canonical(canonical(value)) == parse_strict(rfc8785.dumps(value))
    assert canonical(parse_canonical(canonical(value))) == canonical(value)


@given(value=VALUES)
def test_the_quick_printer_writes_what_the_reference_writes(value):
    assert canonical(value) == rfc8785.dumps(value)


@given(value=VALUES, indent=st.sampled_from([None, 0, 3]), ascii_only=st.booleans())
def test_another_spelling_is_read_as_the_same_value(value, indent, ascii_only):
    spelled = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    assert canonical(parse_strict(spelled)) == canonical(value)


@given(value=VALUES, indent=st.sampled_from([None, 1]))
def test_only_the_one_spelling_is_canonical(value, indent):
    spelled = json.dumps(value, indent=indent).encode()
    if spelled == canonical(value):
        parse_canonical(spelled)
    else:
        with pytest.raises(JsonError):
            parse_canonical(spelled)


@given(value=VALUES, place=st.integers(min_value=0), byte=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_read_as_others_read_it(value, place, byte):
    data = bytearray(canonical(value))
    data[place % len(data)] = byte
    try:
        seen = parse_strict(bytes(data))
    except JsonError:
        return
    assert json.dumps(seen) == json.dumps(json.loads(bytes(data)))


@given(data=st.binary(max_size=200))
def test_hostile_bytes_are_refused_and_nothing_else(data):
    try:
        parse_strict(data)
    except JsonError:
        return
    json.loads(data)


REFUSED = {
    "a duplicate key": b'{"a":1,"a":1}',
    "a duplicate key, spelled in another way": b'{"a":1,"\\u0061":2}',
    "a duplicate key, deep inside": b'[{"x":{"k":0,"k":0}}]',
    "NaN": b"[NaN]",
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "an integer beyond 2^53 - 1": b"[9007199254740992]",
    "a negative integer beyond 2^53 - 1": b"[-9007199254740992]",
    "an integer of ten thousand digits": b"[" + b"9" * 10_000 + b"]",
    "a number no double holds": b"[1e400]",
    "a lone high surrogate": b'["\\ud800"]',
    "a lone low surrogate": b'["\\udc00"]',
    "surrogates the wrong way round": b'["\\udc00\\ud800"]',
    "a surrogate as bytes": b'["\xed\xa0\x80"]',
    "overlong UTF-8": b'["\xc0\xaf"]',
    "a byte order mark": b"\xef\xbb\xbf[]",
    "UTF-16": "[]".encode("utf-16"),
    "a leading zero": b"[01]",
    "a comment": b"[1]//",
    "a comma too many": b"[1,]",
    "single quotes": b"['a']",
    "a raw control character": b'["\x01"]',
    "two documents": b"[] []",
    "nothing": b"",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_what_parsers_disagree_on_is_refused(data):
    with pytest.raises(JsonError):
        parse_strict(data)


@pytest.mark.parametrize("number", [0, -1, INTEGER_MAX, -INTEGER_MAX])
def test_integers_up_to_the_limit_are_read(number):
    assert parse_canonical(str(number).encode()) == number


def test_a_document_of_sixty_four_kibibytes_is_read_and_one_byte_more_is_not():
    fits = b'"' + b"a" * 65_534 + b'"'
    assert parse_strict(fits) == "a" * 65_534
    with pytest.raises(JsonError, match="65537 bytes"):
        parse_strict(fits + b" ")


@pytest.mark.parametrize("opened", [b"[", b'{"a":'])
def test_nesting_is_counted_before_it_is_followed(opened):
    with pytest.raises(JsonError, match="nested deeper than 32"):
        parse_strict(opened * 33)
    with pytest.raises(JsonError, match="nested deeper"):
        parse_strict(opened * 10_000)
    parse_strict(b"[" * 32 + b"]" * 32)


def test_values_are_counted_before_they_are_read():
    limits = JsonLimits(size_bytes=10_000, depth=8, values=100)
    parse_strict(b"[" + b",".join([b"0"] * 99) + b"]", limits)
    with pytest.raises(JsonError, match="more than 100 values"):
        parse_strict(b"[" + b",".join([b"0"] * 101) + b"]", limits)


@pytest.mark.parametrize("rest", [b"", b"\\", b"\\\\"])
def test_a_text_that_never_ends_is_looked_at_once(rest):
    # Looked at again from each of its quotes, this would take hours.
    endless = b"[" * 5 + b'"[' + b'\\"' * 2_000_000 + rest
    with pytest.raises(JsonError, match="not strict JSON"):
        parse_strict(endless, JsonLimits(size_bytes=len(endless), depth=5, values=16))


def test_brackets_and_commas_inside_text_are_no_structure():
    text = '[{,\\"' * 1_000
    assert parse_strict(json.dumps([text]).encode()) == [text]


NO_JSON = {
    "NaN": float("nan"),
    "an infinity": [float("inf")],
    "a huge integer": 2**53,
    "a key that is no text": {1: 2},
    "bytes": b"x",
    "a float that prints as a huge integer": [2.0**53],
    "the next one below an exponent": {"a": 1e20},
    "a lone surrogate": "\ud800",
    "an object": object(),
}


@pytest.mark.parametrize("value", NO_JSON.values(), ids=NO_JSON.keys())
def test_what_is_no_json_has_no_canonical_form(value):
    with pytest.raises(JsonError):
        canonical(value)


def test_the_example_of_the_specification_is_written_as_printed_there():
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert canonical(value) == (
        b'{"literals":[null,true,false],'
        b'"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_keys_are_sorted_by_utf_16_units_and_not_by_code_points():
    assert canonical({"\U0001f600": 1, "\ufb33": 2}) == '{"\U0001f600":1,"\ufb33":2}'.encode()
