"""What an audit says to the log, and the receipt that shows it: commitment and reports.

A note of the node says the document; a receipt shows the note, its place and who cosigned. The
time that counts is that of the cosigners, not the office's own.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from detente.errors import InputError, UnitError
from detente.node.audits.folder import RECEIPT, SEED, STATEMENT, AuditFolder, digest_of
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.publishing import Clock, publish, renew
from detente.node.reading import read_said, receipt_for
from detente.proofs import ObjectReceipt, make_object_receipt, verify_object_receipt
from detente.proofs.cosigners import Seen
from detente.statements import UNIT, Handling, Kind, Pap, Tlp, decode_object, open_leaves
from detente.statements.stix import encode_object, identity_of, name_uuid
from detente.tlog import Policy, Receipt

_NAMESPACE = bytes.fromhex("3f1de2a94c785b06b1c2d05e6a7f9834")
_NOTE = 1
"""The leaf that holds the note; leaf 0 says how to handle it."""
COMMITTED = "commitment"


def say_document(
    home: Home, folder: AuditFolder, stem: str, text: str, *, rehearsal: bool, now: Clock
) -> Acknowledged:
    """Say a document of an audit to the unit, for everybody to pass on.

    Args:
        home: the node.
        folder: of the audit.
        stem: what the statement is of, such as `commitment` or `report-1`.
        text: what is said, 64 KiB at most.
        rehearsal: nothing of it is real.
        now: the clock.

    Raises:
        InputError: it was said before, or the node was made for training and the audit is real.
        StixError, JsonError: too long a text.
        SigningRefused, StorageFault: the node must not or cannot write.
    """
    if home.identity.exercise and not rehearsal:
        raise InputError(
            "this node was made for training, and the audit is not marked as a rehearsal",
            file=str(folder.path),
            remedy='Write "rehearsal": true into audit.json, in a new folder',
        )
    if folder.has(f"{stem}{STATEMENT}"):
        raise InputError("was said before", file=str(folder.file(f"{stem}{STATEMENT}")))
    moment = now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    author = identity_of(home.identity.member)
    note = encode_object(
        {
            "type": "note",
            "spec_version": "2.1",
            "id": f"note--{name_uuid(_NAMESPACE, text)}",
            "created_by_ref": author,
            "created": moment,
            "modified": moment,
            "abstract": f"{'REHEARSAL of an audit' if rehearsal else 'Audit'}: {stem}",
            "content": text,
            "object_refs": [author],
        }
    )
    handling = Handling(kind=Kind.NOTE, tlp=Tlp.CLEAR, pap=Pap.CLEAR, licence="CC0-1.0", count=1)
    said = publish(home, [note], handling, audience=UNIT, now=now)
    folder.write(f"{stem}{STATEMENT}", f"{said.payload_hash}\n".encode())
    return said


def prove_document(home: Home, folder: AuditFolder, stem: str, now: Clock) -> Seen:
    """Write the receipt: the office's own node can, and any that heard the statement.

    Raises:
        InputError: the statement is not known here, or no checkpoint covers it; or it is the
            commitment's, there already, and the seed is known.
    """
    name = folder.read(f"{stem}{STATEMENT}").decode("utf-8", "replace").strip()
    said = read_said(home, name)
    if said.stored.row.origin == home.identity.origin:
        renew(home, now, covering=said.stored.row.seq)
    if said.content is None:
        raise InputError(f"this node does not hold what statement {name[:16]} says")
    receipt, seen = receipt_for(home, name)
    bare = Receipt(receipt.index, receipt.hashes, receipt.checkpoint)
    made = make_object_receipt(receipt.extra, bare, open_leaves(said.content, {_NOTE}))
    is_late = stem == COMMITTED and folder.has(SEED)
    folder.write(f"{stem}{RECEIPT}", made.to_bytes(), again=not is_late)
    return seen


def unproven(folder: AuditFolder) -> list[str]:
    """What was said and may still get a better receipt: not a commitment once the seed is known.

    Raises:
        InputError: nothing was said.
    """
    said = sorted(path.name.removesuffix(STATEMENT) for path in folder.path.glob(f"*{STATEMENT}"))
    if not said:
        folder.read(f"{COMMITTED}{STATEMENT}")  # says what to do
    is_late = folder.has(SEED) and folder.has(f"{COMMITTED}{RECEIPT}")
    return [stem for stem in said if not (is_late and stem == COMMITTED)]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a receipt shows.

    Attributes:
        log: the origin of the log it stands in.
        witnesses: the policy's names of those who cosigned.
        by: when a quorum of them had seen it, by their own clocks.
    """

    log: str
    witnesses: tuple[str, ...]
    by: datetime


def verify_receipt_of(text: str, data: bytes, policy: Policy) -> Shown:
    """Check that a receipt shows that exactly this was said, and since when others know it.

    Raises:
        UnitError: it does not.
    """
    said = verify_object_receipt(data, policy)
    note = decode_object(said.stix)
    if note.type != "note" or note.text("content") != text:
        raise InputError(
            f"the receipt shows another text, not that with SHA-256 {digest_of(text.encode())}"
        )
    checkpoint = Receipt.parse(ObjectReceipt.parse(data).proof).checkpoint
    return Shown(said.origin, said.witnesses, quorum_time(policy, checkpoint))


def quorum_time(policy: Policy, checkpoint: bytes) -> datetime:
    """The first moment at which a quorum of the policy had cosigned a checkpoint.

    Raises:
        UnitError: no quorum, or a policy that asks for nobody: then no time is shown.
    """
    witnessed = policy.check(checkpoint)
    times = {one.verifier: one.timestamp for one in witnessed.note.verified if one.timestamp}
    named = {
        name: times[key]
        for name, (key, _) in policy.witnesses.items()
        if key is not None and key in times
    }
    for moment in sorted(set(named.values())):
        seen = frozenset(name for name, time in named.items() if time <= moment)
        if seen and policy.satisfied_by(seen):
            return datetime.fromtimestamp(moment, UTC)
    raise UnitError(
        "the policy asks for no witness, so nothing shows when the commitment was made",
        remedy="`detente charter policy` writes one that asks for the members and outsiders",
    )
