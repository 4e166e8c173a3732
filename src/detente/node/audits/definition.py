"""What is audited, read from the folder: the contests, their records, the rule of their end."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from detente.elections.audit import (
    Assertion,
    Assorter,
    Choice,
    Contest,
    Electorate,
    Rule,
    draw,
    ticket,
)
from detente.elections.audit.cards import Cards
from detente.elections.audit.electorate import Places
from detente.elections.audit.inputs import Inputs, as_name
from detente.elections.errors import ElectionsError
from detente.elections.records import Records
from detente.elections.rows import near
from detente.errors import InputError
from detente.node.audits.folder import DEFINITION, AuditFolder, naming_file
from detente.node.cvr_files import read_assertions, read_ids, read_records

CONTESTS_MAX = 1_000
_ROWS_MAX = 50_000_000
_POOL = "pool"
_AUDIT_KEYS = {"audit", "rehearsal", "risk_limit", "manifest", "contests"}
_CONTEST_KEYS = {
    "name", "title", "choice", "winners", "candidates", "share", "records", "assertions",
    "cards", "cards_max", "pending", "style",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Manifest:
    """Which cards there are, and where each lies.

    Attributes:
        ids: every card.
        columns: what else is said of each, such as container and position.
        rows: the same for each card; empty where nothing else is said.
    """

    ids: list[str]
    columns: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def pools(self) -> dict[str, str]:
        """The pool of each card that is in one."""
        if _POOL not in self.columns:
            return {}
        at = self.columns.index(_POOL)
        return {card: row[at] for card, row in zip(self.ids, self.rows, strict=True) if row[at]}

    def where(self, wanted: set[str]) -> dict[str, tuple[str, ...]]:
        """What is said of some cards."""
        if not self.rows:
            return {}
        pairs = zip(self.ids, self.rows, strict=True)
        return {card: row for card, row in pairs if card in wanted}


@dataclass(frozen=True, slots=True)
class Audited:
    """One contest of an audit.

    Attributes:
        contest: what it asks, and who is reported to have won.
        title: for people.
        electorate: the cards drawn from, and their records.
        assertions: what is tested.
        is_proven: together they prove the winner.
        rule: when it ends.
    """

    contest: Contest
    title: str
    electorate: Electorate
    assertions: list[Assorter]
    is_proven: bool
    rule: Rule


@dataclass(frozen=True)
class Audit:
    """An audit as its folder defines it.

    Attributes:
        folder: where.
        name: for people.
        rehearsal: nothing of it is real.
        manifest: the cards.
        contests: by name.
        files: every file that the definition names, and the definition.
    """

    folder: AuditFolder
    name: str
    rehearsal: bool
    manifest: Manifest
    contests: Mapping[str, Audited]
    files: list[str]

    @cached_property
    def ids(self) -> dict[str, list[str]]:
        """For each contest the cards it is drawn from."""
        return {
            name: list(each.electorate.ids(self.manifest.ids))
            for name, each in self.contests.items()
        }

    @cached_property
    def _draws(self) -> dict[tuple[str, str], list[str]]:
        """What was drawn so far: a smaller draw is the beginning of a larger one."""
        return {}

    def drawn(self, seed: str, counts: Mapping[str, int]) -> dict[str, list[str]]:
        """For each contest the first cards in the order of their tickets."""
        return {name: self._drawn(seed, name, count) for name, count in counts.items()}

    def _drawn(self, seed: str, name: str, count: int) -> list[str]:
        known = self._draws.get((seed, name), [])
        if count > len(known):
            ids = self.ids[name]
            known = draw(seed, ids, min(count, len(ids)))
            self._draws[seed, name] = known
        return known[:count]

    def in_order(self, seed: str, cards: set[str]) -> list[str]:
        """Cards in the order of their tickets."""
        return sorted(cards, key=lambda card: ticket(seed, card))


def load_audit(folder: AuditFolder) -> Audit:
    """Read what is audited, with the manifest and every contest's records.

    Raises:
        InputError: a definition or a file of it that cannot be used.
    """
    path = folder.file(DEFINITION)
    with naming_file(path):
        document = folder.document(DEFINITION)
        _check_keys(document, _AUDIT_KEYS, "an audit")
        risk_limit = document.real("risk_limit", 0.05)
        if not 0 < risk_limit < 1:
            raise ElectionsError(f"a risk limit lies between 0 and 1, not at {risk_limit}")
        rows = [_as_inputs(row) for row in document.listed("contests")]
        if not 0 < len(rows) <= CONTESTS_MAX:
            raise ElectionsError(f"an audit has 1 to {CONTESTS_MAX} contests, not {len(rows)}")
        files = _files(document, rows)
        listed = document.text("manifest") if document.has("manifest") else rows[0].text("records")
        manifest = read_manifest(folder, listed)
        named = dict.fromkeys(row.text("records") for row in rows)
        records = {name: read_records(folder.file(name)) for name in named}
        bare = _without_record(manifest, records.values()) if document.has("manifest") else 0
        contests = [
            _audited(
                folder, row, manifest, _cards(records[row.text("records")], row), risk_limit, bare
            )
            for row in rows
        ]
        return Audit(
            folder=folder,
            name=document.text("audit"),
            rehearsal=document.flag("rehearsal", False),
            manifest=manifest,
            contests=_by_name(contests),
            files=files,
        )


def _by_name(contests: list[Audited]) -> dict[str, Audited]:
    named = {each.contest.name: each for each in contests}
    if len(named) != len(contests):
        raise ElectionsError("a contest stands twice")
    return named


def _as_inputs(row: object) -> Inputs:
    if not isinstance(row, dict):
        raise ElectionsError(f"a contest is an object, not {row!r:.60}")
    inputs = Inputs(row)
    _check_keys(inputs, _CONTEST_KEYS, "a contest")
    return inputs


def _check_keys(document: Inputs, known: set[str], what: str) -> None:
    unknown = sorted(set(document.names()) - known)
    if unknown:
        raise ElectionsError(
            f"{what} has no {unknown[0]!r:.60}", remedy=f"It has {', '.join(sorted(known))}"
        )


def _files(document: Inputs, rows: list[Inputs]) -> list[str]:
    """Every file that is committed to."""
    named = [DEFINITION]
    named += [document.text("manifest")] if document.has("manifest") else []
    for row in rows:
        named += [row.text(key) for key in ("records", "assertions") if row.has(key)]
    return sorted(set(named))


def read_manifest(folder: AuditFolder, name: str) -> Manifest:
    """Cards with what is said of each: a table whose first column is `card`, ids, or records.

    Raises:
        InputError: a row that has too few or too many columns.
    """
    path = folder.file(name)
    try:
        with path.open("rb") as raw:
            first = raw.readline(4096).decode("utf-8-sig", "replace")  # records may be packed
        header = first.strip().split(",")
        if header[0].lower() != "card" or header[1:2] == ["choice"]:
            return Manifest(read_ids(path))
        with path.open(encoding="utf-8-sig", newline="") as stream:
            stream.readline(4096)
            columns = tuple(column.strip().lower() for column in header[1:])
            rows = csv.reader(stream)
            return _tabled(rows, columns, str(path))
    except OSError:
        return Manifest(read_ids(path))  # says what is wrong with it
    except UnicodeDecodeError:
        raise InputError(
            "not UTF-8", file=str(path), remedy="Export the file again as UTF-8"
        ) from None
    except csv.Error as error:
        raise InputError(f"not a table: {error}", file=str(path)) from None


def _tabled(rows: Iterable[list[str]], columns: tuple[str, ...], file: str) -> Manifest:
    ids: list[str] = []
    seen: set[str] = set()
    said: list[tuple[str, ...]] = []
    for number, row in enumerate(rows, 2):
        if not row:
            continue
        if len(row) != len(columns) + 1 or not row[0] or number > _ROWS_MAX:
            raise InputError(
                f"expected {len(columns) + 1} columns, the card's id first: {row!r:.60}",
                file=file,
                line=number,
            )
        if row[0] in seen:
            raise InputError(
                f"the card {row[0]!r:.60} stands there a second time", file=file, line=number
            )
        seen.add(row[0])
        ids.append(row[0])
        said.append(tuple(row[1:]))
    return Manifest(ids, columns, said)


def _cards(records: Records, row: Inputs) -> Cards:
    """The records of one contest; a file with only one need not name it."""
    name = row.text("name")
    if len(records.contests) == 1 and name not in records.contests:
        (cards,) = records.contests.values()
        return cards.renamed(cards.candidates, cards.marks, contest=name)
    return records.of(name)


def _without_record(manifest: Manifest, records: Iterable[Records]) -> int:
    """How many cards of the manifest no record stands for; every record must have its card.

    A card without a record may show any contest, so it is a phantom of each that does not say
    how many cards could hold it: who leaves records out must not shrink what is drawn from.
    """
    listed = set(manifest.ids)
    recorded = {card for each in records for cards in each.contests.values() for card in cards.ids}
    if strange := recorded - listed:
        first = min(strange)
        raise ElectionsError(
            f"{len(strange)} records stand for cards that are in no manifest, such as "
            f"{first!r:.60}{near(first, sorted(listed - recorded))}",
            remedy="Mend the manifest; a card listed there and not found counts as not found",
        )
    return len(listed - recorded)


def _audited(
    folder: AuditFolder,
    row: Inputs,
    manifest: Manifest,
    cards: Cards,
    risk_limit: float,
    bare: int,
) -> Audited:
    name = row.text("name")
    contest = _contest(folder, row, cards)
    has_style = row.flag("style", True)
    known = cards.count + bare if has_style else max(cards.count, len(manifest.ids))
    electorate = Electorate(
        cards,
        row.whole("cards", known),
        pending=row.whole("pending", 0),
        has_style=has_style,
        pools=_pools(cards, manifest),
    )
    if not has_style and set(cards.ids) - set(manifest.ids):
        raise ElectionsError(f"contest {name}: a record stands for a card that is in no manifest")
    return Audited(
        contest=contest,
        title=row.text("title") if row.has("title") else name,
        electorate=electorate,
        assertions=contest.assertions(),
        is_proven=contest.is_proven_by_assertions(),
        rule=Rule(risk_limit, row.whole("cards_max", electorate.total)),
    )


def _contest(folder: AuditFolder, row: Inputs, cards: Cards) -> Contest:
    kind = row.text("choice")
    if kind not in set(Choice):
        raise ElectionsError(f"a contest is one of {', '.join(Choice)}, not {kind!r:.40}")
    raire: list[Assertion] = []
    if row.has("assertions"):
        _, _, raire = read_assertions(folder.file(row.text("assertions")))
    winners = tuple(as_name(each) for each in row.listed("winners"))
    stand = [as_name(each) for each in row.listed("candidates")] if row.has("candidates") else []
    named = [name for one in raire for name in (one.winner, one.loser, *(one.eliminated or ()))]
    candidates = tuple(dict.fromkeys((*cards.candidates, *stand, *sorted(named))))
    return Contest(
        name=cards.contest,
        choice=Choice(kind),
        candidates=candidates,
        winners=winners,
        share=row.real("share", 0.5),
        raire=tuple(raire),
    )


def _pools(cards: Cards, manifest: Manifest) -> Places | None:
    """For each record its pool, numbered; None where no card is in one."""
    named = manifest.pools()
    if not named:
        return None
    numbers = {pool: number for number, pool in enumerate(dict.fromkeys(named.values()))}
    return np.asarray(
        [numbers[named[card]] if card in named else -1 for card in cards.ids], dtype=np.int64
    )
