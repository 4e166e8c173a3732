"""The unit as this node knows it: who stands where, for the gate and for whoever speaks."""

from collections.abc import Sequence
from typing import assert_never

from detente.charter import Charter, keylife
from detente.node.home import Home
from detente.proofs.chain import CharterChain
from detente.release import Circle, Standing


def circle_of(home: Home) -> Circle:
    """Return the unit as this node knows it, for the gate; nobody where it works alone."""
    chain = home.chain
    if chain is None:
        return Circle(holder=home.identity.member, standings={}, rosters={})
    members = {member for charter in chain.charters for member in charter.member_ids}
    return Circle(
        holder=home.identity.member,
        standings={member: standing_of(chain, member) for member in members},
        rosters={each.digest: each.member_ids for each in chain.charters},
    )


def standing_of(chain: CharterChain, member: str) -> Standing:
    """Return where somebody who is or was a member stands."""
    history = chain.keyring.history(member)
    if history is None:
        return Standing.REMOVED
    match history.standing:
        case keylife.Left(reason="left"):
            return Standing.LEFT
        case _ if member not in chain.latest.member_ids:
            return Standing.REMOVED
        case keylife.Left():
            return Standing.LEFT
        case keylife.Active():
            return Standing.ACTIVE
        case keylife.Rekeying() | keylife.Contested():
            return Standing.SUSPENDED
        case never:
            assert_never(never)


def readers_now(home: Home, charter: Charter) -> tuple[str, ...] | None:
    """Return the other members that may be told something new; None where all may.

    Who left or is suspended still stands in a charter until a certificate says otherwise,
    and is told nothing meanwhile.
    """
    chain = home.chain
    if chain is None:
        return None
    others = sorted(charter.member_ids - {home.identity.member})
    active = tuple(each for each in others if standing_of(chain, each) is Standing.ACTIVE)
    return None if len(active) == len(others) else active


def still_told(home: Home, readers: Sequence[str]) -> tuple[str, ...]:
    """Return those of some members that may be told something new, in their order."""
    chain = home.chain
    if chain is None:
        return tuple(readers)
    return tuple(each for each in readers if standing_of(chain, each) is Standing.ACTIVE)


def has_left(home: Home) -> keylife.Left | None:
    """Return how and where this member's part in the unit ended; None where it goes on."""
    chain = home.chain
    history = None if chain is None else chain.keyring.history(home.identity.member)
    if history is not None and isinstance(history.standing, keylife.Left):
        return history.standing
    return None
