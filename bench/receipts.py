"""How fast receipts are verified: one log signature, five cosignatures, one entry.

Run `python bench/receipts.py [--json FILE]`. Medians with the lowest and highest
of the repeats. Floors: 900/s with Ed25519 cosignatures, 300/s with ML-DSA-44.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from detente.tlog import (
    Checkpoint,
    KeyType,
    NoteSigner,
    Policy,
    Receipt,
    SignedNote,
    TreeHashes,
    leaf_hash,
    prove_inclusion,
    verify_receipt,
)

REPEATS = 7
ROUND = 300
WITNESSES = 5
LEAVES = 4_096
INDEX = 1_234
TIME = 1_790_000_000
ORIGIN = "bench.example/log"


class Key:
    """A private key in memory."""

    def __init__(self, key: Ed25519PrivateKey | MLDSA44PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Sign a message."""
        return self._key.sign(message)


def cosigner(number: int, key_type: KeyType) -> NoteSigner:
    """Return the witness of that number."""
    seed = bytes([number + 1]) * 32
    key = (
        MLDSA44PrivateKey.from_seed_bytes(seed)
        if key_type is KeyType.MLDSA44
        else Ed25519PrivateKey.from_private_bytes(seed)
    )
    return NoteSigner.named(f"witness{number}.example", key_type, Key(key))


def make(key_type: KeyType) -> tuple[bytes, Policy, bytes]:
    """Make a receipt under five cosignatures, the policy that needs all, and the entry."""
    entries = [b"entry %d" % number for number in range(LEAVES)]
    hashes = TreeHashes([leaf_hash(entry) for entry in entries])
    log_key = Key(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    log = NoteSigner.named(ORIGIN, KeyType.ED25519, log_key)
    cosigners = [cosigner(number, key_type) for number in range(WITNESSES)]
    text = Checkpoint(ORIGIN, LEAVES, hashes.root).to_text()
    lines = (log.sign(text), *(one.cosign(text, TIME) for one in cosigners))
    names = " ".join(f"w{number}" for number in range(WITNESSES))
    policy = Policy.parse(
        "\n".join(
            [
                f"log {log.verifier.vkey}",
                *(f"witness w{n} {one.verifier.vkey}" for n, one in enumerate(cosigners)),
                f"group all-five all {names}",
                "quorum all-five",
            ]
        )
    )
    proof = tuple(prove_inclusion(hashes, index=INDEX, size=LEAVES))
    note = SignedNote(text, lines).to_bytes()
    return Receipt(INDEX, proof, note).to_bytes(), policy, entries[INDEX]


def measure(key_type: KeyType) -> dict[str, float]:
    """Read and verify one receipt again and again; receipts per second."""
    data, policy, entry = make(key_type)
    rates = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        for _ in range(ROUND):
            verify_receipt(Receipt.parse(data), policy, entry)
        rates.append(ROUND / (time.perf_counter() - begin))
    return {
        "median": statistics.median(rates),
        "low": min(rates),
        "high": max(rates),
        "bytes": len(data),
    }


def main() -> None:
    """Measure, print a table, and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = {
        "receipts with 5 Ed25519 cosignatures /s": measure(KeyType.ED25519_COSIGNATURE),
        "receipts with 5 ML-DSA-44 cosignatures /s": measure(KeyType.MLDSA44),
    }
    for name, figure in figures.items():
        low, high = figure["low"], figure["high"]
        sys.stdout.write(f"{name:48} {figure['median']:>12,.2f}  ({low:,.2f} to {high:,.2f})\n")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
