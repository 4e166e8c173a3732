"""What an officer does with an audit, step by step; each step leaves a file in its folder."""

from collections.abc import Mapping
from datetime import datetime

from detente.elections.audit import Counted, MoreCards
from detente.errors import InputError
from detente.node.audits.definition import Audit
from detente.node.audits.entry_tables import blank_table, read_table
from detente.node.audits.figures import (
    State,
    Upto,
    read_ballots,
    read_count,
    report_document,
    report_text,
    state_of,
)
from detente.node.audits.folder import SEED, as_document, naming_file, printed
from detente.node.audits.logged import say_document
from detente.node.audits.rounds import (
    Round,
    Seed,
    draw_round,
    first_sizes,
    read_rounds,
    require_committed,
    round_document,
    write_seed,
)
from detente.node.audits.sheets import sheets
from detente.node.home import Home
from detente.node.publishing import Clock


def begin_round(audit: Audit, *, seed: Seed | None, cards: int | None, now: datetime) -> Round:
    """Draw the next round, with the seed in the first, and write its sheets.

    Args:
        audit: as committed to.
        seed: only with the first round.
        cards: of each contest that is still open, in all; None: as many as will likely do.
        now: the clock.

    Raises:
        InputError: no seed or a second one, cards still to enter, nothing left to pull.
    """
    require_committed(audit)
    if audit.folder.has(SEED) and seed is not None:
        raise InputError(
            "a seed was thrown already, and there is only one",
            file=str(audit.folder.file(SEED)),
            remedy="Draw further rounds without a seed",
        )
    if seed is not None:
        write_seed(audit.folder, seed, now)
    drawn = draw_round(audit, _sizes(audit, cards))
    if not drawn.cards:
        raise InputError(
            f"no card is left to pull: {state_of(audit).line}",
            file=str(audit.folder.path),
            remedy="`detente elections audit report` says what becomes of each contest",
        )
    stem = f"round-{drawn.number}"
    audit.folder.write(f"{stem}.html", sheets(audit, drawn), again=True)
    audit.folder.write(f"{stem}.csv", blank_table(audit, drawn.cards), again=True)
    audit.folder.write(f"{stem}.json", printed(round_document(audit, drawn)))
    return drawn


def _sizes(audit: Audit, cards: int | None) -> Mapping[str, int]:
    if not read_rounds(audit):
        planned = first_sizes(audit)
        return (
            planned if cards is None else {n: cards if size else 0 for n, size in planned.items()}
        )
    state = state_of(audit)
    if state.missing:
        raise InputError(
            f"{len(state.missing)} cards of the last round are not entered, first "
            f"{state.missing[0]!r:.60}",
            file=str(audit.folder.path),
            remedy="`detente elections audit enter` takes them; NOT FOUND is an entry too",
        )
    return {
        name: each.outcome.cards if cards is None else cards
        for name, each in state.found.items()
        if isinstance(each.outcome, MoreCards)
    }


def enter(audit: Audit, data: bytes, file: str) -> State:
    """Take up what people found: ballots as JSON, or the filled-in table.

    Raises:
        InputError: rows that cannot be used, all of them; nothing is taken then.
    """
    require_committed(audit)
    reader = read_ballots(audit, read_rounds(audit))
    is_table = data.lstrip(b"\xef\xbb\xbf \r\n")[:1] not in (b"{", b"[")
    made = printed(read_table(data, file)) if is_table else data
    path = audit.folder.path / file
    with naming_file(path):
        taken = reader.take(as_document(made, path))
    if not taken:
        raise InputError("no ballot in it", file=file)
    audit.folder.write(audit.folder.next_name("ballots"), made)
    return state_of(audit)


def enter_count(audit: Audit, data: bytes, file: str) -> State:
    """Take up a full hand count of one contest.

    Raises:
        InputError: it is none, or of a contest that is not audited.
    """
    require_committed(audit)
    path = audit.folder.path / file
    known = {
        name: each.outcome
        for name, each in state_of(audit).found.items()
        if isinstance(each.outcome, Counted)
    }
    with naming_file(path):
        read_count(audit, as_document(data, path), known)
    audit.folder.write(audit.folder.next_name("count"), data)
    return state_of(audit)


def report(audit: Audit) -> tuple[str, dict[str, object]]:
    """Write every figure as it stands now; a report that says the same is not written again.

    Raises:
        InputError: a file of the folder that cannot be used.
    """
    require_committed(audit)
    document = report_document(state_of(audit, Upto()))
    data = printed(document)
    earlier = audit.folder.numbered("report")
    if earlier and audit.folder.read(earlier[-1]) == data:
        return earlier[-1], document
    name = audit.folder.next_name("report")
    audit.folder.write(name, data)
    return name, document


def say_report(home: Home, audit: Audit, now: Clock) -> str:
    """Write the report and say its hash to the unit; return its name.

    Raises:
        InputError: this report was said before.
        SigningRefused, StorageFault: the node must not or cannot write.
    """
    name, document = report(audit)
    text = report_text(document, name, audit.folder.read(name))
    stem = name.removesuffix(".json")
    say_document(home, audit.folder, stem, text, rehearsal=audit.rehearsal, now=now)
    return name
