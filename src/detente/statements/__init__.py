"""What members say: headers, sealed content, STIX objects, patterns, openings.

For: binding what was said to one unit, issuer and place, so that it can be
neither replayed nor copied, and showing parts of it without the rest. Trusts:
the charter's word on who may speak; nothing else that came from outside, and
nothing in a header but its signed bytes. Follows: trust.md section 2; STIX 2.1
with its patterning and the TLP 2.0 extension; RFC 9162 trees; RFC 9180 sealing;
the STREAM construction in the layout of age v1.
"""

from detente.statements.batch import (
    BatchReader,
    BatchSummary,
    IndexRow,
    RejectedLeaf,
    read_batch,
    serialise,
)
from detente.statements.bundle import (
    Bundle,
    RejectedObject,
    parse_bundle,
    print_bundle,
    reissue,
    reissued_id,
)
from detente.statements.content import (
    Content,
    Leaf,
    check_commitment,
    commitment,
    make_content,
    pad_content,
)
from detente.statements.encryption import (
    ciphertext_hash,
    ciphertext_size,
    decrypt_chunks,
    decrypt_content,
    encrypt_chunks,
    encrypt_content,
)
from detente.statements.errors import (
    ContentError,
    PatternError,
    SealingError,
    StatementError,
    StixError,
)
from detente.statements.expressions import Pattern
from detente.statements.handling import Handling
from detente.statements.header import UNIT, Clear, Header, Position, Sealed
from detente.statements.hpke import HpkeOpener
from detente.statements.kinds import MAIN_TYPES, Kind
from detente.statements.markings import Markings, Pap, Tlp, read_markings, tlp_marking
from detente.statements.opening import (
    Opening,
    ShownLeaf,
    giving_away,
    narrow,
    open_leaves,
    showable,
    verify_opening,
)
from detente.statements.padding import padme
from detente.statements.pattern import parse_pattern
from detente.statements.ports import Entropy, Opener, Sealer
from detente.statements.sealing import (
    SEALING_KEY_BYTES,
    Delivered,
    Erased,
    Garbage,
    Grant,
    Publication,
    Undelivered,
    check_answer,
    check_complaint,
    check_wrap,
    open_content,
    read_content,
    readers_of,
    seal_for,
    show_delivery,
    wrap_hashes,
    wrap_info,
)
from detente.statements.statement import (
    Statement,
    parse_entry,
    sign_statement,
    spoken,
    verify_statement,
)
from detente.statements.stix import (
    StixObject,
    TimeLimits,
    check_author,
    check_times,
    decode_object,
    encode_object,
    identity_of,
)
from detente.statements.times import Backdated, Timely, check_not_future, timeliness

__all__ = [
    "MAIN_TYPES",
    "SEALING_KEY_BYTES",
    "UNIT",
    "Backdated",
    "BatchReader",
    "BatchSummary",
    "Bundle",
    "Clear",
    "Content",
    "ContentError",
    "Delivered",
    "Entropy",
    "Erased",
    "Garbage",
    "Grant",
    "Handling",
    "Header",
    "HpkeOpener",
    "IndexRow",
    "Kind",
    "Leaf",
    "Markings",
    "Opener",
    "Opening",
    "Pap",
    "Pattern",
    "PatternError",
    "Position",
    "Publication",
    "RejectedLeaf",
    "RejectedObject",
    "Sealed",
    "Sealer",
    "SealingError",
    "ShownLeaf",
    "Statement",
    "StatementError",
    "StixError",
    "StixObject",
    "TimeLimits",
    "Timely",
    "Tlp",
    "Undelivered",
    "check_answer",
    "check_author",
    "check_commitment",
    "check_complaint",
    "check_not_future",
    "check_times",
    "check_wrap",
    "ciphertext_hash",
    "ciphertext_size",
    "commitment",
    "decode_object",
    "decrypt_chunks",
    "decrypt_content",
    "encode_object",
    "encrypt_chunks",
    "encrypt_content",
    "giving_away",
    "identity_of",
    "make_content",
    "narrow",
    "open_content",
    "open_leaves",
    "pad_content",
    "padme",
    "parse_bundle",
    "parse_entry",
    "parse_pattern",
    "print_bundle",
    "read_batch",
    "read_content",
    "read_markings",
    "readers_of",
    "reissue",
    "reissued_id",
    "seal_for",
    "serialise",
    "show_delivery",
    "showable",
    "sign_statement",
    "spoken",
    "timeliness",
    "tlp_marking",
    "verify_opening",
    "verify_statement",
    "wrap_hashes",
    "wrap_info",
]
