"""The precision ledger: what became of each issuer's word, by class, one mark for each value.

A mark is bound to (issuer, class, value). Retracting and saying again makes no
second mark and removes none, so a score cannot be washed (A34). Confirmations
never lower the number of origins asked for: no record buys a promotion (A58).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from detente.watch.assets import Assets
from detente.watch.benign import BenignLookup
from detente.watch.invented import is_invented
from detente.watch.model import Basis, Dossier, Mark, Outcome, Precision, Sort, Stance
from detente.watch.origins import Count, Owners, objectors, withdrawn_by
from detente.watch.values import sort_of, why_below_floor

Ledger = dict[tuple[str, Sort], Precision]


@dataclass(frozen=True, slots=True)
class Judging:
    """What judging needs besides the dossier.

    Attributes:
        owners: who answers for whom.
        f: how many members may be hostile: as many disputes alone refute nothing.
        needed: origins that confirm a value.
        benign: the lists.
        registered: member id -> what the charter registers for it.
    """

    owners: Owners
    f: int
    needed: int
    benign: BenignLookup
    registered: dict[str, Assets]


def judge(dossier: Dossier, count: Count, judging: Judging) -> tuple[Mark, ...]:
    """Return the marks one value gives.

    Args:
        dossier: what was said about it.
        count: its origins, counted without regard to any ledger or age.
        judging: the rest.
    """
    sort = sort_of(dossier.item)
    benign = _why_benign(dossier, judging)
    against = objectors(dossier.objections, dossier, judging.owners)
    is_confirmed = len(count.origins) >= judging.needed
    disputed = len(against) > judging.f and not is_confirmed
    withdrawn = withdrawn_by(dossier)
    own_finding = {
        claim.said.issuer for claim in count.origins.values() if claim.basis is Basis.DETECTION
    }
    marks: list[Mark] = []
    for issuer in sorted({claim.said.issuer for claim in dossier.claims}):
        if issuer in withdrawn:
            marks.append(Mark(issuer, sort, Outcome.REFUTED, "taken back by itself"))
        elif words := benign or _why_vetoed(dossier, issuer, judging):
            marks.append(Mark(issuer, sort, Outcome.REFUTED, words))
        elif disputed:
            words = f"disputed by {len(against)} owners"
            marks.append(Mark(issuer, sort, Outcome.REFUTED, words))
        elif is_confirmed and issuer in own_finding:
            marks.append(Mark(issuer, sort, Outcome.CONFIRMED, "found by others on their own"))
    if is_confirmed and not benign:
        marks += _false_disputes(dossier, count, judging)
    return tuple(marks)


def tally(marks: Iterable[Mark]) -> Ledger:
    """Return the precision of each issuer in each class."""
    counted = Counter((mark.issuer, mark.sort, mark.outcome) for mark in marks)
    return {
        (issuer, sort): Precision(
            confirmed=counted[issuer, sort, Outcome.CONFIRMED],
            refuted=counted[issuer, sort, Outcome.REFUTED],
        )
        for issuer, sort in sorted({(issuer, sort) for issuer, sort, _ in counted})
    }


def binding_vetoes(
    dossier: Dossier, registered: dict[str, Assets]
) -> tuple[tuple[str, str, str], ...]:
    """Return (member, asset, statement) of the vetoes that bind: for one's registered assets."""
    found = []
    for each in dossier.objections:
        if each.stance is Stance.VETO:
            own = registered.get(each.said.issuer, Assets()).why_own(dossier.item)
            if own:
                found.append((each.said.issuer, own, each.said.statement))
    return tuple(sorted(found))


def _why_benign(dossier: Dossier, judging: Judging) -> str:
    if is_invented(dossier.item):
        return ""  # who names what nobody has rehearses; that says nothing of its judgement
    listed = next(
        (each for each in judging.benign.lists_of(dossier.item) if not each.is_hint), None
    )
    return f"in the list {listed.name!r}" if listed else why_below_floor(dossier.item)


def _why_vetoed(dossier: Dossier, issuer: str, judging: Judging) -> str:
    for member, own, _ in binding_vetoes(dossier, judging.registered):
        if member != issuer:
            return f"vetoed by its owner: {own}"
    return ""


def _false_disputes(dossier: Dossier, count: Count, judging: Judging) -> list[Mark]:
    """Mark who disputed what independent origins confirm (A59)."""
    behind = {judging.owners.owner(claim.said.issuer) for claim in count.origins.values()}
    words = "disputed what independent origins found"
    against = objectors(dossier.objections, dossier, judging.owners)
    vetoed_by = {member for member, _, _ in binding_vetoes(dossier, judging.registered)}
    return [
        Mark(objection.said.issuer, Sort.DISPUTE, Outcome.REFUTED, words)
        for owner, objection in sorted(against.items())
        if owner not in behind and objection.said.issuer not in vetoed_by
    ]
