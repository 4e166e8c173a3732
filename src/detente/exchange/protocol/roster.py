"""Who may sign what, as the charter chain says: looked up once, asked often."""

from functools import cached_property

from detente.charter import Charter, KeySlot, Refused, Spent
from detente.charter.keylife import KeyHistory, charter_at
from detente.charter.quotas import Size, charge
from detente.exchange.protocol.limits import LINES_KEPT_MAX
from detente.proofs import CharterChain, HeldKey
from detente.signing import Role, key_id
from detente.statements import Statement, StatementError
from detente.tlog import KeyType, SignatureLine, Verifier

_SLOTS = {Role.STATEMENT: KeySlot.STATEMENT, Role.GOVERNANCE: KeySlot.GOVERNANCE}


class Roster:
    """One reading of the charter chain by one member.

    Args:
        chain: verified.
        me: hex id of the member that asks.
        both_types: whether a checkpoint needs both of the log's signatures. A unit of
            `detente` nodes does: dropping the post-quantum line is an attack (A32).
    """

    def __init__(self, chain: CharterChain, me: str, *, both_types: bool = True) -> None:
        self.chain = chain
        self.me = me
        self.both_types = both_types
        self._log_keys: dict[str, tuple[tuple[HeldKey, Verifier], ...]] = {}
        self._lines: dict[tuple[str, SignatureLine], int | None] = {}

    @property
    def charter(self) -> Charter:
        """The newest version."""
        return self.chain.latest

    @cached_property
    def digest(self) -> str:
        """Digest of the newest version."""
        return self.charter.digest

    def owner(self, origin: str) -> str | None:
        """Return whose log it is, None where no member has it."""
        found = self.chain.keyring.owner_of_log(origin)
        return None if found is None else found[0]

    def origin_of(self, member: str) -> str | None:
        """Return the newest log of a member, None for a stranger."""
        history = self.history(member)
        return None if history is None else f"{history.log}/{self.chain.epoch_of(member)}"

    @cached_property
    def origins(self) -> tuple[str, ...]:
        """Every log of every member, past epochs too, in order."""
        found: list[str] = []
        for member in self.members:
            history = self.history(member)
            if history is not None:
                first = history.adoptions[0].position[0]
                epochs = range(first, self.chain.epoch_of(member) + 1)
                found += [f"{history.log}/{epoch}" for epoch in epochs]
        return tuple(found)

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Everybody who is or was a member, ascending."""
        return tuple(sorted({each for c in self.chain.charters for each in c.member_ids}))

    @cached_property
    def cosigners(self) -> dict[tuple[str, bytes], tuple[str, Verifier]]:
        """Accused and verifier of each key that may cosign, by name and key id."""
        return {
            (verifier.name, verifier.key_id): (who, verifier)
            for who, _remark, verifier in self.chain.keyring.cosigners()
        }

    def log_keys(self, origin: str) -> tuple[tuple[HeldKey, Verifier], ...]:
        """Return the keys that may sign checkpoints of a log."""
        known = self._log_keys.get(origin)
        if known is None:
            known = self._log_keys[origin] = tuple(self.chain.keyring.log_keys(origin))
        return known

    def history(self, member: str) -> KeyHistory | None:
        """Return the history of a member's keys."""
        return self.chain.keyring.history(member)

    def key_for(self, statement: Statement, issuer: str) -> HeldKey:
        """Return the issuer's key that signed a statement, if it counts where that stands.

        Raises:
            StatementError: another's key, or one whose range of positions does not reach there.
        """
        envelope, position = statement.envelope, statement.header.position
        slot = _SLOTS.get(envelope.role)
        held = () if slot is None else self.chain.keyring.of(issuer, slot)
        for key in held:
            if key_id(key.raw) == envelope.keyid:
                if key.counts_at((position.epoch, position.seq)):
                    return key
                raise StatementError(
                    f"signed by a {key.slot.value} key that does not count there{key.remark}"
                )
        raise StatementError(f"signed by no {envelope.role.value} key of the log's owner")

    @cached_property
    def charters(self) -> dict[str, Charter]:
        """Every version by its digest."""
        return {charter.digest: charter for charter in self.chain.charters}

    def charter_at(self, issuer: str, epoch: int, seq: int) -> tuple[str, Charter]:
        """Return the charter that bound a member at a place of its log, and its digest.

        Raises:
            StatementError: a stranger.
        """
        history = self.history(issuer)
        if history is None:
            raise StatementError("its issuer is bound by no charter there")
        digest = charter_at(history, epoch, seq)
        return digest, self.charters[digest]

    def check_line(self, verifier: Verifier, text: str, line: SignatureLine) -> int | None:
        """Check a signature line, each only once; return its time, None for one without.

        Every member shows the lines of all others: n squared of them, mostly the same.

        Raises:
            NoteError: it does not verify.
        """
        known = (text, line)
        if known not in self._lines:
            stamped = verifier.verify(text, line.signature)
            while len(self._lines) >= LINES_KEPT_MAX:
                del self._lines[next(iter(self._lines))]
            self._lines[known] = stamped
        return self._lines[known]

    def charge(self, spent: Spent, statement: Statement, entry: bytes) -> Spent | Refused:
        """Count a statement against its issuer's quota of the day in `spent`."""
        says = statement.header.says
        kind = getattr(says, "kind", "")
        size = Size(
            entry=len(entry),
            ciphertext=getattr(says, "size", 0),
            wraps=len(getattr(says, "wraps", ())) * 1_168,
        )
        return charge(spent, self.charter.quota, kind=kind, size=size, day=spent.day)


def both_types_of(verifiers: list[Verifier]) -> bool:
    """Say whether an Ed25519 and an ML-DSA-44 key are among them."""
    kinds = {verifier.key_type for verifier in verifiers}
    return {KeyType.ED25519, KeyType.MLDSA44} <= kinds
