"""ML-DSA-44 (FIPS 204) verification, for logs and cosigners."""

from functools import lru_cache
from typing import TYPE_CHECKING

from detente.signing.errors import KeyAdmissionError, SignatureError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

PUBLIC_KEY_BYTES = 1312
SIGNATURE_BYTES = 2420


def verify_mldsa44(
    public_key: bytes, message: bytes, signature: bytes, *, context: bytes = b""
) -> None:
    """Check an ML-DSA-44 signature (FIPS 204, algorithm 3; `context` at most 255 bytes).

    Raises:
        SignatureError: wrong lengths, a malformed key, or it does not verify.
    """
    from cryptography.exceptions import InvalidSignature

    if len(signature) != SIGNATURE_BYTES:
        raise SignatureError(f"an ML-DSA-44 signature has 2420 bytes, this one {len(signature)}")
    try:
        _load(public_key).verify(signature, message, context or None)
    except (InvalidSignature, ValueError):
        raise SignatureError("the ML-DSA-44 signature does not verify") from None


def admit_mldsa44(public_key: bytes) -> None:
    """Refuse bytes that are no ML-DSA-44 key.

    Raises:
        KeyAdmissionError: wrong length or malformed.
    """
    try:
        _load(public_key)
    except (SignatureError, ValueError) as error:
        raise KeyAdmissionError(f"not an ML-DSA-44 key: {error}") from None


@lru_cache(maxsize=256)  # a charter's keys check thousands of signatures; expanding one costs
def _load(public_key: bytes) -> "MLDSA44PublicKey":
    # Loaded here: a node that meets no post-quantum signature does not pay for it at start.
    from cryptography.hazmat.primitives.asymmetric.mldsa import (
        MLDSA44PublicKey,
    )

    if len(public_key) != PUBLIC_KEY_BYTES:
        raise SignatureError(f"an ML-DSA-44 key has 1312 bytes, this one {len(public_key)}")
    return MLDSA44PublicKey.from_public_bytes(public_key)
