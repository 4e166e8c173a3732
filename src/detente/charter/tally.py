"""From signed ballots to a view that `rounds` can judge; and what a double vote is.

A ballot counts only under the charter in force, from a member of the old charter,
by the governance key of its place. What a close shows counts only with the ballots
it points to at hand.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from detente.charter.ballots import Ballot, Close, Confirm, ShownSet, Yes
from detente.charter.errors import BallotError, CharterError
from detente.charter.model import MEMBERS_MAX, Charter, Refused, Spoken
from detente.charter.rounds import Cast, Election, Highest, View, has_quorum_of_yes

GovernanceKey = Callable[[str, int, int], bytes | Refused]
"""(member id, epoch, seq) -> the governance key of that place; `keylife.key_at` behind it."""

BALLOTS_MAX = MEMBERS_MAX * 3 * 256  # per version: members, kinds, and more rounds than years


@dataclass(frozen=True, slots=True)
class Gathered:
    """Ballots of one version, sorted out.

    Attributes:
        view: those that count.
        missing: payload hashes of ballots, and digests of charters, that closes point to
            and that are not at hand yet.
        refused: payload hash -> why it counts for nothing.
    """

    view: View
    missing: frozenset[str]
    refused: Mapping[str, str]


def parse_ballot(spoken: Spoken) -> Ballot:
    """Read the body of a yes, confirm or close.

    Raises:
        BallotError: another kind or another form.
    """
    try:
        match spoken.kind:
            case "yes":
                return Yes.parse(spoken.body)
            case "confirm":
                return Confirm.parse(spoken.body)
            case "close":
                return Close.parse(spoken.body)
    except CharterError as error:
        raise BallotError(f"ballot {spoken.payload_hash[:16]}…: {error}") from None
    raise BallotError(f"a {spoken.kind[:32]!r} is no ballot")


def check_ballot(spoken: Spoken, base: Charter, governance_key: GovernanceKey) -> Ballot:
    """Check that a ballot may count for the version after `base`.

    Raises:
        BallotError: another unit, charter or version; no member; signed by a key that is
            not the governance key of its place; cast after its round expired.
    """
    ballot = parse_ballot(spoken)
    label = f"the {spoken.kind} of {spoken.issuer[:16]}…"
    if spoken.unit != base.unit_id or spoken.charter != base.digest:
        raise BallotError(f"{label} is under another charter than {base.digest[:16]}…")
    if ballot.version != base.version + 1:
        raise BallotError(f"{label} is for version {ballot.version}, not {base.version + 1}")
    if base.member(spoken.issuer) is None:
        raise BallotError(f"{label} is by no member of version {base.version}")
    if spoken.key != governance_key(spoken.issuer, spoken.epoch, spoken.seq):
        raise BallotError(f"{label} is not signed by the governance key of its place")
    if not isinstance(ballot, Close) and spoken.time >= ballot.expires:
        raise BallotError(f"{label} was cast after its round expired")
    return ballot


def gather(
    election: Election,
    base: Charter,
    ballots: Iterable[Spoken],
    governance_key: GovernanceKey,
) -> Gathered:
    """Sort out the ballots of one version: yes and confirm first, then closes on top of them."""
    refused: dict[str, str] = {}
    casts: dict[str, Cast] = {}
    closes: dict[str, tuple[Cast, Close]] = {}
    for count, spoken in enumerate(ballots):
        if count == BALLOTS_MAX:
            raise BallotError(f"more than {BALLOTS_MAX} ballots for one version")
        try:
            ballot = check_ballot(spoken, base, governance_key)
        except BallotError as error:
            refused[spoken.payload_hash] = error.message
            continue
        cast = _cast(spoken, ballot)
        if isinstance(ballot, Close):
            closes[spoken.payload_hash] = (cast, ballot)
        else:
            casts[spoken.payload_hash] = cast
    missing: set[str] = set()
    counted = set(casts.values())
    for payload_hash, (cast, close) in closes.items():
        if lacking := _lacking(election, casts, close):
            missing |= lacking
        elif shows_what_it_says(election, casts, close):
            counted.add(cast)
        else:
            refused[payload_hash] = "the ballots it shows are no quorum of yes"
    return Gathered(frozenset(counted), frozenset(missing), refused)


def _lacking(election: Election, casts: Mapping[str, Cast], close: Close) -> frozenset[str]:
    if close.shown is None:
        return frozenset()
    pointed = frozenset(close.shown.yes) - casts.keys()
    return pointed | ({close.shown.digest} - election.candidates.keys())


def shows_what_it_says(election: Election, casts: Mapping[str, Cast], close: Close) -> bool:
    """Say whether the very ballots a close points to are the quorum it claims."""
    if close.shown is None:
        return True
    pointed = [casts[each] for each in close.shown.yes if each in casts]
    return has_quorum_of_yes(election, pointed, Highest(close.shown.round, close.shown.digest))


def _cast(spoken: Spoken, ballot: Ballot) -> Cast:
    shell = Cast(
        kind=spoken.kind, member=spoken.issuer, round=ballot.round, hash=spoken.payload_hash
    )
    match ballot:
        case Close():
            shown = ballot.shown
            top = None if shown is None else Highest(shown.round, shown.digest)
            return replace(shell, shown=top)
        case Yes() | Confirm():
            return replace(shell, digest=ballot.digest, expires=ballot.expires)


def shown_set(view: View, highest: Highest) -> ShownSet:
    """Return what a close shows on the wire: one yes of each member, of that round if possible."""
    latest: dict[str, Cast] = {}
    for cast in sorted(view, key=lambda cast: (cast.round, cast.hash)):
        if cast.kind == "yes" and cast.digest == highest.digest and cast.round <= highest.round:
            latest[cast.member] = cast
    hashes = tuple(sorted(cast.hash for cast in latest.values()))
    return ShownSet(round=highest.round, digest=highest.digest, yes=hashes)


def double_vote(first: Spoken, second: Spoken) -> str | None:
    """Return what two ballots of one member contradict each other in; None where they do not.

    Two of one kind in one version and round for different digests, or a confirm in a
    round that the same member had closed at an earlier place of its log. Both ballots
    must have been checked. Whoever signs only what `rounds` allows is never caught here.

    Raises:
        BallotError: not ballots.
    """
    one, other = parse_ballot(first), parse_ballot(second)
    if (first.unit, first.issuer, first.charter) != (second.unit, second.issuer, second.charter):
        return None
    if one.version != other.version or first.payload_hash == second.payload_hash:
        return None
    if first.kind == second.kind and one.round == other.round:
        if _choice(one) != _choice(other):
            return f"two {first.kind} ballots in round {one.round} for different digests"
        return None
    return _confirm_after_close(first, one, second, other) or _confirm_after_close(
        second, other, first, one
    )


def _choice(ballot: Ballot) -> str | None:
    if isinstance(ballot, Close):
        return None if ballot.shown is None else ballot.shown.digest
    return ballot.digest


def _confirm_after_close(
    earlier: Spoken, close: Ballot, later: Spoken, confirm: Ballot
) -> str | None:
    if not isinstance(close, Close) or not isinstance(confirm, Confirm):
        return None
    if earlier.position < later.position and confirm.round <= close.round:
        return f"a confirm in round {confirm.round} after closing round {close.round}"
    return None
