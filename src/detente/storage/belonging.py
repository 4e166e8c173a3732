"""Whose database this is: settings that name another node's are refused.

TRUSTED. A file lies in its node's directory; a server's database is only named there, and
two nodes on one would mix what they signed.
"""

from sqlalchemy import insert, select

from detente.storage.database import Database
from detente.storage.errors import StorageFault
from detente.storage.schema import mark

_NAME = "member"


def belong_to(database: Database, member: str) -> None:
    """Note, once, whose state this is.

    Raises:
        StorageFault: the database refused, or it was noted before.
    """
    with database.writing("noting whose database it is") as connection:
        connection.execute(insert(mark).values(name=_NAME, text=member))


def refuse_another(database: Database, member: str) -> None:
    """Stop a node that opens the database of another; older files name nobody.

    Raises:
        StorageFault: it is another's, or the database refused.
    """
    with database.reading("reading whose database it is") as connection:
        owner = connection.execute(select(mark.c.text).where(mark.c.name == _NAME)).scalar()
    if owner is not None and owner != member:
        raise StorageFault(
            f"{database.where} is the state of member {owner[:16]}…, and this is {member[:16]}…",
            remedy="Name this node's own database in detente.toml",
        )
