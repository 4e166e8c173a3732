"""Twelve words that two people can read to each other over the telephone."""

from hashlib import sha256

from detente.signing.words import WORDS

_WORD_BITS = 11
_WORD_COUNT = 12


def fingerprint_words(data: bytes) -> tuple[str, ...]:
    """Return twelve BIP-39 words for the first 132 bits of SHA-256(data)."""
    digest = int.from_bytes(sha256(b"detente fingerprint v1" + data).digest())
    shift = 256 - _WORD_BITS
    return tuple(
        WORDS[(digest >> (shift - _WORD_BITS * place)) & (2**_WORD_BITS - 1)]
        for place in range(_WORD_COUNT)
    )
