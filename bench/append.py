"""How fast one node says single statements, each durable when it is acknowledged.

Run `python bench/append.py [--json FILE] [--seconds N]`. Each submitter
says one statement after another: 300 bytes of content salted and committed to its
position, header signed, verified by the strict verifier, hashed, appended to the
journal (SQLite, synchronous=FULL), acknowledged. The clock stops when tiles, bundles
and the signed checkpoint over the last statement are on disk, folders synced.
Everything runs on one core. Floors: 6,000/s with 256 submitters, 3,500/s with 32.

Two thirds of the time is Ed25519 itself, so its speed at that moment is printed too, and
what each thread took: on a shared core a low figure with slow Ed25519 says little.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from detente.node.clock import now
from detente.node.entropy import SystemEntropy
from detente.node.log import Log, LogStores, found_log
from detente.node.sequencer import Sequencer
from detente.signing import Envelope, key_id, verify_signature
from detente.statements.content import Content, make_content
from detente.statements.header import Header, Position, Sealed
from detente.statements.padding import padme
from detente.statements.statement import sign_statement
from detente.storage import create_database
from detente.storage.checkpoints import SqliteCheckpoints
from detente.storage.journal import EntryJournal
from detente.storage.keyholders import Ed25519Key, MlDsa44Key
from detente.storage.tiles import TileFiles
from detente.tlog.signer import NoteSigner
from detente.tlog.verifier import KeyType

REPEATS = 5
FLOORS = {256: 6_000, 32: 3_500}
CONTENT_BYTES = 300
ORIGIN = "00112233445566778899aabbccddeeff/1"
UNIT, ISSUER, CHARTER = (sha256(name).hexdigest() for name in (b"unit", b"issuer", b"charter"))
HANDLING = b'{"count":1,"kind":"indicator","tlp":"amber"}'
OBJECT = b'{"type":"indicator","pattern":"' + b"x" * (CONTENT_BYTES - 33) + b'"}'
STATEMENT_KEY = Ed25519Key(os.urandom(32))
SIGNERS = (
    NoteSigner.named(ORIGIN, KeyType.ED25519, Ed25519Key(os.urandom(32))),
    NoteSigner.named(ORIGIN, KeyType.MLDSA44, MlDsa44Key(os.urandom(32))),
)


def sign(content: Content, epoch: int, seq: int) -> Envelope:
    """Bind content to its position and sign the header that commits to it."""
    place = Position(unit=UNIT, issuer=ISSUER, epoch=epoch, seq=seq)
    plain = content.to_bytes()
    says = Sealed(
        audience="unit",
        commitment=content.commitment(place),
        ciphertext=sha256(plain).hexdigest(),  # encryption is measured elsewhere
        size=padme(len(plain)),
        wraps=(),
    )
    header = Header(
        unit=UNIT, charter=CHARTER, issuer=ISSUER, epoch=epoch, seq=seq, time=now(), says=says
    )
    return sign_statement(header, STATEMENT_KEY).envelope


@dataclass(frozen=True)
class Run:
    """One log appended to for a while.

    Attributes:
        rate: statements per second, until all were covered.
        ed25519_us: one signature made and one verified, alone, just before.
        threads_us: processor time per statement, by thread.
    """

    rate: float
    ed25519_us: float
    threads_us: dict[str, float]


async def append_for(seconds: float, submitters: int, folder: Path) -> Run:
    """Append to a new log until time is up and everything is covered."""
    database = create_database(folder / "node.db")
    stores = LogStores(
        EntryJournal(database), SqliteCheckpoints(database), TileFiles(folder / "log")
    )
    found_log(stores, ORIGIN)
    own_keys = {key_id(STATEMENT_KEY.public_key): STATEMENT_KEY.public_key}
    log = Log(ORIGIN, 1, stores, SIGNERS, own_keys)
    entropy = SystemEntropy()
    ed25519 = ed25519_us()
    done = 0

    async def submitter(sequencer: Sequencer[Content], end: float) -> None:
        nonlocal done
        while time.perf_counter() < end:
            await sequencer.submit(make_content([OBJECT], HANDLING, entropy))
            done += 1

    async with Sequencer(log, sign=sign, now=now) as sequencer:
        begin = time.perf_counter()
        end = begin + seconds
        await asyncio.gather(*(submitter(sequencer, end) for _ in range(submitters)))
        checkpoint = await sequencer.covered(done - 1)
        elapsed = time.perf_counter() - begin
        threads_us = {name: spent / done * 1e6 for name, spent in thread_seconds().items()}
    if checkpoint.size != done:
        raise SystemExit(f"{done} were acknowledged, the checkpoint shows {checkpoint.size}")
    database.close()
    return Run(done / elapsed, ed25519, threads_us)


def thread_seconds() -> dict[str, float]:
    """Return the processor time of each thread of this process that has any name of ours."""
    return {
        thread.name: time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        for thread in threading.enumerate()
        if thread.ident is not None and thread.name.startswith("log-")
    }


def ed25519_us(count: int = 500) -> float:
    """Return how long one signature and one strict verification take now, in microseconds."""
    message = bytes(700)
    begin = time.perf_counter()
    for _ in range(count):
        verify_signature(STATEMENT_KEY.public_key, message, STATEMENT_KEY.sign(message))
    return (time.perf_counter() - begin) / count * 1e6


def measure(seconds: float, submitters: int) -> dict[str, float]:
    """Repeat on fresh logs; medians, and the lowest and highest rate."""
    runs = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(asyncio.run(append_for(seconds, submitters, Path(folder))))
    rates = [run.rate for run in runs]
    figure = {"median": statistics.median(rates), "low": min(rates), "high": max(rates)}
    figure["ed25519 us"] = statistics.median(run.ed25519_us for run in runs)
    for name in runs[0].threads_us:
        figure[f"{name} us"] = statistics.median(run.threads_us[name] for run in runs)
    return figure


def main() -> None:
    """Measure on one core, print, and write JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    sys.stdout.write(f"pinned to core {core} of {os.cpu_count()}; {REPEATS} runs each\n")
    figures = {}
    for submitters, floor in FLOORS.items():
        name = f"statements/s, {submitters} submitters"
        figures[name] = figure = measure(options.seconds, submitters) | {"floor": floor}
        sys.stdout.write(
            f"{name:32} {figure['median']:>10,.0f}  ({figure['low']:,.0f} to "
            f"{figure['high']:,.0f}; floor {floor:,})\n"
        )
        shares = (f"{key} {value:.0f}" for key, value in figure.items() if key.endswith(" us"))
        sys.stdout.write(f"{'':32} per statement: {', '.join(shares)}\n")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
