"""The statistics of an audit by name: what a rival's laptop recomputes.

`METHODS` maps each method's name to the function that computes it from one
row's inputs. The names and their inputs are those of published test tables, so
that a table is checked as it stands.
"""

from collections.abc import Callable, Mapping

from detente.elections.audit import methods_cards, methods_polls
from detente.elections.audit.inputs import Inputs
from detente.elections.audit.methods_cards import Assertions
from detente.elections.errors import ElectionsError

Method = Callable[[Inputs], object]

METHODS: Mapping[str, Method] = {**methods_polls.METHODS, **methods_cards.METHODS}


def compute(method: str, inputs: Mapping[str, object], *, assertions: Assertions) -> object:
    """One value.

    Args:
        method: a name of `METHODS`, or `raire_sufficiency`.
        inputs: JSON values by name.
        assertions: finds a file of RAIRE assertions by the name a row gives.

    Raises:
        ElectionsError: an unknown method, or inputs it cannot use.
    """
    if method == "raire_sufficiency":
        return methods_cards.raire_sufficiency(Inputs(inputs), assertions)
    if method not in METHODS:
        known = ", ".join(sorted((*METHODS, "raire_sufficiency")))
        raise ElectionsError(f"there is no method {method!r}", remedy=f"Known: {known}")
    return METHODS[method](Inputs(inputs))
