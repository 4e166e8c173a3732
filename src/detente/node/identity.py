"""Who a node is before and apart from any unit: the public facts in `identity.json`."""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from detente.charter import Member, MemberKeys, member_id
from detente.charter.names import check_name
from detente.errors import InputError
from detente.signing import JsonError, canonical, parse_canonical
from detente.storage.disk import Disk, read_capped, write_whole
from detente.storage.errors import storage_faults

_BYTES_MAX = 4096
_HEX_32 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HEX_16 = re.compile(r"[0-9a-f]{32}", re.ASCII)
_TEXTS = ("name", "operator", "member", "nonce", "log", "recovery_hash")
_FIELDS = {"v", "exercise", "name", "operator", "member", "nonce", "log", "epoch", "recovery_hash"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Public facts about one node.

    Attributes:
        name: display label.
        operator: the legal entity that answers for it, or "".
        member: hex member id.
        nonce: 32 bytes, hashed into the id with the first governance key.
        log: 32 random hex digits, the lasting part of the log origin.
        epoch: of the log, from 1.
        recovery_hash: hex SHA-256 of the next recovery public key.
        exercise: made for training; such a node and a real unit refuse each other.
    """

    name: str
    operator: str
    member: str
    nonce: bytes
    log: str
    epoch: int
    recovery_hash: str
    exercise: bool = False

    @property
    def origin(self) -> str:
        """Log origin: 32 hex digits `/` epoch."""
        return f"{self.log}/{self.epoch}"

    def to_bytes(self) -> bytes:
        """Return the file's bytes."""
        return canonical(
            {
                "v": 1,
                "exercise": self.exercise,
                "name": self.name,
                "operator": self.operator,
                "member": self.member,
                "nonce": self.nonce.hex(),
                "log": self.log,
                "epoch": self.epoch,
                "recovery_hash": self.recovery_hash,
            }
        )

    def card(self, keys: MemberKeys) -> Member:
        """Return this node as it would stand in a charter."""
        return Member(
            id=self.member,
            nonce=self.nonce,
            name=self.name,
            operator=self.operator,
            log=self.log,
            epoch=self.epoch,
            keys=keys,
        )


def check_label(name: str, operator: str) -> None:
    """Check what people will read in a charter.

    Raises:
        NameRefused: one of them hides something, mixes scripts or is too long.
    """
    for label in (name, operator) if operator else (name,):
        check_name(label)


def new_identity(
    *,
    name: str,
    operator: str,
    first_governance_key: bytes,
    recovery_hash: str,
    exercise: bool = False,
) -> Identity:
    """Draw a nonce and a log name; the member id follows from the governance key.

    Raises:
        NameRefused: a name that hides something or mixes scripts.
    """
    check_label(name, operator)
    nonce = secrets.token_bytes(32)
    return Identity(
        name=name,
        operator=operator,
        member=member_id(first_governance_key, nonce),
        nonce=nonce,
        log=secrets.token_hex(16),
        epoch=1,
        recovery_hash=recovery_hash,
        exercise=exercise,
    )


def save_identity(path: Path, identity: Identity) -> None:
    """Write `identity.json`, whole or not at all.

    Raises:
        StorageFault: the disk refused.
    """
    write_whole(path, identity.to_bytes(), disk=Disk())


def load_identity(path: Path) -> Identity:
    """Read `identity.json`.

    Raises:
        InputError: there is none, or it is not in the form `save_identity` writes.
        StorageFault: the disk refused.
    """
    with storage_faults(doing="looking for a node", where=str(path)):
        if not path.exists():
            raise InputError(
                "no node is here",
                file=str(path.parent),
                remedy="Name it with --node or DETENTE_NODE; `detente init DIR` makes one",
            )
    try:
        value = parse_canonical(read_capped(path, bytes_max=_BYTES_MAX))
    except JsonError as error:
        raise _malformed(path, error.message) from None
    if not isinstance(value, dict) or set(value) != _FIELDS:
        raise _malformed(path, f"it should have exactly the fields {', '.join(sorted(_FIELDS))}")
    if value["v"] != 1 or not all(isinstance(value[name], str) for name in _TEXTS):
        raise _malformed(path, "it is of another version, or a text is none")
    text = {name: str(value[name]) for name in _TEXTS}
    hashes = ("member", "nonce", "recovery_hash")
    if not all(_HEX_32.fullmatch(text[name]) for name in hashes) or not _HEX_16.fullmatch(
        text["log"]
    ):
        raise _malformed(path, "an id, nonce, log or hash is not lower-case hex")
    if type(value["exercise"]) is not bool:
        raise _malformed(path, "exercise is true or false")
    if type(value["epoch"]) is not int or value["epoch"] < 1:
        raise _malformed(path, "the epoch counts from 1")
    return Identity(
        name=text["name"],
        operator=text["operator"],
        member=text["member"],
        nonce=bytes.fromhex(text["nonce"]),
        log=text["log"],
        epoch=value["epoch"],
        recovery_hash=text["recovery_hash"],
        exercise=value["exercise"],
    )


def _malformed(path: Path, reason: str) -> InputError:
    return InputError(
        f"not an identity file: {reason}", file=str(path), remedy="Restore it from a back-up"
    )
