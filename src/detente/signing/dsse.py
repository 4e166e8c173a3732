"""DSSE envelopes in the one form this project writes (trust.md, section 2).

One signature, standard base64, RFC 8785 outside and inside. What a statement
*is* is the hash of its payload: the envelope's keyid is not signed.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from hashlib import sha256

from detente.signing.ed25519 import verify_signature
from detente.signing.errors import EnvelopeError, SignatureError
from detente.signing.ports import Signer
from detente.signing.roles import Role

ENTRY_BYTES_MAX = 65_535
_FORM = re.compile(
    rb'\{"payload":"([A-Za-z0-9+/=]*)","payloadType":"application/vnd\.detente\.([a-z]+)\.v1\+json",'
    rb'"signatures":\[\{"keyid":"([0-9a-f]{64})","sig":"([A-Za-z0-9+/]{86}==)"\}\]\}'
)
_ROLES = {role.value.encode(): role for role in Role}


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the DSSE v1 pre-authentication encoding, the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def key_id(public_key: bytes) -> str:
    """Return hex SHA-256 of the raw key: the keyid of every envelope."""
    return sha256(public_key).hexdigest()


def decode_base64(text: bytes) -> bytes:
    """Decode standard padded base64, refusing any but the one encoding of its bytes.

    Raises:
        EnvelopeError: not base64, or not canonical.
    """
    try:
        raw = b64decode(text, validate=True)
    except Base64Error as error:
        raise EnvelopeError(f"not standard base64: {error}") from None
    if b64encode(raw) != text:
        raise EnvelopeError("base64 that is not the canonical encoding of its bytes")
    return raw


@dataclass(frozen=True, slots=True)
class Envelope:
    """One signed payload.

    Attributes:
        role: the kind of key that signed, from the payload type.
        payload: the signed bytes; who parses them checks that they are canonical JSON.
        keyid: hex SHA-256 of the raw public key; a hint, not signed.
        signature: 64 bytes over `pae`.
    """

    role: Role
    payload: bytes
    keyid: str
    signature: bytes

    @classmethod
    def parse(cls, data: bytes) -> "Envelope":
        """Read an envelope; only the exact bytes that `to_bytes` writes are one.

        Raises:
            EnvelopeError: too long, another form, an unknown role, bad base64.
        """
        if len(data) > ENTRY_BYTES_MAX:
            raise EnvelopeError(f"an envelope has at most 65,535 bytes, this one {len(data)}")
        match = _FORM.fullmatch(data)
        if match is None:
            raise EnvelopeError("not a DSSE envelope in its RFC 8785 form with one signature")
        payload, role, keyid, signature = match.groups()
        if (known := _ROLES.get(role)) is None:
            raise EnvelopeError(f"no key has the role {role.decode()!r}")
        return cls(
            role=known,
            payload=decode_base64(payload),
            keyid=keyid.decode(),
            signature=decode_base64(signature),
        )

    def to_bytes(self) -> bytes:
        """Return the RFC 8785 bytes of the envelope: a log entry."""
        return b'{"payload":"%b","payloadType":"%b","signatures":[{"keyid":"%b","sig":"%b"}]}' % (
            b64encode(self.payload),
            self.role.payload_type.encode(),
            self.keyid.encode(),
            b64encode(self.signature),
        )

    @property
    def payload_hash(self) -> str:
        """Hex SHA-256 of the payload: what identifies the statement."""
        return sha256(self.payload).hexdigest()

    def verify(self, public_key: bytes) -> None:
        """Check the signature by one key.

        Raises:
            SignatureError: another key is named, or it does not verify.
        """
        if self.keyid != key_id(public_key):
            raise SignatureError(f"signed by key {self.keyid[:16]}…, not by the one expected")
        verify_signature(public_key, pae(self.role.payload_type, self.payload), self.signature)


def sign_envelope(role: Role, payload: bytes, signer: Signer) -> Envelope:
    """Sign canonical payload bytes as `role`."""
    signature = signer.sign(pae(role.payload_type, payload))
    return Envelope(
        role=role, payload=payload, keyid=key_id(signer.public_key), signature=signature
    )
