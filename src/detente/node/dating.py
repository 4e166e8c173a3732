"""When a statement was said, by what others saw: a claimed time is a claim. (A24)"""

from datetime import datetime

from detente.node.home import Home
from detente.node.reading import Said
from detente.signing import format_time
from detente.signing.canonical import JsonValue
from detente.statements import Backdated, timeliness
from detente.storage.acting import ActingShelf


def first_seen(home: Home, origin: str, seq: int) -> datetime | None:
    """Return by when an honest cosigner had seen a place of a log; None where too few say.

    Of f + 1 cosigners one is honest, so one liar alone makes nothing older than it is.

    Raises:
        StorageFault: the database refused.
    """
    charter = home.charter
    shelf = ActingShelf(home.database, me=home.identity.member)
    moments = sorted(shelf.shown(origin, seq).values())
    f = 0 if charter is None else charter.f
    return moments[f] if len(moments) > f else None


def describe_time(home: Home, said: Said) -> dict[str, JsonValue]:
    """Return since when others hold a statement and by how much it is backdated, as JSON.

    Empty where not enough of them cosigned it yet. Raises StorageFault.
    """
    seen = first_seen(home, said.stored.row.origin, said.statement.header.seq)
    if seen is None:
        return {}
    verdict = timeliness(said.statement.header.time, seen)
    late = int(verdict.by.total_seconds()) if isinstance(verdict, Backdated) else 0
    return {"seen_by": format_time(seen), "backdated_s": late}
