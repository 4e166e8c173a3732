"""The folder of one audit: every file of it is public, and none is written twice."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import orjson

from detente.elections import ElectionsError
from detente.elections.audit.inputs import Inputs
from detente.errors import InputError
from detente.node.cvr_files import digest
from detente.storage.disk import Disk, read_capped, write_whole

DEFINITION = "audit.json"
COMMITMENT = "commitment.json"
STATEMENT = ".statement"
RECEIPT = ".receipt"
SEED = "seed.json"

DOCUMENT_BYTES_MAX = 64 * 1024 * 1024
ROUNDS_MAX = 1_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PUBLIC = 0o644


@dataclass(frozen=True, slots=True)
class AuditFolder:
    """Reads and writes the documents of one audit.

    Attributes:
        path: of the folder.
    """

    path: Path

    def file(self, name: str) -> Path:
        """A file of the folder by its plain name.

        Raises:
            InputError: a name that leads elsewhere.
        """
        if not _NAME.fullmatch(name):
            raise InputError(
                f"{name!r:.80} is no plain file name",
                file=str(self.path / DEFINITION),
                remedy="Put the file into the audit's folder and name it without any path",
            )
        return self.path / name

    def has(self, name: str) -> bool:
        """Whether the file is there."""
        return self.file(name).is_file()

    def read(self, name: str) -> bytes:
        """Its bytes.

        Raises:
            InputError: missing, or larger than 64 MiB.
        """
        path = self.file(name)
        if not path.is_file():
            raise InputError("is not there", file=str(path), remedy=_MISSING.get(name, ""))
        if path.stat().st_size > DOCUMENT_BYTES_MAX:
            raise InputError(f"larger than {DOCUMENT_BYTES_MAX} bytes", file=str(path))
        return read_capped(path, bytes_max=DOCUMENT_BYTES_MAX)

    def document(self, name: str) -> Inputs:
        """A JSON object of the folder.

        Raises:
            InputError: it is none.
        """
        return as_document(self.read(name), self.file(name))

    def write(self, name: str, data: bytes, *, again: bool = False) -> Path:
        """Write a file of the audit.

        Raises:
            InputError: it is there already; what was said is not said otherwise later.
            StorageFault: the disk refused.
        """
        path = self.file(name)
        if path.exists() and not again:
            raise InputError(
                "is there already, and nothing of an audit is written twice",
                file=str(path),
                remedy="An audit that was wrongly begun is begun again in another folder",
            )
        write_whole(path, data, disk=Disk(), mode=_PUBLIC)
        return path

    def numbered(self, stem: str) -> list[str]:
        """The names STEM-1.json, STEM-2.json ... that are there.

        Raises:
            InputError: one is missing in between.
        """
        found = {
            int(path.stem.rpartition("-")[2])
            for path in self.path.glob(f"{stem}-*.json")
            if re.fullmatch(rf"{stem}-[1-9][0-9]{{0,3}}", path.stem)
        }
        gaps = sorted(set(range(1, max(found, default=0) + 1)) - found)
        if gaps:
            raise InputError(
                f"{stem}-{gaps[0]}.json is missing, and a later one is there",
                file=str(self.path),
                remedy="Nothing of an audit is taken away: ask the office for the whole folder",
            )
        return [f"{stem}-{number}.json" for number in sorted(found)]

    def next_name(self, stem: str) -> str:
        """The next of the numbered names."""
        number = len(self.numbered(stem)) + 1
        if number > ROUNDS_MAX:
            raise InputError(f"more than {ROUNDS_MAX} files {stem}-N.json", file=str(self.path))
        return f"{stem}-{number}.json"

    def digests(self, names: list[str]) -> dict[str, str]:
        """SHA-256 of files, by name."""
        return {name: digest(self.file(name)) for name in names}


_MISSING = {
    DEFINITION: "Write down what is audited; the guide to audits shows how",
    COMMITMENT: "`detente elections audit commit` makes it, before the seed is thrown",
    f"commitment{STATEMENT}": "`detente elections audit commit --node` says it to a log",
    SEED: "`detente elections audit round` takes the seed with the first round",
}


def as_document(data: bytes, path: Path) -> Inputs:
    """A JSON object.

    Raises:
        InputError: it is none.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", file=str(path), line=error.lineno) from None
    if not isinstance(value, dict):
        raise InputError("expected one JSON object", file=str(path))
    return Inputs(value)


def printed(document: object) -> bytes:
    """A document as it stands in the folder: for people and programs alike."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def digest_of(data: bytes) -> str:
    """SHA-256 in hex."""
    return sha256(data).hexdigest()


@contextmanager
def naming_file(path: Path) -> Iterator[None]:
    """Say of which file an error is."""
    try:
        yield
    except ElectionsError as error:
        raise InputError(error.message, file=str(path), remedy=error.remedy) from None
