"""Each value has one spelling, and only what is specific may stand in a list. (A01, A09)"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detente.statements import parse_pattern
from detente.watch import Item, Sort, items_of_pattern, make_item, sort_of
from detente.watch.values import host_of, pattern_of, why_below_floor, why_unspecific


@pytest.mark.parametrize(
    ("path", "written", "meant"),
    [
        ("ipv4-addr:value", "198.51.100.7/32", "198.51.100.7"),
        ("ipv4-addr:value", "198.51.100.77/24", "198.51.100.0/24"),
        ("ipv6-addr:value", "2001:DB8:0::1", "2001:db8::1"),
        ("ipv6-addr:value", "::ffff:198.51.100.7", "198.51.100.7"),
        ("domain-name:value", "EVIL.example.", "evil.example"),
        ("domain-name:value", "bücher.example", "xn--bcher-kva.example"),
        ("url:value", "HTTP://Evil.Example/A?b", "http://evil.example/A?b"),
        ("email-addr:value", "Clerk@Example.ORG", "clerk@example.org"),
        ("file:hashes.SHA-256", "AB" * 32, "ab" * 32),
    ],
)
def test_one_value_has_one_spelling(path, written, meant):
    item = make_item(path, written)
    assert item.value == meant
    assert make_item(item.path, item.value) == item
    assert not why_unspecific(item)


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("[ipv4-addr:value = '198.51.100.7']", {"198.51.100.7"}),
        ("[ipv4-addr:value IN ('198.51.100.7', '203.0.113.1')]", {"198.51.100.7", "203.0.113.1"}),
        ("[domain-name:value = 'a.example' OR url:value = 'http://a.example/']", None),
        ("[ipv4-addr:value = '198.51.100.7'] OR [domain-name:value = 'a.example']", None),
        ("[network-traffic:dst_ref.value = '198.51.100.7']", {"198.51.100.7"}),
    ],
)
def test_alternatives_are_values_of_their_own(pattern, values):
    items = items_of_pattern(pattern)
    assert "stix-pattern" not in {item.path for item in items}
    assert values is None or {item.value for item in items} == values


@pytest.mark.parametrize(
    "pattern",
    [
        "[ipv4-addr:value = '198.51.100.7' AND domain-name:value = 'a.example']",
        "[ipv4-addr:value != '198.51.100.7']",
        "[NOT ipv4-addr:value = '198.51.100.7']",
        "[ipv4-addr:value LIKE '198.%']",
        "[ipv4-addr:value = '198.51.100.7'] FOLLOWEDBY [ipv4-addr:value = '203.0.113.1']",
        "[ipv4-addr:value = '198.51.100.7'] REPEATS 5 TIMES",
        "[ipv4-addr:value IN ("
        + ",".join(f"'10.0.{n // 250}.{n % 250}'" for n in range(300))
        + ")]",
    ],
)
def test_what_asks_for_more_than_one_thing_is_one_whole_pattern(pattern):
    if "NOT" in pattern:
        pattern = pattern.replace("NOT ipv4-addr:value =", "ipv4-addr:value NOT =")
    parse_pattern(pattern)
    (item,) = items_of_pattern(pattern)
    assert item.path == "stix-pattern"
    assert why_unspecific(item)


HOSTILE = st.text(
    st.characters() | st.sampled_from("\n\r\t;\"'<>|=*\\\x00\x1b\u202e .$/@:"), max_size=40
)


@given(st.sampled_from(("domain-name:value", "url:value", "email-addr:value", "ipv4-addr:value",
                        "file:hashes.MD5", "file:hashes.SHA-256")), HOSTILE)  # fmt: skip
@example("url:value", "http://a.example/\n* IN CNAME .")
@example("domain-name:value", "a.example\n")
@example("ipv6-addr:value", "fe80::1%eth0;")
def test_no_hostile_value_passes_for_specific(path, text):
    item = make_item(path, text)
    if not why_unspecific(item):
        assert item.value.isascii()
        assert item.value.isprintable()
        assert not set(item.value) & set(" \"'<>\\`;\n\r") or path in (
            "url:value",
            "email-addr:value",
        )
        assert not set(item.value) & set(' "<>\\\n\r')


@given(st.text("a/:?#@[]", max_size=3_000))
def test_reading_an_address_takes_no_longer_than_it_is_long(text):
    host_of(make_item("url:value", text))


@pytest.mark.parametrize("value", ["198.51.100.7", "evil.example", "http://a.example/x?y=1"])
def test_a_value_becomes_a_pattern_that_asks_for_it(value):
    path = {"1": "ipv4-addr:value", "e": "domain-name:value"}.get(value[0], "url:value")
    item = make_item(path, value)
    assert items_of_pattern(pattern_of(item)) == (item,)


def test_the_floor_is_a_24_and_a_48():
    kept = ("198.51.100.0/24", "2001:db8:1::/48")
    assert not any(why_below_floor(make_item("ipv4-addr:value", each)) for each in kept)
    assert why_below_floor(Item("ipv4-addr:value", "198.51.0.0/23"))
    assert why_below_floor(Item("ipv6-addr:value", "2001:db8::/47"))


def test_each_value_has_a_class():
    assert sort_of(Item("file:hashes.MD5", "")) is Sort.FILE
    assert sort_of(Item("file:name", "")) is Sort.OTHER
    assert sort_of(Item("network-traffic:dst_port", "")) is Sort.OTHER
