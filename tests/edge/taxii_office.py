"""A node of a founded unit whose TAXII server listens on loopback, for the tests that drive it."""

import asyncio
import threading
from contextlib import contextmanager
from datetime import timedelta
from secrets import token_bytes, token_hex

from litestar.openapi import OpenAPIConfig

from detente.exchange.app import make_app
from detente.exchange.server import Server, listen
from detente.exchange.taxii import TAXII_BODY_BYTES_MAX
from detente.exchange.taxii.resources import member_view
from detente.node.clock import now
from detente.node.taxii import TaxiiService
from detente.storage.tokens import ReaderKind, Token, TokenShelf

MEDIA_TYPE = "application/taxii+json;version=2.1"


class Office:
    """A running TAXII server and what tests want to know of it."""

    def __init__(self, home, service, port):
        self.home = home
        self.service = service
        self.url = f"http://127.0.0.1:{port}/taxii2/"
        self.root = f"{self.url}{service.catalogue().root}/"
        self.own = member_view(home.identity.member)
        self._tokens = TokenShelf(home.database)

    def collection(self, view):
        """Return the URL of a collection by the name of its view."""
        catalogue = self.service.catalogue()
        found = next(each for each in catalogue.views if each.name == view)
        return f"{self.root}collections/{catalogue.collection_id(found)}/"

    def token(
        self, name, *, read=("*",), write=False, reader="own", use="passive", days=1, made=None
    ):
        """Make a token and return its text."""
        made = made or now()
        token = Token(
            id=token_hex(8),
            name=name,
            reader=ReaderKind(reader),
            use=use,
            may_read=frozenset(read),
            may_write=write,
            created=made,
            expires=made + timedelta(days=days),
        )
        return self._tokens.add(token, token_bytes(32))

    def revoke(self, name):
        """Take a token back."""
        self._tokens.revoke(name, now=now())
        self.service.tokens._shelf._memory.clear()


@contextmanager
def serving(home):
    """Serve a home's TAXII routes on a free port of loopback, in a thread of its own."""
    service = TaxiiService(home, now=now)
    service.shelving.bring_up()
    openapi = OpenAPIConfig(title="detente", version="1")
    app = make_app([service.routes()], body_bytes_max=TAXII_BODY_BYTES_MAX, openapi=openapi)
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    ready = threading.Event()

    async def run():
        server = Server(app)
        await server.start(listening)
        ready.set()
        await stop.wait()
        await server.close()

    def main():
        asyncio.set_event_loop(loop)
        loop.run_until_complete(run())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    thread = threading.Thread(target=main)
    thread.start()
    assert ready.wait(10)
    try:
        yield Office(home, service, port)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        service.close()
