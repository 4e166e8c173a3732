"""From the value of a field to the keys it is asked by.

A value that has not the form of its kind asks for nothing. One value asks for at most
`KEYS_MAX` keys, however long it is.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network
from itertools import chain, islice

from detente.watch.assets import names_above
from detente.watch.indicators.fields import Observable
from detente.watch.indicators.keys import (
    BELOW,
    FILE_NAME,
    MUTEX,
    REGISTRY_KEY,
    SERIAL,
    USER_AGENT,
    Key,
    hash_key,
    network_key,
    registry_key,
    serial_number,
    text_key,
)
from detente.watch.model import Item
from detente.watch.values import Network, ascii_name, host_of, make_item, network_of

Asked = tuple[Key, Item]
Prefixes = Mapping[int, tuple[int, ...]]

KEYS_MAX = 256
VALUE_CHARS_MAX = 65_536
_PORT = re.compile(r"(.+):[0-9]{1,5}|\[([^\]]+)\](?::[0-9]{1,5})?", re.ASCII)
_NAME = re.compile(r"(?=[^.]*\.)[^\s/\\@:,;'\"<>()\[\]{}|%&=?#]{1,253}")
_PARTS = re.compile(r"[;,\s]+")
_MAIL = re.compile(r"[^\s<>,;:\"'()\[\]]{1,64}@[^\s<>,;:\"'()\[\]@]{1,253}")
_HASH = re.compile(r"(?:([A-Za-z][A-Za-z0-9-]*)[=:])?([0-9A-Fa-f]{32,128})", re.ASCII)
_BY_LENGTH = {32: "MD5", 40: "SHA-1", 64: "SHA-256", 128: "SHA-512"}
_MUTEX = re.compile(
    r"\\(?:Sessions\\[0-9]+\\)?BaseNamedObjects\\(?:(?:Global|Local)\\)?(.+)", re.IGNORECASE
)
_SID = re.compile(r"hku\\s-1-5-21-[0-9-]+(?:_classes)?\\", re.ASCII)


def keys_of(kind: Observable, value: str, prefixes: Prefixes) -> tuple[Asked, ...]:
    """Return what a value of a field is asked by.

    Args:
        kind: what the field holds.
        value: as the log says it.
        prefixes: lengths of the networks there are, by IP version.
    """
    if not value or len(value) > VALUE_CHARS_MAX:
        return ()
    return tuple(islice(_READERS[kind](value, prefixes), KEYS_MAX))


def _address(value: str, prefixes: Prefixes) -> Iterator[Asked]:
    for part in _PARTS.split(value):
        net = network_of(part) or network_of(_without_port(part))
        if net is not None and net.prefixlen == net.max_prefixlen:
            yield from _networks(net, prefixes)


def _networks(net: Network, prefixes: Prefixes) -> Iterator[Asked]:
    path = f"ipv{net.version}-addr:value"
    yield network_key(net), Item(path, str(net.network_address))
    number, bits = int(net.network_address), net.max_prefixlen
    kind = IPv4Network if net.version == 4 else IPv6Network  # noqa: PLR2004
    for length in prefixes[net.version]:
        around = kind((number >> (bits - length) << (bits - length), length))
        yield network_key(around), Item(path, str(around))


def _host(value: str, prefixes: Prefixes) -> Iterator[Asked]:
    for part in _PARTS.split(value):
        bare = part if network_of(part) is not None else _without_port(part)
        net = network_of(bare)
        if net is not None and net.prefixlen == net.max_prefixlen:
            yield from _networks(net, prefixes)
        elif _NAME.fullmatch(bare):
            yield from _names(ascii_name(bare))


def _names(name: str) -> Iterator[Asked]:
    yield text_key("domain-name:value", name), Item("domain-name:value", name)
    for above in names_above(name):
        yield text_key(BELOW, above), Item(BELOW, above)


def _without_port(text: str) -> str:
    found = _PORT.fullmatch(text)
    return text if found is None else found[1] or found[2]


def _url(value: str, prefixes: Prefixes) -> Iterator[Asked]:
    if "://" not in value:
        return
    item = make_item("url:value", value)
    yield text_key(item.path, item.value), item
    yield from _host(host_of(item), prefixes)


def _mail(value: str, prefixes: Prefixes) -> Iterator[Asked]:
    for found in _MAIL.finditer(value):
        item = make_item("email-addr:value", found[0])
        yield text_key(item.path, item.value), item


def _hashes(value: str, prefixes: Prefixes) -> Iterator[Asked]:
    return _hashed("file:hashes.", value)


def _certificate_hash(value: str, prefixes: Prefixes) -> Iterator[Asked]:
    return _hashed("x509-certificate:hashes.", value.replace(":", ""))


def _hashed(head: str, value: str) -> Iterator[Asked]:
    for part in _PARTS.split(value):
        found = _HASH.fullmatch(part)
        if found is None:
            continue
        named, digits = found.groups()
        algorithm = named or _BY_LENGTH.get(len(digits), "")
        if algorithm:
            item = make_item(f"file:hashes.{algorithm}", digits)
            path = head + item.path.rpartition(".")[2]
            yield hash_key(path, item.value), Item(path, item.value)


def _agent(value: str, prefixes: Prefixes) -> Iterator[Asked]:
    yield text_key(USER_AGENT, value), Item(USER_AGENT, value)


def _registry(value: str, prefixes: Prefixes) -> Iterator[Asked]:
    if "\\" not in value:
        return
    key = registry_key(value)
    for one in (key, key.rpartition("\\")[0]):
        yield text_key(REGISTRY_KEY, one), Item(REGISTRY_KEY, one)
        if found := _SID.match(one):  # a user's hive is the current user's, to that user
            own = "hkcu\\" + one[found.end() :]
            yield text_key(REGISTRY_KEY, own), Item(REGISTRY_KEY, own)


def _mutex(value: str, prefixes: Prefixes) -> Iterator[Asked]:
    found = _MUTEX.fullmatch(value)
    for name in dict.fromkeys((value, found[1]) if found else (value,)):
        yield text_key(MUTEX, name), Item(MUTEX, name)


def _serial(value: str, prefixes: Prefixes) -> Iterator[Asked]:
    item = Item(SERIAL, serial_number(value))
    yield text_key(item.path, item.value), item


def _file(value: str, prefixes: Prefixes) -> Iterator[Asked]:
    name = value.replace("/", "\\").rpartition("\\")[2].lower()
    if name:
        yield text_key(FILE_NAME, name), Item(FILE_NAME, name)


_READERS: Mapping[Observable, Callable[[str, Prefixes], Iterator[Asked]]] = {
    Observable.ADDRESS: _address,
    Observable.HOST: _host,
    Observable.URL: _url,
    Observable.MAIL: _mail,
    Observable.HASHES: _hashes,
    Observable.CERTIFICATE_HASH: _certificate_hash,
    Observable.USER_AGENT: _agent,
    Observable.REGISTRY: _registry,
    Observable.MUTEX: _mutex,
    Observable.SERIAL: _serial,
    Observable.FILE: _file,
}


def asked_by(kinds: Iterable[Observable], value: object, prefixes: Prefixes) -> tuple[Asked, ...]:
    """Return what a value of a field is asked by, whatever JSON it is; each key once."""
    match value:
        case str():
            texts: tuple[str, ...] = (value,)
        case list() | tuple():
            texts = tuple(each for each in value[:KEYS_MAX] if isinstance(each, str))
        case _:
            return ()
    asked = chain.from_iterable(keys_of(kind, text, prefixes) for text in texts for kind in kinds)
    return tuple({key: (key, item) for key, item in islice(asked, 4 * KEYS_MAX)}.values())


# The columns that a kind of value can be found in; paths begin so.
_COLUMNS: Mapping[Observable, tuple[str, ...]] = {
    Observable.ADDRESS: ("ipv4-addr:", "ipv6-addr:"),
    Observable.HOST: ("ipv4-addr:", "ipv6-addr:", "domain-name:"),
    Observable.URL: ("url:", "ipv4-addr:", "ipv6-addr:", "domain-name:"),
    Observable.MAIL: ("email-addr:",),
    Observable.HASHES: ("file:hashes.",),
    Observable.CERTIFICATE_HASH: ("x509-certificate:hashes.",),
    Observable.USER_AGENT: (USER_AGENT,),
    Observable.REGISTRY: (REGISTRY_KEY,),
    Observable.MUTEX: (MUTEX,),
    Observable.SERIAL: (SERIAL,),
    Observable.FILE: (FILE_NAME,),
}


def kinds_in(paths: Iterable[str]) -> frozenset[Observable]:
    """Return the kinds of values that columns of these paths can name."""
    held = tuple(paths)
    return frozenset(
        kind for kind, heads in _COLUMNS.items() if any(path.startswith(heads) for path in held)
    )
