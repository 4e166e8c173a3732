"""Weighing many values at once: those that differ in nothing a rule looks at are decided together.

A statement that names a hundred thousand addresses says the same of each of them. What
tells two values apart, besides their name, is which lists and assets they touch and what
their form is; the rest of the decision is made once.
"""

from dataclasses import replace
from datetime import datetime

from detente.watch.acting import Rules, weigh
from detente.watch.invented import is_invented
from detente.watch.model import Claim, Decision, Dossier, Mark
from detente.watch.values import sort_of, why_below_floor, why_unspecific

_KNOWN_MAX = 4_096


class Weigher:
    """Decides about values by one set of rules, at one moment.

    Args:
        rules: of this node; nothing that was said of a value changes while this is used.
        now: aware.
    """

    def __init__(self, rules: Rules, now: datetime) -> None:
        self._rules = rules
        self._now = now
        self._known: dict[object, tuple[Decision, tuple[Mark, ...]]] = {}

    def weigh(self, dossier: Dossier) -> tuple[Decision, tuple[Mark, ...]]:
        """Return what `decide` and `marks_of` return."""
        key = self._key(dossier)
        if key is None:
            return weigh(dossier, self._rules, self._now)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            known = self._known[key] = weigh(dossier, self._rules, self._now)
            return known
        decision, marks = known
        return replace(decision, item=dossier.item), marks

    def _key(self, dossier: Dossier) -> object | None:
        """Return all that a decision depends on but the name; None where that is too much."""
        # Of claims that are otherwise the same, rules look at the order alone.
        claims = [_facts(claim, dossier) for claim in sorted(dossier.claims, key=_order)]
        if dossier.objections or None in claims:
            return None
        item, rules = dossier.item, self._rules
        return (
            tuple(claims),
            sort_of(item),
            rules.benign.lists_of(item),
            item in rules.accepted,
            rules.own.why_own(item),
            why_below_floor(item),
            why_unspecific(item),
            is_invented(item),
        )


def _facts(claim: Claim, dossier: Dossier) -> object | None:
    said = claim.said
    if dossier.newest.get((said.issuer, claim.subject), claim.version) != claim.version:
        return None
    return (
        said.statement,
        claim.basis,
        claim.source,
        claim.handshake,
        claim.since,
        claim.until,
        claim.revoked,
    )


def _order(claim: Claim) -> tuple[datetime, str, int]:
    return (claim.said.moment, claim.said.statement, claim.leaf)
