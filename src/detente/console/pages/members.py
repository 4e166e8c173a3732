"""Where each member stands, what its key did, and what binds the unit."""

from litestar import Response, get

from detente.console.desk import INSIDE, ROLES, Asking, AtDesk, in_thread
from detente.node.desk import HomeDesk
from detente.node.founding import describe_charter
from detente.node.offices import Role
from detente.node.proposals import describe_proposals
from detente.node.proven import list_kept

_READERS = {ROLES: INSIDE | {Role.OVERSEER}}
_PROOFS_SHOWN = 100


@get("/members", opt=_READERS)
@in_thread
def show_members(request: Asking, desk: AtDesk) -> Response[str]:
    """Show the members, the charter, what is proposed and what is proven."""
    charter = desk.home.charter
    if charter is None:
        return desk.show(request, "alone.html")
    now = desk.now()
    proposals = describe_proposals(HomeDesk(desk.home, desk.now), now)
    kept = list_kept(desk.home, limit=_PROOFS_SHOWN)
    values = {
        "charter": describe_charter(charter).document,
        "standings": {row["member"]: row for row in proposals.standings},
        "proposals": proposals.rows,
        "kept": kept,
        "me": desk.home.identity.member,
    }
    return desk.show(request, "members.html", values)


ROUTES = (show_members,)
