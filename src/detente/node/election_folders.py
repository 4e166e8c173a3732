"""Where an office puts what its console shows of an election: named folders in its directory.

    elections/results/NAME   files of figures, as `detente elections results check` reads them
    elections/audits/NAME    the public folder of an audit
    elections/rolls/NAME     report.json and power.json, as `elections rolls ... --json` prints
    elections/names/NAME     scan.json, as `elections names scan --json` prints
    elections/trust          .public keys of offices whose signatures count

A page names a folder and never a path; what leads out of the node's directory is refused.
"""

import re
from enum import StrEnum
from pathlib import Path

from detente.errors import InputError
from detente.node.layout import Layout
from detente.node.signed_figures import Offices, trusted
from detente.storage.errors import storage_faults

PLACE = "elections"
TRUST = "trust"
FOLDERS_MAX = 200
FILES_MAX = 4_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Subject(StrEnum):
    """What a folder is of."""

    RESULTS = "results"
    AUDITS = "audits"
    ROLLS = "rolls"
    NAMES = "names"


def election_folders(layout: Layout, subject: Subject) -> list[str]:
    """Return the names of the folders of one subject, in their order, at most 200.

    Raises:
        StorageFault: the disk refused.
    """
    place = layout.directory / PLACE / subject
    with storage_faults(doing="looking for folders", where=str(place)):
        if not place.is_dir():
            return []
        found = sorted(
            each.name for each in place.iterdir() if _NAME.fullmatch(each.name) and each.is_dir()
        )
    return found[:FOLDERS_MAX]


def election_folder(layout: Layout, subject: Subject, name: str) -> Path:
    """Return a folder by its name.

    Raises:
        InputError: there is none, or something of it lies outside the node's directory.
        StorageFault: the disk refused.
    """
    place = layout.directory / PLACE / subject
    if not _NAME.fullmatch(name) or not (place / name).is_dir():
        raise InputError(
            f"no folder {name[:60]!r} of {subject}",
            remedy=f"Put it into {PLACE}/{subject} of the node's directory",
        )
    folder = place / name
    files_of(folder, inside=place)
    return folder


def files_of(folder: Path, *, inside: Path) -> list[Path]:
    """Return the files of a folder, in their order.

    Raises:
        InputError: too many, or one leads outside.
        StorageFault: the disk refused.
    """
    with storage_faults(doing="looking into a folder", where=str(folder)):
        root = inside.resolve()
        found = sorted(folder.iterdir())
        strange = [each for each in (folder, *found) if not each.resolve().is_relative_to(root)]
    if len(found) > FILES_MAX:
        raise InputError(f"more than {FILES_MAX} files", file=str(folder))
    if strange:
        raise InputError(
            "leads out of the node's directory",
            file=str(strange[0]),
            remedy="Copy the file there instead of linking to it",
        )
    return found


def trusted_offices(layout: Layout) -> Offices:
    """Return the offices whose signatures count here.

    Raises:
        InputError: a key that is none, or must not be used.
        StorageFault: the disk refused.
    """
    place = layout.directory / PLACE / TRUST
    if not place.is_dir():
        return trusted([])
    return trusted([each for each in files_of(place, inside=place) if each.suffix == ".public"])
