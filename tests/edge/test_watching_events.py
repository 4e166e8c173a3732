"""Events into files by a process beside, small files merged: each event is there exactly once."""

import os
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow.parquet
import pytest

from detente.node.clock import now
from detente.node.watching_keeping import WORTH_MERGING, Here, merge_small, write_out
from detente.node.watching_writer import Beside
from detente.storage.database import create_database
from detente.storage.detections import DetectionShelf, Taken
from detente.storage.errors import StorageFault
from detente.storage.event_parts import StoredEvent, pack
from detente.storage.events import CLASSES_A_DAY_MAX, EventShelf

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Store:
    """A node's events, and a row of them for each call."""

    def __init__(self, folder):
        self.database = create_database(folder / "state.sqlite")
        self.events = EventShelf(self.database, folder / "events")
        self.shelf = DetectionShelf(self.database)
        self.count = 0

    def add(self, events=3, product="linux"):
        rows = []
        for _ in range(events):
            raw = f'{{"n":{self.count},"_ls":{{"product":"{product}{self.count % 2}"}}}}'.encode()
            at = START.timestamp()
            rows.append(StoredEvent("log", str(self.count), None, at, raw, None))
            self.count += 1
        self.shelf.keep(Taken(at=START.timestamp(), fresh=(events, pack(rows))))

    def seen(self):
        found = Counter()
        for file in self.events.files():
            found.update(pyarrow.parquet.read_table(file.path)["position"].to_pylist())
        for _, rows in self.events.fresh():
            found.update(each.position for each in rows)
        return found

    def wanted(self):
        return Counter(map(str, range(self.count)))


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path)
    yield opened
    opened.database.close()


@pytest.fixture
def beside():
    writer = Beside()
    yield writer
    writer.rest()


def small_files(store, count=WORTH_MERGING):
    for _ in range(count):
        store.add()
        write_out(store.events, Here())


def test_a_process_beside_writes_what_this_one_would_and_is_started_again_after_a_kill(
    store, beside
):
    store.add()
    assert write_out(store.events, beside) == 3
    assert store.seen() == store.wanted()
    store.add()
    os.kill(beside._process.pid, signal.SIGKILL)
    beside._process.wait()
    assert write_out(store.events, beside) == 3
    assert store.seen() == store.wanted()
    small_files(store)
    assert merge_small(store.events, beside, now=START) > 0
    assert store.seen() == store.wanted()


def test_a_process_beside_that_finds_damage_says_so_and_goes_on(store, beside):
    store.add()
    folder = store.events.folder
    with pytest.raises(StorageFault, match="damaged"):
        beside.write(folder, [b"no row"])
    assert write_out(store.events, beside) == 3
    assert store.seen() == store.wanted()


def test_small_files_become_one_and_go_an_hour_later(store):
    small_files(store)
    before = len(store.events.files())
    assert merge_small(store.events, Here(), now=START) == before == 2 * WORTH_MERGING
    assert len(store.events.files()) == 2
    assert store.seen() == store.wanted()
    on_disk = len(list(store.events.folder.glob("*/*/*.parquet")))
    assert on_disk == before + 2
    later = now() + timedelta(hours=1, minutes=1)
    assert merge_small(store.events, Here(), now=later) == 0
    assert len(list(store.events.folder.glob("*/*/*.parquet"))) == 2
    assert store.seen() == store.wanted()
    small_files(store)
    merge_small(store.events, Here(), now=START)
    assert store.seen() == store.wanted()


def test_a_larger_file_between_small_ones_is_never_covered_by_their_merger(store, monkeypatch):
    small_files(store, WORTH_MERGING - 1)
    for _ in range(40):
        store.add(50)
    write_out(store.events, Here())
    small_files(store)
    sizes = sorted(each.size for each in store.events.files())
    monkeypatch.setattr("detente.node.watching_keeping.SIZES", (sizes[-3] + 1,))
    assert merge_small(store.events, Here(), now=START) == 2 * WORTH_MERGING
    assert store.seen() == store.wanted()


def test_classes_beyond_the_bound_share_a_folder_and_lose_nothing(store, monkeypatch):
    monkeypatch.setattr("detente.storage.events.CLASSES_A_DAY_MAX", 2)
    assert CLASSES_A_DAY_MAX > 2
    for name in ("a", "b", "c"):
        store.add(4, name)
    write_out(store.events, Here())
    assert store.seen() == store.wanted()
    for _ in range(WORTH_MERGING):
        store.add(4, "d")
        store.add(4, "e")
        write_out(store.events, Here())
    merge_small(store.events, Here(), now=START)
    assert store.seen() == store.wanted()


def test_files_whose_rows_could_not_be_given_up_are_written_anew_and_count_once(store, monkeypatch):
    store.add()
    forget = store.events._forget_rows

    def refuse(_last):
        raise StorageFault("the disk is full", remedy="Make room")

    monkeypatch.setattr(store.events, "_forget_rows", refuse)
    with pytest.raises(StorageFault):
        write_out(store.events, Here())
    assert store.seen() == store.wanted()
    monkeypatch.setattr(store.events, "_forget_rows", forget)
    store.add()
    write_out(store.events, Here())
    assert store.seen() == store.wanted()


def test_parts_that_nobody_placed_go_at_the_start(store):
    store.add()
    Here().write(store.events.folder, [data for _, _, data in store.events.packed()])
    assert store.events.tidy() == 2
    assert store.seen() == store.wanted()
