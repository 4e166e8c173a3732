"""The round protocol: what an honest member may sign next, given what it signed and saw.

Pure decisions over a view, which is a set of ballots. Why two certificates for
one version cannot exist: two quorums of the old members share an honest one; it
says yes once a round, confirms only on sight of a quorum of yes, shows the highest
such quorum when it closes, and confirms nothing in or below a round it has closed
or passed. The search in tests/simulation walks these functions, not a model of
them. Source: trust.md, section 4; docs/adr/0010 and 0011 where it was mended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from detente.charter.ballots import Proposal
from detente.charter.model import Refused

ROUND_LENGTH_MAX = timedelta(days=30)  # nobody can keep a round open for years


@dataclass(frozen=True, slots=True)
class Highest:
    """A round and digest for which a quorum of yes was seen; orders by round."""

    round: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """One ballot, its signature checked, its shown set resolved into the same view.

    Attributes:
        kind: "yes", "confirm" or "close".
        member: who cast it.
        round: from 1.
        digest: of the charter; "" for a close.
        shown: of a close, the highest quorum it shows, if any.
        expires: of the proposal it answers; None for a close.
        hash: payload hash of the statement.
    """

    kind: str
    member: str
    round: int
    digest: str = ""
    shown: Highest | None = None
    expires: datetime | None = None
    hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A proposed charter as the round protocol sees it.

    Attributes:
        digest: names it.
        voters: the old members who stay; a member is never asked about its own removal.
        members: the new members.
        accepted: joiners whose acceptance is at hand; it is their consent and needs no round.
        consents_needed: quorum of the new members.
        renews: True where only the expiry changes.
    """

    digest: str
    voters: frozenset[str]
    members: frozenset[str]
    accepted: frozenset[str]
    consents_needed: int
    renews: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Election:
    """What does not change while one version is decided.

    Attributes:
        version: the one to decide.
        electors: the old members.
        quorum: of the old members.
        base_expires: when the charter in force expires.
        candidates: by digest, those whose documents are at hand.
    """

    version: int
    electors: frozenset[str]
    quorum: int
    base_expires: datetime
    candidates: Mapping[str, Candidate]


View = frozenset[Cast]


@dataclass(frozen=True, slots=True)
class Allowed:
    """The member may sign; `shown` is what a close must show."""

    shown: Highest | None = None


def has_quorum_of_yes(election: Election, view: Iterable[Cast], highest: Highest) -> bool:
    """Say whether old voters in that round, and new members in any up to it, said yes enough."""
    candidate = election.candidates.get(highest.digest)
    if candidate is None:
        return False
    votes: set[str] = set()
    consents = set(candidate.accepted)
    for cast in view:
        if cast.kind == "yes" and cast.digest == highest.digest and cast.round <= highest.round:
            consents.add(cast.member)
            if cast.round == highest.round:
                votes.add(cast.member)
    return (
        len(votes & candidate.voters) >= election.quorum
        and len(consents & candidate.members) >= candidate.consents_needed
    )


def highest_seen(election: Election, view: View, upto: int) -> Highest | None:
    """Return the highest quorum of yes in a view, of rounds up to `upto`."""
    seen = {Highest(c.round, c.digest) for c in view if c.kind == "yes" and c.round <= upto}
    for each in sorted(seen, key=lambda each: (-each.round, each.digest)):
        if has_quorum_of_yes(election, view, each):
            return each
    return None


def counts_as_close(election: Election, view: View, close: Cast) -> bool:
    """Say whether a close counts: by an old member, and what it shows is really there."""
    if close.kind != "close" or close.member not in election.electors:
        return False
    if close.shown is None:
        return True
    return close.shown.round <= close.round and has_quorum_of_yes(election, view, close.shown)


def is_certified(election: Election, view: View, *, round: int, digest: str) -> bool:
    """Say whether a digest has its certificate: confirms in one round, and the new consent."""
    candidate = election.candidates.get(digest)
    if candidate is None:
        return False
    confirms = {
        c.member for c in view if c.kind == "confirm" and (c.round, c.digest) == (round, digest)
    }
    consents = {
        c.member for c in view if c.kind == "yes" and c.digest == digest and c.round <= round
    }
    consents |= candidate.accepted
    return (
        len(confirms & candidate.voters) >= election.quorum
        and len(consents & candidate.members) >= candidate.consents_needed
    )


def why_not_justified(election: Election, view: View, proposal: Proposal) -> str | None:
    """Return why a proposal may not open or stand in its round; None where it may.

    From round 2 it shows one close each by a quorum of the old members, of the round
    before, and names the digest of the highest quorum of yes among them, if any.
    """
    if proposal.version != election.version:
        return f"version {proposal.version}, where {election.version} is to be decided"
    if proposal.digest not in election.candidates:
        return f"the charter {proposal.digest[:16]}… is not at hand"
    return None if proposal.round == 1 else _why_not_after(election, view, proposal)


def _why_not_after(election: Election, view: View, proposal: Proposal) -> str | None:
    wanted = frozenset(proposal.closes)
    closes = [c for c in view if c.hash in wanted and c.round == proposal.round - 1]
    closes = [c for c in closes if counts_as_close(election, view, c)]
    closers = {close.member for close in closes}
    if len(closes) != len(wanted) or len(closers) != len(closes):
        return "a close it shows is not at hand, counts for nothing, or is its member's second"
    if len(closers) < election.quorum:
        return f"{len(closers)} members closed the round before, {election.quorum} are needed"
    forced = _highest_shown(closes)
    if forced is not None and forced.digest != proposal.digest:
        return f"{forced.digest[:16]}… has a quorum of yes from round {forced.round} and goes first"
    return None


def _highest_shown(closes: Iterable[Cast]) -> Highest | None:
    shown = [close.shown for close in closes if close.shown is not None]
    return max(shown, key=lambda each: (each.round, each.digest), default=None)


def may_yes(
    election: Election, me: str, view: View, proposal: Proposal, now: datetime
) -> Allowed | Refused:
    """Decide whether an honest member may say yes to a proposal; once a round."""
    why = why_not_justified(election, view, proposal)
    if why is None:
        why = _why_not_now(election, view, proposal, now)
    if why is None and me not in election.candidates[proposal.digest].voters:
        why = "only old members who stay vote; nobody votes on its own removal"
    if why is None:
        own = _own(me, view)
        why = _why_passed(own, proposal.round)
        if any(c.kind == "yes" and c.round == proposal.round for c in own):
            why = f"this member has already said yes in round {proposal.round}"
    return Allowed() if why is None else Refused(why)


def _why_not_now(election: Election, view: View, proposal: Proposal, now: datetime) -> str | None:
    if not now < proposal.expires <= now + ROUND_LENGTH_MAX:
        return "the round is over, or would stay open longer than 30 days"
    if now >= election.base_expires and not _may_finish_expired(election, view, proposal):
        return "an expired charter can only be renewed"
    return None


def _may_finish_expired(election: Election, view: View, proposal: Proposal) -> bool:
    """A digest that may already be certified somewhere goes first even after expiry.

    Otherwise a unit that expired between yes and confirm could never renew (ADR 0011).
    """
    if election.candidates[proposal.digest].renews:
        return True
    wanted = frozenset(proposal.closes)
    return _highest_shown(c for c in view if c.hash in wanted) is not None


def may_confirm(
    election: Election, me: str, view: View, highest: Highest, *, expires: datetime, now: datetime
) -> Allowed | Refused:
    """Decide whether an honest member may confirm what a quorum said yes to."""
    if not has_quorum_of_yes(election, view, highest):
        return Refused(f"no quorum of yes for {highest.digest[:16]}… in round {highest.round}")
    if me not in election.candidates[highest.digest].voters:
        return Refused("a member does not vote on its own removal")
    if now >= expires:
        return Refused("the round is over")
    own = _own(me, view)
    if (why := _why_passed(own, highest.round)) is not None:
        return Refused(why)
    if any(c.kind == "confirm" and c.round == highest.round for c in own):
        return Refused(f"this member has already confirmed in round {highest.round}")
    return Allowed()


def may_close(
    election: Election, me: str, view: View, proposal: Proposal, now: datetime
) -> Allowed | Refused:
    """Decide whether an honest member may close a proposal's round, and what it must show.

    Every old member may, also one whose removal is proposed: a close is no vote.
    """
    if me not in election.electors:
        return Refused("only members of the charter in force close a round")
    if (why := why_not_justified(election, view, proposal)) is not None:
        return Refused(why)
    own = _own(me, view)
    if (why := _why_passed(own, proposal.round)) is not None:
        return Refused(why)
    ends = [c.expires for c in own if c.round == proposal.round and c.expires is not None]
    if now < (min(ends) if ends else proposal.expires):
        return Refused("the round has not expired")
    return Allowed(shown=highest_seen(election, view, proposal.round))


def _own(me: str, view: View) -> list[Cast]:
    return [cast for cast in view if cast.member == me]


def _why_passed(own: Iterable[Cast], round: int) -> str | None:
    """Passing counts as closing: who acts in a later round has helped to end this one."""
    if any(c.round > round or (c.round == round and c.kind == "close") for c in own):
        return f"round {round} is closed or passed for this member"
    return None
