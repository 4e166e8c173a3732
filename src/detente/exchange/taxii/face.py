"""Requests in, answers out: what TAXII 2.1 asks of a server, over ports, without sockets."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus

import orjson

from detente.exchange.taxii.accounts import CHALLENGE, Account, presented_token
from detente.exchange.taxii.clearing import Clearances
from detente.exchange.taxii.envelope import (
    date_headers,
    print_envelope,
    print_manifest,
    print_versions,
)
from detente.exchange.taxii.errors import TaxiiError
from detente.exchange.taxii.limits import ENVELOPE_BYTES_MAX, THREADS
from detente.exchange.taxii.negotiation import check_accept, check_content_type
from detente.exchange.taxii.ports import Desk
from detente.exchange.taxii.query import (
    DELETE_FILTERS,
    EVERY_FILTER,
    OBJECT_FILTERS,
    VERSIONS_FILTERS,
    parse_query,
)
from detente.exchange.taxii.reading import Found, ViewReader
from detente.exchange.taxii.resources import (
    Catalogue,
    View,
    describe,
    not_found,
    print_collections,
    print_discovery,
    print_error,
    print_root,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, as far as TAXII looks at it.

    Attributes:
        authorization: the header, "" where there is none.
        accept: the header, None where there is none.
        content_type: likewise.
        content_length: likewise.
        query: as it came, still encoded.
    """

    authorization: str = ""
    accept: str | None = None
    content_type: str | None = None
    content_length: str | None = None
    query: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        status: of HTTP.
        body: a TAXII resource; empty where there is none.
        headers: besides the media type.
    """

    status: HTTPStatus
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class TaxiiFace:
    """Answers TAXII requests. Safe for threads; refusals are answers, nothing else is raised
    but what the stores raise.

    Args:
        desk: what it stands on.
        clearances: the gate.
        path: where the routes begin, with a slash at both ends.

    Attributes:
        threads: where requests are answered.
    """

    def __init__(self, desk: Desk, clearances: Clearances, *, path: str) -> None:
        self._desk = desk
        self._reader = ViewReader(desk.shelf, clearances)
        self._path = path
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="taxii")

    def discovery(self, asked: Asked) -> Reply:
        """Answer Server Discovery (4.1)."""

        def answer(_account: Account) -> Reply:
            catalogue = self._desk.catalogue()
            if catalogue is None:
                return _good(orjson.dumps({"title": "detente node of no unit"}))
            return _good(print_discovery(catalogue, self._path))

        return self._answered(asked, answer)

    def root(self, asked: Asked, root: str) -> Reply:
        """Answer Get API Root Information (4.2)."""
        return self._answered(asked, lambda _: _good(print_root(self._catalogue(root))))

    def status(self, asked: Asked, root: str, identifier: str) -> Reply:
        """Answer Get Status (4.3): of this account's own requests."""

        def answer(account: Account) -> Reply:
            self._catalogue(root)
            body = self._desk.deposits.status(account, identifier)
            if body is None:
                raise not_found("such status")
            return _good(body)

        return self._answered(asked, answer)

    def collections(self, asked: Asked, root: str) -> Reply:
        """Answer Get Collections (5.1)."""
        return self._answered(
            asked, lambda account: _good(print_collections(self._catalogue(root), account))
        )

    def collection(self, asked: Asked, root: str, name: str) -> Reply:
        """Answer Get a Collection (5.2)."""

        def answer(account: Account) -> Reply:
            catalogue = self._catalogue(root)
            view = _found(catalogue, name)
            return _good(orjson.dumps(describe(catalogue, view, account)))

        return self._answered(asked, answer)

    def manifest(self, asked: Asked, root: str, name: str) -> Reply:
        """Answer Get Object Manifests (5.3)."""

        def answer(account: Account) -> Reply:
            view = self._readable(root, name, account)
            query = parse_query(asked.query, EVERY_FILTER)
            found = self._reader.read(view.name, query, account.reader)
            return _good(print_manifest(found), date_headers(found))

        return self._answered(asked, answer)

    def objects(self, asked: Asked, root: str, name: str) -> Reply:
        """Answer Get Objects (5.4)."""

        def answer(account: Account) -> Reply:
            view = self._readable(root, name, account)
            query = parse_query(asked.query, EVERY_FILTER)
            return _envelope(self._reader.read(view.name, query, account.reader))

        return self._answered(asked, answer)

    def one(self, asked: Asked, root: str, name: str, wanted: str) -> Reply:
        """Answer Get an Object (5.6)."""

        def answer(account: Account) -> Reply:
            view = self._readable(root, name, account)
            query = parse_query(asked.query, OBJECT_FILTERS)
            self._require(view, wanted, account)
            if query.is_other_spec:
                return _envelope(Found())
            return _envelope(self._reader.one(view.name, wanted, query, account.reader))

        return self._answered(asked, answer)

    def versions(self, asked: Asked, root: str, name: str, wanted: str) -> Reply:
        """Answer Get Object Versions (5.8)."""

        def answer(account: Account) -> Reply:
            view = self._readable(root, name, account)
            query = parse_query(asked.query, VERSIONS_FILTERS)
            self._require(view, wanted, account)
            found = Found()
            if not query.is_other_spec:
                found = self._reader.versions(view.name, wanted, query, account.reader)
            return _good(print_versions(found), date_headers(found))

        return self._answered(asked, answer)

    def may_add(self, asked: Asked, root: str, name: str) -> Account | Reply:
        """Say who may add objects here (5.5), before any of them is read."""
        try:
            account = self._who(asked)
            check_accept(asked.accept)
            self._writable(root, name, account)
            check_content_type(asked.content_type)
            check_length(asked.content_length or "0")
        except TaxiiError as error:
            return refusal(error)
        return account

    async def add(self, account: Account, body: bytes) -> Reply:
        """Answer Add Objects (5.5)."""
        try:
            check_length(str(len(body)))
            status = await self._desk.deposits.add(account, body)
        except TaxiiError as error:
            return refusal(error)
        return Reply(HTTPStatus.ACCEPTED, status)

    async def delete(self, asked: Asked, root: str, name: str, wanted: str) -> Reply:
        """Answer Delete an Object (5.7): who brought it takes it back."""
        try:
            account = self._who(asked)
            check_accept(asked.accept)
            self._writable(root, name, account)
            query = parse_query(asked.query, DELETE_FILTERS)
            versions = query.versions if b"match" in asked.query else frozenset(("all",))
            if not query.is_other_spec:
                await self._desk.deposits.retract(account, wanted, versions)
        except TaxiiError as error:
            return refusal(error)
        return _good(b"{}")

    def _answered(self, asked: Asked, answer: Callable[[Account], Reply]) -> Reply:
        try:
            account = self._who(asked)
            check_accept(asked.accept)
            return answer(account)
        except TaxiiError as error:
            return refusal(error)

    def _require(self, view: View, wanted: str, account: Account) -> None:
        if not self._reader.holds(view.name, wanted, account.reader):
            self._desk.deposits.refused(account, wanted)
            raise not_found("such object")

    def _who(self, asked: Asked) -> Account:
        account = self._desk.tokens.check(presented_token(asked.authorization))
        if account is None:
            raise TaxiiError(
                HTTPStatus.UNAUTHORIZED,
                "a token of this node that counts was expected",
                remedy="Send it as Bearer, or as the password of Basic; `detente token add` "
                "makes one",
            )
        return account

    def _catalogue(self, root: str) -> Catalogue:
        catalogue = self._desk.catalogue()
        if catalogue is None or root != catalogue.root:
            raise not_found("such API root")
        return catalogue

    def _readable(self, root: str, name: str, account: Account) -> View:
        view = _found(self._catalogue(root), name)
        if not account.reads(view.name):
            _refuse(view, account, "read")
        return view

    def _writable(self, root: str, name: str, account: Account) -> View:
        view = _found(self._catalogue(root), name)
        if not (view.takes and account.may_write):
            _refuse(view, account, "change")
        return view


def refusal(error: TaxiiError) -> Reply:
    """Return the answer that a refused request gets."""
    headers = {}
    if error.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = CHALLENGE
    return Reply(error.status, print_error(error), headers)


def check_length(text: str) -> None:
    """Refuse a body of more than the length that the API root names.

    Raises:
        TaxiiError: 413.
    """
    if not text.isdigit() or len(text) > 18 or int(text) > ENVELOPE_BYTES_MAX:  # noqa: PLR2004
        raise TaxiiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"a body has at most {ENVELOPE_BYTES_MAX} bytes",
            remedy="Send it in several requests",
        )


def _good(body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(HTTPStatus.OK, body, headers or {})


def _envelope(found: Found) -> Reply:
    return _good(print_envelope(found), date_headers(found))


def _found(catalogue: Catalogue, name: str) -> View:
    view = catalogue.find(name)
    if view is None:
        raise not_found("such collection")
    return view


def _refuse(view: View, account: Account, act: str) -> None:
    """Refuse by 403 what an account may do something else with, as if absent what it may not."""
    if account.reads(view.name) or (view.takes and account.may_write):
        raise TaxiiError(
            HTTPStatus.FORBIDDEN, f"this account may not {act} collection {view.alias}"
        )
    raise not_found("such collection")
