"""The resources of TAXII 2.1 as this node writes them, and the views that are collections."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from detente.exchange.taxii.accounts import Account
from detente.exchange.taxii.errors import TaxiiError
from detente.exchange.taxii.limits import ENVELOPE_BYTES_MAX
from detente.exchange.taxii.negotiation import MEDIA_TYPE, STIX_MEDIA_TYPE
from detente.statements import Kind, Tlp
from detente.statements.stix import name_uuid

ALERTING = "alerting"
SETTLED = "settled"
ACTIONABLE = "actionable"
_NAMESPACE = bytes.fromhex("0c7f3bd6a5f14e0f9a7cf2f6c1d2b4e8")
_ROOT_DIGITS = 16


@dataclass(frozen=True, slots=True)
class View:
    """A collection: a view over what this node may read.

    Attributes:
        name: as tokens and storage call it.
        title: for people.
        description: for people.
        takes: True where a POST goes: the view of what this member says itself.
    """

    name: str
    title: str
    description: str
    takes: bool = False

    @property
    def alias(self) -> str:
        """The name as it stands in a path."""
        return self.name.replace(":", "-").replace("+", "-")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What this node offers.

    Attributes:
        unit: hex unit id; the API root is named after it.
        title: of the unit.
        contact: who answers for this node.
        views: every collection.
    """

    unit: str
    title: str
    contact: str
    views: tuple[View, ...]

    @property
    def root(self) -> str:
        """Name of the API root: what was set up for one unit never reads another."""
        return self.unit[:_ROOT_DIGITS]

    def collection_id(self, view: View) -> str:
        """Return the UUID of a collection; the same on every start."""
        return name_uuid(_NAMESPACE, self.unit + view.name)

    def find(self, name: str) -> View | None:
        """Return the collection with this id or alias."""
        wanted = name.lower()
        return next((v for v in self.views if wanted in (self.collection_id(v), v.alias)), None)


def member_view(member: str) -> str:
    """Return the name of the view of one member's statements."""
    return f"member:{member}"


def kind_view(kind: Kind) -> str:
    """Return the name of the view of one kind of statements."""
    return f"kind:{kind.value}"


def tlp_view(tlp: Tlp) -> str:
    """Return the name of the view of what stands under one label."""
    return f"tlp:{tlp.value}"


def make_views(own: str, members: Iterable[tuple[str, str]]) -> tuple[View, ...]:
    """Return the views of a node.

    Args:
        own: hex member id of this node's member.
        members: (hex member id, display name) of everybody in the charter.
    """
    return (
        View(ALERTING, "Alerting", "Everything that was verified: to alert on, not to block by."),
        View(SETTLED, "Settled", "What a quorum of others has cosigned."),
        View(ACTIONABLE, "Actionable", "What independent origins confirm: fit to be acted on."),
        *(
            View(member_view(member), f"Said by {name}", "In its own log.", takes=member == own)
            for member, name in members
        ),
        *(View(kind_view(kind), f"Kind: {kind}", "By what it is.") for kind in Kind),
        *(View(tlp_view(tlp), f"TLP:{tlp.value.upper()}", "By its label.") for tlp in Tlp),
    )


def print_discovery(catalogue: Catalogue, path: str) -> bytes:
    """Write the discovery resource (4.1); API roots relative to it, as the text permits."""
    root = f"{path}{catalogue.root}/"
    return orjson.dumps(
        {
            "title": f"detente node in {catalogue.title}",
            "description": "What members of the unit said, as far as the asker may read it.",
            "contact": catalogue.contact,
            "default": root,
            "api_roots": [root],
        }
    )


def print_root(catalogue: Catalogue) -> bytes:
    """Write the API root resource (4.2)."""
    return orjson.dumps(
        {
            "title": catalogue.title,
            "description": f"Unit {catalogue.unit}",
            "versions": [MEDIA_TYPE],
            "max_content_length": ENVELOPE_BYTES_MAX,
        }
    )


def print_collections(catalogue: Catalogue, account: Account) -> bytes:
    """Write the collections resource (5.1): those that the account may do something with."""
    shown = [
        describe(catalogue, view, account)
        for view in catalogue.views
        if account.reads(view.name) or (view.takes and account.may_write)
    ]
    return orjson.dumps({"collections": shown} if shown else {})


def describe(catalogue: Catalogue, view: View, account: Account) -> dict[str, object]:
    """Return a collection resource (5.2)."""
    return {
        "id": catalogue.collection_id(view),
        "title": view.title,
        "description": view.description,
        "alias": view.alias,
        "can_read": account.reads(view.name),
        "can_write": view.takes and account.may_write,
        "media_types": [STIX_MEDIA_TYPE],
    }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one object that was brought.

    Attributes:
        id: as it was brought.
        version: likewise.
        message: what it was said as, or why it was not.
    """

    id: str
    version: str
    message: str = ""


def print_status(
    identifier: str,
    requested: str,
    *,
    successes: Sequence[Outcome],
    failures: Sequence[Outcome],
) -> bytes:
    """Write the status resource (4.3) of a request that is done."""
    return orjson.dumps(
        {
            "id": identifier,
            "status": "complete",
            "request_timestamp": requested,
            "total_count": len(successes) + len(failures),
            "success_count": len(successes),
            "successes": [_detail(each) for each in successes],
            "failure_count": len(failures),
            "failures": [_detail(each) for each in failures],
            "pending_count": 0,
        }
    )


def print_error(error: TaxiiError) -> bytes:
    """Write the error message resource (3.6.1)."""
    message: dict[str, object] = {
        "title": error.status.phrase,
        "description": error.message,
        "error_code": f"detente-{error.status.value}",
        "http_status": str(error.status.value),
    }
    if error.remedy:
        message["details"] = {"remedy": error.remedy}
    return orjson.dumps(message)


def not_found(what: str) -> TaxiiError:
    """Return the refusal for something that is not there, or not for this asker."""
    return TaxiiError(HTTPStatus.NOT_FOUND, f"there is no {what} here, or none for this account")


def _detail(outcome: Outcome) -> dict[str, str]:
    detail = {"id": outcome.id, "version": outcome.version}
    return detail | {"message": outcome.message} if outcome.message else detail
