"""A hunt overlooks nothing: whatever the matcher would find has a mark of what is looked for."""

from hypothesis import given
from hypothesis import strategies as st

from detente.node.outside import guess_item
from detente.watch.indicators import Found, IndicatorMatcher, LiveIndicators, SetBuilder, Term
from detente.watch.indicators.keys import key_of, spelled
from detente.watch.indicators.marks import Marker, sealed_keys, wanted_marks

TERM = Term("a list")
OCTET = st.integers(0, 255)
ADDRESSES = st.tuples(OCTET, OCTET, OCTET, OCTET).map(lambda four: ".".join(map(str, four)))
LENGTHS = st.integers(0, 32)


def key_and_item(text):
    item = guess_item(text)
    asked = spelled(item.path, item.value)
    return key_of(asked), asked


def found_by_matcher(text, event):
    live = LiveIndicators()
    key, item = key_and_item(text)
    live.add(key, Found("indicator--x", item, TERM))
    return bool(IndicatorMatcher(SetBuilder().seal(), live).matches([event], now=0.0))


def may_hold(text, event):
    marks = wanted_marks([key_and_item(text)[0]])
    return marks is None or not marks.isdisjoint(Marker().marks(event))


@given(ADDRESSES, ADDRESSES, LENGTHS)
def test_addresses_and_networks_of_every_length_are_found(address, other, length):
    event = {"DestinationIp": address, "n": 1}
    wanted = f"{other}/{length}"
    item = guess_item(wanted)
    if item is None or not item.path.startswith("ipv4"):
        return  # bits beyond the prefix: no network
    if found_by_matcher(wanted, event):
        assert may_hold(wanted, event)
    assert may_hold(address, event)


def test_a_network_around_an_address_is_found_at_every_length():
    event = {"DestinationIp": "203.0.113.77"}
    for length in range(1, 33):
        mask = (0xFFFFFFFF << (32 - length)) & 0xFFFFFFFF
        number = int.from_bytes(bytes((203, 0, 113, 77)), "big") & mask
        text = ".".join(str(byte) for byte in number.to_bytes(4, "big")) + f"/{length}"
        assert found_by_matcher(text, event), text
        assert may_hold(text, event), text


def test_names_mail_and_hashes_are_found_as_logs_write_them():
    event = {
        "QueryName": "WWW.Example.ORG",
        "Hashes": "SHA256=" + "AB" * 32,
        "from": "Mallory@example.net",
    }
    for text in ("www.example.org", "ab" * 32):
        assert found_by_matcher(text, event)
        assert may_hold(text, event)
    assert not may_hold("www.example.com", event)


@given(st.lists(ADDRESSES, max_size=20))
def test_the_keys_of_a_sealed_set_are_those_that_were_put_in(addresses):
    builder = SetBuilder()
    wanted = set()
    for text in [*addresses, "0" * 64, "example.org", "http://a.example/" + "x" * 90]:
        key, _ = key_and_item(text)
        builder.add(key, TERM)
        wanted.add(key)
    sealed = builder.seal()
    assert set(sealed_keys(sealed, most=100) or ()) == wanted
    assert sealed_keys(sealed, most=1) is None
