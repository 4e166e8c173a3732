"""What the charter chain says, taken over into what this node is bound by, as often as it takes.

The chain is kept first; the record of charters and the node's own epoch follow it here, so
that a process that stops in between finds the rest to do when it starts again.
"""

from dataclasses import replace

from detente.charter.keylife import KeyHistory
from detente.node.home import Home
from detente.node.log import LogStores, found_log
from detente.proofs.chain import CharterChain
from detente.signing import EMPTY_ROOT
from detente.tlog import Checkpoint


def bind(home: Home) -> None:
    """Keep every version of the chain, and note which one this member is bound by.

    Raises:
        StorageFault: the disk or the database refused; do it again.
    """
    chain = home.chain
    history = None if chain is None else chain.keyring.history(home.identity.member)
    if chain is None or history is None:
        return
    _enter_returned(home, history)
    bound = history.adoptions[-1].version
    kept = home.charters.adopted(chain.unit)
    if kept is not None and kept.version >= bound:
        return
    keep_versions(home, chain)
    home.charters.adopt(chain.unit, version=bound, at=chain.charters[bound - 1].created)


def keep_versions(home: Home, chain: CharterChain) -> None:
    """Keep the documents of every version; known ones are passed over.

    Raises:
        CharterConflict: another charter is kept as one of them.
        StorageFault: the disk or the database refused.
    """
    file = chain.file
    home.charters.found(file.charters[0])
    for version, (document, certificate) in enumerate(
        zip(file.charters[1:], file.certificates, strict=True), start=2
    ):
        home.charters.follow(
            chain.unit, version=version, document=document, certificate=certificate
        )


def begin_empty(home: Home, origin: str) -> None:
    """Begin a log of this node at size 0, also where a process was stopped that had just begun it.

    Raises:
        StaleCheckpoint, SigningRefused: something was said in it: it is never begun anew.
        StorageFault: the disk or the database refused.
    """
    stores = LogStores(home.journal, home.checkpoints, home.tiles(origin))
    begun = stores.checkpoints.read(origin)
    if begun != Checkpoint(origin, 0, EMPTY_ROOT) or stores.journal.end(origin):
        found_log(stores, origin)


def _enter_returned(home: Home, history: KeyHistory) -> None:
    """Go over to the epoch in which a certificate let this member come back."""
    identity = home.identity
    came_back = history.adoptions[-1].position == (history.epoch, -1)
    if history.epoch > identity.epoch and came_back:
        following = replace(identity, epoch=history.epoch)
        begin_empty(home, following.origin)
        home.keep_identity(following)
