"""What was sealed to a reader and does not open: asked for again, answered, shown for what it was.

As a reader this node names a one-time key in its log; as an issuer it wraps the content key to
such a key; and where an answer is garbage too, the one-time secret shows that to everybody
(trust.md, section 2). A person decides nothing here, so nobody's day off breaks a promise.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from detente.charter import KeySlot
from detente.errors import UnitError
from detente.exchange.protocol import Awaited
from detente.node.author import own_key_info
from detente.node.circle import circle_of
from detente.node.followed import awaited_of_row
from detente.node.home import Home
from detente.node.opening import index_content
from detente.node.proving import taken_entry
from detente.node.publishing import speak_clear
from detente.node.reading import entry_at, open_own
from detente.node.unsealing import open_for_us, own_content_key
from detente.proofs import CharterChain, ProofFile, prove_garbage
from detente.release import Cleared, Full, MemberReader, decide, hold
from detente.signing import JsonValue, Role
from detente.statements import (
    ContentError,
    Grant,
    HpkeOpener,
    SealingError,
    Statement,
    Undelivered,
    check_complaint,
    parse_entry,
    wrap_info,
)
from detente.storage.disk import Disk, make_private_folder, read_if_there, write_whole
from detente.storage.evidence import EvidenceShelf
from detente.storage.following import FollowedLogs
from detente.storage.model import StoredStatement
from detente.storage.sealing import HpkeSealer, generate_sealing_secret

OPEN_MAX = 16  # complaints about one issuer without an answer: garbage fills no honest log
_WAITING_MAX = 1_024
_AT_ONCE = 200
_SECRET_BYTES_MAX = 4_096
_PROVEN_BYTES_MAX = 32 * 2**20  # of a ciphertext that fits into a proof file


class Complaints:
    """The complaints of one node, those it made and those made to it.

    Args:
        home: open.
        now: the clock.
        report: tells people.
    """

    def __init__(
        self, home: Home, *, now: Callable[[], datetime], report: Callable[[str], None]
    ) -> None:
        self._home = home
        self._now = now
        self._report = report
        self._evidence = EvidenceShelf(home.database)
        self._following = FollowedLogs(home.database)
        self._unopened: dict[str, Awaited] = {}
        self._seen = 0
        self._made: dict[str, Statement] = {}  # by payload hash of what they are about
        self._to_answer: dict[str, StoredStatement] = {}
        self._grants: dict[str, Statement] = {}  # to complaints of ours, by their hash
        self._given: set[str] = set()  # complaints that this node answered
        self._granted = 0

    def note_unopened(self, awaited: Awaited) -> None:
        """Take up a content that came and does not open; from any thread."""
        if len(self._unopened) < _WAITING_MAX:
            self._unopened[awaited.payload_hash] = awaited

    def turn(self, chain: CharterChain) -> Iterator[ProofFile]:
        """Do what is due; yield files that show garbage. Doing it again changes nothing.

        Raises:
            StorageFault: the disk or the database refused.
            SigningRefused, NoSuchKey: this node cannot speak now.
        """
        self._take_up()
        yield from self._read_answers()
        self._answer(chain)
        self._complain()

    def _take_up(self) -> None:
        """Read complaints and answers that came since."""
        me = self._home.identity.member
        for stored in self._since("grant", self._granted):
            statement = self._statement(stored)
            if statement is None:
                break
            self._granted = stored.number
            with suppress(UnitError):
                grant = Grant.parse(statement.clear)
                if stored.row.issuer == me:
                    self._given.add(grant.complaint)
                elif grant.reader == me and grant.complaint:
                    self._grants[grant.complaint] = statement
        for stored in self._since("undelivered", self._seen):
            statement = self._statement(stored)
            if statement is None:
                break
            self._seen = stored.number
            with suppress(UnitError):
                about = Undelivered.parse(statement.clear).statement
                if stored.row.issuer == me:
                    self._made[about] = statement
                else:
                    self._to_answer[stored.row.payload_hash] = stored

    def _since(self, kind: str, after: int) -> list[StoredStatement]:
        return self._home.index.statements(kind=kind, after=after, limit=_AT_ONCE)

    def _statement(self, stored: StoredStatement) -> Statement | None:
        """Return a statement as its log has it; None while that log was not taken so far."""
        row = stored.row
        if row.issuer == self._home.identity.member:
            return parse_entry(entry_at(self._home, row.origin, row.seq))
        entry = taken_entry(self._home, row.origin, row.seq)
        return None if entry is None else parse_entry(entry)

    def _complain(self) -> None:
        """Say of each content that does not open that it was not delivered, once."""
        answered = self._grants.keys()
        waiting = Counter(
            awaited.issuer
            for name, said in self._made.items()
            if said.payload_hash not in answered and (awaited := self._awaited(name)) is not None
        )
        while self._unopened:
            name = next(iter(self._unopened))
            awaited = self._unopened.pop(name)
            if name in self._made or waiting[awaited.issuer] >= OPEN_MAX:
                continue
            waiting[awaited.issuer] += 1
            secret = generate_sealing_secret()
            self._keep_secret(name, secret)
            clear = Undelivered(name, HpkeOpener(secret).public_key).to_clear()
            self._speak(clear.kind, clear.body)
            self._report(
                f"entry {awaited.seq} of log {awaited.origin} does not open; its issuer is asked "
                "to deliver it again"
            )

    def _answer(self, chain: CharterChain) -> None:
        """Wrap the content key of what this node said to whoever could not open it."""
        for name, stored in list(self._to_answer.items()):
            complaint = self._statement(stored)
            del self._to_answer[name]
            if complaint is None or name in self._given:
                continue
            with suppress(SealingError, ContentError):
                grant = self._grant(complaint, chain)
                if grant is not None:
                    clear = grant.to_clear()
                    self._speak(clear.kind, clear.body)

    def _grant(self, complaint: Statement, chain: CharterChain) -> Grant | None:
        home, reader = self._home, complaint.header.issuer
        about = home.index.statement(Undelivered.parse(complaint.clear).statement)
        if about is None or about.row.issuer != home.identity.member or about.erased:
            return None
        said = parse_entry(entry_at(home, about.row.origin, about.row.seq))
        charter = chain.charter(said.header.charter)
        try:
            asked = check_complaint(
                complaint.header,
                said.header,
                payload_hash=said.payload_hash,
                members=() if charter is None else tuple(sorted(charter.member_ids)),
            )
        except UnitError:
            return None  # nothing was sealed to it
        content = open_own(home, said)
        key = own_content_key(home, said)
        if content is None or key is None:
            return None
        answer = decide(hold(said, content), MemberReader(reader), circle=circle_of(home))
        if not (isinstance(answer, Cleared) and isinstance(answer.form, Full)):
            self._report(f"entry {about.row.seq} is not delivered again: the gate withholds it")
            return None
        info = wrap_info(said.header.position, said.sealed.commitment, reader)
        wrap = HpkeSealer().seal(public_key=asked.key, info=info, plaintext=key)
        return Grant(said.payload_hash, reader, complaint.payload_hash, wrap)

    def _read_answers(self) -> Iterator[ProofFile]:
        """Open what was delivered again; where it is garbage too, yield the file that shows it."""
        for about, complaint in list(self._made.items()):
            grant, awaited = self._grants.get(complaint.payload_hash), self._awaited(about)
            secret = None if grant is None or awaited is None else self._secret(about)
            if grant is None or awaited is None or secret is None:
                continue
            if not self._home.blobs.holds(awaited.ciphertext):
                continue
            if grant.header.issuer != awaited.issuer:
                del self._grants[complaint.payload_hash]
                continue
            if self._open(awaited, Grant.parse(grant.clear), secret):
                self._secret_file(about).unlink(missing_ok=True)
            elif awaited.size <= _PROVEN_BYTES_MAX:
                yield prove_garbage(
                    statement=awaited.entry,
                    complaint=complaint.to_entry(),
                    delivery=grant.to_entry(),
                    ciphertext=self._home.blobs.get(awaited.ciphertext),
                    secret=secret,
                )
                self._secret_file(about).unlink(missing_ok=True)

    def _open(self, awaited: Awaited, grant: Grant, secret: bytes) -> bool:
        """Say whether an answer opens to what was committed to; if it does, take that up."""
        home, said = self._home, parse_entry(awaited.entry)
        info = wrap_info(said.header.position, said.sealed.commitment, home.identity.member)
        try:
            key = HpkeOpener(secret).open(info=info, sealed=grant.wrap)
        except SealingError:
            return False
        before = home.content_keys.get(awaited.ciphertext)
        if before is None:
            own = own_key_info(awaited.ciphertext)
            home.content_keys.keep({awaited.ciphertext: self._seal_to_us(own, key)})
        home.blobs.erase(awaited.wrap)  # it opens to nothing that anybody committed to
        try:
            faults = index_content(home, awaited, self._now())
        except (ContentError, SealingError):
            if before is None:
                home.content_keys.erase(awaited.ciphertext)
            return False
        for fault in faults:
            self._evidence.keep_fault(fault, now=self._now())
        self._following.arrived([awaited.payload_hash])
        return True

    def _awaited(self, name: str) -> Awaited | None:
        row = self._following.awaited_one(name)
        return None if row is None else awaited_of_row(row)

    def _speak(self, kind: str, body: JsonValue) -> None:
        assert isinstance(body, dict)  # noqa: S101 - made by to_clear
        speak_clear(self._home, kind, body, now=self._now, role=Role.STATEMENT)

    def _secret_file(self, about: str) -> Path:
        return self._home.layout.directory / "complaints" / about

    def _keep_secret(self, about: str, secret: bytes) -> None:
        file = self._secret_file(about)
        if not file.parent.exists():
            make_private_folder(file.parent)
        write_whole(file, self._seal_to_us(_secret_info(about), secret), disk=Disk())

    def _secret(self, about: str) -> bytes | None:
        sealed = read_if_there(self._secret_file(about), bytes_max=_SECRET_BYTES_MAX)
        if sealed is None:
            return None
        return open_for_us(self._home, _secret_info(about), sealed)

    def _seal_to_us(self, info: bytes, plaintext: bytes) -> bytes:
        key = self._home.key_in_force(KeySlot.SEALING) or self._home.card.keys.sealing
        return HpkeSealer().seal(public_key=key, info=info, plaintext=plaintext)


def _secret_info(about: str) -> bytes:
    return b"detente complaint v1" + bytes.fromhex(about)
