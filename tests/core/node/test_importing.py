"""A file is said whole or not at all, and every line that stops it is named at once."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import InputError
from detente.node.importing import import_file
from detente.node.observables import PATHS, fault_of
from detente.statements.index_keys import keys_of
from detente.statements.stix import identity_of

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
MEMBER = "ab" * 32
NOTE = {
    "type": "note",
    "spec_version": "2.1",
    "id": "note--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061",
    "created_by_ref": "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff",
    "created": "2026-01-01T00:00:00.000Z",
    "modified": "2026-01-01T00:00:00.000Z",
    "content": "words",
    "object_refs": ["identity--f431f809-377b-45e0-aa1c-6a4751cae5ff"],
}


def taken(name, data):
    data = data if isinstance(data, bytes) else data.encode()
    return import_file(Path(name), data, member=MEMBER, now=NOW)


def refusal(name, data):
    with pytest.raises(InputError) as told:
        taken(name, data)
    assert told.value.message.startswith(name), "every error names the file"
    assert told.value.remedy
    return told.value


def test_a_table_becomes_indicators_under_the_members_own_name():
    table = "\ufeffType, VALUE ,name\nipv4-addr,198.51.100.7,scanner\nmd5," + "AB" * 16 + ",\n"
    imported = taken("a.CSV", table)
    first, second = imported.objects
    assert first.properties["pattern"] == "[ipv4-addr:value = '198.51.100.7']"
    assert first.properties["name"] == "scanner"
    assert second.properties["pattern"] == f"[file:hashes.MD5 = '{'ab' * 16}']"
    assert {each.created_by for each in imported.objects} == {identity_of(MEMBER)}
    assert imported.reissued == 0


def test_every_bad_line_of_a_table_is_named_at_once():
    table = "type,value,name\nipv4-addr,1.2.3.400,\nipv4-addr,192.0.2.1,good\nmd5,zz,\n\nfoo,x,\n"
    error = refusal("a.csv", table)
    assert error.line == 2
    assert "a.csv:2: ipv4-addr '1.2.3.400'" in error.message
    assert "line 4: md5 'zz'" in error.message
    assert "type 'foo'" in error.message
    many = refusal("a.csv", "type,value\n" + "md5,zz\n" * 500)
    assert "and 480 lines more" in many.message
    assert len(many.message) < 2_000


@pytest.mark.parametrize(
    ("table", "line", "says"),
    [
        ("", 1, "names no column type or value"),
        ("value\nx\n", 1, "names no column type"),
        ("type,value,tlp\nmd5,x,red\n", 1, "'tlp' that would not be said"),
        ("type,value,name,name\n", 1, "a column twice"),
        ("type,value,name\nipv4-addr,192.0.2.1,scan, bad\n", 2, "more fields than columns"),
        ('type,value\nurl,"http://x\n', 2, "not a CSV table"),
        (b"type,value\nurl,http://\xff\n", 2, "not text in UTF-8"),
        (b"\x00\x01\x02", 1, "names no column"),
        ("type,value\nurl,http://x\u202ey\n", 2, "nobody sees"),
        ("type,value\nipv4-addr,\n", 2, "is empty"),
        ("type,value\nipv4-addr,192.0.2.1/8\n", 2, "beyond its prefix"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(table, line, says):
    error = refusal("a.csv", table)
    assert error.line == line
    assert says in error.message


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not strict JSON"),
        (b"\xff\xfe\x00", "not strict JSON"),
        (b"[]", "a STIX document is a JSON object"),
        (b"{}", "1 of its objects cannot be said"),
        (b'{"a":1,"a":2}', "stands twice"),
        (b"[" * 5_000, "JSON"),
        (json.dumps({"Event": {"info": "x"}}), "has a uuid"),
        (json.dumps({"type": "bundle", "id": "bundle--1"}), "bundle--UUID"),
    ],
)
def test_what_is_no_bundle_is_refused(data, says):
    assert says in refusal("a.json", data).message


def test_a_misp_event_is_recognised_and_the_way_out_of_misp_named():
    assert "MISP" in refusal("a.json", json.dumps({"Event": {"info": "x"}})).remedy


def test_every_bad_line_of_ndjson_is_named_at_once():
    lines = [json.dumps(NOTE), "", "{}", "[1]", "\x00", json.dumps(NOTE | {"id": "note--1"})]
    error = refusal("a.ndjson", "\n".join(lines))
    assert error.line == 3
    for number in (4, 5, 6):
        assert f"line {number}: " in error.message


def test_what_others_made_is_reissued_and_what_stands_twice_is_said_once():
    again = "\n".join([json.dumps(NOTE), json.dumps(dict(reversed(NOTE.items())))])
    imported = taken("a.jsonl", again)
    (only,) = imported.objects
    assert imported.reissued == 1
    assert only.created_by == identity_of(MEMBER)
    assert NOTE["id"] in str(only.properties["external_references"])
    two = "\n".join([json.dumps(NOTE), json.dumps(NOTE | {"content": "other"})])
    assert "twice with different content" in refusal("a.jsonl", two).message


cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(kind=st.sampled_from(sorted(PATHS)), value=cells)
def test_a_value_is_found_again_by_what_was_written_or_it_is_refused(kind, value):
    if fault_of(kind, value.strip()):
        return
    quoted = value.replace('"', '""')
    (indicator,) = taken("a.csv", f'type,value\n{kind},"{quoted}"\n').objects
    ((_path, found),) = keys_of("indicator", indicator.properties)
    cased = value.strip()
    assert found == (cased if kind in ("url", "email-addr") else cased.lower())


@given(
    name=st.sampled_from(["a.csv", "a.ndjson", "a.json"]),
    data=st.binary(max_size=80) | cells.map(lambda text: ("type,value\n" + text).encode()),
)
def test_no_bytes_make_an_import_fail_in_another_way(name, data):
    with suppress(InputError):
        assert taken(name, data).objects


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("ipv4-addr", ["192.0.2.1", "192.0.2.0/24"], ["192.0.2", "::1", "01.2.3.4", "1.2.3.4 "]),
        ("ipv6-addr", ["2001:db8::1", "2001:db8::/32"], ["192.0.2.1", "2001:db8::g"]),
        ("domain-name", ["example.org", "_dmarc.büro.example"], ["org", "a..b", "a.org-", "a b"]),
        ("url", ["https://a.example/b?c=d'e"], ["a.example", "https://", "http://a b"]),
        ("email-addr", ["a+b@example.org"], ["a@b@c.org", "@x.org", "a b@c.org"]),
        ("sha256", ["ab" * 32], ["ab" * 31, "xy" * 32]),
    ],
)  # fmt: skip
def test_a_value_that_could_match_nothing_is_noticed(kind, good, bad):
    assert [fault_of(kind, value) for value in good] == [""] * len(good)
    assert all(fault_of(kind, value) for value in bad)
