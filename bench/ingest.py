"""How fast a node takes up what another said: signature, proof, commitment, STIX, pattern, index.

`python bench/ingest.py [--objects N] [--singles N] [--repeats N] [--json FILE]`
Two nodes of one unit. What the first said lies in a bundle, which is its face in a file; the
second pulls from it: checkpoint, consistency, every entry, every wrap and ciphertext, every
object, durable rows at the end. Floors: 50,000 objects/s where a statement has 50,000 of them
in the common shape, 3,500 statements/s where each has one. Two cores, one process.
"""

import argparse
import asyncio
import cProfile
import io
import json
import pstats
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from unittest import mock

from bench import batch
from detente.charter.model import Quota
from detente.node.addresses import log_keys, require_chain
from detente.node.author import ContentDraft
from detente.node.bundling import export_bundle, open_bundle, take_bundle
from detente.node.catching_up import catch_up, open_node
from detente.node.clock import now
from detente.node.cosigning import member_cosigner
from detente.node.founding import accept_offer, apply_founding, make_offer, read_card, write_card
from detente.node.holdings import HomeHoldings
from detente.node.home import Home
from detente.node.log import pass_by
from detente.node.outward import HomeOutward
from detente.node.receiving import Receiver
from detente.node.speaking import make_author, say
from detente.signing import canonical
from detente.statements import UNIT, Handling, Kind, Pap, Tlp, identity_of

QUOTA = Quota(statements=10_000_000, size_bytes=2**40)
SAID_AT_ONCE = 256
PROFILE_LINES = 14
_HANDLING = Handling(
    kind=Kind.INDICATOR, tlp=Tlp.GREEN, pap=Pap.GREEN, licence="NOASSERTION", count=1
)


def found(place: Path) -> tuple[Path, Path]:
    """Make two nodes of one unit whose quota is no hindrance."""
    homes = [Home.create(place / name, name=name) for name in ("aurel", "borea")]
    offer = make_offer(
        name="Bench",
        members=[read_card(write_card(home)) for home in homes],
        witnesses=[],
        f=0,
        now=now(),
    )
    document = replace(offer, quota=QUOTA).to_bytes()
    answers = [accept_offer(home, document) for home in homes]
    for home in homes:
        apply_founding(home, document, answers, now())
        home.close()
    return homes[0].layout.directory, homes[1].layout.directory


def publish(directory: Path, shape: str, counts: Iterable[int]) -> None:
    """Say statements of so many objects each."""
    chance = random.Random(7)  # noqa: S311  a repeatable input, not a secret
    with open_node(directory) as home:
        charter = home.charter
        if charter is None:
            raise SystemExit("no charter")
        author, made = make_author(home, charter, now), 0
        drafts: list[ContentDraft] = []
        identity = identity_of(home.identity.member)

        def flush() -> None:
            asyncio.run(say(home, author.sign, drafts, now))
            catch_up(home)
            drafts.clear()

        for count in counts:
            objects = []
            for number in range(made, made + count):
                value = batch.SHAPES[shape](chance, number)
                if "created_by_ref" in value:
                    value["created_by_ref"] = identity
                objects.append(canonical(value))
            made += count
            handling = replace(_HANDLING, count=count)
            drafts.append(author.draft(objects, handling, UNIT))
            if len(drafts) == SAID_AT_ONCE:
                flush()
        if drafts:
            flush()


def export(directory: Path, reader: Path, target: Path) -> None:
    """Write what one node shows the other into a file."""
    with open_node(reader) as other:
        member = other.identity.member
    with open_node(directory) as home, target.open("xb") as file:
        cosigner = member_cosigner(home, mirror=False, logs=log_keys(require_chain(home)), now=now)
        export_bundle(home, HomeOutward(home, cosigner), file, reader=member)


def take(directory: Path, bundle: Path) -> tuple[float, float, int, int]:
    """Pull once from the bundle; return seconds, of the processor too, and what is indexed."""
    with open_node(directory) as home, bundle.open("rb") as source:
        chain = require_chain(home)
        cosigner = member_cosigner(home, mirror=False, logs=log_keys(chain), now=now)
        here = HomeOutward(home, cosigner).read
        receiver = Receiver(HomeHoldings(home, now=now, stopped=pass_by), now=now)
        face = open_bundle(source, file=str(bundle))
        start, worked = time.perf_counter(), time.process_time()
        asyncio.run(take_bundle(home, face, receiver, here=here, now=now))
        seconds, worked = time.perf_counter() - start, time.process_time() - worked
        objects, taken, after = 0, 0, 0
        while page := home.index.statements(after=after, limit=1_000):
            after = page[-1].number
            objects += sum(each.objects or 0 for each in page)
            taken += sum(bool(each.objects) for each in page)
    return seconds, worked, objects, taken


def measure(
    name: str, shape: str, counts: list[int], repeats: int, *, floor: int, profile: bool
) -> dict[str, object]:
    """Say it once and take it up again and again, each time by a node that knows nothing."""
    wanted, unit = sum(counts), "objects" if max(counts) > 1 else "statements"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        aurel, borea = found(place)
        publish(aurel, shape, counts)
        export(aurel, borea, place / "bundle")
        rates, by_work = [], []
        for number in range(repeats):
            copy = place / f"copy{number}"
            shutil.copytree(borea, copy)
            seconds, worked, objects, taken = take(copy, place / "bundle")
            if (objects, taken) != (wanted, len(counts)):
                raise SystemExit(f"{objects} of {wanted} objects, {taken} of {len(counts)}")
            rates.append(wanted / seconds)
            by_work.append(wanted / worked)
            shutil.rmtree(copy)
        if profile:
            sys.stdout.write(_profile(borea, place / "bundle"))
    rates.sort()
    return {
        "name": f"{unit} taken up per second, {name}",
        "objects": wanted,
        "statements": len(counts),
        "repeats": repeats,
        "median": round(statistics.median(rates)),
        "slowest": round(rates[0]),
        "fastest": round(rates[-1]),
        "per processor second": round(statistics.median(by_work)),
        "floor": floor,
    }


def _profile(directory: Path, bundle: Path) -> str:
    """Return where the time goes; threads other than the first are seen as waiting."""
    profiler, table = cProfile.Profile(), io.StringIO()
    run, each_thread = threading.Thread.run, list[cProfile.Profile]()

    def profiled(thread: threading.Thread) -> None:
        own = cProfile.Profile()
        each_thread.append(own)
        own.runcall(run, thread)

    with mock.patch.object(threading.Thread, "run", profiled):
        profiler.runcall(take, directory, bundle)
    total = pstats.Stats(profiler, stream=table)
    for each in each_thread:
        total.add(each)
    total.sort_stats("tottime").print_stats(PROFILE_LINES)
    return table.getvalue()


def main() -> None:
    """Print a line for each figure; with `--json`, write them to a file as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=50_000, help="in one statement")
    parser.add_argument("--singles", type=int, default=5_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    plans = [
        ("one batch, common shape", "common", [options.objects], 50_000),
        ("one batch, with escapes", "escapes", [options.objects], 50_000),
        ("one batch, a mixture", "mixture", [options.objects], 50_000),
        ("each of one object", "common", [1] * options.singles, 3_500),
    ]
    rows = [
        measure(name, shape, counts, options.repeats, floor=floor, profile=options.profile)
        for name, shape, counts, floor in plans
    ]
    for row in rows:
        sys.stdout.write(
            f"{row['name']}: {row['median']:,} ({row['slowest']:,} to {row['fastest']:,},"
            f" {row['repeats']} runs of {row['objects']:,}; at least {row['floor']:,} wanted;"
            f" {row['per processor second']:,} a second of one processor)\n"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
