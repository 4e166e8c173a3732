"""How much tampering the checks of a roll would see: detection by size and class.

A guard whose power nobody knows is none. A county's own rows, churn as its own
log has it, tampering of each class at each size, the very checks that run on
real rolls; and how often the same checks fire where nobody tampered.
"""

from detente.elections.rolls.power.churn import Churn, churn_of
from detente.elections.rolls.power.curves import SHARES, Curve, Point, curve
from detente.elections.rolls.power.month import Town, make_town
from detente.elections.rolls.power.picture import picture
from detente.elections.rolls.power.tampering import TAMPERINGS, Tampering

__all__ = [
    "SHARES",
    "TAMPERINGS",
    "Churn",
    "Curve",
    "Point",
    "Tampering",
    "Town",
    "churn_of",
    "curve",
    "make_town",
    "picture",
]
