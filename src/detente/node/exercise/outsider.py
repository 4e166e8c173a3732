"""An outside witness as a process of its own: `python -m detente.node.exercise.outsider`.

It knows the logs of one charter chain as it grows, cosigns what only grew, and shows nothing else.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn

from detente.exchange.app import make_app
from detente.exchange.errors import ExchangeError
from detente.exchange.hints import Hints
from detente.exchange.http_signatures import Nonces, RequestVerifier
from detente.exchange.ports import Parcel
from detente.exchange.server import Server
from detente.exchange.serving import BODY_BYTES_MAX, OutwardFace, outward_routes
from detente.node.addresses import log_keys, open_address
from detente.node.clock import now
from detente.node.cosigning import Cosigner
from detente.proofs.chain import parse_chain
from detente.release import Cleared, MemberReader, Withheld
from detente.storage.database import create_database, open_database
from detente.storage.keyholders import Ed25519Key, MlDsa44Key
from detente.storage.witnesses import SqliteWitnessStates
from detente.tlog import Cosigned, KeyType, NoteSigner, Refused, Verifier


class WitnessOnly:
    """Implements `exchange.ports.Outward` for somebody who only witnesses."""

    def __init__(self, cosigner: Cosigner) -> None:
        self._cosigner = cosigner

    def read(self, path: str) -> bytes | None:
        """Show nothing."""
        return None

    def document(self, digest: str) -> bytes | None:
        """Hold no papers."""
        return None

    def clear(self, origin: str, seq: int, reader: MemberReader) -> Cleared | Withheld | None:
        """Hold no content."""
        return None

    def parcel(self, cleared: Cleared, digest: str) -> Parcel | None:
        """Hold no content."""
        return None

    def awaits(self, member: str) -> list[tuple[str, int]]:
        """Wait for nothing."""
        return []

    def add_checkpoint(self, request: bytes) -> Cosigned | Refused:
        """Judge a request to cosign."""
        return self._cosigner.answer(request)


class LogsOfChain(Mapping[str, Sequence[Verifier]]):
    """The logs of a unit by the newest of its charter chain, a file that a member keeps.

    There may be none yet: a witness is named before the unit is founded.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[int, int] = (0, 0)
        self._logs: dict[str, list[Verifier]] = {}

    def _newest(self) -> dict[str, list[Verifier]]:
        if self._path.exists():
            state = self._path.stat()
            if (state.st_mtime_ns, state.st_ino) != self._read:
                self._logs = log_keys(parse_chain(self._path.read_bytes()))
                self._read = (state.st_mtime_ns, state.st_ino)
        return self._logs

    def __getitem__(self, origin: str) -> Sequence[Verifier]:
        return self._newest()[origin]

    def __iter__(self) -> Iterator[str]:
        return iter(self._newest())

    def __len__(self) -> int:
        return len(self._newest())


def witness_signers(name: str, seeds: bytes) -> tuple[NoteSigner, NoteSigner]:
    """Return the two cosigners of a witness, from 64 secret bytes."""
    return (
        NoteSigner.named(name, KeyType.ED25519_COSIGNATURE, Ed25519Key(seeds[:32])),
        NoteSigner.named(name, KeyType.MLDSA44, MlDsa44Key(seeds[32:])),
    )


async def _take_nothing(member: str, bundle: BinaryIO) -> NoReturn:
    raise ExchangeError("a witness takes no bundles")


async def _serve(name: str, directory: Path, chain: Path, listen: str) -> None:
    database_file = directory / "witness.sqlite"
    make = open_database if database_file.exists() else create_database
    database = make(database_file)
    cosigner = Cosigner(
        signers=witness_signers(name, (directory / "witness.seeds").read_bytes()),
        states=SqliteWitnessStates(database, cosigner=name),
        logs=LogsOfChain(chain),
        now=now,
    )
    # Nobody is known by a transport key here: a witness gives nothing that needs one.
    verifier = RequestVerifier(recipient=name, key=lambda _wanted: None, nonces=Nonces())
    face = OutwardFace(WitnessOnly(cosigner), verifier, Hints(), _take_nothing)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with Server(make_app([outward_routes(face)], body_bytes_max=BODY_BYTES_MAX)) as server:
        listening = open_address(listen)
        await server.start(listening)
        sys.stdout.write(json.dumps({"port": listening.getsockname()[1]}) + "\n")
        sys.stdout.flush()
        await stopping.wait()
    database.close()


def main(words: Sequence[str] | None = None) -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="outsider")
    parser.add_argument("name")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--chain", type=Path, required=True)
    parser.add_argument("--listen", required=True)
    asked = parser.parse_args(words)
    asyncio.run(_serve(asked.name, asked.directory, asked.chain, asked.listen))


if __name__ == "__main__":
    main()
