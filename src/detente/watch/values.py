"""Values in their one spelling, their class, and which of them are specific enough to act on."""

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256

from detente.statements.expressions import (
    Combined,
    Comparison,
    Compound,
    Constant,
    ConstantKind,
    Expression,
    Joint,
    Observation,
    Operator,
    Qualified,
    Test,
)
from detente.statements.pattern import parse_pattern, single_equality
from detente.watch.model import Item, Sort

WHOLE_PATTERN = "stix-pattern"
ITEMS_MAX = 256  # of one pattern; a longer list is one whole pattern, which alerts and never acts
PREFIX_LEAST = {4: 24, 6: 48}  # shorter ones name too many neighbours
_HASH_DIGITS = {"MD5": 32, "SHA-1": 40, "SHA-256": 64, "SHA-512": 128}
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})+", re.ASCII)
_URL = re.compile(
    r"(?:([a-z][a-z0-9+.-]*)://)?([^/?#\s]*)((?:[/?#][!-~]*)?)", re.IGNORECASE | re.ASCII
)
_MAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(.+)", re.ASCII)
_HEX = re.compile(r"[0-9a-f]+", re.ASCII)
_ADDRESS = re.compile(r"[0-9A-Fa-f:./]{2,100}", re.ASCII)
_ENDS = re.compile(r"network-traffic:(?:src|dst)_ref\.value")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def make_item(path: str, value: str) -> Item:
    """Return the one spelling of a value; what cannot be normalised stays as it is."""
    text = value.strip()
    if _ENDS.fullmatch(path):
        path = _path_of_end(text)
    if path in ("ipv4-addr:value", "ipv6-addr:value") and (net := network_of(text)) is not None:
        whole = net.prefixlen == net.max_prefixlen
        return Item(f"ipv{net.version}-addr:value", str(net.network_address) if whole else str(net))
    if path in ("domain-name:value", "email-addr:value"):
        return Item(path, ascii_name(text))
    if path == "url:value":
        return Item(path, _one_url(text))
    if path.startswith("file:hashes."):
        return Item("file:hashes." + _algorithm(path[12:]), text.lower())
    return Item(path, value)


def items_of_pattern(text: str) -> tuple[Item, ...]:
    """Return the values a pattern asks for, each of them enough by itself.

    A pattern that asks for more than one thing at a time is one item: the whole pattern.

    Raises:
        PatternError: not a pattern.
    """
    single = single_equality(text)
    if single is not None:
        return (make_item(*single),)
    found = dict.fromkeys(_alternatives(parse_pattern(text).expression))
    if None in found or not 0 < len(found) <= ITEMS_MAX:
        return (Item(WHOLE_PATTERN, sha256(text.encode("utf-8", "surrogatepass")).hexdigest()),)
    return tuple(item for item in found if item is not None)


def pattern_of(item: Item) -> str:
    """Return the STIX pattern that asks for one value."""
    head, _, last = item.path.rpartition(".")
    path = f"{head}.'{last}'" if head and "-" in last else item.path
    value = item.value.replace("\\", "\\\\").replace("'", "\\'")
    return f"[{path} = '{value}']"


def sort_of(item: Item) -> Sort:
    """Return the class of a value."""
    return _sort_of_path(item.path)


@lru_cache(maxsize=256)
def _sort_of_path(path: str) -> Sort:
    object_type, _, rest = path.partition(":")
    match object_type:
        case "ipv4-addr" | "ipv6-addr":
            return Sort.ADDRESS
        case "domain-name":
            return Sort.NAME
        case "url":
            return Sort.URL
        case "email-addr":
            return Sort.MAIL
        case "file" if rest.startswith("hashes."):
            return Sort.FILE
        case _:
            return Sort.OTHER


def why_unspecific(item: Item) -> str:
    """Return why a value of this form can only alert, "" where it may act.

    What passes is plain ASCII without spaces, quotes or line ends: safe in any list.
    """
    sort = sort_of(item)
    if sort is Sort.OTHER:
        what = "a compound pattern" if item.path == WHOLE_PATTERN else item.path
        return f"{what} is matched, never listed for others to act on"
    return "" if _FORMS[sort](item) else f"it has not the form of a {sort.value}"


def why_below_floor(item: Item) -> str:
    """Return why a value names too many things at once, "" where it does not."""
    if sort_of(item) is not Sort.ADDRESS or (net := network_of(item.value)) is None:
        return ""
    least = PREFIX_LEAST[net.version]
    return f"a prefix shorter than /{least} names too many" if net.prefixlen < least else ""


def network_of(text: str) -> Network | None:
    """Return an address or prefix as a network, None where it is neither."""
    # Shorter than the slow way to the same answer; nothing else stands in any address. With a
    # %, it would be a zone of one machine.
    return _network(text) if _ADDRESS.fullmatch(text) else None


@lru_cache(maxsize=512)
def _network(text: str) -> Network | None:
    try:
        net = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(net, ipaddress.IPv6Network) and (net.prefixlen >= 96):  # noqa: PLR2004
        mapped = net.network_address.ipv4_mapped  # ::ffff:0:0/96 is the same address, written long
        if mapped is not None:
            return ipaddress.IPv4Network((int(mapped), net.prefixlen - 96), strict=False)
    return net


def host_of(item: Item) -> str:
    """Return the host name or address a name, URL or mail address leads to, "" for others."""
    match sort_of(item):
        case Sort.NAME | Sort.ADDRESS:
            return item.value
        case Sort.MAIL:
            return item.value.rpartition("@")[2]
        case Sort.URL:
            found = _URL.fullmatch(item.value)
            return "" if found is None else _host(found[2])
        case _:
            return ""


def ascii_name(text: str) -> str:
    """Return a domain name (or what stands before an @ and one) in lower case and ASCII."""
    lowered = text.rstrip(".").lower()
    if lowered.isascii():
        return lowered
    try:
        return lowered.encode("idna").decode("ascii")
    except UnicodeError:
        return lowered


def _one_url(text: str) -> str:
    found = _URL.fullmatch(text)
    if found is None:
        return text
    scheme, authority, rest = found.groups()
    user, at, host = authority.rpartition("@")
    front = f"{scheme.lower()}://" if scheme else ""
    return f"{front}{user}{at}{host.lower()}{rest}"


def _host(authority: str) -> str:
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


def _path_of_end(text: str) -> str:
    net = network_of(text)
    return "domain-name:value" if net is None else f"ipv{net.version}-addr:value"


def _algorithm(written: str) -> str:
    plain = written.upper().replace("-", "").replace("_", "")
    return next((name for name in _HASH_DIGITS if name.replace("-", "") == plain), written)


def _alternatives(expression: Expression | Test) -> Iterator[Item | None]:
    """Yield what is asked for by equality on either side of OR; None for anything else."""
    match expression:
        case Observation(test=inner):
            yield from _alternatives(inner)
        case Combined(joint=Joint.OR, parts=parts) | Compound(joint=Joint.OR, parts=parts):
            for part in parts:
                yield from _alternatives(part)
        case Comparison(operator=Operator.EQ | Operator.IN, negated=False):
            yield from (_compared(expression, each) for each in expression.constants)
        case Comparison() | Compound() | Combined() | Qualified():
            yield None


def _compared(comparison: Comparison, constant: Constant) -> Item | None:
    if constant.kind is not ConstantKind.STRING:
        return None
    return make_item(comparison.path.key, str(constant.value))


def _is_url(item: Item) -> bool:
    host = host_of(item)
    found = _URL.fullmatch(item.value)
    if found is None or not found[2] or any(sign in item.value for sign in "'\"<>\\`"):
        return False
    return network_of(host) is not None or _NAME.fullmatch(host.lower()) is not None


def _is_mail(item: Item) -> bool:
    found = _MAIL.fullmatch(item.value)
    return found is not None and _NAME.fullmatch(found[1]) is not None


def _is_file_hash(item: Item) -> bool:
    digits = _HASH_DIGITS.get(item.path[12:], 0)
    return len(item.value) == digits and _HEX.fullmatch(item.value) is not None


_FORMS = {
    Sort.ADDRESS: lambda item: network_of(item.value) is not None,
    Sort.NAME: lambda item: _NAME.fullmatch(item.value) is not None,
    Sort.URL: _is_url,
    Sort.MAIL: _is_mail,
    Sort.FILE: _is_file_hash,
}
