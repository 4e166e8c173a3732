"""Risk-limiting audits: how sure the paper makes us that the right ones won.

For: the arithmetic that every published figure of an audit can be recomputed
with. Trusts: nothing; cards and records come as values. Follows: Stark,
"ALPHA" (2023) and "SHANGRLA" (2020), and the papers named in each module.
"""

from detente.elections.audit.compute import METHODS, compute
from detente.elections.audit.irv import Assertion, Sufficiency, sufficiency
from detente.elections.audit.martingale import Null, Trajectory, alpha, betting, null_means
from detente.elections.audit.sampler import check_seed, draw, ticket

__all__ = [
    "METHODS",
    "Assertion",
    "Null",
    "Sufficiency",
    "Trajectory",
    "alpha",
    "betting",
    "check_seed",
    "compute",
    "draw",
    "null_means",
    "sufficiency",
    "ticket",
]
