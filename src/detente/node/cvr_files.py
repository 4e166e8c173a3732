"""Records, manifests and audited cards from files."""

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import partial
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from detente.elections import ElectionsError
from detente.elections.audit.cards import Cards, Marks
from detente.elections.audit.irv import Assertion, clean_ranking
from detente.elections.audit.methods_cards import parse_assertions
from detente.elections.records import (
    Records,
    is_dominion,
    read_choices,
    read_cvr_json,
    read_cvr_xml,
    read_dominion,
    read_dominion_table,
    read_raire,
)
from detente.elections.records.columns import CARDS_MAX as CARDS_MAX
from detente.errors import EnvironmentFault, InputError

JSON_BYTES_MAX = 256 * 1024 * 1024
PIECE_BYTES = 128 * 1024
"""What is looked at together: small enough to stay in a processor's own memory."""
_MANIFESTS = ("ContestManifest.json", "CandidateManifest.json")


_LINE = re.compile(r"\bline (\d{1,12}): ")


class Format(Enum):
    """How records stand in a file, as its first lines tell."""

    XML = "SP 1500-103 XML"
    JSON = "SP 1500-103 or Dominion JSON"
    RAIRE = "RAIRE"
    DOMINION = "Dominion CSV"
    TABLE = "a table"


def digest(path: Path) -> str:
    """SHA-256 of a file as it stands: what is committed to the log before the seed exists."""
    state = sha256()
    with _opened(path, unpack=False) as stream:
        while data := stream.read(1 << 20):
            state.update(data)
    return state.hexdigest()


def read_cards(path: Path, *, contest: str | None = None) -> Cards:
    """One contest's cast vote records, in any format of `read_records`.

    Raises:
        InputError: rows that are no records: all are told, with their lines.
    """
    records = read_records(path)
    with _naming(path):
        return records.of(contest)


def read_records(path: Path, names: Mapping[str, str] | None = None) -> Records:
    """Cast vote records: RAIRE, a table `card,...`, Dominion CSV or JSON, SP 1500-103; gzip or not.

    Manifests of Dominion's export are looked for beside it.

    Args:
        path: the file.
        names: which columns of a table are what, where they are named otherwise.

    Raises:
        InputError: rows that are no records: all are told, with their lines.
    """
    with _opened(path) as stream, _naming(path):
        first = stream.read(PIECE_BYTES)
        pieces = chain((first,), iter(partial(stream.read, PIECE_BYTES), b""))
        match _format(first):
            case Format.XML:
                return read_cvr_xml(pieces)
            case Format.JSON:
                return _read_tree(path)
            case Format.RAIRE:
                return read_raire(pieces)
            case Format.DOMINION:
                return read_dominion_table(pieces)
            case Format.TABLE:
                return read_choices(pieces, path.name, names)


def format_of(path: Path) -> tuple[Format, bytes]:
    """How a file's first lines look, and those bytes; raises InputError."""
    with _opened(path) as stream:
        head = stream.read(1 << 16)
    return _format(head), head


def _format(first: bytes) -> Format:
    head = first.removeprefix(b"\xef\xbb\xbf").lstrip()
    line = head.partition(b"\n")[0].strip()
    if head.startswith(b"<"):
        return Format.XML
    if head.startswith((b"{", b"[")):
        return Format.JSON
    if line.isdigit():
        return Format.RAIRE
    header = head.split(b"\n", 4)[3:4]
    return Format.DOMINION if header and b"cvrnumber" in header[0].lower() else Format.TABLE


def _read_tree(path: Path) -> Records:
    document = _json(path)
    if is_dominion(document):
        manifests = [path.with_name(name) for name in _MANIFESTS]
        prefixed = [path.with_name(_prefix(path.name) + name) for name in _MANIFESTS]
        beside = [
            next((_json(each) for each in pair if each.exists()), None)
            for pair in zip(manifests, prefixed, strict=True)
        ]
        return read_dominion(document, *beside)
    return read_cvr_json(document)


def _prefix(name: str) -> str:
    """What stands before the export's own name, where several exports share a folder."""
    return name[: name.rfind("_", 0, name.lower().find("cvr")) + 1] if "cvr" in name.lower() else ""


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except ElectionsError as error:
        raise located(error, path) from None


def located(error: ElectionsError, path: Path) -> InputError:
    """The same error with its file, and the line it names first."""
    line = _LINE.search(error.message)
    message = error.message.removeprefix(line[0]) if line else error.message
    return InputError(
        message, file=str(path), line=int(line[1]) if line else None, remedy=error.remedy
    )


def read_assertions(path: Path) -> tuple[str, str, list[Assertion]]:
    """A contest, its winner (empty: not said) and its assertions, as RAIRE writes them.

    Raises:
        InputError: it is none.
    """
    document = _json(path)
    rows = document.get("audits") if isinstance(document, dict) else None
    if isinstance(rows, list) and rows and isinstance(rows[0], dict):
        document = rows[0]
    if not isinstance(document, dict):
        raise InputError("no assertions in it", file=str(path))
    try:
        winner = document.get("winner", "")
        winner = winner[0] if isinstance(winner, list) and winner else winner
        return str(document.get("contest", "")), str(winner), parse_assertions(document)
    except ElectionsError as error:
        raise InputError(error.message, file=str(path), remedy=error.remedy) from None


def read_pulled(path: Path, contest: str) -> dict[str, Marks | None]:
    """Audited cards: {"ballots": [{"id", "votes": {CONTEST: {CANDIDATE: RANK}}}]}.

    A card with `"votes": null` was not found.

    Raises:
        InputError: it is none, or a card stands twice.
    """
    document = _json(path)
    rows = document.get("ballots") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise InputError('no "ballots" in it', file=str(path))
    pulled: dict[str, Marks | None] = {}
    for number, row in enumerate(rows, 1):
        try:
            card, marks = _pulled_card(row, contest)
        except (ElectionsError, TypeError, ValueError, KeyError) as error:
            raise InputError(f"ballot {number} is none: {error}", file=str(path)) from None
        if card in pulled:
            raise InputError(f"the ballot {card!r:.60} stands twice", file=str(path))
        pulled[card] = marks
    return pulled


def _pulled_card(row: Mapping[str, object], contest: str) -> tuple[str, Marks | None]:
    card, votes = row["id"], row["votes"]
    if not isinstance(card, str):
        raise TypeError('"id" is a text')
    if votes is None:
        return card, None
    if not isinstance(votes, dict):
        raise TypeError('"votes" is an object')
    ranks = votes.get(contest, {})
    if not isinstance(ranks, dict):
        raise TypeError(f"the votes of contest {contest} are an object")
    return card, tuple(clean_ranking({str(name): int(rank) for name, rank in ranks.items()}))


def matched(pulled: Mapping[str, Marks | None], ids: Sequence[str]) -> dict[str, Marks | None]:
    """The same cards under the records' spelling of their ids: `-` and `_` are one."""
    spelt = {card.replace("-", "_"): card for card in ids if card.replace("-", "_") in
             {each.replace("-", "_") for each in pulled}}  # fmt: skip
    return {spelt.get(card.replace("-", "_"), card): marks for card, marks in pulled.items()}


def read_ids(path: Path) -> list[str]:
    """Card ids of a list with one a line, or of records."""
    with _opened(path) as stream:
        first = stream.readline(1 << 16)
    if _format(first) is not Format.TABLE or first.lower().startswith(b"card,"):
        return list(read_cards(path).ids)
    with _opened(path) as stream:
        return [line.decode("utf-8", "replace").strip() for line in stream if line.strip()]


def _json(path: Path) -> object:
    with _opened(path) as stream:
        data = stream.read(JSON_BYTES_MAX + 1)
    if len(data) > JSON_BYTES_MAX:
        raise InputError(f"larger than {JSON_BYTES_MAX} bytes", file=str(path))
    try:
        return cast("object", orjson.loads(data))
    except orjson.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", file=str(path), line=error.lineno) from None


@contextmanager
def _opened(path: Path, *, unpack: bool = True) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            is_packed = unpack and file.read(2) == b"\x1f\x8b"
            file.seek(0)
            yield cast("BinaryIO", gzip.GzipFile(fileobj=file)) if is_packed else file
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError(
            f"cannot be read: {error.strerror}", file=str(path), remedy="Check the path"
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"a broken gzip file: {error}", file=str(path)) from None
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be read: {error.strerror}") from error
