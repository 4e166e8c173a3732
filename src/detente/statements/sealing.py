"""Who can read: the content key, sealed to every reader on its own.

A wrap is bound to its place, its commitment and its reader, so it opens
nowhere else. A reader who got garbage complains with a one-time key; the
issuer answers in the log; whoever then publishes the one-time secret lets
everybody see what the answer was (trust.md, section 2).
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from detente.signing import (
    EnvelopeError,
    KeyAdmissionError,
    admit_sealing_key,
    decode_base64,
)
from detente.signing.canonical import JsonValue
from detente.statements.content import Content, check_commitment
from detente.statements.encryption import ciphertext_hash, decrypt_content
from detente.statements.errors import ContentError, SealingError, StatementError
from detente.statements.header import UNIT, Clear, Header, Position, Sealed
from detente.statements.ports import Opener, Sealer

SEALING_KEY_BYTES = 1216  # ML-KEM-768 (1184) then X25519 (32)
WRAP_BYTES = 1168  # enc 1120, content key 32, tag 16
_ID = re.compile(r"[0-9a-f]{64}")


def readers_of(header: Header, members: tuple[str, ...]) -> tuple[str, ...]:
    """Return the member ids a sealed header is for, ascending; the issuer never among them.

    Args:
        header: with sealed content.
        members: ids of all members of the charter it was said under.

    Raises:
        StatementError: a clear header, a reader who is no member, or not one wrap for each.
    """
    says = _sealed(header)
    others = tuple(sorted(set(members) - {header.issuer}))
    readers = others if says.audience == UNIT else says.audience
    if strangers := set(readers) - set(others):
        raise StatementError(f"addressed to {min(strangers)[:16]}…, who is no other member")
    if len(says.wraps) != len(readers):
        raise StatementError(f"{len(readers)} readers but {len(says.wraps)} wraps")
    return readers


def wrap_info(position: Position, commitment: str, reader: str) -> bytes:
    """Return the HPKE info of one wrap: every field has a fixed length."""
    return (
        bytes.fromhex(position.unit)
        + bytes.fromhex(position.issuer)
        + position.epoch.to_bytes(8)
        + position.seq.to_bytes(8)
        + bytes.fromhex(commitment)
        + bytes.fromhex(reader)
    )


def seal_for(
    readers: Mapping[str, bytes], *, key: bytes, position: Position, commitment: str, sealer: Sealer
) -> dict[str, bytes]:
    """Seal the content key to each reader; the result is in ascending order of member id.

    Args:
        readers: member id -> raw sealing key.
        key: the content key, 32 bytes.
        position: where the statement will stand.
        commitment: hex.
        sealer: draws the randomness.

    Raises:
        SealingError: a sealing key that is none.
    """
    return {
        reader: sealer.seal(
            public_key=readers[reader],
            info=wrap_info(position, commitment, reader),
            plaintext=key,
        )
        for reader in sorted(readers)
    }


def wrap_hashes(wraps: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return what the header says of the wraps, by ascending member id."""
    return tuple(sha256(wraps[reader]).hexdigest() for reader in sorted(wraps))


def check_wrap(header: Header, members: tuple[str, ...], reader: str, wrap: bytes) -> None:
    """Check that a wrap is the one the header names for this reader.

    Raises:
        StatementError: not a reader, or other bytes.
    """
    readers = readers_of(header, members)
    if reader not in readers:
        raise StatementError(f"member {reader[:16]}… is not among the readers")
    if sha256(wrap).hexdigest() != _sealed(header).wraps[readers.index(reader)]:
        raise StatementError(f"these are not the bytes wrapped for member {reader[:16]}…")


def open_content(
    header: Header, *, reader: str, wrap: bytes, ciphertext: bytes, opener: Opener
) -> Content:
    """Open what was sealed to one reader, all the way to the commitment.

    Raises:
        SealingError: the wrap does not open.
        ContentError: the ciphertext is another, does not open, or is not what was committed to.
    """
    says = _sealed(header)
    info = wrap_info(header.position, says.commitment, reader)
    return read_content(header, key=opener.open(info=info, sealed=wrap), ciphertext=ciphertext)


def read_content(header: Header, *, key: bytes, ciphertext: bytes) -> Content:
    """Decrypt with a known content key and hold the content against the header.

    Raises:
        ContentError: as `open_content`.
    """
    says = _sealed(header)
    if ciphertext_hash([ciphertext]) != says.ciphertext:
        raise ContentError("this is not the ciphertext the header names")
    padded = decrypt_content(key, ciphertext)
    if len(padded) != says.size:
        raise ContentError(f"{len(padded)} bytes of padded content, the header says {says.size}")
    content = Content.parse(padded)
    check_commitment(content, says, header.position)
    return content


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A reader's complaint, kind `undelivered`: what was sealed to me does not open.

    Attributes:
        statement: payload hash of the statement complained of.
        key: a one-time public sealing key, 1,216 bytes, used for this complaint only.
    """

    statement: str
    key: bytes

    def to_clear(self) -> Clear:
        """Return it as the body of a clear statement."""
        key = b64encode(self.key).decode()
        return Clear.of("undelivered", {"key": key, "statement": self.statement})

    @classmethod
    def parse(cls, says: Clear) -> "Undelivered":
        """Read the body.

        Raises:
            StatementError: another kind, keys or lengths, or a key nobody can seal to: who
                names one asks for an answer that cannot be given.
        """
        body = _body(says, "undelivered", ("key", "statement"))
        key = _bytes(body["key"], SEALING_KEY_BYTES)
        try:
            admit_sealing_key(key)
        except KeyAdmissionError as error:
            raise StatementError(f"the one-time key of a complaint: {error}") from None
        return cls(statement=_id(body["statement"]), key=key)


@dataclass(frozen=True, slots=True)
class Grant:
    """The content key of an earlier statement, wrapped in the log, kind `grant`.

    It answers a complaint (then it is sealed to the one-time key), or lets a
    later member read (then to its sealing key).

    Attributes:
        statement: payload hash of the statement whose content it opens.
        reader: hex member id.
        complaint: payload hash of the complaint it answers; empty for a later reader.
        wrap: enc || ct, 1,168 bytes.
    """

    statement: str
    reader: str
    complaint: str
    wrap: bytes

    def to_clear(self) -> Clear:
        """Return it as the body of a clear statement."""
        return Clear.of(
            "grant",
            {
                "complaint": self.complaint,
                "reader": self.reader,
                "statement": self.statement,
                "wrap": b64encode(self.wrap).decode(),
            },
        )

    @classmethod
    def parse(cls, says: Clear) -> "Grant":
        """Read the body.

        Raises:
            StatementError: another kind, keys or lengths.
        """
        body = _body(says, "grant", ("complaint", "reader", "statement", "wrap"))
        complaint = body["complaint"]
        return cls(
            statement=_id(body["statement"]),
            reader=_id(body["reader"]),
            complaint="" if complaint == "" else _id(complaint),
            wrap=_bytes(body["wrap"], WRAP_BYTES),
        )


@dataclass(frozen=True, slots=True)
class Erased:
    """The issuer erased content it had sealed, kind `erased` (docs/adr/0030).

    Attributes:
        statement: payload hash of the statement whose content is gone.
    """

    statement: str

    def to_clear(self) -> Clear:
        """Return it as the body of a clear statement."""
        return Clear.of("erased", {"statement": self.statement})

    @classmethod
    def parse(cls, says: Clear) -> "Erased":
        """Read the body.

        Raises:
            StatementError: another kind or keys.
        """
        return cls(statement=_id(_body(says, "erased", ("statement",))["statement"]))


@dataclass(frozen=True, slots=True)
class Publication:
    """The issuer lets anybody read what it said, kind `publication` (docs/adr/0045).

    Attributes:
        statement: payload hash of the statement.
    """

    statement: str

    def to_clear(self) -> Clear:
        """Return it as the body of a clear statement."""
        return Clear.of("publication", {"statement": self.statement})

    @classmethod
    def parse(cls, says: Clear) -> "Publication":
        """Read the body.

        Raises:
            StatementError: another kind or keys.
        """
        return cls(statement=_id(_body(says, "publication", ("statement",))["statement"]))


@dataclass(frozen=True, slots=True)
class Delivered:
    """The answer opened: the reader can read now."""

    content: Content


@dataclass(frozen=True, slots=True)
class Garbage:
    """The answer, too, was garbage: shown to everybody by the one-time secret.

    Attributes:
        reason: what did not open or fit.
    """

    reason: str


def check_complaint(
    complaint: Header, complained_of: Header, *, payload_hash: str, members: tuple[str, ...]
) -> Undelivered:
    """Read a complaint; only a reader may complain, and only of what was sealed to it.

    Raises:
        StatementError: another unit or statement, or the complainer is no reader.
    """
    if not isinstance(complaint.says, Clear):
        raise StatementError("a complaint is said in the clear")
    undelivered = Undelivered.parse(complaint.says)
    if complaint.unit != complained_of.unit or undelivered.statement != payload_hash:
        raise StatementError("the complaint is about another statement")
    if complaint.issuer not in readers_of(complained_of, members):
        raise StatementError(f"member {complaint.issuer[:16]}… is not among the readers")
    return undelivered


def check_answer(
    answer: Header,
    complaint: Header,
    complained_of: Header,
    *,
    complaint_hash: str,
) -> Grant:
    """Read the issuer's logged answer to a complaint.

    Raises:
        StatementError: not by the issuer, or not an answer to this complaint.
    """
    if not isinstance(answer.says, Clear) or not isinstance(complaint.says, Clear):
        raise StatementError("a complaint and its answer are said in the clear")
    grant = Grant.parse(answer.says)
    statement = Undelivered.parse(complaint.says).statement
    expected = (complained_of.unit, complained_of.issuer, statement, complaint_hash)
    if (answer.unit, answer.issuer, grant.statement, grant.complaint) != expected:
        raise StatementError("this is not the issuer's answer to the complaint")
    if grant.reader != complaint.issuer:
        raise StatementError("the answer is sealed for somebody else than the one who complained")
    return grant


def show_delivery(
    complained_of: Header,
    undelivered: Undelivered,
    grant: Grant,
    *,
    ciphertext: bytes,
    opener: Opener,
) -> Delivered | Garbage:
    """Open an answer with the published one-time secret: what everybody can repeat.

    Args:
        complained_of: the statement's header.
        undelivered: the complaint, checked by `check_complaint`.
        grant: the answer, checked by `check_answer`.
        ciphertext: as the issuer serves it, with the hash the header names.
        opener: holds the one-time secret.

    Raises:
        SealingError: this secret does not belong to the key of the complaint.
        ContentError: this is not the ciphertext the header names: it shows nothing.
    """
    if opener.public_key != undelivered.key:
        raise SealingError("this secret does not belong to the one-time key of the complaint")
    if ciphertext_hash([ciphertext]) != _sealed(complained_of).ciphertext:
        raise ContentError("this is not the ciphertext the header names")
    try:
        content = open_content(
            complained_of,
            reader=grant.reader,
            wrap=grant.wrap,
            ciphertext=ciphertext,
            opener=opener,
        )
    except (SealingError, ContentError) as error:
        return Garbage(reason=error.message)
    return Delivered(content=content)


def _sealed(header: Header) -> Sealed:
    if not isinstance(header.says, Sealed):
        raise StatementError(f"a clear {header.says.kind} statement has no readers")
    return header.says


def _body(says: Clear, kind: str, keys: tuple[str, ...]) -> dict[str, JsonValue]:
    body = says.body
    if says.kind != kind or not isinstance(body, dict) or tuple(body) != keys:
        raise StatementError(f"not the body of an {kind!r} statement: it has the keys {keys}")
    return body


def _id(value: JsonValue) -> str:
    if not isinstance(value, str) or _ID.fullmatch(value) is None:
        raise StatementError("an id or hash is 64 lower-case hex digits")
    return value


def _bytes(value: JsonValue, size: int) -> bytes:
    try:
        raw = decode_base64(value.encode()) if isinstance(value, str) else b""
    except (EnvelopeError, UnicodeError) as error:
        raise StatementError(f"not bytes in base64: {error}") from None
    if len(raw) != size:
        raise StatementError(f"expected {size} bytes in base64, found {len(raw)}")
    return raw
