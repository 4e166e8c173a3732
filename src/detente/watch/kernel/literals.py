"""All texts that one field is asked for, found in one pass over a value."""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

_SCREENED_MAX = 60  # so few are looked for with vector instructions first
_TABLED_MAX = 500  # more would take long to lay out as a table, which is read faster

Check = tuple[Callable[[str], object], int]


class Literals:
    """Texts to be found inside, at the beginning or at the end of a value, in one automaton.

    Case is the caller's: what is added and what is asked must be in the same one.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._inside: list[list[int]] = []
        self._first: dict[int, list[int]] = {}
        self._last: dict[int, list[int]] = {}
        self._checks: dict[int, list[Check]] = {}
        self._short: list[tuple[str, int]] = []
        self._automaton: AhoCorasick | None = None
        self._screen: AhoCorasick | None = None

    def __bool__(self) -> bool:
        return bool(self._numbers)

    def add_inside(self, text: str, atom: int) -> None:
        """Let a value that holds the text anywhere satisfy the atom."""
        self._inside[self._number(text)].append(atom)

    def add_first(self, text: str, atom: int) -> None:
        """Let a value that starts with the text satisfy the atom."""
        self._first.setdefault(self._number(text), []).append(atom)

    def add_last(self, text: str, atom: int) -> None:
        """Let a value that ends with the text satisfy the atom."""
        self._last.setdefault(self._number(text), []).append(atom)

    def add_check(self, text: str, check: Callable[[str], object], atom: int) -> None:
        """Let a value that holds the text, and for which the check is true, satisfy the atom."""
        self._checks.setdefault(self._number(text), []).append((check, atom))

    def _number(self, text: str) -> int:
        number = self._numbers.setdefault(text, len(self._numbers))
        if number == len(self._inside):
            self._inside.append([])
        return number

    def build(self) -> None:
        """Make the automaton; nothing is added afterwards."""
        from ahocorasick_rs import MATCHKIND_LEFTMOST_FIRST, AhoCorasick, Implementation

        # A letter is everywhere: asking for it singly costs less than listing each place.
        self._short = [(text, n) for text, n in self._numbers.items() if _is_letter(text)]
        texts = [text for text in self._numbers if not _is_letter(text)]
        # The automaton counts its own texts: the short ones leave gaps in our numbers.
        self._inside_by_place = [self._numbers[text] for text in texts]
        if texts:
            is_small = len(texts) <= _TABLED_MAX
            how = Implementation.DFA if is_small else Implementation.ContiguousNFA
            self._automaton = AhoCorasick(texts, store_patterns=False, implementation=how)
        if 0 < len(texts) <= _SCREENED_MAX:
            # Only the leftmost kind has them; it says whether anything is there at all.
            self._screen = AhoCorasick(texts, MATCHKIND_LEFTMOST_FIRST, store_patterns=False)

    def find(self, value: str, found: set[int]) -> None:
        """Add to `found` every atom that the value satisfies."""
        for text, number in self._short:
            if text in value:
                self._take_short(number, text, value, found)
        if self._automaton is None:
            return
        if self._screen is not None and not self._screen.find_matches_as_indexes(value):
            return
        places = self._automaton.find_matches_as_indexes(value, overlapping=True)
        if places:
            self._take(places, value, found)

    def _take(self, places: Iterable[tuple[int, int, int]], value: str, found: set[int]) -> None:
        numbers, inside, length = self._inside_by_place, self._inside, len(value)
        first, last, checks = self._first, self._last, self._checks
        seen = set()
        for place, start, end in places:
            number = numbers[place]
            if start == 0 and number in first:
                found.update(first[number])
            if end == length and number in last:
                found.update(last[number])
            seen.add(number)
        found.update(chain.from_iterable([inside[number] for number in seen]))
        for number in checks.keys() & seen:
            found.update(atom for check, atom in checks[number] if check(value))

    def _take_short(self, number: int, text: str, value: str, found: set[int]) -> None:
        found.update(self._inside[number])
        if number in self._first and value.startswith(text):
            found.update(self._first[number])
        if number in self._last and value.endswith(text):
            found.update(self._last[number])
        if number in self._checks:
            found.update(atom for check, atom in self._checks[number] if check(value))


def _is_letter(text: str) -> bool:
    return len(text) <= 1 and text.isascii()
