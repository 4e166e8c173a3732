"""Is this machine, and this node, fit for duty? One row a check, each with its remedy."""

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib import metadata
from pathlib import Path

from detente.errors import UnitError
from detente.node.clock import now
from detente.node.home import Home
from detente.node.log import NEW_EPOCH
from detente.signing import KeyAdmissionError, admit_ed25519
from detente.storage.restored import restored_note
from detente.tlog import Checkpoint, SignedNote

_PYTHON_MIN = (3, 11)
_SQLITE_MIN = (3, 37)
_CRYPTOGRAPHY_MIN = 50
_FREE_BYTES_MIN = 1 << 30
_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)


class State(StrEnum):
    """How a check came out."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the doctor's report."""

    check: str
    state: State
    remedy: str = ""


def examine(directory: Path | None) -> list[Row]:
    """Check the machine, and the node in `directory` where one is named."""
    checks = [_python, _libsodium, _cryptography, _sqlite, _clock, _disk(directory or Path())]
    rows = [check() for check in checks]
    if directory is not None:
        rows.extend(_node(directory))
    return rows


def _python() -> Row:
    name = f"Python {platform.python_version()}"
    if sys.version_info < _PYTHON_MIN:
        return Row(name, State.BAD, "Install Python 3.11 or later")
    return Row(name, State.GOOD)


def _libsodium() -> Row:
    name = f"PyNaCl {metadata.version('pynacl')} refuses weak keys"
    try:
        admit_ed25519(bytes([1]) + bytes(31))
    except KeyAdmissionError:
        return Row(name, State.GOOD)
    return Row(name, State.BAD, "Install PyNaCl 1.6.2 or later with its own libsodium")


def _cryptography() -> Row:
    version = metadata.version("cryptography")
    name = f"cryptography {version}: ML-DSA-44, ML-KEM-768 with X25519, ChaCha20-Poly1305"
    if int(version.partition(".")[0]) < _CRYPTOGRAPHY_MIN:
        return Row(name, State.BAD, "Install cryptography 50 or later")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import mldsa, mlkem
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    try:
        mldsa.MLDSA44PrivateKey.generate()
        mlkem.MLKEM768PrivateKey.generate()
        ChaCha20Poly1305.generate_key()
    except UnsupportedAlgorithm:
        remedy = "Use the wheel from the package index, not one linked to an old OpenSSL"
        return Row(name, State.BAD, remedy)
    return Row(name, State.GOOD)


def _sqlite() -> Row:
    name = f"SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < _SQLITE_MIN:
        return Row(name, State.BAD, "Install a Python built with SQLite 3.37 or later")
    return Row(name, State.GOOD)


def _clock() -> Row:
    moment = now()
    name = f"clock says {moment:%Y-%m-%d %H:%M:%S} UTC"
    if not _EARLIEST < moment < _LATEST:
        return Row(name, State.BAD, "Set the clock; members refuse times more than 300 s off")
    return Row(name, State.GOOD)


def _disk(directory: Path) -> Callable[[], Row]:
    def check() -> Row:
        place = directory.absolute()
        while not place.exists():
            place = place.parent
        free_bytes = shutil.disk_usage(place).free
        name = f"{free_bytes / (1 << 30):.1f} GiB free at {directory}"
        if free_bytes < _FREE_BYTES_MIN:
            return Row(name, State.WARNING, "Free at least 1 GiB, or move the node")
        return Row(name, State.GOOD)

    return check


def _node(directory: Path) -> Iterator[Row]:
    try:
        with Home.open(directory) as home:
            yield Row(f"node {home.identity.name!r} opens", State.GOOD)
            yield from _keys(home)
            yield from _log(home)
    except UnitError as error:
        yield Row(f"node in {directory}: {error.message}", State.BAD, error.remedy)


def _keys(home: Home) -> Iterator[Row]:
    for path in sorted(home.layout.keys.iterdir()):
        if path.is_file() and os.stat(path).st_mode & 0o077:
            yield Row(f"{path} is open to others", State.BAD, f"chmod 600 {path}")
    unlock = home.layout.unlock
    if unlock.exists():
        yield Row(
            "the unlock file stands beside the keys it opens",
            State.WARNING,
            "Move it to another medium and name it in detente.toml, or use a passphrase",
        )


def _log(home: Home) -> Iterator[Row]:
    if restored := restored_note(home.database):
        yield Row(
            f"the state was {restored} and signs nothing",
            State.BAD,
            "`detente keys confirm` compares it with checkpoints that others hold",
        )
    charter = home.charter
    if charter is None:
        yield Row("no charter yet: works alone, says nothing", State.GOOD)
        return
    if now() >= charter.expires:
        yield Row(
            f"charter version {charter.version} expired on {charter.expires:%Y-%m-%d}",
            State.WARNING,
            "Renew it with `detente charter propose`; until then only receiving goes on",
        )
    trusted = home.checkpoints.read(home.identity.origin)
    shown = home.tiles(home.identity.origin).published()
    if trusted is None:
        yield Row("no TRUSTED checkpoint for the log", State.BAD, NEW_EPOCH)
    elif shown is not None and Checkpoint.parse(SignedNote.parse(shown).text).size > trusted.size:
        yield Row("the database is older than the published log", State.BAD, NEW_EPOCH)
    else:
        yield Row(f"log {trusted.origin} holds {trusted.size} entries", State.GOOD)
