"""A unit on the network: three node processes and two outside witnesses on loopback.

The nodes run the shipped program; scenes talk to them as their owners do, through
`detente` commands, and look at what they show as anybody can.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from secrets import token_bytes

import orjson

from detente.errors import EnvironmentFault
from detente.node.control import ask_running
from detente.node.exercise.cast import MEMBERS, F
from detente.node.exercise.outsider import witness_signers
from detente.node.exercise.stage import Finished, Stage
from detente.node.home import Home
from detente.node.identity import load_identity

_WITNESSES = ("witness-one.example", "witness-two.example")
_PATIENCE_S = 30.0
_LOOK_EVERY_S = 0.05


@dataclass(slots=True)
class NetworkUnit:
    """A unit whose nodes run.

    Attributes:
        stage: of the run.
        place: where the nodes' directories are.
        urls: of the members, by name.
        witness_urls: of the outside witnesses, by name.
        keys: verifier keys of the outside witnesses, by name.
        withdrawn: whether an offer before the founding was withdrawn, and how much remained.
    """

    stage: Stage
    place: Path
    urls: dict[str, str]
    witness_urls: dict[str, str]
    keys: dict[str, str] = field(default_factory=dict)
    withdrawn: tuple[bool, int] = (False, -1)

    def directory(self, name: str) -> Path:
        """Return one node's directory."""
        return self.place / name

    def member_id(self, name: str) -> str:
        """Return one member's id."""
        return load_identity(self.directory(name) / "identity.json").member

    def member_origin(self, name: str) -> str:
        """Return the log that one member writes now."""
        return load_identity(self.directory(name) / "identity.json").origin

    @property
    def chain(self) -> Path:
        """The charter chain as the one of the members keeps it that is named first."""
        return self.directory(next(iter(self.urls))) / "unit.chain"

    def ask(self, name: str, *words: str | Path) -> Finished:
        """Type a command beside one running node."""
        return self.stage.detente(*words, "--node", self.directory(name), "--json")

    def ask_plain(self, name: str, *words: str | Path) -> Finished:
        """Type a command that has no JSON answer."""
        return self.stage.detente(*words, "--node", self.directory(name))

    def look(self, name: str, command: str, /, **values: object) -> dict[str, object]:
        """Return what one running node answers, asked without starting a process for it.

        For what is looked at again and again; empty where nobody answers, or it refused or
        broke off, as a node does that becomes a member's.
        """
        directory = self.directory(name)
        values |= {"directory": {"path": str(directory)}, "as_json": True}
        asked = {"words": command.split(), "values": values, "watched": False}
        answer = None
        with suppress(EnvironmentFault):
            answer = ask_running(directory, asked)
        if answer is None or answer["status"] != 0:
            return {}
        found = orjson.loads(str(answer["out"]))
        return found if isinstance(found, dict) else {}

    def statements(self, name: str) -> list[dict[str, object]]:
        """Return what one running node has taken up."""
        rows = self.look(name, "statement list", kind=None, limit=1_000).get("statements", [])
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
        self.stage.start(f"{self.place.name}-{name}", "-m", "detente", *words)

    def stop(self, name: str) -> None:
        """End one member's node and wait for it."""
        self.stage.stop(f"{self.place.name}-{name}")


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
    unit = raise_nodes(stage, place, MEMBERS, _WITNESSES)
    unit.withdrawn = offer_and_withdraw(unit)
    found(unit, by="cantor", others=("aurel", "borea"), f=F)
    yield unit


def raise_nodes(
    stage: Stage, place: Path, names: tuple[str, ...], witnesses: tuple[str, ...]
) -> NetworkUnit:
    """Make nodes that belong to no unit and witnesses that know no log, and run them all."""
    place.mkdir(parents=True)
    for name in names:
        Home.create(place / name, name=name.capitalize(), exercise=True).close()
    ports = _ports(len(names))
    unit = NetworkUnit(
        stage=stage,
        place=place,
        urls={name: f"http://127.0.0.1:{port}" for name, port in zip(names, ports, strict=True)},
        witness_urls={},
    )
    for name in names:
        others = {each.capitalize(): url for each, url in unit.urls.items() if each != name}
        lines = "".join(f'{other} = "{url}"\n' for other, url in others.items())
        (unit.directory(name) / "detente.toml").write_text(f"[peers]\n{lines}")
    for name in witnesses:
        unit.keys[name] = _hire(place / name, name)
        # The charter chain is not there before the unit is.
        words = (name, place / name, "--chain", unit.chain, "--listen", "127.0.0.1:0")
        said = stage.start(f"{place.name}-{name}", "-m", "detente.node.exercise.outsider", *words)
        unit.witness_urls[name] = f"http://127.0.0.1:{said['port']}"
    for name in names:
        unit.start(name)
    return unit


def found(unit: NetworkUnit, *, by: str, others: tuple[str, ...], f: int) -> bool:
    """Found the unit over the network: one offers, the others accept, the first does as well.

    Returns:
        Whether every one of them runs in it.
    """
    offered = offer(unit, by=by, others=others, f=f, name="Exercise unit")
    if offered.status:
        raise EnvironmentFault(f"the founding was not offered: {offered.errors.strip()}")
    for name in others:
        unit.ask(name, "charter", "vote", unit.urls[by])
    unit.ask(by, "charter", "vote")
    return all(patiently(partial(_is_founded, unit, name)) for name in (by, *others))


def offer(unit: NetworkUnit, *, by: str, others: tuple[str, ...], f: int, name: str) -> Finished:
    """Let one node keep an offer to itself and others open."""
    words: list[str] = [unit.urls[each] for each in others]
    words += [word for key in unit.keys.values() for word in ("--witness", key)]
    return unit.ask(by, "charter", "found", *words, "--name", name, "--f", str(f), "--open")


def _is_founded(unit: NetworkUnit, name: str) -> bool:
    shown = unit.look(name, "charter show", offer=None)
    return bool(shown.get("unit")) and "proposals" in shown


def offer_and_withdraw(unit: NetworkUnit) -> tuple[bool, int]:
    """Offer a founding, accept it once, withdraw it; say whether it is gone, and what remains."""
    by, first, second = (unit.stage.hostile, "cantor", unit.stage.victim)
    offer(unit, by=by, others=(first, second), f=F, name="Withdrawn unit")
    unit.ask(first, "charter", "vote", unit.urls[by])
    no = unit.ask(second, "charter", "vote", unit.urls[by], "--withdraw")
    late = unit.ask(by, "charter", "vote")
    patiently(lambda: traces(unit) == 0)
    return no.text("state") == "withdrawn" and late.status != 0, traces(unit)


def traces(unit: NetworkUnit) -> int:
    """Count what an offer or a founding would have left in the nodes."""
    left = ("offer.json", "unit.chain", "logs")
    return sum((unit.directory(name) / each).exists() for name in unit.urls for each in left)


def _hire(directory: Path, name: str) -> str:
    """Make an outside witness's secrets, and return its verifier keys as they are typed."""
    directory.mkdir()
    seeds = token_bytes(64)
    file = directory / "witness.seeds"
    file.touch(0o600)
    file.write_bytes(seeds)
    return ",".join(each.verifier.vkey for each in witness_signers(name, seeds))


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
