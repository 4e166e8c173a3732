"""Changing the charter: what this member's key owes the round protocol, done as ballots arrive.

A person proposes and says yes. What follows from that is no decision any more and is done
here: confirming what a quorum said yes to, closing what expired, certifying what has its
quorums, adopting what is certified. Every step can be done again, and changes nothing then.
Source: trust.md, section 4.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from detente.charter import (
    Adopt,
    Allowed,
    Certificate,
    Charter,
    Close,
    Confirm,
    Election,
    Gathered,
    Highest,
    Proposal,
    Refused,
    Spoken,
    Yes,
    candidate_of,
    charter_at,
    check_proposal,
    draw_up_certificate,
    election_of,
    gather,
    highest_seen,
    is_certified,
    key_at,
    may_close,
    may_confirm,
    may_yes,
    parse_charter,
    shown_set,
    verify_acceptance,
)
from detente.charter.keylife import why_no_return
from detente.charter.model import KeySlot
from detente.errors import InputError, UnitError
from detente.exchange.protocol import Roster
from detente.signing import JsonValue
from detente.statements import Statement, spoken

BALLOTS = (Yes.KIND, Confirm.KIND, Close.KIND)


class Desk(Protocol):
    """What governing needs of a node. TRUSTED: it signs with the governance key."""

    @property
    def roster(self) -> Roster:
        """Who may sign what, by the charter chain of this moment."""
        ...

    def said(self, kind: str) -> Sequence[Statement]:
        """Return the statements of one kind that count, of every member, in the order taken."""
        ...

    def paper(self, name: str) -> bytes | None:
        """Return a charter by its digest or an acceptance by its payload hash, if it is here."""
        ...

    def speak(self, kind: str, body: dict[str, JsonValue]) -> None:
        """Say something with the governance key; returns once it is durable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """What is known about the version after the newest certified one.

    Attributes:
        base: the newest certified version.
        election: what does not change while the next is decided.
        gathered: the ballots that count.
        proposals: by payload hash, those whose charter is here and says what they say.
        documents: proposed charters by digest.
        acceptances: by proposed digest, payload hash -> envelope of who entered with keys.
        statements: ballots by payload hash, as they stand in their logs.
    """

    base: Charter
    election: Election
    gathered: Gathered
    proposals: Mapping[str, Proposal]
    documents: Mapping[str, Charter]
    acceptances: Mapping[str, Mapping[str, bytes]]
    statements: Mapping[str, Statement]

    def proposal_for(self, highest: Highest) -> Proposal | None:
        """Return a proposal of this round and digest."""
        for each in self.proposals.values():
            if (each.round, each.digest) == (highest.round, highest.digest):
                return each
        return None


def read_assembly(desk: Desk) -> Assembly:
    """Sort out everything that was said about the next version."""
    roster = desk.roster
    base = roster.charter
    proposals: dict[str, Proposal] = {}
    documents: dict[str, Charter] = {}
    acceptances: dict[str, dict[str, bytes]] = {}
    for statement in _under(desk.said(Proposal.KIND), roster.digest):
        proposal = _read_proposal(desk, statement, base, documents, acceptances)
        if proposal is not None:
            proposals[statement.payload_hash] = proposal
    candidates = []
    for digest, document in documents.items():
        if _why_no_entry(roster, document) is not None:
            continue
        accepted = {verify_acceptance(each, document) for each in acceptances[digest].values()}
        try:
            candidates.append(candidate_of(base, document, accepted))
        except UnitError:
            continue  # who enters with new keys has not accepted yet
    election = election_of(base, candidates)
    statements = {
        statement.payload_hash: statement
        for kind in BALLOTS
        for statement in _under(desk.said(kind), roster.digest)
    }
    ballots = [_spoken(roster, each) for each in statements.values()]
    return Assembly(
        base=base,
        election=election,
        gathered=gather(election, base, ballots, _governance_key(roster)),
        proposals={
            name: each for name, each in proposals.items() if each.digest in election.candidates
        },
        documents=documents,
        acceptances=acceptances,
        statements=statements,
    )


def carry_on(desk: Desk, now: datetime) -> list[str]:
    """Do what this member owes the round protocol just now; return what was said, in words.

    Raises:
        SigningRefused, NoSuchKey: the governance key is not at hand; all else was done.
        StorageFault: the disk or the database refused.
    """
    roster = desk.roster
    due = _adoption_due(desk)
    if due is not None:
        desk.speak(Adopt.KIND, due.to_json())
        return [f"adopted version {due.version}"]
    if roster.me not in roster.charter.member_ids:
        return []
    if not _under(desk.said(Proposal.KIND), roster.digest):
        return []
    assembly = read_assembly(desk)
    said: list[str] = []
    for duty in (_confirm, _close, _certify):
        body = duty(desk, assembly, now)
        if body is not None:
            desk.speak(body.KIND, body.to_json())
            said.append(f"said {body.KIND} for version {body.version}")
    return said


def say_yes(desk: Desk, proposal_hash: str, now: datetime) -> None:
    """Say yes to a proposal, as a person decided.

    Raises:
        InputError: no such proposal, or the round protocol does not allow it; why.
        SigningRefused, NoSuchKey: the governance key is not at hand.
    """
    assembly = read_assembly(desk)
    found = [name for name in assembly.proposals if name.startswith(proposal_hash)]
    if len(found) != 1:
        raise InputError(
            f"{len(found) or 'no'} open proposals begin with {proposal_hash[:16]!r}",
            remedy="`detente charter show` lists them; its charter may still be on its way",
        )
    proposal = assembly.proposals[found[0]]
    view = assembly.gathered.view
    answer = may_yes(assembly.election, desk.roster.me, view, proposal, now)
    if isinstance(answer, Refused):
        raise InputError(f"this member may not say yes: {answer.reason}")
    body = Yes(
        version=proposal.version,
        digest=proposal.digest,
        round=proposal.round,
        expires=proposal.expires,
    )
    desk.speak(Yes.KIND, body.to_json())


def _confirm(desk: Desk, assembly: Assembly, now: datetime) -> Confirm | None:
    """Confirm what a quorum, and this member with it, said yes to."""
    me, view = desk.roster.me, assembly.gathered.view
    rounds = [each.round for each in assembly.proposals.values()]
    highest = highest_seen(assembly.election, view, max(rounds, default=0))
    proposal = None if highest is None else assembly.proposal_for(highest)
    if highest is None or proposal is None:
        return None
    agreed = any(
        cast.kind == Yes.KIND
        and cast.member == me
        and (cast.round, cast.digest) == (highest.round, highest.digest)
        for cast in view
    )
    allowed = may_confirm(assembly.election, me, view, highest, expires=proposal.expires, now=now)
    if not agreed or not isinstance(allowed, Allowed):
        return None
    return Confirm(
        version=proposal.version,
        digest=proposal.digest,
        round=proposal.round,
        expires=proposal.expires,
    )


def _close(desk: Desk, assembly: Assembly, now: datetime) -> Close | None:
    """Close the first round that expired without a certificate."""
    me, view = desk.roster.me, assembly.gathered.view
    for proposal in sorted(assembly.proposals.values(), key=lambda each: each.round):
        if is_certified(assembly.election, view, round=proposal.round, digest=proposal.digest):
            return None
        allowed = may_close(assembly.election, me, view, proposal, now)
        if isinstance(allowed, Allowed):
            shown = None if allowed.shown is None else shown_set(view, allowed.shown)
            return Close(version=proposal.version, round=proposal.round, shown=shown)
    return None


def _certify(desk: Desk, assembly: Assembly, _now: datetime) -> Certificate | None:
    """Point to the ballots that make a version binding, unless somebody did."""
    for proposal in assembly.proposals.values():
        body = draw_up_certificate(
            assembly.election,
            assembly.gathered.view,
            round=proposal.round,
            digest=proposal.digest,
            acceptances=assembly.acceptances[proposal.digest],
        )
        known = {
            Certificate.parse(each.clear.body).digest
            for each in _under(desk.said(Certificate.KIND), desk.roster.digest)
        }
        if isinstance(body, Certificate) and body.digest not in known:
            return body
    return None


def _adoption_due(desk: Desk) -> Adopt | None:
    """Return the adoption of the next certified version, where this member has not adopted it."""
    roster = desk.roster
    history = roster.history(roster.me)
    if history is None:
        return None
    charters = roster.chain.charters
    version = history.adoptions[-1].version + 1
    if version > len(charters) or roster.me not in charters[version - 1].member_ids:
        return None
    digest = charters[version - 1].digest
    for statement in desk.said(Certificate.KIND):
        body = Certificate.parse(statement.clear.body)
        if body.digest == digest:
            return Adopt(version=version, digest=digest, certificate=statement.payload_hash)
    return None


def _read_proposal(
    desk: Desk,
    statement: Statement,
    base: Charter,
    documents: dict[str, Charter],
    acceptances: dict[str, dict[str, bytes]],
) -> Proposal | None:
    """Read a proposal whose papers are here, and which says of its charter what that does."""
    try:
        proposal = Proposal.parse(statement.clear.body)
        paper = desk.paper(proposal.digest)
        if paper is None:
            return None
        document = documents.get(proposal.digest) or parse_charter(paper)
        check_proposal(proposal, base, document)
        here = acceptances.setdefault(proposal.digest, {})
        for name in proposal.acceptances:
            envelope = desk.paper(name)
            if envelope is not None:
                verify_acceptance(envelope, document)
                here[name] = envelope
    except UnitError:
        return None
    documents[proposal.digest] = document
    return proposal


def _why_no_entry(roster: Roster, document: Charter) -> str | None:
    """Return why somebody cannot enter as a charter says; None where everybody in it can.

    The chain holds it to that as well: who says yes to such a charter would lock the unit.
    """
    logs = {history.log for each in roster.members if (history := roster.history(each))}
    for member in document.members:
        if member.id in roster.charter.member_ids:
            continue
        history = roster.history(member.id)
        if history is not None:
            return why_no_return(history, member)
        if member.epoch != 1 or member.log in logs:
            return "it was never here, and comes with another's log or not with epoch 1"
    return None


def _under(statements: Sequence[Statement], digest: str) -> list[Statement]:
    return [each for each in statements if each.header.charter == digest]


def _spoken(roster: Roster, statement: Statement) -> Spoken:
    return spoken(statement, key=roster.key_for(statement, statement.header.issuer).raw)


def _governance_key(roster: Roster) -> Callable[[str, int, int], bytes | Refused]:
    def key(member: str, epoch: int, seq: int) -> bytes | Refused:
        history = roster.history(member)
        if history is None:
            return Refused(f"{member[:16]}… is no member")
        return key_at(history, KeySlot.GOVERNANCE, epoch, seq)

    return key


def bound_by(roster: Roster) -> Charter | None:
    """Return the charter this member is bound by now, None where the chain does not know it."""
    history = roster.history(roster.me)
    if history is None:
        return None
    return roster.charters.get(charter_at(history, history.epoch, 2**53))
