"""A unit on the network: three node processes and two outside witnesses on loopback.

The nodes run the shipped program; scenes talk to them as their owners do, through
`detente` commands, and look at what they show as anybody can.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes

import orjson

from detente.charter import Charter, OutsideWitness
from detente.node.clock import now
from detente.node.control import ask_running
from detente.node.exercise.cast import F, nodes
from detente.node.exercise.outsider import witness_signers
from detente.node.exercise.stage import Finished, Stage
from detente.node.founding import accept_offer, apply_founding, make_offer, read_card, write_card

_WITNESSES = ("witness-one.example", "witness-two.example")
_PATIENCE_S = 30.0
_LOOK_EVERY_S = 0.05


@dataclass(slots=True)
class NetworkUnit:
    """A unit whose nodes run.

    Attributes:
        stage: of the run.
        place: where the nodes' directories are.
        charter: version 1.
        urls: of the members, by name.
        witness_urls: of the outside witnesses, by name.
    """

    stage: Stage
    place: Path
    charter: Charter
    urls: dict[str, str]
    witness_urls: dict[str, str]

    def directory(self, name: str) -> Path:
        """Return one node's directory."""
        return self.place / name

    def member_id(self, name: str) -> str:
        """Return one member's id."""
        return next(each.id for each in self.charter.members if each.name == name.capitalize())

    def ask(self, name: str, *words: str | Path) -> Finished:
        """Type a command beside one running node."""
        return self.stage.detente(*words, "--node", self.directory(name), "--json")

    def ask_plain(self, name: str, *words: str | Path) -> Finished:
        """Type a command that has no JSON answer."""
        return self.stage.detente(*words, "--node", self.directory(name))

    def statements(self, name: str) -> list[dict[str, object]]:
        """Return what one running node has taken up, asked without starting a process."""
        directory = self.directory(name)
        values = {
            "kind": None,
            "limit": 1_000,
            "directory": {"path": str(directory)},
            "as_json": True,
        }
        asked = {"words": ["statement", "list"], "values": values, "watched": False}
        answer = ask_running(directory, asked) or {"out": "{}"}
        rows = orjson.loads(str(answer["out"])).get("statements", [])
        return rows if isinstance(rows, list) else []

    def has(self, name: str, statement: str) -> bool:
        """Say whether one running node has taken up a statement."""
        return any(row["id"] == statement for row in self.statements(name))

    def start(self, name: str, directory: Path | None = None) -> None:
        """Run one member's node, from its directory or from a copy of it."""
        words: list[str | Path] = ["run", directory or self.directory(name), "--listen"]
        words += [self.urls[name].removeprefix("http://"), "--json"]
        for other, url in self.urls.items():
            if other != name:
                words += ["--peer", f"{other.capitalize()}={url}"]
        for witness, url in self.witness_urls.items():
            words += ["--witness", f"{witness}={url}/witness"]
        self.stage.start(name, "-m", "detente", *words)

    def stop(self, name: str) -> None:
        """End one member's node and wait for it."""
        self.stage.stop(name)


def network(stage: Stage) -> NetworkUnit:
    """Return the network unit of this run, started when first asked for."""
    known = stage.shared.get("network")
    if isinstance(known, NetworkUnit):
        return known
    unit = stage.hold(_running(stage, stage.directory / "network"))
    stage.shared["network"] = unit
    return unit


@contextmanager
def _running(stage: Stage, place: Path) -> Iterator[NetworkUnit]:
    place.mkdir(parents=True)
    witnesses = [_hire(place / name, name) for name in _WITNESSES]
    charter, names = _found(place, witnesses)
    unit = NetworkUnit(
        stage=stage,
        place=place,
        charter=charter,
        urls={
            name: f"http://127.0.0.1:{port}" for name, port in zip(names, _ports(3), strict=True)
        },
        witness_urls={},
    )
    chain = unit.directory("cantor") / "unit.chain"
    for name in _WITNESSES:
        words = (name, place / name, "--chain", chain, "--listen", "127.0.0.1:0")
        said = stage.start(name, "-m", "detente.node.exercise.outsider", *words)
        unit.witness_urls[name] = f"http://127.0.0.1:{said['port']}"
    for name in names:
        unit.start(name)
    yield unit


def _hire(directory: Path, name: str) -> OutsideWitness:
    """Make an outside witness's secrets, and return how it stands in a charter."""
    directory.mkdir()
    seeds = token_bytes(64)
    file = directory / "witness.seeds"
    file.touch(0o600)
    file.write_bytes(seeds)
    ed25519, mldsa44 = (each.verifier.public_key for each in witness_signers(name, seeds))
    return OutsideWitness(name=name, ed25519=ed25519, mldsa44=mldsa44)


def _found(place: Path, witnesses: list[OutsideWitness]) -> tuple[Charter, list[str]]:
    with nodes(place) as homes:
        charter = make_offer(
            name="Exercise unit",
            members=[read_card(write_card(home)) for home in homes.values()],
            witnesses=witnesses,
            f=F,
            now=now(),
            exercise=True,
        )
        document = charter.to_bytes()
        answers = [accept_offer(home, document) for home in homes.values()]
        for home in homes.values():
            apply_founding(home, document, answers, now())
        return charter, list(homes)


def _ports(count: int) -> list[int]:
    """Return ports that were free a moment ago; all are held until all are known."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]


def patiently(look: Callable[[], bool], *, limit_s: float = _PATIENCE_S) -> bool:
    """Look again and again until it is so, or until time is up."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        if look():
            return True
        time.sleep(_LOOK_EVERY_S)
    return look()
