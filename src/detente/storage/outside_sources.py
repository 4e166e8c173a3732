"""Which outside collections are read, how far, and when again.

UNTRUSTED. Losing it costs reading everything once more; what was said is not said again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert, select, update

from detente.storage.database import Database
from detente.storage.schema import outside_source


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of one source.

    Attributes:
        name: as the settings call it.
        url: as it was when it was read last; another one begins anew.
        place: how far, in the reader's own words; "" at the beginning.
        due: when it is read again.
        read: when it was last read to its end; None if never.
        fault: why it could not be read last time, or "".
    """

    name: str
    url: str
    place: str
    due: datetime
    read: datetime | None = None
    fault: str = ""


class SourceShelf:
    """States of outside sources, in the node's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, name: str) -> SourceState | None:
        """Return what is known of a source, None where it was never read.

        Raises:
            StorageFault: the database refused.
        """
        query = select(outside_source).where(outside_source.c.name == name)
        with self._database.reading("reading how far a source was read") as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return SourceState(
            name=row.name,
            url=row.settings,
            place=row.place,
            due=_moment(row.due_at),
            read=None if row.read_at is None else _moment(row.read_at),
            fault=row.fault,
        )

    def keep(self, state: SourceState) -> None:
        """Replace what is known of a source.

        Raises:
            StorageFault: the database refused.
        """
        row = {
            "settings": state.url,
            "place": state.place,
            "due_at": int(state.due.timestamp()),
            "read_at": None if state.read is None else int(state.read.timestamp()),
            "fault": state.fault,
        }
        here = outside_source.c.name == state.name
        with self._database.writing("noting how far a source was read") as connection:
            if not connection.execute(update(outside_source).where(here).values(row)).rowcount:
                connection.execute(insert(outside_source).values(name=state.name, **row))


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
