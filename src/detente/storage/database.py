"""The one way to open the node's database: a file of SQLite, or a server's by its URL.

SQLite in WAL mode with `synchronous=FULL`: a committed transaction has been
through fsync. One writer at a time per process, so that a group commit never
meets "database is locked"; any number of readers. PostgreSQL keeps the same
promises (see `postgresql`). The migration tool is loaded only when a database
is made or is older than this program.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError

from detente.storage import postgresql
from detente.storage.disk import PRIVATE_FILE, Disk
from detente.storage.errors import RESTORE, DamagedStore, StorageFault, WrongSchema, storage_faults
from detente.storage.schema import SCHEMA_VERSION

_BUSY_WAIT_MS = 5_000
_PAGE_BYTES_LEAST = 512
_POSTGRESQL = ("postgres", postgresql.BACKEND, postgresql.DRIVER)  # as people write it
_WAL_PAGES = 4_096  # 16 MiB between checkpoints: fewer fsyncs of the main file under load
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={_BUSY_WAIT_MS}",
    f"PRAGMA wal_autocheckpoint={_WAL_PAGES}",
)


class Database:
    """An open database. Take a connection for one transaction at a time.

    Attributes:
        where: what to call it in a message; never contains a password.
    """

    def __init__(self, engine: Engine, *, where: str, writing_engine: Engine | None = None) -> None:
        self.where = where
        self._engine = engine
        self._writing_engine = writing_engine or engine.execution_options(detente_writes=True)
        self._is_server = engine.dialect.name == postgresql.BACKEND
        self._hold: postgresql.Hold | None = None
        self._one_writer = Lock()

    def hold(self) -> None:
        """Keep every other node off until closed; a file is kept by its directory's lock.

        Raises:
            StoreInUse: another node has it.
            StorageFault: the server refused.
        """
        if self._is_server and self._hold is None:
            with storage_faults(doing="taking the database", where=self.where):
                self._hold = postgresql.Hold(self._engine, where=self.where)

    @contextmanager
    def reading(self, doing: str = "reading") -> Iterator[Connection]:
        """Lend a connection that sees one consistent state.

        Raises:
            StorageFault: the database refused.
        """
        with storage_faults(doing=doing, where=self.where), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, doing: str = "writing") -> Iterator[Connection]:
        """Lend a connection for one transaction, durable when the block ends without an error.

        Raises:
            StorageFault: the database refused. The transaction is rolled back,
                except after a failed commit, where only reading tells.
        """
        with (
            self._one_writer,
            storage_faults(doing=doing, where=self.where),
            self._writing_engine.begin() as connection,
        ):
            if self._is_server:
                postgresql.take_writer_lock(connection, self._hold)
            yield connection

    def close(self) -> None:
        """Give every connection back to the system."""
        with storage_faults(doing="closing", where=self.where):
            if self._hold is not None:
                self._hold.close()
                self._hold = None
            self._engine.dispose()


def create_database(location: Path | str) -> Database:
    """Make a new database with every table; refuse to touch an existing file.

    Args:
        location: a file path for SQLite, or an URL of PostgreSQL without a password,
            whose database exists and is empty.

    Raises:
        StorageFault: it exists already, or cannot be made.
    """
    url = _url(location)
    path = _file_of(url)
    if path is not None:
        with storage_faults(doing="making a database", where=str(path)):
            # Exclusive and private: what is in here is the member's own, and never overwritten.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
            Disk().sync_folder(path.parent)
    database = _connect(url)
    with _closed_on_error(database):
        if url.drivername == postgresql.DRIVER:
            _require_empty(database)
        _migrate(database)
    return database


def open_database(location: Path | str) -> Database:
    """Open an existing database and bring an older one up to date.

    A missing or empty file is refused, never replaced by a new database: a
    node that forgot its last checkpoint could fork its own log.

    Raises:
        DamagedStore: missing, empty, truncated or altered.
        WrongSchema: not ours, or from a newer program.
        StorageFault: anything else the system refused.
    """
    url = _url(location)
    path = _file_of(url)
    if path is not None:
        _require_content(path)
    database = _connect(url)
    with _closed_on_error(database):
        if schema_version(database) != SCHEMA_VERSION:
            _migrate(database)
    return database


def schema_version(database: Database) -> str:
    """Return the revision the database stands at.

    Raises:
        WrongSchema: it holds no detente tables.
    """
    with database.reading("reading the schema version") as connection:
        if not inspect(connection).has_table("alembic_version"):
            raise WrongSchema(
                f"{database.where} is not a database of a detente node",
                remedy="Check the path; `detente init` makes a new node",
            )
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())


@contextmanager
def _closed_on_error(database: Database) -> Iterator[None]:
    try:
        yield
    except BaseException:
        database.close()
        raise


class _Cursor(Protocol):
    def execute(self, statement: str, /) -> object: ...
    def close(self) -> None: ...


class _DriverConnection(Protocol):
    isolation_level: str | None

    def cursor(self) -> _Cursor: ...


def _prepare(connection: _DriverConnection, _record: object) -> None:
    # The driver must not begin transactions of its own: `_begin` does, in the right mode.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    # A writer takes the lock at once; upgrading a read later could fail half-way.
    writes = connection.get_execution_options().get("detente_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _connect(url: URL) -> Database:
    path = _file_of(url)
    where = str(path) if path is not None else url.render_as_string(hide_password=True)
    try:
        if url.drivername == postgresql.DRIVER:
            reading, writing = postgresql.connect(url)
            return Database(reading, where=where, writing_engine=writing)
        if url.get_backend_name() != "sqlite":
            raise ArgumentError(f"{url.drivername} is neither SQLite nor PostgreSQL")
        # The same few again and again: each connection keeps two megabytes of pages of its own.
        # A database in memory has no pool that could choose.
        is_file = url.database not in (None, "", ":memory:")
        engine = create_engine(url, pool_use_lifo=True) if is_file else create_engine(url)
    except (ImportError, ArgumentError) as error:
        raise StorageFault(
            f"no driver here opens {where}: {error}",
            remedy="Write postgresql://USER@HOST/NAME, or name a file to use SQLite",
        ) from error
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return Database(engine, where=where)


def _url(location: Path | str) -> URL:
    if not isinstance(location, str) or "://" not in location:
        return URL.create("sqlite", database=str(location))
    with storage_faults(doing="reading the database's URL", where="the settings"):
        url = make_url(location)
    return postgresql.reachable(url) if url.drivername in _POSTGRESQL else url


def _require_empty(database: Database) -> None:
    with database.reading("looking at the database") as connection:
        postgresql.refuse_taken(inspect(connection).get_table_names(), where=database.where)
        postgresql.refuse_unfit(connection, where=database.where)


def _file_of(url: URL) -> Path | None:
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _require_content(path: Path) -> None:
    with storage_faults(doing="opening the database", where=str(path)):
        size = path.stat().st_size
    # SQLite takes a file shorter than its least page for a new one and writes over it.
    if size < _PAGE_BYTES_LEAST:
        raise DamagedStore(
            f"{path} should hold the node's state and has {size} bytes", remedy=RESTORE
        )


def _migrate(database: Database) -> None:
    # Loaded here: the migration tool costs half a second that an ordinary start must not pay.
    from detente.storage.migrations import upgrade

    run: Callable[[Connection], None] = upgrade
    with database.writing("bringing the schema up to date") as connection:
        run(connection)
