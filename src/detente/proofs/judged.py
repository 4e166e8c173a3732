"""A statement held against its issuer: parsed, signed by a key that counts where it stands."""

from dataclasses import dataclass
from hashlib import sha256

from detente.charter import CharterError, KeySlot
from detente.charter.avowals import Recover
from detente.proofs.chain import CharterChain
from detente.proofs.errors import ProofRefused
from detente.proofs.keyring import HeldKey, Position
from detente.signing import Role, key_id
from detente.statements import Clear, Statement, parse_entry


@dataclass(frozen=True, slots=True)
class Judged:
    """A statement that its issuer's key signed, at a position where that key counts.

    Attributes:
        statement: what was said.
        key: the raw public key that signed it.
        remark: what happened to the key later; empty where nothing did.
    """

    statement: Statement
    key: bytes
    remark: str

    @property
    def issuer(self) -> str:
        """Hex member id."""
        return self.statement.header.issuer

    @property
    def position(self) -> Position:
        """Where it stands in the issuer's logs."""
        header = self.statement.header
        return (header.epoch, header.seq)

    @property
    def place(self) -> str:
        """The position in words."""
        epoch, seq = self.position
        return f"entry {seq} of epoch {epoch}"


def judge_entry(entry: bytes, chain: CharterChain) -> Judged:
    """Check that an entry was said in the chain's unit by one of its members.

    Raises:
        EnvelopeError, StatementError: not an entry.
        SignatureError: the key it names did not sign it.
        ProofRefused: another unit, no member, no key of that member, or a key that no
            longer counted there.
    """
    statement = parse_entry(entry)
    header = statement.header
    if header.unit != chain.unit:
        raise ProofRefused(f"said in unit {header.unit[:16]}…, the chain is that of another")
    if statement.envelope.role is Role.RECOVERY:
        return Judged(statement, _recovery_key(statement, chain), "")
    key = _find_key(statement, chain)
    statement.envelope.verify(key.raw)
    position = (header.epoch, header.seq)
    if not key.counts_at(position):
        raise ProofRefused(
            f"entry {header.seq} of epoch {header.epoch} is signed by a {key.slot.value} key that "
            "no longer counted there: it binds nobody"
        )
    return Judged(statement, key.raw, key.remark)


def find_signer(statement: Statement, chain: CharterChain) -> HeldKey:
    """Return the key that signed a statement, wherever that stands.

    Raises:
        ProofRefused: no key of the issuer.
        SignatureError: it does not verify.
    """
    key = _find_key(statement, chain)
    statement.envelope.verify(key.raw)
    return key


def _find_key(statement: Statement, chain: CharterChain) -> HeldKey:
    issuer = statement.header.issuer
    slot = KeySlot.GOVERNANCE if statement.envelope.role is Role.GOVERNANCE else KeySlot.STATEMENT
    for key in chain.keyring.of(issuer, slot):
        if key_id(key.raw) == statement.envelope.keyid:
            return key
    raise ProofRefused(f"signed by no {slot.value} key of member {issuer[:16]}… in the chain")


def _recovery_key(statement: Statement, chain: CharterChain) -> bytes:
    says = statement.header.says
    if not isinstance(says, Clear) or says.kind != Recover.KIND:
        raise ProofRefused("a recovery key says nothing but a recovery")
    try:
        body = Recover.parse(says.body)
    except CharterError as error:
        raise ProofRefused(f"not a recovery: {error}") from None
    issuer = statement.header.issuer
    if sha256(body.recovery_key).hexdigest() not in chain.recovery_hashes(issuer):
        raise ProofRefused(f"no recovery key of member {issuer[:16]}… in the chain")
    statement.envelope.verify(body.recovery_key)
    return body.recovery_key
