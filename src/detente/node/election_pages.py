"""What the console shows of elections: results, audits, rolls and names, from the office's folders.

Nothing is decided here: the same flows read the same files as the commands do. What takes long
(comparing rolls, trying the power of checks, a million names) was done by a command, and its
answer is shown. What was read is remembered until a file changes, for a minute at most: who has
not reported depends on the clock.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import TypeVar, cast

import numpy as np

from detente.elections.audit import Judged, MoreCards
from detente.elections.results import Difference
from detente.errors import InputError
from detente.node.audits.definition import load_audit
from detente.node.audits.figures import Found, State, report_document, state_of
from detente.node.audits.folder import COMMITMENT, SEED, AuditFolder
from detente.node.audits.rounds import read_rounds
from detente.node.election_folders import (
    PLACE,
    Subject,
    election_folder,
    election_folders,
    files_of,
    trusted_offices,
)
from detente.node.election_reports import NamesReport, RollsReport, read_names, read_rolls
from detente.node.home import Home
from detente.node.result_files import Checked, check_results
from detente.storage.errors import storage_faults

KEPT_MAX = 8
KEPT_FOR = timedelta(seconds=60)
POINTS_MAX = 200
"""Points of a risk curve; every card of a longer one is in the audit's own report."""
_INNOCENT = re.compile(r"\bInnocent[^:.]{0,40}: ")
_SETTLED = "Settled by: "

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Point:
    """The risk after so many cards: that of the assertion for which it is highest."""

    cards: int
    risk: float


@dataclass(frozen=True, slots=True)
class AuditedContest:
    """One contest of an audit as it stands.

    Attributes:
        name: of the contest.
        figures: as published: title, risk, drawn, entered, assertions and so on.
        to_enter: cards drawn and not entered yet.
        to_pull: cards to pull beyond those drawn; None where no number would do.
        curve: the risk, card by card; thinned where it is long.
    """

    name: str
    figures: object
    to_enter: int
    to_pull: int | None
    curve: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """An audit.

    Attributes:
        name: for people.
        is_rehearsal: nothing of it is real.
        is_committed: its files were committed to.
        line: one plain sentence; "" before the seed.
        contests: each; none before the seed.
        missing: drawn cards that are not entered yet, the first of them.
        missing_count: how many.
        rounds: number of each round and its cards.
        place: of its folder in the node's directory.
    """

    name: str
    is_rehearsal: bool
    is_committed: bool
    line: str
    contests: tuple[AuditedContest, ...]
    missing: tuple[str, ...]
    missing_count: int
    rounds: tuple[tuple[int, int], ...]
    place: str


@dataclass(frozen=True, slots=True)
class SampleCard:
    """One card to pull: its place in the draw, its id, and where it lies."""

    number: int
    card: str
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SampleList:
    """The cards of one round, for printing.

    Attributes:
        audit: its name.
        is_rehearsal: nothing of it is real.
        number: of the round.
        columns: what is said of where a card lies.
        cards: in the order of the draw.
    """

    audit: str
    is_rehearsal: bool
    number: int
    columns: tuple[str, ...]
    cards: tuple[SampleCard, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """A finding whose words are taken apart, so that the innocent explanation stands first.

    Attributes:
        difference: what does not agree.
        seen: what it is.
        innocent: what would explain it innocently; "" where its words do not say.
        settled: what would settle it; "" where its words do not say.
    """

    difference: Difference
    seen: str
    innocent: str
    settled: str


@dataclass(frozen=True, slots=True)
class _Kept:
    seen: object
    read: datetime
    value: object


class ElectionPages:
    """Elections as a console shows them. Safe for threads: one folder is read at a time.

    Args:
        home: open.
        now: the clock.
    """

    def __init__(self, home: Home, *, now: Callable[[], datetime]) -> None:
        self._layout = home.layout
        self._now = now
        self._lock = Lock()
        self._kept: dict[tuple[Subject, str], _Kept] = {}

    def folders(self) -> dict[str, list[str]]:
        """Return the names of all folders by subject.

        Raises:
            StorageFault: the disk refused.
        """
        return {each.value: election_folders(self._layout, each) for each in Subject}

    def results(self, name: str) -> Checked:
        """Return what the figures of a folder come to.

        Raises:
            InputError: no such folder, or a file of it that cannot be read.
            StorageFault, EnvironmentFault: the disk refused.
        """

        def read(folder: Path) -> Checked:
            offices = trusted_offices(self._layout)
            return check_results(folder, offices=offices, at=self._now())

        return self._read(Subject.RESULTS, name, read)

    def explained(self, checked: Checked, *, most: int) -> list[Explained]:
        """Return the first findings, in parts."""
        return [Explained(each, *parts_of(each.explanation)) for each in checked.differences[:most]]

    def audit(self, name: str) -> AuditPage:
        """Return how an audit stands.

        Raises:
            As `results`.
        """
        return self._read(Subject.AUDITS, name, lambda folder: _audit_page(folder, name))

    def sample(self, name: str, number: int) -> SampleList:
        """Return the cards of one round.

        Raises:
            As `results`; and where there is no such round.
        """
        folder = election_folder(self._layout, Subject.AUDITS, name)
        with self._lock:
            audit = load_audit(AuditFolder(folder))
            found = [each for each in read_rounds(audit) if each.number == number]
        if not found:
            raise InputError(f"no round {number} of this audit")
        cards = found[0].cards
        where = audit.manifest.where(set(cards))
        return SampleList(
            audit=audit.name,
            is_rehearsal=audit.rehearsal,
            number=number,
            columns=audit.manifest.columns,
            cards=tuple(
                SampleCard(at, card, where.get(card, ())) for at, card in enumerate(cards, 1)
            ),
        )

    def rolls(self, name: str) -> RollsReport:
        """Return the signals of a roll and the power of its checks.

        Raises:
            As `results`.
        """
        return self._read(Subject.ROLLS, name, read_rolls)

    def names(self, name: str) -> NamesReport:
        """Return the names that look like the office's own.

        Raises:
            As `results`.
        """
        return self._read(Subject.NAMES, name, read_names)

    def _read(self, subject: Subject, name: str, read: Callable[[Path], T]) -> T:
        folder = election_folder(self._layout, subject, name)
        with self._lock:
            now, seen = self._now(), _fingerprint(folder)
            kept = self._kept.get((subject, name))
            if kept is None or kept.seen != seen or not timedelta() <= now - kept.read < KEPT_FOR:
                kept = _Kept(seen, now, read(folder))
                self._kept.pop((subject, name), None)
                while len(self._kept) >= KEPT_MAX:
                    del self._kept[next(iter(self._kept))]
                self._kept[subject, name] = kept
            return cast("T", kept.value)


def parts_of(explanation: str) -> tuple[str, str, str]:
    """Return what a finding says is seen, what explains it innocently, and what settles it."""
    rest, _, settled = explanation.partition(_SETTLED)
    found = _INNOCENT.search(rest)
    if found is None:
        return rest.strip(), "", settled.strip()
    return rest[: found.start()].strip(), rest[found.end() :].strip(), settled.strip()


def _fingerprint(folder: Path) -> tuple[tuple[str, int, int], ...]:
    with storage_faults(doing="looking into a folder", where=str(folder)):
        files = files_of(folder, inside=folder.parent)
        stats = [(each.name, each.stat()) for each in files]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def _audit_page(folder: Path, name: str) -> AuditPage:
    audit = load_audit(AuditFolder(folder))
    state = state_of(audit) if audit.folder.has(SEED) else None
    rounds = read_rounds(audit)
    missing = [] if state is None else state.missing
    return AuditPage(
        name=audit.name,
        is_rehearsal=audit.rehearsal,
        is_committed=audit.folder.has(COMMITMENT),
        line="" if state is None else state.line,
        contests=() if state is None else _contests(state),
        missing=tuple(missing[:POINTS_MAX]),
        missing_count=len(missing),
        rounds=tuple((each.number, len(each.cards)) for each in rounds),
        place=f"{PLACE}/{Subject.AUDITS}/{name}",
    )


def _contests(state: State) -> tuple[AuditedContest, ...]:
    shown = report_document(state)["contests"]
    assert isinstance(shown, list)  # noqa: S101 - as the document is made
    return tuple(
        _contest(name, found, figures)
        for (name, found), figures in zip(state.found.items(), shown, strict=True)
    )


def _contest(name: str, found: Found, figures: object) -> AuditedContest:
    more = found.outcome.cards - found.drawn if isinstance(found.outcome, MoreCards) else None
    return AuditedContest(
        name=name,
        figures=figures,
        to_enter=found.drawn - found.entered,
        to_pull=None if more is None else max(more, 0),
        curve=_curve(found.judged),
    )


def _curve(judged: Sequence[Judged]) -> tuple[Point, ...]:
    """The highest risk of any assertion after each card, at most 200 points and always the last."""
    walked = [each.trajectory.p_values for each in judged if each.trajectory.log_wealth.size]
    if not walked:
        return ()
    length = min(each.size for each in walked)
    highest = np.max([each[:length] for each in walked], axis=0)
    at = np.unique(np.linspace(0, length - 1, num=min(length, POINTS_MAX), dtype=int))
    return (Point(0, 1.0), *(Point(int(n) + 1, float(highest[n])) for n in at))
