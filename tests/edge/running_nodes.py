"""Real nodes for tests: founded in this process, run as the shipped program on loopback."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner

from detente.cli.main import root
from detente.node.clock import now
from detente.node.founding import accept_offer, apply_founding, make_offer, read_card, write_card
from detente.node.home import Home

START_S = 60.0  # on a machine that does much else; by itself below 2
NAMES = ("Aurel", "Borea", "Cantor", "Dorne")


def free_port():
    """Return a port that nothing listens on.

    From below those that the system lends to outgoing connections: a node that is killed and
    started again would find its own taken by somebody's request.
    """
    # Not seeded: tests beside this one would be given the same.
    for port in random.SystemRandom().sample(range(15_000, 32_000), k=100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def found_unit(folder, names, *, witnesses=(), f=0, adapt=lambda charter: charter, answering=False):
    """Make an exercise node for each name, and one unit of them all; return the directories.

    Args:
        folder: where.
        names: of the members.
        witnesses: outside ones.
        f: members the unit is prepared to see hostile.
        adapt: changes the charter before anybody accepts it.
        answering: whether they answer by themselves what others say.
    """
    homes = {name: Home.create(folder / name.lower(), name=name, exercise=True) for name in names}
    charter = make_offer(
        name="Unit under test",
        members=[read_card(write_card(home)) for home in homes.values()],
        witnesses=list(witnesses),
        f=f,
        now=now(),
        exercise=True,
    )
    charter = adapt(charter)
    document = charter.to_bytes()
    answers = [accept_offer(home, document) for home in homes.values()]
    for home in homes.values():
        apply_founding(home, document, answers, now())
        # Addresses for documentation are benign: where nobody asks for it, nobody disputes them.
        if not answering:
            home.layout.settings.write_text("answer_others = false\n")
        home.close()
    return {name: folder / name.lower() for name in names}, charter


@dataclass
class Node:
    """One node of the unit: its directory, where it listens, and its process while it runs."""

    name: str
    directory: Path
    port: int | None
    peers: dict[str, str] = field(default_factory=dict)
    witnesses: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen | None = None
    environment: dict[str, str] = field(default_factory=dict)
    static: Path | None = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def identity(self):
        return json.loads((self.directory / "identity.json").read_bytes())

    @property
    def member(self):
        return self.identity["member"]

    @property
    def origin(self):
        return f"{self.identity['log']}/{self.identity['epoch']}"

    def start(self, *, wait=True):
        words = [sys.executable, "-m", "detente", "run", str(self.directory)]
        if self.port is not None:
            words += ["--listen", f"127.0.0.1:{self.port}"]
        for name, url in self.peers.items():
            words += ["--peer", f"{name}={url}"]
        for name, url in self.witnesses.items():
            words += ["--witness", f"{name}={url}"]
        if self.static is not None:
            words += ["--static", str(self.static)]
        # Files, not pipes: nobody reads them while the node runs.
        with self._file("out", "wb") as out, self._file("err", "ab") as err:
            self.process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, **self.environment},
            )
        if wait:
            eventually(lambda: self._said("out") or self._ended(), within_s=START_S)
            assert self.process.poll() is None, self._said("err")
        return self

    def kill(self):
        """Kill -9, and wait until it is gone."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)

    def stop(self):
        """Ask it to stop, as a service manager does; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)

    def run(self, *words):
        """Type a command beside the node."""
        return subprocess.run(
            [sys.executable, "-m", "detente", *map(str, words), "--node", str(self.directory)],
            capture_output=True,
            timeout=60,
        )

    def detente(self, *words):
        """Type a command beside the node and return what it answers."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout) if done.stdout else None

    def publish(self, *addresses, to=(), tlp="amber"):
        """Say that addresses are malicious; return the statement's id."""
        path = self._table(addresses)
        readers = [word for name in to for word in ("--to", name)]
        return self.detente("statement", "publish", path, "--tlp", tlp, *readers)["id"]

    def say(self, *addresses):
        """Say the same without a process for the command; the running node says it."""
        path = self._table(addresses)
        words = ["statement", "publish", str(path), "--json", "--node", str(self.directory)]
        done = CliRunner().invoke(root, words)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)["id"]

    def statements(self, issuer=None):
        """Return what the node's index holds, of one issuer if named, by id."""
        rows = self.detente("statement", "list", "--limit", "1000")["statements"]
        return {row["id"]: row for row in rows if issuer in (None, row["issuer"])}

    def words(self):
        """Return everything the node told people."""
        return self._said("err")

    def _table(self, addresses):
        rows = "".join(f"ipv4-addr,{address},scanner\n" for address in addresses)
        path = self.directory.parent / f"{self.name}-{time.monotonic_ns()}.csv"
        path.write_text(f"type,value,name\n{rows}")
        return path

    def _said(self, what):
        with suppress(FileNotFoundError):
            return self._path(what).read_text(errors="replace")
        return ""

    def _ended(self):
        return self.process.poll() is not None

    def _path(self, what):
        return self.directory.parent / f"{self.directory.name}.{what}"

    def _file(self, what, mode):
        return self._path(what).open(mode)


@contextmanager
def running(folder, *names, start=True, listening=None, answering=False):
    """Lend a unit of running nodes, each knowing each other's address; killed at the end."""
    directories, _charter = found_unit(folder, names, answering=answering)
    ports = {name: free_port() for name in names if listening is None or name in listening}
    nodes = {
        name: Node(
            name,
            directory,
            ports.get(name),
            {other: f"http://127.0.0.1:{port}" for other, port in ports.items() if other != name},
        )
        for name, directory in directories.items()
    }
    try:
        for node in nodes.values() if start else ():
            node.start(wait=False)
        for node in nodes.values() if start else ():
            eventually(lambda node=node: node._said("out") or node._ended(), within_s=START_S)
            assert node.process.poll() is None, node.words()
        yield nodes
    finally:
        for node in nodes.values():
            node.kill()
            sys.stderr.write(f"{node.name} said:\n{node.words()}")  # shown where a test fails


HANG_S = 90.0  # what a slow machine may take; a test waits for what happens, it measures nothing


def eventually(condition, *, within_s=5.0, every_s=0.02):
    """Wait until something holds, and return it; fail when it does not in time."""
    within_s = max(within_s, HANG_S)
    end = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < end, f"did not come about within {within_s} s"
        time.sleep(every_s)
    return found
