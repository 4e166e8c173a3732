"""What would travel by network, on media: a member's face for one reader, in one file.

Content goes into a bundle as it goes over the network: sealed, and only what the gate
cleared for the reader it is made for. An import is a pull from the face in the file.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from detente.errors import EnvironmentFault, InputError
from detente.exchange.bundle import BundleFace, Piece, write_bundle
from detente.exchange.errors import ExchangeError
from detente.exchange.limits import PROOFS_LISTED_MAX, PUSH_BYTES_MAX
from detente.exchange.protocol import Event, Roster, begin
from detente.exchange.protocol.model import Clock
from detente.exchange.protocol.paths import (
    CHAIN,
    PROOFS,
    blob_path,
    checkpoint_path,
    cosigned_path,
    proof_path,
    tile_path,
)
from detente.node.home import Home
from detente.node.outward import HomeOutward
from detente.node.performing import Pull
from detente.node.reading import own_entry
from detente.node.receiving import Receiver
from detente.proofs.chain import CharterChain
from detente.release import Cleared, Full, MemberReader
from detente.statements import Sealed, Statement, parse_entry
from detente.statements.sealing import readers_of
from detente.storage.evidence import EvidenceShelf
from detente.tlog import Checkpoint, SignedNote, TilePath
from detente.tlog.tiles import new_bundles, new_tiles

_TAR_BYTES = 1_024  # header and padding of one piece, at most


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import brought.

    Attributes:
        member: hex id of whose face it was.
        sizes: entries taken of each log that grew, by origin: before and after.
    """

    member: str
    sizes: dict[str, tuple[int, int]]


def export_bundle(
    home: Home, outward: HomeOutward, target: BinaryIO, *, reader: str, since: int = 0
) -> int:
    """Write what this node would give one member, and return how many pieces it is.

    Args:
        home: the node.
        outward: its face.
        target: the file.
        reader: hex id of the member it is made for; another can read no content of it.
        since: entries of the own log that the reader has already.

    Raises:
        StorageFault: the disk or the database refused.
        OSError: the target's disk refused.
    """
    return write_bundle(
        target, home.identity.member, _pieces(home, outward, MemberReader(reader), since)
    )


def push_parts(
    home: Home, outward: HomeOutward, *, reader: str, since: int, awaited: Collection[int] = ()
) -> Iterator[list[Piece]]:
    """Yield what one member lacks of this node's log, in bundles small enough to be pushed.

    Args:
        home: the node.
        outward: its face.
        reader: hex id of the member.
        since: entries of the own log that it has.
        awaited: places of those whose content it lacks.

    Raises:
        StorageFault: the disk or the database refused.
    """
    chain, origin = home.chain, home.identity.origin
    note = outward.read(checkpoint_path(origin))
    if chain is None or note is None:
        return
    size = Checkpoint.parse(SignedNote.parse(note).text).size
    head = Piece.of(checkpoint_path(origin), note)
    places = sorted({*range(since, size), *(each for each in awaited if each < size)})
    part = [head, *_log(outward, origin, since, size)]
    for piece in _contents(home, chain, outward, MemberReader(reader), places):
        room = PUSH_BYTES_MAX - sum(each.size + _TAR_BYTES for each in part) - 4 * _TAR_BYTES
        if piece.size + _TAR_BYTES > room and len(part) > 1:
            yield part
            part = [head]
        if piece.size + _TAR_BYTES <= room or len(part) == 1:
            part.append(piece)
    yield part


def _pieces(home: Home, outward: HomeOutward, reader: MemberReader, since: int) -> Iterator[Piece]:
    chain, own = home.chain, home.identity.origin
    if chain is None:
        return
    shown = {own: since} if since else {}
    yield from face_pieces(home, outward, since=shown, only_own=bool(since))
    places = range(min(since, shown.get(own, 0)), shown.get(own, 0))
    yield from _contents(home, chain, outward, reader, places)


def face_pieces(
    home: Home, outward: HomeOutward, *, since: dict[str, int], only_own: bool = False
) -> Iterator[Piece]:
    """Yield what this node shows to anybody: chain, checkpoints, tiles, proofs.

    Args:
        home: the node.
        outward: its face.
        since: entries of each log that need not be shown again; advanced as they are yielded.
        only_own: leave other members' logs out.

    Raises:
        StorageFault: the disk or the database refused.
    """
    chain = home.chain
    if chain is None:
        return
    yield Piece.of(CHAIN, chain.file.to_bytes())
    for origin in Roster(chain, home.identity.member).origins:
        is_own = origin.partition("/")[0] == home.identity.log
        path = checkpoint_path(origin) if is_own else cosigned_path(origin)
        note = None if only_own and not is_own else outward.read(path)
        if note is not None:
            yield Piece.of(path, note)
            size = Checkpoint.parse(SignedNote.parse(note).text).size
            yield from _log(outward, origin, since.get(origin, 0), size)
            since[origin] = max(size, since.get(origin, 0))
    yield from _proofs(home, outward)


def _log(outward: HomeOutward, origin: str, since: int, size: int) -> Iterator[Piece]:
    paths: list[TilePath] = []
    if since < size:
        paths = [*new_bundles(since, size), *new_tiles(since, size)]
    for path in paths:
        place = tile_path(origin, path)
        data = outward.read(place)
        if data is None and path.is_partial:
            # A mirror that is ahead of the note it shows has the wider one.
            place = tile_path(origin, path.full)
            data = outward.read(place)
        if data is not None:
            yield Piece.of(place, data)


def _contents(
    home: Home,
    chain: CharterChain,
    outward: HomeOutward,
    reader: MemberReader,
    places: Iterable[int],
) -> Iterator[Piece]:
    origin = home.identity.origin
    for seq in places:
        statement = parse_entry(own_entry(home, origin, seq))
        if not isinstance(statement.header.says, Sealed):
            continue
        answer = outward.clear(origin, seq, reader)
        if isinstance(answer, Cleared) and isinstance(answer.form, Full):
            for digest in (_wrap_for(statement, chain, reader), statement.sealed.ciphertext):
                parcel = None if digest is None else outward.parcel(answer, digest)
                if parcel is not None and digest is not None:
                    yield Piece(blob_path(digest), parcel.size, parcel.chunks)


def _wrap_for(statement: Statement, chain: CharterChain, reader: MemberReader) -> str | None:
    charter = chain.charter(statement.header.charter)
    if charter is None:
        return None
    readers = readers_of(statement.header, tuple(charter.member_ids))
    if reader.member not in readers:
        return None
    return statement.sealed.wraps[readers.index(reader.member)]


def _proofs(home: Home, outward: HomeOutward) -> Iterator[Piece]:
    listed = outward.read(PROOFS)
    if listed is not None:
        yield Piece.of(PROOFS, listed)
    for digest in EvidenceShelf(home.database).newest_proofs(limit=PROOFS_LISTED_MAX):
        data = outward.read(proof_path(digest))
        if data is not None:
            yield Piece.of(proof_path(digest), data)


async def take_bundle(
    home: Home,
    face: BundleFace,
    receiver: Receiver,
    *,
    here: Callable[[str], bytes | None],
    now: Callable[[], datetime],
    tell: Callable[[Event], None] | None = None,
) -> Taken:
    """Pull from the face in a bundle, once.

    Args:
        home: the node.
        face: of the bundle.
        receiver: takes up what counts.
        here: reads this node's own copies by path; called in threads.
        now: the clock.
        tell: lets a running node's machines know what changed.

    Raises:
        InputError: the bundle is nobody's of this unit, or this node's own.
        StorageFault: the disk or the database refused.
    """
    chain = home.chain
    me = home.identity.member
    if chain is None or face.member == me or chain.keyring.history(face.member) is None:
        raise InputError(
            f"a bundle of {face.member[:16]}…, who is no other member of this unit",
            remedy="Ask its maker which unit it was made for",
        )
    before = await asyncio.to_thread(receiver.held)
    proofs = EvidenceShelf(home.database).newest_proofs(limit=PROOFS_LISTED_MAX)

    def hand_over(pull: Pull, event: Event) -> None:
        pull.take(event)
        if tell is not None:
            tell(event)

    pull = Pull(
        begin(
            face.member,
            Roster(chain, me),
            before,
            now=now(),
            proofs=frozenset(proofs),
            clock=Clock.UNSURE,  # what stands in a bundle may be of any time
        ),
        face,
        here=here,
        blobs=home.blobs,
        perform=receiver.perform,
        open_all=receiver.open_all,
        tell=hand_over,
        now=now,
    )
    await pull.run_once()
    after = await asyncio.to_thread(receiver.held)
    sizes = {
        origin: (before[origin].taken if origin in before else 0, held.taken)
        for origin, held in after.items()
    }
    grown = {origin: both for origin, both in sizes.items() if both[0] != both[1]}
    return Taken(face.member, grown)


def open_bundle(source: BinaryIO, *, file: str) -> BundleFace:
    """Read what stands in a bundle.

    Raises:
        InputError: it is none.
        EnvironmentFault: the disk refused.
    """
    try:
        return BundleFace(source)
    except ExchangeError as error:
        raise InputError(error.message, file=file, remedy=error.remedy) from None
    except OSError as error:
        raise EnvironmentFault(f"{file} cannot be read: {error.strerror}") from error
