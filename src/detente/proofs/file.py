"""The one file form of everything this room shows: flat canonical JSON, base64 inside.

A file is self-contained bytes that a stranger can keep for years. It is read
before anybody looks at a signature, so what is long, nested or odd is refused
here, and only the exact bytes `to_bytes` writes are a file.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from detente.proofs.errors import ProofFileError
from detente.signing import (
    EnvelopeError,
    JsonError,
    JsonLimits,
    JsonValue,
    canonical,
    decode_base64,
    parse_canonical,
)

FILE_BYTES_MAX = 64 * 2**20  # a broken promise carries every entry of a log
PARTS_MAX = 100_000  # entries of such a log
_LIMITS = JsonLimits(size_bytes=FILE_BYTES_MAX, depth=2, values=PARTS_MAX + 64)
_VERSION = "v1"
_MARK = "detente-proof"

Part = bytes | tuple[bytes, ...]


class ProofKind(StrEnum):
    """What a proof of misbehaviour shows (trust.md, section 5)."""

    FORK = "fork"
    EPOCH_FORK = "epoch-fork"
    WITNESS_FAULT = "witness-fault"
    DOUBLE_STATEMENT = "double-statement"
    DOUBLE_VOTE = "double-vote"
    DENIAL = "denial"
    KEY_BEYOND_CUT_OFF = "key-beyond-cut-off"
    BROKEN_PROMISE = "broken-promise"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class Fields:
    """Which parts a kind of file has.

    Attributes:
        one: names of parts that are one byte string.
        many: names of parts that are a list of byte strings, perhaps empty.
    """

    one: frozenset[str]
    many: frozenset[str] = frozenset()


def fields(*one: str, many: tuple[str, ...] = ()) -> Fields:
    """Name the parts of a kind of file."""
    return Fields(one=frozenset(one), many=frozenset(many))


@dataclass(frozen=True, slots=True)
class ProofFile:
    """One proof of misbehaviour as it travels.

    Attributes:
        kind: what it claims to show.
        parts: the evidence by name: signed bytes as they were found, hashes, openings.
    """

    kind: ProofKind
    parts: Mapping[str, Part]

    @classmethod
    def parse(cls, data: bytes) -> "ProofFile":
        """Read a proof file; exactly what `to_bytes` writes is one. Checks no signature.

        Raises:
            ProofFileError: too long, not canonical, an unknown kind, missing or extra parts.
        """
        members = read_members(data, mark=_MARK)
        kind = members.pop("kind", None)
        if not isinstance(kind, str) or kind not in frozenset(ProofKind):
            raise ProofFileError("the kind is none of " + ", ".join(ProofKind))
        known = ProofKind(kind)
        return cls(kind=known, parts=read_parts(members, FIELDS[known]))

    def to_bytes(self) -> bytes:
        """Return the file.

        Raises:
            ProofFileError: the parts are not those of this kind.
        """
        check_parts(self.parts, FIELDS[self.kind])
        return print_members({_MARK: _VERSION, "kind": self.kind.value}, self.parts)

    def one(self, name: str) -> bytes:
        """Return a part that is one byte string."""
        part = self.parts[name]
        assert isinstance(part, bytes)  # noqa: S101  `parse` read it by FIELDS
        return part

    def many(self, name: str) -> tuple[bytes, ...]:
        """Return a part that is a list."""
        part = self.parts[name]
        assert isinstance(part, tuple)  # noqa: S101  `parse` read it by FIELDS
        return part


FIELDS: Mapping[ProofKind, Fields] = {
    ProofKind.FORK: fields("first", "second", "prefix_root", many=("consistency",)),
    ProofKind.EPOCH_FORK: fields("first", "second"),
    ProofKind.WITNESS_FAULT: fields("first", "second", "prefix_root", many=("consistency",)),
    ProofKind.DOUBLE_STATEMENT: fields("first", "second"),
    ProofKind.DOUBLE_VOTE: fields("first", "second"),
    ProofKind.DENIAL: fields("statement", "denial", "opening"),
    ProofKind.KEY_BEYOND_CUT_OFF: fields("suspension", "statement"),
    ProofKind.BROKEN_PROMISE: fields(
        "accused", "demand", "demand_receipt", "about", "checkpoint", many=("entries",)
    ),
    ProofKind.GARBAGE: fields(
        "statement", "complaint", "delivery", "ciphertext", "one_time_secret"
    ),
}


def read_members(data: bytes, *, mark: str, limits: JsonLimits = _LIMITS) -> dict[str, JsonValue]:
    """Read a flat canonical JSON object whose member `mark` is "v1", and take that member off.

    Raises:
        ProofFileError: over a limit, not canonical, no object, another mark or version.
    """
    try:
        value = parse_canonical(data, limits)
    except JsonError as error:
        raise ProofFileError(f"not a {mark} file: {error}") from None
    if not isinstance(value, dict) or value.pop(mark, None) != _VERSION:
        raise ProofFileError(f'not a {mark} file: it has no member "{mark}":"{_VERSION}"')
    return value


def read_parts(members: Mapping[str, JsonValue], expected: Fields) -> dict[str, Part]:
    """Decode base64 members: exactly the names expected, one string or a list each.

    Raises:
        ProofFileError: a name missing or too many, another type, base64 that is not canonical.
    """
    names = expected.one | expected.many
    if members.keys() != names:
        odd = ", ".join(sorted(members.keys() ^ names))
        raise ProofFileError(f"the file has not the parts of its kind: {odd[:200]}")
    return {
        name: _many(name, value) if name in expected.many else _one(name, value)
        for name, value in members.items()
    }


def check_parts(parts: Mapping[str, Part], expected: Fields) -> None:
    """Refuse to print what could not be read again.

    Raises:
        ProofFileError: other names, or a list where one byte string is meant.
    """
    if parts.keys() != expected.one | expected.many:
        raise ProofFileError("these are not the parts of this kind of file")
    for name, part in parts.items():
        if isinstance(part, tuple) != (name in expected.many):
            raise ProofFileError(f"{name} is a list exactly where its kind says so")


def print_members(head: Mapping[str, JsonValue], parts: Mapping[str, Part]) -> bytes:
    """Return canonical JSON of the head members and the parts in base64."""
    members: dict[str, JsonValue] = dict(head)
    for name, part in parts.items():
        match part:
            case bytes():
                members[name] = _text(part)
            case tuple():
                members[name] = [_text(each) for each in part]
            case _:
                assert_never(part)
    data = canonical(members)
    if len(data) > FILE_BYTES_MAX:
        raise ProofFileError(f"the file would have {len(data)} bytes, at most {FILE_BYTES_MAX}")
    return data


def _one(name: str, value: JsonValue) -> bytes:
    if not isinstance(value, str):
        raise ProofFileError(f"{name} is base64 text")
    try:
        return decode_base64(value.encode())
    except EnvelopeError as error:
        raise ProofFileError(f"{name}: {error}") from None


def _many(name: str, value: JsonValue) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > PARTS_MAX:
        raise ProofFileError(f"{name} is a list of at most {PARTS_MAX} base64 texts")
    return tuple(_one(name, each) for each in value)


def _text(part: bytes) -> str:
    return b64encode(part).decode()
