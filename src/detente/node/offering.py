"""An open offer: a charter that waits for the acceptances of those who enter by it.

Whoever offers keeps it open and alone decides, by the order in which answers reach it,
whether it was withdrawn or came about: so nobody can end up in a unit that another believes
withdrawn. It shows the offer, never an acceptance: before the last one, what leaves it binds
nobody. The others ask it again until it is one or the other. (docs/adr/0016)
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from detente.charter import Charter, Founded, KeySlot, Offered, Topic, Withdrawn, parse_charter
from detente.charter.founding import Founding, accept, offer, receive, withdraw
from detente.charter.model import SIGNING_SLOTS
from detente.errors import InputError
from detente.node.binding import begin_empty, bind, keep_versions
from detente.node.changing import newest_proposal, put_to_vote
from detente.node.circle import has_left
from detente.node.desk import HomeDesk
from detente.node.founding import accept_offer, apply_founding
from detente.node.governing import read_assembly, say_yes
from detente.node.home import Home
from detente.node.leaving import own_card
from detente.node.publishing import Clock
from detente.proofs.chain import CharterChain
from detente.signing import JsonLimits, JsonValue, canonical, parse_canonical
from detente.storage.disk import Disk, read_if_there, write_whole

FILE = "offer.json"
_FILE_BYTES_MAX = 2**24  # a charter, and an acceptance of each of 64 members
_LIMITS = JsonLimits(size_bytes=_FILE_BYTES_MAX, depth=3, values=256)


class Outcome(Enum):
    """How an offer stands."""

    OPEN = "open: not everybody has answered"
    WITHDRAWN = "withdrawn: nothing of it remains"
    DONE = "everybody accepted"


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """An offer that this node made, or answered.

    Attributes:
        document: the offered charter.
        answers: acceptances known here.
        at: address of whoever keeps it open; empty where this node does.
    """

    document: bytes
    answers: tuple[bytes, ...]
    at: str = ""

    @property
    def charter(self) -> Charter:
        """What is offered; raises CharterError."""
        return parse_charter(self.document)


def read_offer(home: Home) -> OpenOffer | None:
    """Return the offer that is open here.

    Raises:
        InputError, JsonError: the file is damaged.
        StorageFault: the disk refused.
    """
    path = home.layout.directory / FILE
    data = read_if_there(path, bytes_max=_FILE_BYTES_MAX)
    if data is None:
        return None
    value = parse_canonical(data, _LIMITS)
    match value:
        case {"document": str(document), "answers": list(answers), "at": str(at)}:
            kept = tuple(str(each).encode() for each in answers)
            return OpenOffer(document.encode(), kept, at)
        case _:
            raise InputError("not an open offer", file=str(path), remedy="Remove the file")


def _keep(home: Home, open_offer: OpenOffer) -> None:
    answers: list[JsonValue] = [each.decode() for each in open_offer.answers]
    value: dict[str, JsonValue] = {
        "document": open_offer.document.decode(),
        "answers": answers,
        "at": open_offer.at,
    }
    write_whole(home.layout.directory / FILE, canonical(value), disk=Disk())


def forget_offer(home: Home) -> None:
    """Let nothing of the open offer remain."""
    (home.layout.directory / FILE).unlink(missing_ok=True)


def open_offer(home: Home, charter: Charter) -> None:
    """Keep an offer open at this node.

    Raises:
        InputError: another one is open here.
        CharterError: it is no acceptable offer.
        StorageFault: the disk refused.
    """
    with home.taking_up:
        if read_offer(home) is not None:
            raise InputError(
                "another offer is open here",
                remedy="`detente charter vote --withdraw` ends it",
            )
        _begun(home, charter)
        _keep(home, OpenOffer(charter.to_bytes(), ()))


def _begun(home: Home, charter: Charter) -> Offered:
    """Return an offer before any answer: who is a member already need not accept."""
    if charter.version == 1:
        return offer(charter)
    bound = home.charter
    known = frozenset() if bound is None else bound.member_ids
    return Offered(charter, charter.member_ids & known)


def take_answer(home: Home, data: bytes, now: Clock) -> Outcome:
    """Take an acceptance or a withdrawal into account, at the node that offered.

    Raises:
        InputError: nothing is open here.
        CharterError: it does not verify.
        StorageFault: the disk or the database refused.
    """
    with home.taking_up:
        kept = read_offer(home)
        if kept is None or kept.at:
            raise InputError("no offer is open here", remedy="Ask for a new one")
        answers = tuple(dict.fromkeys((*kept.answers, data)))
        state = _gathered(home, kept.charter, answers)
        if isinstance(state, Withdrawn):
            forget_offer(home)
            return Outcome.WITHDRAWN
        kept = replace(kept, answers=answers)
        _keep(home, kept)
    # Outside: speaking waits for threads that may wait for the same lock.
    return _complete(home, kept, now) if isinstance(state, Founded) else Outcome.OPEN


def _gathered(home: Home, charter: Charter, answers: tuple[bytes, ...]) -> Founding:
    state: Founding = _begun(home, charter)
    for answer in answers:
        state = receive(state, answer)
    return state


def _complete(home: Home, kept: OpenOffer, now: Clock) -> Outcome:
    """Found the unit, or put the admission to the vote; then the offer is open no more.

    Whoever finds it under way leaves it to who began: nobody waits here.
    """
    if not home.entering.acquire(blocking=False):
        return Outcome.OPEN
    try:
        _bring_about(home, kept, now)
    finally:
        home.entering.release()
    return Outcome.DONE


def _bring_about(home: Home, kept: OpenOffer, now: Clock) -> None:
    charter = kept.charter
    if charter.version == 1:
        apply_founding(home, kept.document, kept.answers, now())
    else:
        desk = HomeDesk(home, now)
        open_now = {each.digest for each in read_assembly(desk).proposals.values()}
        if charter.digest not in open_now:
            put_to_vote(desk, charter, Topic.ADMIT, now=now(), acceptances=kept.answers)
            say_yes(desk, newest_proposal(desk), now())
    forget_offer(home)


def finish_offer(home: Home, now: Clock) -> None:
    """Finish what a stopped process left of an offer that everybody had accepted.

    Raises:
        StorageFault: the disk or the database refused.
    """
    with home.taking_up:
        kept = read_offer(home)
        if kept is None or kept.at:
            return
        charter, bound = kept.charter, home.charter
        over = bound is not None and charter.version <= bound.version
        if over:
            forget_offer(home)
        ready = not over and isinstance(_gathered(home, charter, kept.answers), Founded)
    if ready:
        _complete(home, kept, now)


def answer(home: Home, document: bytes, now: datetime) -> bytes:
    """Accept an offer with this node's keys; nothing is kept.

    Raises:
        InputError: this node does not stand in it as it is.
        CharterError: the document is no acceptable offer, or it has expired.
        NoSuchKey: a key lies off line.
    """
    charter = parse_charter(document)
    if charter.version == 1:
        return accept_offer(home, document, now)
    card = own_card(home)
    _require_place(home, charter, card.id, is_own=charter.member(card.id) == card)
    signers = {slot: home.keys.signer_of(card.keys.key(slot)) for slot in SIGNING_SLOTS}
    return accept(charter, card, signers).to_bytes()


def _require_place(home: Home, charter: Charter, me: str, *, is_own: bool) -> None:
    if home.charter is not None and has_left(home) is None:
        raise InputError(
            "this node belongs to a unit already",
            file=str(home.layout.directory),
            remedy="A proposal is voted on by its id: `detente charter show` lists them",
        )
    if charter.exercise != home.identity.exercise:
        raise InputError(
            "one of the unit and this node is made for training, the other is not",
            remedy="Exercise units are joined by exercise nodes only",
        )
    if not is_own:
        raise InputError(
            f"this node does not stand in the charter {charter.name!r} with its own keys"
            + ("" if charter.member(me) is None else "; its card is another by now"),
            remedy="Send the card that `detente charter card` writes, and ask for a new offer",
        )


def answer_own(home: Home, now: Clock, *, withdrawn: bool) -> Outcome:
    """Answer the offer that is open at this node; or forget the one it answered elsewhere.

    Raises:
        InputError: none is, or this node does not stand in it.
        StorageFault: the disk or the database refused.
    """
    with home.taking_up:
        kept = read_offer(home)
        if kept is None:
            raise InputError(
                "no offer is open at this node",
                remedy="Name where one is: a file with --out, a URL, or a proposal's id",
            )
        if kept.at:
            raise InputError(
                f"the offer is open at {kept.at}", remedy="Name that address, to withdraw as well"
            )
        if withdrawn:
            forget_offer(home)
            return Outcome.WITHDRAWN
    return take_answer(home, answer(home, kept.document, now()), now)


def refuse(home: Home, document: bytes) -> bytes:
    """Withdraw a whole offer with this node's governance key.

    Raises:
        InputError: this node does not stand in it.
        CharterError: the document is none.
    """
    charter = parse_charter(document)
    member = charter.member(home.identity.member)
    if member is None:
        raise InputError(f"this node does not stand in the charter {charter.name!r}")
    signer = home.keys.signer_of(member.keys.key(KeySlot.GOVERNANCE))
    return withdraw(charter, member, signer).to_bytes()


def note_answered(home: Home, document: bytes, said: bytes, at: str) -> None:
    """Remember, before an acceptance leaves, to ask what came of it.

    Raises:
        InputError: this node waits for another offer.
        StorageFault: the disk refused.
    """
    kept = read_offer(home)
    if kept is not None and (kept.at, kept.document) != (at, document):
        raise InputError(
            "this node answered another offer, or keeps one open",
            remedy="`detente charter vote --withdraw` ends it",
        )
    _keep(home, OpenOffer(document, (said,), at))


def join(home: Home, document: bytes, chain: CharterChain, now: datetime) -> Charter:
    """Enter the unit whose chain shows that an accepted charter came about.

    Raises:
        InputError: it is another unit's chain, or does not hold that charter.
        CharterError, StorageFault: as `apply_founding`.
    """
    charter = parse_charter(document)
    if chain.unit != charter.unit_id or chain.charter(charter.digest) is None:
        raise InputError(
            "the charter chain does not hold the charter that was accepted",
            remedy="Ask for the chain again once the others have voted",
        )
    with home.taking_up:
        if charter.version == 1:
            return apply_founding(home, document, chain.file.acceptances, now)
        if home.charter is None:
            begin_empty(home, home.identity.origin)
            home.keep_chain(chain)
            keep_versions(home, chain)
            home.charters.adopt(chain.unit, version=charter.version, at=now)
        else:
            home.keep_chain(chain)
            bind(home)
    return charter
