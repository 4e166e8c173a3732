"""Public sealing keys: ML-KEM-768, then X25519 (X-Wing's parts), as everyone admits them."""

from detente.signing.errors import KeyAdmissionError

SEALING_KEY_BYTES = 1_216
_MLKEM_BYTES = 1_184
_ANY_SECRET = b"\1" * 32  # protects nothing: it only multiplies the point under test


def admit_sealing_key(public_key: bytes) -> None:
    """Refuse bytes to which nobody can seal: not every sealer would notice before it tried.

    The first part passes the encapsulation key check (FIPS 203, section 7.2); the second
    is no point of small order, with which every shared secret is zero (RFC 7748, section
    6.1). Whether somebody holds the secret is not seen here.

    Raises:
        KeyAdmissionError: wrong length, or a part that is no key.
    """
    # Loaded here: who admits no sealing key does not pay for OpenSSL.
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    if len(public_key) != SEALING_KEY_BYTES:
        raise KeyAdmissionError(
            f"a sealing key has {SEALING_KEY_BYTES} bytes, this one {len(public_key)}"
        )
    try:
        MLKEM768PublicKey.from_public_bytes(public_key[:_MLKEM_BYTES])
    except ValueError:
        raise KeyAdmissionError("its ML-KEM-768 part is no encapsulation key") from None
    point = X25519PublicKey.from_public_bytes(public_key[_MLKEM_BYTES:])
    try:
        X25519PrivateKey.from_private_bytes(_ANY_SECRET).exchange(point)
    except ValueError:
        raise KeyAdmissionError("its X25519 part is a point of small order") from None
