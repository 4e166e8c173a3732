"""Proof that what was sealed to a reader is garbage (trust.md, section 2).

The reader complained with a one-time key, the issuer logged a wrap to it, the
reader published the one-time secret: now everybody can open, and look.
"""

from typing import assert_never

from detente.proofs.chain import CharterChain
from detente.proofs.errors import ProofRefused
from detente.proofs.file import ProofFile, ProofKind
from detente.proofs.judged import judge_entry
from detente.proofs.model import Shown
from detente.statements import (
    Delivered,
    Garbage,
    HpkeOpener,
    check_answer,
    check_complaint,
    parse_entry,
    show_delivery,
)


def prove_garbage(
    *, statement: bytes, complaint: bytes, delivery: bytes, ciphertext: bytes, secret: bytes
) -> ProofFile:
    """Put a statement, its complaint, the answer and the published secret into a file."""
    parts = {
        "statement": statement,
        "complaint": complaint,
        "delivery": delivery,
        "ciphertext": ciphertext,
        "one_time_secret": secret,
    }
    return ProofFile(ProofKind.GARBAGE, parts)


def check_garbage(proof: ProofFile, chain: CharterChain) -> Shown:
    """Check that an issuer's logged answer does not open to what its statement commits to.

    The complaint needs no signature of its own: the issuer's answer names its hash.

    Raises:
        UnitError: it is not shown, or it opens well.
    """
    said = judge_entry(proof.one("statement"), chain)
    answer = judge_entry(proof.one("delivery"), chain)
    complaint = parse_entry(proof.one("complaint"))
    statement = said.statement
    charter = chain.charter(statement.header.charter)
    if charter is None:
        raise ProofRefused("the statement was said under a charter that is not in the chain")
    undelivered = check_complaint(
        complaint.header,
        statement.header,
        payload_hash=statement.payload_hash,
        members=tuple(sorted(charter.member_ids)),
    )
    grant = check_answer(
        answer.statement.header,
        complaint.header,
        statement.header,
        complaint_hash=complaint.payload_hash,
    )
    shown = show_delivery(
        statement.header,
        undelivered,
        grant,
        ciphertext=proof.one("ciphertext"),
        opener=HpkeOpener(proof.one("one_time_secret")),
    )
    match shown:
        case Delivered():
            raise ProofRefused("the answer opens to what the statement commits to")
        case Garbage():
            what = f"a commitment, and an answer that does not open to it ({shown.reason})"
            return Shown(said.issuer, what + said.remark)
        case _:
            assert_never(shown)
