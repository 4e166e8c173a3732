"""How fast a batch is indexed: hashed, decoded, checked, and found by id and by value.

`python bench/index.py [--objects N] [--sustained N] [--repeats N] [--json FILE]`
Everything from the serialised content in memory to durable rows in the database of
a node (SQLite, WAL, synchronous=FULL). Floors: 50,000 objects/s for a batch, 40,000
sustained to 1,000,000 with the merges of the index included. The shapes are those
of bench/batch.py; one core.
"""

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import batch

from detente.statements import BatchReader, TimeLimits
from detente.statements.batch import IndexRow
from detente.storage import create_database
from detente.storage.model import StatementRow
from detente.storage.objects import ObjectIndex

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOOKUPS = 200


def _statement(seq: int) -> StatementRow:
    return StatementRow(f"{seq:064x}", batch.ISSUER, "ab" * 16 + "/1", seq, "indicator", NOW)


def _rows(reader: BatchReader, parts: list[bytes]) -> Iterator[IndexRow]:
    for part in parts:
        yield from reader.feed(part)
    if reader.close().rejected:
        raise SystemExit("a leaf was rejected")


def _index(index: ObjectIndex, parts: list[bytes], seq: int) -> float:
    reader = BatchReader(issuer=batch.ISSUER, limits=TimeLimits.at(NOW))
    start = time.perf_counter()
    index.add_batch(_statement(seq), _rows(reader, parts))
    return time.perf_counter() - start


def measure_batch(shape: str, objects: int, repeats: int) -> dict[str, object]:
    """Index one batch in a new database, a few times."""
    parts = list(batch.content_parts(shape, objects))
    rates = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            database = create_database(Path(folder) / "node.db")
            rates.append(objects / _index(ObjectIndex(database), parts, 0))
            database.close()
    return _figure(f"objects indexed per second, one batch, {shape}", objects, sorted(rates))


def measure_sustained(total: int, at_once: int) -> list[dict[str, object]]:
    """Index batches one after the other into one database, merging as it grows."""
    with tempfile.TemporaryDirectory() as folder:
        database = create_database(Path(folder) / "node.db")
        index, rates, spent = ObjectIndex(database), [], 0.0
        parts = list(batch.content_parts("common", at_once))
        for seq in range(-(-total // at_once)):
            seconds = _index(index, parts, seq)
            start = time.perf_counter()
            while index.tidy():
                pass
            seconds += time.perf_counter() - start
            rates.append(at_once / seconds)
            spent += seconds
        done = len(rates) * at_once
        figure = _figure("objects indexed per second, sustained, by batch", done, sorted(rates))
        whole = figure | {
            "name": "objects indexed per second, sustained, over all",
            "median": round(done / spent),
            "slowest": round(done / spent),
            "fastest": round(done / spent),
            "database_mb": round((Path(folder) / "node.db").stat().st_size / 1e6),
        }
        lookups = _measure_lookups(index, done)
        database.close()
    return [figure, whole, lookups]


def _measure_lookups(index: ObjectIndex, objects: int) -> dict[str, object]:
    rates = []
    for number in range(LOOKUPS):
        start = time.perf_counter()
        index.objects_by_value(f"10.0.{number >> 8}.{number & 255}", limit=10)
        rates.append(1 / (time.perf_counter() - start))
    return _figure("lookups by value per second", objects, sorted(rates))


def _figure(name: str, objects: int, rates: list[float]) -> dict[str, object]:
    return {
        "name": name,
        "objects": objects,
        "repeats": len(rates),
        "median": round(statistics.median(rates)),
        "slowest": round(rates[0]),
        "fastest": round(rates[-1]),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Print a line for each figure; with `--json`, write them to a file as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=50_000)
    parser.add_argument("--sustained", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = [measure_batch(shape, options.objects, options.repeats) for shape in batch.SHAPES]
    rows += measure_sustained(options.sustained, options.objects)
    for row in rows:
        sys.stdout.write(
            f"{row['name']}: {row['median']:,} ({row['slowest']:,} to {row['fastest']:,},"
            f" {row['repeats']} of {row['objects']:,}; {row['peak_rss_mb']} MB)\n"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
