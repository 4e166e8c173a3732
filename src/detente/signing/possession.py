"""Proof of possession: a key enters a charter only if its holder signs for it.

The signed text names the role, the key and the digest of the charter it is
to stand in, so a proof made for one unit or role is worth nothing in another.
"""

from detente.signing.ed25519 import admit_ed25519, verify_signature
from detente.signing.errors import KeyAdmissionError, SignatureError
from detente.signing.mldsa import PUBLIC_KEY_BYTES as MLDSA44_KEY_BYTES
from detente.signing.mldsa import admit_mldsa44, verify_mldsa44
from detente.signing.ports import Signer
from detente.signing.roles import Role


def possession_text(role: Role, public_key: bytes, context: bytes) -> bytes:
    """Return the bytes a holder signs; `context` is the 32-byte digest of the charter."""
    return b"detente possession v1\n" + role.value.encode() + b"\n" + context + public_key


def prove_possession(role: Role, signer: Signer, context: bytes) -> bytes:
    """Sign for one key as `role` in the charter with digest `context`."""
    return signer.sign(possession_text(role, signer.public_key, context))


def admit_key(role: Role, public_key: bytes, context: bytes, proof: bytes) -> None:
    """Admit a signing key: strict form, then the proof that somebody holds it.

    Raises:
        KeyAdmissionError: weak, malformed, or the proof does not verify.
    """
    text = possession_text(role, public_key, context)
    try:
        if len(public_key) == MLDSA44_KEY_BYTES:
            admit_mldsa44(public_key)
            verify_mldsa44(public_key, text, proof)
        else:
            admit_ed25519(public_key)
            verify_signature(public_key, text, proof)
    except SignatureError as error:
        raise KeyAdmissionError(
            f"{role.value} key {public_key[:8].hex()}… comes without proof of possession: {error}"
        ) from None
