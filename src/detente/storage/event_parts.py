"""Events as they are kept: packed into rows, and written as parts that become Parquet files.

A part counts for nothing until `events.EventShelf` gives it its name, so whoever writes it
may be another process, and may be killed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from detente.storage.disk import Disk, make_private_folder, temporary_path
from detente.storage.errors import DamagedStore, storage_faults

PARTS_FOLDER = "parts"
FRESH_BYTES_MAX = 256 << 20  # what one row may unpack to
_LEVEL = 1
_ROW_GROUP = 50_000
_ROWS_AT_ONCE = 8_192


class StoredEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event as it is kept.

    Attributes:
        source: name of the source.
        position: of the event in it.
        time: seconds since 1970 as the event says; None where it says none.
        received: seconds since 1970 at which this node read it.
        raw: as it came.
        event: as JSON, where it is more than `raw` decoded; None where it is not.
    """

    source: str
    position: str
    time: float | None
    received: float
    raw: bytes
    event: bytes | None


@dataclass(frozen=True, slots=True)
class Described:
    """What an event is found by in a file.

    Attributes:
        stored: the event.
        of_class: a short name that is safe in a path.
        channel: of a Windows event; empty for others.
        event_id: of a Windows event, as text; empty for others.
        marks: numbers of 64 bits by which values in it are found.
    """

    stored: StoredEvent
    of_class: str
    channel: str
    event_id: str
    marks: Sequence[int]


class Part(msgspec.Struct, frozen=True, array_like=True):
    """A file that was written and does not count yet.

    Attributes:
        path: of it; in no class's folder.
        day: on which its events came.
        of_class: their class.
    """

    path: str
    day: str
    of_class: str


def pack(events: Sequence[StoredEvent]) -> bytes:
    """Return events as one row keeps them."""
    import zstandard

    encoded = msgspec.msgpack.encode(events)
    return zstandard.ZstdCompressor(level=_LEVEL).compress(encoded)


def unpack(data: bytes) -> list[StoredEvent]:
    """Return the events of a row.

    Raises:
        DamagedStore: it is not what `pack` wrote.
    """
    import zstandard

    try:
        encoded = zstandard.ZstdDecompressor().decompress(data, max_output_size=FRESH_BYTES_MAX)
        return msgspec.msgpack.decode(encoded, type=list[StoredEvent])
    except (zstandard.ZstdError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise DamagedStore(
            f"events in the database are damaged: {error}",
            remedy="Restore the node from a back-up, or go on without those events",
        ) from error


def write_parts(folder: Path, events: Iterable[Described]) -> list[Part]:
    """Write events by day and class, durably; nothing of it counts yet.

    Args:
        folder: where files of events lie.
        events: in order.

    Raises:
        StorageFault: the disk refused.
    """
    groups: dict[tuple[str, str], list[Described]] = {}
    for each in events:
        day = f"{datetime.fromtimestamp(each.stored.received, UTC):%Y-%m-%d}"
        groups.setdefault((day, each.of_class), []).append(each)
    parts = []
    for (day, name), group in groups.items():
        path = _part_path(folder)
        with storage_faults(doing="writing events", where=str(path)):
            import pyarrow.parquet

            pyarrow.parquet.write_table(
                _table(group), path, compression="zstd", row_group_size=_ROW_GROUP
            )
            _settle(path)
        parts.append(Part(str(path), day, name))
    return parts


def merge_parts(folder: Path, files: Sequence[Path]) -> Path:
    """Write what stands in some files into one part, in their order, durably.

    Raises:
        StorageFault: the disk refused, or one of them is damaged.
    """
    import pyarrow
    import pyarrow.parquet

    path = _part_path(folder)
    with storage_faults(doing="merging files of events", where=str(path)):
        try:
            with pyarrow.parquet.ParquetWriter(path, _schema(), compression="zstd") as writer:
                for each in files:
                    with pyarrow.parquet.ParquetFile(each) as file:
                        for batch in file.iter_batches(_ROWS_AT_ONCE):
                            writer.write_batch(batch, row_group_size=_ROW_GROUP)
        except pyarrow.ArrowInvalid as error:
            raise OSError(f"a file of events is damaged: {error}") from error
        _settle(path)
    return path


def _part_path(folder: Path) -> Path:
    parts = folder / PARTS_FOLDER
    make_private_folder(folder)
    make_private_folder(parts)
    return temporary_path(parts)


def _settle(path: Path) -> None:
    path.chmod(0o600)
    with path.open("rb") as file:
        Disk().sync(file.fileno())


def _schema() -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa

    return pa.schema(
        [
            ("source", pa.string()),
            ("position", pa.string()),
            ("time", pa.float64()),
            ("received", pa.float64()),
            ("channel", pa.string()),
            ("event_id", pa.string()),
            ("marks", pa.list_(pa.uint64())),
            ("raw", pa.binary()),
            ("event", pa.binary()),
        ]
    )


def _table(group: Sequence[Described]) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa

    stored = [each.stored for each in group]
    columns = {
        "source": [each.source for each in stored],
        "position": [each.position for each in stored],
        "time": [each.time for each in stored],
        "received": [each.received for each in stored],
        "channel": [each.channel for each in group],
        "event_id": [each.event_id for each in group],
        "marks": [each.marks for each in group],
        "raw": [each.raw for each in stored],
        "event": [each.event for each in stored],
    }
    return pa.table(columns, schema=_schema())
