"""Which charter may follow which: exactly one version on, and about one thing.

What changed is found by comparing the two documents, never by what a proposal
says of itself: a bundle with a hidden clause is refused whatever its topic is
called (attack A49).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from detente.charter.ballots import Proposal, Topic
from detente.charter.document import check_charter
from detente.charter.errors import SuccessionError
from detente.charter.model import Charter, KeySlot, Member, Refused, member_id
from detente.charter.quorum import governance_of
from detente.charter.rounds import Candidate, Election

_TOPIC_OF_FIELD = {
    "expires": Topic.RENEW,
    "name": Topic.RULES,
    "f": Topic.RULES,
    "checkpoint_seconds": Topic.RULES,
    "quota": Topic.RULES,
    "witnesses": Topic.WITNESSES,
    "assets": Topic.ASSETS,
}


@dataclass(frozen=True, slots=True)
class Change:
    """The one thing two charters differ in: its topic, and the member it is about, if one."""

    topic: Topic
    subject: str | None


def check_succession(old: Charter, new: Charter) -> Change:
    """Check that `new` may follow `old` and return what it changes.

    A silent member's removal is the same document as an accused one's; here both
    are `Topic.REMOVE`.

    Raises:
        SuccessionError: another version than the next (a rollback or fast-forward),
            another predecessor or unit, no change, more than one topic, a member
            changed that is not the subject.
        CharterFormatError, NameRefused, UnsafeUnit: `new` by itself is not acceptable.
    """
    if new.version != old.version + 1:
        raise SuccessionError(
            f"version {new.version} offered where only {old.version + 1} can follow {old.version}"
        )
    if new.previous != old.digest or new.unit != old.unit_id:
        raise SuccessionError(f"version {new.version} names another predecessor or another unit")
    if new.exercise != old.exercise or new.created < old.created:
        raise SuccessionError("a unit stays what it is, and time does not run back")
    check_charter(new)
    return _one_change(old, new)


def _one_change(old: Charter, new: Charter) -> Change:
    about_members = _member_change(old, new)
    if about_members is not None and about_members.topic is Topic.REMOVE:
        # Its registered assets go with it; they are no topic of their own.
        kept = tuple(asset for asset in old.assets if asset.owner != about_members.subject)
        old = replace(old, assets=kept)
    changes = {
        Change(topic, None)
        for field, topic in _TOPIC_OF_FIELD.items()
        if getattr(old, field) != getattr(new, field)
    }
    if about_members is not None:
        changes.add(about_members)
    if len(changes) != 1:
        named = ", ".join(sorted(change.topic.value for change in changes)) or "nothing"
        raise SuccessionError(
            f"a charter changes one thing at a time, this one: {named}",
            remedy="Propose the changes one after the other",
        )
    (change,) = changes
    if change.topic is Topic.RENEW and new.expires < old.expires:
        raise SuccessionError("a renewal does not shorten the time")
    return change


def _member_change(old: Charter, new: Charter) -> Change | None:
    before = {member.id: member for member in old.members}
    after = {member.id: member for member in new.members}
    touched = [each for each in before.keys() | after.keys() if before.get(each) != after.get(each)]
    if not touched:
        return None
    if len(touched) > 1:
        raise SuccessionError(f"one proposal changes {len(touched)} members; one is the most")
    (subject,) = touched
    if subject not in after:
        return Change(Topic.REMOVE, subject)
    if subject not in before:
        _check_newcomer(old, after[subject])
        return Change(Topic.ADMIT, subject)
    _check_same_member(before[subject], after[subject])
    return Change(Topic.KEYS, subject)


def _check_newcomer(old: Charter, joiner: Member) -> None:
    if joiner.epoch == 1:
        check_first_keys(joiner)
    # Else it says that it was here before: `keylife.readmit` holds it to its history.
    if joiner.log in {member.log for member in old.members}:
        raise SuccessionError("a newcomer does not take over a member's log")


def check_first_keys(member: Member) -> None:
    """Check that a member's id is made of the governance key it enters with.

    Raises:
        SuccessionError: it is made of another key, or the log is not at its first epoch.
    """
    if member.id != member_id(member.keys.governance, member.nonce):
        raise SuccessionError(f"the id of {member.name!a} is not made of its governance key")
    if member.epoch != 1:
        raise SuccessionError(f"{member.name!a} enters with epoch 1, not {member.epoch}")


def _check_same_member(old: Member, new: Member) -> None:
    if replace(new, keys=old.keys, epoch=old.epoch) != old:
        raise SuccessionError(f"{old.name!a} keeps its id, nonce, name, operator and log")
    if new.epoch < old.epoch:
        raise SuccessionError(f"{old.name!a} does not go back to epoch {new.epoch}")


def candidate_of(old: Charter, new: Charter, accepted: Iterable[str]) -> Candidate:
    """Return a proposed charter as the round protocol sees it.

    Args:
        old: in force.
        new: proposed.
        accepted: members whose acceptance of `new` was verified (`founding.verify_acceptance`).

    Raises:
        SuccessionError: it may not follow, or who enters with new keys has not accepted.
    """
    change = check_succession(old, new)
    must_accept = new.member_ids - old.member_ids
    if change.topic is Topic.KEYS and change.subject is not None:
        must_accept |= {change.subject}
    if missing := must_accept - frozenset(accepted):
        raise SuccessionError(f"{min(missing)[:16]}… has not accepted this charter")
    return Candidate(
        digest=new.digest,
        voters=old.member_ids & new.member_ids,
        members=new.member_ids,
        accepted=must_accept,
        consents_needed=governance_of(new).q,
        renews=change.topic is Topic.RENEW,
    )


def election_of(old: Charter, candidates: Iterable[Candidate]) -> Election:
    """Return what stays the same while the version after `old` is decided."""
    return Election(
        version=old.version + 1,
        electors=old.member_ids,
        quorum=governance_of(old).q,
        base_expires=old.expires,
        candidates={candidate.digest: candidate for candidate in candidates},
    )


def check_proposal(proposal: Proposal, old: Charter, new: Charter) -> None:
    """Check that a proposal says of itself what its charter does.

    Raises:
        SuccessionError: another version, digest, topic or subject than the document's.
    """
    change = check_succession(old, new)
    topic = Topic.REMOVE if proposal.topic is Topic.LAPSE else proposal.topic
    if (proposal.version, proposal.digest) != (new.version, new.digest):
        raise SuccessionError("the proposal is about another document")
    if Change(topic, proposal.subject) != change:
        raise SuccessionError(
            f"the proposal calls itself {proposal.topic.value!r}, the document changes"
            f" {change.topic.value!r}"
        )


def traces(joiner: Member, earlier: Iterable[Charter]) -> tuple[str, ...]:
    """Return what of an applicant stood in earlier charters, for people to see (attack A57).

    Keys, nonce, log, recovery hash and operator are compared; who changes them all
    leaves no trace, which is why the operator is asked for.
    """
    found: dict[str, None] = {}
    for charter in earlier:
        for member in charter.members:
            for what in _shared(joiner, member):
                label = "itself" if member.id == joiner.id else f"{member.name!a} {member.id[:16]}…"
                found[f"version {charter.version}: {what} of {label}"] = None
    return tuple(found)


def _shared(joiner: Member, member: Member) -> list[str]:
    shared = [slot.value for slot in KeySlot if joiner.keys.key(slot) == member.keys.key(slot)]
    for what, same in (
        ("id", joiner.id == member.id),
        ("nonce", joiner.nonce == member.nonce),
        ("log", joiner.log == member.log),
        ("recovery hash", joiner.keys.recovery_hash == member.keys.recovery_hash),
        ("operator", bool(joiner.operator) and joiner.operator == member.operator),
    ):
        if same:
            shared.append(what)
    return shared


def pinned(
    *, first: str, latest: Charter, confirmed_by: Iterable[str], asked: Charter
) -> Charter | Refused:
    """Decide whether a joiner may take `latest` for the charter in force.

    Args:
        first: digest of version 1, from a channel of its own.
        latest: as received.
        confirmed_by: member ids of `latest` that confirmed its digest to the joiner.
        asked: the newest charter whose chain of certificates the joiner verified.

    Returns:
        `latest`, or the reason why it cannot be relied on yet.
    """
    if latest.unit_id != first:
        return Refused("this is the charter of another unit")
    if asked.digest != latest.digest:
        return Refused("the verified chain ends at another charter")
    confirmers = frozenset(confirmed_by) & latest.member_ids
    if len(confirmers) <= latest.f:
        return Refused(f"{len(confirmers)} members confirmed it, {latest.f + 1} are needed")
    return latest
