"""What can go wrong, and whose it is to mend.

Two families, never mixed: `UnitError` is raised and tells an operator or a
developer what to do; `PeerFault` is a *value*, kept with the bytes that show
it, because another node's wrong must not look like a failure of ours. Our own
bugs are neither: they are plain exceptions, caught by nobody below `node`.
"""

from dataclasses import dataclass


class UnitError(Exception):
    """Root of every error an operator or a peer can cause.

    Args:
        message: what was expected, what was seen, which object.
        remedy: what the reader can do about it; empty where nothing can be done.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}. {self.remedy}" if self.remedy else self.message


class InputError(UnitError):
    """A file or argument that cannot be used; exit status 2.

    Args:
        message: what is wrong with it.
        file: the path as the operator gave it.
        line: counted from 1, where there is one.
        remedy: what to change.
    """

    def __init__(
        self, message: str, *, file: str = "", line: int | None = None, remedy: str = ""
    ) -> None:
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {message}" if place else message, remedy=remedy)
        self.file = file
        self.line = line


class EnvironmentFault(UnitError):
    """The machine refused: disk, permissions, clock, a missing library; exit status 3."""


@dataclass(frozen=True, slots=True)
class PeerFault:
    """Another member's node broke a rule. Kept, never raised.

    Attributes:
        peer: member id or log origin the bytes came from.
        rule: the rule broken, in words a person can read.
        evidence: the bytes received, unchanged.
    """

    peer: str
    rule: str
    evidence: bytes
