"""The cast: two rivals, an observer and two outside witnesses, on real keys and files.

Aurel and Borea are neutral names for any two; Cantor observes. With f = 1 this
unit is safe and live (docs/trust.md, section 3).
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_bytes

from detente.charter import Charter, Member, OutsideWitness
from detente.node.clock import now
from detente.node.cosigning import AskCosigner, Cosigner, Mirror, gather, member_cosigner
from detente.node.exercise.stage import Stage
from detente.node.founding import accept_offer, apply_founding, make_offer, read_card, write_card
from detente.node.home import Home
from detente.proofs.cosigners import log_verifiers, mirror_verifiers, policy_text
from detente.storage.database import create_database
from detente.storage.disk import Disk, write_whole
from detente.storage.keyholders import Ed25519Key, MlDsa44Key
from detente.storage.tiles import TileFiles
from detente.storage.witnesses import SqliteWitnessStates
from detente.tlog import Cosigned, KeyType, NoteSigner, Refused, Verifier

MEMBERS = ("aurel", "borea", "cantor")
F = 1
_WITNESSES = ("witness-one.example", "witness-two.example")


@dataclass(frozen=True, slots=True)
class Outsider:
    """An outside witness: keys and a state of its own, no node."""

    name: str
    signers: tuple[NoteSigner, ...]
    states: SqliteWitnessStates

    @property
    def entry(self) -> OutsideWitness:
        """How it stands in a charter."""
        ed25519, mldsa44 = (signer.verifier.public_key for signer in self.signers)
        return OutsideWitness(name=self.name, ed25519=ed25519, mldsa44=mldsa44)


@dataclass(frozen=True, slots=True)
class Company:
    """A unit at work on one stage.

    Attributes:
        homes: open nodes by name.
        outsiders: the outside witnesses.
        charter: version 1.
    """

    homes: dict[str, Home]
    outsiders: tuple[Outsider, ...]
    charter: Charter

    def member(self, name: str) -> Member:
        """Return one of the cast as it stands in the charter."""
        member = self.charter.member(self.homes[name].identity.member)
        assert member is not None  # noqa: S101 - the cast founded it
        return member

    def chain_file(self, name: str) -> Path:
        """Return the charter chain as one node keeps it."""
        return self.homes[name].layout.chain

    def policy(self, name: str) -> bytes:
        """Return the tlog-policy for receipts from one member's log."""
        return policy_text(self.charter, self.member(name)).encode()

    def logs(self) -> dict[str, tuple[Verifier, ...]]:
        """Return the keys of every member's log, by origin."""
        return {member.origin: log_verifiers(member) for member in self.charter.members}

    def cosign(self, name: str, clock: Callable[[], datetime] = now) -> bytes:
        """Let everybody eligible cosign one member's published checkpoint; keep and return it."""
        home = self.homes[name]
        tiles = home.tiles(home.identity.origin)
        note = tiles.published() or b""
        cosigned, _refusals = gather(
            note, tiles, self._cosigners(name, note, tiles, clock), self._cosigner_keys(name)
        )
        write_whole(home.layout.cosigned(home.identity.origin), cosigned, disk=Disk())
        return cosigned

    def _cosigner_keys(self, owner: str) -> list[Verifier]:
        others = [self.member(name) for name in self.homes if name != owner]
        return [
            *(key for member in others for key in mirror_verifiers(member)),
            *(signer.verifier for outsider in self.outsiders for signer in outsider.signers),
        ]

    def _cosigners(
        self, owner: str, note: bytes, tiles: TileFiles, clock: Callable[[], datetime]
    ) -> Iterator[AskCosigner]:
        for name, home in self.homes.items():
            if name != owner:
                yield self._mirror(home, note, tiles, clock)
        for outsider in self.outsiders:
            yield Cosigner(
                signers=outsider.signers, states=outsider.states, logs=self.logs(), now=clock
            ).answer

    def _mirror(
        self, home: Home, note: bytes, tiles: TileFiles, clock: Callable[[], datetime]
    ) -> AskCosigner:
        mirror = self.mirror(home, clock)

        def pull(_request: bytes) -> Cosigned | Refused:
            return mirror.pull(note, tiles)

        return pull

    def mirror(self, home: Home, clock: Callable[[], datetime] = now) -> Mirror:
        """Return one member's mirror of the others' logs."""
        logs = self.logs()
        cosigner = member_cosigner(home, mirror=True, logs=logs, now=clock)
        return Mirror(cosigner=cosigner, logs=logs, store=home.tiles)


@contextmanager
def hire_witness(directory: Path, name: str) -> Iterator[Outsider]:
    """Make an outside witness with keys and a state of its own, and close it afterwards."""
    directory.mkdir(parents=True)
    signers = (
        NoteSigner.named(name, KeyType.ED25519_COSIGNATURE, Ed25519Key(token_bytes(32))),
        NoteSigner.named(name, KeyType.MLDSA44, MlDsa44Key(token_bytes(32))),
    )
    database = create_database(directory / "witness.sqlite")
    try:
        yield Outsider(name, signers, SqliteWitnessStates(database, cosigner=name))
    finally:
        database.close()


def company(stage: Stage) -> Company:
    """Return the unit of this run, founded when first asked for."""
    known = stage.shared.get("company")
    if isinstance(known, Company):
        return known
    founded = stage.hold(_founded(stage.directory / "unit"))
    stage.shared["company"] = founded
    return founded


@contextmanager
def nodes(place: Path) -> Iterator[dict[str, Home]]:
    """Make an exercise node for each of the cast, and close them afterwards."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                Home.create(place / name, name=name.capitalize(), exercise=True)
            )
            for name in MEMBERS
        }


def draft_charter(homes: dict[str, Home], outsiders: tuple[Outsider, ...], name: str) -> Charter:
    """Return an offered charter for these nodes, from their cards."""
    return make_offer(
        name=name,
        members=[read_card(write_card(home)) for home in homes.values()],
        witnesses=[outsider.entry for outsider in outsiders],
        f=F if outsiders else 0,
        now=now(),
        exercise=True,
    )


@contextmanager
def _founded(place: Path) -> Iterator[Company]:
    with nodes(place) as homes, ExitStack() as stack:
        outsiders = tuple(
            stack.enter_context(hire_witness(place / name, name)) for name in _WITNESSES
        )
        charter = draft_charter(homes, outsiders, "Exercise unit")
        document = charter.to_bytes()
        answers = [accept_offer(home, document) for home in homes.values()]
        for home in homes.values():
            apply_founding(home, document, answers, now())
        yield Company(homes=homes, outsiders=outsiders, charter=charter)
