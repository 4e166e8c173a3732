"""The one Ed25519 verifier that every node uses.

libsodium refuses small-order and non-canonical keys, non-canonical R and
S >= L. OpenSSL accepts 165 of the C2SP/CCTV edge cases that libsodium
refuses; two nodes with different verifiers could be made to disagree.
"""

from nacl import bindings
from nacl.exceptions import BadSignatureError

from detente.signing.errors import KeyAdmissionError, SignatureError

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64


def verify_signature(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Check an Ed25519 signature by the strict rules (RFC 8032 5.1.7, cofactorless, canonical).

    Raises:
        SignatureError: the key or the signature has the wrong length, is not
            canonical, is of small order, or does not fit the message.
    """
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise SignatureError(f"an Ed25519 key has 32 bytes, this one {len(public_key)}")
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureError(f"an Ed25519 signature has 64 bytes, this one {len(signature)}")
    try:
        bindings.crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        raise SignatureError("the Ed25519 signature does not verify") from None


def admit_ed25519(public_key: bytes) -> None:
    """Refuse a key that could later be used to deny what it signed.

    Raises:
        KeyAdmissionError: not a canonical point of the prime-order group
            (8 small-order points, non-canonical encodings, mixed-order points).
    """
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise KeyAdmissionError(f"an Ed25519 key has 32 bytes, this one {len(public_key)}")
    if not bindings.crypto_core_ed25519_is_valid_point(public_key):
        raise KeyAdmissionError(
            f"key {public_key.hex()} is weak or malformed",
            remedy="Make a new key with `detente keys`; do not import keys of unknown origin",
        )
