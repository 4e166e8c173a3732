"""PostgreSQL as the node's database: how it is reached, and who may write.

A writer takes one lock of the whole database before it looks, as SQLite's writer
does: so a transaction reads what it then changes, in every process. A reader sees
one consistent state. A node holds the database as long as it runs; when the server
forgets that (it was started anew), the node writes no more.
"""

from collections.abc import Iterable
from typing import Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, event, text

from detente.storage.errors import StorageFault, StoreInUse

BACKEND = "postgresql"
DRIVER = "postgresql+psycopg"
_CONNECT_WAIT_S = 10
_LOCK_WAIT_MS = 5_000
# Any two numbers; advisory locks belong to one database of the server.
_WRITER, _NODE = 0x6465_7465_6E74, 0x6465_7465_6E75
_ONE_LOCK = "SELECT pg_advisory_xact_lock(%s)"
# The server, not a memory of ours, says whether the node still holds its database.
_HELD = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid::bigint = %s AND objid::bigint = %s AND pid = %s"
)
_FACTS = (
    "SELECT current_setting('fsync'), current_setting('server_encoding'), datcollate"
    " FROM pg_database WHERE datname = current_database()"
)
_CODEPOINT_ORDERS = frozenset(("C", "POSIX", "C.UTF-8", "C.utf8"))
_MAKE = "Make one with `createdb --template=template0 --encoding=UTF8 --locale=C NAME`"
_AGAIN = "Look whether another node took the database, then start this one again"


class _Cursor(Protocol):
    def execute(self, statement: str, /) -> object: ...
    def close(self) -> None: ...


class _DriverConnection(Protocol):
    def cursor(self) -> _Cursor: ...
    def commit(self) -> None: ...


def reachable(url: URL) -> URL:
    """Return the URL with our driver, after a look that no secret stands in it.

    Raises:
        StorageFault: a password stands in it.
    """
    if url.password is not None or "password" in url.query:
        raise StorageFault(
            "a password stands in the URL of the database, where logs and lists of "
            "processes show it",
            remedy="Leave it out; put it into ~/.pgpass or the file that PGPASSFILE names "
            "(mode 0600), as HOST:PORT:DATABASE:USER:PASSWORD",
        )
    return url.set(drivername=DRIVER)


def connect(url: URL) -> tuple[Engine, Engine]:
    """Return the engine for readers and the one for writers, on one pool of connections."""
    engine = create_engine(
        url,
        hide_parameters=True,  # contents do not belong into messages
        connect_args={
            "connect_timeout": _CONNECT_WAIT_S,
            "application_name": "detente",
            "client_encoding": "utf8",
        },
        pool_pre_ping=True,
    )
    event.listen(engine, "connect", _prepare)
    # A writer must see what was there when it got the lock, not when it began to wait.
    writing = engine.execution_options(isolation_level="READ COMMITTED")
    return engine.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    ), writing


def _prepare(connection: _DriverConnection, _record: object) -> None:
    cursor = connection.cursor()
    # A role or a server may have been told otherwise for speed.
    cursor.execute("SET synchronous_commit = on")
    cursor.execute(f"SET lock_timeout = {_LOCK_WAIT_MS}")
    cursor.close()
    connection.commit()


def take_writer_lock(connection: Connection, hold: "Hold | None") -> None:
    """Wait until nobody else writes, and see that this node still holds its database.

    Raises:
        StoreInUse: the server does not know of this node's hold any more.
        sqlalchemy.exc.DBAPIError: waited too long, or the server refused.
    """
    connection.exec_driver_sql(_ONE_LOCK, (_WRITER,))
    if hold is not None:
        key = (_NODE >> 32, _NODE & 0xFFFF_FFFF)
        if connection.exec_driver_sql(_HELD, (*key, hold.process)).scalar() != 1:
            raise StoreInUse(
                "the database server was started anew or cut this node off: it may write no more",
                remedy=_AGAIN,
            )


class Hold:
    """One node's hold of its database, for as long as a connection stands.

    Raises:
        StoreInUse: another node holds it.
        sqlalchemy.exc.DBAPIError: the server refused.
    """

    def __init__(self, engine: Engine, *, where: str) -> None:
        self._connection = engine.execution_options(isolation_level="AUTOCOMMIT").connect()
        try:
            taken = text("SELECT pg_try_advisory_lock(:key), pg_backend_pid()")
            is_ours, process = self._connection.execute(taken, {"key": _NODE}).one()
            if not is_ours:
                raise StoreInUse(
                    f"another node, perhaps on another machine, has {where} open",
                    remedy="Stop it, or give this one its own database",
                )
        except BaseException:
            self.close()
            raise
        self.process = int(process)

    def close(self) -> None:
        """Let go; the server lets go too when the process dies."""
        self._connection.invalidate()
        self._connection.close()


def refuse_unfit(connection: Connection, *, where: str) -> None:
    """Refuse a server that forgets, or a database that orders or writes text in another way.

    Raises:
        StorageFault: it does, with what to do.
    """
    fsync, encoding, order = connection.exec_driver_sql(_FACTS).one()
    if fsync != "on":
        raise StorageFault(
            f"{where} runs with fsync off: a power cut takes what was acknowledged",
            remedy="Set fsync = on in postgresql.conf; never run a node without",
        )
    if encoding != "UTF8" or order not in _CODEPOINT_ORDERS:
        raise StorageFault(
            f"{where} writes text as {encoding} in the order of {order}; a node wants UTF8 in "
            "the order of C",
            remedy=_MAKE,
        )


def refuse_taken(names: Iterable[str], *, where: str) -> None:
    """Refuse to make a node's tables where there are tables already.

    Raises:
        StorageFault: there are.
    """
    if present := sorted(names)[:3]:
        raise StorageFault(
            f"{where} holds tables already ({', '.join(present)})",
            remedy=f"A node wants a database of its own. {_MAKE}",
        )
