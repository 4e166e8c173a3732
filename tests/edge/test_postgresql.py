"""A server's database keeps what a file keeps: one writer, nothing half done, no secret shown.

(docs/threats.md: a forgotten checkpoint, two processes on one log, leaked credentials.)
"""

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import threading
from contextlib import closing

import pytest
from sqlalchemy import func, insert, select, text

from detente.errors import UnitError
from detente.node.clock import now
from detente.node.founding import accept_offer, apply_founding, make_offer, read_card, write_card
from detente.node.home import Home
from detente.node.keeping import back_up_home, restore_home
from detente.node.settings import load_settings
from detente.storage import StorageFault, StoreInUse, create_database, open_database
from detente.storage.backup import back_up
from detente.storage.restored import restored_note
from detente.storage.schema import evidence, mark, metadata, signed_time
from tests.edge.postgresql import PASSWORD, ROLE
from tests.edge.running_nodes import Node, eventually, free_port


@pytest.fixture
def url(server):
    return server.new()


@pytest.fixture
def database(url):
    database = create_database(url)
    yield database
    database.close()


def counted(database):
    with database.reading() as connection:
        return connection.execute(select(signed_time.c.timestamp)).scalar()


# --- secrets -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        "postgresql://node:hunter2-secret@127.0.0.1/unit",
        "postgres://node:hunter2-secret@127.0.0.1/unit",
        "postgresql+psycopg://node@127.0.0.1/unit?password=hunter2-secret",
    ],
)
def test_a_password_in_the_url_is_refused_and_never_repeated(tmp_path, form):
    for act in (create_database, open_database):
        with pytest.raises(StorageFault, match=r"\.pgpass") as told:
            act(form)
        assert "hunter2" not in f"{told.value}{told.value.__cause__}"
    with pytest.raises(StorageFault) as told:
        Home.create(tmp_path / "node", name="Aurel", database=form)
    assert "hunter2" not in str(told.value)
    assert not [path for path in (tmp_path / "node").rglob("*") if b"hunter2" in path.read_bytes()]


def test_a_refused_role_is_told_where_its_password_belongs_and_not_what_it_was(
    server, url, monkeypatch, tmp_path
):
    wrong = tmp_path / "pass"
    wrong.write_text("*:*:*:*:hunter2-secret\n")
    wrong.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(wrong))
    with pytest.raises(StorageFault, match=r"authentication failed.*pgpass") as told:
        create_database(url)
    assert "hunter2" not in str(told.value)


def test_a_row_that_is_refused_is_not_printed(database):
    with pytest.raises(StorageFault) as told, database.writing() as connection:
        connection.execute(insert(mark).values(name="kept", text="words nobody may see\0"))
    assert "nobody may see" not in f"{told.value}{told.value.__cause__}"


# --- what it must be ---------------------------------------------------------------------------


def test_a_database_that_orders_text_in_another_way_is_refused_with_the_way_out(server):
    url = server.new("TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    with pytest.raises(StorageFault, match=r"SQL_ASCII.*createdb .*--locale=C"):
        create_database(url)


def test_what_somebody_else_keeps_there_is_left_alone(server, url):
    server.sql("CREATE TABLE letters (words text)", url.rpartition("/")[2])
    with pytest.raises(StorageFault, match="holds tables already \\(letters\\)"):
        create_database(url)
    assert server.sql("SELECT count(*) FROM letters", url.rpartition("/")[2]) == [(0,)]


def test_a_database_that_is_not_there_is_an_error_and_not_made(server):
    with pytest.raises(StorageFault, match=r"does not exist.*createdb"):
        open_database(f"postgresql://{ROLE}@127.0.0.1:{server.port}/nowhere")


def test_a_server_that_does_not_answer_is_named(server):
    with pytest.raises(StorageFault, match=r"127\.0\.0\.1.*Start the database server"):
        open_database(f"postgresql://{ROLE}@127.0.0.1:{free_port()}/unit")


def test_a_session_that_was_told_to_be_quick_is_durable_all_the_same(server, url):
    name = url.rpartition("/")[2]
    server.sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    database = create_database(url)
    with database.reading() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
    database.close()


def test_a_value_of_thirty_mebibytes_comes_back_whole(database):
    big = os.urandom(2**20) * 30
    row = {"digest": bytes(32), "sort": "s", "peer": "p", "rule": "r", "kept_at": 1}
    with database.writing() as connection:
        connection.execute(insert(evidence).values(**row, size=len(big), data=big))
    with database.reading() as connection:
        assert connection.execute(select(evidence.c.data)).scalar() == big
        assert connection.execute(select(func.length(evidence.c.data))).scalar() == len(big)


# --- one writer --------------------------------------------------------------------------------


def test_writers_of_two_processes_queue_and_lose_nothing(url, database):
    other = open_database(url)
    with database.writing() as connection:
        connection.execute(text("INSERT INTO signed_time VALUES ('o', 0)"))

    def count(through):
        for _ in range(25):
            with through.writing() as connection:
                seen = connection.execute(select(signed_time.c.timestamp)).scalar()
                connection.execute(signed_time.update().values(timestamp=seen + 1))

    threads = [threading.Thread(target=count, args=(each,)) for each in (database, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    other.close()
    assert counted(database) == 50


def test_a_writer_that_waits_too_long_says_who_is_in_its_way(url, database, monkeypatch):
    monkeypatch.setattr("detente.storage.postgresql._LOCK_WAIT_MS", 50)
    other = open_database(url)
    with (
        database.writing(),
        pytest.raises(StoreInUse, match="Stop the other process"),
        other.writing("counting") as connection,
    ):
        connection.execute(text("UPDATE signed_time SET timestamp = 1"))
    other.close()


def test_one_node_holds_it_and_a_copy_of_the_directory_elsewhere_is_refused(url, database):
    database.hold()
    second = open_database(url)
    with pytest.raises(StoreInUse, match="another node, perhaps on another machine"):
        second.hold()
    database.close()
    second.hold()
    second.close()


def test_a_node_that_the_server_forgot_writes_no_more(server, url, database):
    database.hold()
    with database.writing() as connection:
        connection.execute(text("INSERT INTO signed_time VALUES ('o', 1)"))
    server.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
        f" AND database = (SELECT oid FROM pg_database WHERE datname = '{url.rpartition('/')[2]}')"
    )
    with pytest.raises(StoreInUse, match="start this one again"), database.writing() as connection:
        connection.execute(text("UPDATE signed_time SET timestamp = 2"))
    assert counted(database) == 1


def test_settings_that_name_another_node_s_database_are_refused(url, tmp_path):
    Home.create(tmp_path / "one", name="Aurel", database=url).close()
    Home.create(tmp_path / "two", name="Borea").close()
    (tmp_path / "two/state.sqlite").unlink()
    (tmp_path / "two/detente.toml").write_text(f'database = "{url}"\n')
    with pytest.raises(UnitError, match=r"is the state of member .* this node's own database"):
        Home.open(tmp_path / "two")


# --- crash -------------------------------------------------------------------------------------

_KILLED = """
import os, sys
from sqlalchemy import text
from detente.storage import open_database
database = open_database(sys.argv[1])
database.hold()
for number in range(1_000_000):
    with database.writing() as connection:
        connection.execute(text("UPDATE signed_time SET timestamp = timestamp + 1"))
        connection.execute(text("DELETE FROM mark"))
        print(number, flush=True)
        connection.execute(text("INSERT INTO mark SELECT 'n', timestamp FROM signed_time"))
"""


@pytest.mark.parametrize("after", [1, 2, 5, 40])
def test_a_client_killed_in_a_transaction_leaves_all_of_it_or_nothing(url, database, after):
    with database.writing() as connection:
        connection.execute(text("INSERT INTO signed_time VALUES ('o', 0)"))
    words = [sys.executable, "-c", _KILLED, url]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as killed:
        for _ in range(after):
            killed.stdout.readline()
        killed.send_signal(signal.SIGKILL)
    committed = counted(database)
    assert committed >= after - 1
    with database.reading() as connection:
        kept = connection.execute(select(mark.c.text)).scalar()
    assert kept == (str(committed) if committed else None)
    # Its lock went with it: the next node begins at once.
    again = open_database(url)
    eventually(lambda: held(again), within_s=20)
    again.close()


def held(database):
    try:
        database.hold()
    except StoreInUse:
        return False
    return True


# --- a node on it ------------------------------------------------------------------------------


def init(directory, name, url):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "detente", "init", str(directory)),
            *("--name", name, "--database", url),
        ],
        capture_output=True,
        check=True,
    )
    assert PASSWORD.encode() not in done.stdout + done.stderr


def found(directories):
    homes = [Home.open(directory) for directory in directories]
    offer = make_offer(
        name="Unit under test",
        members=[read_card(write_card(home)) for home in homes],
        witnesses=[],
        f=0,
        now=now(),
    ).to_bytes()
    answers = [accept_offer(home, offer) for home in homes]
    for home in homes:
        apply_founding(home, offer, answers, now())
        home.close()


def test_nodes_on_a_server_publish_receive_and_settle(server, tmp_path):
    names = ("Aurel", "Borea")
    for name in names:
        init(tmp_path / name, name, server.new())
    found([tmp_path / name for name in names])
    ports = dict(zip(names, (free_port(), free_port()), strict=True))
    nodes = [
        Node(
            name,
            tmp_path / name,
            ports[name],
            {other: f"http://127.0.0.1:{ports[other]}" for other in names if other != name},
        )
        for name in names
    ]
    try:
        for node in nodes:
            node.start()
        said = nodes[0].publish("198.51.100.7")
        eventually(lambda: said in nodes[1].statements(), within_s=20)
        assert nodes[1].statements()[said]["objects"] == 1
        nodes[1].kill()
        nodes[1].start()
        again = nodes[0].publish("198.51.100.8")
        eventually(lambda: again in nodes[1].statements(), within_s=20)
        eventually(lambda: settled(nodes[0], said, tmp_path), within_s=20)
        assert not (tmp_path / "Aurel/state.sqlite").exists()
        assert nodes[0].stop() == 0
        assert nodes[1].stop() == 0
        for node in nodes:
            assert PASSWORD not in node._said("err") + str(node._said("out"))
    finally:
        for node in nodes:
            node.kill()


def settled(node, said, folder):
    receipt = folder / "receipt"
    receipt.unlink(missing_ok=True)
    done = node.run("receipt", "make", said, "--out", receipt)
    return done.returncode == 0 and b"1 of 1" in done.stdout + done.stderr


# --- back-up -----------------------------------------------------------------------------------


def rows_of(database):
    with database.reading() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in metadata.sorted_tables
        }


def test_a_back_up_of_a_node_on_a_server_restores_to_a_file_or_a_server(server, tmp_path):
    url, new = server.new(), server.new()
    with Home.create(tmp_path / "node", name="Aurel", database=url) as home:
        back_up_home(home, tmp_path / "node.tar")
        before, member = rows_of(home.database), home.identity.member
    with tarfile.open(tmp_path / "node.tar") as archive:
        assert "state.sqlite" in archive.getnames()
    restore_home(tmp_path / "node.tar", tmp_path / "file")
    restore_home(tmp_path / "node.tar", tmp_path / "server", database=new)
    assert load_settings(tmp_path / "file/detente.toml").database == ""
    assert load_settings(tmp_path / "server/detente.toml").database == new
    assert not (tmp_path / "server/state.sqlite").exists()
    for name in ("file", "server"):
        (tmp_path / name / "unlock.key").write_bytes((tmp_path / "node/unlock.key").read_bytes())
        (tmp_path / name / "unlock.key").chmod(0o600)
        with Home.open(tmp_path / name) as home:
            assert home.identity.member == member
            assert "restored from node.tar" in restored_note(home.database)
            after = rows_of(home.database)
        assert {name for name in before if before[name] != after[name]} == {"mark"}


def test_every_table_survives_the_way_through_a_back_up(server, tmp_path, database):
    row = {"digest": bytes(32), "sort": "s", "peer": "p", "rule": "r", "kept_at": 1}
    with database.writing() as connection:
        for number in range(200):
            values = row | {"peer": f"p{number}", "size": 3, "data": b"\0\xff\n"}
            connection.execute(insert(evidence).values(**values))
    (tmp_path / "node").mkdir()
    back_up(
        tmp_path / "node",
        tmp_path / "node.tar",
        database=database,
        database_name="state.sqlite",
        leave_out=(),
        now=now(),
    )
    restore_home(tmp_path / "node.tar", tmp_path / "back", database=(url := server.new()))
    with closing(open_database(url)) as back, back.writing() as connection:
        assert connection.execute(select(func.count()).select_from(evidence)).scalar() == 200
        # The counter goes on behind them.
        values = row | {"peer": "new", "size": 3, "data": b"new"}
        connection.execute(insert(evidence).values(**values))
        assert connection.execute(select(func.max(evidence.c.number))).scalar() == 201


def test_a_restore_that_finds_the_server_gone_leaves_a_whole_node_on_a_file(server, tmp_path):
    with Home.create(tmp_path / "node", name="Aurel", database=server.new()) as home:
        back_up_home(home, tmp_path / "node.tar")
    gone = f"postgresql://{ROLE}@127.0.0.1:{free_port()}/unit"
    with pytest.raises(StorageFault, match=re.escape("Start the database server")):
        restore_home(tmp_path / "node.tar", tmp_path / "back", database=gone)
    assert (tmp_path / "back/state.sqlite").exists()
    assert load_settings(tmp_path / "back/detente.toml").database == ""


def test_two_states_of_one_node_are_refused(server, tmp_path):
    Home.create(tmp_path / "node", name="Aurel", database=server.new()).close()
    create_database(tmp_path / "node/state.sqlite").close()
    with pytest.raises(UnitError, match=r"two states.*never both"):
        Home.open(tmp_path / "node")


def test_tokens_are_given_beside_a_node_that_holds_its_database(server, tmp_path):
    with Home.create(tmp_path / "node", name="Aurel", database=server.new()):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "detente", "token", "add", "siem"),
                *("--node", str(tmp_path / "node"), "--json"),
            ],
            capture_output=True,
            check=True,
        )
    assert json.loads(done.stdout)["name"] == "siem"
