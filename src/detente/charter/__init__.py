"""Who the members are, their keys over time, and what quorum binds them.

For: answering "may this key speak for this member at this position?" and "does
this charter follow that one?" the same way at every node. Trusts: the digest of the
first charter, pinned by whoever asks; values of `Spoken`, whose maker has checked
the signature. Nobody's clock, and no member's word about another.
Follows: trust.md, sections 1, 3 (quorums) and 4; the rule of TUF that version N+1
needs the old and the new; Unicode TR 39 for names.
"""

from detente.charter.document import check_charter, parse_charter
from detente.charter.errors import (
    BallotError,
    CertificateError,
    CharterError,
    CharterFormatError,
    FoundingError,
    KeyHistoryError,
    NameRefused,
    SuccessionError,
    UnsafeUnit,
)
from detente.charter.model import (
    CHARTER_BYTES_MAX,
    MEMBERS_MAX,
    SIGNING_SLOTS,
    AssetKind,
    Charter,
    KeySlot,
    Member,
    MemberKeys,
    OutsideWitness,
    Quota,
    Refused,
    RegisteredAsset,
    Spoken,
    member_id,
)
from detente.charter.quorum import (
    Governance,
    Settlement,
    governance,
    governance_of,
    require_safe,
    settlement,
    settlement_of,
)

__all__ = [
    "CHARTER_BYTES_MAX",
    "MEMBERS_MAX",
    "SIGNING_SLOTS",
    "AssetKind",
    "BallotError",
    "CertificateError",
    "Charter",
    "CharterError",
    "CharterFormatError",
    "FoundingError",
    "Governance",
    "KeyHistoryError",
    "KeySlot",
    "Member",
    "MemberKeys",
    "NameRefused",
    "OutsideWitness",
    "Quota",
    "Refused",
    "RegisteredAsset",
    "Settlement",
    "Spoken",
    "SuccessionError",
    "UnsafeUnit",
    "check_charter",
    "governance",
    "governance_of",
    "member_id",
    "parse_charter",
    "require_safe",
    "settlement",
    "settlement_of",
]
