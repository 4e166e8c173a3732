"""What a scene is."""

from collections.abc import Callable
from dataclasses import dataclass

from detente.node.exercise.stage import Stage


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene: what must be seen, and how to bring it about.

    Attributes:
        name: short, stable, for `--scene`.
        story: one sentence for the person watching.
        expected: what must be observed, to the letter.
        run: plays it on a stage and says what was observed; it sees no `expected`.
    """

    name: str
    story: str
    expected: str
    run: Callable[[Stage], str]


def facts(**observed: object) -> str:
    """Write observations as `name: value; name: value`, booleans as yes and no.

    >>> facts(receipt=True, altered=False)
    'receipt: yes; altered: no'
    """
    return "; ".join(
        f"{name.replace('_', ' ')}: {_word(value)}" for name, value in observed.items()
    )


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
