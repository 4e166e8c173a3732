"""How fast proofs are made and verified, and a mirror of a million entries checked.

Run `python bench/proofs.py [--json FILE] [--entries N]`. Medians with the lowest
and highest of the repeats. Floors: inclusion proofs 80,000/s made and verified at
131,072 leaves; the mirror 2 s and 60 MB.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import shake_128
from pathlib import Path

from detente.signing import merkle_root
from detente.tlog import (
    Checkpoint,
    Frontier,
    TilePath,
    TreeHashes,
    leaf_hash,
    pack_entries,
    prove_consistency,
    prove_inclusion,
    verify_consistency,
    verify_inclusion,
    verify_mirror,
)

REPEATS = 5
LEAVES = 131_072
SAMPLE = 20_000
ENTRY_BYTES = 300
MEGABYTE = 1_000_000


class Folder:
    """Tiles as files, without the durability of the real store: reading is what is measured."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: TilePath) -> bytes | None:
        """Return a file's bytes."""
        try:
            return (self._root / str(path)).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, path: TilePath, data: bytes) -> None:
        """Write a file."""
        place = self._root / str(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def rate(work: Callable[[], object], count: int) -> dict[str, float]:
    """Run `work` of `count` operations a few times; operations per second."""
    rates = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        work()
        rates.append(count / (time.perf_counter() - begin))
    return spread(rates)


def spread(values: list[float]) -> dict[str, float]:
    """Median, lowest and highest."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def measure_proofs() -> dict[str, dict[str, float]]:
    """Make and verify proofs over a tree of 131,072 leaves."""
    leaves = [leaf_hash(number.to_bytes(8)) for number in range(LEAVES)]
    hashes = TreeHashes(leaves)
    root = hashes.root_of(LEAVES)
    chosen = [place * 7919 % LEAVES for place in range(SAMPLE)]  # spread, each once
    sizes = [index + 1 for index in chosen[: SAMPLE // 10]]
    proofs = [(index, prove_inclusion(hashes, index=index, size=LEAVES)) for index in chosen]
    paths = [
        (size, hashes.root_of(size), prove_consistency(hashes, old_size=size, new_size=LEAVES))
        for size in sizes
    ]

    def make() -> None:
        for index in chosen:
            prove_inclusion(hashes, index=index, size=LEAVES)

    def verify() -> None:
        for index, proof in proofs:
            verify_inclusion(
                leaf_hash=leaves[index], index=index, size=LEAVES, proof=proof, root=root
            )

    def continue_tree() -> None:
        for size, old_root, proof in paths:
            verify_consistency(
                old_size=size, old_root=old_root, new_size=LEAVES, new_root=root, proof=proof
            )

    return {
        "inclusion proofs made /s": rate(make, SAMPLE),
        "inclusion proofs verified /s": rate(verify, SAMPLE),
        "consistency proofs verified /s": rate(continue_tree, len(sizes)),
        "root of 131,072 leaf hashes, leaves/s": rate(lambda: merkle_root(leaves), LEAVES),
    }


def entry_of(number: int) -> bytes:
    """Return 300 bytes that do not repeat."""
    return shake_128(number.to_bytes(8)).digest(ENTRY_BYTES)


def write_log(root: Path, entries: int) -> Checkpoint:
    """Write the tiles and bundles of a log of random entries."""
    store, edge = Folder(root), Frontier()
    while edge.size < entries:
        batch = [entry_of(edge.size + place) for place in range(min(256, entries - edge.size))]
        store.write(TilePath(None, edge.size // 256, len(batch)), pack_entries(batch))
        growth = edge.append([leaf_hash(entry) for entry in batch])
        for path, tile in growth.tiles:
            if not path.is_partial:
                store.write(path, tile)
        edge = growth.frontier
    for path, tile in edge.tiles:
        store.write(path, tile)
    return Checkpoint("bench.example/log", edge.size, edge.root)


def measure_mirror(entries: int) -> dict[str, dict[str, float]]:
    """Verify a mirror in fresh processes, each with its own peak memory."""
    seconds, megabytes = [], []
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = write_log(Path(folder), entries)
        command = [sys.executable, __file__, "--mirror", folder, checkpoint.to_text()]
        for _ in range(REPEATS):
            done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - ourselves
            one = json.loads(done.stdout)
            seconds.append(one["seconds"])
            megabytes.append(one["megabytes"])
    return {
        f"mirror of {entries:,} entries of 300 bytes, s": spread(seconds),
        "mirror peak memory, MB": spread(megabytes),
    }


def verify_folder(folder: str, text: str) -> None:
    """Verify one mirror and print what it took; run in a process of its own."""
    begin = time.perf_counter()
    verify_mirror(Folder(Path(folder)), Checkpoint.parse(text))
    seconds = time.perf_counter() - begin
    sys.stdout.write(json.dumps({"seconds": seconds, "megabytes": peak_megabytes()}))


def peak_megabytes() -> float:
    """Return this process's largest resident size.

    Linux counts the parent's size into `ru_maxrss` of a child, so the high-water
    mark is read from the process itself where it can be.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE
    kilobytes = status.partition("VmHWM:")[2].split()[0]
    return int(kilobytes) * 1024 / MEGABYTE


def main() -> None:
    """Measure, print a table, and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--mirror", nargs=2, metavar=("FOLDER", "CHECKPOINT"))
    options = parser.parse_args()
    if options.mirror:
        verify_folder(*options.mirror)
        return
    figures = measure_proofs() | measure_mirror(options.entries)
    for name, figure in figures.items():
        low, high = figure["low"], figure["high"]
        sys.stdout.write(f"{name:48} {figure['median']:>12,.2f}  ({low:,.2f} to {high:,.2f})\n")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
