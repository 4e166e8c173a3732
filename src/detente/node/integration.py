"""From acknowledged entries to a signed checkpoint that everybody may see.

In this order, so that a stop anywhere is mended by doing it again: tiles and
bundles durable, the TRUSTED checkpoint advanced, the note signed, the note
published. A tree of one size therefore never gets a second root.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from detente.node.errors import SigningRefused
from detente.node.log import NEW_EPOCH, Log, StopPoint, pass_by
from detente.signing import EMPTY_ROOT, leaf_hash
from detente.storage.errors import RESTORE, DamagedStore
from detente.tlog.checkpoint import Checkpoint
from detente.tlog.errors import MirrorError, NoteError, TileConflict, TileError
from detente.tlog.note import SignedNote
from detente.tlog.signer import NoteSigner
from detente.tlog.tiles import TILE_WIDTH, TilePath, pack_entries
from detente.tlog.tree import Frontier
from detente.tlog.verifier import KeyType

CLOCK_SKEW_S_MAX = 300
RECOVERY_ENTRIES_MAX = 4_096  # read back at once: a few megabytes

_FETCH = "Fetch the log's tiles again from a mirror, or: " + RESTORE


class Integrator:
    """Grows one log. Used by one thread at a time.

    Args:
        log: the log.
        now: the clock.
        journal_spare_entries: how many entries the journal may keep that bundles hold.
        may_sign: raises when the node was told to refuse.
        stop: called with the name of each place where a test may end the process.
    """

    def __init__(
        self,
        log: Log,
        *,
        now: Callable[[], datetime],
        may_sign: Callable[[], None],
        journal_spare_entries: int,
        stop: StopPoint = pass_by,
    ) -> None:
        self._origin = log.origin
        self._stores = log.stores
        self._signers = log.signers
        self._now = now
        self._may_sign = may_sign
        self._journal_spare_entries = journal_spare_entries
        self._stop = stop
        self._frontier = Frontier()
        self._unfinished: list[bytes] = []
        self._journal_start = 0
        self.checkpoint = Checkpoint(log.origin, 0, EMPTY_ROOT)

    def recover(self) -> int:
        """Load the log, integrate what was acknowledged but not yet covered, and publish.

        Returns:
            The next free position.

        Raises:
            SigningRefused: no TRUSTED state, or older than what was published.
            DamagedStore: tiles or journal do not lead to the TRUSTED root.
            StorageFault: the disk or the database refused.
        """
        self.checkpoint = self._trusted()
        size = self.checkpoint.size
        self._frontier = self._load_edge(self.checkpoint)
        self._load_unfinished(size)
        self._stores.tiles.clear_temporary()
        end = max(self._stores.journal.end(self._origin), size)
        for start in range(size, end, RECOVERY_ENTRIES_MAX):
            upto = min(start + RECOVERY_ENTRIES_MAX, end)
            self._grow(self._stores.journal.read(self._origin, start=start, end=upto))
        self.publish()
        return end

    def integrate(self, entries: Sequence[bytes]) -> Checkpoint:
        """Put acknowledged entries, the next ones in order, under a published checkpoint.

        Raises:
            SigningRefused: the node refuses, or its clock was set back.
            DamagedStore: a tile on disk holds other bytes.
            StaleCheckpoint: another process advanced this log.
            StorageFault: the disk or the database refused.
        """
        before = self.checkpoint.size
        self._grow(entries)
        self.publish()
        self._tidy(before)
        return self.checkpoint

    def publish(self) -> None:
        """Sign the present tree at the present time and let readers see it.

        Raises:
            SigningRefused: the node refuses, or its clock was set back.
            StorageFault: the disk or the database refused.
        """
        self._may_sign()
        timestamp = self._claim_time()
        note = signed_checkpoint(self.checkpoint, self._signers, timestamp=timestamp)
        self._stop("note-signed")
        self._stores.tiles.publish(note)
        self._stop("note-published")

    def _trusted(self) -> Checkpoint:
        trusted = self._stores.checkpoints.read(self._origin)
        if trusted is None:
            raise SigningRefused(
                f"no last checkpoint is kept for log {self._origin}", remedy=NEW_EPOCH
            )
        shown = _shown(self._stores.tiles.published())
        ahead = shown is not None and (
            shown.size > trusted.size or (shown.size == trusted.size and shown.root != trusted.root)
        )
        if shown is not None and ahead:
            raise SigningRefused(
                f"log {self._origin} published size {shown.size} with root "
                f"{shown.root.hex()[:16]}…, but the TRUSTED state knows size {trusted.size} with "
                f"root {trusted.root.hex()[:16]}…: the database is older than the log",
                remedy=NEW_EPOCH,
            )
        return trusted

    def _load_edge(self, trusted: Checkpoint) -> Frontier:
        try:
            edge = Frontier.load(self._stores.tiles, trusted.size)
        except (MirrorError, TileError) as error:
            raise DamagedStore(f"{self._origin}: {error.message}", remedy=_FETCH) from error
        if edge.root != trusted.root:
            raise DamagedStore(
                f"the tiles of {self._origin} lead to root {edge.root.hex()[:16]}…, not to "
                f"{trusted.root.hex()[:16]}…, which was signed at size {trusted.size}",
                remedy=_FETCH,
            )
        return edge

    def _load_unfinished(self, size: int) -> None:
        start = size - size % TILE_WIDTH
        self._unfinished = self._stores.journal.read(self._origin, start=start, end=size)
        edge = self._frontier.rows[0] if self._frontier.rows else b""
        if b"".join(map(leaf_hash, self._unfinished)) != edge:
            raise DamagedStore(
                f"the journal's entries {start} to {size} of {self._origin} are not those in "
                "its tree",
                remedy=RESTORE,
            )
        self._journal_start = start

    def _grow(self, entries: Sequence[bytes]) -> None:
        growth = self._frontier.append([leaf_hash(entry) for entry in entries])
        bundles, unfinished = self._bundles(entries)
        try:
            self._stores.tiles.write_all([*bundles, *growth.tiles])
        except TileConflict as conflict:
            raise DamagedStore(conflict.message, remedy=conflict.remedy) from conflict
        self._stop("tiles-durable")
        self._may_sign()
        grown = Checkpoint(self._origin, growth.frontier.size, growth.frontier.root)
        self._stores.checkpoints.advance(self.checkpoint, grown)
        self._stop("checkpoint-advanced")
        self._frontier, self._unfinished, self.checkpoint = growth.frontier, unfinished, grown

    def _bundles(
        self, entries: Sequence[bytes]
    ) -> tuple[list[tuple[TilePath, bytes]], list[bytes]]:
        waiting = [*self._unfinished, *entries]
        first = self._frontier.size // TILE_WIDTH
        whole = len(waiting) // TILE_WIDTH
        bundles = [
            (
                TilePath(None, first + number),
                pack_entries(waiting[number * TILE_WIDTH : (number + 1) * TILE_WIDTH]),
            )
            for number in range(whole)
        ]
        rest = waiting[whole * TILE_WIDTH :]
        if rest:
            bundles.append((TilePath(None, first + whole, len(rest)), pack_entries(rest)))
        return bundles, rest

    def _claim_time(self) -> int:
        present = int(self._now().timestamp())
        claimed = self._stores.checkpoints.claim_time(self._origin, present)
        if claimed - present > CLOCK_SKEW_S_MAX:
            raise SigningRefused(
                f"the clock says {present} (POSIX seconds), {claimed - present} s before the last "
                f"checkpoint of {self._origin}",
                remedy="Set the clock and start again, nothing is lost; if the earlier time was "
                "the wrong one, open a new epoch with `detente keys recover`",
            )
        return claimed

    def _tidy(self, before: int) -> None:
        """Remove what full tiles and bundles replaced, now that the checkpoint shows them."""
        for path in _filled(before, self.checkpoint.size):
            self._stores.tiles.drop_partials(path)
        covered = self.checkpoint.size - self.checkpoint.size % TILE_WIDTH
        if covered - self._journal_start >= self._journal_spare_entries:
            self._stores.journal.drop_below(self._origin, covered)
            self._journal_start = covered
            self._stop("journal-shortened")


def signed_checkpoint(
    checkpoint: Checkpoint, signers: Sequence[NoteSigner], *, timestamp: int
) -> bytes:
    """Return the note: the checkpoint signed by each of the log's keys.

    Raises:
        NoteError: a key that does not fit a log.
    """
    text = checkpoint.to_text()
    lines = tuple(
        signer.sign(text)
        if signer.verifier.key_type is KeyType.ED25519
        else signer.cosign(text, timestamp)
        for signer in signers
    )
    return SignedNote(text, lines).to_bytes()


def _shown(note: bytes | None) -> Checkpoint | None:
    """Read what readers were shown; a damaged file shows nothing and is written anew."""
    try:
        return None if note is None else Checkpoint.parse(SignedNote.parse(note).text)
    except NoteError:
        return None


def _filled(before: int, after: int) -> list[TilePath]:
    """Return the places that were partial at one size and are full at the next."""
    places = [TilePath(None, before // TILE_WIDTH)] if before % TILE_WIDTH else []
    level = 0
    while before:
        if before % TILE_WIDTH:
            places.append(TilePath(level, before // TILE_WIDTH))
        level, before = level + 1, before // TILE_WIDTH
    return [
        place for place in places if (after >> 8 * (place.level or 0)) // TILE_WIDTH > place.index
    ]
