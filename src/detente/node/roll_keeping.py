"""What is kept of a roll between two snapshots: keyed hashes, and no row.

The hashes and their key are two files, for this user alone, and each keeping has a key
of its own, so that no two kept files can be joined. They are pseudonymous personal data:
they stay in the office, and whoever has both files and another roll can look ids up.
"""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from detente.elections import ElectionsError
from detente.elections.rolls import (
    Finding,
    Layout,
    RollHashes,
    compare_kept,
    id_hashes,
    mass_removal,
    misfits,
    missing_provenance,
    non_eligible_causes,
    one_field_burst,
    reversals,
    roll_hashes,
    silent_since_kept,
)
from detente.elections.rolls.siphash import KEY_BYTES
from detente.errors import EnvironmentFault, InputError
from detente.node.entropy import SystemEntropy
from detente.node.roll_files import RollFiles, RollReport, read_layout, read_log
from detente.node.roll_snapshots import chunks_of, require_snapshot

_MAGIC = b"detente kept roll 1\n"
_HEAD_BYTES = len(_MAGIC) + 32
_NUMBER_BYTES = 8
ROWS_MAX = 200_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept of a snapshot: its hashes, and the key they were made with."""

    hashes: RollHashes
    key: bytes


def is_kept(path: Path) -> bool:
    """Say whether a file holds kept hashes; a file that cannot be read does not."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def key_file(path: Path) -> Path:
    """Where the key of kept hashes lies: beside them, until somebody takes it elsewhere."""
    return path.with_name(f"{path.name}.key")


def keep_roll(snapshot: Path, layout_file: Path, out: Path) -> int:
    """Keep a snapshot's keyed hashes under a new key; return how many rows it has.

    Raises:
        InputError: the snapshot is not of the layout.
        EnvironmentFault: a file cannot be written, or is there already.
    """
    layout = read_layout(layout_file)
    key = SystemEntropy().draw(KEY_BYTES)
    require_snapshot(snapshot, layout)
    chunks = chunks_of(snapshot)
    try:
        hashes = roll_hashes(chunks, layout, key)
    except ElectionsError as error:
        raise InputError(error.message, file=str(snapshot), remedy=error.remedy) from None
    data = b"".join((_MAGIC, _shape(layout), hashes.ids.tobytes(), hashes.rows.tobytes()))
    _write_new(key_file(out), key)
    _write_new(out, data)
    return int(hashes.rows.size)


def read_kept(path: Path, layout: Layout) -> Kept:
    """Read kept hashes and their key.

    Raises:
        InputError: they are cut, of another layout, or without their key.
    """
    data, key = _read(path), _read(key_file(path))
    size, odd = divmod(len(data) - _HEAD_BYTES, 2 * _NUMBER_BYTES)
    if data[: len(_MAGIC)] != _MAGIC or size < 0 or odd or len(key) != KEY_BYTES:
        raise InputError(
            "these are no whole kept hashes and their key",
            file=str(path),
            remedy="Keep the next snapshot with `detente elections rolls keep`",
        )
    if data[len(_MAGIC) : _HEAD_BYTES] != _shape(layout):
        raise InputError("kept under another layout", file=str(path), remedy="Give that --layout")
    numbers = np.frombuffer(data, dtype="<u8", offset=_HEAD_BYTES)
    return Kept(RollHashes(numbers[:size], numbers[size:]), key)


def compare_with_kept(files: RollFiles) -> RollReport:
    """Compare a snapshot with what was kept of an earlier one, and read the log beside it.

    What only the earlier rows show is not looked for: changed columns, selection, duplicates.

    Raises:
        InputError: a file that cannot be read as what it should be, with its line.
    """
    layout = read_layout(files.layout)
    kept = read_kept(files.before, layout)
    require_snapshot(files.after, layout, "second")
    try:
        comparison = compare_kept(kept.hashes, chunks_of(files.after), layout, kept.key)
    except ElectionsError as error:
        raise InputError(error.message, file=str(files.after), remedy=error.remedy) from None
    found: list[Finding | None] = [misfits(comparison, layout).finding()]
    if files.log:
        log = list(read_log(files.log))
        logged = id_hashes({entry.voter for entry in log}, kept.key)
        found = [
            silent_since_kept(comparison, log, layout, logged),
            *found,
            mass_removal(log),
            one_field_burst(log),
            reversals(log, records=comparison.size_before),
            missing_provenance(log),
            non_eligible_causes(log, layout, election=files.election),
        ]
    return RollReport(comparison, {}, tuple(each for each in found if each is not None))


def _shape(layout: Layout) -> bytes:
    text = layout.separator.join((*layout.columns, layout.columns[layout.key]))
    return sha256(text.encode()).digest()


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _HEAD_BYTES + 2 * _NUMBER_BYTES * ROWS_MAX:
            raise InputError(f"more than {ROWS_MAX} rows", file=str(path))
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}",
            file=str(path),
            remedy="The key lies beside the hashes, with .key at its end",
        ) from None


def _write_new(path: Path, data: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(stream.fileno(), 0o600)
            stream.write(data)
    except OSError as error:
        raise EnvironmentFault(
            f"{path} cannot be written: {error.strerror}", remedy="Choose another place"
        ) from error
