"""What can be shown to a stranger: receipts, charter chains and proofs of misbehaviour.

For: files that anybody checks off line, where meaning (`charter`, `statements`) and
evidence (`tlog`) are needed together. Trusts: the policy given with the question, a
tlog-policy or the charter chain whose first digest the asker knows; nothing in the
file. A proof shows what a key signed: not who held the key, nor why.
Follows: trust.md sections 2, 4 and 5; C2SP tlog-proof and tlog-policy; RFC 8785.
"""

from detente.proofs.chain import ChainFile, CharterChain, chain_of, parse_chain, verify_chain
from detente.proofs.cosigners import Seen, log_verifiers, policy_text, who_saw
from detente.proofs.errors import ChainError, ProofFileError, ProofRefused, ReceiptRefused
from detente.proofs.file import FILE_BYTES_MAX, ProofFile, ProofKind
from detente.proofs.forks import Trusted, pack_fork, pack_witness_fault
from detente.proofs.garbage import prove_garbage
from detente.proofs.keyring import HeldKey, Keyring, cosigner_name
from detente.proofs.model import WHAT_IT_SHOWS, Shown, Verdict
from detente.proofs.promises import ADOPTION_DUE, REDELIVERY_DUE, prove_broken_promise
from detente.proofs.receipts import (
    ObjectReceipt,
    SaidObject,
    make_object_receipt,
    verify_object_receipt,
    verify_settled_object,
)
from detente.proofs.settled import check_settled
from detente.proofs.speech import (
    prove_denial,
    prove_double_statement,
    prove_epoch_fork,
    prove_key_beyond_cut_off,
)
from detente.proofs.verify import check, parse_policy, verify
from detente.proofs.votes import prove_double_vote

__all__ = [
    "ADOPTION_DUE",
    "FILE_BYTES_MAX",
    "REDELIVERY_DUE",
    "WHAT_IT_SHOWS",
    "ChainError",
    "ChainFile",
    "CharterChain",
    "HeldKey",
    "Keyring",
    "ObjectReceipt",
    "ProofFile",
    "ProofFileError",
    "ProofKind",
    "ProofRefused",
    "ReceiptRefused",
    "SaidObject",
    "Seen",
    "Shown",
    "Trusted",
    "Verdict",
    "chain_of",
    "check",
    "check_settled",
    "cosigner_name",
    "log_verifiers",
    "make_object_receipt",
    "pack_fork",
    "pack_witness_fault",
    "parse_chain",
    "parse_policy",
    "policy_text",
    "prove_broken_promise",
    "prove_denial",
    "prove_double_statement",
    "prove_double_vote",
    "prove_epoch_fork",
    "prove_garbage",
    "prove_key_beyond_cut_off",
    "verify",
    "verify_chain",
    "verify_object_receipt",
    "verify_settled_object",
    "who_saw",
]
