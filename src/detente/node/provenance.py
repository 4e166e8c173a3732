"""What members gave us and we say on: the label and the readers it came with travel along.

An object that is re-issued names its original. Where a member said that original to us,
its terms bind: no wider circle, no looser label. (trust.md, section 2; A37)
"""

from collections.abc import Sequence

from detente.node.home import Home
from detente.node.reading import read_said
from detente.release import Origin, ReleaseError
from detente.statements import UNIT, Pap, Tlp
from detente.statements.bundle import original_id
from detente.statements.handling import Handling
from detente.statements.markings import read_markings
from detente.statements.stix import StixObject
from detente.storage.model import StoredStatement

Origins = dict[str, tuple[Origin, ...]]


def origins_of(home: Home, objects: Sequence[StixObject]) -> Origins:
    """Return, by STIX id, under which terms the re-issued among some objects came.

    Raises:
        StorageFault: the disk or the database refused.
    """
    known: dict[str, tuple[Handling | None, frozenset[str]]] = {}
    found: Origins = {}
    for each in objects:
        original = original_id(each.properties)
        if original is None:
            continue
        came = [
            _origin(home, hit.statement, each, known)
            for hit in home.index.objects_by_id(original)
            if hit.statement.row.issuer != home.identity.member
        ]
        if came:
            found[each.id] = tuple(came)
    return found


def require_no_looser(handling: Handling, origins: Origins) -> None:
    """Refuse a label that is looser than one under which an object came.

    Raises:
        ReleaseError: with the label it came under.
    """
    for identifier, came in origins.items():
        for each in came:
            if handling.tlp < each.tlp or handling.pap < each.pap:
                raise ReleaseError(
                    f"not said: {identifier} came in statement {each.statement[:16]}… under "
                    f"{each.tlp} and PAP {each.pap}",
                    remedy="Keep at least that label with --tlp and --pap, or ask its issuer",
                )


def _origin(
    home: Home,
    stored: StoredStatement,
    object_: StixObject,
    known: dict[str, tuple[Handling | None, frozenset[str]]],
) -> Origin:
    name = stored.row.payload_hash
    if name not in known:
        known[name] = _terms(home, name)
    handling, addressed = known[name]
    if handling is None:
        return Origin(name, stored.row.issuer, addressed)
    marked = read_markings(object_.properties, ())
    return Origin(
        statement=name,
        issuer=stored.row.issuer,
        addressed=addressed,
        tlp=max(handling.tlp, marked.tlp or Tlp.CLEAR),
        pap=max(handling.pap, marked.pap or Pap.CLEAR),
        licence=handling.licence,
    )


def _terms(home: Home, name: str) -> tuple[Handling | None, frozenset[str]]:
    """Return label and readers of a statement; no label where it cannot be read any more."""
    said = read_said(home, name)
    charter = home.charter
    members = frozenset[str]() if charter is None else charter.member_ids
    audience = said.statement.sealed.audience
    readers = members if audience == UNIT else frozenset(audience)
    if said.content is None:
        return None, readers
    return Handling.parse(said.content.leaves[0].data), readers
