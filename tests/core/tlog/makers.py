"""Keys, logs and stores for tests: repeatable, in memory, told when to fail."""

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from nacl import bindings

from detente.tlog import (
    Checkpoint,
    Frontier,
    KeyType,
    NoteSigner,
    SignedNote,
    StaleCheckpoint,
    TileConflict,
    TilePath,
    TreeHashes,
    WitnessState,
    leaf_hash,
    pack_entries,
)

NOW = 1_790_000_000
ORIGIN = "unit.example/alpha"


class Ed25519Seed:
    """Implements `signing.Signer`."""

    def __init__(self, seed: bytes) -> None:
        self.public_key, self._secret = bindings.crypto_sign_seed_keypair(seed)

    def sign(self, message: bytes) -> bytes:
        return bindings.crypto_sign(message, self._secret)[:64]


class Mldsa44Seed:
    """Implements `signing.Signer`; hedged, so signatures differ from call to call."""

    def __init__(self, seed: bytes) -> None:
        self._key = MLDSA44PrivateKey.from_seed_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def log_key(number: int = 1, name: str = ORIGIN) -> NoteSigner:
    return NoteSigner.named(name, KeyType.ED25519, Ed25519Seed(bytes([number]) * 32))


def log_mldsa_key(number: int = 1, name: str = ORIGIN) -> NoteSigner:
    return NoteSigner.named(name, KeyType.MLDSA44, Mldsa44Seed(bytes([number]) * 32))


def witness_key(number: int = 2, name: str = "unit.example/beta-witness") -> NoteSigner:
    key = Ed25519Seed(bytes([number]) * 32)
    return NoteSigner.named(name, KeyType.ED25519_COSIGNATURE, key)


def witness_mldsa_key(number: int = 2, name: str = "unit.example/beta-witness") -> NoteSigner:
    return NoteSigner.named(name, KeyType.MLDSA44, Mldsa44Seed(bytes([number]) * 32))


def signed(checkpoint: Checkpoint, *signers: NoteSigner, time: int = NOW) -> bytes:
    """Sign a checkpoint by a log's and any cosigners' keys."""
    text = checkpoint.to_text()
    lines = tuple(
        signer.cosign(text, time) if signer.verifier.key_type.is_timed else signer.sign(text)
        for signer in signers
    )
    return SignedNote(text, lines).to_bytes()


class Tree:
    """A log's entries with everything that can be asked about them."""

    def __init__(self, entries: list[bytes], origin: str = ORIGIN) -> None:
        self.entries, self.origin = entries, origin
        self.leaves = [leaf_hash(entry) for entry in entries]
        self.hashes = TreeHashes(self.leaves)

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        size = len(self.entries) if size is None else size
        return Checkpoint(self.origin, size, self.hashes.root_of(size))


def entries_of(count: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(count)]


class MemoryTiles:
    """Implements `TileStore`; `data` is open to the attacker."""

    def __init__(self) -> None:
        self.data: dict[TilePath, bytes] = {}

    def read(self, path: TilePath) -> bytes | None:
        return self.data.get(path)

    def write(self, path: TilePath, data: bytes) -> None:
        if self.data.setdefault(path, data) != data:
            raise TileConflict(f"{path} holds other bytes")

    def store(self, entries: list[bytes]) -> Frontier:
        """Write a whole log."""
        edge = Frontier()
        for start in range(0, len(entries), 256):
            batch = entries[start : start + 256]
            self.write(TilePath(None, start // 256, len(batch)), pack_entries(batch))
            growth = edge.append([leaf_hash(entry) for entry in batch])
            edge = growth.frontier
            for path, tile in growth.tiles:
                self.write(path, tile)
        return edge


class MemoryStates:
    """Implements `WitnessStates`."""

    def __init__(self) -> None:
        self.states: dict[str, WitnessState] = {}

    def read(self, origin: str) -> WitnessState | None:
        return self.states.get(origin)

    def advance(self, origin: str, old: WitnessState | None, new: WitnessState) -> None:
        if self.states.get(origin) != old:
            raise StaleCheckpoint(f"{origin}: another request was faster")
        self.states[origin] = new
