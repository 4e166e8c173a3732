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

from detente.charter import KeySlot
from detente.errors import UnitError
from detente.node.catching_up import open_node, unjoined
from detente.node.clock import now
from detente.node.founding import RENEW
from detente.node.home import Home
from detente.node.identity import load_identity
from detente.node.integration import CLOCK_SKEW_S_MAX
from detente.node.layout import Layout
from detente.node.log import NEW_EPOCH
from detente.node.reading import published_checkpoint
from detente.node.settings import load_settings
from detente.node.timekeeping import clock_file
from detente.signing import KeyAdmissionError, admit_ed25519
from detente.storage.disk import read_capped
from detente.storage.keyfiles import Unlock
from detente.storage.restored import restored_note

_PYTHON_MIN = (3, 11)
_SQLITE_MIN = (3, 37)
_CRYPTOGRAPHY_MIN = 50
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


def examine(
    directory: Path | None, find_unlock: Callable[[Layout], Unlock] | None = None
) -> list[Row]:
    """Check the machine, and the node in `directory` where one is named.

    Args:
        directory: of a node, or None.
        find_unlock: what opens the node's keys; its unlock file where not given.
    """
    rows = [check() for check in (_python, _libsodium, _cryptography, _sqlite, _clock)]
    rows.append(_disk(directory or Path()))
    if directory is not None:
        rows.extend(_node(directory, find_unlock))
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


def _disk(directory: Path) -> Row:
    try:
        least_mb = load_settings(Layout(directory).settings).disk_free_min_mb
        place = directory.absolute()
        while not place.exists():
            place = place.parent
        free_mb = shutil.disk_usage(place).free // 1_000_000
    except OSError as error:
        return Row(f"{directory} cannot be looked at: {error.strerror}", State.BAD)
    except UnitError as error:
        return Row(error.message, State.BAD, error.remedy)
    name = f"{free_mb / 1000:.1f} GB free at {directory}"
    if free_mb < least_mb:
        remedy = f"Free at least {least_mb / 1000:.1f} GB (disk_free_min_mb), or move the node"
        return Row(name, State.WARNING, remedy)
    return Row(name, State.GOOD)


def _node(directory: Path, find_unlock: Callable[[Layout], Unlock] | None) -> Iterator[Row]:
    try:
        load_identity(Layout(directory).identity)
        layout = Layout.of(directory)
        unlock = None if find_unlock is None else find_unlock(layout)
        with open_node(directory, unlock) as home:
            yield Row(f"node {home.identity.name!r} opens", State.GOOD)
            yield from _keys(home)
            yield from _log(home)
    except UnitError as error:
        yield Row(f"node in {directory}: {error.message}", State.BAD, error.remedy)


def _keys(home: Home) -> Iterator[Row]:
    for path in sorted(home.layout.keys.iterdir()):
        if path.is_file() and os.stat(path).st_mode & 0o077:
            yield Row(f"{path} is open to others", State.BAD, f"chmod 600 {path}")
    layout = home.layout
    if layout.unlock.exists() and layout.unlock.parent == layout.directory:
        yield Row(
            "the unlock file stands beside the keys it opens",
            State.WARNING,
            "Move it to another medium and name it in detente.toml, or use a passphrase",
        )
    if layout.recovery.exists():
        yield Row(
            "the recovery key stands beside the keys it is to replace",
            State.WARNING,
            f"Take {layout.recovery} to a safe place, and what opens it to another",
        )
    for slot in KeySlot:
        if home.key_in_force(slot) is None:
            verb = "recover" if slot is KeySlot.GOVERNANCE else f"rotate {slot.value}"
            yield Row(f"the {slot.value} key is suspended", State.WARNING, f"`detente keys {verb}`")
    for said in unjoined(home):
        yield Row(
            f"entry {said.header.seq} of epoch {said.header.epoch} changes keys in a way that "
            "its own charter chain does not take",
            State.BAD,
            "Say it again: others do not take it either",
        )


def _log(home: Home) -> Iterator[Row]:
    if restored := restored_note(home.database):
        yield Row(
            f"the state was {restored} and signs nothing",
            State.BAD,
            "`detente keys confirm` compares it with what f + 1 of the others cosign now",
        )
    wrong = clock_file(home.layout)
    if wrong.exists():
        words = read_capped(wrong, bytes_max=4_096).decode(errors="replace")
        yield Row(words, State.BAD, "Set the clock; a running node then says that it agrees")
    charter = home.charter
    if charter is None:
        yield Row("no charter yet: works alone, says nothing", State.GOOD)
        return
    if now() >= charter.expires:
        yield Row(
            f"charter version {charter.version} expired on {charter.expires:%Y-%m-%d}",
            State.WARNING,
            RENEW,
        )
    yield _own_log(home)


def _own_log(home: Home) -> Row:
    origin = home.identity.origin
    trusted, shown = home.checkpoints.read(origin), published_checkpoint(home, origin)
    if trusted is None:
        return Row("no TRUSTED checkpoint for the log", State.BAD, NEW_EPOCH)
    if shown is not None and shown.size > trusted.size:
        return Row("the database is older than the published log", State.BAD, NEW_EPOCH)
    signed, present = home.checkpoints.signed_at(origin), int(now().timestamp())
    if signed > present + CLOCK_SKEW_S_MAX:
        return Row(
            f"the clock is {signed - present} s behind the last checkpoint of {origin}",
            State.BAD,
            "Set the clock; nothing is signed until then",
        )
    waiting = home.journal.end(origin) - trusted.size
    if waiting > 0:
        name = f"{waiting} acknowledged entries of log {origin} are not shown yet"
        return Row(name, State.WARNING, "They are with the next statement or receipt")
    return Row(f"log {origin} holds {trusted.size} entries", State.GOOD)
