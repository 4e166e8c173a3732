"""A bad leaf hurts itself alone, and speed changes no verdict. (docs/threats.md: A06, A07, A14)"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import UnitError
from detente.signing import canonical, parse_canonical
from detente.statements import (
    BatchReader,
    Content,
    ContentError,
    IndexRow,
    Position,
    TimeLimits,
    identity_of,
    pad_content,
    read_batch,
    serialise,
)
from detente.statements.batch_shapes import read_shape
from detente.statements.index_keys import keys_of
from detente.statements.stix import OBJECT_LIMITS, check_author_of, check_object, check_times
from tests.core.statements.makers import (
    AUREL,
    BOREA,
    NOON,
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
LIMITS = TimeLimits.at(NOON)


def read(content: Content, limits: TimeLimits | None = LIMITS):
    return read_batch([pad_content(content.to_bytes())], issuer=AUREL, limits=limits)


def test_a_batch_gives_a_row_for_every_object_and_the_root_of_its_tree():
    content = small_content(5)
    rows, summary = read(content)
    assert rows[0] == IndexRow(
        1, f"indicator--{uuid(1)}", "indicator", (("ipv4-addr:value", "198.51.100.1"),)
    )
    assert [row.leaf for row in rows] == [1, 2, 3, 4, 5]
    assert summary.root == content.root
    assert summary.handling == handling(5)
    sealed = replace(sealed_header().says, commitment=content.commitment(HERE))
    summary.check(sealed, HERE)
    with pytest.raises(ContentError):
        summary.check(sealed, replace(HERE, issuer=BOREA))


@given(count=st.integers(1, 6), part=st.integers(1, 900))
def test_it_does_not_matter_in_which_parts_a_batch_arrives(count, part):
    data = pad_content(small_content(count).to_bytes())
    parts = [data[at : at + part] for at in range(0, len(data), part)]
    assert read_batch(parts, issuer=AUREL) == read_batch([data], issuer=AUREL)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{",
        b'{"type":"indicator"}',
        canonical(indicator(2)).replace(b":", b": ", 1),
        canonical(indicator(2, name=7)),
        canonical(indicator(2, pattern="[")),
        canonical(indicator(2, member=BOREA)),
        canonical(indicator(2, member=BOREA, name='"')),
        canonical(indicator(2, created="2099-01-01T00:00:00Z", modified="2099-01-01T00:00:00Z")),
        canonical(indicator(2, valid_until="2099-01-01T00:00:00Z")),
        canonical(indicator(2, name='"', valid_until="2099-01-01T00:00:00Z")),
        canonical(indicator(1)),
        canonical(indicator(1, name='said "again"')),
    ],
    ids=[
        *("empty", "cut", "lacks all", "not canonical", "wrong property", "no pattern"),
        *("forged author", "forged author, the general way", "from the future", "valid for ages"),
        *("valid for ages, the general way", "id again", "id again, other words"),
    ],
)
def test_a_bad_leaf_or_a_repeated_id_rejects_that_leaf_alone(bad):
    content = content_of(canonical(indicator(1)), bad, canonical(indicator(3)))
    rows, summary = read(content)
    assert [row.leaf for row in rows] == [1, 3]
    assert [leaf.leaf for leaf in summary.rejected] == [2]
    assert summary.rejected[0].reason
    assert summary.root == content.root


@pytest.mark.parametrize(
    "first",
    [b"{}", handling(2).to_bytes(), canonical(indicator(9))],
    ids=["no handling", "other count", "an object"],
)
def test_content_without_its_handling_is_refused_whole(first):
    with pytest.raises(ContentError):
        read(content_of(canonical(indicator(1)), first=first))


def test_a_batch_that_ends_early_is_refused():
    data = small_content(3).to_bytes()
    for cut in (20, 45, 200, len(data) - 1):
        reader = BatchReader(issuer=AUREL, limits=None)
        reader.feed(data[:cut])
        with pytest.raises(ContentError, match="ends"):
            reader.close()


def test_what_follows_a_batch_is_zero_padding_in_every_part():
    data = small_content(2).to_bytes()
    reader = BatchReader(issuer=AUREL, limits=None)
    reader.feed(data + bytes(10))
    reader.feed(bytes(10))
    with pytest.raises(ContentError, match="padding"):
        reader.feed(b"\0\1")


@pytest.mark.parametrize("count", [0, 2**20 + 2])
def test_an_impossible_count_is_refused_at_once(count):
    with pytest.raises(ContentError, match="leaves"):
        BatchReader(issuer=AUREL, limits=None).feed(bytes(32) + count.to_bytes(8))


@given(junk=st.binary(max_size=400))
def test_junk_is_refused_without_a_traceback(junk):
    with pytest.raises(ContentError):
        read_batch([junk], issuer=AUREL)


def test_serialise_writes_what_content_writes():
    content = small_content(3)
    pairs = [(leaf.salt, leaf.data) for leaf in content.leaves]
    assert b"".join(serialise(content.salt, pairs, 4)) == content.to_bytes()


# One object in every way it may be written, and many in which it may not.
texts = st.text(max_size=12) | st.sampled_from(['"', "\\", "\x00", "\x7f", "é", "\U0001f5f3", ""])
moments = st.sampled_from(
    [
        *("2026-11-02T10:00:00Z", "2026-11-02T10:00:00.000Z", "2026-11-02T10:00:00.001Z"),
        *("2026-02-30T10:00:00Z", "2026-11-02T10:00:60Z", "2099-01-01T00:00:00Z"),
        *("1601-01-01T00:00:00Z", "2026-11-02 10:00:00Z", "2026-11-02T10:00:00.Z"),
        *("2026-11-02T10:00:00.0000000001Z", "2026-11-02T10:00:00", ""),
    ]
)
uuids = st.sampled_from([uuid(3), uuid(3, 5), uuid(3, 9), uuid(3).upper(), uuid(3)[:-1], ""])
patterns = st.sampled_from(
    [
        *("[file:name = 'x']", "[url:value='x']", "[a:b = 1]", "[file:name = 'x' OR a:b = 2]"),
        *("[file:hashes.MD5 = 'f00']", "[AND:value = 'x']", "[true:value = 'x']", "[a:IN = 'x']"),
        *("[file:name = 'it\\'s']", "[", "", "[file:name = '\u20ac']", "[a-:b = 'c']"),
    ]
)
options = st.fixed_dictionaries(
    {},
    optional={
        "confidence": st.sampled_from([0, 7, 100, 101, -1, True, 1.5, "7"]),
        "created": moments,
        "created_by_ref": uuids.map("identity--".__add__),
        "description": texts,
        "external_references": st.lists(
            st.fixed_dictionaries(
                {"source_name": texts},
                optional={"url": texts, "description": texts, "external_id": texts, "more": texts},
            )
            | st.just({"url": "x"}),
            max_size=2,
        ),
        "id": uuids.map("indicator--".__add__),
        "indicator_types": st.lists(texts, max_size=2),
        "labels": st.lists(texts | st.just(1), max_size=2),
        "lang": texts,
        "modified": moments,
        "name": texts,
        "object_marking_refs": st.lists(uuids.map("marking-definition--".__add__), max_size=2),
        "pattern": patterns | texts,
        "pattern_type": st.sampled_from(["stix", "sigma", ""]),
        "pattern_version": texts,
        "revoked": st.sampled_from([True, False, None, 0]),
        "spec_version": st.sampled_from(["2.1", "2x1", "2.0"]),
        "type": st.sampled_from(["indicator", "malware"]),
        "valid_from": moments,
        "valid_until": moments,
        "x_more": texts,
    },
)


def general(raw: bytes):
    """(type, id, keys) by the general way, or None where it refuses."""
    try:
        value = parse_canonical(raw, OBJECT_LIMITS)
        object_type, identifier = check_object(value)
        return object_type, identifier, keys_of(object_type, value)
    except UnitError:
        return None


def shaped(raw: bytes):
    shape = read_shape(raw)
    return None if shape is None else (shape[0], shape[1], (shape[3],))


@given(options=options)
def test_the_fast_way_says_yes_only_where_the_general_way_does(options):
    raw = canonical(indicator() | options)
    if (fast := shaped(raw)) is not None:
        assert fast == general(raw)


@given(options=options, data=st.data())
def test_bytes_changed_at_will_get_no_other_verdict_from_the_fast_way(options, data):
    raw = bytearray(canonical(indicator() | {"labels": ["c2"], "confidence": 85} | options))
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 1))] = data.draw(
            st.binary(max_size=1) | st.sampled_from([b'"', b"\\", b" ", b",", b"\xff", b"0"])
        )
    if (fast := shaped(bytes(raw))) is not None:
        assert fast == general(bytes(raw))


@pytest.mark.parametrize(
    "written",
    [
        *(rb"\u%04x" % code for code in range(0x20)),
        *(rb"\u%04X" % code for code in (0x0B, 0x1F)),
        *(b"\\" + bytes([code]) for code in range(0x20, 0x7F)),
        rb"\u0022",
        rb"\u005c",
        rb"\ud83d\ude00",
        rb"\ud800",
        b"\\",
    ],
)
def test_an_escape_gets_one_verdict_both_ways(written):
    raw = canonical(indicator(name="here")).replace(b'"here"', b'"a' + written + b'b"')
    assert shaped(raw) == general(raw)


@given(value=texts, data=st.data())
def test_an_observable_gets_one_verdict_both_ways(value, data):
    raw = bytearray(canonical(observable(1, value)))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place : place + 1] = data.draw(st.binary(max_size=1) | st.just(raw[place : place + 1]))
    if (fast := shaped(bytes(raw))) is not None:
        assert fast == general(bytes(raw))


@given(options=options)
def test_both_ways_reject_the_same_times_and_authors(options):
    raw = canonical(indicator(2) | options)
    content = content_of(raw)
    _, summary = read(content)
    taken = general(raw) is not None
    if taken:
        value = parse_canonical(raw, OBJECT_LIMITS)
        try:
            check_author_of(str(value["type"]), value, identity_of(AUREL))
            check_times(value, LIMITS)
        except UnitError:
            taken = False
    assert taken == (not summary.rejected)


def test_what_is_shared_most_takes_the_fast_way():
    full = indicator(
        confidence=85,
        description="Seen in own telemetry",
        indicator_types=["malicious-activity"],
        labels=["election"],
        object_marking_refs=[f"marking-definition--{uuid(9)}"],
        external_references=[{"source_name": "own", "url": "https://example.net"}],
        valid_until="2026-12-02T10:00:00Z",
    )
    assert read_shape(canonical(full)) is not None
    odd = {"name": 'The "second" \\ server', "description": "\0\b\t\n\v\f\r\x1b\x1f\x7f\u2028/"}
    assert read_shape(canonical(full | odd)) is not None
    assert read_shape(canonical(observable(1, "a.example.net"))) is not None


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("[a:b = 'x' OR a:c IN ('y', 7)]", (("a:b", "x"), ("a:c", "y"), ("a:c", "7"))),
        ("[a:b NOT = 'x' AND a:c LIKE 'y%']", ()),
        ("[a:b = 'x'] AND [a:b = 'x']", (("a:b", "x"),)),
    ],
)
def test_a_pattern_is_found_by_every_value_it_asks_for(pattern, keys):
    assert keys_of("indicator", indicator(pattern=pattern)) == keys


def test_observables_are_found_by_name_and_hash():
    value = {"name": "a.exe", "hashes": {"MD5": "00", "SHA-256": "11"}}
    assert keys_of("file", value) == (
        ("file:name", "a.exe"),
        ("file:hashes.MD5", "00"),
        ("file:hashes.SHA-256", "11"),
    )
    assert keys_of("malware", value) == ()
