"""XML of the published formats: streamed, with caps, and without document types or entities.

Each child of the root comes as the mapping that the same standard's JSON would hold:
attributes `ObjectId` and `xsi:type` as `@id` and `@type`, names that repeat as lists.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Never
from xml.parsers import expat

from detente.elections.errors import ElectionsError

DEPTH_MAX = 30
TEXT_CHARS_MAX = 100_000
CHILDREN_MAX = 2_000_000
"""Elements of one child of the root."""
LINE = "@line"
"""Where an element began."""

Row = dict[str, object]
_ATTRIBUTES = {"ObjectId": "@id", "objectId": "@id", "type": "@type"}
_WHOLE = frozenset(("Count", "VotesAllowed", "NumberVotes", "Rank", "VotersRegistered", "Overvotes",
                    "Undervotes", "BallotsCast", "NumberElected"))  # fmt: skip
_DIGITS_MAX = 12


def children(
    pieces: Iterable[bytes], root: str, lists: Collection[str]
) -> Iterator[tuple[str, object]]:
    """Each child of the root by name, in the order of the file.

    Args:
        pieces: the file.
        root: what its root must be called.
        lists: names that may repeat.

    Raises:
        ElectionsError: broken XML, another root, a document type, too deep or too much.
    """
    tree = _Tree(root, frozenset(lists))
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = tree.refuse_doctype
    parser.EntityDeclHandler = tree.refuse_doctype
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    tree.line = lambda: parser.CurrentLineNumber
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            yield from tree.taken()
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise broken(error) from None
    yield from tree.taken()


def broken(error: Exception) -> ElectionsError:
    """What to say of XML that cannot be parsed."""
    if isinstance(error, expat.ExpatError):
        what = f"line {error.lineno}: broken XML: {expat.errors.messages[error.code]}"
    else:
        what = f"broken XML: {error!s:.100}"
    return ElectionsError(what, remedy="Download the file again")


def refuse_doctype(line: int) -> Never:
    """Refuse XML that defines anything.

    Raises:
        ElectionsError: always.
    """
    raise ElectionsError(
        f"line {line}: the XML defines a document type or entities, which no feed does",
        remedy="Do not use this file; ask where it came from",
    )


class _Tree:
    def __init__(self, root: str, lists: frozenset[str]) -> None:
        self.line: Callable[[], int] = lambda: 0
        self._root = root
        self._lists = lists
        self._stack: list[tuple[str, Row, list[str]]] = []
        self._depth = 0
        self._count = 0
        self._chars = 0
        self._done: list[tuple[str, object]] = []

    def taken(self) -> list[tuple[str, object]]:
        done, self._done = self._done, []
        return done

    def refuse_doctype(self, *_: object) -> Never:
        refuse_doctype(self.line())

    def start(self, tag: str, given: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise ElectionsError(f"line {self.line()}: XML nests deeper than {DEPTH_MAX}")
        name = tag.rpartition(":")[2]
        if self._depth == 1:
            if name != self._root:
                raise ElectionsError(
                    f"line {self.line()}: the root is {name!r:.60}, not {self._root}"
                )
            self._done += [(each, value) for each, value in given.items()]
            return
        self._count += 1
        if self._count > CHILDREN_MAX:
            raise ElectionsError(f"line {self.line()}: an element holds more than {CHILDREN_MAX}")
        row: Row = {
            _ATTRIBUTES.get(each.rpartition(":")[2], each): value for each, value in given.items()
        }
        row[LINE] = self.line()
        self._stack.append((name, row, []))

    def text(self, data: str) -> None:
        if self._stack:
            self._chars += len(data)
            if self._chars > TEXT_CHARS_MAX * 100:
                raise ElectionsError(f"line {self.line()}: an element holds too much text")
            self._stack[-1][2].append(data)

    def end(self, _tag: str) -> None:
        self._depth -= 1
        if not self._stack:
            return
        name, row, texts = self._stack.pop()
        value = _value(name, row, "".join(texts).strip())
        if self._stack:
            self._put(self._stack[-1][1], name, value)
            return
        self._count = self._chars = 0
        self._done.append((name, value))

    def _put(self, into: Row, name: str, value: object) -> None:
        if name in self._lists:
            known = into.setdefault(name, [])
            if isinstance(known, list):
                known.append(value)
        else:
            into.setdefault(name, value)


def _value(name: str, row: Row, text: str) -> object:
    """An element as JSON would write it; a leaf is its text, a number or a truth."""
    if len(row) > 1:
        if text:
            row["Content"] = text[:TEXT_CHARS_MAX]
        return row
    return _leaf(name, text[:TEXT_CHARS_MAX])


def _leaf(name: str, text: str) -> object:
    if name.endswith("Ids"):
        return text.split()
    if name in _WHOLE:
        bare = text.removesuffix(".0")
        digits = bare.removeprefix("-")
        is_whole = digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX
        return int(bare) if is_whole else text
    if text in ("true", "false"):
        return text == "true"
    return text
