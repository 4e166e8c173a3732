"""Witnessing and mirroring other members' logs, and gathering what they say of ours.

A witness cosigns a tree that only grew; a mirror also fetches the entries and
checks them up to the root before it cosigns. Both keep their TRUSTED state by
compare-and-swap before a cosignature exists.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import assert_never

from detente.charter import KeySlot
from detente.errors import UnitError
from detente.node.errors import SigningRefused
from detente.node.home import Home
from detente.storage.restored import refuse_unconfirmed
from detente.storage.witnesses import SqliteWitnessStates
from detente.tlog import (
    AddCheckpoint,
    Checkpoint,
    Cosigned,
    Frontier,
    KeyType,
    MirrorError,
    NoteSigner,
    Refused,
    SignatureLine,
    SignedNote,
    StoredHashes,
    TilePath,
    TileStore,
    Verifier,
    WitnessStates,
    answer,
    follow_mirror,
    open_signed,
    prove_consistency,
)

_SIZE_DIGITS_MAX = 16
AskCosigner = Callable[[bytes], Cosigned | Refused]


class Cosigner:
    """One witness: its keys, its TRUSTED states, and the logs it knows.

    Args:
        signers: its keys, types 0x04 and 0x06.
        states: what it cosigned last.
        logs: by origin, the keys a log signs with.
        now: the clock.
    """

    def __init__(
        self,
        *,
        signers: Sequence[NoteSigner],
        states: WitnessStates,
        logs: Mapping[str, Sequence[Verifier]],
        now: Callable[[], datetime],
    ) -> None:
        self._signers = tuple(signers)
        self._states = states
        self._logs = logs
        self._now = now

    def answer(self, request: bytes) -> Cosigned | Refused:
        """Judge one add-checkpoint request (C2SP tlog-witness)."""
        if not self._signers:
            return Refused(HTTPStatus.SERVICE_UNAVAILABLE, "this witness cosigns no more\n")
        return answer(
            request,
            logs=self._logs,
            states=self._states,
            signers=self._signers,
            now=int(self._now().timestamp()),
        )

    @property
    def keys(self) -> tuple[tuple[str, bytes], ...]:
        """Name and key id of each of its keys, as they stand on its lines."""
        return tuple((each.verifier.name, each.verifier.key_id) for each in self._signers)

    def size(self, origin: str) -> int:
        """Return the size cosigned last for a log, 0 for none."""
        state = self._states.read(origin)
        return 0 if state is None else state.size


class Mirror:
    """One mirror: holds the entries of the logs it cosigns.

    Args:
        cosigner: with the mirror's keys and states.
        logs: by origin, the keys a log signs with.
        store: where the copy of one log is kept.
    """

    def __init__(
        self,
        *,
        cosigner: Cosigner,
        logs: Mapping[str, Sequence[Verifier]],
        store: Callable[[str], TileStore],
    ) -> None:
        self._cosigner = cosigner
        self._logs = logs
        self._store = store

    def pull(self, note: bytes, source: TileStore) -> Cosigned | Refused:
        """Fetch what a log added, check every entry up to the root, keep it and cosign.

        It is read twice: first to check all of it, then to keep the same bytes, so that a
        pull, however long, has not to fit in memory.

        Raises:
            NoteError: the note is malformed or its log is unknown or did not sign it.
            MirrorError, TileError: the entries do not lead to the root, and nothing is kept;
                or the source gives other bytes the second time, and only the checked are.
            TileConflict: other bytes were kept for a place before.
        """
        signed = SignedNote.parse(note)
        checkpoint = Checkpoint.parse(signed.text)
        open_signed(signed, self._logs.get(checkpoint.origin, ()))
        own = self._store(checkpoint.origin)
        held = self._cosigner.size(checkpoint.origin)
        fetched = _Fetched(source)
        if checkpoint.size > held:
            follow_mirror(fetched, Frontier.load(own, held), checkpoint)
            for path in fetched.seen:
                own.write(path, fetched.same(path))
        return self._cosigner.answer(growth_request(signed, checkpoint, own, held))


@dataclass(slots=True)
class _Fetched:
    """Reads from a source and remembers what was read by its hash."""

    source: TileStore
    seen: dict[TilePath, bytes] = field(default_factory=dict)

    def read(self, path: TilePath) -> bytes | None:
        """Read from the source."""
        data = self.source.read(path)
        if data is not None:
            self.write(path, data)
        return data

    def write(self, path: TilePath, data: bytes) -> None:
        """Remember, as if it had been read."""
        self.seen[path] = sha256(data).digest()

    def same(self, path: TilePath) -> bytes:
        """Read once more what was read before."""
        data = self.source.read(path)
        if data is None or sha256(data).digest() != self.seen[path]:
            raise MirrorError(f"{path} was another when it was read again")
        return data


def growth_request(
    signed: SignedNote, checkpoint: Checkpoint, tiles: TileStore, old_size: int
) -> bytes:
    """Return an add-checkpoint request that shows growth from `old_size`, proof from tiles."""
    proof: Sequence[bytes] = ()
    if 0 < old_size < checkpoint.size:
        hashes = StoredHashes(tiles, checkpoint.size)
        proof = prove_consistency(hashes, old_size=old_size, new_size=checkpoint.size)
    return AddCheckpoint(old_size, tuple(proof), signed, checkpoint).to_bytes()


def gather(
    note: bytes,
    tiles: TileStore,
    cosigners: Iterable[AskCosigner],
    known: Iterable[Verifier],
) -> tuple[bytes, list[Refused]]:
    """Ask cosigners for their line under a checkpoint.

    What they answer is theirs: a line counts only if a known key made it, and one cosigner
    that fails or lies takes nothing from the others.

    Args:
        note: the signed checkpoint.
        tiles: of the same log, for consistency proofs.
        cosigners: each answers an add-checkpoint request.
        known: keys of all who may cosign.

    Returns:
        The note with every line that holds, one a key, and the refusals.
    """
    signed = SignedNote.parse(note)
    checkpoint = Checkpoint.parse(signed.text)
    lines: list[SignatureLine] = []
    refusals: list[Refused] = []
    keys = {(key.name, key.key_id): key for key in known}
    for ask in cosigners:
        try:
            answer = _ask(ask, signed, checkpoint, tiles)
        except UnitError as error:
            refusals.append(Refused(HTTPStatus.BAD_GATEWAY, f"no answer: {error}"))
            continue
        match answer:
            case Cosigned(lines=given):
                good = [line for line in given if _holds(line, signed.text, keys)]
                lines.extend(good)
                if len(good) < len(given):
                    refusals.append(
                        Refused(HTTPStatus.BAD_GATEWAY, "a line that no known key made")
                    )
            case Refused() as refusal:
                refusals.append(refusal)
            case never:
                assert_never(never)
    return signed.with_lines(lines).to_bytes(), refusals


def _holds(line: SignatureLine, text: str, keys: dict[tuple[str, bytes], Verifier]) -> bool:
    """Say whether a known key made this line; each key is used up by its first good one."""
    place = (line.name, line.key_id)
    try:
        # At time 0 nothing was observed.
        holds = place in keys and bool(keys[place].verify(text, line.signature))
    except UnitError:
        return False
    if holds:
        del keys[place]
    return holds


def _ask(
    ask: AskCosigner, signed: SignedNote, checkpoint: Checkpoint, tiles: TileStore
) -> Cosigned | Refused:
    """Ask once, and once more from the size the cosigner names (status 409)."""
    said = ask(growth_request(signed, checkpoint, tiles, 0))
    if not isinstance(said, Refused) or said.status != HTTPStatus.CONFLICT:
        return said
    named = said.body.strip()
    if not named.isdigit() or len(named) > _SIZE_DIGITS_MAX or int(named) > checkpoint.size:
        return said
    return ask(growth_request(signed, checkpoint, tiles, int(named)))


def member_cosigner(
    home: Home,
    *,
    mirror: bool,
    logs: Mapping[str, Sequence[Verifier]],
    now: Callable[[], datetime],
) -> Cosigner:
    """Return a member's witness or mirror cosigner, on its own keys and database.

    Raises:
        NoSuchKey: the ring lacks one of the keys.
        RestoredState: it came out of a back-up and was not compared with what others hold.
    """
    refuse_unconfirmed(home.database)
    slots = (
        (KeySlot.MIRROR, KeySlot.MIRROR_MLDSA44)
        if mirror
        else (KeySlot.WITNESS, KeySlot.WITNESS_MLDSA44)
    )
    name = f"{home.identity.log}/{'mirror' if mirror else 'witness'}"
    kinds = (KeyType.ED25519_COSIGNATURE, KeyType.MLDSA44)
    return Cosigner(
        signers=[
            NoteSigner.named(name, kind, home.signer(slot))
            for kind, slot in zip(kinds, slots, strict=True)
        ],
        states=SqliteWitnessStates(home.database, cosigner=name),
        logs=logs,
        now=now,
    )


def witness_of(
    home: Home, *, logs: Mapping[str, Sequence[Verifier]], now: Callable[[], datetime]
) -> Cosigner:
    """Return a member's witness for its face; one that cosigns nothing where its keys say no more.

    Who left, or suspended the key, goes on showing what it said.

    Raises:
        NoSuchKey, RestoredState: as `member_cosigner`.
    """
    try:
        return member_cosigner(home, mirror=False, logs=logs, now=now)
    except SigningRefused:
        name = f"{home.identity.log}/witness"
        states = SqliteWitnessStates(home.database, cosigner=name)
        return Cosigner(signers=(), states=states, logs=logs, now=now)
