"""What accounts bring, said by this member; what they take back, retracted.

A POST is a statement of this member about its own objects, with the account named in them.
Whatever would touch what another said is refused, told to the account, and kept.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar, TypeVarTuple
from uuid import uuid4

from detente.errors import InputError, PeerFault
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
from detente.node.home import Home
from detente.node.publishing import guess_kind, publish, require_charter
from detente.node.shelving import Shelving
from detente.release import ReleaseError
from detente.signing import canonical
from detente.signing.canonical import JsonValue
from detente.statements import (
    UNIT,
    Kind,
    Opening,
    Pap,
    StixObject,
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

AT_ONCE_MAX = 8  # envelopes that are sorted and said at the same time; others wait
LEAST_LABEL = Tlp.AMBER
LICENCE = "NOASSERTION"
ASKED_MORE = "it asked for an object that it may not read"
TOOK_MORE = "it tried to take back what another member or account said"


Given = TypeVarTuple("Given")
Result = TypeVar("Result")


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
        self._pool = ThreadPoolExecutor(AT_ONCE_MAX, thread_name_prefix="deposits")
        self._kept = DepositShelf(home.database)
        self._evidence = EvidenceShelf(home.database)

    async def add(self, account: Account, envelope: bytes) -> bytes:
        """Say what an account brings, and return the status resource.

        Raises:
            TaxiiError: the envelope cannot be read, or nothing may be said now.
        """
        return await self._in_thread(self._add, account, envelope)

    async def retract(self, account: Account, wanted: str, versions: frozenset[str]) -> None:
        """Take back what an account brought.

        Raises:
            TaxiiError: 404 where it is not there, 403 where another said it.
        """
        await self._in_thread(self._retract, account, wanted, versions)

    def close(self) -> None:
        """Wait for what is being said."""
        self._pool.shutdown()

    async def _in_thread(self, work: Callable[[*Given], Result], *given: *Given) -> Result:
        # Threads of its own: who waits for the log must not keep the log from a thread.
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *given)

    def status(self, account: Account, identifier: str) -> bytes | None:
        """Return the status resource of an earlier request of this account."""
        return self._kept.read(identifier, token=account.id)

    def refused(self, account: Account, wanted: str) -> None:
        """Keep that an account asked for something that is here and not for it."""
        if self._shelf.siblings([wanted]):
            self._keep(account, ASKED_MORE, wanted)

    def take(self, objects: Sequence[JsonValue], account: str, *, source: str = "") -> Sorted:
        """Say what an account or a source outside brings, and keep what is refused.

        Raises:
            TaxiiError: 409: nothing may be said now.
            SigningRefused, StorageFault: the node must not or cannot write.
        """
        began = self._now()
        side = self._side(account, source)
        known = self._known(ids_of(objects, side.member))
        result = sort_envelope(objects, side, known)
        for fault in result.faults(account):
            self._evidence.keep_fault(fault, now=began)
        self._say(result)
        return result

    def _add(self, account: Account, envelope: bytes) -> bytes:
        began = self._now()
        result = self.take(read_envelope(envelope), account.name)
        identifier = str(uuid4())
        status = print_status(
            identifier,
            print_moment(int(began.timestamp() * 1_000_000)),
            successes=result.successes,
            failures=result.failures,
        )
        self._kept.keep(identifier, token=account.id, body=status, now=began)
        return status

    def _say(self, result: Sorted) -> None:
        for label, batches in result.say.items():
            for batch in batches:
                self._publish(list(batch.values()), label)
        if result.say:
            self._shelving.bring_up()

    def _publish(self, objects: Sequence[StixObject], label: Tlp) -> None:
        kind = guess_kind(objects)
        handling = Handling(
            kind=kind, tlp=label, pap=Pap.AMBER, licence=LICENCE, count=len(objects)
        )
        try:
            publish(self._home, objects, handling, audience=UNIT, now=self._now)
        except (InputError, ReleaseError) as error:
            raise TaxiiError(HTTPStatus.CONFLICT, error.message, remedy=error.remedy) from None

    def _side(self, account: str, source: str) -> Side:
        home, now = self._home, self._now()
        try:
            charter = require_charter(home, now)
        except InputError as error:
            raise TaxiiError(HTTPStatus.CONFLICT, error.message, remedy=error.remedy) from None
        me = home.identity.member
        return Side(
            member=me,
            account=account,
            others=frozenset(identity_of(each) for each in charter.member_ids if each != me),
            label=LEAST_LABEL,
            limits=TimeLimits.at(now),
            source=source,
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
            raise TaxiiError(HTTPStatus.CONFLICT, error.message, remedy=error.remedy) from None

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
