"""The outward face as a folder of plain files, for any web server, with the signer behind it.

Tiles, blobs and proofs are written once; checkpoints last, so that what they name is
there. Only content for the whole unit goes in, sealed, and once the gate cleared it for
everybody it is addressed to; what is for a few is pushed, or travels on media.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from detente.errors import EnvironmentFault
from detente.exchange.bundle import Piece
from detente.exchange.protocol.paths import blob_path
from detente.node.bundling import face_pieces
from detente.node.home import Home
from detente.node.outward import HomeOutward
from detente.node.reading import own_entry, published_checkpoint
from detente.release import Cleared, Full, MemberReader
from detente.statements import UNIT, Sealed, parse_entry
from detente.statements.sealing import readers_of
from detente.storage.disk import Disk, make_private_folder, write_whole

REFRESH_EVERY_S = 20.0
_PUBLIC_FOLDER = 0o755
_PUBLIC_FILE = 0o644


class StaticFace:
    """Keeps a folder in step with what the node shows.

    Args:
        home: the node.
        outward: its face.
        folder: made if absent; a web server serves it as it stands.
        report: tells people what went wrong, once for each reason.
    """

    def __init__(
        self, home: Home, outward: HomeOutward, folder: Path, *, report: Callable[[str], None]
    ) -> None:
        self._home = home
        self._outward = outward
        self._folder = folder
        self._report = report
        self._complaint = ""
        self._shown: dict[str, int] = {}
        self._said = 0
        self._made: set[Path] = set()
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Refresh the folder whenever the log grew, and now and then, until cancelled."""
        while True:
            self.wake.clear()
            try:
                await asyncio.to_thread(self.refresh)
                self._complaint = ""
            except EnvironmentFault as fault:
                if fault.message != self._complaint:
                    self._complaint = fault.message
                    self._report(f"{self._folder}: {fault}")
            with suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_EVERY_S):
                    await self.wake.wait()

    def refresh(self) -> None:
        """Write what is not there yet.

        Raises:
            StorageFault: a disk or the database refused; what was written so far is whole.
        """
        notes: list[Piece] = []
        for piece in face_pieces(self._home, self._outward, since=self._shown):
            if "/tile/" in piece.path:
                self._write(piece)
            else:
                notes.append(piece)
        for piece in self._contents():
            self._write(piece)
        for piece in notes:
            self._write(piece, anew=True)

    def _contents(self) -> Iterator[Piece]:
        chain, origin = self._home.chain, self._home.identity.origin
        shown = published_checkpoint(self._home, origin)
        size = 0 if shown is None else shown.size
        for seq in range(self._said, size):
            statement = parse_entry(own_entry(self._home, origin, seq))
            says = statement.header.says
            charter = None if chain is None else chain.charter(statement.header.charter)
            if isinstance(says, Sealed) and says.audience == UNIT and charter is not None:
                readers = readers_of(statement.header, tuple(charter.member_ids))
                answers = [self._outward.clear(origin, seq, MemberReader(r)) for r in readers]
                cleared = [a for a in answers if isinstance(a, Cleared) and a.form == Full()]
                if cleared and len(cleared) == len(answers):
                    yield from self._sealed(cleared[0], (says.ciphertext, *says.wraps))
            self._said = seq + 1

    def _sealed(self, cleared: Cleared, digests: tuple[str, ...]) -> Iterator[Piece]:
        for digest in digests:
            parcel = self._outward.parcel(cleared, digest)
            if parcel is not None:
                yield Piece(blob_path(digest), parcel.size, parcel.chunks)

    def _write(self, piece: Piece, *, anew: bool = False) -> None:
        target = self._folder / piece.path
        if not anew and target.exists():
            return
        self._make_folder(target.parent)
        write_whole(target, b"".join(piece.chunks), disk=Disk(), mode=_PUBLIC_FILE)

    def _make_folder(self, folder: Path) -> None:
        if folder in self._made:
            return
        if folder != self._folder:
            self._make_folder(folder.parent)
        if not folder.exists():
            make_private_folder(folder)
        folder.chmod(_PUBLIC_FOLDER)
        self._made.add(folder)
