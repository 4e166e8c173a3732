"""How fast outside tools read and bring objects over TAXII, through the per-object gate.

`python -m bench.taxii [--objects N] [--repeats N] [--json FILE]`
Our server, OpenTAXII and medallion, each in a process of its own on loopback; clients in
this one count bytes and parse nothing, page 500 objects and bring envelopes of 500. Every
object that is brought is checked, said in a signed statement with the account named, durable
and under a published checkpoint before the answer. Floors: 250,000 objects/s read by 8
clients, first page in less than 15 ms at 1,000,000 objects, server at most 120 MB, 5,000
objects/s brought by 8 clients. The others hold as many as they bear (medallion 70 s for the
first page of 4,000); they are left out where `scripts/peers.sh` could not install them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench._taxii_clients import PAGE, bring, envelopes_of, first_pages, memory_mb, read_all
from bench._taxii_servers import PEERS, ROOT, Served, fill, give_token, ours, theirs

CLIENTS = 8
FLOORS = {"objects read per second, 8 clients": 250_000}
FLOORS |= {"objects brought per second, 8 clients": 5_000}
CEILINGS = {"first page, milliseconds": 15.0}
CEILINGS |= {"megabytes after reading": 120, "megabytes after bringing": 120}
PEER_OBJECTS = {"opentaxii": 10_000, "medallion": 1_000}
Row = dict[str, object]


def main() -> None:
    """Print a line for each figure; with `--json`, write them to a file as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each reading run")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--fill", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fill:
        fill(options.fill, options.objects)
        return
    rows: list[Row] = []
    for row in measured(options.objects, options.repeats, options.seconds):
        rows.append(row)
        sys.stdout.write(printed(row) + "\n")
        sys.stdout.flush()
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


def measured(objects: int, repeats: int, seconds: float) -> Iterator[Row]:
    """Yield every figure of every server."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        yield from our_rows(directory, objects, repeats, seconds)
    for name, count in PEER_OBJECTS.items():
        if not PEERS.exists():
            sys.stdout.write(f"{name}: skipped, not installed (scripts/peers.sh)\n")
            continue
        with tempfile.TemporaryDirectory() as folder, theirs(name, Path(folder)) as served:
            try:
                yield from peer_rows(name, served, count, seconds)
            except (SystemExit, OSError) as fault:
                sys.stdout.write(f"{name}: did not go on: {fault}\n")


def our_rows(directory: Path, objects: int, repeats: int, seconds: float) -> Iterator[Row]:
    """Yield our figures, with so many objects."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "bench.taxii", "--fill", str(directory)]
    subprocess.run([*command, "--objects", str(objects)], check=True, cwd=ROOT)  # noqa: S603
    yield row_of("detente", "said and put on the shelf per second", [objects / since(start)])
    token = give_token(directory / "Aurel")
    with ours(directory / "Aurel", token) as served:
        yield row_of("detente", "megabytes at start", [memory_mb(served.pid)])
        cold = first_pages(served.read, served.authorization, 1)
        yield row_of("detente", "first page of a new process, milliseconds", cold)
        yield from reading(
            "detente", served, objects=objects, repeats=repeats, seconds=seconds, pages=20
        )
        yield from bringing("detente", served, envelopes=32, repeats=repeats)


def peer_rows(name: str, served: Served, count: int, seconds: float) -> Iterator[Row]:
    """Yield the figures of a server of others: once each, they are slow."""
    yield row_of(name, "megabytes at start", [memory_mb(served.pid)])
    yield from bringing(name, served, envelopes=count // PAGE // 2, repeats=1)
    yield from reading(name, served, objects=count, repeats=1, seconds=seconds, pages=3)


def reading(
    name: str, served: Served, *, objects: int, repeats: int, seconds: float, pages: int
) -> Iterator[Row]:
    """Yield what reading costs."""
    url, authorization = served.read, served.authorization
    yield row_of(name, "first page, milliseconds", first_pages(url, authorization, pages), objects)
    for clients in (1, CLIENTS):
        rates = [read_all(url, authorization, clients, objects, seconds) for _ in range(repeats)]
        what = f"objects read per second, {clients} client{'s' * (clients > 1)}"
        yield row_of(name, what, rates)
    yield row_of(name, "megabytes after reading", [memory_mb(served.pid)])


def bringing(name: str, served: Served, *, envelopes: int, repeats: int) -> Iterator[Row]:
    """Yield what bringing costs."""
    for clients in (1, CLIENTS):
        rates = [
            bring(
                served.write,
                served.authorization,
                envelopes_of(envelopes, clients * 16 + run),
                clients,
                good=served.good,
            )
            for run in range(repeats)
        ]
        what = f"objects brought per second, {clients} client{'s' * (clients > 1)}"
        yield row_of(name, what, rates)
    yield row_of(name, "megabytes after bringing", [memory_mb(served.pid)])


def row_of(server: str, name: str, values: list[float], objects: int | None = None) -> Row:
    """Return one figure, with the load of the machine at its time."""
    row: Row = {
        "server": server,
        "name": name,
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
        "runs": len(values),
        "load": os.getloadavg()[0],
    }
    if server == "detente":
        row |= {"floor": FLOORS[name]} if name in FLOORS else {}
        row |= {"ceiling": CEILINGS[name]} if name in CEILINGS else {}
    return row | ({} if objects is None else {"objects": objects})


def printed(row: Row) -> str:
    """Return a figure as a line for people."""
    bounds = "".join(f"; {word} {row[word]:,}" for word in ("floor", "ceiling") if word in row)
    return (
        f"{row['server']}: {row['name']}: {row['median']:,.1f} "
        f"({row['low']:,.1f} to {row['high']:,.1f}{bounds}; load {row['load']:.1f})"
    )


def since(start: float) -> float:
    """Return the seconds since a moment."""
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
