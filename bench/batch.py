"""How fast a batch is read: hashed, decoded, checked, its index keys found (no storage).

`python bench/batch.py [--objects N] [--repeats N] [--json FILE]`
Shapes: the common indicator; the same with escapes; the same with a kill chain and a
property of its own, so that the general way decides; a mixture. Salts and ids are
made from a seed. One core, no other load assumed.
"""

import argparse
import json
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from detente.signing import canonical
from detente.statements import BatchReader, Handling, Kind, Pap, TimeLimits, Tlp, identity_of

ISSUER = "ab" * 32
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PART_BYTES = 1 << 20


def _uuid(chance: random.Random) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _indicator(chance: random.Random, number: int) -> dict[str, object]:
    moment = f"2026-{1 + number % 10:02}-{1 + number % 28:02}T12:{number % 60:02}:00.000Z"
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{_uuid(chance)}",
        "created_by_ref": identity_of(ISSUER),
        "created": moment,
        "modified": moment,
        "name": f"Second stage server {number}",
        "description": "Seen in own telemetry after a completed handshake; kept under observation,"
        " to be checked again by the end of the week.",
        "indicator_types": ["malicious-activity"],
        "confidence": 85,
        "pattern": f"[ipv4-addr:value = '91.{number >> 16}.{number >> 8 & 255}.{number & 255}']",
        "pattern_type": "stix",
        "valid_from": moment,
        "labels": ["election", "c2"],
        "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
    }


def _common(chance: random.Random, number: int) -> dict[str, object]:
    return _indicator(chance, number)


def _escaped(chance: random.Random, number: int) -> dict[str, object]:
    return _indicator(chance, number) | {"name": f'The "second stage" \\ server {number}'}


def _general(chance: random.Random, number: int) -> dict[str, object]:
    phase = {"kill_chain_name": "lockheed-martin-cyber-kill-chain", "phase_name": "delivery"}
    return _indicator(chance, number) | {"kill_chain_phases": [phase], "x_office": "Aurel"}


def _mixture(chance: random.Random, number: int) -> dict[str, object]:
    match number % 4:
        case 0:
            return _escaped(chance, number)
        case 1:
            return {
                "type": "domain-name",
                "spec_version": "2.1",
                "id": f"domain-name--{_uuid(chance)}",
                "value": f"host{number}.example.net",
            }
        case _:
            return _indicator(chance, number)


SHAPES: dict[str, Callable[[random.Random, int], dict[str, object]]] = {
    "common": _common,
    "escapes": _escaped,
    "general": _general,
    "mixture": _mixture,
}


def content_parts(shape: str, count: int) -> Iterator[bytes]:
    """Yield serialised content in parts of about 1 MiB."""
    chance = random.Random(7)  # noqa: S311  a repeatable input, not a secret
    handling = Handling(
        kind=Kind.INDICATOR, tlp=Tlp.GREEN, pap=Pap.GREEN, licence="NOASSERTION", count=count
    ).to_bytes()
    held = bytearray(chance.randbytes(32) + (count + 1).to_bytes(8))
    for number in range(-1, count):
        data = handling if number < 0 else canonical(SHAPES[shape](chance, number))
        held += len(data).to_bytes(4) + chance.randbytes(32) + data
        if len(held) >= PART_BYTES:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def _run(parts: list[bytes]) -> float:
    reader = BatchReader(issuer=ISSUER, limits=TimeLimits.at(NOW))
    start = time.perf_counter()
    for part in parts:
        reader.feed(part)
    summary = reader.close()
    seconds = time.perf_counter() - start
    if summary.rejected:
        raise SystemExit(f"leaf {summary.rejected[0].leaf} rejected: {summary.rejected[0].reason}")
    return seconds


def measure(shape: str, objects: int, repeats: int) -> dict[str, object]:
    """Return the figures of one shape."""
    parts = list(content_parts(shape, objects))
    rates = sorted(objects / _run(parts) for _ in range(repeats))
    return {
        "name": f"batch objects read per second, {shape}",
        "objects": objects,
        "object_bytes": sum(map(len, parts)) // objects,
        "repeats": repeats,
        "median": round(statistics.median(rates)),
        "slowest": round(rates[0]),
        "fastest": round(rates[-1]),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Print a line for each shape; with `--json`, write them to a file as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = [measure(shape, options.objects, options.repeats) for shape in SHAPES]
    for row in rows:
        sys.stdout.write(
            f"{row['name']}: {row['median']:,} ({row['slowest']:,} to {row['fastest']:,},"
            f" {row['repeats']} runs of {row['objects']:,}, {row['object_bytes']} bytes each)\n"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
