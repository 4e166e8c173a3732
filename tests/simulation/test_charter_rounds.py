"""In units larger than the search can walk, still no two charters for one version. (A45, A50)

Random histories through the whole path: signed bodies, ballots sorted out of what each
member has received, the decisions of an honest member, lies of up to f hostile ones.
"""

from datetime import timedelta
from functools import cache

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from detente.charter import (
    Allowed,
    Certificate,
    Close,
    Confirm,
    Highest,
    Proposal,
    Record,
    Topic,
    Yes,
    candidate_of,
    check_certificate,
    double_vote,
    draw_up_certificate,
    election_of,
    gather,
    governance_of,
    is_certified,
    may_close,
    may_confirm,
    may_yes,
    shown_set,
)
from tests.core.charter.people import NAMES, NOW, YEAR, after, keys_of, member, seed, speak, unit
from tests.shared import scaled

WEEK = NOW + timedelta(days=7)
ROUNDS = 4
sizes = st.sampled_from([(4, 1), (5, 1), (6, 1), (7, 2), (5, 0), (3, 1)])
picks = st.integers(0, 10**6)
late = st.sampled_from([0, 0, 0, 1])
digests = st.integers(0, 2)


GOVERNANCE_KEYS = {member(name).id: keys_of(name).governance for name in NAMES}


@cache
def vote_of(n, f):
    """A charter, three that may follow it (the last removes Aurel where possible), and the vote."""
    old = unit(n, f=f, outside=4)
    removed = after(old, members=tuple(m for m in old.members if m.name != "Aurel"))
    if not governance_of(old).can_remove:
        removed = after(old, checkpoint_seconds=30)
    new = [after(old, name="Southern Sound"), after(old, expires=old.expires + YEAR), removed]
    return old, new, election_of(old, [candidate_of(old, each, ()) for each in new])


class Unit(RuleBasedStateMachine):
    """Members with their own partial views; the last f are hostile."""

    @initialize(size=sizes)
    def found(self, size):
        self.old, self.new, self.election = vote_of(*size)
        n, f = size
        self.names = NAMES[:n]
        self.honest, self.hostile = self.names[: n - f], self.names[n - f :]
        self.said, self.judged = [], 0
        self.seen = {name: set() for name in self.names}
        self.seq = dict.fromkeys(self.names, 0)

    def governance_key(self, member_id, epoch, seq):
        return GOVERNANCE_KEYS[member_id]

    def view_of(self, name):
        spoken = [each for each in self.said if each.payload_hash in self.seen[name]]
        return gather(self.election, self.old, spoken, self.governance_key).view

    def round_now(self, late):
        """The highest round that a quorum of closes opened, or the one before it."""
        closed = [s.body["round"] for s in self.said if s.kind == "close"]
        opened = [r + 1 for r in closed if closed.count(r) >= self.election.quorum]
        return min(ROUNDS, max(1, max(opened, default=1) - late))

    def say(self, name, body):
        spoken = speak(self.old, name, body, seq=self.seq[name])
        self.seq[name] += 1
        self.said.append(spoken)
        self.seen[name].add(spoken.payload_hash)

    def proposal(self, view, round, which, pick):
        """A proposal with a quorum of the closes in a view, one of each member."""
        closes = {c.member: c for c in view if c.kind == "close" and c.round == round - 1}
        chosen = sorted(closes.values(), key=lambda c: seed(c.hash, pick))
        chosen = chosen[: self.election.quorum] if round > 1 else []
        tops = [c.shown for c in chosen if c.shown]
        top = max(tops, key=lambda shown: shown.round, default=None)
        return Proposal(
            version=2,
            digest=top.digest if top else self.new[which].digest,
            round=round,
            expires=WEEK,
            topic=Topic.RULES,
            subject=None,
            closes=tuple(sorted(c.hash for c in chosen)),
        )

    @rule(count=st.integers(1, 12), pick=picks)
    def deliver(self, count, pick):
        for step in range(min(count, len(self.said))):
            name = self.names[(pick + step) % len(self.names)]
            spoken = self.said[(pick // 7 + 3 * step) % len(self.said)]
            self.seen[name].add(spoken.payload_hash)

    @rule(who=picks)
    def deliver_all(self, who):
        name = self.names[who % len(self.names)]
        self.seen[name] |= {each.payload_hash for each in self.said}

    @rule(who=picks, late=late, which=digests, pick=picks)
    def an_honest_member_says_yes(self, who, late, which, pick):
        round = self.round_now(late)
        name = self.honest[who % len(self.honest)]
        view = self.view_of(name)
        question = self.proposal(view, round, which, pick)
        answer = may_yes(self.election, member(name).id, view, question, NOW)
        assume(isinstance(answer, Allowed))
        self.say(name, Yes(version=2, digest=question.digest, round=round, expires=WEEK))

    @rule(late=late, which=digests, pick=picks)
    def everybody_honest_votes_as_far_as_allowed(self, late, which, pick):
        round = self.round_now(late)
        for kind in (Yes, Confirm):
            for place, name in enumerate(self.honest):
                if (pick >> place) % 4 == 0:
                    continue  # this one is asleep
                view = self.view_of(name)
                question = self.proposal(view, round, which, pick)
                me, top = member(name).id, Highest(round, question.digest)
                if kind is Yes:
                    answer = may_yes(self.election, me, view, question, NOW)
                else:
                    answer = may_confirm(self.election, me, view, top, expires=WEEK, now=NOW)
                if isinstance(answer, Allowed):
                    body = kind(version=2, digest=question.digest, round=round, expires=WEEK)
                    self.say(name, body)
            for place in range(len(self.names)):
                if (pick >> place) % 5:
                    self.deliver_all(place)

    @rule(who=picks, late=late, which=digests)
    def an_honest_member_confirms(self, who, late, which):
        round = self.round_now(late)
        name, top = self.honest[who % len(self.honest)], Highest(round, self.new[which].digest)
        answer = may_confirm(
            self.election, member(name).id, self.view_of(name), top, expires=WEEK, now=NOW
        )
        assume(isinstance(answer, Allowed))
        self.say(name, Confirm(version=2, digest=top.digest, round=round, expires=WEEK))

    @rule(late=late, which=digests, pick=picks, all_of_them=st.booleans())
    def honest_members_close(self, late, which, pick, all_of_them):
        round = self.round_now(late)
        for name in self.honest if all_of_them else [self.honest[pick % len(self.honest)]]:
            view = self.view_of(name)
            question = self.proposal(view, round, which, pick)
            answer = may_close(self.election, member(name).id, view, question, WEEK)
            if isinstance(answer, Allowed):
                shown = None if answer.shown is None else shown_set(view, answer.shown)
                self.say(name, Close(version=2, round=round, shown=shown))

    @rule(who=picks, late=late, which=digests, kind=st.sampled_from([Yes, Confirm]))
    def a_hostile_member_votes_as_it_likes(self, who, late, which, kind):
        round = self.round_now(late)
        assume(self.hostile)
        name = self.hostile[who % len(self.hostile)]
        body = kind(version=2, digest=self.new[which].digest, round=round, expires=WEEK)
        self.say(name, body)

    @rule(who=picks, late=late, which=st.none() | digests)
    def a_hostile_member_closes_as_it_likes(self, who, late, which):
        round = self.round_now(late)
        assume(self.hostile)
        name = self.hostile[who % len(self.hostile)]
        everything = gather(self.election, self.old, self.said, self.governance_key).view
        shown = None
        if which is not None:
            shown = shown_set(everything, Highest(round, self.new[which].digest))
        self.say(name, Close(version=2, round=round, shown=shown))

    @invariant()
    def at_most_one_charter_is_certified(self):
        if len(getattr(self, "said", ())) == getattr(self, "judged", 0):
            return
        self.judged = len(self.said)
        view = gather(self.election, self.old, self.said, self.governance_key).view
        certified = [
            (round, new)
            for round in range(1, ROUNDS + 1)
            for new in self.new
            if is_certified(self.election, view, round=round, digest=new.digest)
        ]
        assert len({new.digest for _, new in certified}) <= 1
        for round, new in certified[:1]:
            self._is_accepted_by_a_stranger(view, round, new)

    def _is_accepted_by_a_stranger(self, view, round, new):
        paper = draw_up_certificate(self.election, view, round=round, digest=new.digest)
        assert isinstance(paper, Certificate)
        ballots = {each.payload_hash: each for each in self.said}
        record = Record(
            ballots=ballots,
            settled=set(ballots),
            accepted=set(),
            governance_key=self.governance_key,
        )
        check_certificate(paper, old=self.old, new=new, record=record)

    def teardown(self):
        for name in getattr(self, "honest", ()):
            own = [each for each in self.said if each.issuer == member(name).id]
            for place, first in enumerate(own):
                for second in own[place + 1 :]:
                    assert double_vote(first, second) is None, "an honest member is framed"


Unit.TestCase.settings = settings(
    max_examples=scaled(40, 2_000), stateful_step_count=scaled(25, 60), deadline=None
)
test_random_histories_certify_at_most_one_charter = Unit.TestCase
