"""An office signs its figures: keys sealed by a passphrase, envelopes beside the files."""

import os
from collections.abc import Sequence
from inspect import getsource
from pathlib import Path

from detente.errors import EnvironmentFault, InputError
from detente.node import office_signer
from detente.node.clock import now
from detente.node.office_signer import ENDING, FIGURES, REHEARSAL, SignerError
from detente.node.result_reading import read_figures
from detente.node.signed_figures import Seal, read_small
from detente.signing import format_time


def make_key(office: str, out: Path, passphrase: str) -> dict[str, str]:
    """Make a key and write it; the public half goes beside it.

    Raises:
        InputError: a short passphrase, or a file that is there already.
    """
    try:
        sealed, public = office_signer.new_key(office, passphrase)
    except SignerError as error:
        raise InputError(str(error)) from None
    beside = out.with_name(out.name + ".public")
    for path, data, mode in ((out, sealed, 0o600), (beside, public, 0o644)):
        _write_new(path, data, mode)
    return {"office": office, "key": str(out), "public": str(beside)}


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise InputError(
            "is there already: a key is not written over", file=str(path), remedy="Choose another"
        ) from None
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)


def sign_files(
    files: Sequence[Path], key_file: Path, passphrase: str, *, is_rehearsal: bool
) -> dict[str, object]:
    """Sign files; each signature goes beside its file.

    Raises:
        InputError: no such file, no key, another passphrase, or a rehearsal signed as real.
    """
    if not is_rehearsal:
        _refuse_rehearsals(files)
    try:
        office, key = office_signer.open_key(read_small(key_file), passphrase)
    except SignerError as error:
        raise InputError(str(error), file=str(key_file)) from None
    kind, moment = REHEARSAL if is_rehearsal else FIGURES, format_time(now())
    envelopes: dict[Path, bytes] = {}
    for file in files:
        try:
            envelopes[file.with_name(file.name + ENDING)] = office_signer.sign(
                file, office, key, kind, moment
            )
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", file=str(file)) from None
    for path, envelope in envelopes.items():
        try:
            path.write_bytes(envelope)
        except OSError as error:
            raise EnvironmentFault(f"{path} cannot be written: {error.strerror}") from error
    return {"office": office, "type": kind, "signatures": [str(path) for path in envelopes]}


def _refuse_rehearsals(files: Sequence[Path]) -> None:
    for file in files:
        try:
            says_so = any(report.is_test for report in read_figures(file))
        except InputError:
            continue  # What is no figures, or in columns of its own, is signed as it stands.
        if says_so:
            raise InputError(
                "says that it is a rehearsal: it is not signed as real",
                file=str(file),
                remedy="Give --rehearsal, or sign the file of the night itself",
            )


def describe_seal(file: Path, seal: Seal) -> dict[str, object]:
    """Who signed a file, as a row."""
    if seal.broken is not None:
        said = seal.broken.explanation
    elif seal.office:
        said = f"signed by {seal.office}" + (" as a rehearsal" if seal.is_rehearsal else "")
    else:
        said = seal.note or "unsigned"
    return {
        "file": str(file),
        "office": seal.office,
        "rehearsal": seal.is_rehearsal,
        "said": said,
        "good": bool(seal.office) and seal.broken is None,
    }


def signer_source() -> bytes:
    """The offline signer as one file."""
    return getsource(office_signer).encode()
