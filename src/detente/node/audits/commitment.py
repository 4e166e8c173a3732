"""The commitment: hashes of the manifest and the records, in a log before the seed exists.

Whoever may still choose the records once the seed is known can choose which
cards are looked at. So the seed counts only if it was thrown after the
commitment was seen by others: the cosigners' times in the receipt tell, not the
office's own clock.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from detente.elections.errors import ElectionsError
from detente.errors import InputError
from detente.node.audits.definition import Audit
from detente.node.audits.folder import COMMITMENT, AuditFolder, as_document, naming_file
from detente.signing import canonical, format_time, parse_time

_KEYS = ["audit", "committed", "detente-audit", "files", "rehearsal"]
_VERSION = "commitment v1"


@dataclass(frozen=True, slots=True)
class Commitment:
    """What was committed to.

    Attributes:
        audit: its name.
        rehearsal: nothing of it is real.
        committed: by the office's own clock.
        files: SHA-256 by name.
        text: the document, letter for letter.
    """

    audit: str
    rehearsal: bool
    committed: datetime
    files: dict[str, str]
    text: str


def commit(audit: Audit, now: datetime) -> Commitment:
    """Write down the hashes of every file that the definition names.

    Raises:
        InputError: there is a commitment already.
    """
    document = {
        "audit": audit.name,
        "committed": format_time(now),
        "detente-audit": _VERSION,
        "files": audit.folder.digests(audit.files),
        "rehearsal": audit.rehearsal,
    }
    audit.folder.write(COMMITMENT, canonical(document))
    return read_commitment(audit.folder)


def read_commitment(folder: AuditFolder) -> Commitment:
    """The commitment as it stands in the folder.

    Raises:
        InputError: none, or a damaged one.
    """
    return parse_commitment(folder.read(COMMITMENT), folder.file(COMMITMENT))


def parse_commitment(data: bytes, path: Path) -> Commitment:
    """A commitment.

    Raises:
        InputError: it is none.
    """
    document = as_document(data, path)
    with naming_file(path):
        if sorted(document.names()) != _KEYS or document.text("detente-audit") != _VERSION:
            raise ElectionsError(f"expected {_VERSION} with {', '.join(_KEYS)}")
        files = {name: str(value) for name, value in document.mapping("files").items()}
        return Commitment(
            audit=document.text("audit"),
            rehearsal=document.flag("rehearsal", False),
            committed=parse_time(document.text("committed")),
            files=files,
            text=data.decode("utf-8", "replace"),
        )


def require_before(commitment: Commitment, *, sha256: str, thrown: datetime, file: str) -> None:
    """Refuse a file that was not committed to, and a seed that was there before.

    Raises:
        InputError: either.
    """
    if sha256 not in commitment.files.values():
        raise InputError(
            f"its SHA-256 {sha256} is not among those committed to",
            file=file,
            remedy="Draw from the manifest that was committed before the seed was thrown",
        )
    require_later(thrown, commitment.committed, file=file)


def require_later(thrown: datetime, committed: datetime, *, file: str = "") -> None:
    """Refuse a seed that was there before a commitment was made, or before others saw it.

    Raises:
        InputError: it was.
    """
    if thrown <= committed:
        raise InputError(
            f"the seed was thrown at {format_time(thrown)}, and the files were committed to at "
            f"{format_time(committed)}: who knows the seed can choose the cards",
            file=file,
            remedy="Throw a new seed, in public, after the commitment",
        )


def changed_files(audit: Audit, commitment: Commitment) -> list[str]:
    """What is not as it was committed to, in words; empty where everything is."""
    wrong = []
    for name in sorted({*audit.files, *commitment.files}):
        if name not in commitment.files:
            wrong.append(f"{name} was not committed to")
        elif not audit.folder.has(name):
            wrong.append(f"{name} was committed to and is not there")
        elif audit.folder.digests([name])[name] != commitment.files[name]:
            wrong.append(f"{name} is not the file that was committed to")
    if audit.rehearsal != commitment.rehearsal:
        wrong.append("a rehearsal and a real audit are never the same")
    return wrong
