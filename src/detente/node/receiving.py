"""Taking up what a pull decided: every effect once, whenever this process is killed.

Each effect may be done again without a trace (bytes under their hash, rows under their
id), and the number of entries taken, which alone says what is done, moves last. So a
kill at any step costs time, and neither a gap nor a second effect.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from detente.charter.recovery import SELF_KINDS
from detente.errors import EnvironmentFault, UnitError
from detente.exchange.protocol import Accepted, Awaited, Command, Event, Held, Roster
from detente.exchange.protocol.chains import with_versions
from detente.exchange.protocol.commands import (
    Accept,
    Cosign,
    Fetch,
    FetchBlob,
    HoldBack,
    KeepChain,
    KeepFault,
    KeepPaper,
    KeepProof,
    Merge,
    NoteRecovery,
    NoteTime,
    Open,
    Record,
    Remind,
    SettleRecovery,
    StopSigning,
    Wait,
)
from detente.exchange.protocol.events import (
    Learnt,
    Opened,
    Proven,
    Recorded,
    Reminded,
    Unopened,
    Wanted,
)
from detente.exchange.protocol.judging import avow
from detente.node.cosigning import growth_request
from detente.node.followed import (
    awaited_of_row,
    awaited_row,
    held_of_row,
    kind_of,
    lines_of,
    papers_named,
    size_of,
    statement_row,
)
from detente.node.holdings import Holdings
from detente.node.log import StopPoint, pass_by
from detente.node.rekeying import note_recovery, pending, settle_recovery
from detente.node.settling import merge_lines, says_more
from detente.proofs import CharterChain
from detente.statements.batch import IndexRow
from detente.storage.errors import DamagedStore
from detente.storage.evidence import NotKept
from detente.storage.following import FollowedLog
from detente.tlog import (
    Checkpoint,
    Cosigned,
    Frontier,
    SignatureLine,
    SignedNote,
    TileConflict,
    TilePath,
)

_GATHERED_MAX = 16  # checkpoints of the own log whose cosignatures come in just now
_PAPERS_ASKED_MAX = 16
_NONE: tuple[IndexRow, ...] = ()


class Receiver:
    """Performs commands on one node's holdings.

    Args:
        holdings: the node.
        now: the clock.
        cosigned: called with the origin once this node shows more of a log than before.
        unopened: called with a content that came and does not open.
        stop: where a test ends the process.
    """

    def __init__(
        self,
        holdings: Holdings,
        *,
        now: Callable[[], datetime],
        cosigned: Callable[[str], None] = pass_by,
        unopened: Callable[[Awaited], None] = lambda _awaited: None,
        stop: StopPoint = pass_by,
    ) -> None:
        self._holdings = holdings
        self._now = now
        self._cosigned = cosigned
        self._unopened = unopened
        self._stop = stop
        self._gathering: dict[str, bytes] = {}

    @property
    def _roster(self) -> Roster:
        """Who may sign what by the chain of this moment."""
        return self._holdings.roster

    def held(self) -> dict[str, Held]:
        """Return what this node holds of every log, its own too, for the machines to begin with.

        Raises:
            StorageFault: the disk or the database refused, or is damaged.
        """
        origins = self._holdings.following.origins()
        return {origin: self.held_of(origin) for origin in {*origins, self._holdings.own_origin}}

    def held_of(self, origin: str) -> Held:
        """Return what this node holds of one log; raises as `held`."""
        row = self._holdings.following.read(origin)
        if origin == self._holdings.own_origin:
            return self._own(origin, row)
        return Held.nothing(origin) if row is None else held_of_row(row)

    def perform(self, command: Command) -> Sequence[Event]:
        """Do what is to be done in this node's stores; say what came of it.

        Raises:
            StorageFault: the disk or the database refused; make the machine anew.
        """
        match command:
            case NoteTime():
                return []  # a running node holds its clock against it; what it reads may be old
            case Fetch() | FetchBlob() | Wait():
                raise RuntimeError(f"{type(command).__name__} is done where the network is")
            case Open():
                return self.open_all([command.awaited])
            case Remind():
                wanted = Wanted(tuple(self._holdings.papers.wanted(limit=_PAPERS_ASKED_MAX)))
                return [pending(self._holdings), wanted, Reminded(self._awaited(command))]
            case KeepFault() | KeepPaper() | KeepProof() | StopSigning():
                return self._keep(command)
            case _:
                with self._holdings.guard:
                    return self._take_up(command)

    def _keep(self, command: KeepFault | KeepPaper | KeepProof | StopSigning) -> Sequence[Event]:
        match command:
            case KeepPaper():
                self._holdings.papers.put(command.name, command.data)
            case KeepFault():
                self._holdings.keep_fault(command.fault, self._now())
            case StopSigning():
                self._holdings.stop_signing(command.note)
            case KeepProof():
                return self._keep_proof(command)
        return []

    def _take_up(
        self,
        command: Accept
        | Record
        | Cosign
        | Merge
        | HoldBack
        | NoteRecovery
        | SettleRecovery
        | KeepChain,
    ) -> Sequence[Event]:
        match command:
            case NoteRecovery():
                return note_recovery(self._holdings, command, self._now())
            case KeepChain():
                return self._keep_chain(command.chain)
            case SettleRecovery():
                return settle_recovery(self._holdings, command.member)
            case _:
                return self._on_log(command)

    def _keep_chain(self, chain: CharterChain) -> Sequence[Event]:
        """Keep later versions beside what was learnt of keys meanwhile."""
        known = self._roster.chain
        try:
            grown = with_versions(known, chain.file)
        except EnvironmentFault:
            raise
        except UnitError:
            return []  # a key was suspended meanwhile that a ballot was signed by
        if grown is known:
            return []
        self._holdings.keep_chain(grown)
        self._stop("chain-kept")
        return [Learnt(grown)]

    def _on_log(self, command: Accept | Record | Cosign | Merge | HoldBack) -> Sequence[Event]:
        match command:
            case Accept():
                self._accept(command)
            case Record():
                return self._record(command)
            case Cosign():
                self._cosign(command.origin)
                return []
            case Merge():
                if not self._merge(command):
                    return []
            case HoldBack():
                self._holdings.following.fork(command.origin, command.at)
        return [Recorded(self.held_of(command.origin))]

    def _accept(self, command: Accept) -> None:
        edge = b"".join(row for path, row in command.tiles if path.level is not None)
        self._holdings.following.accept(
            command.origin, note=command.note, edge=edge, now=self._now()
        )
        self._stop("accepted")

    def _record(self, command: Record) -> Sequence[Event]:
        before = self._holdings.following.read(command.origin)
        if before is None or before.taken != command.start or before.forked is not None:
            return [Recorded(self.held_of(command.origin))]
        is_last = command.end == size_of(before.note)
        edge = held_of_row(before).edge.tiles if is_last else ()
        self._write(command.origin, [*command.tiles, *edge])
        self._stop("tiles-written")
        events = self._take_avowals(command.said)
        for fault in command.faults:
            self._holdings.keep_fault(fault, self._now())
        self._stop("faults-kept")
        named = [name for each in command.said for name in papers_named(each.statement)]
        if named:
            self._holdings.papers.want(named)
            self._stop("papers-wanted")
        here = [(statement_row(each), _NONE) for each in command.said if each.awaits is None]
        self._holdings.add_statements(here)
        self._stop("statements-added")
        after = replace(
            before,
            taken=command.end,
            complete=before.note if is_last else before.complete,
            spent_day=command.spent.day,
            spent_statements=command.spent.statements,
            spent_bytes=command.spent.size_bytes,
        )
        awaits = tuple(each.awaits for each in command.said if each.awaits is not None)
        rows = [awaited_row(each) for each in awaits]
        if not self._holdings.following.advance(before, after, rows):
            awaits = ()
        self._stop("advanced")
        return [*events, Recorded(self.held_of(command.origin), awaits)]

    def _write(self, origin: str, tiles: list[tuple[TilePath, bytes]]) -> None:
        try:
            self._holdings.copies(origin).write_all(tiles)
        except TileConflict as conflict:
            raise DamagedStore(conflict.message, remedy=conflict.remedy) from conflict

    def _take_avowals(self, said: Sequence[Accepted]) -> list[Event]:
        """Join what the owner said about its keys to the chain, as it was judged."""
        avowals = [each for each in said if kind_of(each) in SELF_KINDS]
        roster = self._roster
        chain = roster.chain
        for each in avowals:
            try:
                roster = avow(roster, each.entry, each.statement)
            except EnvironmentFault:
                raise
            except UnitError:
                continue  # another member's avowal came in between and changed the verdict
        if roster.chain is chain:
            return []
        self._holdings.keep_chain(roster.chain)
        self._stop("chain-kept")
        return [Learnt(roster.chain)]

    def _cosign(self, origin: str) -> None:
        row = self._holdings.following.read(origin)
        if row is None or row.complete != row.note or row.forked is not None:
            return
        copies = self._holdings.copies(origin)
        signed = SignedNote.parse(row.complete)
        checkpoint = Checkpoint.parse(signed.text)
        lines: list[SignatureLine] = []
        cosigners = self._holdings.cosigners(origin)
        shown = lines_of(self._holdings.shown(origin), signed)
        by = {(line.name, line.key_id) for line in shown}
        if all(key in by for cosigner in cosigners for key in cosigner.keys):
            return
        for cosigner in cosigners:
            request = growth_request(signed, checkpoint, copies, cosigner.size(origin))
            answer = cosigner.answer(request)
            if isinstance(answer, Cosigned):
                lines += answer.lines
            self._stop("cosigned")
        copies.publish(row.complete)
        self._holdings.show(origin, merge_lines(signed, [*shown, *lines], self._roster))
        self._stop("shown")
        self._cosigned(origin)

    def _merge(self, command: Merge) -> bool:
        """Put cosignatures that were checked beside the others of the same checkpoint.

        Say whether what is held of the log changed.
        """
        roster, origin = self._roster, command.origin
        signed = SignedNote.parse(command.note)
        shown = self._holdings.shown(origin)
        merged = merge_lines(signed, lines_of(shown, signed), roster)
        if origin == self._holdings.own_origin:
            self._show_own(origin, merged, shown)
            return False
        if shown and merged != shown and SignedNote.parse(shown).text == signed.text:
            self._holdings.show(origin, merged)
            self._stop("merged")
        row = self._holdings.following.read(origin)
        if row is None or not (row.note and SignedNote.parse(row.note).text == signed.text):
            return False
        noted = merge_lines(SignedNote.parse(row.note), signed.lines, roster)
        self._holdings.following.replace_note(origin, old=row.note, new=noted)
        return noted != row.note

    def _show_own(self, origin: str, note: bytes, shown: bytes | None) -> None:
        """Gather what others cosigned of the own log, and show what says most."""
        signed = SignedNote.parse(note)
        before = self._gathering.pop(signed.text, b"")
        note = merge_lines(signed, lines_of(before, signed), self._roster)
        self._gathering[signed.text] = note
        while len(self._gathering) > _GATHERED_MAX:
            del self._gathering[next(iter(self._gathering))]
        if note != shown and says_more(self._roster, origin, note, shown):
            self._holdings.show(origin, note)
            self._stop("own-shown")
            self._cosigned(origin)

    def open_all(self, awaits: Sequence[Awaited]) -> Sequence[Event]:
        """Open contents that are here, with as few commits as one of them; as `perform`."""
        now = self._now()
        events: list[Event] = []
        found = self._holdings.open_all(awaits, now)
        self._stop("indexed")
        for awaited, faults in zip(awaits, found, strict=True):
            if isinstance(faults, UnitError):
                self._unopened(awaited)
                events.append(Unopened(awaited.payload_hash, faults.message))
                continue
            for fault in faults:
                self._holdings.keep_fault(fault, now)
            events.append(Opened(awaited.payload_hash))
        opened = [each.payload_hash for each in events if isinstance(each, Opened)]
        if opened:
            self._holdings.following.arrived(opened)
            self._stop("arrived")
        return events

    def _awaited(self, command: Remind) -> tuple[Awaited, ...]:
        rows = self._holdings.following.awaited(command.issuer, limit=command.limit)
        return tuple(awaited_of_row(row) for row in rows)

    def _keep_proof(self, command: KeepProof) -> Sequence[Event]:
        data = command.proof.to_bytes()
        kind = command.proof.kind.value
        now = self._now()
        if isinstance(
            self._holdings.keep_proof(data, accused=command.accused, kind=kind, now=now), NotKept
        ):
            return []
        return [Proven(sha256(data).hexdigest(), kind, command.accused)]

    def _own(self, origin: str, row: FollowedLog | None) -> Held:
        copies = self._holdings.copies(origin)
        note = copies.published()
        if note is None:
            return Held.nothing(origin)
        checkpoint = Checkpoint.parse(SignedNote.parse(note).text)
        return Held(
            origin=origin,
            note=note,
            checkpoint=checkpoint,
            edge=Frontier.load(copies, checkpoint.size),
            taken=checkpoint.size,
            complete=note,
            forked=None if row is None else row.forked,
        )
