"""The inputs of one row of audit arithmetic, read with a reason for each refusal."""

from collections.abc import Mapping

from detente.elections.audit.expressions import number, numbers
from detente.elections.audit.martingale import Null, Values, as_values
from detente.elections.errors import ElectionsError

INTEGER_MAX = 10**12


class Inputs:
    """One row's inputs by name.

    Args:
        fields: JSON values; numbers may be written as expressions ("3/7"), lists too.
    """

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields

    def get(self, name: str) -> object:
        """The value as it stands; raises ElectionsError if it is missing."""
        if name not in self._fields:
            known = ", ".join(sorted(self._fields)) or "nothing"
            raise ElectionsError(f"the input {name!r} is missing; given: {known}")
        return self._fields[name]

    def names(self) -> list[str]:
        """The names of all inputs."""
        return list(self._fields)

    def has(self, name: str) -> bool:
        """Whether it is given and not null."""
        return self._fields.get(name) is not None

    def real(self, name: str, default: float | None = None) -> float:
        """A number, or an expression of one."""
        if default is not None and not self.has(name):
            return default
        value = self.get(name)
        if isinstance(value, str):
            return number(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ElectionsError(f"the input {name!r} is a number, not {value!r:.60}")
        return float(value)

    def whole(self, name: str, default: int | None = None) -> int:
        """A count: an integer from 0."""
        if default is not None and not self.has(name):
            return default
        return as_count(name, self.get(name))

    def text(self, name: str) -> str:
        """A text."""
        value = self.get(name)
        if not isinstance(value, str):
            raise ElectionsError(f"the input {name!r} is a text, not {value!r:.60}")
        return value

    def name(self, name: str) -> str:
        """A candidate, given as a text or as a number."""
        return as_name(self.get(name))

    def listed(self, name: str) -> list[object]:
        """A list."""
        value = self.get(name)
        if not isinstance(value, list):
            raise ElectionsError(f"the input {name!r} is a list, not {value!r:.60}")
        return value

    def mapping(self, name: str) -> dict[str, object]:
        """An object."""
        value = self.get(name)
        if not isinstance(value, dict):
            raise ElectionsError(f"the input {name!r} is an object, not {value!r:.60}")
        return value

    def reals(self, name: str) -> list[float]:
        """A list of numbers, or an expression of one."""
        value = self.get(name)
        if isinstance(value, str):
            return numbers(value)
        return [Inputs({name: each}).real(name) for each in self.listed(name)]

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self._fields.get(name, default)
        if not isinstance(value, bool):
            raise ElectionsError(f"the input {name!r} is true or false, not {value!r:.60}")
        return value

    def null(self) -> Null:
        """The null of `t` (one half), `u` (1) and `N` (null: with replacement)."""
        cards = self.whole("N") if self.has("N") else None
        return Null(mean=self.real("t", 0.5), bound=self.real("u", 1.0), cards=cards)

    def values(self, null: Null) -> Values:
        """`x`, up to the first `n` where that is given."""
        values = as_values(self.reals("x"), null.bound)
        return values[: self.whole("n")] if self.has("n") else values


def as_count(name: str, value: object) -> int:
    """An integer from 0 to the cap."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= INTEGER_MAX:
        raise ElectionsError(f"{name!r} is a count from 0, not {value!r:.60}")
    return value


def as_name(value: object) -> str:
    """A candidate's name or number, as text."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ElectionsError(f"a candidate is a text or a number, not {value!r:.60}")
    return str(value)
