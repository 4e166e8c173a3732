"""Signing notes and cosigning checkpoints with a key held elsewhere."""

from dataclasses import dataclass
from typing import Self, assert_never

from detente.signing import Signer
from detente.tlog.checkpoint import Checkpoint
from detente.tlog.cosignature import TIMESTAMP_MAX, ed25519_message, mldsa44_message
from detente.tlog.errors import NoteError
from detente.tlog.note import SignatureLine
from detente.tlog.verifier import TIMESTAMP_BYTES, KeyType, Verifier


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A named key that can sign.

    Attributes:
        verifier: its public half; `verifier.vkey` is what others put in a policy.
        signer: who holds the private key.
    """

    verifier: Verifier
    signer: Signer

    @classmethod
    def named(cls, name: str, key_type: KeyType, signer: Signer) -> Self:
        """Give a key its name and its one use.

        Raises:
            NoteError: not a key name, or a key of another kind.
        """
        return cls(Verifier(name, key_type, signer.public_key), signer)

    def sign(self, text: str) -> SignatureLine:
        """Sign a note's text (type 0x01).

        Raises:
            NoteError: another type, or a text that does not end in a line feed.
        """
        if self.verifier.key_type is not KeyType.ED25519:
            raise NoteError(f"{self.verifier.name!r} cosigns checkpoints; it signs no other text")
        if not text.endswith("\n"):
            raise NoteError("the text of a note ends in a line feed")
        return self._line(self.signer.sign(text.encode()))

    def cosign(self, text: str, timestamp: int) -> SignatureLine:
        """Sign a checkpoint text at a time (types 0x04 and 0x06).

        Who cosigns as a witness has stored tree and time before: see `witness`.

        Args:
            text: the text of a checkpoint.
            timestamp: POSIX seconds, above 0.

        Raises:
            NoteError: type 0x01, no checkpoint, no time, a name over 255 bytes.
        """
        if not 0 < timestamp <= TIMESTAMP_MAX:
            raise NoteError(f"a cosignature has a time between 1 and 2^63 - 1, not {timestamp}")
        checkpoint = Checkpoint.parse(text)
        match self.verifier.key_type:
            case KeyType.ED25519:
                raise NoteError(f"{self.verifier.name!r} signs notes; it is no cosigner's key")
            case KeyType.ED25519_COSIGNATURE:
                message = ed25519_message(text, timestamp)
            case KeyType.MLDSA44:
                name = self.verifier.name
                message = mldsa44_message(checkpoint, cosigner=name, timestamp=timestamp)
            case _:
                assert_never(self.verifier.key_type)
        return self._line(timestamp.to_bytes(TIMESTAMP_BYTES) + self.signer.sign(message))

    def _line(self, signature: bytes) -> SignatureLine:
        return SignatureLine(self.verifier.name, self.verifier.key_id, signature)
