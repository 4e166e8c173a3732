"""Which claims are origins: independent detections of harm, however often they are repeated.

An origin is one owner's own detection, committed in its log before it received
the indicator. Who read another's claim is taken to have it from its own mirror
cosignature on; one that does not cosign is taken to have it a checkpoint interval
after others showed it. One owner is one origin at most, so is one outside source.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from detente.statements.stix import identity_of
from detente.watch.model import Basis, Claim, Dossier, Objection, Reason, Rule, Sort, Stance
from detente.watch.values import sort_of

RECEIVED_AT_LATEST = timedelta(seconds=60)  # the longest time between two checkpoints
BULK_ITEMS = 10_000  # a statement that names more alerts, and counts as nobody's detection


@dataclass(frozen=True, slots=True)
class Owners:
    """Who answers for whom.

    Attributes:
        of_member: member id -> its owner: the legal entity where one is named, else the member
            itself. Several members of one owner count once (A44).
        me: the member whose node decides.
    """

    of_member: Mapping[str, str]
    me: str

    def owner(self, member: str) -> str:
        """Return who answers for a member."""
        return self.of_member.get(member, member)

    def is_inside(self, source: str) -> bool:
        """Say whether an outside source is a member after all, by its STIX or MISP identity."""
        return any(identity_of(each).partition("--")[2] in source for each in self.of_member)


@dataclass(frozen=True, slots=True)
class Count:
    """What the claims on one value amount to.

    Attributes:
        origins: label -> the claim it stands for, labels ascending.
        matched: owners who saw the value without being an origin.
        passed_over: why the other claims count as none.
    """

    origins: Mapping[str, Claim]
    matched: frozenset[str]
    passed_over: tuple[Reason, ...]


def count_origins(
    dossier: Dossier,
    owners: Owners,
    *,
    is_poor: Callable[[str, Sort], bool],
    why_old: Callable[[Claim], str],
) -> Count:
    """Count the independent origins among the claims of a dossier.

    Args:
        dossier: what was said about one value.
        owners: who answers for whom.
        is_poor: whether an issuer's precision in a class is below the floor.
        why_old: why a claim is too old to act on, "" where it is not.
    """
    withdrawn = withdrawn_by(dossier)
    offers: dict[str, dict[str, Claim]] = {}
    passed_over: list[Reason] = []
    for claim in sorted(dossier.claims, key=_order):
        reason = (
            _why_issuer_does_not_count(claim, withdrawn, is_poor)
            or _why_not_on_its_ground(claim, owners)
            or _why_not_first(claim, dossier, owners, is_poor)
            or _why_too_old(claim, why_old)
        )
        if reason is None:
            labels = offers.setdefault(owners.owner(claim.said.issuer), {})
            labels.setdefault(_label(claim, owners), claim)
        else:
            passed_over.append(reason)
    origins = _one_each(offers)
    matched = {
        owners.owner(claim.said.issuer)
        for claim in dossier.claims
        if claim.basis in (Basis.MATCH, Basis.DETECTION)
    }
    return Count(
        origins=dict(sorted(origins.items())),
        matched=frozenset(matched - origins.keys()),
        passed_over=tuple(passed_over),
    )


def withdrawn_by(dossier: Dossier) -> frozenset[str]:
    """Return the issuers that ever took a claim on this value back while it ran.

    Taking back is for good: saying it again alerts, and is no origin any more (A34).
    """
    retracted = _retractions(dossier)
    newest_here = {(claim.said.issuer, claim.subject, claim.version) for claim in dossier.claims}
    gone: set[str] = set()
    for claim in dossier.claims:
        moment = retracted.get((claim.said.issuer, claim.said.statement))
        in_time = moment is not None and (claim.until is None or moment < claim.until)
        if claim.revoked or in_time or _replaced(claim, dossier, newest_here):
            gone.add(claim.said.issuer)
    return frozenset(gone)


def standing(dossier: Dossier) -> tuple[Claim, ...]:
    """Return the claims that were neither taken back nor replaced by a newer version."""
    retracted = _retractions(dossier)
    return tuple(
        claim
        for claim in sorted(dossier.claims, key=_order)
        if not claim.revoked
        and (claim.said.issuer, claim.said.statement) not in retracted
        and dossier.newest.get((claim.said.issuer, claim.subject), claim.version) <= claim.version
    )


def objectors(
    objections: Iterable[Objection], dossier: Dossier, owners: Owners
) -> dict[str, Objection]:
    """Return, by owner, who disputes the claims; a stranger's retraction is a dispute (A33)."""
    issuers = {claim.said.statement: claim.said.issuer for claim in dossier.claims}
    found: dict[str, Objection] = {}
    for each in sorted(objections, key=lambda each: (each.said.moment, each.said.statement)):
        own = issuers.get(each.about) == each.said.issuer
        if not (own and each.stance is Stance.RETRACTION):
            found.setdefault(owners.owner(each.said.issuer), each)
    return found


def _retractions(dossier: Dossier) -> dict[tuple[str, str], datetime]:
    """Return (issuer, statement) -> when the issuer first took it back."""
    found: dict[tuple[str, str], datetime] = {}
    for each in dossier.objections:
        if each.stance is Stance.RETRACTION:
            place = (each.said.issuer, each.about)
            found[place] = min(each.said.moment, found.get(place, each.said.moment))
    return found


def _replaced(
    claim: Claim, dossier: Dossier, newest_here: set[tuple[str, str, tuple[str, str]]]
) -> bool:
    """Say whether a newer version of the object names another value, or none."""
    issuer, subject = claim.said.issuer, claim.subject
    newest = dossier.newest.get((issuer, subject), claim.version)
    return newest > claim.version and (issuer, subject, newest) not in newest_here


def _why_issuer_does_not_count(
    claim: Claim, withdrawn: frozenset[str], is_poor: Callable[[str, Sort], bool]
) -> Reason | None:
    issuer = claim.said.issuer
    if issuer in withdrawn:
        words = f"{_short(issuer)} took its word on this value back once; it counts no more"
        return _passed(Rule.WITHDRAWN, claim, words)
    if is_poor(issuer, sort_of(claim.item)):
        words = f"{_short(issuer)} was wrong about this class more often than right"
        return _passed(Rule.PRECISION, claim, words)
    if claim.said.items > BULK_ITEMS:
        words = f"one statement with {claim.said.items} values is nobody's detection of each"
        return _passed(Rule.BULK, claim, words)
    return None


def _why_not_on_its_ground(claim: Claim, owners: Owners) -> Reason | None:
    issuer = _short(claim.said.issuer)
    match claim.basis:
        case Basis.UNSTATED:
            return _passed(Rule.UNSTATED, claim, f"{issuer} does not say that it saw harm itself")
        case Basis.MATCH:
            return _passed(Rule.MATCH, claim, f"{issuer} matched what was named: prevalence")
        case Basis.IMPORT:
            if owners.is_inside(claim.source):
                return _passed(Rule.ECHO, claim, f"{issuer} repeats what another member said")
        case Basis.DETECTION:
            if sort_of(claim.item) is Sort.ADDRESS and not claim.handshake:
                words = f"{issuer} saw no completed handshake: the address may be forged"
                return _passed(Rule.NO_HANDSHAKE, claim, words)
    if claim.said.committed is None:
        return _passed(Rule.UNSEEN, claim, f"nobody but {issuer} has shown its log so far yet")
    return None


def _why_not_first(
    claim: Claim, dossier: Dossier, owners: Owners, is_poor: Callable[[str, Sort], bool]
) -> Reason | None:
    """Refuse a detection that was committed after its issuer had another's word on the value."""
    if claim.basis is not Basis.DETECTION or claim.said.committed is None:
        return None
    reader = claim.said.issuer
    for other in sorted(dossier.claims, key=_order):
        if owners.owner(other.said.issuer) == owners.owner(reader):
            continue
        # Who lists the whole Internet must not turn everybody's findings into echoes.
        if is_poor(other.said.issuer, sort_of(other.item)):
            continue
        received = _received(other, reader)
        if received is not None and _had_it_first(claim, other):
            words = (
                f"{_short(reader)} had the word of {_short(other.said.issuer)} on it from"
                f" {received:%Y-%m-%dT%H:%M:%SZ}, and committed its own after that: an echo"
            )
            return _passed(Rule.ECHO, claim, words)
    return None


def _why_too_old(claim: Claim, why_old: Callable[[Claim], str]) -> Reason | None:
    words = why_old(claim)
    if not words:
        return None
    return _passed(Rule.FADED, claim, f"the word of {_short(claim.said.issuer)} {words}")


def age_from(claim: Claim) -> datetime:
    """Return when a claim begins to age: an import no later than its source made it valid."""
    if claim.basis is Basis.IMPORT:
        return min(claim.since, claim.said.moment)
    return claim.said.moment


def _received(claim: Claim, reader: str) -> datetime | None:
    """Return when a reader had a claim at the latest, None where it was not addressed to it."""
    if reader not in claim.said.readers:
        return None
    shown = [claim.said.held[reader]] if reader in claim.said.held else []
    if claim.said.committed is not None:
        shown.append(claim.said.committed + RECEIVED_AT_LATEST)
    return min(shown, default=None)


def _had_it_first(claim: Claim, other: Claim) -> bool:
    """Say whether the issuer of a claim had another's before it committed its own.

    Cosignatures name whole seconds: of two words of one second each may seem the other's echo.
    The first in order then stands, or whoever repeats fast enough voids the finding it repeats.
    """
    if not _is_received(other, claim):
        return False
    return not _is_received(claim, other) or _order(other) < _order(claim)


def _is_received(one: Claim, other: Claim) -> bool:
    """Say whether the issuer of the other claim had the one when it committed its own."""
    received, committed = _received(one, other.said.issuer), other.said.committed
    return received is not None and committed is not None and received <= committed


def _label(claim: Claim, owners: Owners) -> str:
    if claim.basis is Basis.IMPORT:
        return f"source {claim.source}"
    return owners.owner(claim.said.issuer)


def _one_each(offers: Mapping[str, Mapping[str, Claim]]) -> dict[str, Claim]:
    """Give as many owners as possible a label of their own (Kuhn's matching, owners in order)."""
    holder: dict[str, str] = {}

    def place(owner: str, tried: set[str]) -> bool:
        for label in sorted(offers[owner], key=lambda label: (label != owner, label)):
            if label in tried:
                continue
            tried.add(label)
            if label not in holder or place(holder[label], tried):
                holder[label] = owner
                return True
        return False

    for owner in sorted(offers):
        place(owner, set())
    return {label: offers[owner][label] for label, owner in holder.items()}


def _passed(rule: Rule, claim: Claim, words: str) -> Reason:
    return Reason(rule, words, (claim.said.statement,))


def _order(claim: Claim) -> tuple[datetime, str, int, str]:
    return (claim.said.moment, claim.said.statement, claim.leaf, claim.item.value)


def _short(member: str) -> str:
    return member[:16]
