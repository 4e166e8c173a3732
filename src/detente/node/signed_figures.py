"""Who signed a file of figures: the office, or nobody that anybody vouches for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from detente.elections.results import Check, Difference, Weight
from detente.errors import EnvironmentFault, InputError
from detente.node.office_signer import (
    ENDING,
    FILE_BYTES_MAX,
    REHEARSAL,
    SignerError,
    digest,
    read_public,
    verify,
)
from detente.signing import SignatureError, admit_ed25519

Offices = Mapping[str, tuple[str, bytes]]
"""Trusted public keys by the SHA-256 of each: whose it is, and the key."""
NO_OFFICES: Offices = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Seal:
    """What a file's signature says.

    Attributes:
        office: who signed it; empty: nobody, as far as anybody vouches.
        is_rehearsal: whether it was signed as one.
        broken: a signature that does not hold.
        note: why it is shown as unsigned, where there is a signature.
    """

    office: str = ""
    is_rehearsal: bool = False
    broken: Difference | None = None
    note: str = ""


def trusted(files: Sequence[Path]) -> Offices:
    """The offices whose public keys these files hold.

    Raises:
        InputError: a file holds none, or a key that must not be used.
    """
    offices: dict[str, tuple[str, bytes]] = {}
    for path in files:
        try:
            office, key = read_public(read_small(path))
            admit_ed25519(key)
        except (SignerError, SignatureError) as error:
            raise InputError(
                str(error), file=str(path), remedy="Give the .public file that the office made"
            ) from None
        offices[sha256(key).hexdigest()] = (office, key)
    return offices


def read_small(path: Path) -> bytes:
    """The bytes of a key or a signature; raises InputError, EnvironmentFault."""
    try:
        with path.open("rb") as stream:
            return stream.read(FILE_BYTES_MAX + 1)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from None
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be read: {error.strerror}") from error


def sealed_by(path: Path, offices: Offices) -> Seal:
    """What the signature beside a file says, by the keys that are trusted."""
    beside = path.with_name(path.name + ENDING)
    if not beside.exists():
        return Seal()
    envelope = read_small(beside)
    for office, key in offices.values():
        try:
            said = verify(envelope, key)
        except SignerError:
            continue
        if said["sha256"] != _digest(path) or said["file"] != path.name:
            # A rehearsal that was opened and saved again is none the more real.
            changed = _changed(path, office, said["signed_at"])
            return Seal(is_rehearsal=said["type"] == REHEARSAL, broken=changed)
        return Seal(office, said["type"] == REHEARSAL)
    # Whoever signed a rehearsal, trusted or not, nobody may take its figures for real.
    is_rehearsal = f".{REHEARSAL}.".encode() in envelope
    return Seal(
        is_rehearsal=is_rehearsal,
        note=f"{path.name}: unsigned: its signature is by no key that was vouched for",
    )


def _digest(path: Path) -> str:
    try:
        return digest(path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from None


def _changed(path: Path, office: str, moment: str) -> Difference:
    return Difference(
        Check.SIGNATURE,
        path.name,
        0,
        True,
        f"{path.name} is not the file that {office} signed at {moment}. Innocent: it was opened "
        "and saved again, or corrected without a new signature. Settled by: the file and its "
        "signature once more from that office.",
        Weight.NOW,
    )
