"""Charters as frozen values: who the members are and with which keys they speak.

A charter is one RFC 8785 document. Its digest names the version, the digest of
version 1 names the unit for ever. `document.parse_charter` is the way in.
"""

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from detente.signing import JsonValue, Role, canonical, fingerprint_words, format_time

MEMBERS_MAX = 64
WITNESSES_MAX = 32
ASSETS_MAX = 4_096
NAME_CHARACTERS_MAX = 64
CHARTER_BYTES_MAX = 2 * 1024 * 1024  # 64 members of 11 KB and 4,096 assets, with room
SEALING_KEY_BYTES = 1_216


class KeySlot(StrEnum):
    """One key per role and type (trust.md, section 1): the places for keys in a charter."""

    STATEMENT = "statement"
    LOG = "log"
    LOG_MLDSA44 = "log_mldsa44"
    WITNESS = "witness"
    WITNESS_MLDSA44 = "witness_mldsa44"
    MIRROR = "mirror"
    MIRROR_MLDSA44 = "mirror_mldsa44"
    TRANSPORT = "transport"
    SEALING = "sealing"
    GOVERNANCE = "governance"

    @property
    def role(self) -> Role:
        """What a key in this slot may be used for."""
        return Role(self.value.removesuffix("_mldsa44"))

    @property
    def key_bytes(self) -> int:
        """Length of the raw public key: 32, 1,312 (ML-DSA-44) or 1,216 (sealing)."""
        if self is KeySlot.SEALING:
            return SEALING_KEY_BYTES
        return 1_312 if self.value.endswith("_mldsa44") else 32


SIGNING_SLOTS: tuple[KeySlot, ...] = tuple(slot for slot in KeySlot if slot is not KeySlot.SEALING)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberKeys:
    """The raw public keys of one member, one per slot, and the hash of its next recovery key.

    Attributes:
        statement: Ed25519, signs statements.
        log: Ed25519 (note type 0x01), signs checkpoints.
        log_mldsa44: ML-DSA-44 (0x06), signs the same checkpoints.
        witness: Ed25519 cosigner (0x04) of other members' checkpoints.
        witness_mldsa44: the same with ML-DSA-44 (0x06).
        mirror: Ed25519 cosigner (0x04) of checkpoints whose entries it holds.
        mirror_mldsa44: the same with ML-DSA-44 (0x06).
        transport: Ed25519, signs requests.
        sealing: HPKE 0x647a public key, 1,216 bytes.
        governance: Ed25519, signs ballots and what concerns keys; may live off line.
        recovery_hash: hex SHA-256 of the next recovery public key (Ed25519), itself unpublished.
    """

    statement: bytes
    log: bytes
    log_mldsa44: bytes
    witness: bytes
    witness_mldsa44: bytes
    mirror: bytes
    mirror_mldsa44: bytes
    transport: bytes
    sealing: bytes
    governance: bytes
    recovery_hash: str

    def key(self, slot: KeySlot) -> bytes:
        """Return the key in one slot."""
        raw: bytes = getattr(self, slot.value)
        return raw

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON object: slots in hex, and `recovery_hash`."""
        keys: dict[str, JsonValue] = {slot.value: self.key(slot).hex() for slot in KeySlot}
        return keys | {"recovery_hash": self.recovery_hash}


def member_id(first_governance_key: bytes, nonce: bytes) -> str:
    """Return hex SHA-256(first governance key || nonce): a name that a key made, not a person."""
    return sha256(first_governance_key + nonce).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One organisation in the charter.

    Attributes:
        id: `member_id` of its first governance key; never changes.
        nonce: 32 bytes, hashed into the id.
        name: display label; names nobody by itself.
        operator: the legal entity that answers for it, or "" where none is stated (flagged).
        log: 32 random hex digits, the part of the log origin that stays.
        epoch: of the log, from 1; a recovery opens the next.
        keys: current public keys.
    """

    id: str
    nonce: bytes
    name: str
    operator: str
    log: str
    epoch: int
    keys: MemberKeys

    @property
    def origin(self) -> str:
        """Log origin: 32 hex digits `/` epoch."""
        return f"{self.log}/{self.epoch}"

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """Twelve words to read over another channel; they cover the id and every key."""
        return fingerprint_words(self.id.encode() + canonical(self.keys.to_json()))

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON object."""
        return {
            "id": self.id,
            "nonce": self.nonce.hex(),
            "name": self.name,
            "operator": self.operator,
            "log": self.log,
            "epoch": self.epoch,
            "keys": self.keys.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideWitness:
    """A cosigner that is no member.

    Attributes:
        name: the C2SP key name, also the name on its signature lines.
        ed25519: raw public key (0x04).
        mldsa44: raw public key (0x06), or None.
    """

    name: str
    ed25519: bytes
    mldsa44: bytes | None

    @property
    def lacks_mldsa44(self) -> bool:
        """True where its cosignatures cannot support a post-quantum claim; shown as a flag."""
        return self.mldsa44 is None

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON object."""
        second = None if self.mldsa44 is None else self.mldsa44.hex()
        return {"name": self.name, "ed25519": self.ed25519.hex(), "mldsa44": second}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What each member may add per UTC day.

    Attributes:
        statements: entries in its log.
        size_bytes: entry, ciphertext and wraps together.
    """

    statements: int
    size_bytes: int

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON object."""
        return {"statements": self.statements, "size_bytes": self.size_bytes}


class AssetKind(StrEnum):
    """What a registered asset is written as."""

    DOMAIN = "domain"
    IPV4 = "ipv4-prefix"
    IPV6 = "ipv6-prefix"
    URL = "url-prefix"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredAsset:
    """Something a member owns and may veto indicators about.

    Attributes:
        owner: member id.
        kind: how `value` is to be read.
        value: as written; who matches it normalises.
    """

    owner: str
    kind: AssetKind
    value: str

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON object."""
        return {"owner": self.owner, "kind": self.kind.value, "value": self.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """One version of the rules that bind a unit.

    Attributes:
        version: from 1; the next is exactly one more.
        unit: id of the unit; None only in version 1, whose own digest it is.
        previous: digest of the version before; None only in version 1.
        name: label of the unit.
        exercise: True where the unit was made for training; never changes.
        created: aware UTC, whole seconds.
        expires: aware UTC; from then only what `permits` lists.
        f: number of members the unit is prepared to see hostile at once.
        checkpoint_seconds: longest time between two checkpoints of a running node (1..60).
        members: by ascending id.
        witnesses: outside ones, by ascending name.
        quota: per member and day.
        assets: by ascending (owner, kind, value).
    """

    version: int
    unit: str | None
    previous: str | None
    name: str
    exercise: bool
    created: datetime
    expires: datetime
    f: int
    checkpoint_seconds: int
    members: tuple[Member, ...]
    witnesses: tuple[OutsideWitness, ...]
    quota: Quota
    assets: tuple[RegisteredAsset, ...]
    # Asked for every statement that is read, and never another.
    _digest: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the document."""
        return {
            "v": 1,
            "version": self.version,
            "unit": self.unit,
            "previous": self.previous,
            "name": self.name,
            "exercise": self.exercise,
            "created": format_time(self.created),
            "expires": format_time(self.expires),
            "f": self.f,
            "checkpoint_seconds": self.checkpoint_seconds,
            "members": [member.to_json() for member in self.members],
            "witnesses": [witness.to_json() for witness in self.witnesses],
            "quota": self.quota.to_json(),
            "assets": [asset.to_json() for asset in self.assets],
        }

    def to_bytes(self) -> bytes:
        """Return the RFC 8785 bytes."""
        return canonical(self.to_json())

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the bytes: names this version."""
        if not self._digest:
            self._digest.append(sha256(self.to_bytes()).hexdigest())
        return self._digest[0]

    @property
    def unit_id(self) -> str:
        """Digest of version 1: names the unit."""
        return self.digest if self.unit is None else self.unit

    @property
    def member_ids(self) -> frozenset[str]:
        """Every member's id."""
        return frozenset(member.id for member in self.members)

    def member(self, wanted: str) -> Member | None:
        """Return the member with that id, if there is one."""
        return next((member for member in self.members if member.id == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A clear governance statement whose signature who made this value has checked.

    This room does not parse envelopes or headers: `statements` does, and hands over
    what the header said. `key` is the key under which the signature verified, so that
    rules about keys need no second look at the bytes.

    Attributes:
        unit: unit id in the header.
        charter: digest of the charter the issuer was bound to.
        issuer: member id.
        epoch: of the issuer's log.
        seq: log index.
        time: claimed by the issuer, aware UTC.
        kind: proposal, yes, confirm, close, certificate, adopt, suspend, ...
        body: the clear body.
        payload_hash: hex; identifies the statement.
        key: raw Ed25519 key (governance, or recovery for `recover`) that signed.
    """

    unit: str
    charter: str
    issuer: str
    epoch: int
    seq: int
    time: datetime
    kind: str
    body: dict[str, JsonValue]
    payload_hash: str
    key: bytes

    @property
    def position(self) -> tuple[int, int]:
        """(epoch, seq): where it stands; claims of time count for nothing."""
        return (self.epoch, self.seq)


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule's answer "no", in words an operator can read. A value, not an error."""

    reason: str


_SLOT_FIELDS = {field.name for field in fields(MemberKeys)} - {"recovery_hash"}
if {slot.value for slot in KeySlot} != _SLOT_FIELDS:  # one list, written twice for readers
    raise TypeError("KeySlot and MemberKeys name different keys")
