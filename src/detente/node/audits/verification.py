"""A rival's check of a whole audit: every published figure again, from the folder and a policy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from detente.elections.audit.inputs import Inputs
from detente.errors import EnvironmentFault, InputError, UnitError
from detente.node.audits.commitment import changed_files, read_commitment, require_later
from detente.node.audits.definition import Audit, load_audit
from detente.node.audits.figures import Upto, report_document, report_text, state_of
from detente.node.audits.folder import RECEIPT, STATEMENT, AuditFolder, printed
from detente.node.audits.logged import COMMITTED, verify_receipt_of
from detente.node.audits.rounds import Round, cards_to_pull, read_rounds, read_seed
from detente.signing import format_time
from detente.tlog import Policy


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what.
        good: whether it is as it should be.
        said: what was seen.
    """

    name: str
    good: bool
    said: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of a whole audit found.

    Attributes:
        audit: its name.
        rehearsal: nothing of it is real.
        checks: in their order; those after one that broke the folder are missing.
        contests: what the last report says of each, recomputed.
    """

    audit: str
    rehearsal: bool
    checks: tuple[Check, ...]
    contests: tuple[object, ...]

    @property
    def good(self) -> bool:
        """Whether every check was good, and there were figures."""
        return bool(self.contests) and all(check.good for check in self.checks)


def verify_audit(path: Path, policy: Policy | None) -> Verified:
    """Check commitment, receipt, seed, draws, and every figure of every report.

    Args:
        path: the folder.
        policy: the reader's own; None: nothing shows that the commitment came first.

    Raises:
        InputError: no audit is there, or its definition cannot be read.
    """
    folder = AuditFolder(path)
    audit = load_audit(folder)
    checks = [
        _check("the files are those committed to", partial(_files, audit)),
        _check("the commitment was seen before the seed", partial(_receipt, folder, policy)),
    ]
    checks += [
        _check(f"round {number}", partial(_draw, audit, number))
        for number in range(1, len(folder.numbered("round")) + 1)
    ]
    reports = folder.numbered("report")
    checks += [_check(name, partial(_figures, audit, name)) for name in reports]
    checks += [
        _check(f"{name} in the log", partial(_logged, audit, name, policy))
        for name in reports
        if folder.has(name.removesuffix(".json") + STATEMENT)
    ]
    if not reports:
        checks.append(Check("a report", False, "no figures were published"))
    contests = folder.document(reports[-1]).listed("contests") if reports else []
    return Verified(audit.name, audit.rehearsal, tuple(checks), tuple(contests))


def _check(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except EnvironmentFault:
        raise
    except UnitError as error:
        return Check(name, False, error.message)


def _files(audit: Audit) -> str:
    commitment = read_commitment(audit.folder)
    changed = changed_files(audit, commitment)
    if changed:
        raise InputError("; ".join(changed))
    return f"{len(commitment.files)} files, each with its SHA-256"


def _receipt(folder: AuditFolder, policy: Policy | None) -> str:
    commitment, seed = read_commitment(folder), read_seed(folder)
    require_later(seed.thrown, commitment.committed)
    if not folder.has(f"{COMMITTED}{RECEIPT}"):
        raise InputError("there is no receipt: nobody outside the office saw the commitment")
    if policy is None:
        raise InputError("no policy says whose signatures count")
    data = folder.read(f"{COMMITTED}{RECEIPT}")
    shown = verify_receipt_of(commitment.text, data, policy)
    require_later(seed.thrown, shown.by)
    return (
        f"in log {shown.log}, seen by {', '.join(shown.witnesses)} by {format_time(shown.by)}; "
        f"seed thrown at {format_time(seed.thrown)}"
    )


def _logged(audit: Audit, name: str, policy: Policy | None) -> str:
    folder, receipt = audit.folder, name.removesuffix(".json") + RECEIPT
    if not folder.has(receipt):
        raise InputError("it is said to stand in a log, and there is no receipt")
    if policy is None:
        raise InputError("no policy says whose signatures count")
    data = folder.read(name)
    published = folder.document(name)
    told = {key: published.get(key) for key in ("audit", "line", "rehearsal")}
    shown = verify_receipt_of(report_text(told, name, data), folder.read(receipt), policy)
    return f"in log {shown.log}, seen by {', '.join(shown.witnesses)} by {format_time(shown.by)}"


def _draw(audit: Audit, number: int) -> str:
    rounds = read_rounds(audit, number)
    told, before = rounds[-1], dict(rounds[-2].drawn) if len(rounds) > 1 else {}
    if any(told.drawn.get(name, 0) < count for name, count in before.items()):
        raise InputError("it draws fewer cards of a contest than the round before")
    drawn = cards_to_pull(audit, read_seed(audit.folder), told.drawn, before)
    if drawn != told.cards:
        raise InputError(f"the seed draws other cards: {_first_difference(drawn, told)}")
    return f"{len(drawn)} cards, each drawn again from the seed"


def _first_difference(drawn: tuple[str, ...], told: Round) -> str:
    for number, (ours, theirs) in enumerate(zip(drawn, told.cards, strict=False), 1):
        if ours != theirs:
            return f"card {number} is {ours!r:.60}, not {theirs!r:.60}"
    return f"{len(drawn)} of them, not {len(told.cards)}"


def _figures(audit: Audit, name: str) -> str:
    published = audit.folder.document(name)
    inputs = published.mapping("inputs")
    upto = Upto(*(sum(each.startswith(f"{stem}-") for each in inputs) for stem in _STEMS))
    again = report_document(state_of(audit, upto))
    if printed(again) == audit.folder.read(name):
        return f"{len(list(_numbers(again)))} figures, each the same"
    differences = list(_differences("", Inputs(again), published))
    raise InputError("; ".join(differences[:5]) or "the same figures, written otherwise")


_STEMS = ("round", "ballots", "count")


def _numbers(value: object) -> Iterator[object]:
    match value:
        case dict():
            for each in value.values():
                yield from _numbers(each)
        case list():
            for each in value:
                yield from _numbers(each)
        case bool() | str() | None:
            return
        case _:
            yield value


def _differences(place: str, ours: object, theirs: object) -> Iterator[str]:
    """Where two documents differ, in words."""
    if isinstance(ours, Inputs) and isinstance(theirs, Inputs):
        ours = {name: ours.get(name) for name in ours.names()}
        theirs = {name: theirs.get(name) for name in theirs.names()}
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in dict.fromkeys((*ours, *theirs)):
            yield from _differences(f"{place} {name}", ours.get(name), theirs.get(name))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _differences(f"{place} {_called(one, number)}", one, other)
    elif ours != theirs:
        yield f"{place.strip()}: published {theirs!r:.60}, recomputed {ours!r:.60}"


def _called(value: object, number: int) -> str:
    if isinstance(value, dict):
        return str(value.get("contest", value.get("assertion", number)))
    return str(number)
