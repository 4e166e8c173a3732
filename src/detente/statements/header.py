"""The header: what every member may see of a statement, and all that is signed.

It names its place (unit, issuer, epoch, seq) and the charter it was said
under, so the same bytes are worth nothing anywhere else (trust.md, section 2).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal, assert_never

from detente.signing import (
    INTEGER_MAX,
    JsonError,
    TimeError,
    canonical,
    format_time,
    parse_canonical,
    parse_time,
)
from detente.signing.canonical import JsonValue
from detente.statements.errors import StatementError
from detente.statements.padding import CONTENT_BYTES_MAX, padme

HEADER_VERSION = 1
READERS_MAX = 63  # 64 members, and nobody seals to itself
UNIT: Literal["unit"] = "unit"

_HEX = rb'"([0-9a-f]{64})"'
_IDS = rb'\[(?:"[0-9a-f]{64}"(?:,"[0-9a-f]{64}")*)?\]'
_INTEGER = rb"(0|[1-9][0-9]{0,15})"
_TIME = rb'"([0-9TZ:-]{20})"'
_SEALED = re.compile(
    rb'\{"audience":("unit"|' + _IDS + rb'),"charter":' + _HEX + rb',"ciphertext":' + _HEX
    + rb',"commitment":' + _HEX + rb',"epoch":' + _INTEGER + rb',"issuer":' + _HEX
    + rb',"seq":' + _INTEGER + rb',"size":' + _INTEGER + rb',"time":' + _TIME
    + rb',"unit":' + _HEX + rb',"v":1,"wraps":(' + _IDS + rb")\}"
)  # fmt: skip
_CLEAR_KEYS = ("body", "charter", "epoch", "issuer", "kind", "seq", "time", "unit", "v")
_ID = re.compile(r"[0-9a-f]{64}")
_KIND = re.compile(r"[a-z]+(?:-[a-z]+)*")
_KIND_CHARS_MAX = 32


@dataclass(frozen=True, slots=True)
class Sealed:
    """Content that travels beside the entry, for its readers only.

    Attributes:
        audience: "unit", or member ids in ascending order, the issuer not among them; an
            empty tuple commits to something shown to nobody yet.
        commitment: hex; binds the content to this place.
        ciphertext: hex SHA-256 of the encrypted content.
        size: bytes of the padded content before encryption, a Padmé size.
        wraps: hex SHA-256 of the wrap of each reader, by ascending member id.
    """

    audience: Literal["unit"] | tuple[str, ...]
    commitment: str
    ciphertext: str
    size: int
    wraps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clear:
    """A governance statement: everybody reads it.

    Attributes:
        kind: proposal, yes, confirm, close, certificate, adopt, suspend, undelivered, ...
        body_json: its body, the RFC 8785 bytes of one JSON object.
    """

    kind: str
    body_json: bytes

    @classmethod
    def of(cls, kind: str, body: dict[str, JsonValue]) -> "Clear":
        """Say `body` in the clear.

        Raises:
            JsonError: the body has no canonical form.
        """
        return cls(kind=kind, body_json=canonical(body))

    @property
    def body(self) -> JsonValue:
        """The body as JSON values."""
        return parse_canonical(self.body_json)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a statement stands; two statements at one position are a lie.

    Attributes:
        unit: hex unit id.
        issuer: hex member id.
        epoch: which of the issuer's logs.
        seq: index in that log, from 0.
    """

    unit: str
    issuer: str
    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Header:
    """The signed payload of a statement.

    Attributes:
        unit: hex unit id.
        charter: hex digest of the charter it was said under.
        issuer: hex member id.
        epoch: which of the issuer's logs.
        seq: index in that log.
        time: when the issuer says it was said (UTC, whole seconds); a claim.
        says: sealed content or a clear body.
    """

    unit: str
    charter: str
    issuer: str
    epoch: int
    seq: int
    time: datetime
    says: Sealed | Clear

    @property
    def position(self) -> Position:
        """Its place in the unit."""
        return Position(unit=self.unit, issuer=self.issuer, epoch=self.epoch, seq=self.seq)

    @classmethod
    def parse(cls, payload: bytes) -> "Header":
        """Read signed payload bytes; exactly what `to_bytes` writes is a header.

        Raises:
            StatementError: another form, keys or order, a value out of range.
        """
        match = _SEALED.fullmatch(payload)
        header = _read_clear(payload) if match is None else _read_sealed(match)
        check_header(header)
        return header

    def to_bytes(self) -> bytes:
        """Return the RFC 8785 bytes that are signed."""
        match self.says:
            case Sealed():
                return _print_sealed(self, self.says)
            case Clear():
                return _print_clear(self, self.says)
            case _:
                assert_never(self.says)


def check_header(header: Header) -> None:
    """Check the rules that the form alone does not carry.

    Raises:
        StatementError: a value out of range, ids that do not ascend, a size that is not padded.
    """
    if header.epoch > INTEGER_MAX or header.seq > INTEGER_MAX:
        raise StatementError("an epoch or seq beyond 2^53 - 1")
    if isinstance(header.says, Clear):
        return
    if header.says.size > CONTENT_BYTES_MAX or padme(header.says.size) != header.says.size:
        raise StatementError(f"{header.says.size} is no padded size of at most 4 GiB")
    _check_readers(header.says, header.issuer)


def _check_readers(says: Sealed, issuer: str) -> None:
    readers = says.audience
    if readers == UNIT:
        if len(says.wraps) > READERS_MAX:
            raise StatementError(f"at most {READERS_MAX} wraps, here {len(says.wraps)}")
        return
    if len(readers) > READERS_MAX or len(readers) != len(says.wraps):
        raise StatementError(f"{len(readers)} readers but {len(says.wraps)} wraps")
    if any(here >= after for here, after in pairwise(readers)):
        raise StatementError("the readers do not stand in ascending order, each once")
    if issuer in readers:
        raise StatementError("the issuer stands among its own readers")


def _read_sealed(match: re.Match[bytes]) -> Header:
    group = match.group
    audience = group(1)
    try:
        time = parse_time(group(9).decode())
    except TimeError as error:
        raise StatementError(f"the time of the header: {error}") from None
    return Header(
        unit=group(10).decode(),
        charter=group(2).decode(),
        issuer=group(6).decode(),
        epoch=int(group(5)),
        seq=int(group(7)),
        time=time,
        says=Sealed(
            audience=UNIT if audience == b'"unit"' else _ids(audience),
            commitment=group(4).decode(),
            ciphertext=group(3).decode(),
            size=int(group(8)),
            wraps=_ids(group(11)),
        ),
    )


def _ids(array: bytes) -> tuple[str, ...]:
    return tuple(array.decode()[2:-2].split('","')) if array != b"[]" else ()


def _read_clear(payload: bytes) -> Header:
    try:
        value = parse_canonical(payload)
    except JsonError as error:
        raise StatementError(f"the payload is no header: {error}") from None
    if not isinstance(value, dict) or tuple(value) != _CLEAR_KEYS:
        raise StatementError(
            f"the payload is neither a sealed header nor a clear one with the keys {_CLEAR_KEYS}"
        )
    body, kind, version = value["body"], value["kind"], value["v"]
    if version is True or version != HEADER_VERSION:
        raise StatementError(f"header version {HEADER_VERSION} is read, not {version!r}")
    if not isinstance(body, dict):
        raise StatementError("the body of a clear statement is a JSON object")
    if not isinstance(kind, str) or len(kind) > _KIND_CHARS_MAX or not _KIND.fullmatch(kind):
        raise StatementError("the kind of a clear statement is one short lower-case word")
    return Header(
        unit=_id(value, "unit"),
        charter=_id(value, "charter"),
        issuer=_id(value, "issuer"),
        epoch=_integer(value, "epoch"),
        seq=_integer(value, "seq"),
        time=_time(value),
        says=Clear(kind=kind, body_json=canonical(body)),
    )


def _id(value: dict[str, JsonValue], key: str) -> str:
    text = value[key]
    if not isinstance(text, str) or _ID.fullmatch(text) is None:
        raise StatementError(f"{key} is 64 lower-case hex digits")
    return text


def _integer(value: dict[str, JsonValue], key: str) -> int:
    number = value[key]
    if type(number) is not int or number < 0:
        raise StatementError(f"{key} is an integer from 0 to 2^53 - 1")
    return number


def _time(value: dict[str, JsonValue]) -> datetime:
    text = value["time"]
    try:
        return parse_time(text if isinstance(text, str) else "")
    except TimeError as error:
        raise StatementError(f"the time of the header: {error}") from None


def _print_sealed(header: Header, says: Sealed) -> bytes:
    # A template, because this runs once per statement on the append path; the tests
    # hold it against the general RFC 8785 printer.
    audience = '"unit"' if says.audience == UNIT else _print_ids(says.audience)
    return (
        f'{{"audience":{audience},"charter":"{header.charter}","ciphertext":"{says.ciphertext}",'
        f'"commitment":"{says.commitment}","epoch":{header.epoch},"issuer":"{header.issuer}",'
        f'"seq":{header.seq},"size":{says.size},"time":"{format_time(header.time)}",'
        f'"unit":"{header.unit}","v":1,"wraps":{_print_ids(says.wraps)}}}'
    ).encode()


def _print_ids(ids: tuple[str, ...]) -> str:
    return '["' + '","'.join(ids) + '"]' if ids else "[]"


def _print_clear(header: Header, says: Clear) -> bytes:
    return (
        b'{"body":%b,"charter":"%b","epoch":%d,"issuer":"%b","kind":"%b","seq":%d,'
        b'"time":"%b","unit":"%b","v":1}'
    ) % (
        says.body_json,
        header.charter.encode(),
        header.epoch,
        header.issuer.encode(),
        says.kind.encode(),
        header.seq,
        format_time(header.time).encode(),
        header.unit.encode(),
    )
