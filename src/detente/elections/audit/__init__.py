"""Risk-limiting audits: how sure the paper makes us that the right ones won.

For: the arithmetic that every published figure of an audit can be recomputed
with. Trusts: nothing; cards and records come as values. Follows: Stark,
"ALPHA" (2023) and "SHANGRLA" (2020), and the papers named in each module.
"""

from detente.elections.audit.comparing import Absent, Hand, Judged, Need, Rates, judge, plan
from detente.elections.audit.compute import METHODS, compute
from detente.elections.audit.contests import Assorter, Choice, Contest, MoreVotes, Share
from detente.elections.audit.electorate import Electorate
from detente.elections.audit.hand_count import winners_by_rankings, winners_by_tally
from detente.elections.audit.irv import Assertion, Sufficiency, sufficiency
from detente.elections.audit.martingale import Null, Trajectory, alpha, betting, null_means
from detente.elections.audit.outcome import (
    Confirmed,
    Counted,
    FullCount,
    MoreCards,
    Outcome,
    Rule,
    decide,
)
from detente.elections.audit.sampler import check_seed, draw, ticket

__all__ = [
    "METHODS",
    "Absent",
    "Assertion",
    "Assorter",
    "Choice",
    "Confirmed",
    "Contest",
    "Counted",
    "Electorate",
    "FullCount",
    "Hand",
    "Judged",
    "MoreCards",
    "MoreVotes",
    "Need",
    "Null",
    "Outcome",
    "Rates",
    "Rule",
    "Share",
    "Sufficiency",
    "Trajectory",
    "alpha",
    "betting",
    "check_seed",
    "compute",
    "decide",
    "draw",
    "judge",
    "null_means",
    "plan",
    "sufficiency",
    "ticket",
    "winners_by_rankings",
    "winners_by_tally",
]
