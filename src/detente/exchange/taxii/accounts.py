"""Who asks: a token in any of the three forms that clients send it in, and what it permits."""

import binascii
from base64 import b64decode
from dataclasses import dataclass

from detente.release import Reader

CHALLENGE = 'Basic realm="TAXII", charset="UTF-8", Bearer realm="TAXII"'
_HEADER_CHARACTERS_MAX = 1_024


@dataclass(frozen=True, slots=True)
class Account:
    """The holder of a token that counts.

    Attributes:
        id: of the token.
        name: as it stands beside what the account brings.
        reader: as whom the gate sees it; the same for all accounts of one sort.
        may_read: names of views, or "*" for all.
        may_write: whether it may bring objects, and take back what it brought.
    """

    id: str
    name: str
    reader: Reader
    may_read: frozenset[str]
    may_write: bool

    def reads(self, view: str) -> bool:
        """Say whether it may read a view; what it sees there the gate decides."""
        return "*" in self.may_read or view in self.may_read


def presented_token(header: str) -> str:
    """Return the token in an Authorization header, "" where there is none.

    `Bearer TOKEN`, `Token TOKEN` (as taxii2-client sends it), or `Basic` with the token as
    the password; the user name then says nothing.
    """
    scheme, _, rest = header[:_HEADER_CHARACTERS_MAX].strip().partition(" ")
    match scheme.lower():
        case "bearer" | "token":
            return rest.strip()
        case "basic":
            return _password(rest.strip())
        case _:
            return ""


def _password(text: str) -> str:
    try:
        pair = b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return pair.partition(":")[2]
