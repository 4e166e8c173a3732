"""Answering what others say: a veto for one's own registered assets, a dispute for what is benign.

Said once for each statement, at once, by the node itself. Nothing is taken from
anybody: both stand beside what they answer, with the values they are about.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice

from detente.node.acting import Acting
from detente.node.beside import stand_beside
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.statements import Kind
from detente.storage.acting import PAGE_MAX
from detente.storage.acting_objects import ActingObjects
from detente.storage.acting_rows import ItemState
from detente.storage.model import StoredStatement
from detente.watch import Assets, Dossier, Item, Level, Stance
from detente.watch.invented import is_invented
from detente.watch.values import pattern_of

VALUES_NAMED = 20  # in the words of one answer; its pattern has them all
VALUES_AT_ONCE = 100  # in one pattern
PATTERN_CHARS = 24_000  # of one pattern
DISPUTES_MAX = 4  # on one statement: who lists the whole Internet takes nobody's quota
_STATEMENTS_AT_ONCE = 64
_BENIGN = frozenset(("common-benign", "prefix-floor"))


def answer(
    home: Home, acting: Acting, values: list[ItemState], *, now: Callable[[], datetime]
) -> list[Acknowledged]:
    """Say the vetoes and disputes that some values call for and that were not said yet.

    Args:
        home: open.
        acting: brought up.
        values: those that were decided about.
        now: the clock.

    Raises:
        InputError, SigningRefused, StorageFault: this node cannot speak.
    """
    me, chain = home.identity.member, home.chain
    own = Assets.registered(() if chain is None else chain.latest.assets, me)
    calling = {each.number: why for each in values if (why := _why(each, own)) is not None}
    wanted: dict[tuple[Kind, str], list[tuple[Item, str]]] = {}
    for number, dossier in acting.shelf.dossiers(calling):
        kind, words = calling[number]
        for statement in _unanswered(dossier, me, kind):
            wanted.setdefault((kind, statement), []).append((dossier.item, words))
    said = [
        stand_beside(
            home,
            kind,
            statement,
            reason=_sentence([words for _, words in some]),
            pattern=" OR ".join(pattern_of(item) for item, _ in some),
            now=now,
        )
        for (kind, statement), about in sorted(wanted.items())
        for some in islice(_batches(about), _room(acting, kind, statement))
    ]
    if said:
        acting.bring_up()
    return said


def answer_since(home: Home, acting: Acting, *, now: Callable[[], datetime]) -> list[Acknowledged]:
    """Answer what others said since this was last done; as `answer`.

    Where the charter registers something else than before, all that was ever said is
    looked at again. What was answered is never answered twice.
    """
    objects, chain = ActingObjects(home.database), home.chain
    name = f"answered {'' if chain is None else chain.latest.digest[:16]}"
    done, upto = objects.done(name), acting.shelf.taken()
    said: list[Acknowledged] = []
    for page in _since(home, done, upto):
        for stored in page:
            if acting.stopping.is_set():
                return said
            if stored.row.issuer != home.identity.member:
                said += _answer_one(home, acting, stored, now=now)
        # A kill before this asks again about some, and finds them answered.
        objects.advance(name, page[-1].number)
    return said


def _answer_one(
    home: Home, acting: Acting, stored: StoredStatement, *, now: Callable[[], datetime]
) -> list[Acknowledged]:
    objects, after = ActingObjects(home.database), 0
    said: list[Acknowledged] = []
    while page := objects.values_of(stored.number, after=after, limit=PAGE_MAX):
        after = page[-1].number
        said += answer(home, acting, page, now=now)
    return said


def _since(home: Home, done: int, upto: int) -> Iterator[list[StoredStatement]]:
    while done < upto and (page := home.index.statements(after=done, limit=_STATEMENTS_AT_ONCE)):
        done = page[-1].number
        if some := [each for each in page if each.number <= upto]:
            yield some


def answer_all(home: Home, acting: Acting, *, now: Callable[[], datetime]) -> list[Acknowledged]:
    """Answer whatever calls for it among all values; as `answer`."""
    said: list[Acknowledged] = []
    after = 0
    while page := acting.shelf.at_level(Level.NOTED, after=after):
        after = page[-1].number
        said += answer(home, acting, page, now=now)
    return said


def _why(state: ItemState, own: Assets) -> tuple[Kind, str] | None:
    if asset := own.why_own(state.item):
        return Kind.VETO, f"{state.item.value} is ours: {asset}"
    if is_invented(state.item):
        return None  # an exercise: nobody is warned of what somebody has
    for reason in state.decision.get("reasons", []):
        if reason["rule"] in _BENIGN:
            return Kind.DISPUTE, f"{state.item.value}: {reason['words']}"
    return None


def _room(acting: Acting, kind: Kind, statement: str) -> int | None:
    """Return how many more answers of a kind one statement gets, None for as many as needed."""
    if kind is Kind.VETO:
        return None
    said = acting.shelf.own_objections(statement, Stance(kind.value).value)
    return max(0, DISPUTES_MAX - said)


def _unanswered(dossier: Dossier, me: str, kind: Kind) -> list[str]:
    """Return the statements of others about the value that this node has not answered."""
    stance = Stance(kind.value)
    answered = {
        each.about
        for each in dossier.objections
        if each.said.issuer == me and each.stance is stance
    }
    others = {each.said.statement for each in dossier.claims if each.said.issuer != me}
    return sorted(others - answered)


def _batches(about: list[tuple[Item, str]]) -> Iterator[list[tuple[Item, str]]]:
    """Yield values in numbers that the pattern of one note takes."""
    some: list[tuple[Item, str]] = []
    size = 0
    for item, words in about:
        length = len(pattern_of(item)) + 4
        if some and (len(some) == VALUES_AT_ONCE or size + length > PATTERN_CHARS):
            yield some
            some, size = [], 0
        some.append((item, words))
        size += length
    if some:
        yield some


def _sentence(words: list[str]) -> str:
    shown = "; ".join(words[:VALUES_NAMED])
    more = len(words) - VALUES_NAMED
    return f"{shown}; and {more} values more" if more > 0 else shown
