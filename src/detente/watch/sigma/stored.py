"""Compiled rules as bytes, so that the second start does not read YAML.

JSON with a hash before it, decoded into the very types that are wanted: nothing in it can
become code, and what was cut short or changed is not used. Trusted as the rules are.
"""

import hashlib
from collections.abc import Iterable

import msgspec

from detente.watch.sigma.model import RuleFile, RuleSet

MAGIC = b"detente-rules/2\n"
_DIGEST_BYTES = 32


def key_of(files: Iterable[RuleFile], said: str) -> str:
    """Return the name of what these files compile to.

    Args:
        files: rules, pipelines and exclusions, in order, with their names.
        said: everything else on which the outcome depends, as one text.
    """
    digest = hashlib.sha256(MAGIC)
    for part in (said.encode(), *_parts(files)):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _parts(files: Iterable[RuleFile]) -> Iterable[bytes]:
    for file in files:
        yield file.name.encode("utf-8", "surrogateescape")
        yield file.data


def to_bytes(rules: RuleSet) -> bytes:
    """Return a compiled set as bytes."""
    body = msgspec.json.encode(rules)
    return MAGIC + hashlib.sha256(body).digest() + body


def from_bytes(data: bytes) -> RuleSet | None:
    """Return the set again; None where the bytes are no such set, or not whole."""
    start = len(MAGIC) + _DIGEST_BYTES
    body = memoryview(data)[start:]
    if not data.startswith(MAGIC) or hashlib.sha256(body).digest() != data[len(MAGIC) : start]:
        return None
    try:
        return msgspec.json.decode(body, type=RuleSet)
    except msgspec.MsgspecError:
        return None
