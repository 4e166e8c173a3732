"""Rounds: which cards to pull now, from the public seed; nothing is drawn before all is entered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from detente.elections.audit import check_seed, plan
from detente.elections.audit.electorate import PHANTOM
from detente.elections.audit.inputs import Inputs
from detente.elections.errors import ElectionsError
from detente.errors import InputError
from detente.node.audits.commitment import changed_files, read_commitment, require_later
from detente.node.audits.definition import Audit, Audited
from detente.node.audits.folder import COMMITMENT, SEED, AuditFolder, naming_file, printed
from detente.signing import format_time, parse_time

CLOCK_SKEW = timedelta(seconds=300)
_LIKELY = 0.8
"""The first round is planned to suffice so often, if records err as they usually do."""


@dataclass(frozen=True, slots=True)
class Seed:
    """The public seed.

    Attributes:
        digits: as thrown.
        thrown: when.
        by: who threw.
    """

    digits: str
    thrown: datetime
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Round:
    """One round.

    Attributes:
        number: from 1.
        drawn: for each contest how many of its cards were drawn, earlier rounds included.
        cards: the cards to pull now, in the order of their tickets.
    """

    number: int
    drawn: Mapping[str, int]
    cards: tuple[str, ...]


def read_seed(folder: AuditFolder) -> Seed:
    """The seed of an audit.

    Raises:
        InputError: none, or one that is no seed.
    """
    with naming_file(folder.file(SEED)):
        document = folder.document(SEED)
        return Seed(
            digits=check_seed(document.text("seed")),
            thrown=parse_time(document.text("thrown")),
            by=tuple(str(each) for each in document.listed("by")),
        )


def write_seed(folder: AuditFolder, seed: Seed, now: datetime) -> None:
    """Keep the seed that was thrown.

    Raises:
        InputError: one is there, it is no seed, from the future, or from before the commitment.
    """
    path = str(folder.file(SEED))
    with naming_file(folder.file(SEED)):
        check_seed(seed.digits)
    require_later(seed.thrown, read_commitment(folder).committed, file=path)
    if seed.thrown > now + CLOCK_SKEW:
        raise InputError(
            f"the seed is said to be thrown at {format_time(seed.thrown)}, which is still to come",
            file=path,
            remedy="`detente doctor` shows this machine's clock",
        )
    document = {"seed": seed.digits, "thrown": format_time(seed.thrown), "by": list(seed.by)}
    folder.write(SEED, printed(document))


def read_rounds(audit: Audit, count: int | None = None) -> list[Round]:
    """The rounds as the folder tells them, the first `count`; not drawn again.

    Raises:
        InputError: one that is none.
    """
    rounds: list[Round] = []
    for name in audit.folder.numbered("round")[:count]:
        with naming_file(audit.folder.file(name)):
            rounds.append(_round(audit.folder.document(name), audit, len(rounds) + 1))
    return rounds


def _round(document: Inputs, audit: Audit, number: int) -> Round:
    if document.whole("round") != number:
        raise ElectionsError(f"expected round {number}, not {document.whole('round')}")
    told = document.mapping("drawn")
    if set(told) - set(audit.contests):
        raise ElectionsError("it names a contest that is not audited")
    drawn = {name: Inputs(told).whole(name) for name in told}
    cards = tuple(str(each) for each in document.listed("cards"))
    return Round(number, drawn, cards)


def first_sizes(audit: Audit) -> dict[str, int]:
    """Cards of a first round: they suffice four times in five at the usual rates."""
    return {name: _first_size(each) for name, each in audit.contests.items()}


def _first_size(each: Audited) -> int:
    needs = plan(each.electorate, each.assertions, risk_limit=each.rule.risk_limit)
    sizes = [need.quantiles.get(_LIKELY) for need in needs]
    known = [size for size in sizes if size is not None]
    if not each.is_proven or len(known) < len(sizes) or max(known) > each.rule.cards_max:
        return 0  # a full count; no card need be drawn for it
    return max(known)


def draw_round(audit: Audit, sizes: Mapping[str, int]) -> Round:
    """Draw up to `sizes` cards of each contest; those pulled before are not pulled again.

    Raises:
        InputError: the files are not those committed to, or nothing is left to pull.
    """
    require_committed(audit)
    seed = read_seed(audit.folder)
    earlier = read_rounds(audit)
    before = dict(earlier[-1].drawn) if earlier else {}
    drawn = {
        name: max(before.get(name, 0), min(sizes.get(name, 0), len(audit.ids[name])))
        for name in audit.contests
    }
    return Round(len(earlier) + 1, drawn, cards_to_pull(audit, seed, drawn, before))


def cards_to_pull(
    audit: Audit, seed: Seed, drawn: Mapping[str, int], before: Mapping[str, int]
) -> tuple[str, ...]:
    """The cards that are new in a round, in the order of their tickets."""
    with naming_file(audit.folder.path):
        now = _every(audit.drawn(seed.digits, drawn))
        new = now - _every(audit.drawn(seed.digits, before))
    return tuple(audit.in_order(seed.digits, new))


def _every(drawn: Mapping[str, list[str]]) -> set[str]:
    return {card for cards in drawn.values() for card in cards if not card.startswith(PHANTOM)}


def require_committed(audit: Audit) -> None:
    """Refuse files that are not those committed to.

    Raises:
        InputError: some are not.
    """
    changed = changed_files(audit, read_commitment(audit.folder))
    if changed:
        raise InputError(
            "; ".join(changed),
            file=str(audit.folder.file(COMMITMENT)),
            remedy="Put the committed files back; an audit of other files is another audit",
        )


def round_document(audit: Audit, drawn: Round) -> dict[str, object]:
    """A round as it is published."""
    return {
        "audit": audit.name,
        "rehearsal": audit.rehearsal,
        "round": drawn.number,
        "drawn": dict(drawn.drawn),
        "cards": list(drawn.cards),
    }
