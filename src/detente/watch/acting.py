"""What an indicator does: a pure decision over everything said about one value.

Alerting once verified; actionable with k = max(2, f + 1) independent origins.
Every rule after that only takes away, and says so in words. The answer depends
on the set of statements, not on their order, so it can be repeated from the log.
No member's record lowers k, and no veto stops a node's own detections.
Source: trust.md, section 6.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from detente.watch.assets import Assets
from detente.watch.benign import BenignLookup, NoLists
from detente.watch.model import (
    Basis,
    Claim,
    Decision,
    Dossier,
    Item,
    Level,
    Mark,
    Precision,
    Reason,
    Rule,
    Sort,
)
from detente.watch.origins import Count, Owners, age_from, count_origins, objectors, standing
from detente.watch.precision import Judging, binding_vetoes, judge
from detente.watch.values import sort_of, why_below_floor, why_unspecific

ORIGINS_LEAST = 2
STATEMENTS_SHOWN = 16

# How long a word acts, then how long it alerts. Addresses change hands within weeks.
_LASTS: Mapping[Sort, tuple[timedelta, timedelta]] = {
    Sort.ADDRESS: (timedelta(days=30), timedelta(days=90)),
    Sort.URL: (timedelta(days=60), timedelta(days=180)),
    Sort.NAME: (timedelta(days=90), timedelta(days=365)),
    Sort.MAIL: (timedelta(days=90), timedelta(days=365)),
    Sort.FILE: (timedelta(days=3650), timedelta(days=7300)),
    Sort.OTHER: (timedelta(days=90), timedelta(days=365)),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides besides what was said.

    Attributes:
        f: members the charter is prepared to see hostile at once.
        owners: who answers for whom, and whose node decides.
        own: this node's assets; private.
        registered: member id -> what the charter registers for it.
        benign: the common-benign lists.
        ledger: precision by issuer and class; who is not in it has no record.
        accepted: values that a person of this office let act although many share them.
    """

    f: int
    owners: Owners
    own: Assets = field(default_factory=Assets)
    registered: Mapping[str, Assets] = field(default_factory=dict)
    benign: BenignLookup = field(default_factory=NoLists)
    ledger: Mapping[tuple[str, Sort], Precision] = field(default_factory=dict)
    accepted: frozenset[Item] = frozenset()

    @property
    def needed(self) -> int:
        """k: among so many owners at least one is honest, and no one decides alone."""
        return max(ORIGINS_LEAST, self.f + 1)

    def is_poor(self, issuer: str, sort: Sort) -> bool:
        """Say whether an issuer's record in a class is below the floor."""
        return self.ledger.get((issuer, sort), Precision()).is_poor


def decide(dossier: Dossier, rules: Rules, now: datetime) -> Decision:
    """Decide what one value does at this node.

    Args:
        dossier: everything said about it, in any order.
        rules: this node's.
        now: aware.
    """
    return _decided(dossier, _counted(dossier, rules, now, []), rules, now)


def weigh(dossier: Dossier, rules: Rules, now: datetime) -> tuple[Decision, tuple[Mark, ...]]:
    """Return what `decide` and `marks_of` return, for little more than one of them.

    Both count the same origins where neither a record nor an age passes a claim over.
    """
    passed_over: list[Claim | str] = []
    count = _counted(dossier, rules, now, passed_over)
    decision = _decided(dossier, count, rules, now)
    if passed_over:
        return decision, marks_of(dossier, rules)
    return decision, judge(dossier, count, _judging(rules))


def _counted(
    dossier: Dossier, rules: Rules, now: datetime, passed_over: "list[Claim | str]"
) -> Count:
    """Count the origins; note what a record or an age passes over."""

    def is_poor(issuer: str, sort: Sort) -> bool:
        found = rules.is_poor(issuer, sort)
        passed_over.extend([issuer] if found else [])
        return found

    def why_old(claim: Claim) -> str:
        words = _why_old(claim, now)
        passed_over.extend([claim] if words else [])
        return words

    return count_origins(dossier, rules.owners, is_poor=is_poor, why_old=why_old)


def _decided(dossier: Dossier, count: Count, rules: Rules, now: datetime) -> Decision:
    live = tuple(each for each in standing(dossier) if each.until is None or each.until > now)
    disputes = _disputes(dossier, rules)
    needed = rules.needed + len(disputes)
    reasons = [*_holds(dossier, live, rules, now), _on_origins(count, needed), *disputes]
    level = min(reason.ceiling for reason in reasons)
    if own := [each for each in live if _is_own_detection(each, rules)]:
        level = max(level, Level.ALERTING)
        words = "this node detected harm by it itself: that alerts, whatever others say"
        reasons.append(Reason(Rule.OWN_DETECTION, words, _statements(own)))
    return Decision(
        item=dossier.item,
        level=level,
        reasons=_merged([*reasons, *count.passed_over]),
        origins=tuple(count.origins),
        needed=needed,
        prevalence=len(count.matched),
        due=_due(live, now),
    )


def marks_of(dossier: Dossier, rules: Rules) -> tuple[Mark, ...]:
    """Return what a value says about its issuers' precision; no ledger and no clock go in."""
    count = count_origins(
        dossier, rules.owners, is_poor=lambda _issuer, _sort: False, why_old=lambda _claim: ""
    )
    return judge(dossier, count, _judging(rules))


def _judging(rules: Rules) -> Judging:
    return Judging(
        owners=rules.owners,
        f=rules.f,
        needed=rules.needed,
        benign=rules.benign,
        registered=dict(rules.registered),
    )


def _holds(
    dossier: Dossier, live: tuple[Claim, ...], rules: Rules, now: datetime
) -> Iterator[Reason]:
    """Yield every reason that keeps a value down, or that it is verified where none does."""
    if not live:
        yield _why_nothing_stands(dossier)
        return
    yield Reason(Rule.VERIFIED, "verified; that much alerts", _statements(live))
    yield from _on_its_form(dossier.item)
    yield from _on_lists(dossier.item, rules)
    if own := rules.own.why_own(dossier.item):
        yield Reason(Rule.OWN_ASSET, f"it names our own {own}", ceiling=Level.ALERTING)
    for member, asset, statement in binding_vetoes(dossier, dict(rules.registered)):
        words = f"{member[:16]} vetoed it for its registered {asset}"
        yield Reason(Rule.VETO, words, (statement,), Level.NOTED)
    if all(rules.is_poor(each.said.issuer, sort_of(dossier.item)) for each in live):
        words = "everybody who says so was wrong about this class more often than right"
        yield Reason(Rule.PRECISION, words, ceiling=Level.NOTED)
    if (freshest := max(map(age_from, live))) + _LASTS[sort_of(dossier.item)][1] <= now:
        words = f"nobody has said so since {freshest:%Y-%m-%d}"
        yield Reason(Rule.FADED, words, ceiling=Level.NOTED)


def _on_its_form(item: Item) -> Iterator[Reason]:
    if words := why_below_floor(item):
        yield Reason(Rule.FLOOR, words, ceiling=Level.NOTED)
    if words := why_unspecific(item):
        yield Reason(Rule.UNSPECIFIC, words, ceiling=Level.ALERTING)


def _on_lists(item: Item, rules: Rules) -> Iterator[Reason]:
    for listed in rules.benign.lists_of(item):
        if not listed.is_hint:
            words = f"common and benign: in the list {listed.name!r}"
            yield Reason(Rule.BENIGN, words, ceiling=Level.NOTED)
        elif item in rules.accepted:
            words = f"shared by many ({listed.name!r}); this office let it act all the same"
            yield Reason(Rule.SHARED, words)
        else:
            words = f"shared by many: in the list {listed.name!r}, a hint and no verdict"
            yield Reason(Rule.SHARED, words, ceiling=Level.ALERTING)


def _on_origins(count: Count, needed: int) -> Reason:
    here = len(count.origins)
    shown = f"{here} independent origin{'' if here == 1 else 's'} of {needed}"
    statements = _statements(count.origins.values())
    if here >= needed:
        return Reason(Rule.ENOUGH_ORIGINS, shown, statements)
    return Reason(Rule.ORIGINS, shown, statements, Level.ALERTING)


def _disputes(dossier: Dossier, rules: Rules) -> list[Reason]:
    """Return one reason for each owner whose dispute counts: each asks for one more origin."""
    against = objectors(dossier.objections, dossier, rules.owners)
    return [
        Reason(
            Rule.DISPUTED,
            f"{owner[:64]} disputes it: one more origin is asked for",
            (objection.said.statement,),
        )
        for owner, objection in sorted(against.items())
        if not rules.is_poor(objection.said.issuer, Sort.DISPUTE)
    ]


def _why_nothing_stands(dossier: Dossier) -> Reason:
    if standing(dossier):
        return Reason(Rule.EXPIRED, "no claim is valid any more", ceiling=Level.NOTED)
    return Reason(Rule.WITHDRAWN, "who said so took it back", ceiling=Level.NOTED)


def _why_old(claim: Claim, now: datetime) -> str:
    if claim.until is not None and claim.until <= now:
        return f"ran out on {claim.until:%Y-%m-%d}"
    if age_from(claim) + _LASTS[sort_of(claim.item)][0] <= now:
        return f"is from {age_from(claim):%Y-%m-%d}, too old to act on"
    return ""


def _due(live: tuple[Claim, ...], now: datetime) -> datetime | None:
    """Return the first moment at which a claim fades or runs out."""
    moments: list[datetime] = []
    for claim in live:
        moments += [age_from(claim) + lasts for lasts in _LASTS[sort_of(claim.item)]]
        moments += [] if claim.until is None else [claim.until]
    return min((moment for moment in moments if moment > now), default=None)


def _is_own_detection(claim: Claim, rules: Rules) -> bool:
    return claim.basis is Basis.DETECTION and claim.said.issuer == rules.owners.me


def _merged(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return each reason once, with its statements, what withholds most first."""
    found: dict[tuple[Rule, str], Reason] = {}
    for each in reasons:
        known = found.setdefault((each.rule, each.words), each)
        both = sorted({*known.statements, *each.statements})[:STATEMENTS_SHOWN]
        found[each.rule, each.words] = replace(known, statements=tuple(both))
    return tuple(sorted(found.values(), key=lambda each: each.ceiling))


def _statements(claims: Iterable[Claim]) -> tuple[str, ...]:
    return tuple(sorted({each.said.statement for each in claims})[:STATEMENTS_SHOWN])
