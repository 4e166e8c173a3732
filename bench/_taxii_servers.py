"""Servers to be measured, each in a process of its own: ours, OpenTAXII, medallion."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from bench._taxii_clients import indicator

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".venv-peers" / "bin" / "python"
AT_ONCE = 50_000  # in one statement of the fill


@dataclass(frozen=True)
class Served:
    """A running server.

    Attributes:
        read: URL of a collection with everything.
        write: URL of one that takes objects.
        authorization: the header.
        pid: of its process.
        good: statuses that mean a POST was taken.
    """

    read: str
    write: str
    authorization: str
    pid: int
    good: tuple[int, ...] = (202,)


def fill(directory: Path, objects: int) -> None:
    """Found a unit of two and let its first member say so many objects, in batches."""
    from detente.node.catching_up import open_node
    from detente.node.clock import now
    from detente.node.founding import (
        accept_offer,
        apply_founding,
        make_offer,
        read_card,
        write_card,
    )
    from detente.node.home import Home
    from detente.node.publishing import publish
    from detente.node.taxii import TaxiiService
    from detente.statements import UNIT, Kind, Pap, Tlp
    from detente.statements.handling import Handling
    from detente.statements.stix import encode_object, identity_of

    homes = [Home.create(directory / name, name=name) for name in ("Aurel", "Borea")]
    cards = [read_card(write_card(home)) for home in homes]
    offer = make_offer(name="Bench unit", members=cards, witnesses=[], f=0, now=now()).to_bytes()
    answers = [accept_offer(home, offer) for home in homes]
    for home in homes:
        apply_founding(home, offer, answers, now())
        home.close()
    with open_node(directory / "Aurel") as home:
        identity = identity_of(home.identity.member)
        service = TaxiiService(home, now=now)
        for start in range(0, objects, AT_ONCE):
            count = min(AT_ONCE, objects - start)
            said = [encode_object(indicator(n, identity)) for n in range(start, start + count)]
            handling = Handling(
                kind=Kind.INDICATOR, tlp=Tlp.GREEN, pap=Pap.GREEN, licence="CC0-1.0", count=count
            )
            publish(home, said, handling, audience=UNIT, now=now)
            service.shelving.bring_up()
        service.close()


def serve(directory: Path) -> None:
    """Serve a node's TAXII routes until standard input ends; say where, first."""
    from detente.exchange.app import make_app
    from detente.exchange.server import Server, listen
    from detente.exchange.taxii import TAXII_BODY_BYTES_MAX
    from detente.node.catching_up import open_node
    from detente.node.clock import now
    from detente.node.live import LiveLog
    from detente.node.memory import settle
    from detente.node.taxii import TaxiiService

    async def main() -> None:
        with open_node(directory) as home:
            live = LiveLog(home, now, lambda _checkpoint: None)
            home.live = live
            await live.start()
            service = TaxiiService(home, now=now)
            catalogue = service.catalogue()
            if catalogue is None:
                raise SystemExit("the node belongs to no unit")
            listening = listen("127.0.0.1", 0)
            server = Server(make_app([service.routes()], body_bytes_max=TAXII_BODY_BYTES_MAX))
            await server.start(listening)
            settle()
            port = listening.getsockname()[1]
            root = f"http://127.0.0.1:{port}/taxii2/{catalogue.root}/collections/"
            views = {view.name: catalogue.collection_id(view) for view in catalogue.views}
            own = next(catalogue.collection_id(view) for view in catalogue.views if view.takes)
            told = {"read": f"{root}{views['alerting']}/", "write": f"{root}{own}/"}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.read)
            await server.close()
            await asyncio.to_thread(service.close)
            await live.close()

    asyncio.run(main())


@contextmanager
def ours(directory: Path, token: str) -> Iterator[Served]:
    """Run our server."""
    with _process([sys.executable, "-m", "bench._taxii_servers", str(directory)]) as (told, pid):
        yield Served(told["read"], told["write"], f"Bearer {token}", pid)


@contextmanager
def theirs(name: str, folder: Path) -> Iterator[Served]:
    """Run a server of others."""
    script = ROOT / "tests" / "interop" / "peers" / f"serve_{name}.py"
    with _process([str(PEERS), str(script), str(folder)]) as (told, pid):
        # OpenTAXII 0.9.3 keeps what is brought and answers 500.
        good = (202, 500) if name == "opentaxii" else (202,)
        yield Served(told["url"], told["url"], told["accounts"]["A"], pid, good)


@contextmanager
def _process(
    command: list[str],
) -> Iterator[tuple[dict[str, dict[str, str]] | dict[str, str], int]]:
    process = subprocess.Popen(  # noqa: S603 - our own scripts
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if command[0] == str(PEERS) else None,
        text=True,
    )
    try:
        yield json.loads(_pipe(process.stdout).readline()), process.pid
    finally:
        _pipe(process.stdin).close()
        process.wait(60)


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise SystemExit("a process without pipes")
    return pipe


def give_token(directory: Path) -> str:
    """Make a token that reads everything and may bring objects."""
    from detente.node.granting import grant

    return grant(
        directory,
        "bench",
        reader="own",
        use="passive",
        views=("*",),
        may_write=True,
        days=1,
        now=datetime.now(UTC),  # noqa: TID251 - a benchmark reads the clock
    ).text


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
