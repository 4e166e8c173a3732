"""What the cast says: small warnings, through the shipped publishing flow."""

from pathlib import Path

from detente.node.author import Audience
from detente.node.clock import now
from detente.node.entropy import SystemEntropy
from detente.node.home import Home
from detente.node.importing import Imported, import_file
from detente.node.log import Acknowledged
from detente.node.publishing import publish
from detente.statements import UNIT, Content, Kind, Pap, Tlp, make_content
from detente.statements.handling import Handling

_HANDLING = Handling(kind=Kind.INDICATOR, tlp=Tlp.GREEN, pap=Pap.GREEN, licence="CC0-1.0", count=1)


def warn(home: Home, address: str, name: str, *, audience: Audience = UNIT) -> Acknowledged:
    """Publish one address as an indicator."""
    objects = _indicator(home, address, name).objects
    return publish(home, objects, _HANDLING, audience=audience, now=now)


def warning_content(home: Home, address: str, name: str) -> Content:
    """Return the same warning as content, for somebody who seals it otherwise."""
    objects = [each.raw for each in _indicator(home, address, name).objects]
    return make_content(objects, _HANDLING.to_bytes(), SystemEntropy())


def _indicator(home: Home, address: str, name: str) -> Imported:
    table = f"type,value,name\nipv4-addr,{address},{name}\n".encode()
    return import_file(Path("warning.csv"), table, member=home.identity.member, now=now())
