"""Whose key is it, and does it count at this position?

A key counts for a range of log positions, never for a claimed time; the ranges
are those of `charter.keylife`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from detente.charter import Charter, KeySlot
from detente.charter.keylife import KeyHistory, Span
from detente.tlog import KeyType, Verifier

Position = tuple[int, int]  # (epoch, seq)
_COSIGNING_SLOTS = (
    KeySlot.WITNESS,
    KeySlot.WITNESS_MLDSA44,
    KeySlot.MIRROR,
    KeySlot.MIRROR_MLDSA44,
)
_LOG_SLOTS = (KeySlot.LOG, KeySlot.LOG_MLDSA44)


@dataclass(frozen=True, slots=True)
class HeldKey:
    """One key of one member.

    Attributes:
        member: hex member id.
        slot: what it is for.
        span: its bytes, and the positions at which it speaks for its member.
    """

    member: str
    slot: KeySlot
    span: Span

    @property
    def raw(self) -> bytes:
        """The public key."""
        return self.span.key

    def counts_at(self, position: Position) -> bool:
        """Say whether what it signs at a position counts."""
        return self.span.covers(position)

    @property
    def remark(self) -> str:
        """What a reader of a proof should know about this key; empty while it counts."""
        if self.span.end is None:
            return ""
        epoch, seq = self.span.end
        return f" (the range of the key ended at epoch {epoch}, entry {seq})"


class Keyring:
    """Every key of every member, as a chain shows them.

    Args:
        charters: all versions, oldest first.
        histories: of the members' keys.
    """

    def __init__(self, charters: Sequence[Charter], histories: Iterable[KeyHistory]) -> None:
        self._histories = {history.member: history for history in histories}
        self._by_log = {history.log: history for history in self._histories.values()}
        self._witnesses = {w.name: w for charter in charters for w in charter.witnesses}

    def of(self, member: str, slot: KeySlot) -> tuple[HeldKey, ...]:
        """Return every key a member ever had in a slot, oldest first."""
        history = self._histories.get(member)
        spans = () if history is None else history.spans[slot]
        return tuple(HeldKey(member, slot, span) for span in spans)

    def history(self, member: str) -> KeyHistory | None:
        """Return everything known of one member's keys, None for a stranger."""
        return self._histories.get(member)

    def owner_of_log(self, origin: str) -> tuple[str, int] | None:
        """Return (member id, epoch) of a log origin, None where no member has it."""
        log, _, epoch = origin.partition("/")
        history = self._by_log.get(log)
        if history is None or not _is_epoch(epoch):
            return None
        return history.member, int(epoch)

    def log_keys(self, origin: str) -> Iterator[tuple[HeldKey, Verifier]]:
        """Yield the keys that may sign checkpoints of a log."""
        owner = self.owner_of_log(origin)
        if owner is not None:
            for slot in _LOG_SLOTS:
                for key in self.of(owner[0], slot):
                    yield key, Verifier(origin, _key_type(slot), key.raw)

    def cosigners(self) -> Iterator[tuple[str, str, Verifier]]:
        """Yield (accused, remark, verifier) of all who may cosign, members and outsiders."""
        for history in self._histories.values():
            for slot in _COSIGNING_SLOTS:
                for key in self.of(history.member, slot):
                    yield history.member, key.remark, _cosigner(history.log, key)
        for witness in self._witnesses.values():
            ed25519 = Verifier(witness.name, KeyType.ED25519_COSIGNATURE, witness.ed25519)
            yield witness.name, "", ed25519
            if witness.mldsa44 is not None:
                yield witness.name, "", Verifier(witness.name, KeyType.MLDSA44, witness.mldsa44)

    def mirrors_of(self, member: str) -> tuple[Verifier, ...]:
        """Return the mirror keys of one member, every one it ever had."""
        history = self._histories.get(member)
        return tuple(
            _cosigner(history.log, key)
            for slot in (KeySlot.MIRROR, KeySlot.MIRROR_MLDSA44)
            for key in self.of(member, slot)
            if history is not None
        )


def cosigner_name(log: str, slot: KeySlot) -> str:
    """Return the key name under which a member cosigns: its log's name, which names nobody."""
    return f"{log}/{slot.role.value}"


def _cosigner(log: str, key: HeldKey) -> Verifier:
    return Verifier(cosigner_name(log, key.slot), _key_type(key.slot), key.raw)


def _is_epoch(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 16 and str(int(text)) == text  # noqa: PLR2004  2^53


def _key_type(slot: KeySlot) -> KeyType:
    if slot.value.endswith("_mldsa44"):
        return KeyType.MLDSA44
    return KeyType.ED25519 if slot is KeySlot.LOG else KeyType.ED25519_COSIGNATURE
