"""Public systems of an election under pressure: what single log lines cannot say.

For: an office's own web and mail logs, read beside the rules of the watch.
Trusts: nothing in a log; whoever writes requests chooses most of it. A scan, a
test and a crowd look alike in figures: each finding says the innocent cause
first. Follows: the record of 2016 to 2020 (docs/guides/elections.md).
"""

from detente.elections.systems.campaigns import campaigns
from detente.elections.systems.floods import Flood, floods, quiet_in_floods
from detente.elections.systems.gaps import log_gaps
from detente.elections.systems.looking import look_at_letters, look_at_requests
from detente.elections.systems.model import Finding, Letter, Request, Sign
from detente.elections.systems.pace import constant_rates, slow_then_fast
from detente.elections.systems.probes import Probe, Technique, probes
from detente.elections.systems.senders import bulk_from_new_domains, trusted_names_elsewhere
from detente.elections.systems.tools import tool_orders
from detente.elections.systems.walks import walks

__all__ = [
    "Finding",
    "Flood",
    "Letter",
    "Probe",
    "Request",
    "Sign",
    "Technique",
    "bulk_from_new_domains",
    "campaigns",
    "constant_rates",
    "floods",
    "log_gaps",
    "look_at_letters",
    "look_at_requests",
    "probes",
    "quiet_in_floods",
    "slow_then_fast",
    "tool_orders",
    "trusted_names_elsewhere",
    "walks",
]
