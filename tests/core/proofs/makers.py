"""A unit that really speaks: entries, logs, cosigned checkpoints, a chain; all from seeds."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PublicKey,
    Suite,
)

from detente.charter import KeySlot
from detente.charter.avowals import LogState, Recover
from detente.charter.ballots import Certificate, Confirm, Yes
from detente.charter.founding import accept
from detente.proofs import chain_of, cosigner_name
from detente.signing import Envelope, Role, canonical, leaf_hash, prove_possession
from detente.statements import (
    Clear,
    Handling,
    Header,
    Kind,
    Pap,
    Position,
    Sealed,
    Tlp,
    make_content,
    open_leaves,
    padme,
    parse_entry,
    sign_statement,
)
from detente.tlog import (
    Checkpoint,
    KeyType,
    NoteSigner,
    Receipt,
    SignedNote,
    TreeHashes,
    prove_inclusion,
)
from tests.core.charter.people import (
    NAMES,
    NOW,
    Ed25519Signer,
    after,
    by_id,
    keys_of,
    member,
    recovery_of,
    seed,
    signers_of,
    unit,
)

AUREL, BOREA, CINDRAL, JOINER = NAMES[:4]
CHARTER = unit()
UNIT = CHARTER.unit_id
START = int(NOW.timestamp())
DAY = 86_400


class Counting:
    """Implements `Entropy`, repeatably."""

    def __init__(self, start: object = 0) -> None:
        self._start, self._count = start, 0

    def draw(self, count: int) -> bytes:
        self._count += 1
        parts = [seed("chance", self._start, self._count, at) for at in range(count // 32 + 1)]
        return b"".join(parts)[:count]


class Hpke:
    """Implements `Sealer`: HPKE 0x647a/0x0001/0x0003."""

    def seal(self, *, public_key: bytes, info: bytes, plaintext: bytes) -> bytes:
        key = MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(public_key[:1184]),
            X25519PublicKey.from_public_bytes(public_key[1184:]),
        )
        suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
        return suite.encrypt(plaintext, key, info)


def header_of(name, says, seq, *, epoch=1, charter=CHARTER, time=NOW):
    return Header(
        unit=UNIT,
        charter=charter.digest,
        issuer=member(name).id,
        epoch=epoch,
        seq=seq,
        time=time,
        says=says,
    )


def say(name, says, seq, *, generation=1, signer=None, role=None, **more):
    """One entry, by the statement key for content and the governance key for the rest."""
    if role is None:
        role = Role.STATEMENT if isinstance(says, Sealed) else Role.GOVERNANCE
    if signer is None:
        signer = signers_of(name, generation)[KeySlot(role.value)]
    return sign_statement(header_of(name, says, seq, **more), signer, role).to_entry()


def clear(body):
    return Clear.of(body.KIND, body.to_json())


def sealed(name, seq, *, text="a note", kind=Kind.NOTE, about=(), ciphertext=b"", wraps=None):
    """Content for one place of epoch 1, for the whole unit, and what its header says of it."""
    handling = Handling(kind, Tlp.GREEN, Pap.GREEN, "CC-BY-4.0", 1, tuple(sorted(about)))
    note = {"id": "note--00000001-0000-4000-8000-000000000000", "text": text, "type": "note"}
    content = make_content([canonical(note)], handling.to_bytes(), Counting((name, seq, text)))
    wraps = [b"wrap"] * (len(CHARTER.members) - 1) if wraps is None else wraps
    says = Sealed(
        audience="unit",
        commitment=content.commitment(Position(UNIT, member(name).id, 1, seq)),
        ciphertext=sha256(ciphertext).hexdigest(),
        size=padme(len(content.to_bytes())),
        wraps=tuple(sha256(wrap).hexdigest() for wrap in wraps),
    )
    return content, says


def content_entry(name, seq, **more):
    return say(name, sealed(name, seq, **more)[1], seq)


def hash_of(entry):
    return parse_entry(entry).payload_hash


def log_signers(name, *, epoch=1, generation=1):
    origin = f"{member(name).log}/{epoch}"
    keys = signers_of(name, generation)
    return (
        NoteSigner.named(origin, KeyType.ED25519, keys[KeySlot.LOG]),
        NoteSigner.named(origin, KeyType.MLDSA44, keys[KeySlot.LOG_MLDSA44]),
    )


def cosigner(name, slot=KeySlot.MIRROR, *, generation=1):
    kind = KeyType.MLDSA44 if slot.value.endswith("_mldsa44") else KeyType.ED25519_COSIGNATURE
    key_name = cosigner_name(member(name).log, slot)
    return NoteSigner.named(key_name, kind, signers_of(name, generation)[slot])


def outsider(number=0):
    key = Ed25519Signer(seed("witness", number))
    return NoteSigner.named(f"witness{number}.example", KeyType.ED25519_COSIGNATURE, key)


def sign_note(text, signers, *, time=START):
    lines = tuple(
        signer.cosign(text, time) if signer.verifier.key_type.is_timed else signer.sign(text)
        for signer in signers
    )
    return SignedNote(text, lines).to_bytes()


class Log:
    """One member's entries, and every note about them."""

    def __init__(self, name, entries, *, epoch=1):
        self.name, self.entries, self.epoch = name, list(entries), epoch
        self.hashes = TreeHashes([leaf_hash(entry) for entry in self.entries])

    def checkpoint(self, size=None):
        size = len(self.entries) if size is None else size
        return Checkpoint(f"{member(self.name).log}/{self.epoch}", size, self.hashes.root_of(size))

    def note(self, size=None, *, cosigners=(), signers=None, time=START):
        own = log_signers(self.name, epoch=self.epoch) if signers is None else signers
        return sign_note(self.checkpoint(size).to_text(), (*own, *cosigners), time=time)

    def receipt(self, index, *, size=None, **more):
        size = len(self.entries) if size is None else size
        path = prove_inclusion(self.hashes, index=index, size=size)
        return Receipt(index, tuple(path), self.note(size, **more))


def others(name):
    return [each for each in NAMES[:3] if each != name]


def settling(name):
    """Enough cosigners to settle an entry of one member's log: two mirrors, one outsider."""
    return (*(cosigner(each) for each in others(name)), outsider())


@cache
def acceptances(charter=CHARTER):
    return tuple(
        accept(charter, each, signers_of(each.name)).to_bytes() for each in charter.members
    )


def chain(*avowals):
    """The founding, and what members said about their keys; entries or (entry, note)."""
    pairs = [each if isinstance(each, tuple) else (each, b"") for each in avowals]
    return chain_of([CHARTER], acceptances=acceptances(), avowals=pairs)


@cache
def renewal(*, settled=True):
    """Version 2, which renews, with its certificate and ballots."""
    new = after(CHARTER, expires=CHARTER.expires + timedelta(days=365))
    return new, *decided(new, settled=settled)


@cache
def admission():
    """Version 2, which admits a fourth member, with its certificate, ballots and acceptance."""
    joiner = member(JOINER)
    new = after(CHARTER, members=by_id(*CHARTER.members, joiner))
    return new, *decided(new), accept(new, joiner, signers_of(JOINER)).to_bytes()


def decided(new, *, settled=True):
    """The certificate of version 2, and the ballots of all three members with receipts."""
    until = NOW + timedelta(days=7)
    terms = {"version": 2, "digest": new.digest, "round": 1, "expires": until}
    ballots, receipts = [], []
    for name in NAMES[:3]:
        entries = [say(name, clear(form(**terms)), at) for at, form in enumerate((Yes, Confirm))]
        log = Log(name, entries)
        cosigners = settling(name) if settled else (outsider(),)
        ballots += entries
        receipts += [log.receipt(at, cosigners=cosigners).to_bytes() for at in (0, 1)]
    certificate = Certificate(
        version=2,
        digest=new.digest,
        round=1,
        confirms=tuple(sorted(map(hash_of, ballots[1::2]))),
        consents=tuple(sorted(map(hash_of, ballots[::2]))),
        acceptances=(),
    )
    entry = say(AUREL, clear(certificate), 2)
    return entry, tuple(zip(ballots, receipts, strict=True))


def renewed_chain(**changes):
    new, certificate, ballots = renewal()
    parts = {
        "acceptances": acceptances(),
        "certificates": [certificate],
        "ballots": ballots,
    } | changes
    return chain_of([CHARTER, new], **parts)


def admitting_chain():
    new, certificate, ballots, accepted = admission()
    return chain_of(
        [CHARTER, new],
        acceptances=[*acceptances(), accepted],
        certificates=[certificate],
        ballots=ballots,
    )


def recover_entry(name, *, last_size, key=None, generation=2, epoch=2):
    """The opening of an epoch by the recovery key."""
    key = recovery_of(name) if key is None else key
    context = bytes.fromhex(CHARTER.digest)
    body = Recover(
        recovery_key=key.public_key,
        keys=keys_of(name, generation),
        possession={
            slot: prove_possession(slot.role, signer, context)
            for slot, signer in signers_of(name, generation).items()
        },
        last=LogState(epoch=epoch - 1, size=last_size, root="00" * 32),
    )
    return say(name, clear(body), 0, epoch=epoch, signer=key, role=Role.RECOVERY)


def tampered(entry):
    """The same envelope with another signature, still naming the same key."""
    envelope = Envelope.parse(entry)
    return replace(envelope, signature=bytes(63) + b"\x01").to_bytes()


def shown_handling(content):
    return open_leaves(content, {0}).to_bytes()


def another_unit():
    return replace(CHARTER, name="Southern Sound")
