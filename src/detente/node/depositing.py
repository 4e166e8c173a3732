"""What accounts bring, said by this member; what they take back, retracted.

A POST is a statement of this member about its own objects, with the account named in them.
Whatever would touch what another said is refused, told to the account, and kept.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from threading import Semaphore
from uuid import uuid4

from detente.errors import InputError, PeerFault, UnitError
from detente.exchange.taxii.accounts import Account
from detente.exchange.taxii.bringing import (
    ACCOUNT_SOURCE,
    Known,
    Side,
    Sorted,
    ids_of,
    owner_of,
    read_envelope,
    sort_envelope,
)
from detente.exchange.taxii.errors import TaxiiError
from detente.exchange.taxii.query import Query, print_moment, time_key
from detente.exchange.taxii.resources import ALERTING, not_found, print_status
from detente.exchange.taxii.versions import pick_versions
from detente.node.contents import HeldLeaves
from detente.node.deposit_rounds import LICENCE, Brought, Coming, Taken, next_round, tell
from detente.node.home import Home
from detente.node.memory import give_back
from detente.node.publishing import Said, publish, publish_each, require_charter
from detente.node.shelving import Shelving
from detente.release import ReleaseError
from detente.signing import canonical
from detente.signing.canonical import JsonValue
from detente.statements import (
    UNIT,
    Kind,
    Opening,
    Pap,
    TimeLimits,
    Tlp,
    encode_object,
    identity_of,
)
from detente.statements.handling import Handling
from detente.storage.deposits import DepositShelf
from detente.storage.evidence import EvidenceShelf
from detente.storage.shelf import Shelf, Sibling
from detente.storage.walking import Walker

LEAST_LABEL = Tlp.AMBER
_OBJECT_BYTES = 1_024  # of what was read elsewhere, about
ASKED_MORE = "it asked for an object that it may not read"
TOOK_MORE = "it tried to take back what another member or account said"


class HomeDeposits:
    """Implements `exchange.taxii.ports.Deposits` on an open home.

    Args:
        home: open.
        shelf: its shelf.
        walker: reads it.
        shelving: keeps it up to date.
        now: the clock.
    """

    def __init__(
        self,
        home: Home,
        shelf: Shelf,
        walker: Walker,
        shelving: Shelving,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._home = home
        self._shelf = shelf
        self._walker = walker
        self._shelving = shelving
        self._now = now
        # Threads of their own: who waits for the log must not keep the log from a thread. While
        # one round waits for the disk, the next is sorted; a third is not begun.
        self._sorter = ThreadPoolExecutor(1, thread_name_prefix="deposits-sort")
        self._speaker = ThreadPoolExecutor(1, thread_name_prefix="deposits-say")
        self._ahead = Semaphore(2)
        self._waiting: deque[Brought] = deque()
        self._coming = Coming()
        self._kept = DepositShelf(home.database)
        self._evidence = EvidenceShelf(home.database)

    async def add(self, account: Account, envelope: bytes) -> bytes:
        """Say what an account brings, and return the status resource.

        Raises:
            TaxiiError: the envelope cannot be read, or nothing may be said now.
        """
        brought = Brought(
            account.name, read=lambda: read_envelope(envelope), size=len(envelope), token=account.id
        )
        _, status = await asyncio.wrap_future(self._queue(brought))
        return status

    async def retract(self, account: Account, wanted: str, versions: frozenset[str]) -> None:
        """Take back what an account brought.

        Raises:
            TaxiiError: 404 where it is not there, 403 where another said it.
        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._speaker, self._retract, account, wanted, versions)

    def close(self) -> None:
        """Wait for what is being said."""
        self._sorter.shutdown()
        self._speaker.shutdown()

    def status(self, account: Account, identifier: str) -> bytes | None:
        """Return the status resource of an earlier request of this account."""
        return self._kept.read(identifier, token=account.id)

    def refused(self, account: Account, wanted: str) -> None:
        """Keep that an account asked for something that is here and not for it."""
        if self._shelf.siblings([wanted]):
            self._keep(account, ASKED_MORE, wanted)

    def take(self, objects: Sequence[JsonValue], account: str, *, source: str = "") -> Sorted:
        """Say what a source outside brings, and keep what is refused.

        Raises:
            TaxiiError: 409: nothing may be said now.
            SigningRefused, StorageFault: the node must not or cannot write.
        """
        size = len(objects) * _OBJECT_BYTES
        brought = Brought(account, read=lambda: objects, size=size, source=source)
        result, _ = self._queue(brought).result()
        return result

    def _queue(self, brought: Brought) -> Future[tuple[Sorted, bytes]]:
        self._waiting.append(brought)
        self._sorter.submit(self._sort_some)
        return brought.answer

    def _sort_some(self) -> None:
        """Sort what waits, as far as it goes into one round, and hand it on to be said."""
        self._ahead.acquire()
        round_ = next_round(self._waiting)
        try:
            taken = self._sort(round_) if round_ else []
        except Exception as fault:  # ours or the disk's: told to everybody who waits
            tell(round_, _not_now(fault))
            taken = []
        if taken:
            self._speaker.submit(self._say_round, taken)
        else:
            self._ahead.release()

    def _sort(self, round_: Iterable[Brought]) -> list[Taken]:
        """Sort what came, one after the other: each finds what those before it will say."""
        taken: list[Taken] = []
        side = self._side()
        self._shelving.bring_up()  # what members said until now is known to be theirs
        for each in round_:
            try:
                own = replace(side, account=each.account, source=each.source)
                taken.append(self._sort_one(each, own))
            except UnitError as error:
                tell([each], error)
        return taken

    def _sort_one(self, brought: Brought, side: Side) -> Taken:
        began = self._now()
        objects = brought.read()
        ids = ids_of(objects, side.member)
        coming = self._coming.under(ids)  # before the shelf is asked: nothing falls in between
        known = dict(self._known(ids))
        here = frozenset(known)
        for identifier, each in coming.items():
            known[identifier] = [*known.get(identifier, ()), *each]
        result = sort_envelope(objects, side, known)
        for fault in result.faults(brought.account):
            self._evidence.keep_fault(fault, now=began)
        taken = Taken(brought, began, side, result, here, frozenset(coming))
        self._coming.add(taken)
        return taken

    def _say_round(self, taken: Sequence[Taken]) -> None:
        try:
            self._say(taken)
        except Exception as fault:  # ours or the disk's: told to everybody who waits
            for each in taken:
                self._coming.fail(each, _not_now(fault))
            tell([each.brought for each in taken], _not_now(fault))
        finally:
            self._coming.remove(taken)
            give_back()
            self._ahead.release()

    def _say(self, taken: Sequence[Taken]) -> None:
        """Say everything together, and answer whoever waits."""
        sayings = [(each, saying) for each in taken for saying in each.sayings()]
        if sayings:
            answers = publish_each(self._home, [saying for _, saying in sayings], now=self._now)
            said = [each for each in answers if isinstance(each, Said)]
            self._shelving.bring_up(
                {each.at.payload_hash: HeldLeaves(each.content, each.terms) for each in said}
            )
            for (each, _saying), answer in zip(sayings, answers, strict=True):
                if isinstance(answer, UnitError):
                    self._coming.fail(each, _not_now(answer))
        for each in taken:
            self._answer(each)

    def _answer(self, taken: Taken) -> None:
        fault = self._coming.fault(taken)
        if fault is not None:
            tell([taken.brought], fault)
            return
        brought, result, status = taken.brought, taken.sorted, b""
        if brought.token:
            status_id = str(uuid4())
            status = print_status(
                status_id,
                print_moment(int(taken.began.timestamp() * 1_000_000)),
                successes=result.successes,
                failures=result.failures,
            )
            self._kept.keep(status_id, token=brought.token, body=status, now=taken.began)
        brought.answer.set_result((result, status))

    def _side(self) -> Side:
        """Return on whose behalf a round is sorted, but for the account.

        Raises:
            InputError: nothing may be said now.
        """
        home, now = self._home, self._now()
        charter = require_charter(home, now)
        me = home.identity.member
        return Side(
            member=me,
            account="",
            others=frozenset(identity_of(each) for each in charter.member_ids if each != me),
            label=LEAST_LABEL,
            limits=TimeLimits.at(now),
        )

    def _known(self, ids: Collection[str]) -> Mapping[str, Sequence[Known]]:
        found = self._shelf.siblings(ids)
        owners = self._owners(one for each in found.values() for one in each)
        places = self._walker.places([one.number for each in found.values() for one in each])
        known: dict[str, list[Known]] = {}
        for identifier, each in found.items():
            for one in each:
                page, place = places[one.number]
                raw = page.slice(place, place + 1)
                known.setdefault(identifier, []).append(
                    Known(owners[one.statement], one.version, raw)
                )
        return known

    def _retract(self, account: Account, wanted: str, versions: frozenset[str]) -> None:
        me = self._home.identity.member
        shared = self._shelf.siblings([wanted]).get(wanted, [])
        owners = self._owners(shared)
        own = [one for one in shared if owners[one.statement] == owner_of(me, account.name)]
        if not own:
            if shared:
                self._keep(account, TOOK_MORE, wanted)
                raise TaxiiError(
                    HTTPStatus.FORBIDDEN,
                    "another member or account said this; it stays",
                    remedy="`detente statement dispute` says that you doubt it",
                )
            raise not_found("such object")
        shown = self._walker.dates(ALERTING, [one.number for one in own])
        by_version = {time_key(one.version): one for one in own if one.number in shown}
        numbers = {version: one.number for version, one in by_version.items()}
        chosen = pick_versions(numbers, Query(versions=versions))
        if not chosen:
            raise not_found("such version")
        statements = {one.statement for one in by_version.values() if one.number in chosen}
        self._say_retraction(account, wanted, statements)
        self._shelving.bring_up()

    def _say_retraction(self, account: Account, wanted: str, statements: Collection[int]) -> None:
        """Say that an object is taken back; a note names it, so that the rest of a batch stays."""
        me, now = self._home.identity.member, self._now()
        about, labels = [], [LEAST_LABEL]
        for number in statements:
            about.append(self._home.index.statements(after=number - 1, limit=1)[0].row.payload_hash)
            basis = self._shelf.basis(number)
            if basis is not None:
                labels.append(Opening.parse(basis.opening).handling.tlp)
        moment = now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        note = encode_object(
            {
                "type": "note",
                "spec_version": "2.1",
                "id": f"note--{uuid4()}",
                "created_by_ref": identity_of(me),
                "created": moment,
                "modified": moment,
                "content": f"Taken back by the account {account.name} that brought it",
                "object_refs": [wanted],
                "external_references": [
                    {"source_name": ACCOUNT_SOURCE, "external_id": account.name}
                ],
            }
        )
        handling = Handling(
            kind=Kind.RETRACTION,
            tlp=max(labels),
            pap=Pap.AMBER,
            licence=LICENCE,
            count=1,
            about=tuple(sorted(about)),
        )
        try:
            publish(self._home, [note], handling, audience=UNIT, now=self._now)
        except (InputError, ReleaseError) as error:
            raise _not_now(error) from None

    def _owners(self, objects: Iterable[Sibling]) -> dict[int, str]:
        """Return, for each statement that said one of these objects, whose its ids are."""
        owners: dict[int, str] = {}
        for number in {one.statement for one in objects}:
            basis = self._shelf.basis(number)
            if basis is not None:
                owners[number] = owner_of(basis.issuer, basis.account)
        return owners

    def _keep(self, account: Account, rule: str, wanted: str) -> None:
        evidence = canonical({"account": account.id, "object": wanted})
        fault = PeerFault(f"account {account.name}", rule, evidence)
        self._evidence.keep_fault(fault, now=self._now())


def _not_now(fault: Exception) -> Exception:
    """Return what is told where nothing can be said now."""
    match fault:
        case InputError() | ReleaseError():
            return TaxiiError(HTTPStatus.CONFLICT, fault.message, remedy=fault.remedy)
        case _:
            return fault
