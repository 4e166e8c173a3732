"""No two charters can both be next, and nobody can be kept in, kept out or kept quiet.

An explicit-state search over the *real* decisions of `charter.rounds`: every order of
what honest members may sign, every partial view of what was said, and up to f hostile
members who have already signed everything there is to sign and show it to whom they like.

Three reductions, exact for these rules. Honest members with the same rights are
interchangeable. A decision depends only on ballots of its own and earlier rounds, on
what the member chose to look at, and on its own earlier acts: so every run can be sorted
by round and by yes, confirm, close. And of what lies behind in that order only this
matters: which quorums of yes there were, who consented, what closes showed, what was
certified. The unsorted search keeps everything, in smaller units.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from detente.charter.ballots import Proposal, Topic
from detente.charter.quorum import governance
from detente.charter.rounds import (
    Allowed,
    Candidate,
    Cast,
    Election,
    Highest,
    View,
    has_quorum_of_yes,
    is_certified,
    may_close,
    may_confirm,
    may_yes,
)
from tests.shared import SOAK, scaled

OPEN = datetime(2026, 3, 1, tzinfo=UTC)
EXPIRES = OPEN + timedelta(days=7)
OVER = EXPIRES + timedelta(seconds=1)
ORDER = {"yes": 0, "confirm": 1, "close": 2}


@dataclass(frozen=True)
class Rules:
    """The decisions under search; a mutant replaces one of them."""

    may_yes: Callable = may_yes
    may_confirm: Callable = may_confirm
    may_close: Callable = may_close
    is_certified: Callable = is_certified


@dataclass(frozen=True)
class Unit:
    """A configuration: honest members in classes of equal rights, hostile ones, candidates."""

    classes: tuple[tuple[str, ...], ...]
    hostile: tuple[str, ...]
    election: Election
    rounds: int
    sorted_runs: bool = True
    rules: Rules = field(default_factory=Rules)

    @property
    def honest(self) -> tuple[str, ...]:
        return tuple(name for group in self.classes for name in group)

    @property
    def counts_consents(self) -> bool:
        """True where votes of a round do not already imply the new members' consent."""
        candidates = self.election.candidates.values()
        return any(c.consents_needed > self.election.quorum for c in candidates)


@dataclass(frozen=True)
class Life:
    """One honest member: what it cast (kind, round, what), and the highest quorum it saw."""

    casts: frozenset = frozenset()
    known: Highest | None = None


@dataclass(frozen=True)
class State:
    """All honest members, by class; and what a sorted run left behind."""

    groups: tuple[tuple[Life, ...], ...]
    place: tuple[int, int] = (1, 0)
    quorums: frozenset[Highest] = frozenset()
    certified: frozenset[str] = frozenset()


def rank(highest: Highest | None) -> tuple[int, str]:
    return (0, "") if highest is None else (highest.round, highest.digest)


@cache
def ballot(kind: str, member: str, round: int, what: str | Highest | None) -> Cast:
    label = f"{kind}/{member}/{round}/{what}"
    if kind == "close":
        return Cast(kind=kind, member=member, round=round, shown=what, hash=label)
    return Cast(kind=kind, member=member, round=round, digest=what, expires=EXPIRES, hash=label)


class World:
    """One state with the ballots of everybody laid out."""

    def __init__(self, unit: Unit, state: State) -> None:
        self.unit, self.state = unit, state
        lives = [life for group in state.groups for life in group]
        self.lives = dict(zip(unit.honest, lives, strict=True))
        casts = [
            ballot(kind, name, round, what)
            for name, life in self.lives.items()
            for kind, round, what in life.casts
        ]
        casts += [
            ballot("yes", name, quorum.round, quorum.digest)
            for quorum in state.quorums
            for name in unit.election.candidates[quorum.digest].voters
        ]
        self.honest_casts = frozenset(casts)
        hostile = [
            ballot(kind, name, round, digest)
            for name in unit.hostile
            for round in range(1, unit.rounds + 1)
            for digest in unit.election.candidates
            for kind in ("yes", "confirm")
            if name in unit.election.candidates[digest].voters
        ]
        self.everything = self.honest_casts | frozenset(hostile)
        self.yes = frozenset(c for c in self.everything if c.kind == "yes")
        self.quorums = [
            Highest(round, digest)
            for round in range(1, unit.rounds + 1)
            for digest in sorted(unit.election.candidates)
            if has_quorum_of_yes(unit.election, self.yes, Highest(round, digest))
        ]

    def supporting(self, shown: Highest | None) -> View:
        """The yes ballots that make one quorum, and no others."""
        if shown is None:
            return frozenset()
        return frozenset(c for c in self.yes if c.digest == shown.digest and c.round <= shown.round)

    def own(self, name: str) -> View:
        life = self.lives[name]
        return frozenset(ballot(*(each[0], name, *each[1:])) for each in life.casts)

    def openings(self, round: int) -> Iterator[tuple[Highest | None, View, tuple[str, ...]]]:
        """Every highest shown quorum with which a proposal could open a round, and its closes."""
        if round == 1:
            yield None, frozenset(), ()
            return
        closes = [c for c in self.honest_casts if c.kind == "close" and c.round == round - 1]
        options = [None, *(q for q in self.quorums if q.round < round)]
        for top in options:
            chosen = [c for c in closes if rank(c.shown) <= rank(top)]
            chosen += [ballot("close", name, round - 1, top) for name in self.unit.hostile]
            if len(chosen) < self.unit.election.quorum or all(c.shown != top for c in chosen):
                continue
            view = frozenset(chosen)
            for each in chosen:
                view |= self.supporting(each.shown)
            yield top, view, tuple(c.hash for c in chosen)


def proposal(digest: str, round: int, closes: tuple[str, ...], version: int = 2) -> Proposal:
    return Proposal(
        version=version,
        digest=digest,
        round=round,
        expires=EXPIRES,
        topic=Topic.RULES,
        subject=None,
        closes=closes,
    )


def moves(world: World, name: str) -> Iterator[tuple[tuple[int, int], Life]]:
    """What one honest member may sign next, with the place of the act in the sorted order."""
    unit, life = world.unit, world.lives[name]
    for round in range(world.state.place[0], unit.rounds + 1):
        openings = list(world.openings(round))
        if not openings:
            break
        yield from _yes_moves(world, name, round, openings)
        for quorum in (q for q in world.quorums if q.round == round):
            view = world.own(name) | world.supporting(quorum)
            answer = unit.rules.may_confirm(
                unit.election, name, view, quorum, expires=EXPIRES, now=OPEN
            )
            if isinstance(answer, Allowed):
                act = ("confirm", round, quorum.digest)
                yield (round, 1), _after(life, act, quorum)
        yield from _close_moves(world, name, round, openings)


def _yes_moves(world, name, round, openings):
    unit = world.unit
    for top, seen, closes in openings:
        for digest in unit.election.candidates:
            answer = unit.rules.may_yes(
                unit.election, name, world.own(name) | seen, proposal(digest, round, closes), OPEN
            )
            if isinstance(answer, Allowed):
                yield (round, 0), _after(world.lives[name], ("yes", round, digest), top)


def _close_moves(world, name, round, openings):
    unit, life = world.unit, world.lives[name]
    for _, seen, closes in openings:
        base = world.own(name) | seen | world.supporting(life.known)
        asked = next(iter(unit.election.candidates))
        forced = max((c.shown for c in seen if c.hash in closes), key=rank, default=None)
        question = proposal(forced.digest if forced else asked, round, closes)
        for extra in (None, *(q for q in world.quorums if q.round <= round)):
            view = base | world.supporting(extra)
            answer = unit.rules.may_close(unit.election, name, view, question, OVER)
            if isinstance(answer, Allowed):
                yield (round, 2), _after(life, ("close", round, answer.shown), answer.shown)


def _after(life: Life, act: tuple, seen: Highest | None) -> Life:
    return Life(life.casts | {act}, max(life.known, seen, key=rank))


def successors(world: World) -> Iterator[State]:
    unit, state = world.unit, world.state
    for at, group in enumerate(state.groups):
        for index, life in enumerate(group):
            if index and group[index - 1] == life:
                continue  # an interchangeable member in the same state
            for place, after in moves(world, unit.classes[at][index]):
                lives = (*group[:index], after, *group[index + 1 :])
                groups = (*state.groups[:at], lives, *state.groups[at + 1 :])
                if not unit.sorted_runs:
                    yield State(_in_order(groups))
                elif place == state.place:
                    yield replace(state, groups=_in_order(groups))
                elif place > state.place:
                    yield _move_on(world, groups, place, certified=frozenset(certificates(world)))


def _move_on(world: World, groups, place: tuple[int, int], *, certified: frozenset) -> State:
    """Keep of the acts before `place` what later decisions can depend on."""
    unit, state = world.unit, world.state
    lives = [tuple(_forget(unit, life, place) for life in group) for group in groups]
    return State(_in_order(lives), place, frozenset(world.quorums), state.certified | certified)


def _forget(unit: Unit, life: Life, place: tuple[int, int]) -> Life:
    kept = set()
    for kind, round, what in life.casts:
        if (round, ORDER[kind]) >= place or (kind == "close" and round + 1 >= place[0]):
            kept.add((kind, round, what))
        elif kind == "yes" and unit.counts_consents:
            kept.add(("yes", 0, what))
    return Life(frozenset(kept), life.known)


def _in_order(groups) -> tuple[tuple[Life, ...], ...]:
    return tuple(tuple(sorted(group, key=_sort)) for group in groups)


@cache
def _sort(life: Life) -> str:
    return repr(sorted(life.casts, key=repr)) + repr(life.known)


@dataclass
class Found:
    """What a search saw."""

    states: int = 0
    certified: set = field(default_factory=set)
    conflict: State | None = None


def search(unit: Unit, *, each: Callable[[World], None] = lambda world: None) -> Found:
    """Visit every reachable state once; stop at the first with two certified digests."""
    start = State(tuple(tuple(Life() for _ in group) for group in unit.classes))
    seen, frontier, found = {start}, [start], Found()
    while frontier:
        following = []
        for state in frontier:
            found.states += 1
            world = World(unit, state)
            certified = state.certified | frozenset(certificates(world))
            found.certified |= certified
            if len(certified) > 1:
                found.conflict = state
                return found
            each(world)
            for after in successors(world):
                if after not in seen:
                    seen.add(after)
                    following.append(after)
        frontier = following
    return found


def certificates(world: World) -> Iterator[str]:
    unit = world.unit
    for quorum in world.quorums:
        if unit.rules.is_certified(
            unit.election, world.everything, round=quorum.round, digest=quorum.digest
        ):
            yield quorum.digest


def unit_of(n: int, f: int, *, rounds: int, remove: str = "", **changes) -> Unit:
    """n old members, the last f hostile; candidates a and b, and b may remove somebody."""
    names = [f"m{index}" for index in range(n)]
    honest, hostile = names[: n - f], names[n - f :]
    q = governance(n=n, f=f).q
    everyone = frozenset(names)
    a = Candidate(
        digest="a", voters=everyone, members=everyone, accepted=frozenset(), consents_needed=q
    )
    stay = everyone - {remove}
    needed = governance(n=len(stay), f=f).q
    b = replace(a, digest="b", voters=stay, members=stay, consents_needed=needed)
    others = tuple(name for name in honest if name != remove)
    classes = ((remove,), others) if remove in honest else (others,)
    election = Election(
        version=2,
        electors=everyone,
        quorum=q,
        base_expires=OPEN + timedelta(days=365),
        candidates={"a": a, "b": b},
    )
    return Unit(
        classes=classes, hostile=tuple(hostile), election=election, rounds=rounds, **changes
    )


# --- safety -------------------------------------------------------------------

SIZES = [(2, 0, 3), (2, 1, 3), (3, 0, 2), (3, 1, 3), (4, 0, 2), (4, 1, 2)]
if SOAK:
    SIZES += [(3, 0, 3), (4, 1, 3), (5, 0, 2), (5, 1, 2)]


@pytest.mark.parametrize(("n", "f", "rounds"), SIZES)
def test_no_two_charters_are_certified_for_one_version(n, f, rounds):
    found = search(unit_of(n, f, rounds=rounds), each=require_a_way_on)
    assert found.conflict is None
    assert found.certified == {"a", "b"}, "a search that certifies nothing proves nothing"


REMOVALS = [(3, 0, "m0"), (4, 1, "m0"), (4, 1, "m3")]
if SOAK:
    REMOVALS += [(4, 0, "m0"), (5, 1, "m0"), (5, 1, "m4")]


def _confirms_b(cast: Cast) -> bool:
    return cast.kind == "confirm" and cast.digest == "b"


@pytest.mark.parametrize(("n", "f", "accused"), REMOVALS)
def test_nobody_is_removed_below_the_quorum_of_the_others(n, f, accused):
    def require_quorum(world):
        require_a_way_on(world)
        if "b" in certificates(world):
            confirms = {(c.round, c.member) for c in world.everything if _confirms_b(c)}
            others = [r for r, member in confirms if member != accused]
            assert any(2 * others.count(r) > n + f for r in others)

    found = search(unit_of(n, f, rounds=2, remove=accused), each=require_quorum)
    assert found.conflict is None
    assert "b" in found.certified


@pytest.mark.parametrize(("n", "f"), [(2, 0), (2, 1), (3, 1)])
def test_where_the_quorum_is_everybody_nobody_can_be_removed(n, f):
    found = search(unit_of(n, f, rounds=2, remove="m0"))
    assert found.conflict is None
    assert "b" not in found.certified


@pytest.mark.parametrize(
    ("n", "f", "rounds"),
    [(2, 0, 2), (2, 1, 3), (3, 1, 2), *([(2, 0, 3), (3, 1, 3)] if SOAK else [])],
)
def test_the_unsorted_search_agrees(n, f, rounds):
    found = search(unit_of(n, f, rounds=rounds, sorted_runs=False))
    assert found.conflict is None
    assert found.certified == {"a", "b"}


# --- the search can fail ------------------------------------------------------


def _confirms_after_closing(election, me, view, highest, **times):
    forgotten = frozenset(c for c in view if not (c.member == me and c.kind == "close"))
    return may_confirm(election, me, forgotten, highest, **times)


def _says_yes_twice(election, me, view, question, now):
    forgotten = frozenset(c for c in view if not (c.member == me and c.kind == "yes"))
    return may_yes(election, me, forgotten, question, now)


def _closes_and_shows_nothing(election, me, view, question, now):
    answer = may_close(election, me, view, question, now)
    return Allowed() if isinstance(answer, Allowed) else answer


def _ignores_what_closes_show(election, me, view, question, now):
    blind = frozenset(replace(c, shown=None) if c.kind == "close" else c for c in view)
    return may_yes(election, me, blind, question, now)


MUTANTS = {
    "confirm after close": (3, Rules(may_confirm=_confirms_after_closing)),
    "close shows nothing": (3, Rules(may_close=_closes_and_shows_nothing)),
    "next round is free": (3, Rules(may_yes=_ignores_what_closes_show)),
    "two yes in a round": (4, Rules(may_yes=_says_yes_twice)),
}


@pytest.mark.parametrize(("n", "rules"), MUTANTS.values(), ids=MUTANTS.keys())
def test_without_any_one_rule_the_search_finds_two_certificates(n, rules):
    unit = unit_of(n, 1, rounds=2, rules=rules, sorted_runs=n > 3)
    assert search(unit).conflict is not None


def test_a_quorum_blind_to_f_is_shown_unsafe():
    unit = unit_of(3, 1, rounds=1)
    weak = {d: replace(c, consents_needed=2) for d, c in unit.election.candidates.items()}
    election = replace(unit.election, quorum=2, candidates=weak)
    assert search(replace(unit, election=election)).conflict is not None


# --- a live quorum can always go on -------------------------------------------


def require_a_way_on(world: World) -> None:
    """From here, with the hostile silent: every honest member can close, and the next round
    certifies something, wherever the honest alone are a quorum of those who may vote."""
    unit = world.unit
    if len(unit.honest) < unit.election.quorum:
        return
    round = max((r for life in world.lives.values() for _, r, _ in life.casts), default=1)
    round = max(round, world.state.place[0])
    for _, seen, closes in world.openings(round):
        ended = close_by_all(world, round, seen, closes)
        left = forced_or_any(unit, ended, round)
        enough = [d for d in left if honest_voters(unit, d) >= unit.election.quorum]
        assert not enough or any(certify_next(unit, ended, round + 1, d) for d in left)


def honest_voters(unit: Unit, digest: str) -> int:
    return len(unit.election.candidates[digest].voters & set(unit.honest))


def close_by_all(world: World, round: int, seen: View, closes: tuple[str, ...]) -> View:
    unit = world.unit
    view = world.honest_casts | seen
    for life in world.lives.values():
        view |= world.supporting(life.known)
    for name in unit.honest:
        if any(c.kind == "close" and c.round == round for c in world.own(name)):
            continue
        digest = next(iter(forced_by(closes, seen) or unit.election.candidates))
        answer = unit.rules.may_close(
            unit.election, name, view, proposal(digest, round, closes), OVER
        )
        assert isinstance(answer, Allowed), (answer, world.lives)
        view |= {ballot("close", name, round, answer.shown)}
    return view


def forced_by(closes: tuple[str, ...], seen: View) -> list[str]:
    top = max((c.shown for c in seen if c.hash in closes), key=rank, default=None)
    return [top.digest] if top else []


def forced_or_any(unit: Unit, view: View, round: int) -> list[str]:
    names = own_closes(unit, view, round)
    return forced_by(names, view) or list(unit.election.candidates)


def own_closes(unit: Unit, view: View, round: int) -> tuple[str, ...]:
    return tuple(
        c.hash for c in view if c.kind == "close" and c.round == round and c.member in unit.honest
    )


def certify_next(unit: Unit, view: View, round: int, digest: str) -> bool:
    question = proposal(digest, round, own_closes(unit, view, round - 1))
    willing = [m for m in unit.honest if m in unit.election.candidates[digest].voters]
    for name in willing:
        answer = unit.rules.may_yes(unit.election, name, view, question, OPEN)
        assert isinstance(answer, Allowed), answer
        view |= {ballot("yes", name, round, digest)}
    for name in willing:
        answer = unit.rules.may_confirm(
            unit.election, name, view, Highest(round, digest), expires=EXPIRES, now=OPEN
        )
        if isinstance(answer, Allowed):
            view |= {ballot("confirm", name, round, digest)}
    return unit.rules.is_certified(unit.election, view, round=round, digest=digest)


# --- where trust.md had to be read more closely (docs/adr/0010, 0011) ---------


def raise_f(rules: Rules) -> Unit:
    """4 members, f = 1; candidate a asks for f = 2, whose quorum is all four."""
    unit = unit_of(4, 1, rounds=scaled(1, 2), rules=rules)
    a = replace(unit.election.candidates["a"], consents_needed=4)
    election = replace(unit.election, candidates={**unit.election.candidates, "a": a})
    return replace(unit, election=election)


def _new_members_confirm_too(election, view, *, round, digest):
    confirms = {c.member for c in view if (c.kind, c.round, c.digest) == ("confirm", round, digest)}
    needed = election.candidates[digest].consents_needed
    certified = is_certified(election, view, round=round, digest=digest)
    return certified and len(confirms) >= needed


def test_a_member_who_says_yes_and_never_confirms_cannot_lock_the_charter():
    found = search(raise_f(Rules()), each=require_a_way_on)
    assert found.conflict is None
    assert found.certified == {"a", "b"}


def test_a_joiner_who_accepted_and_went_silent_cannot_lock_the_charter():
    unit = unit_of(4, 1, rounds=scaled(1, 2))
    a = unit.election.candidates["a"]
    five = governance(n=5, f=1)
    a = replace(a, members=a.members | {"j"}, accepted=frozenset({"j"}), consents_needed=five.q)
    election = replace(unit.election, candidates={**unit.election.candidates, "a": a})
    found = search(replace(unit, election=election), each=require_a_way_on)
    assert found.certified == {"a", "b"}


def test_had_the_new_quorum_to_confirm_one_hostile_member_could_lock_the_charter():
    with pytest.raises(AssertionError):
        search(raise_f(Rules(is_certified=_new_members_confirm_too)), each=require_a_way_on)


def test_a_removal_of_an_honest_member_can_block_where_a_voter_is_hostile():
    """The limit, shown: 4 members, f = 1, three may vote, all three are needed."""
    unit = unit_of(4, 1, rounds=2, remove="m0")
    stuck = State(
        (
            (Life(),),
            tuple(
                Life(frozenset({("yes", 1, "b"), ("confirm", 1, "b")}), Highest(1, "b"))
                for _ in unit.classes[1]
            ),
        )
    )
    world = World(unit, stuck)
    ended = close_by_all(world, 1, frozenset(), ())
    assert forced_or_any(unit, ended, 1) == ["b"]
    assert not certify_next(unit, ended, 2, "b")
