"""What is found is what was named: membership is that of a set of values, to the last bit."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detente.watch import Item, WatchError
from detente.watch.indicators import IndicatorSet, ListReader, SetBuilder, Term
from detente.watch.indicators.keys import LONGER, Key, key_of, spelled, text_key
from detente.watch.indicators.wanted import keys_of_pattern
from detente.watch.values import pattern_of
from tests.shared import scaled

TERM = Term("a list")
UUID = "indicator--01234567-89ab-4cde-8f01-23456789ab00"

# Bytes that sorted texts get wrong: zeros at either end, prefixes of each other, high ones.
DATA = st.binary(min_size=1, max_size=4) | st.sampled_from(
    (b"\0", b"\0\0", b"a", b"a\0", b"a\0\0", b"\0a", b"\xff", b"\xff\xff", b"ab")
)


def sealed(*keys: Key) -> IndicatorSet:
    builder = SetBuilder()
    for key in keys:
        builder.add(key, TERM)
    return builder.seal()


def holds(found_in: IndicatorSet, keys: list[Key]) -> list[bool]:
    return [bool(found) for found in found_in.find([(key, Item("p", "v")) for key in keys])]


def never(line: str) -> Item | None:
    return None


def by_hand(line: str) -> Item | None:
    return Item("ipv4-addr:value", line) if "/" in line else None


@given(st.lists(DATA, max_size=40), st.lists(DATA, max_size=40))
@settings(max_examples=scaled(500, 20_000))
def test_membership_is_that_of_a_set_of_bytes(held: list[bytes], asked: list[bytes]) -> None:
    keys = [Key("p", len(data), data) for data in held]
    wanted = [Key("p", len(data), data) for data in asked + held]
    assert holds(sealed(*keys), wanted) == [key in set(keys) for key in wanted]


@given(st.lists(st.text(max_size=40), max_size=30), st.lists(st.text(max_size=40), max_size=30))
@example(held=["x" * 33, "x" * 32], asked=["x" * 31, "x" * 34])
@settings(max_examples=scaled(300, 20_000))
def test_membership_is_that_of_a_set_of_texts_of_any_length(
    held: list[str], asked: list[str]
) -> None:
    found = sealed(*(text_key("p", text) for text in held))
    wanted = asked + held
    assert holds(found, [text_key("p", text) for text in wanted]) == [
        text in set(held) for text in wanted
    ]


def test_a_long_text_and_a_short_one_that_is_its_digest_are_not_mistaken() -> None:
    long = text_key("p", "x" * 100)
    assert long.width == LONGER
    assert holds(sealed(long), [Key("p", 32, long.data), long]) == [False, True]


@given(
    st.lists(
        st.builds(
            lambda number, length: IPv4Network((number >> (32 - length) << (32 - length), length)),
            st.integers(0, 2**32 - 1),
            st.integers(1, 32),
        ),
        max_size=10,
    ),
    st.lists(st.integers(0, 2**32 - 1).map(IPv4Address), max_size=10),
)
@settings(max_examples=scaled(200, 20_000))
def test_an_address_is_found_by_every_network_it_lies_in_and_by_no_other(
    networks: list[IPv4Network], addresses: list[IPv4Address]
) -> None:
    from detente.watch.indicators import IndicatorMatcher

    keys = [key_of(Item("ipv4-addr:value", str(each))) for each in networks]
    matcher = IndicatorMatcher(sealed(*(key for key in keys if key is not None)))
    asked = [*addresses, *(net.network_address for net in networks)]
    hits = matcher.matches([{"src_ip": str(each)} for each in asked], now=0.0)
    found = {(hit.line, IPv4Network(hit.found.item.value)) for hit in hits}
    assert found == {
        (line, net) for line, each in enumerate(asked) for net in networks if each in net
    }


@pytest.mark.parametrize("cut", [1, 7, 10_000])
def test_a_list_is_the_values_in_it_wherever_its_blocks_are_cut(cut: int) -> None:
    values = {
        "ipv4-addr:value": ["192.0.2.1", "198.51.100.0"],
        "domain-name:value": ["evil.example", "a.b.c.example.net"],
        "url:value": ["http://evil.example/a?b=c", "https://evil.example/" + "x" * 60],
        "email-addr:value": ["someone@evil.example"],
        "file:hashes.MD5": ["ab" * 16, "00" * 16],
        "file:hashes.SHA-1": ["cd" * 20],
        "file:hashes.SHA-256": ["ef" * 32, "e" * 63 + "0"],
    }
    lines = ["# a comment", "", "   "] + [value for each in values.values() for value in each]
    lines += ["EVIL.Example.", "AB" * 16, "Someone@EVIL.example", "  192.0.2.1  ", "192.0.2.0/24"]
    data = "\r\n".join(lines).encode()
    builder = SetBuilder()
    reader = ListReader(builder, TERM, by_hand)
    for start in range(0, len(data), cut):
        reader.feed(data[start : start + cut])
    reader.close()
    found = builder.seal()
    items = [Item(path, value) for path, each in values.items() for value in each]
    keys = [key for item in items if (key := key_of(item)) is not None]
    assert len(keys) == len(items)
    assert all(holds(found, keys))
    assert len(found) == len(items) + 1
    assert reader.refused == []


def test_what_no_list_holds_is_refused_and_counted_and_the_rest_is_taken() -> None:
    builder = SetBuilder()
    reader = ListReader(builder, TERM, never)
    reader.feed(b"256.1.1.1\nnot a value\nevil.example\n" + b"\xff\xfe\n" + b"x" * 20_000 + b"\n")
    reader.close()
    assert reader.taken == len(builder.seal()) == 1
    assert reader.refused_count >= 3


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("[ipv4-addr:value = '192.0.2.7']", ["ipv4-addr:value"]),
        ("[ipv4-addr:value = '192.0.2.0/24']", ["ipv4-addr:value/24"]),
        ("[ipv6-addr:value ISSUBSET '2001:db8::/32']", ["ipv6-addr:value/32"]),
        ("[file:hashes.'SHA-256' = '" + "AB" * 32 + "']", ["file:hashes.SHA-256"]),
        ("[file:hashes.MD5 = '" + "ab" * 16 + "' OR file:hashes.'SHA-1' = '" + "ab" * 20 + "']",
         ["file:hashes.MD5", "file:hashes.SHA-1"]),
        ("[domain-name:value IN ('a.example', 'b.example')]", ["domain-name:value"] * 2),
        ("[url:value = 'http://a.example/'] OR [mutex:name = 'm']", ["url:value", "mutex:name"]),
        ("[windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\Software\\\\X']",
         ["windows-registry-key:key"]),
        ("[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'x']",
         ["network-traffic:extensions.http-request-ext.request_header.User-Agent"]),
        ("[x509-certificate:serial_number = '00:AB:cd']", ["x509-certificate:serial_number"]),
        ("[domain-name:value = 'a.example' AND domain-name:value = 'b.example']", []),
        ("[domain-name:value LIKE '%.example']", []),
        ("[domain-name:value = 'a.example'] FOLLOWEDBY [domain-name:value = 'b.example']", []),
        ("[process:command_line = 'x']", []),
        ("[ipv4-addr:value NOT ISSUBSET '10.0.0.0/8']", []),
    ],
)  # fmt: skip
def test_a_pattern_goes_to_the_sets_exactly_where_each_value_is_enough(
    pattern: str, paths: list[str]
) -> None:
    assert [key.path for key, _ in keys_of_pattern(pattern)] == paths


@given(st.text(min_size=1, max_size=60), st.sampled_from(("mutex:name", "file:name", "url:value")))
@settings(max_examples=scaled(200, 5_000))
def test_a_value_printed_as_a_pattern_is_read_as_the_same_key(value: str, path: str) -> None:
    item = spelled(path, value)
    assert item is not None
    try:
        (key, read) = keys_of_pattern(pattern_of(item))[0]
    except UnicodeEncodeError:
        return
    assert (key, read) == (key_of(item), item)


def test_an_id_is_kept_and_one_of_another_form_is_refused() -> None:
    builder = SetBuilder()
    key = text_key("domain-name:value", "evil.example")
    builder.add(key, TERM, UUID)
    builder.add(key, Term("another", kind="sighting"), UUID.replace("indicator", "sighting"))
    found = builder.seal().find([(key, Item("domain-name:value", "evil.example"))])[0]
    assert {each.indicator for each in found} == {UUID, UUID.replace("indicator", "sighting")}
    with pytest.raises(WatchError, match="UUID"):
        SetBuilder().add(key, TERM, "indicator--x")
