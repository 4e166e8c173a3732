"""Files of rules to pySigma's rules. What a file cannot give is refused with its line."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule
from sigma.rule.base import SigmaYAMLLoader

from detente.watch.sigma.model import Refused, RuleFile

FILE_BYTES_MAX = 1 << 20
DOCUMENTS_MAX = 1_000  # in one file
NODES_MAX = 100_000  # in one file, repeated ones counted as often as they are reached
DEPTH_MAX = 64
_SURELY_FLAT_BYTES = (
    6_000  # a shorter file cannot nest deep enough to hurt its reader, which bears 16,000
)

Document = SigmaRule | SigmaCorrelationRule | SigmaFilter


@dataclass(frozen=True, slots=True)
class Placed:
    """A rule and where it stands.

    Attributes:
        document: as pySigma reads it.
        file: its file.
        line: of its first line, counted from 1.
        said: the mapping as written, for what pySigma does not keep.
    """

    document: Document
    file: str
    line: int
    said: dict[str, Any]


class Unreadable(Exception):
    """A file that is refused as a whole, or from some line on."""

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason)
        self.line = line


def read_documents(file: RuleFile, refused: list[Refused]) -> Iterator[Placed]:
    """Yield the rules, correlations and filters of a file; the rest goes to `refused`."""
    try:
        documents = list(yaml_documents(file.data))
    except Unreadable as error:
        refused.append(Refused(file.name, error.line, "", "", str(error)))
        return
    merged = _Merged()
    for line, said in documents:
        named = _named(said)
        try:
            for document in merged.take(said):
                if document.errors:
                    raise document.errors[0]
                yield Placed(document, file.name, line, said)
        except Exception as error:
            # pySigma meets text of anybody, and fails in many ways: each is a refusal.
            reason = " ".join(str(error).split())[:500] or type(error).__name__
            refused.append(Refused(file.name, line, *named, reason))


class _Merged:
    """Documents of one file, where a `global` one gives to those after it."""

    def __init__(self) -> None:
        self._global: list[dict[str, Any]] = []
        self._last: list[dict[str, Any]] = []

    def take(self, said: object) -> list[Document]:
        if said is None:
            return []
        if not isinstance(said, dict):
            raise Unreadable("a rule is a mapping of names to values")
        action = said.get("action")
        if action == "global":
            self._global = self._last = [said]
            return []
        if action == "reset":
            self._global = []
            return []
        # pySigma changes what it reads, and these are read again.
        documents = deepcopy([*(self._last if action == "repeat" else self._global), said])
        if action != "repeat" and "correlation" not in said and "filter" not in said:
            self._last = [*self._global, said]
        collection = SigmaCollection.from_dicts(
            documents, collect_errors=True, collect_filters=True, resolve_references=False
        )
        return [*collection.rules, *collection.filters][-1:]


def _named(said: object) -> tuple[str, str]:
    """Return a document's id (or name, or title) and its title, as text."""
    if not isinstance(said, dict):
        return "", ""
    title = str(said.get("title") or "")[:200]
    return str(said.get("id") or said.get("name") or title)[:200], title


def yaml_documents(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield the documents of a file with the line each begins on, within the caps.

    Raises:
        Unreadable: not YAML, or beyond a cap.
    """
    if len(data) > FILE_BYTES_MAX:
        raise Unreadable(f"larger than {FILE_BYTES_MAX} bytes")
    try:
        if len(data) > _SURELY_FLAT_BYTES:
            _check_depth(data)
        yield from _constructed(data)
    except Unreadable:
        raise
    except Exception as error:
        # The reader of YAML raises a dozen kinds for text of anybody.
        mark = getattr(error, "problem_mark", None)
        line = 1 if mark is None else mark.line + 1
        reason = " ".join(str(getattr(error, "problem", None) or error).split())[:300]
        raise Unreadable(f"not YAML: {reason}", line) from None


def _constructed(data: bytes) -> Iterator[tuple[int, Any]]:
    loader = SigmaYAMLLoader(data)
    count = 0
    try:
        while loader.check_data():  # type: ignore[no-untyped-call] # the stubs leave it out
            node = loader.get_node()
            count += 1
            if count > DOCUMENTS_MAX:
                raise Unreadable(f"more than {DOCUMENTS_MAX} documents")
            if node is not None:
                said = loader.construct_document(node)
                _check_size(said)
                yield node.start_mark.line + 1, said
    finally:
        loader.dispose()


def _check_depth(data: bytes) -> None:
    """Refuse nesting that the reader, which recurses in C, would not survive."""
    loader = SigmaYAMLLoader(data)
    depth = 0
    try:
        while loader.check_event():
            name = type(loader.get_event()).__name__
            depth += name.endswith("StartEvent") - name.endswith("EndEvent")
            if depth > DEPTH_MAX:
                raise Unreadable(f"nested deeper than {DEPTH_MAX}")
    finally:
        loader.dispose()


def _check_size(said: object) -> None:
    """Count what a reader would walk, so that references to references stay few."""
    count, waiting = 0, [said]
    while waiting:
        item = waiting.pop()
        count += 1
        if count > NODES_MAX:
            raise Unreadable(f"more than {NODES_MAX} values")
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
