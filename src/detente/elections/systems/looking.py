"""One log at a time, through every check that fits it."""

from collections.abc import Mapping, Sequence

from detente.elections.systems.campaigns import campaigns
from detente.elections.systems.floods import flood_findings, floods, quiet_in_floods
from detente.elections.systems.gaps import log_gaps
from detente.elections.systems.model import Finding, Letter, Request
from detente.elections.systems.pace import constant_rates, slow_then_fast
from detente.elections.systems.probes import probes
from detente.elections.systems.senders import bulk_from_new_domains, trusted_names_elsewhere
from detente.elections.systems.tools import tool_orders
from detente.elections.systems.walks import walks


def look_at_requests(requests: Sequence[Request]) -> list[Finding]:
    """Every sign in one web server's log, whatever order its lines are in."""
    ordered = sorted(requests, key=lambda each: each.at)
    seen = probes(ordered)
    flooded = floods(ordered)
    return [
        *quiet_in_floods(ordered, flooded),
        *slow_then_fast(seen),
        *campaigns(seen),
        *tool_orders(ordered),
        *walks(ordered),
        *constant_rates(ordered),
        *flood_findings(flooded),
        *log_gaps([(request.line, request.at) for request in ordered]),
    ]


def look_at_letters(
    letters: Sequence[Letter], known: Mapping[str, frozenset[str]] | None = None
) -> list[Finding]:
    """Every sign in one mail log.

    Args:
        letters: of the log.
        known: names the office trusts, with the domains that are theirs.
    """
    ordered = sorted(letters, key=lambda each: each.at)
    return [
        *trusted_names_elsewhere(ordered, known),
        *bulk_from_new_domains(ordered),
        *log_gaps([(letter.line, letter.at) for letter in ordered]),
    ]
