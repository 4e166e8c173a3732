"""A request is read in one way or refused: filters, paging, media types, tokens."""

from base64 import b64encode
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.exchange.taxii.accounts import presented_token
from detente.exchange.taxii.errors import TaxiiError
from detente.exchange.taxii.limits import PAGE_OBJECTS_MAX
from detente.exchange.taxii.negotiation import MEDIA_TYPE, check_accept, check_content_type
from detente.exchange.taxii.query import (
    DELETE_FILTERS,
    OBJECT_FILTERS,
    VERSIONS_FILTERS,
    parse_query,
    print_moment,
    print_next,
    read_moment,
    time_key,
)

MOMENTS = st.integers(0, 4_102_444_800 * 10**6)


def refused(act, *given):
    with pytest.raises(TaxiiError) as caught:
        act(*given)
    return caught.value.status


def test_without_filters_the_latest_version_of_everything_is_meant():
    query = parse_query(b"")
    assert (query.after, query.ids, query.types) == (-1, frozenset(), frozenset())
    assert query.versions == {"last"}


@given(MOMENTS)
def test_a_moment_is_written_and_read_to_the_microsecond(moment):
    assert read_moment(print_moment(moment)) == moment
    asked = parse_query(f"added_after={quote(print_moment(moment))}".encode())
    assert asked.after == moment


@given(MOMENTS)
def test_next_is_read_as_it_was_given(moment):
    assert parse_query(f"next={print_next(moment)}".encode()).after == moment


def test_the_later_of_next_and_added_after_counts():
    query = f"next={print_next(50)}&added_after={quote(print_moment(20))}".encode()
    assert parse_query(query).after == 50


@pytest.mark.parametrize(
    "raw",
    [
        b"limit=0",
        b"limit=-1",
        b"limit=1.5",
        b"limit=x",
        b"limit=" + b"9" * 4_400,
        b"limit=",
        b"next=%00",
        b"next=zz",
        b"next=" + b"f" * 40,
        b"added_after=yesterday",
        b"added_after=2026-02-30T00:00:00Z",
        b"added_after=2026-01-01T00:00:00",
        b"added_after=2026-01-01T00:00:00%2B01:00",
        b"match[id]=",
        b"match[id]=indicator--x",
        b"match[type]=Indicator",
        b"match[type]=a,,b",
        b"match[version]=newest",
        b"match[version]=all,last",
        b"match[spec_version]=three",
        b"match[name]=x",
        b"match[=x",
        b"match[id]=" + b",".join([b"a--" + b"0" * 36] * 65),
        b"limit=1&limit=2",
        b"match[type]=a&match[type]=b",
        b"limit=%ff",
        b"\xff=1",
        b"&".join([b"x=1"] * 100),
        b"x=" + b"y" * 9_000,
    ],
)
def test_a_filter_that_cannot_be_read_or_stands_twice_is_a_bad_request(raw):
    assert refused(parse_query, raw) is HTTPStatus.BAD_REQUEST


@given(st.binary(max_size=200))
def test_whatever_the_bytes_only_a_refusal_comes_out(raw):
    with suppress(TaxiiError):
        parse_query(raw)


def test_what_taxii_does_not_know_is_passed_over():
    assert parse_query(b"page=3&verbose") == parse_query(b"")


def test_values_are_alternatives_and_filters_add_up():
    query = parse_query(b"match[type]=indicator,malware&match[version]=first,last")
    assert query.types == {"indicator", "malware"}
    assert query.versions == {"first", "last"}


def test_brackets_may_be_percent_encoded():
    assert parse_query(b"match%5Btype%5D=tool").types == {"tool"}


def test_nobody_gets_more_at_once_than_the_server_gives():
    assert parse_query(b"limit=999999999").limit == PAGE_OBJECTS_MAX


def test_versions_of_other_precision_are_the_same_version():
    first = parse_query(b"match[version]=2016-01-01T01:01:01.000Z").versions
    assert first == parse_query(b"match[version]=2016-01-01T01:01:01Z").versions
    assert first == {time_key("2016-01-01T01:01:01Z")}


def test_only_stix_2_1_is_here():
    assert not parse_query(b"match[spec_version]=2.0,2.1").is_other_spec
    assert parse_query(b"match[spec_version]=2.0").is_other_spec


@pytest.mark.parametrize(
    ("raw", "permitted"),
    [
        (b"match[id]=indicator--0", OBJECT_FILTERS),
        (b"match[type]=tool", OBJECT_FILTERS),
        (b"match[version]=all", VERSIONS_FILTERS),
        (b"limit=1", DELETE_FILTERS),
    ],
)
def test_a_filter_of_another_resource_is_refused(raw, permitted):
    assert refused(parse_query, raw, permitted) is HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    "header",
    [
        None,
        MEDIA_TYPE,
        "application/taxii+json",
        "application/taxii+json; version=2.1",
        "APPLICATION/TAXII+JSON",
        "text/html, */*;q=0.1",
        "application/*",
    ],
)
def test_a_client_that_takes_taxii_is_answered(header):
    check_accept(header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "application/json",
        "application/taxii+json;version=2.0",
        "application/vnd.oasis.taxii+json; version=2.0",
        "application/stix+json;version=2.1",
        "*/*;q=0",
        "*/*;q=0.000",
        ";;;,,,",
    ],
)
def test_a_client_that_takes_no_taxii_is_told_so(header):
    assert refused(check_accept, header) is HTTPStatus.NOT_ACCEPTABLE


@pytest.mark.parametrize("header", [MEDIA_TYPE, "application/taxii+json"])
def test_a_taxii_body_is_taken(header):
    check_content_type(header)


@pytest.mark.parametrize(
    "header", [None, "", "application/json", "*/*", "application/taxii+json;version=2.0"]
)
def test_another_body_is_refused(header):
    assert refused(check_content_type, header) is HTTPStatus.UNSUPPORTED_MEDIA_TYPE


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Token abc", "abc"),
        ("Basic " + b64encode(b"anybody:abc").decode(), "abc"),
        ("Basic " + b64encode(b":a:b").decode(), "a:b"),
        ("", ""),
        ("Basic", ""),
        ("Basic !!!", ""),
        ("Basic " + b64encode(b"\xff\xfe").decode(), ""),
        ("Digest abc", ""),
    ],
)
def test_a_token_is_found_in_every_form_clients_send_it(header, token):
    assert presented_token(header) == token


@given(st.text(max_size=2_000))
def test_no_header_breaks_the_reading_of_tokens_or_types(header):
    presented_token(header)
    for check in (check_accept, check_content_type):
        with suppress(TaxiiError):
            check(header)
