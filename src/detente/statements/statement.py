"""A statement is a log entry: one signed header (trust.md, section 2).

Everything that decides where it counts stands in the signed bytes. What
identifies it is the hash of those bytes, not of the entry: the keyid and the
encoding of the envelope are not signed.
"""

from collections.abc import Collection
from dataclasses import dataclass

from detente.charter import Spoken
from detente.signing import Envelope, Role, Signer, sign_envelope
from detente.statements.errors import StatementError
from detente.statements.header import Clear, Header, Sealed, check_header

CLEAR_ROLES = frozenset((Role.STATEMENT, Role.GOVERNANCE, Role.RECOVERY))


@dataclass(frozen=True, slots=True)
class Statement:
    """A parsed log entry; parsing it proves nothing, `verify_statement` does.

    Attributes:
        header: what is signed, read.
        envelope: what is signed, as bytes, and by which key.
    """

    header: Header
    envelope: Envelope

    @property
    def payload_hash(self) -> str:
        """Hex SHA-256 of the signed header: what identifies the statement."""
        return self.envelope.payload_hash

    @property
    def sealed(self) -> Sealed:
        """What it says, where that is sealed content.

        Raises:
            StatementError: it is a clear governance statement.
        """
        if not isinstance(self.header.says, Sealed):
            raise StatementError(f"a clear {self.header.says.kind} statement has no content")
        return self.header.says

    @property
    def clear(self) -> Clear:
        """What it says, where that is a clear body.

        Raises:
            StatementError: its content is sealed.
        """
        if not isinstance(self.header.says, Clear):
            raise StatementError("a statement with sealed content has no clear body")
        return self.header.says

    def to_entry(self) -> bytes:
        """Return the bytes that stand in the log."""
        return self.envelope.to_bytes()


def parse_entry(entry: bytes) -> Statement:
    """Read a log entry: at most 65,535 bytes, one signature, canonical outside and inside.

    Raises:
        EnvelopeError: not an envelope in the one form.
        StatementError: its payload is no header, or its role does not say such things.
    """
    envelope = Envelope.parse(entry)
    header = Header.parse(envelope.payload)
    _check_role(header, envelope.role)
    return Statement(header=header, envelope=envelope)


def verify_statement(
    statement: Statement,
    *,
    unit: str,
    charters: Collection[str],
    issuer: str,
    epoch: int,
    index: int,
    key: bytes,
) -> None:
    """Check that a statement may stand where it was found, and that its key signed it.

    The caller takes every expectation from what it already trusts, never from
    the statement: so nothing replays from another unit, log, epoch, position
    or charter, nor after a key's range of positions has ended.

    Args:
        statement: what was found.
        unit: hex id of our unit.
        charters: hex digests of the charters this issuer may speak under at this position.
        issuer: hex member id of the owner of the log.
        epoch: of the log.
        index: where in the log the entry stands.
        key: the raw Ed25519 key that is valid for the envelope's role at this position.

    Raises:
        StatementError: it was made for another place.
        SignatureError: the key did not sign it.
    """
    header = statement.header
    for name, expected, seen in (
        ("unit", unit, header.unit),
        ("issuer", issuer, header.issuer),
        ("epoch", epoch, header.epoch),
        ("seq", index, header.seq),
    ):
        if expected != seen:
            raise StatementError(f"made for {name} {seen}, found where {name} is {expected}")
    if header.charter not in charters:
        raise StatementError(
            f"said under charter {header.charter[:16]}…, which does not bind this issuer there"
        )
    statement.envelope.verify(key)


def sign_statement(header: Header, signer: Signer, role: Role = Role.STATEMENT) -> Statement:
    """Sign a header; `to_entry` of the result is what goes into the log.

    Raises:
        StatementError: a header that nobody would accept.
    """
    check_header(header)
    _check_role(header, role)
    envelope = sign_envelope(role, header.to_bytes(), signer)
    return Statement(header=header, envelope=envelope)


def spoken(statement: Statement, *, key: bytes) -> Spoken:
    """Hand a clear statement to the charter's rules, once `key` is shown to have signed it.

    Raises:
        StatementError: its content is sealed.
        SignatureError: the key did not sign it.
    """
    header, body = statement.header, statement.clear.body
    if not isinstance(body, dict):
        raise StatementError("the body of a clear statement is a JSON object")
    statement.envelope.verify(key)
    return Spoken(
        unit=header.unit,
        charter=header.charter,
        issuer=header.issuer,
        epoch=header.epoch,
        seq=header.seq,
        time=header.time,
        kind=statement.clear.kind,
        body=body,
        payload_hash=statement.payload_hash,
        key=key,
    )


def _check_role(header: Header, role: Role) -> None:
    if isinstance(header.says, Sealed):
        if role is not Role.STATEMENT:
            raise StatementError(f"content is said by a statement key, not by a {role} key")
    elif role not in CLEAR_ROLES:
        raise StatementError(f"a {role} key signs no statements")
