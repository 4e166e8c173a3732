"""Records, manifests and audited cards from files."""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from detente.elections import ElectionsError
from detente.elections.audit.cards import Cards, CardsBuilder, Marks
from detente.elections.audit.irv import Assertion, clean_ranking
from detente.elections.audit.methods_cards import parse_assertions
from detente.errors import EnvironmentFault, InputError

CARDS_MAX = 50_000_000
JSON_BYTES_MAX = 256 * 1024 * 1024


def digest(path: Path) -> str:
    """SHA-256 of a file as it stands: what is committed to the log before the seed exists."""
    state = sha256()
    with _opened(path, unpack=False) as stream:
        while data := stream.read(1 << 20):
            state.update(data)
    return state.hexdigest()


def read_cards(path: Path, *, contest: str | None = None) -> Cards:
    """Cast vote records: RAIRE's format, or a table `card,choice`; gzip or not.

    Args:
        path: the file.
        contest: which contest, where a file has several.

    Raises:
        InputError: a line that is no record, with its number.
    """
    with _opened(path) as stream:
        first = stream.readline(1 << 16)
        read = _read_raire if first.strip().isdigit() else _read_choices
        try:
            return read(stream, first, path, contest)
        except ElectionsError as error:
            raise InputError(error.message, file=str(path), remedy=error.remedy) from None


def _read_raire(stream: BinaryIO, first: bytes, path: Path, contest: str | None) -> Cards:
    builders: dict[bytes, CardsBuilder] = {}
    headers = int(first)
    for number, line in enumerate(stream, 2):
        parts = line.strip().split(b",", 2)
        if number <= headers + 1:
            name, candidates = _raire_contest(line, path, number)
            builders[name] = CardsBuilder(name.decode("utf-8", "replace"), candidates)
            continue
        if not parts[0] and len(parts) == 1:
            continue
        builder = builders.get(parts[0])
        if builder is None or len(parts) == 1 or number > CARDS_MAX:
            raise InputError(
                f"no record of a contest named above: {line[:60]!r}", file=str(path), line=number
            )
        builder.add(parts[1].decode("utf-8", "replace"), parts[2] if len(parts) > 2 else b"")  # noqa: PLR2004
    wanted = contest.encode() if contest is not None else next(iter(builders), b"")
    if wanted not in builders:
        named = ", ".join(each.decode("utf-8", "replace") for each in builders)
        raise InputError(f"no contest {contest!r}", file=str(path), remedy=f"There are: {named}")
    return builders[wanted].build()


def _raire_contest(line: bytes, path: Path, number: int) -> tuple[bytes, list[str]]:
    parts = [part.strip() for part in line.strip().split(b",")]
    if len(parts) < 4 or parts[0] != b"Contest":  # noqa: PLR2004
        raise InputError("expected Contest,NUMBER,COUNT,CANDIDATE,...", file=str(path), line=number)
    return parts[1], [part.decode("utf-8", "replace") for part in parts[3:]]


def _read_choices(stream: BinaryIO, first: bytes, path: Path, contest: str | None) -> Cards:
    header = [name.strip().lower() for name in first.decode("utf-8-sig", "replace").split(",")]
    if header[:2] != ["card", "choice"]:
        raise InputError(
            "neither RAIRE's format nor a table card,choice",
            file=str(path),
            line=1,
            remedy="Write a first line card,choice and one card a line",
        )
    rows: list[tuple[str, bytes]] = []
    names: dict[bytes, None] = {}
    for number, line in enumerate(stream, 2):
        card, comma, choice = line.rstrip(b"\r\n").partition(b",")
        if not comma or not card or number > CARDS_MAX:
            raise InputError(f"no card and choice: {line[:60]!r}", file=str(path), line=number)
        rows.append((card.decode("utf-8", "replace"), choice.strip()))
        if choice.strip():
            names[choice.strip()] = None
    builder = CardsBuilder(contest or path.name, [n.decode("utf-8", "replace") for n in names])
    for card_id, mark in rows:
        builder.add(card_id, mark)
    return builder.build()


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
    if first.strip().isdigit() or first.lower().startswith(b"card,choice"):
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
