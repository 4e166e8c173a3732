"""Warning lists of MISP: values that are common and benign, or shared by many.

Source: MISP/misp-warninglists, schema.json. A list whose entries say where
somebody hosts or relays (clouds, VPN exits, scanners) is a hint; any other is a verdict.
"""

import re

from detente.exchange.misp.errors import MispError
from detente.exchange.misp.limits import LIST_LIMITS
from detente.signing import parse_strict
from detente.signing.canonical import JsonValue
from detente.watch import BenignList, Sort
from detente.watch.benign import Matching

_MATCHING: dict[str, Matching] = {
    "string": "string",
    "hostname": "hostname",
    "cidr": "cidr",
    "substring": "substring",
    "regex": "regex",
}
_SORTS = {
    Sort.ADDRESS: {"ip-src", "ip-dst", "ip-src|port", "ip-dst|port"},
    Sort.NAME: {"domain", "hostname", "hostname|port"},
    Sort.URL: {"url", "uri", "link"},
    Sort.MAIL: {"email", "email-src", "email-dst", "target-email", "whois-registrant-email"},
}
_HASHES = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}
# Where anybody can rent or pass through: innocent and hostile use stand side by side.
_SHARED = re.compile(
    r"vpn|amazon|azure|google cloud|gcp|ovh|akamai|cloudflare|fastly|stackpath|github|zscaler"
    r"|dynamic dns|url shortener|link in bio|ipfs|lots|parking|disposable|scann|check-host"
    r"|tenable|sinkhole|smtp sending|smtp receiving|university",
    re.IGNORECASE,
)


def parse_warning_list(data: bytes) -> BenignList:
    """Read one list.json.

    Raises:
        JsonError: not strict JSON, or over the limits.
        MispError: no warning list.
    """
    value = parse_strict(data, LIST_LIMITS)
    if not isinstance(value, dict):
        raise MispError("a warning list is a JSON object")
    name, matching, entries = value.get("name"), value.get("type"), value.get("list")
    if not isinstance(name, str) or not isinstance(entries, list):
        raise MispError("a warning list has a name and a list")
    if not isinstance(matching, str) or matching not in _MATCHING:
        raise MispError(f"the warning list {name[:80]!r} matches by {matching!r:.40}")
    types = {each for each in _list(value.get("matching_attributes")) if isinstance(each, str)}
    sorts = {sort for sort, fitting in _SORTS.items() if fitting & types}
    algorithms = {_HASHES[each] for each in types & _HASHES.keys()}
    version = value.get("version")
    return BenignList(
        name=name,
        version=version if isinstance(version, int) else 0,
        matching=_MATCHING[matching],
        sorts=frozenset(sorts | ({Sort.FILE} if algorithms else set())),
        algorithms=frozenset(algorithms),
        is_hint=_SHARED.search(name) is not None,
        entries=tuple(each for each in entries if isinstance(each, str)),
    )


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
