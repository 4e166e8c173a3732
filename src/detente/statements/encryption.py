"""Content at rest and in transit: ChaCha20-Poly1305 in STREAM chunks of 64 KiB.

The layout is that of age v1 (C2SP age, "Payload"): nonce = 11-byte big-endian
counter || last flag. A content key encrypts one content and nothing else, so
the counter may start at zero (docs/adr/0020). Source: Hoang, Reyhanitabar,
Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", CRYPTO 2015, section 7.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import TYPE_CHECKING

from detente.statements.errors import ContentError
from detente.statements.padding import CONTENT_BYTES_MAX

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

KEY_BYTES = 32
CHUNK_BYTES = 65_536
TAG_BYTES = 16
_SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES


def ciphertext_size(size: int) -> int:
    """Return the bytes of ciphertext for `size` bytes of padded content."""
    chunks = max(1, -(-size // CHUNK_BYTES))
    return size + chunks * TAG_BYTES


def encrypt_content(key: bytes, padded: bytes) -> bytes:
    """Encrypt padded content under a key that is used this once.

    Raises:
        ContentError: a key of another length, or more than 4 GiB.
    """
    return b"".join(encrypt_chunks(key, [padded]))


def decrypt_content(key: bytes, ciphertext: bytes) -> bytes:
    """Decrypt and authenticate; what comes back is still to be held against the commitment.

    Raises:
        ContentError: another key, or not the bytes that were encrypted.
    """
    return b"".join(decrypt_chunks(key, [ciphertext]))


def encrypt_chunks(key: bytes, parts: Iterable[bytes]) -> Iterator[bytes]:
    """Encrypt content that arrives in parts of any size, 64 KiB at a time."""
    cipher = _cipher(key)
    for counter, last, chunk in _cut(parts, CHUNK_BYTES):
        if counter * CHUNK_BYTES + len(chunk) > CONTENT_BYTES_MAX:
            raise ContentError("content has at most 4 GiB")
        yield cipher.encrypt(_nonce(counter, last=last), chunk, None)


def decrypt_chunks(key: bytes, parts: Iterable[bytes]) -> Iterator[bytes]:
    """Decrypt ciphertext that arrives in parts of any size.

    A chunk that comes out is authentic and in its place; that none is missing
    at the end is known only when the iteration ends without an error.

    Raises:
        ContentError: another key, changed, cut off or extended ciphertext.
    """
    from cryptography.exceptions import InvalidTag

    cipher = _cipher(key)
    for counter, last, chunk in _cut(parts, _SEALED_CHUNK_BYTES):
        if counter and len(chunk) <= TAG_BYTES:
            raise ContentError("the last chunk of the ciphertext is empty")
        try:
            yield cipher.decrypt(_nonce(counter, last=last), chunk, None)
        except (InvalidTag, ValueError):
            raise ContentError(
                f"chunk {counter} of the ciphertext does not open under this content key"
            ) from None


def ciphertext_hash(parts: Iterable[bytes]) -> str:
    """Return the hex hash that a header names its ciphertext by."""
    digest = sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _cipher(key: bytes) -> "ChaCha20Poly1305":
    # Loaded here: who only verifies headers does not pay for OpenSSL at start.
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    if len(key) != KEY_BYTES:
        raise ContentError(f"a content key has 32 bytes, this one {len(key)}")
    return ChaCha20Poly1305(key)


def _nonce(counter: int, *, last: bool) -> bytes:
    return counter.to_bytes(11) + (b"\x01" if last else b"\x00")


def _cut(parts: Iterable[bytes], size: int) -> Iterator[tuple[int, bool, bytes]]:
    """Yield (counter, is last, chunk); a chunk is held back until another byte follows it."""
    counter, held = 0, bytearray()
    for part in parts:
        held += part
        place = 0
        while len(held) - place > size:
            yield counter, False, bytes(held[place : place + size])
            counter += 1
            place += size
        del held[:place]
    yield counter, True, bytes(held)
