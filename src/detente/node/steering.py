"""What a running node does for its charter by itself, whenever something came in.

Takes certified versions into the chain, does what this member's key owes the round
protocol, and turns contradicting ballots into proof files. A person only proposes and votes.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import combinations

from detente.charter.tally import double_vote
from detente.errors import EnvironmentFault, UnitError
from detente.exchange.protocol import Event
from detente.exchange.protocol.commands import KeepChain, KeepProof
from detente.exchange.protocol.events import Learnt
from detente.node.binding import bind
from detente.node.circle import has_left
from detente.node.desk import HomeDesk
from detente.node.entering import look_again
from detente.node.governing import BALLOTS, carry_on
from detente.node.offering import Outcome, finish_offer, read_offer
from detente.node.publishing import renew
from detente.node.receiving import Receiver
from detente.node.succeeding import succeed
from detente.proofs import CharterChain, check, prove_double_vote
from detente.statements import Statement, spoken

_LOOK_EVERY_S = 20.0  # rounds expire also while nothing comes in
_ANSWER_EVERY_S = 2.0
_STEPS_MAX = 16


class Steering:
    """The governing side of one running node.

    Args:
        desk: of the node.
        receiver: keeps chains and proofs as if a peer had brought them.
        now: the clock.
        tell: hands events to all pulls; called in threads.
        report: tells people.
    """

    def __init__(
        self,
        desk: HomeDesk,
        receiver: Receiver,
        *,
        now: Callable[[], datetime],
        tell: Callable[[Sequence[Event]], None],
        report: Callable[[str], None],
    ) -> None:
        self._desk = desk
        self._receiver = receiver
        self._now = now
        self._tell = tell
        self._report = report
        self._reported = ""
        self._waits = True
        self._shown: set[frozenset[str]] = set()
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Go on until cancelled.

        Raises:
            StorageFault: this node's own disk or database refused.
        """
        while True:
            try:
                async with asyncio.timeout(self._patience()):
                    await self.wake.wait()
            except TimeoutError:
                pass
            self.wake.clear()
            await asyncio.to_thread(self.turn)

    def _patience(self) -> float:
        return _ANSWER_EVERY_S if self._waits else _LOOK_EVERY_S

    def turn(self) -> None:
        """Do everything that is due; doing it again changes nothing."""
        self._look_at_offer()
        self.show_double_votes()
        for _step in range(_STEPS_MAX):
            chain = succeed(self._desk)
            if isinstance(chain, CharterChain):
                self._tell(self._receiver.perform(KeepChain(chain)))
            bind(self._desk.home)
            if has_left(self._desk.home) is not None:
                return
            said = self._carry_on()
            for each in said:
                self._report(each)
            if not said and not isinstance(chain, CharterChain):
                return

    def _look_at_offer(self) -> None:
        """Finish an offer of this node's own, and ask after one that it answered."""
        home = self._desk.home
        kept = read_offer(home)
        self._waits = kept is not None and bool(kept.at)
        if kept is None:
            return
        try:
            finish_offer(home, self._now)
            outcome = look_again(home, self._now())
        except EnvironmentFault:
            raise
        except UnitError as error:
            self._report(f"the open offer: {error}")
            return
        if outcome is Outcome.DONE:
            self._waits = False
            chain = home.chain
            renew(home, self._now)
            self._tell([] if chain is None else [Learnt(chain)])

    def _carry_on(self) -> list[str]:
        try:
            return carry_on(self._desk, self._now())
        except EnvironmentFault as fault:
            if fault.message != self._reported:  # once: it will be so for a while
                self._reported = fault.message
                self._report(f"the charter waits for this member: {fault.message}")
            return []

    def show_double_votes(self) -> None:
        """Prove that one key cast two ballots that exclude each other, once for each pair."""
        roster = self._desk.roster
        for first, second in _pairs(each for kind in BALLOTS for each in self._desk.said(kind)):
            pair = frozenset((first.payload_hash, second.payload_hash))
            if pair in self._shown:
                continue
            self._shown.add(pair)
            try:
                issuer = first.header.issuer
                one, other = (
                    spoken(each, key=roster.key_for(each, issuer).raw) for each in (first, second)
                )
                if double_vote(one, other) is None:
                    continue
                entries = sorted((first.to_entry(), second.to_entry()))
                proof = prove_double_vote(*entries)
                shown = check(proof, roster.chain)
            except EnvironmentFault:
                raise
            except UnitError:
                continue
            self._tell(self._receiver.perform(KeepProof(proof, shown.accused)))
            self._report(f"{shown.reason}: by the key of {shown.accused[:16]}…")


def _pairs(ballots: Iterable[Statement]) -> Iterable[tuple[Statement, Statement]]:
    """Yield ballots of one member under one charter, two and two."""
    by: dict[tuple[str, str], list[Statement]] = {}
    for each in ballots:
        by.setdefault((each.header.issuer, each.header.charter), []).append(each)
    for said in by.values():
        yield from combinations(said, 2)
