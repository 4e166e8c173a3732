"""The TAXII server of a node, wired: its shelf, its tokens, the gate, and the routes."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from litestar import Router

from detente.errors import EnvironmentFault, InputError, UnitError
from detente.exchange.misp.serving import FeedFace, feed_routes
from detente.exchange.taxii.accounts import Account
from detente.exchange.taxii.bringing import owner_of
from detente.exchange.taxii.clearing import Clearances
from detente.exchange.taxii.face import TaxiiFace
from detente.exchange.taxii.ports import Ground
from detente.exchange.taxii.resources import Catalogue, make_views
from detente.exchange.taxii.routes import PATH, taxii_routes
from detente.node.circle import circle_of
from detente.node.depositing import HomeDeposits
from detente.node.granting import USES
from detente.node.home import Home
from detente.node.misp_feeds import HomeFeeds
from detente.node.pulling_feeds import FeedSources
from detente.node.pulling_outside import OutsideSources
from detente.node.reading import entry_of
from detente.node.shelving import Shelving
from detente.node.weighing import Weighing
from detente.proofs.chain import CharterChain
from detente.release import Circle, ClientReader, PublicReader, Reader, hold
from detente.statements import Opening, parse_entry
from detente.storage.errors import DamagedStore
from detente.storage.shelf import Shelf
from detente.storage.tokens import ReaderKind, Token, TokenShelf
from detente.storage.views import Stretches
from detente.storage.walking import Walker

BRING_UP_EVERY_S = 1.0
PULL_LOOK_EVERY_S = 10.0


class HomeTokens:
    """Implements `exchange.taxii.ports.Tokens`."""

    def __init__(self, home: Home, now: Callable[[], datetime]) -> None:
        self._shelf = TokenShelf(home.database)
        self._member = home.identity.member
        self._now = now

    def check(self, text: str) -> Account | None:
        """Return the holder of a token that counts now."""
        token = self._shelf.check(text, now=self._now())
        return None if token is None else account_for(token, self._member)


def account_for(token: Token, member: str) -> Account:
    """Return the account behind a token of this member.

    The gate sees the sort of reader, not the name: nothing it decides depends on that.
    """
    reader: Reader
    match token.reader:
        case ReaderKind.PUBLIC:
            reader = PublicReader()
        case kind:
            own = kind is ReaderKind.OWN
            reader = ClientReader(member, client="", is_own=own, use=USES[token.use])
    return Account(
        id=token.id,
        name=token.name,
        reader=reader,
        may_read=token.may_read,
        may_write=token.may_write,
    )


class HomeGrounds:
    """Implements `exchange.taxii.ports.Holdings` on an open home and its shelf."""

    def __init__(self, home: Home, shelf: Shelf) -> None:
        self._home = home
        self._shelf = shelf
        self._chain: CharterChain | None = None
        self._circle: Circle | None = None

    def ground(self, statement: int) -> Ground | None:
        """Return what the gate decides about, None where nothing of it is held.

        Raises:
            StorageFault: the disk or the database refused, or is damaged.
            UnitError: what is on the shelf is not what the log commits to.
        """
        basis = self._shelf.basis(statement)
        found = self._home.index.statements(after=statement - 1, limit=1)
        if basis is None or not found or found[0].number != statement:
            return None
        parsed = parse_entry(entry_of(self._home, found[0]))
        if parsed.payload_hash != found[0].row.payload_hash:
            raise DamagedStore(
                f"entry {found[0].row.seq} of log {found[0].row.origin} is not the one indexed",
                remedy="`detente doctor` tells which of the two is damaged",
            )
        held = hold(parsed, Opening.parse(basis.opening))
        return Ground(held, basis.grades, owner_of(basis.issuer, basis.account))

    def circle(self) -> Circle:
        """Return the unit as this node knows it now; the same value while nothing changed."""
        chain = self._home.chain
        if self._circle is None or chain is not self._chain:
            self._chain, self._circle = chain, circle_of(self._home)
        return self._circle


class TaxiiService:
    """The TAXII server of an open home. Implements `exchange.taxii.ports.Desk`.

    Args:
        home: open; what it says goes through `home.live` where it runs.
        now: the clock.
        report: tells people what went wrong.
    """

    def __init__(
        self,
        home: Home,
        *,
        now: Callable[[], datetime],
        report: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._home = home
        self._report = report
        kept = Shelf(home.database)
        self.shelf = Walker(kept, Stretches(home.database))
        self.tokens = HomeTokens(home, now)
        self._clearances = Clearances(HomeGrounds(home, kept))
        self.shelving = Shelving(home, kept, now=now, changed=self._clearances.forget)
        self.deposits = HomeDeposits(home, kept, self.shelf, self.shelving, now=now)
        self.weighing = Weighing(home, self.shelving, now=now, report=report)
        home.forget = self.weighing.forget
        self.sources = OutsideSources(home, self.deposits, now=now)
        self.feeds = FeedSources(home, self.weighing.acting, now=now)
        feeds = HomeFeeds(home, self.weighing.acting.shelf, self.tokens, now=now)
        self._feeds = FeedFace(feeds)
        self._face = TaxiiFace(self, self._clearances, path=PATH)
        self._catalogue: Catalogue | None = None
        self._chain: CharterChain | None = None

    def catalogue(self) -> Catalogue | None:
        """Return what is offered now, None while this node belongs to no unit."""
        chain = self._home.chain
        if chain is None:
            return None
        if self._catalogue is None or chain is not self._chain:
            identity = self._home.identity
            members = sorted((each.id, each.name) for each in chain.latest.members)
            self._catalogue = Catalogue(
                unit=chain.unit,
                title=chain.latest.name,
                contact=identity.operator or identity.name,
                views=make_views(identity.member, members),
            )
            self._chain = chain
        return self._catalogue

    def routes(self) -> Router:
        """Return the routes, for `exchange.app.make_app`."""
        return Router(path="/", route_handlers=[taxii_routes(self._face), feed_routes(self._feeds)])

    def close(self) -> None:
        """Wait for what is being answered and said; the server takes nothing more before."""
        self._home.forget = None
        self._face.threads.shutdown()
        self._feeds.threads.shutdown()
        self.deposits.close()

    async def run(self) -> None:
        """Keep the shelf up to date, weigh, and read other servers in time, until cancelled.

        A store that refuses is told, and tried again.
        """
        works = (self._pull(), self._read_feeds(), self.weighing.run())
        beside = [asyncio.create_task(each) for each in works]
        try:
            await self._bring_up()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _pull(self) -> None:
        while True:
            try:
                for name, pulled in (await self.sources.pull_due()).items():
                    if pulled.fault:
                        self._report(f"reading {name}: {pulled.fault}")
            except EnvironmentFault as fault:
                self._report(f"reading other servers: {fault}")
            await asyncio.sleep(PULL_LOOK_EVERY_S)

    async def _read_feeds(self) -> None:
        while True:
            try:
                for name, pulled in (await asyncio.to_thread(self.feeds.pull_due)).items():
                    if pulled.fault:
                        self._report(f"reading {name}: {pulled.fault}")
            except (EnvironmentFault, UnitError) as fault:
                self._report(f"reading feeds: {fault}")
            await asyncio.sleep(PULL_LOOK_EVERY_S)

    async def _bring_up(self) -> None:
        while True:
            gives_way = await self.weighing.may_begin()
            try:
                await asyncio.to_thread(self.shelving.bring_up, gives_way=gives_way)
            except (EnvironmentFault, InputError) as fault:
                self._report(f"the shelf for outside tools: {fault}")
            await asyncio.sleep(BRING_UP_EVERY_S)
