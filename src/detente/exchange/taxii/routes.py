"""The routes of TAXII 2.1: HTTP's side of `face`, described in OpenAPI."""

import asyncio
from collections.abc import Callable, Collection
from typing import ClassVar, TypedDict, TypeVar, TypeVarTuple, cast

from litestar import MediaType, Request, Response, Router, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)
from litestar.params import FromPath, SkipValidation

from detente.exchange.taxii.face import Asked, Reply, TaxiiFace
from detente.exchange.taxii.limits import ENVELOPE_BYTES_MAX
from detente.exchange.taxii.negotiation import MEDIA_TYPE
from detente.exchange.taxii.query import (
    DELETE_FILTERS,
    EVERY_FILTER,
    OBJECT_FILTERS,
    VERSIONS_FILTERS,
)

PATH = "/taxii2/"
# A little more than is permitted, so that TAXII's own refusal is what the sender reads.
TAXII_BODY_BYTES_MAX = {PATH: ENVELOPE_BYTES_MAX + 65_536}

_Given = TypeVarTuple("_Given")
_Result = TypeVar("_Result")
_Request = Request[None, None, State]
_Face = NamedDependency[SkipValidation[TaxiiFace]]
_Text = FromPath[str]
_Answer = Response[bytes]
_TEXT = OpenAPIType.STRING
_TAXII = cast("MediaType", MEDIA_TYPE)


class _Described(TypedDict):
    responses: dict[int, ResponseSpec]
    media_type: MediaType


def _refusal(text: str) -> ResponseSpec:
    # Examples would be made up, and of what no JSON can hold.
    return ResponseSpec(
        data_container=dict[str, object],
        description=text,
        media_type=_TAXII,
        generate_examples=False,
    )


_REFUSALS = {
    400: _refusal("a filter that cannot be read"),
    401: _refusal("no token that counts"),
    403: _refusal("the token may not do this"),
    404: _refusal("not here, or not for this token"),
    406: _refusal("another media type is asked for"),
}
_READS: _Described = {"responses": _REFUSALS, "media_type": _TAXII}
_COLLECTION = "/{root:str}/collections/{name:str}/"
_ONE = _COLLECTION + "objects/{wanted:str}/"
_BODY_REFUSALS = _REFUSALS | {
    413: _refusal("too long"),
    415: _refusal("another media type came"),
    422: _refusal("no envelope"),
}
_FILTERS = {
    "added_after": "Only what entered the view later (RFC 3339).",
    "limit": "Most objects in the answer.",
    "next": "As the last answer gave it.",
    "match[id]": "STIX ids, separated by commas.",
    "match[type]": "STIX types, separated by commas.",
    "match[version]": "first, last, all, or times, separated by commas.",
    "match[spec_version]": "Versions of STIX, separated by commas.",
}


class _Filtered(Operation):
    """An operation with filters: described here, read by `query`, which sees what stands twice."""

    filters: ClassVar[Collection[str]] = ()

    def __post_init__(self) -> None:
        described = [
            Parameter(name=name, param_in="query", description=text, schema=Schema(type=_TEXT))
            for name, text in _FILTERS.items()
            if name in self.filters
        ]
        self.parameters = [*(self.parameters or []), *described]


class _View(_Filtered):
    filters = EVERY_FILTER


class _Object(_Filtered):
    filters = OBJECT_FILTERS


class _Versions(_Filtered):
    filters = VERSIONS_FILTERS


class _Removal(_Filtered):
    filters = DELETE_FILTERS


class _Addition(Operation):
    def __post_init__(self) -> None:
        objects = Schema(type=OpenAPIType.ARRAY, items=Schema(type=OpenAPIType.OBJECT))
        envelope = Schema(type=OpenAPIType.OBJECT, properties={"objects": objects})
        self.request_body = RequestBody(content={MEDIA_TYPE: OpenAPIMediaType(schema=envelope)})


def taxii_routes(face: TaxiiFace) -> Router:
    """Return every route of the TAXII server.

    Args:
        face: answers; made with `path=PATH`.
    """
    return Router(
        path=PATH,
        dependencies={"face": Provide(lambda: face, sync_to_thread=False)},
        tags=["TAXII 2.1"],
        security=[{"bearer": []}, {"basic": []}],
        route_handlers=[
            _discovery,
            _root,
            _status,
            _collections,
            _collection,
            _manifest,
            _objects,
            _add,
            _one,
            _delete,
            _versions,
        ],
    )


@get("/", **_READS)
async def _discovery(request: _Request, face: _Face) -> _Answer:
    return await _answered(face, face.discovery, _asked(request))


@get("/{root:str}/", **_READS)
async def _root(request: _Request, face: _Face, root: _Text) -> _Answer:
    return await _answered(face, face.root, _asked(request), root)


@get("/{root:str}/status/{status_id:str}/", **_READS)
async def _status(request: _Request, face: _Face, root: _Text, status_id: _Text) -> _Answer:
    return await _answered(face, face.status, _asked(request), root, status_id)


@get("/{root:str}/collections/", **_READS)
async def _collections(request: _Request, face: _Face, root: _Text) -> _Answer:
    return await _answered(face, face.collections, _asked(request), root)


@get(_COLLECTION, **_READS)
async def _collection(request: _Request, face: _Face, root: _Text, name: _Text) -> _Answer:
    return await _answered(face, face.collection, _asked(request), root, name)


@get(_COLLECTION + "manifest/", operation_class=_View, **_READS)
async def _manifest(request: _Request, face: _Face, root: _Text, name: _Text) -> _Answer:
    return await _answered(face, face.manifest, _asked(request), root, name)


@get(_COLLECTION + "objects/", operation_class=_View, **_READS)
async def _objects(request: _Request, face: _Face, root: _Text, name: _Text) -> _Answer:
    return await _answered(face, face.objects, _asked(request), root, name)


@post(
    _COLLECTION + "objects/",
    status_code=202,
    responses=_BODY_REFUSALS,
    media_type=_TAXII,
    operation_class=_Addition,
)
async def _add(request: _Request, face: _Face, root: _Text, name: _Text) -> _Answer:
    account = await _in_thread(face, face.may_add, _asked(request), root, name)
    if isinstance(account, Reply):
        return _response(account)
    return _response(await face.add(account, await request.body()))


@get(_ONE, operation_class=_Object, **_READS)
async def _one(request: _Request, face: _Face, root: _Text, name: _Text, wanted: _Text) -> _Answer:
    return await _answered(face, face.one, _asked(request), root, name, wanted)


@delete(_ONE, status_code=200, operation_class=_Removal, **_READS)
async def _delete(
    request: _Request, face: _Face, root: _Text, name: _Text, wanted: _Text
) -> _Answer:
    return _response(await face.delete(_asked(request), root, name, wanted))


@get(_ONE + "versions/", operation_class=_Versions, **_READS)
async def _versions(
    request: _Request, face: _Face, root: _Text, name: _Text, wanted: _Text
) -> _Answer:
    return await _answered(face, face.versions, _asked(request), root, name, wanted)


async def _answered(
    face: TaxiiFace, answer: Callable[[*_Given], Reply], *given: *_Given
) -> _Answer:
    return _response(await _in_thread(face, answer, *given))


async def _in_thread(
    face: TaxiiFace, answer: Callable[[*_Given], _Result], *given: *_Given
) -> _Result:
    # Threads of its own: outside tools, however many, never keep the node from a thread.
    return await asyncio.get_running_loop().run_in_executor(face.threads, answer, *given)


def _asked(request: _Request) -> Asked:
    headers = request.headers
    return Asked(
        authorization=headers.get("authorization", ""),
        accept=headers.get("accept"),
        content_type=headers.get("content-type"),
        content_length=headers.get("content-length"),
        query=bytes(request.scope["query_string"]),
    )


def _response(reply: Reply) -> _Answer:
    headers = {"cache-control": "no-store", **reply.headers}
    return Response(reply.body, status_code=int(reply.status), media_type=_TAXII, headers=headers)
