"""What ten million indicators cost: to load, to hold, and to ask of every event.

`python bench/indicators.py [--indicators N] [--events N] [--logs FILE] [--repeats N] [--json FILE]`
Bounds: at most 40 bytes each, 20 s from a plain list, and 1.2 times the time of a scan
without any. The list is a mixture (hashes 45 %, addresses 25 %, names 20 %, URLs 10 %); the
logs are invented Windows and web events with names that repeat, or a file of JSON lines.
The peer is a Python set of the same values. One core; times are of its work (CPU seconds),
so that others on the machine do not count.
"""

import argparse
import gzip
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson

from detente.node.watchlists import load_watchlists
from detente.watch.indicators import IndicatorMatcher, IndicatorSet, SetBuilder

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BATCH = 8_192
BLOCK = 50_000
MIX = (
    ("sha256", 0.30),
    ("md5", 0.10),
    ("sha1", 0.05),
    ("address", 0.25),
    ("name", 0.20),
    ("url", 0.10),
)
DIGITS = {"sha256": 64, "md5": 32, "sha1": 40, "name": 10, "url": 16}
PEER_MAX = 1_000_000


def values(kind: str, count: int, chance: np.random.Generator) -> list[str]:
    """Return invented values of one kind."""
    if kind == "address":
        parts = chance.integers(1, 255, (count, 4)).tolist()
        return [f"{a}.{b}.{c}.{d}" for a, b, c, d in parts]
    width = DIGITS[kind]
    digits = chance.bytes(count * width // 2).hex()
    drawn = [digits[start : start + width] for start in range(0, count * width, width)]
    match kind:
        case "name":
            return [f"host-{each}.example.org" for each in drawn]
        case "url":
            return [f"http://www.{each[:6]}.example/{each}/login.php" for each in drawn]
        case _:
            return drawn


def write_list(path: Path, count: int) -> None:
    """Write a plain list of invented values."""
    chance = np.random.default_rng(7)
    with path.open("wb") as file:
        for kind, share in MIX:
            left = int(count * share)
            while left > 0:
                some = min(BLOCK, left)
                file.write("\n".join(values(kind, some, chance)).encode() + b"\n")
                left -= some


def write_logs(path: Path, count: int) -> None:
    """Write invented events: processes, connections, look-ups, web access."""
    chance = random.Random(7)  # noqa: S311 - invented data
    hashes = [chance.randbytes(32).hex().upper() for _ in range(2_000)]
    hosts = [f"www.site{number}.example.net" for number in range(3_000)]
    addresses = [f"10.{chance.randrange(256)}.{chance.randrange(256)}.7" for _ in range(2_000)]
    padding = {f"Field{number}": f"value {number}" for number in range(20)}
    with path.open("wb") as file:
        for number in range(count):
            event: dict[str, object] = {"EventID": number % 4, "UtcTime": f"{number}", **padding}
            match number % 4:
                case 0:
                    event |= {"Image": f"C:\\p{number % 500}.exe", "CommandLine": f"run {number}"}
                    event["Hashes"] = f"SHA256={chance.choice(hashes)}"
                case 1:
                    event |= {"SourceIp": chance.choice(addresses), "DestinationPort": 443}
                    event["DestinationIp"] = chance.choice(addresses)
                case 2:
                    event["QueryName"] = chance.choice(hosts)
                case _:
                    event |= {"c-ip": chance.choice(addresses), "cs-host": chance.choice(hosts)}
            file.write(orjson.dumps(event) + b"\n")


def batches(lines: list[bytes]) -> Iterator[list[dict[str, object]]]:
    """Decode lines, a batch at a time."""
    for start in range(0, len(lines), BATCH):
        yield [orjson.loads(line) for line in lines[start : start + BATCH]]


def decode(lines: list[bytes]) -> None:
    """Decode and look at nothing."""
    for _ in batches(lines):
        pass


def scan(lines: list[bytes], sealed: IndicatorSet) -> int:
    """Decode and ask; nothing is remembered from before."""
    matcher = IndicatorMatcher(sealed)
    return sum(len(matcher.matches(events, now=NOW.timestamp())) for events in batches(lines))


def seconds(work: Callable[[], object], repeats: int) -> list[float]:
    """Return how much work each of a few runs took, ascending."""
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return sorted(taken)


def row(name: str, taken: list[float], unit: str, **more: object) -> dict[str, object]:
    """Return one figure."""
    return {
        "name": name,
        "unit": unit,
        "median": round(statistics.median(taken), 4),
        "least": round(taken[0], 4),
        "most": round(taken[-1], 4),
        "repeats": len(taken),
        **more,
    }


def measure_load(folder: Path, count: int) -> tuple[list[dict[str, object]], IndicatorSet]:
    """Load a plain list, as it is and packed."""
    plain, packed = folder / "list.txt", folder / "list.txt.gz"
    write_list(plain, count)
    with plain.open("rb") as file, gzip.open(packed, "wb", compresslevel=1) as out:
        while block := file.read(1 << 24):
            out.write(block)
    rows = []
    for path in (packed, plain):
        start = time.process_time()
        loaded = load_watchlists([path], now=NOW)
        taken = time.process_time() - start
        name = "seconds to load a plain list" + (", gzip" if path == packed else "")
        rows.append(row(name, [taken], "s", indicators=len(loaded.sealed)))
        if path == packed:
            del loaded
    each = loaded.sealed.size / max(1, len(loaded.sealed))
    rows.append(row("bytes for each indicator", [each], "B", peak_rss_mb=_peak()))
    return rows, loaded.sealed


def measure_scan(lines: list[bytes], sealed: IndicatorSet, repeats: int) -> list[dict[str, object]]:
    """Time decoding alone, asking for none, asking for all."""
    alone = seconds(lambda: decode(lines), repeats)
    none = seconds(lambda: scan(lines, SetBuilder().seal()), repeats)
    every = seconds(lambda: scan(lines, sealed), repeats)
    added = [(a - b) / len(lines) * 1e6 for a, b in zip(every, none, strict=True)]
    return [
        row("decoding alone", alone, "s", events=len(lines)),
        row("decoding and asking for no indicator", none, "s"),
        row("decoding and asking for all", every, "s", hits=scan(lines, sealed)),
        row("added by indicators to each event", sorted(added), "us"),
    ]


def measure_peer(folder: Path, count: int) -> dict[str, object]:
    """Hold the same values in a Python set, at most a million of them."""
    path = folder / "peer.txt"
    write_list(path, min(count, PEER_MAX))
    held = set(path.read_text().splitlines())
    size = sys.getsizeof(held) + sum(map(sys.getsizeof, held))
    return row("bytes for each value in a Python set (peer)", [size / len(held)], "B")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Print a line for each figure; with `--json`, write them to a file as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--indicators", type=int, default=10_000_000)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--logs", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows, sealed = measure_load(folder, options.indicators)
        logs = options.logs or folder / "logs.jsonl"
        if options.logs is None:
            write_logs(logs, options.events)
        rows += measure_scan(logs.read_bytes().splitlines(), sealed, options.repeats)
        rows.append(measure_peer(folder, options.indicators))
    for each in rows:
        sys.stdout.write(
            f"{each['name']}: {each['median']:,} {each['unit']}"
            f" ({each['least']:,} to {each['most']:,}, {each['repeats']})\n"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
