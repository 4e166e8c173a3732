"""The database is durable before it says done, and never replaced by an empty one.

(docs/threats.md: a node that forgot what it signed could fork its own log.)
"""

import os
import subprocess
import sys
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select, text

from detente.storage import (
    DamagedStore,
    StorageFault,
    StoreInUse,
    WrongSchema,
    create_database,
    open_database,
)
from detente.storage.database import schema_version
from detente.storage.lock import DirectoryLock
from detente.storage.migrations import newest_version
from detente.storage.schema import SCHEMA_VERSION, last_checkpoint, metadata


@pytest.fixture
def path(tmp_path):
    return tmp_path / "node.db"


@pytest.fixture
def database(path):
    database = create_database(path)
    yield database
    database.close()


@pytest.fixture
def either(place):
    """The same tests on a file and on a server."""
    database = create_database(place)
    yield database
    database.close()


def pragma(database, name):
    with database.reading() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_a_commit_has_been_through_fsync(database):
    assert pragma(database, "journal_mode") == "wal"
    assert pragma(database, "synchronous") == 2
    assert pragma(database, "foreign_keys") == 1


def test_the_migrations_make_exactly_the_schema_that_the_code_uses(either):
    with either.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert schema_version(either) == SCHEMA_VERSION == newest_version()


def test_an_older_database_is_brought_up_to_date_with_its_rows_kept(place):
    from alembic import command
    from alembic.config import Config

    from detente.storage import migrations

    database = create_database(place)
    config = Config()
    config.set_main_option("script_location", os.path.dirname(migrations.__file__))
    with database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(text(f"DROP TABLE {table.name}"))
        connection.execute(text("DELETE FROM alembic_version"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(insert(last_checkpoint).values(origin="o", size=1, root=bytes(32)))
    assert schema_version(database) == "0001"
    database.close()
    database = open_database(place)
    with database.reading() as connection:
        assert schema_version(database) == SCHEMA_VERSION
        assert connection.execute(select(last_checkpoint.c.size)).scalar() == 1
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


def test_a_block_that_fails_leaves_nothing_behind(either):
    row = insert(last_checkpoint).values(origin="o", size=1, root=bytes(32))

    def fail_half_way():
        with either.writing() as connection:
            connection.execute(row)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    with either.reading() as connection:
        assert connection.execute(select(last_checkpoint)).all() == []


def test_writers_of_one_process_queue_instead_of_failing(either):
    def count():
        for _ in range(20):
            with either.writing() as connection:
                connection.execute(text("UPDATE signed_time SET timestamp = timestamp + 1"))

    with either.writing() as connection:
        connection.execute(text("INSERT INTO signed_time VALUES ('o', 0)"))
    threads = [threading.Thread(target=count) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with either.reading() as connection:
        assert connection.execute(text("SELECT timestamp FROM signed_time")).scalar() == 100


def test_readers_see_one_state_while_a_writer_goes_on(either):
    with either.reading() as reader:
        before = reader.execute(select(last_checkpoint)).all()
        with either.writing() as writer:
            writer.execute(insert(last_checkpoint).values(origin="o", size=1, root=bytes(32)))
        assert reader.execute(select(last_checkpoint)).all() == before


def test_an_existing_file_is_never_made_anew(path, database):
    with pytest.raises(StorageFault, match="File exists"):
        create_database(path)


def test_a_new_database_belongs_to_its_user_alone(path, database):
    assert path.stat().st_mode & 0o077 == 0


def test_a_missing_database_is_an_error_not_a_new_one(path):
    with pytest.raises(StorageFault, match="No such file"):
        open_database(path)
    assert not path.exists()


def test_a_database_cut_to_nothing_is_an_error_not_a_new_one(path, database):
    database.close()
    path.write_bytes(b"")
    for beside in path.parent.glob("node.db-*"):
        beside.unlink()
    with pytest.raises(DamagedStore, match=r"has 0 bytes.*detente restore"):
        open_database(path)
    assert path.read_bytes() == b""


@pytest.mark.parametrize("keep", [100, 4096, 9000], ids=["header", "one page", "two pages"])
def test_a_truncated_database_is_reported_and_left_as_it_is(path, database, keep):
    database.close()
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DamagedStore, match=r"detente restore"):
        open_database(path)
    assert path.stat().st_size == keep


def test_a_file_that_is_no_database_is_reported(path):
    path.write_bytes(b"Dear operator, this is a letter.\n" * 200)
    with pytest.raises(DamagedStore, match="not a database"):
        open_database(path)


def test_another_program_s_database_is_not_touched(path):
    import sqlite3

    other = sqlite3.connect(path)
    other.execute("CREATE TABLE letters (text)")
    other.commit()
    other.close()
    with pytest.raises(WrongSchema, match="not a database of a detente node"):
        open_database(path)


def test_a_database_of_a_newer_program_is_refused_with_the_way_out(place, either):
    with either.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    either.close()
    with pytest.raises(WrongSchema, match=r"9999.*Use the detente version that wrote it"):
        open_database(place)


def test_a_database_that_another_process_holds_says_so(path, database):
    import sqlite3

    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with database.reading() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=10")
    with (
        pytest.raises(StoreInUse, match="Stop the other process"),
        database.writing("counting") as connection,
    ):
        connection.execute(text("UPDATE signed_time SET timestamp = 1"))
    other.close()


def test_a_database_server_without_its_driver_is_named_without_its_password():
    with pytest.raises(StorageFault, match="postgresql://USER@HOST/NAME") as refused:
        open_database("nosuch+driver://node:secret@db.example/unit")
    assert "db.example" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_importing_the_room_loads_no_migration_tool():
    code = "import sys, detente.storage; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_opening_a_current_database_loads_no_migration_tool(place, either):
    either.close()
    code = (
        "import sys; from detente.storage import open_database;"
        f"open_database({str(place)!r}).close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- one process per directory -----------------------------------------------------------------


def test_a_second_process_is_refused_and_told_which_one_holds_the_node(tmp_path):
    code = (
        "import sys; from pathlib import Path; from detente.storage.lock import DirectoryLock\n"
        "from detente.storage import StoreInUse\n"
        "try: DirectoryLock(Path(sys.argv[1]))\n"
        "except StoreInUse as refused: print(refused); sys.exit(3)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with DirectoryLock(tmp_path):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 3
        assert f"{tmp_path} is in use by process {os.getpid()}" in done.stdout
        with pytest.raises(StoreInUse):
            DirectoryLock(tmp_path)
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_process_that_died_holds_nothing(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from detente.storage.lock import DirectoryLock\n"
        "lock = DirectoryLock(Path(sys.argv[1])); os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == -9
    DirectoryLock(tmp_path).close()
