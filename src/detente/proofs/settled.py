"""A ballot counts in a certificate once its own receipt is settled (trust.md, section 4).

Otherwise an old stolen key could grow a second chain in private, of ballots that
nobody ever saw.
"""

from dataclasses import replace

from detente.charter import Charter, KeySlot, Member, MemberKeys
from detente.errors import UnitError
from detente.proofs.cosigners import Seen, who_saw
from detente.proofs.errors import ChainError
from detente.proofs.keyring import Keyring
from detente.signing import leaf_hash, verify_inclusion
from detente.statements import Statement
from detente.tlog import Receipt


def check_settled(
    statement: Statement, receipt: Receipt, charter: Charter, keyring: Keyring
) -> Seen:
    """Check that a statement stands in its issuer's log under a quorum's cosignatures.

    Args:
        statement: signature checked by the caller.
        receipt: its tlog-proof.
        charter: whose quorum it is: the one in force when it was said.
        keyring: for keys that were rotated since that charter.

    Raises:
        ChainError: another index, no member, or too few cosigners.
        NoteError, CheckpointError, ProofError: the note, or the entry's place in it.
    """
    header = statement.header
    if receipt.index != header.seq:
        raise ChainError(f"entry {header.seq} comes with the receipt of entry {receipt.index}")
    seen = _who_saw(receipt.checkpoint, header.issuer, header.epoch, charter, keyring)
    verify_inclusion(
        leaf_hash=leaf_hash(statement.to_entry()),
        index=receipt.index,
        size=seen.checkpoint.size,
        proof=receipt.hashes,
        root=seen.checkpoint.root,
    )
    if not seen.settled:
        raise ChainError(
            f"entry {header.seq} of member {header.issuer[:16]}… is {seen}, "
            f"{seen.rule.q} are needed"
        )
    return seen


def _who_saw(note: bytes, issuer: str, epoch: int, charter: Charter, keyring: Keyring) -> Seen:
    rotated = replace(
        charter, members=tuple(_with_newest_keys(each, keyring) for each in charter.members)
    )
    failure: UnitError = ChainError(f"{issuer[:16]}… is no member of that charter")
    for view in (charter, rotated):
        owner = view.member(issuer)
        if owner is None:
            break
        try:
            seen = who_saw(view, replace(owner, epoch=epoch), note)
        except UnitError as error:
            failure = error
        else:
            if seen.settled or view is rotated:
                return seen
    raise failure


def _with_newest_keys(member: Member, keyring: Keyring) -> Member:
    raw = {slot: member.keys.key(slot) for slot in KeySlot}
    for slot in KeySlot:
        if ever := keyring.of(member.id, slot):
            raw[slot] = ever[-1].raw
    by_name = {slot.value: key for slot, key in raw.items()}
    return replace(member, keys=MemberKeys(**by_name, recovery_hash=member.keys.recovery_hash))
