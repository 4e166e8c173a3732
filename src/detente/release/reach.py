"""How far a label reaches: TLP 2.0 and PAP as tables that fall to the strict side.

Source: FIRST, "Traffic Light Protocol (TLP)", version 2.0, August 2022; MISP
"PAP: Permissible Actions Protocol" taxonomy.
"""

from enum import IntEnum, unique
from typing import assert_never

from detente.release.model import Scope, Use
from detente.statements.markings import Pap, Tlp


@unique
class Relation(IntEnum):
    """How a reader stands to what it asks for, from near to far."""

    ISSUER = 0
    ADDRESSEE = 1  # named by the author, by "unit" or by a grant of the author
    OWN_TOOL = 2  # a tool within an addressee's organisation
    CLIENT = 3  # an organisation an addressee serves
    COMMUNITY = 4  # another active member, or a client of one
    OUTSIDE = 5


_FARTHEST = {
    Tlp.CLEAR: Relation.OUTSIDE,
    Tlp.GREEN: Relation.COMMUNITY,
    Tlp.AMBER: Relation.CLIENT,
    Tlp.AMBER_STRICT: Relation.OWN_TOOL,
    Tlp.RED: Relation.ADDRESSEE,
}
_LOUDEST = {Pap.CLEAR: Use.ANY, Pap.GREEN: Use.ACT, Pap.AMBER: Use.LOOK_UP, Pap.RED: Use.PASSIVE}


def tlp_reaches(label: Tlp, relation: Relation) -> bool:
    """Say whether something under `label` may be shown to a reader at this distance."""
    return relation <= _FARTHEST[label]


def pap_permits(label: Pap, use: Use) -> bool:
    """Say whether something under `label` may be used like that."""
    return use.value <= _LOUDEST[label].value


def loudest_use(label: Pap) -> Use:
    """Return the most that may be done with something under `label`."""
    return _LOUDEST[label]


def onward_scope(label: Tlp, relation: Relation) -> Scope:
    """Return to whom a reader at this distance may pass it on."""
    match label:
        case Tlp.CLEAR:
            return Scope.ANYBODY
        case Tlp.GREEN:
            return Scope.COMMUNITY
        case Tlp.AMBER:
            # A client's own clients are nobody the author could think of.
            near = relation <= Relation.ADDRESSEE
            return Scope.OWN_CLIENTS if near else Scope.OWN_ORGANISATION
        case Tlp.AMBER_STRICT:
            return Scope.OWN_ORGANISATION
        case Tlp.RED:
            return Scope.NOBODY
        case _:
            assert_never(label)
