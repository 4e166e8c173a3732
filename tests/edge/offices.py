"""A unit of real nodes on disk, founded once a run and copied for every test that wants one."""

import asyncio
import errno
import os
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path

from detente.errors import UnitError
from detente.node.catching_up import open_node
from detente.node.clock import now
from detente.node.cosigning import Mirror, gather, member_cosigner
from detente.node.founding import accept_offer, apply_founding, make_offer, read_card, write_card
from detente.node.home import Home
from detente.node.importing import import_file
from detente.node.publishing import publish
from detente.proofs.cosigners import log_verifiers, mirror_verifiers
from detente.statements import UNIT, Kind, Pap, Tlp
from detente.statements.handling import Handling
from detente.storage.database import Database
from detente.storage.disk import Disk, write_whole
from detente.storage.errors import StorageFault

NAMES = ("Aurel", "Borea", "Cantor")


def make_unit(place, names=NAMES, *, f=0):
    """Found a unit of these nodes below `place`; return the offer and the answers."""
    with ExitStack() as stack:
        homes = [stack.enter_context(Home.create(place / name, name=name)) for name in names]
        document = make_offer(
            name="Border unit",
            members=[read_card(write_card(home)) for home in homes],
            witnesses=[],
            f=f,
            now=now(),
        ).to_bytes()
        answers = [accept_offer(home, document) for home in homes]
        for home in homes:
            apply_founding(home, document, answers, now())
    return document, answers


def copy_unit(unit, place):
    """Copy a unit, as if each of its nodes had always been there."""
    shutil.copytree(unit, place)
    return {path.name: path for path in sorted(place.iterdir())}


@contextmanager
def opened(directories, *names):
    """Open nodes, and close them whatever happens."""
    with ExitStack() as stack:
        yield tuple(stack.enter_context(open_node(directories[name])) for name in names)


def warn(home, value="198.51.100.7", *, audience=UNIT, tlp=Tlp.GREEN, pap=Pap.GREEN):
    """Publish one address as an indicator."""
    table = f"type,value\nipv4-addr,{value}\n".encode()
    objects = import_file(
        Path("warning.csv"), table, member=home.identity.member, now=now()
    ).objects
    handling = Handling(kind=Kind.INDICATOR, tlp=tlp, pap=pap, licence="CC0-1.0", count=1)
    return publish(home, objects, handling, audience=audience, now=now)


def logs_of(charter):
    return {member.origin: log_verifiers(member) for member in charter.members}


def mirror_of(home, logs=None, clock=now):
    """Return a member's mirror of the others' logs."""
    logs = logs or logs_of(home.present_charter(home.charter))
    cosigner = member_cosigner(home, mirror=True, logs=logs, now=clock)
    return Mirror(cosigner=cosigner, logs=logs, store=home.tiles)


def cosign(owner, *others):
    """Let other members mirror and cosign a member's log; keep and return the checkpoint."""
    tiles = owner.tiles(owner.identity.origin)
    note = tiles.published()
    present = owner.present_charter(owner.charter)
    known = [
        key
        for each in present.members
        for key in mirror_verifiers(each)
        if each.id != owner.identity.member
    ]
    mirrors = [mirror_of(other, logs_of(present)) for other in others]
    asks = [lambda _request, mirror=mirror: mirror.pull(note, tiles) for mirror in mirrors]
    cosigned, refusals = gather(note, tiles, asks, known)
    assert refusals == []
    write_whole(owner.layout.cosigned(owner.identity.origin), cosigned, disk=Disk())
    return cosigned


class Halt:
    """Makes a disk go away for good before its step `at`: what a killed process leaves.

    Steps are what others could see afterwards: a file's name, a folder, a transaction.
    """

    def __init__(self, monkeypatch, at=None):
        self.steps, self._at = 0, at
        for name in ("rename", "unlink", "make_folder"):
            monkeypatch.setattr(Disk, name, self._refusing(getattr(Disk, name)))
        monkeypatch.setattr(Database, "writing", self._refusing_writes(Database.writing))

    def _count(self, refusal):
        if self._at is not None and self.steps >= self._at:
            raise refusal
        self.steps += 1

    def _refusing(self, original):
        def step(disk, *arguments):
            self._count(OSError(errno.EIO, os.strerror(errno.EIO)))
            return original(disk, *arguments)

        return step

    def _refusing_writes(self, original):
        @contextmanager
        def step(database, *arguments):
            self._count(StorageFault("the process was killed"))
            with original(database, *arguments) as connection:
                yield connection

        return step


def count_steps(monkeypatch, work):
    """Return how many steps some work takes on a healthy disk."""
    with monkeypatch.context() as patch:
        halt = Halt(patch)
        work()
    return halt.steps


def halted(monkeypatch, at, work):
    """Do some work on a disk that goes away before its step `at`; return what stopped it."""
    with monkeypatch.context() as patch:
        Halt(patch, at)
        try:
            work()
        except UnitError as fault:  # a log that met a fault refuses whoever still waits
            return fault
    return None


def chosen(steps, most):
    """Return up to `most` of the steps 0 to `steps`, spread evenly, both ends among them."""
    if steps <= most:
        return list(range(steps + 1))
    return sorted({round(number * steps / (most - 1)) for number in range(most)})


def run(awaitable):
    return asyncio.run(awaitable)
