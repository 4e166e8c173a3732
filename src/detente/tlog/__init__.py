"""Evidence: who signed which tree, what stands in it, and who shows two faces.

For: notes, checkpoints, proofs, tiles, witnesses, receipts and fork proofs over
opaque bytes; it cannot read an entry. Trusts: the TRUSTED stores of `ports` and
the keys it is given; every tile, entry, note and peer is checked.
Follows: C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-cosignature
v1.1.0-rc.1, tlog-tiles v0.1.0, tlog-witness v1.0.0, tlog-proof and tlog-policy
(untagged), RFC 9162 section 2.1, draft-ietf-plants-merkle-tree-certs section 4.
"""

from detente.tlog.checkpoint import (
    SIZE_MAX,
    Checkpoint,
)
from detente.tlog.errors import (
    CheckpointError,
    ForkError,
    MirrorError,
    NoteError,
    PolicyError,
    ProofError,
    ReceiptError,
    StaleCheckpoint,
    TileConflict,
    TileError,
    WitnessError,
)
from detente.tlog.fork import (
    Branches,
    Fork,
    ForkProof,
    WitnessFault,
    WitnessFaultProof,
    prove_fork,
    prove_witness_fault,
)
from detente.tlog.hashes import (
    StoredHashes,
    TreeHashes,
)
from detente.tlog.mirror import (
    follow_mirror,
    read_bundle,
    verify_mirror,
)
from detente.tlog.note import (
    Note,
    SignatureLine,
    SignedNote,
    Verified,
    open_note,
    open_signed,
)
from detente.tlog.policy import (
    Group,
    Policy,
    Witnessed,
)
from detente.tlog.ports import (
    LastCheckpoint,
    TileStore,
    WitnessState,
    WitnessStates,
)
from detente.tlog.proofs import (
    HashReader,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    prove_subtree_consistency,
    prove_subtree_inclusion,
    range_root,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)
from detente.tlog.receipt import (
    Receipt,
    inspect_receipt,
    verify_receipt,
)
from detente.tlog.recovery import (
    Fresh,
    RolledBack,
    judge_memory,
)
from detente.tlog.signer import (
    NoteSigner,
)
from detente.tlog.tiles import (
    TilePath,
    bundles_of,
    check_tile,
    compress,
    decompress,
    new_bundles,
    new_tiles,
    pack_entries,
    tiles_of,
    unpack_entries,
)
from detente.tlog.tree import (
    Frontier,
    Growth,
    read_tile,
)
from detente.tlog.verifier import (
    KeyType,
    Verifier,
    WeakKey,
    parse_vkey,
)
from detente.tlog.witness import (
    AddCheckpoint,
    Cosign,
    Cosigned,
    Refused,
    answer,
    decide,
)

__all__ = [
    "SIZE_MAX",
    "AddCheckpoint",
    "Branches",
    "Checkpoint",
    "CheckpointError",
    "Cosign",
    "Cosigned",
    "Fork",
    "ForkError",
    "ForkProof",
    "Fresh",
    "Frontier",
    "Group",
    "Growth",
    "HashReader",
    "KeyType",
    "LastCheckpoint",
    "MirrorError",
    "Note",
    "NoteError",
    "NoteSigner",
    "Policy",
    "PolicyError",
    "ProofError",
    "Receipt",
    "ReceiptError",
    "Refused",
    "RolledBack",
    "SignatureLine",
    "SignedNote",
    "StaleCheckpoint",
    "StoredHashes",
    "TileConflict",
    "TileError",
    "TilePath",
    "TileStore",
    "TreeHashes",
    "Verified",
    "Verifier",
    "WeakKey",
    "WitnessError",
    "WitnessFault",
    "WitnessFaultProof",
    "WitnessState",
    "WitnessStates",
    "Witnessed",
    "answer",
    "bundles_of",
    "check_tile",
    "compress",
    "decide",
    "decompress",
    "follow_mirror",
    "inspect_receipt",
    "judge_memory",
    "leaf_hash",
    "new_bundles",
    "new_tiles",
    "open_note",
    "open_signed",
    "pack_entries",
    "parse_vkey",
    "prove_consistency",
    "prove_fork",
    "prove_inclusion",
    "prove_subtree_consistency",
    "prove_subtree_inclusion",
    "prove_witness_fault",
    "range_root",
    "read_bundle",
    "read_tile",
    "tiles_of",
    "unpack_entries",
    "verify_consistency",
    "verify_inclusion",
    "verify_mirror",
    "verify_receipt",
    "verify_subtree_consistency",
    "verify_subtree_inclusion",
]
