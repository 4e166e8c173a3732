"""The one gate outward: may this leave, to whom, in what form, and what may be done with it.

For: keeping every label that was given, also one's own mistakes and other
members' re-shares, and saying why something stays. Trusts: that the caller
verified signatures and asks with the true reader; commitments are checked here.
Follows: TLP 2.0 (FIRST, August 2022), PAP, trust.md section 2.
"""

from detente.release.errors import ReleaseError
from detente.release.gate import (
    Cleared,
    Form,
    Full,
    HeaderOnly,
    Redacted,
    Withheld,
    addressees,
    decide,
    decide_audience,
)
from detente.release.held import Held, draft, forget, hold
from detente.release.model import (
    Circle,
    ClientReader,
    MemberReader,
    Onward,
    Origin,
    PublicReader,
    Reader,
    Scope,
    Standing,
    Use,
)
from detente.release.reach import Relation, onward_scope, pap_permits, tlp_reaches
from detente.release.sealing import seal_cleared
from detente.release.terms import Terms

__all__ = [
    "Circle",
    "Cleared",
    "ClientReader",
    "Form",
    "Full",
    "HeaderOnly",
    "Held",
    "MemberReader",
    "Onward",
    "Origin",
    "PublicReader",
    "Reader",
    "Redacted",
    "Relation",
    "ReleaseError",
    "Scope",
    "Standing",
    "Terms",
    "Use",
    "Withheld",
    "addressees",
    "decide",
    "decide_audience",
    "draft",
    "forget",
    "hold",
    "onward_scope",
    "pap_permits",
    "seal_cleared",
    "tlp_reaches",
]
