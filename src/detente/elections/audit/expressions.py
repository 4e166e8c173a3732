"""Numbers and lists as audit papers write them: "3/7 + (1 - 3/7)/2", "[1, 0]*20".

A handful of signs, exact fractions, and caps on length and size: nothing is
evaluated that is not listed here.
"""

import re
from fractions import Fraction

from detente.elections.errors import ElectionsError

TEXT_MAX = 10_000
"""Characters of one expression."""
VALUES_MAX = 10_000_000
"""Values of one list."""
DEPTH_MAX = 50
"""Parentheses within parentheses."""

_TOKEN = re.compile(r"\s*(\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,2})?|[-+*/(),\[\]])")

Result = Fraction | list[Fraction]


def number(text: str) -> float:
    """The value of an expression that is one number.

    Raises:
        ElectionsError: it is not one, or divides by nothing.
    """
    result = _Reader(text).whole()
    if isinstance(result, list):
        raise ElectionsError(f"{text[:80]!r} is a list where a number is expected")
    return _as_float(result)


def numbers(text: str) -> list[float]:
    """The value of an expression that is a list of numbers.

    Raises:
        ElectionsError: it is not one, or is longer than the cap.
    """
    result = _Reader(text).whole()
    if not isinstance(result, list):
        raise ElectionsError(f"{text[:80]!r} is a number where a list is expected")
    return [_as_float(each) for each in result]


def _as_float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ElectionsError("an expression came to a number too large to use") from None


class _Reader:
    """A recursive descent over sums, products and lists."""

    def __init__(self, text: str) -> None:
        if len(text) > TEXT_MAX:
            raise ElectionsError(f"an expression has at most {TEXT_MAX} characters")
        self._text = text
        self._tokens = self._split(text)
        self._at = 0
        self._depth = 0

    @staticmethod
    def _split(text: str) -> list[str]:
        tokens: list[str] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            found = _TOKEN.match(text, at)
            if found is None:
                raise ElectionsError(f"{text[:80]!r} is no expression: see {text[at : at + 10]!r}")
            tokens.append(found[1])
            at = found.end()
        return tokens

    def whole(self) -> Result:
        result = self._sum()
        if self._at != len(self._tokens):
            raise self._wrong()
        return result

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, expected: str = "") -> str:
        token = self._peek()
        if not token or (expected and token != expected):
            raise self._wrong()
        self._at += 1
        return token

    def _wrong(self) -> ElectionsError:
        seen = self._peek() or "its end"
        return ElectionsError(f"{self._text[:80]!r} is no expression: {seen!r} stands amiss")

    def _sum(self) -> Result:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise ElectionsError(f"an expression nests at most {DEPTH_MAX} deep")
        left = self._product()
        while self._peek() in ("+", "-"):
            sign = self._take()
            left = self._added(left, sign, self._product())
        self._depth -= 1
        return left

    def _added(self, left: Result, sign: str, right: Result) -> Result:
        if isinstance(left, list) and isinstance(right, list) and sign == "+":
            return self._within(left + right)
        if isinstance(left, list) or isinstance(right, list):
            raise self._wrong()
        return left + right if sign == "+" else left - right

    def _product(self) -> Result:
        left = self._atom()
        while self._peek() in ("*", "/"):
            sign = self._take()
            left = self._multiplied(left, sign, self._atom())
        return left

    def _multiplied(self, left: Result, sign: str, right: Result) -> Result:
        if isinstance(right, list):
            raise self._wrong()
        if isinstance(left, list):
            if sign != "*" or right.denominator != 1 or not 0 <= right <= VALUES_MAX:
                raise self._wrong()
            if len(left) * int(right) > VALUES_MAX:
                raise ElectionsError(f"a list has at most {VALUES_MAX} values")
            return left * int(right)
        if sign == "*":
            return left * right
        if not right:
            raise ElectionsError(f"{self._text[:80]!r} divides by nothing")
        return left / right

    def _within(self, values: list[Fraction]) -> list[Fraction]:
        if len(values) > VALUES_MAX:
            raise ElectionsError(f"a list has at most {VALUES_MAX} values")
        return values

    def _atom(self) -> Result:
        sign = self._take()
        if sign == "-":
            return self._negative()
        if sign == "(":
            inner = self._sum()
            self._take(")")
            return inner
        if sign == "[":
            return self._list()
        if not sign[0].isdigit():
            self._at -= 1
            raise self._wrong()
        return Fraction(sign)

    def _negative(self) -> Fraction:
        value = self._take() if self._peek() != "(" else self._atom()
        if isinstance(value, list) or (isinstance(value, str) and not value[0].isdigit()):
            raise self._wrong()
        return -Fraction(value)

    def _list(self) -> list[Fraction]:
        values: list[Fraction] = []
        while self._peek() != "]":
            value = self._sum()
            if isinstance(value, list):
                raise self._wrong()
            values.append(value)
            if self._peek() != "]":
                self._take(",")
        self._take("]")
        return values
