"""The outward face over HTTP: what the node shows, as `protocol.paths` names it.

Everything shown to anybody authenticates itself. Content is sealed and given only to the
member that asks by name and that the gate cleared for all of it: no route sends content
without a `Cleared` in its hand.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from time import time
from typing import BinaryIO, assert_never, cast

from litestar import MediaType, Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation
from litestar.response import Stream

from detente.errors import UnitError
from detente.exchange.errors import ExchangeError, RequestRefused
from detente.exchange.hints import Hints
from detente.exchange.http_signatures import NO_BODY, RequestVerifier, content_digest
from detente.exchange.http_signatures import Request as SignedRequest
from detente.exchange.limits import PUSH_BYTES_MAX, PUSHES_MAX, SPOOL_BYTES_MAX
from detente.exchange.ports import Outward, Parcel
from detente.exchange.protocol.paths import checked_digest, checked_origin, parse_place
from detente.release import Cleared, Full, MemberReader, Withheld
from detente.tlog import Cosigned, Refused, TileError, TilePath
from detente.tlog.witness import REQUEST_BYTES_MAX

BODY_BYTES_MAX = {"/witness/add-checkpoint": REQUEST_BYTES_MAX, "/bundles": PUSH_BYTES_MAX}

_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_FRESH = {"cache-control": "no-cache"}
_IMMUTABLE = {"cache-control": "public, max-age=31536000, immutable"}
_PRIVATE = {"cache-control": "no-store"}

Asked = Request[None, None, State]
TakeBundle = Callable[[str, BinaryIO], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class OutwardFace:
    """What the routes stand on.

    Attributes:
        outward: what the node shows.
        verifier: says who asks.
        hints: pushed to whoever listens.
        take_bundle: takes up a bundle of the member that signed the request, and says what it
            brought. Raises UnitError where it is none.
        public_url: how others write this node's address where a web server stands in front
            of it, without a slash at its end; empty where the Host header says it.
    """

    outward: Outward
    verifier: RequestVerifier
    hints: Hints
    take_bundle: TakeBundle
    public_url: str = ""
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PUSHES_MAX))


Face = NamedDependency[SkipValidation[OutwardFace]]


def outward_routes(face: OutwardFace) -> Router:
    """Return the routes of one member's outward face."""
    return Router(
        path="/",
        dependencies={"face": Provide(lambda: face, sync_to_thread=False)},
        route_handlers=[
            _shown_log,
            _shown_cosigned,
            _add_checkpoint,
            _blob,
            _shown_proofs,
            _shown_proof,
            _shown_paper,
            _shown_chain,
            _hints,
            _awaits,
            _push,
        ],
    )


@get("/logs/{rest:path}")
async def _shown_log(request: Asked, face: Face, rest: str) -> Response[bytes]:
    return await _public(request, face)


@get("/witness/{rest:path}")
async def _shown_cosigned(request: Asked, face: Face, rest: str) -> Response[bytes]:
    return await _public(request, face)


@get("/proofs")
async def _shown_proofs(request: Asked, face: Face) -> Response[bytes]:
    return await _public(request, face)


@get("/proofs/{digest:str}")
async def _shown_proof(request: Asked, face: Face, digest: str) -> Response[bytes]:
    return await _public(request, face)


@get("/papers/{name:str}")
async def _shown_paper(request: Asked, face: Face, name: str) -> Response[bytes]:
    return await _public(request, face)


@get("/chain")
async def _shown_chain(request: Asked, face: Face) -> Response[bytes]:
    return await _public(request, face)


@post("/witness/add-checkpoint", status_code=HTTPStatus.OK)
async def _add_checkpoint(request: Asked, face: Face) -> Response[bytes]:
    body = await request.body()
    said = await asyncio.to_thread(face.outward.add_checkpoint, body)
    match said:
        case Cosigned():
            return _answer(said.body, _TEXT, _PRIVATE)
        case Refused():
            body = said.body or f"{said.reason}\n".encode()
            return _answer(body, said.content_type, _PRIVATE, status=said.status)
        case _:
            assert_never(said)


@get("/blobs/{digest:str}", media_type=MediaType.TEXT)
async def _blob(request: Asked, face: Face, digest: str) -> Response[bytes] | Stream:
    try:
        wanted = checked_digest(digest)
        at = request.query_params.get("at")
        place = None if at is None else parse_place(at)
    except ExchangeError:
        return _missing()
    if place is None:
        data = await asyncio.to_thread(face.outward.document, wanted)
        return _missing() if data is None else _answer(data, _BYTES, _IMMUTABLE)
    try:
        reader = MemberReader(_who_asks(request, face, NO_BODY))
    except RequestRefused as refusal:
        return _refused(HTTPStatus.UNAUTHORIZED, refusal.message)
    return await _content(face.outward, place, reader, wanted)


async def _content(
    outward: Outward, place: tuple[str, int], reader: MemberReader, digest: str
) -> Response[bytes] | Stream:
    """Ask the gate, and give a wrap or ciphertext only with its yes for all of the content."""
    answer = await asyncio.to_thread(outward.clear, *place, reader)
    match answer:
        case None:
            return _missing()
        case Withheld(rule=rule):
            return _refused(HTTPStatus.FORBIDDEN, rule)
        case Cleared(form=Full()):
            parcel = await asyncio.to_thread(outward.parcel, answer, digest)
            return _missing() if parcel is None else _sealed(parcel)
        case Cleared():
            return _refused(HTTPStatus.FORBIDDEN, "not all of it may be read by this member")
        case _:
            assert_never(answer)


@get("/hints")
async def _hints(face: Face) -> Stream:
    return Stream(face.hints.stream(), media_type="text/event-stream", headers=dict(_PRIVATE))


@get("/awaits")
async def _awaits(request: Asked, face: Face) -> Response[bytes]:
    try:
        member = _who_asks(request, face, NO_BODY)
    except RequestRefused as refusal:
        return _refused(HTTPStatus.UNAUTHORIZED, refusal.message)
    places = await asyncio.to_thread(face.outward.awaits, member)
    text = "".join(f"{origin}/{seq}\n" for origin, seq in places)
    return _answer(text.encode(), _TEXT, _PRIVATE)


@post("/bundles", status_code=HTTPStatus.OK)
async def _push(request: Asked, face: Face) -> Response[bytes]:
    digest = request.headers.get("content-digest", "")
    try:
        # Who asks is known before the body is read: a stranger's is not.
        member = _who_asks(request, face, digest)
    except RequestRefused as refusal:
        return _refused(HTTPStatus.UNAUTHORIZED, refusal.message)
    if face.room.locked():
        return _refused(HTTPStatus.SERVICE_UNAVAILABLE, "other bundles are being taken")
    async with face.room:
        with SpooledTemporaryFile(max_size=SPOOL_BYTES_MAX) as spool:
            hasher = sha256()
            async for piece in request.stream():
                hasher.update(piece)
                await asyncio.to_thread(spool.write, piece)
            if content_digest(hasher.digest()) != digest:
                return _refused(HTTPStatus.BAD_REQUEST, "the body is not the one that was signed")
            try:
                brought = await face.take_bundle(member, cast(BinaryIO, spool))
            except UnitError as error:
                return _refused(HTTPStatus.UNPROCESSABLE_ENTITY, error.message)
    return _answer(f"{brought}\n".encode(), _TEXT, _PRIVATE)


async def _public(request: Asked, face: OutwardFace) -> Response[bytes]:
    # As it came, not decoded: there is one spelling of each path.
    path = bytes(request.scope["raw_path"]).decode("ascii", "replace").removeprefix("/")
    if not _may_stand(path):
        return _missing()
    data = await asyncio.to_thread(face.outward.read, path)
    if data is None:
        return _missing()
    is_tile = "/tile/" in path
    kind = _TEXT if path.endswith(("/checkpoint", "proofs")) else _BYTES
    return _answer(data, kind, _IMMUTABLE if is_tile else _FRESH)


def _may_stand(path: str) -> bool:
    """Say whether a path is the one spelling of a place that could hold something."""
    top, _, rest = path.partition("/")
    try:
        match top:
            case "logs":
                log, epoch, what = ([*rest.split("/", 2), "", ""])[:3]
                checked_origin(f"{log}/{epoch}")
                return what == "checkpoint" or bool(TilePath.parse(what))
            case "witness":
                digest, _, what = rest.partition("/")
                return bool(checked_digest(digest)) and what == "checkpoint"
            case "proofs":
                return rest == "" or bool(checked_digest(rest))
            case "papers":
                return bool(checked_digest(rest))
            case _:
                return path == "chain"
    except (ExchangeError, TileError):
        return False


def _who_asks(request: Asked, face: OutwardFace, digest: str) -> str:
    scope = request.scope
    query = bytes(scope["query_string"])
    raw = bytes(scope["raw_path"]) + (b"?" + query if query else b"")
    base = face.public_url or f"{scope['scheme']}://{request.headers.get('host', '')}"
    signed = SignedRequest(scope["method"], base + raw.decode("ascii", "replace"), digest)
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    ]
    return face.verifier.verify(signed, headers, now=int(time()))


def _sealed(parcel: Parcel) -> Stream:
    async def pieces() -> AsyncIterator[bytes]:
        iterator = iter(parcel.chunks)
        while (piece := await asyncio.to_thread(next, iterator, None)) is not None:
            yield piece

    headers = {"content-length": str(parcel.size), **_PRIVATE}
    return Stream(pieces(), media_type=_BYTES, headers=headers)


def _answer(
    data: bytes, kind: str, headers: dict[str, str], *, status: int = HTTPStatus.OK
) -> Response[bytes]:
    # As a header: the framework would add a charset to what C2SP fixes without one.
    return Response(data, headers={**headers, "content-type": kind}, status_code=status)


def _missing() -> Response[bytes]:
    return _refused(HTTPStatus.NOT_FOUND, "nothing stands here")


def _refused(status: HTTPStatus, reason: str) -> Response[bytes]:
    return _answer(f"{reason}\n".encode(), _TEXT, _PRIVATE, status=status)
