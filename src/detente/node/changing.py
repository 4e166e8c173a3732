"""Putting a change of the charter to the vote: one thing at a time, by whoever is a member.

The document is made here from the charter in force, so that a person types what should
change and nothing else can; what the others see is found by comparing the documents.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from detente.charter import (
    LAPSE_AFTER,
    Charter,
    Highest,
    Member,
    Proposal,
    Topic,
    check_proposal,
    check_succession,
    governance_of,
    highest_seen,
    is_silent,
    verify_acceptance,
)
from detente.charter.lifetime import Activity, permits
from detente.errors import InputError
from detente.node.desk import HomeDesk
from detente.node.governing import Assembly, read_assembly
from detente.node.seen import last_seen
from detente.signing import Envelope

VOTE_DAYS = 7


def next_version(base: Charter, now: datetime) -> Charter:
    """Return the version after `base`, with nothing changed yet."""
    return replace(
        base,
        version=base.version + 1,
        unit=base.unit_id,
        previous=base.digest,
        created=max(now.replace(microsecond=0), base.created),
    )


def find_member(charter: Charter, name: str) -> Member:
    """Return a member by its name or id.

    Raises:
        InputError: nobody, or several, are called so.
    """
    found = [each for each in charter.members if name in (each.id, each.name)]
    if len(found) != 1:
        names = ", ".join(each.name for each in charter.members)
        raise InputError(f"no member is called {name!r}", remedy=f"The members are {names}")
    return found[0]


def with_member(base: Charter, joiner: Member, now: datetime) -> Charter:
    """Return the next version, in which one more is a member.

    Raises:
        CharterError: keys, a name or an id that no charter takes, or an unsafe unit.
    """
    members = tuple(sorted((*base.members, joiner), key=lambda each: each.id))
    new = replace(next_version(base, now), members=members)
    check_succession(base, new)
    return new


def without_member(base: Charter, gone: Member, now: datetime) -> Charter:
    """Return the next version, in which somebody is no member; its assets go with it.

    Raises:
        InputError: the others are no quorum without it.
        CharterError: the unit would not be safe.
    """
    rule = governance_of(base)
    if not rule.can_remove:
        raise InputError(
            f"{rule.q} of {rule.n} members change this charter, so nobody can be removed from it",
            remedy="The others found a new unit with `detente charter found`, with the record as "
            "reason",
        )
    new = replace(
        next_version(base, now),
        members=tuple(each for each in base.members if each.id != gone.id),
        assets=tuple(each for each in base.assets if each.owner != gone.id),
    )
    check_succession(base, new)
    return new


def require_silent(desk: HomeDesk, member: Member, now: datetime) -> None:
    """Refuse to call a member silent that is not, by what this node saw itself.

    Raises:
        InputError: it gave a sign of life within 30 days.
    """
    seen = last_seen(desk, member.id)
    if not is_silent(last_cosigned=seen, now=now):
        raise InputError(
            f"{member.name} gave a sign of life on {seen:%Y-%m-%d %H:%M} UTC; a member lapses "
            f"after {LAPSE_AFTER.days} days of silence",
            remedy="Wait, or propose `remove` and say why",
        )


def put_to_vote(
    desk: HomeDesk,
    new: Charter,
    topic: Topic,
    *,
    now: datetime,
    acceptances: Sequence[bytes] = (),
    evidence: Sequence[str] = (),
    days: int = VOTE_DAYS,
) -> str:
    """Propose a charter; return the proposal's id.

    The papers are kept before anything is said, so that whoever reads the proposal finds them.

    Raises:
        InputError: the charter in force forbids it, an acceptance is missing, or another
            charter goes first.
        CharterError: the document may not follow.
        SigningRefused, NoSuchKey: the governance key is not at hand.
    """
    assembly = read_assembly(desk)
    change = check_succession(assembly.base, new)
    _require_permitted(assembly.base, topic, now)
    names = _keep_papers(desk, new, acceptances)
    round, closes = _next_round(assembly)
    _require_first(assembly, new, closes)
    body = Proposal(
        version=new.version,
        digest=new.digest,
        round=round,
        expires=now.replace(microsecond=0) + timedelta(days=days),
        topic=topic,
        subject=change.subject,
        closes=closes,
        acceptances=names,
        evidence=tuple(sorted(evidence)),
    )
    check_proposal(body, assembly.base, new)
    desk.speak(Proposal.KIND, body.to_json())
    return newest_proposal(desk)


def newest_proposal(desk: HomeDesk) -> str:
    """Return the id of the newest proposal of this member."""
    own = [each for each in desk.said(Proposal.KIND) if each.header.issuer == desk.roster.me]
    return own[-1].payload_hash


def propose_again(desk: HomeDesk, *, now: datetime, days: int = VOTE_DAYS) -> str:
    """Propose anew, in the next round, what the round before could not decide.

    Raises:
        InputError: no round ended without a decision.
        SigningRefused, NoSuchKey: the governance key is not at hand.
    """
    assembly = read_assembly(desk)
    round, closes = _next_round(assembly)
    if not closes:
        raise InputError(
            "no round ended without a decision",
            remedy="A round ends when it expired and a quorum closed it; `detente run` closes",
        )
    shown = _forced(assembly, closes)
    last = max(assembly.proposals.values(), key=lambda each: each.round)
    digest = last.digest if shown is None else shown.digest
    before = next(each for each in assembly.proposals.values() if each.digest == digest)
    body = replace(
        before,
        round=round,
        closes=closes,
        expires=now.replace(microsecond=0) + timedelta(days=days),
    )
    desk.speak(Proposal.KIND, body.to_json())
    return newest_proposal(desk)


def _require_permitted(base: Charter, topic: Topic, now: datetime) -> None:
    activity = Activity.RENEW if topic is Topic.RENEW else Activity.CHANGE
    refused = permits(base, activity, now)
    if refused is not None:
        raise InputError(
            refused.reason, remedy="Propose `detente charter propose renew`, then the change"
        )


def _keep_papers(desk: HomeDesk, new: Charter, acceptances: Sequence[bytes]) -> tuple[str, ...]:
    """Keep a charter and the acceptances of who enters; return the names of those."""
    names: list[str] = []
    for data in acceptances:
        verify_acceptance(data, new)
        names.append(Envelope.parse(data).payload_hash)
        desk.keep_paper(names[-1], data)
    desk.keep_paper(new.digest, new.to_bytes())
    return tuple(sorted(names))


def _next_round(assembly: Assembly) -> tuple[int, tuple[str, ...]]:
    """Return the round in which something can be proposed now, and the closes that open it."""
    closed: dict[int, dict[str, str]] = {}
    for cast in sorted(assembly.gathered.view, key=lambda each: each.hash):
        if cast.kind == "close":
            closed.setdefault(cast.round, {})[cast.member] = cast.hash
    over = [round for round, by in closed.items() if len(by) >= assembly.election.quorum]
    if not over:
        return 1, ()
    return max(over) + 1, tuple(sorted(closed[max(over)].values()))


def _forced(assembly: Assembly, closes: Sequence[str]) -> Highest | None:
    wanted = frozenset(closes)
    shown = [
        cast.shown
        for cast in assembly.gathered.view
        if cast.hash in wanted and cast.shown is not None
    ]
    return max(shown, key=lambda each: (each.round, each.digest), default=None)


def _require_first(assembly: Assembly, new: Charter, closes: Sequence[str]) -> None:
    """Refuse what may not be proposed, because something else has a quorum of yes already."""
    first = _forced(assembly, closes)
    if not closes:
        rounds = [each.round for each in assembly.proposals.values()]
        first = highest_seen(assembly.election, assembly.gathered.view, max(rounds, default=0))
    if first is not None and first.digest != new.digest:
        raise InputError(
            f"the charter {first.digest[:16]}… has a quorum of yes from round {first.round} and "
            "goes first",
            remedy="`detente charter propose again` puts it to the vote in the next round"
            if closes
            else "Wait until it is decided; `detente charter show` tells how it stands",
        )
