"""An audit by batches from Arlo's files: a manifest, what was reported, what was counted."""

from dataclasses import dataclass
from pathlib import Path

from detente.elections import ElectionsError
from detente.elections.audit.batches import BatchAudit, Reported
from detente.elections.records import BatchTotals, read_batch_totals, read_manifest
from detente.elections.records.manifests import Batch
from detente.errors import EnvironmentFault, InputError
from detente.node.cvr_files import located

FILE_BYTES_MAX = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFiles:
    """What an audit by batches is told.

    Attributes:
        manifest: batches and their ballots.
        totals: what each reported.
        counted: what people found in those drawn; None before.
        winners: how many win.
        seed: public digits; None before they exist.
        draws: how many batches to draw; None for as many as a count without an error needs.
        risk_limit: the chance that a wrong outcome passes.
    """

    manifest: Path
    totals: Path
    counted: Path | None = None
    winners: int = 1
    seed: str | None = None
    draws: int | None = None
    risk_limit: float = 0.05


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """What came of it.

    Attributes:
        winners: by the reported totals.
        margin: the smallest, in votes.
        bound: the sum of all bounds, U.
        draws: how many are drawn.
        drawn: names, in order; empty without a seed.
        risk: None while nothing is counted.
    """

    winners: tuple[str, ...]
    margin: int
    bound: float
    draws: int
    drawn: tuple[str, ...]
    risk: float | None


def audit_batches(files: BatchFiles) -> BatchFigures:
    """Plan, draw or judge an audit by batches.

    Raises:
        InputError: a file or a number that cannot be used, with its lines.
    """
    if not 0 < files.risk_limit < 1:
        raise InputError(f"a risk limit of {files.risk_limit}", remedy="Write 0.05 for 5 %")
    if files.counted is not None and files.seed is None:
        raise InputError("counted, and no seed", remedy="Name the `--seed` they were drawn with")
    manifest = _manifest(files.manifest)
    totals = _totals(files.totals, manifest)
    try:
        missing = [each.name for each in manifest if each.name not in totals.batches]
        if missing:
            told = ", ".join(missing)[:200]
            raise ElectionsError(f"{len(missing)} batches of the manifest have no totals: {told}")
        audit = BatchAudit(
            [Reported(each.name, each.ballots, totals.batches[each.name]) for each in manifest],
            winners=files.winners,
        )
        draws = files.draws or audit.draws(files.risk_limit)
        drawn = audit.draw(files.seed, draws) if files.seed is not None else []
    except ElectionsError as error:
        raise located(error, files.totals) from None
    risk = None if files.counted is None else _risk(audit, drawn, files.counted, manifest, totals)
    names = tuple(totals.choices[at] for at in audit.winners)
    return BatchFigures(names, audit.margin, float(audit.bound), draws, tuple(drawn), risk)


def _risk(
    audit: BatchAudit, drawn: list[str], path: Path, manifest: list[Batch], totals: BatchTotals
) -> float:
    counted = _totals(path, manifest)
    try:
        if counted.choices != totals.choices:
            raise ElectionsError(
                f"line 1: the choices {', '.join(counted.choices)[:200]} are not those reported: "
                f"{', '.join(totals.choices)[:200]}"
            )
        return audit.p_value(drawn, counted.batches)
    except ElectionsError as error:
        raise located(error, path) from None


def _manifest(path: Path) -> list[Batch]:
    try:
        batches = list(read_manifest(_read(path)))
        names = [each.name for each in batches]
        twice = sorted({name for name in names if names.count(name) > 1}) if len(
            set(names)) < len(names) else []  # fmt: skip
        if twice:
            raise ElectionsError(
                f"the batches {', '.join(twice)[:200]} stand there under several tabulators",
                remedy="Name each batch once, for example with its tabulator before it",
            )
    except ElectionsError as error:
        raise located(error, path) from None
    return batches


def _totals(path: Path, manifest: list[Batch]) -> BatchTotals:
    try:
        return read_batch_totals(_read(path), manifest)
    except ElectionsError as error:
        raise located(error, path) from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        raise InputError("there is no such file", file=str(path)) from None
    except OSError as error:
        raise EnvironmentFault(f"{path}: {error.strerror}") from None
    if len(data) > FILE_BYTES_MAX:
        raise InputError(f"more than {FILE_BYTES_MAX} bytes", file=str(path))
    return data
