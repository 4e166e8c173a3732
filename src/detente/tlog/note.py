"""Signed notes (C2SP signed-note v1.0.0)."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from detente.signing import EnvelopeError, decode_base64
from detente.tlog.errors import NoteError
from detente.tlog.verifier import KEY_ID_BYTES, Verifier, check_name

NOTE_BYTES_MAX = 1 << 20
SIGNATURES_MAX = 100
_CONTROLS = bytes(set(range(0x20)) - {0x0A})
_MARK = "\N{EM DASH} "
_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature as it stands in a note, by a key that may be unknown.

    Attributes:
        name: the key name.
        key_id: 4 bytes.
        signature: at least 1 byte; a cosignature begins with its time.
    """

    name: str
    key_id: bytes
    signature: bytes

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line without its line feed.

        Raises:
            NoteError: another form.
        """
        mark, name, encoded = line[: len(_MARK)], *line[len(_MARK) :].partition(" ")[::2]
        if mark != _MARK:
            raise NoteError("a signature line begins with U+2014 and a space")
        check_name(name)
        try:
            raw = decode_base64(encoded.encode())
        except EnvelopeError as error:
            raise NoteError(f"signature of {name[:80]!r}: {error}") from None
        if len(raw) <= KEY_ID_BYTES:
            raise NoteError(f"signature of {name[:80]!r}: {len(raw)} bytes are too few")
        return cls(name, raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:])

    def __str__(self) -> str:
        """Write the line without its line feed."""
        return f"{_MARK}{self.name} {b64encode(self.key_id + self.signature).decode()}"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A note as it travels; nothing about its signatures is known yet.

    Attributes:
        text: what is signed; ends in a line feed.
        lines: 1 to 100 signatures.
    """

    text: str
    lines: tuple[SignatureLine, ...]

    @classmethod
    def parse(cls, note: bytes) -> Self:
        """Read a note, splitting it at its last empty line.

        Raises:
            NoteError: over 1 MiB or 100 signatures, not UTF-8, a control
                character, no empty line, no signature line or a malformed one.
        """
        if len(note) > NOTE_BYTES_MAX:
            raise NoteError(f"a note has at most 1 MiB, this one {len(note)} bytes")
        split = note.rfind(b"\n\n")
        if split < 0 or not note.endswith(b"\n"):
            raise NoteError("a note is a text, an empty line and signature lines")
        signed = note[split + 2 :]
        if not 1 <= (count := signed.count(b"\n")) <= SIGNATURES_MAX:
            raise NoteError(f"a note carries 1 to 100 signatures, this one {count}")
        try:
            text, tail = note[: split + 1].decode(), signed.decode()
        except UnicodeDecodeError as error:
            raise NoteError(f"a note is UTF-8: {error}") from None
        if len(note.translate(None, _CONTROLS)) != len(note):
            raise NoteError("a note holds no control character but the line feed")
        return cls(text, tuple(SignatureLine.parse(line) for line in tail[:-1].split("\n")))

    def to_bytes(self) -> bytes:
        """Write the note."""
        return "\n".join((self.text, *map(str, self.lines), "")).encode()

    def with_lines(self, lines: Iterable[SignatureLine]) -> Self:
        """Return the note with further signatures, each line once."""
        merged = tuple(dict.fromkeys((*self.lines, *lines)))
        return type(self)(self.text, merged)


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that was checked.

    Attributes:
        verifier: the key.
        timestamp: POSIX seconds for a cosignature, None for type 0x01.
    """

    verifier: Verifier
    timestamp: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """A note that at least one known key signed.

    Attributes:
        text: the signed text.
        verified: the known keys' signatures, in the order of the note, one per key.
        signed: the note as it came, with lines of unknown keys too.
    """

    text: str
    verified: tuple[Verified, ...]
    signed: SignedNote


def open_note(note: bytes, verifiers: Iterable[Verifier]) -> Note:
    """Check a note's signatures by known keys; lines of unknown keys are not looked at.

    Raises:
        NoteError: malformed, no known key signed, or a signature by one fails.
    """
    return open_signed(SignedNote.parse(note), verifiers)


def open_signed(signed: SignedNote, verifiers: Iterable[Verifier]) -> Note:
    """Check the signatures of a note that was parsed before, as `open_note` does.

    Raises:
        NoteError: no known key signed, or a signature by one fails.
    """
    known = _by_name_and_id(verifiers)
    verified: dict[Verifier, Verified] = {}
    for line in dict.fromkeys(signed.lines):
        verifier = known.get((line.name, line.key_id))
        if verifier is not None:
            timestamp = verifier.verify(signed.text, line.signature)
            verified.setdefault(verifier, Verified(verifier, timestamp))
    if not verified:
        raise NoteError(
            f"no key that is known here signed this note; it carries {_names(signed.lines)}",
            remedy="Check that the policy names the log's present keys",
        )
    return Note(signed.text, tuple(verified.values()), signed)


def _by_name_and_id(verifiers: Iterable[Verifier]) -> dict[tuple[str, bytes], Verifier]:
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        before = known.setdefault((verifier.name, verifier.key_id), verifier)
        if before.public_key != verifier.public_key:
            raise NoteError(f"two keys of {verifier.name!r} share the id {verifier.key_id.hex()}")
    return known


def _names(lines: Sequence[SignatureLine]) -> str:
    shown = ", ".join(repr(line.name[:80]) for line in lines[:_NAMES_SHOWN])
    return shown if len(lines) <= _NAMES_SHOWN else f"{shown} and {len(lines) - _NAMES_SHOWN} more"
