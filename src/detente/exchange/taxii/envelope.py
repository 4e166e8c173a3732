"""Envelopes, manifests and versions: bytes for an answer, from passages the gate cleared.

This is the only place of the TAXII edge where the bytes of objects become part of an
answer, and it takes nothing but passages: each carries its permission.
"""

from collections.abc import Iterator, Sequence

import orjson

from detente.exchange.taxii.clearing import Passage
from detente.exchange.taxii.negotiation import STIX_MEDIA_TYPE
from detente.exchange.taxii.query import print_moment, print_next
from detente.exchange.taxii.reading import Found


def print_envelope(found: Found) -> bytes:
    """Write the envelope resource (3.7): the objects as they stand, one behind the other."""
    if not found.passages and not found.more:
        return b"{}"
    objects = b",".join(_bytes_of(each) for each in found.passages)
    more = b'"more":true,"next":"%b",' % print_next(found.after).encode() if found.more else b""
    if not objects:
        return b"{%b}" % more[:-1]
    return b"".join((b"{", more or b'"more":false,', b'"objects":[', objects, b"]}"))


def print_manifest(found: Found) -> bytes:
    """Write the manifest resource (5.3)."""
    entries = [
        {
            "id": identifier,
            "date_added": print_moment(added),
            "version": version or print_moment(added),
            "media_type": STIX_MEDIA_TYPE,
        }
        for identifier, version, added in _entries(found)
    ]
    return _resource("objects", entries, more=found.more)


def print_versions(found: Found) -> bytes:
    """Write the versions resource (5.8)."""
    versions = [version or print_moment(added) for _id, version, added in _entries(found)]
    return _resource("versions", versions, more=found.more)


def date_headers(found: Found) -> dict[str, str]:
    """Return when the first and the last object of an answer entered the view (3.4.2)."""
    if not found.passages:
        return {}
    return {
        "X-TAXII-Date-Added-First": print_moment(found.passages[0].added),
        "X-TAXII-Date-Added-Last": print_moment(found.passages[-1].last_added),
    }


def _bytes_of(passage: Passage) -> bytes:
    return passage.page.slice(passage.start, passage.end)


def _entries(found: Found) -> Iterator[tuple[str, str, int]]:
    for passage in found.passages:
        names = passage.page.names[passage.start : passage.end]
        for added, (identifier, version) in enumerate(names, passage.added):
            yield identifier, version, added


def _resource(name: str, entries: Sequence[object], *, more: bool) -> bytes:
    if not entries and not more:
        return b"{}"
    return orjson.dumps({"more": more, name: entries} if entries else {"more": more})
