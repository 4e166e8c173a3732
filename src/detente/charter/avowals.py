"""What a member says about itself: its keys, its log, its place in the unit.

Clear bodies, as frozen values. None of them needs anybody's consent: a rival
could otherwise keep a stolen key alive. What they do is in `keylife`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from detente.charter.document import parse_keys
from detente.charter.errors import CharterFormatError
from detente.charter.fields import Fields
from detente.charter.model import SIGNING_SLOTS, KeySlot, MemberKeys
from detente.signing import JsonValue, format_time

SIGNATURE_BYTES = {32: 64, 1_312: 2_420}  # by length of the public key


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """A checkpoint somebody names: epoch, size in entries, root in hex."""

    epoch: int
    size: int
    root: str

    @classmethod
    def parse(cls, value: JsonValue) -> "LogState":
        """Read the object; raises CharterFormatError."""
        read = Fields(value, what="checkpoint", names=frozenset(("epoch", "size", "root")))
        return cls(
            epoch=read.integer("epoch", least=1),
            size=read.integer("size"),
            root=read.hexadecimal("root", length=32),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the object."""
        return {"epoch": self.epoch, "size": self.size, "root": self.root}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """From here on the issuer is bound by this charter; due 7 days after it saw it settled."""

    KIND: ClassVar[str] = "adopt"
    version: int
    digest: str
    certificate: str

    @classmethod
    def parse(cls, body: JsonValue) -> "Adopt":
        """Read a body; raises CharterFormatError."""
        read = Fields(body, what="adopt", names=frozenset(("version", "digest", "certificate")))
        return cls(
            version=read.integer("version", least=2),
            digest=read.hexadecimal("digest", length=32),
            certificate=read.hexadecimal("certificate", length=32),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {
            "version": self.version,
            "digest": self.digest,
            "certificate": self.certificate,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspend:
    """These keys of the issuer count for nothing beyond the cut-off; at least one."""

    KIND: ClassVar[str] = "suspend"
    slots: tuple[KeySlot, ...]

    @classmethod
    def parse(cls, body: JsonValue) -> "Suspend":
        """Read a body; raises CharterFormatError."""
        read = Fields(body, what="suspend", names=frozenset(("slots",)))
        slots = tuple(_slot(item) for item in read.items("slots", most=len(KeySlot)))
        if not slots or list(slots) != sorted(set(slots)):
            raise CharterFormatError("suspend names one or more slots, ascending, none twice")
        return cls(slots=slots)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {"slots": [slot.value for slot in self.slots]}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryConsent:
    """The recovery key's word for a new governance key; it names its own successor.

    Attributes:
        key: the recovery public key whose hash stood open.
        next_hash: hex SHA-256 of the next one.
        signature: 64 bytes over `keylife.consent_text`.
    """

    key: bytes
    next_hash: str
    signature: bytes

    @classmethod
    def parse(cls, value: JsonValue) -> "RecoveryConsent":
        """Read the object; raises CharterFormatError."""
        names = frozenset(("key", "next_hash", "signature"))
        read = Fields(value, what="recovery consent", names=names)
        return cls(
            key=read.raw("key", length=32),
            next_hash=read.hexadecimal("next_hash", length=32),
            signature=read.raw("signature", length=64),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the object."""
        return {
            "key": self.key.hex(),
            "next_hash": self.next_hash,
            "signature": self.signature.hex(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotate:
    """New keys for some slots, from the next position on.

    Attributes:
        keys: the new ones, by slot; at least one.
        possession: proofs by every new *signing* key over the charter's digest.
        recovery: given exactly when the governance key is among them (attack A52).
    """

    KIND: ClassVar[str] = "rotate"
    keys: Mapping[KeySlot, bytes]
    possession: Mapping[KeySlot, bytes] = field(repr=False)
    recovery: RecoveryConsent | None

    @classmethod
    def parse(cls, body: JsonValue) -> "Rotate":
        """Read a body; raises CharterFormatError."""
        names = frozenset(("keys", "possession", "recovery"))
        read = Fields(body, what="rotate", names=names)
        keys = _by_slot(read.value("keys"), what="rotated keys")
        signing = [slot for slot in keys if slot in SIGNING_SLOTS]
        recovery = read.value("recovery")
        rotate = cls(
            keys=keys,
            possession=parse_possession(read.value("possession"), signing),
            recovery=None if recovery is None else RecoveryConsent.parse(recovery),
        )
        if not keys or (rotate.recovery is not None) != (KeySlot.GOVERNANCE in keys):
            raise CharterFormatError(
                "rotate names new keys, and the recovery key consents to a new governance key"
            )
        return rotate

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {
            "keys": slots_to_json(self.keys),
            "possession": slots_to_json(self.possession),
            "recovery": None if self.recovery is None else self.recovery.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Recover:
    """The recovery key opens the next epoch with new keys; entry 0 of that epoch.

    Attributes:
        recovery_key: whose hash stood open; it signs this statement.
        keys: the new ones, all of them, and the next recovery hash.
        possession: proofs by every new signing key over the charter's digest.
        last: the old epoch's last known checkpoint.
    """

    KIND: ClassVar[str] = "recover"
    recovery_key: bytes
    keys: MemberKeys
    possession: Mapping[KeySlot, bytes] = field(repr=False)
    last: LogState

    @classmethod
    def parse(cls, body: JsonValue) -> "Recover":
        """Read a body; raises CharterFormatError."""
        names = frozenset(("recovery_key", "keys", "possession", "last"))
        read = Fields(body, what="recover", names=names)
        return cls(
            recovery_key=read.raw("recovery_key", length=32),
            keys=parse_keys(read.value("keys")),
            possession=parse_possession(read.value("possession"), SIGNING_SLOTS),
            last=LogState.parse(read.value("last")),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {
            "recovery_key": self.recovery_key.hex(),
            "keys": self.keys.to_json(),
            "possession": slots_to_json(self.possession),
            "last": self.last.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """The governance key says: that recovery is not mine."""

    KIND: ClassVar[str] = "objection"
    recover: str

    @classmethod
    def parse(cls, body: JsonValue) -> "Objection":
        """Read a body; raises CharterFormatError."""
        read = Fields(body, what="objection", names=frozenset(("recover",)))
        return cls(recover=read.hexadecimal("recover", length=32))

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {"recover": self.recover}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """The issuer leaves; what it said up to `last` and this statement stays valid."""

    KIND: ClassVar[str] = "leave"
    last: LogState

    @classmethod
    def parse(cls, body: JsonValue) -> "Leave":
        """Read a body; raises CharterFormatError."""
        read = Fields(body, what="leave", names=frozenset(("last",)))
        return cls(last=LogState.parse(read.value("last")))

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {"last": self.last.to_json()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse:
    """A member points out that another has been silent; evidence for a proposal to lapse it.

    Attributes:
        member: who is silent.
        last: its newest checkpoint that anybody cosigned.
        seen: the time of that cosignature.
    """

    KIND: ClassVar[str] = "lapse"
    member: str
    last: LogState
    seen: datetime

    @classmethod
    def parse(cls, body: JsonValue) -> "Lapse":
        """Read a body; raises CharterFormatError."""
        read = Fields(body, what="lapse", names=frozenset(("member", "last", "seen")))
        return cls(
            member=read.hexadecimal("member", length=32),
            last=LogState.parse(read.value("last")),
            seen=read.time("seen"),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {
            "member": self.member,
            "last": self.last.to_json(),
            "seen": format_time(self.seen),
        }


def slots_to_json(by_slot: Mapping[KeySlot, bytes]) -> dict[str, JsonValue]:
    """Return keys or signatures by slot name, in hex."""
    return {slot.value: raw.hex() for slot, raw in by_slot.items()}


def parse_possession(value: JsonValue, slots: Sequence[KeySlot]) -> dict[KeySlot, bytes]:
    """Read proofs of possession for exactly these slots.

    Raises:
        CharterFormatError: another form, or other slots.
    """
    read = Fields(value, what="possession", names=frozenset(slot.value for slot in slots))
    return {slot: read.raw(slot.value, length=SIGNATURE_BYTES[slot.key_bytes]) for slot in slots}


def _by_slot(value: JsonValue, *, what: str) -> dict[KeySlot, bytes]:
    if not isinstance(value, dict) or len(value) > len(KeySlot):
        raise CharterFormatError(f"{what}: a JSON object of keys by slot")
    slots = [_slot(name) for name in value]
    read = Fields(value, what=what, names=frozenset(value))
    return {slot: read.raw(slot.value, length=slot.key_bytes) for slot in slots}


def _slot(value: JsonValue) -> KeySlot:
    if not isinstance(value, str) or value not in {slot.value for slot in KeySlot}:
        raise CharterFormatError(f"no key slot is called {str(value)[:40]!r}")
    return KeySlot(value)
