"""What is common and benign is found, however many lists there are. (A01)"""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.watch import BenignIndex, BenignList, Item, Sort, WatchError

KEY = b"k" * 32


def a_list(name, matching, entries, sorts=(Sort.ADDRESS,), *, is_hint=False, algorithms=()):
    return BenignList(
        name=name,
        version=1,
        matching=matching,
        sorts=frozenset(sorts),
        algorithms=frozenset(algorithms),
        is_hint=is_hint,
        entries=tuple(entries),
    )


NAMES = (Sort.NAME, Sort.URL)
LISTS = (
    a_list("dns", "cidr", ["8.8.8.8/32", "2001:4860::/32"]),
    a_list("cloud", "cidr", ["8.8.0.0/16"], is_hint=True),
    a_list("top", "hostname", ["example.com"], NAMES),
    a_list("exact", "string", ["www.Example.net"], NAMES),
    a_list("mail", "substring", ["@trash."], (Sort.MAIL,)),
    a_list("numbers", "regex", ["^[0-9]+@"], (Sort.MAIL,)),
    a_list("empty", "string", ["d41d8cd98f00b204e9800998ecf8427e"], (Sort.FILE,),
           algorithms=("MD5",)),
)  # fmt: skip
INDEX = BenignIndex.build(LISTS, key=KEY)


@pytest.mark.parametrize(
    ("item", "names"),
    [
        (Item("ipv4-addr:value", "8.8.8.8"), ["cloud", "dns"]),
        (Item("ipv4-addr:value", "8.8.4.4"), ["cloud"]),
        (Item("ipv4-addr:value", "8.8.8.0/24"), ["cloud", "dns"]),
        (Item("ipv4-addr:value", "8.9.0.0"), []),
        (Item("ipv6-addr:value", "2001:4860:1::1"), ["dns"]),
        (Item("domain-name:value", "a.b.example.com"), ["top"]),
        (Item("domain-name:value", "notexample.com"), []),
        (Item("url:value", "https://u@a.example.com:8443/x"), ["top"]),
        (Item("domain-name:value", "www.example.net"), ["exact"]),
        (Item("domain-name:value", "a.www.example.net"), []),
        (Item("email-addr:value", "12@trash.example"), ["mail", "numbers"]),
        (Item("email-addr:value", "a@example.com"), []),
        (Item("file:hashes.MD5", "d41d8cd98f00b204e9800998ecf8427e"), ["empty"]),
        (Item("file:hashes.SHA-1", "d41d8cd98f00b204e9800998ecf8427e"), []),
        (Item("file:name", "example.com"), []),
    ],
)
def test_a_value_is_found_in_the_lists_that_speak_about_it(item, names):
    assert [each.name for each in INDEX.lists_of(item)] == names


def test_what_was_built_is_read_again_and_damage_is_noticed():
    data = INDEX.to_bytes()
    again = BenignIndex.parse(data, key=KEY)
    item = Item("ipv4-addr:value", "8.8.8.8")
    assert again.lists_of(item) == INDEX.lists_of(item)
    assert again.to_bytes() == data
    for wrong in (b"", data[:-1], bytes([data[0] ^ 1]) + data[1:]):
        with pytest.raises(WatchError):
            BenignIndex.parse(wrong, key=KEY)


prefixes = st.tuples(st.integers(0, 2**32 - 1), st.integers(8, 32)).map(
    lambda each: str(ip_network(each, strict=False))
)


@given(st.lists(st.lists(prefixes, max_size=5), max_size=5), st.data())
def test_segments_find_what_looking_at_every_prefix_finds(lists, data):
    index = BenignIndex.build(
        [a_list(f"l{n}", "cidr", entries) for n, entries in enumerate(lists)], key=KEY
    )
    some = [prefix for entries in lists for prefix in entries] or ["0.0.0.0/0"]
    near = ip_network(data.draw(st.sampled_from(some)))
    address = (
        near.network_address + data.draw(st.integers(-1, near.num_addresses))
        if int(near.network_address) and near.num_addresses < 2**24
        else ip_address("1.2.3.4")
    )
    expected = [
        f"l{n}"
        for n, entries in enumerate(lists)
        if any(address in ip_network(entry) for entry in entries)
    ]
    found = index.lists_of(Item("ipv4-addr:value", str(address)))
    assert [each.name for each in found] == expected


def test_more_lists_than_a_byte_counts_are_refused():
    with pytest.raises(WatchError):
        BenignIndex.build((a_list(str(n), "string", []) for n in range(257)), key=KEY)
