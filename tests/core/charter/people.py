"""Invented organisations with real keys: what the charter's tests are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from nacl.signing import SigningKey

from detente.charter import (
    Charter,
    KeySlot,
    Member,
    MemberKeys,
    OutsideWitness,
    Quota,
    Spoken,
    member_id,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
NAMES = ("Aurel", "Borea", "Cindral", "Dovar", "Estmark", "Fenwick", "Garland")


@dataclass(frozen=True)
class Ed25519Signer:
    seed: bytes

    @property
    def public_key(self) -> bytes:
        return bytes(SigningKey(self.seed).verify_key)

    def sign(self, message: bytes) -> bytes:
        return SigningKey(self.seed).sign(message).signature


@dataclass(frozen=True)
class MldsaSigner:
    seed: bytes

    @property
    def public_key(self) -> bytes:
        return MLDSA44PrivateKey.from_seed_bytes(self.seed).public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return MLDSA44PrivateKey.from_seed_bytes(self.seed).sign(message)


Signers = Mapping[KeySlot, Ed25519Signer | MldsaSigner]


def seed(*parts: object) -> bytes:
    return sha256("/".join(str(part) for part in parts).encode()).digest()


@cache
def signers_of(name: str, generation: int = 1) -> Signers:
    def signer(slot: KeySlot):
        kind = MldsaSigner if slot.key_bytes == 1312 else Ed25519Signer
        return kind(seed(name, slot.value, generation))

    return {slot: signer(slot) for slot in KeySlot if slot is not KeySlot.SEALING}


def recovery_of(name: str, generation: int = 1) -> Ed25519Signer:
    return Ed25519Signer(seed(name, "recovery", generation))


def recovery_hash(name: str, generation: int = 1) -> str:
    return sha256(recovery_of(name, generation).public_key).hexdigest()


def sealing_key(*parts: object) -> bytes:
    mlkem = MLKEM768PrivateKey.from_seed_bytes(seed(*parts) + seed(*parts, "z"))
    x25519 = X25519PrivateKey.from_private_bytes(seed(*parts, "x25519"))
    return mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()


@cache
def keys_of(name: str, generation: int = 1) -> MemberKeys:
    signing = {slot.value: each.public_key for slot, each in signers_of(name, generation).items()}
    sealing = sealing_key(name, "sealing", generation)
    return MemberKeys(sealing=sealing, recovery_hash=recovery_hash(name, generation), **signing)


@cache
def member(name: str) -> Member:
    nonce = seed(name, "nonce")
    return Member(
        id=member_id(keys_of(name).governance, nonce),
        nonce=nonce,
        name=name,
        operator="",
        log=seed(name, "log").hex()[:32],
        epoch=1,
        keys=keys_of(name),
    )


def witness(number: int) -> OutsideWitness:
    key = Ed25519Signer(seed("witness", number)).public_key
    return OutsideWitness(name=f"witness{number}.example", ed25519=key, mldsa44=None)


def unit(n: int = 3, *, f: int = 1, outside: int = 2, **changes) -> Charter:
    charter = Charter(
        version=1,
        unit=None,
        previous=None,
        name="Northern Sound",
        exercise=False,
        created=NOW,
        expires=NOW + YEAR,
        f=f,
        checkpoint_seconds=60,
        members=by_id(*(member(name) for name in NAMES[:n])),
        witnesses=tuple(witness(number) for number in range(outside)),
        quota=Quota(statements=10_000, size_bytes=10**9),
        assets=(),
    )
    return replace(charter, **changes)


def by_id(*members: Member) -> tuple[Member, ...]:
    return tuple(sorted(members, key=lambda each: each.id))


def after(old: Charter, **changes) -> Charter:
    """The next version with one thing changed."""
    return replace(old, version=old.version + 1, unit=old.unit_id, previous=old.digest, **changes)


def speak(charter: Charter, name: str, body, *, seq: int, epoch: int = 1, **changes) -> Spoken:
    """What `statements` would hand over for a statement signed by a governance key."""
    spoken = Spoken(
        unit=charter.unit_id,
        charter=charter.digest,
        issuer=member(name).id,
        epoch=epoch,
        seq=seq,
        time=NOW,
        kind=body.KIND,
        body=body.to_json(),
        payload_hash=seed(name, epoch, seq, body).hex(),
        key=keys_of(name).governance,
    )
    return replace(spoken, **changes)
