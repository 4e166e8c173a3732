"""What was said is found by id, value and type, and every hit leads to its receipt."""

import itertools
from contextlib import closing
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from detente.statements.batch import IndexRow
from detente.storage import create_database, open_database
from detente.storage import objects as objects_module
from detente.storage import runs as runs_module
from detente.storage.errors import ConflictingStatement
from detente.storage.model import StatementRow
from detente.storage.objects import ObjectIndex
from detente.storage.schema import index_page, index_run
from tests.shared import scaled

AT = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
AUREL, BOREA = "aa" * 32, "bb" * 32


@pytest.fixture
def database(place):
    database = create_database(place)
    yield database
    database.close()


@pytest.fixture
def index(database):
    return ObjectIndex(database)


def make_runs_small(patch):
    """Make runs, pages and merges of a few entries, so that a small test meets them all."""
    patch.setattr(runs_module, "FRESH_MAX", 8)
    patch.setattr(runs_module, "_PAGE_ENTRIES", 4)
    patch.setattr(runs_module, "_PAGES_AT_ONCE", 2)
    patch.setattr(objects_module, "_RUN_OBJECTS_MIN", 6)
    patch.setattr(objects_module, "_CHUNK_OBJECTS", 10)


@pytest.fixture
def small_runs(monkeypatch):
    make_runs_small(monkeypatch)


def said(seq, issuer=AUREL, kind="indicator"):
    return StatementRow(
        payload_hash=f"{issuer[:2]}{seq:062x}",
        issuer=issuer,
        origin=f"{issuer[:32]}/1",
        seq=seq,
        kind=kind,
        said_at=AT,
        ciphertext=f"{seq:064x}",
    )


def an_object(leaf, number, *values):
    keys = tuple(("domain-name:value", value) for value in values)
    return IndexRow(leaf, f"indicator--{number:032x}", "indicator", keys)


def places(hits):
    return [(hit.statement.row.payload_hash, hit.leaf) for hit in hits]


def test_an_object_found_by_value_leads_to_origin_position_and_leaf(index):
    index.add([(said(0), [an_object(1, 7, "evil.example")]), (said(1), [])])
    (hit,) = index.objects_by_value("evil.example")
    assert (hit.statement.row, hit.leaf) == (said(0), 1)
    assert index.objects_by_value("good.example") == []


def test_every_version_by_every_issuer_is_found_by_id(index):
    index.add([(said(0), [an_object(1, 7)]), (said(0, BOREA), [an_object(3, 7)])])
    index.add([(said(5), [an_object(2, 7), an_object(3, 8)])])
    hits = index.objects_by_id(f"indicator--{7:032x}")
    assert [(hit.statement.row.issuer, hit.leaf) for hit in hits] == [
        (AUREL, 1),
        (BOREA, 3),
        (AUREL, 2),
    ]


def test_a_statement_is_found_by_hash_by_place_by_issuer_and_by_kind(index):
    rows = [said(0), said(1, kind="veto"), said(0, BOREA, kind="veto")]
    index.add([(row, []) for row in rows])
    assert index.statement(rows[1].payload_hash).row == rows[1]
    assert index.statement_at(rows[2].origin, 0).row == rows[2]
    assert index.statement("00" * 32) is None
    assert index.statement_at("nobody/1", 0) is None
    assert [found.row for found in index.statements(issuer=AUREL)] == rows[:2]
    assert [found.row for found in index.statements(kind="veto")] == rows[1:]
    assert [found.row for found in index.statements(issuer=AUREL, kind="veto")] == [rows[1]]


def test_statements_come_in_pages(index):
    index.add([(said(seq), []) for seq in range(10)])
    seen, after = [], 0
    while page := index.statements(after=after, limit=3):
        seen += [found.row.seq for found in page]
        after = page[-1].number
    assert seen == list(range(10))


def test_the_same_statement_twice_is_stored_once(index):
    index.add([(said(0), [an_object(1, 7, "a")])])
    index.add([(said(0), [an_object(1, 7, "a")]), (said(1), [])])
    assert index.add_batch(said(0), [an_object(1, 7, "a")]) == 0
    assert len(index.objects_by_value("a")) == 1
    assert len(index.statements()) == 2


def test_two_statements_at_one_place_of_one_log_are_never_both_stored(index):
    index.add([(said(0), [])])
    other = StatementRow("ff" * 32, AUREL, said(0).origin, 0, "indicator", AT)
    with pytest.raises(ConflictingStatement, match="prove a double statement"):
        index.add([(said(1), []), (other, [an_object(1, 7, "a")])])
    with pytest.raises(ConflictingStatement):
        index.add_batch(other, [an_object(1, 7, "a")])
    assert [found.row for found in index.statements()] == [said(0)]
    assert index.objects_by_value("a") == []


def test_a_value_said_a_million_times_comes_in_pages_and_in_order(index, small_runs):
    for seq in range(12):
        index.add_batch(said(seq), [an_object(leaf, leaf, "popular") for leaf in range(1, 30)])
        index.tidy()
    seen, after = [], 0
    while page := index.objects_by_value("popular", after=after, limit=17):
        assert len(page) <= 17
        seen += [(hit.statement.row.seq, hit.leaf) for hit in page]
        after = page[-1].after
    assert seen == [(seq, leaf) for seq in range(12) for leaf in range(1, 30)]


def test_objects_of_one_type_come_in_pages_and_in_order(index):
    for seq in range(3):
        rows = [
            IndexRow(leaf, f"x--{leaf}", "url" if leaf % 3 else "file", ())
            for leaf in range(1, 2_500)
        ]
        index.add_batch(said(seq), rows)
    index.add([(said(9), [IndexRow(1, "url--1", "url", ())])])
    seen, after = [], 0
    while page := index.objects_by_type("file", after=after, limit=700):
        seen += [(hit.statement.row.seq, hit.leaf) for hit in page]
        after = page[-1].after
    assert seen == [(seq, leaf) for seq in range(3) for leaf in range(3, 2_500, 3)]
    assert index.objects_by_type("never") == []


def test_a_batch_is_found_whole_or_not_at_all_and_can_be_done_again(index, small_runs):
    def breaks_off():
        yield from (an_object(leaf, leaf, "v") for leaf in range(1, 25))
        raise ConnectionError

    index.add([(said(9), [an_object(1, 1, "v")])])
    with pytest.raises(ConnectionError):
        index.add_batch(said(0), breaks_off())
    index.add([(said(10), [an_object(1, 1, "v")])])
    assert [hit.statement.row.seq for hit in index.objects_by_value("v", limit=2)] == [9, 10]
    assert index.add_batch(said(0), [an_object(leaf, leaf, "v") for leaf in range(1, 31)]) == 30
    assert len(index.objects_by_value("v")) == 32


def test_rejected_leaves_leave_gaps_and_the_others_keep_their_numbers(index):
    index.add_batch(said(0), [an_object(2, 1, "x"), an_object(900, 2, "y")])
    (hit,) = index.objects_by_value("y")
    assert hit.leaf == 900


def test_what_was_erased_is_in_no_answer_and_not_on_the_disk(index, database, small_runs):
    index.add([(said(seq), [an_object(1, seq, "v")]) for seq in range(3)])
    index.add_batch(said(3), [an_object(leaf, leaf, "v") for leaf in range(1, 60)])
    index.add_batch(said(4), [an_object(leaf, leaf, "v") for leaf in range(1, 60)])
    for seq in (1, 3):
        assert index.erase(said(seq).payload_hash)
    assert {hit.statement.row.seq for hit in index.objects_by_value("v", limit=1000)} == {0, 2, 4}
    found = index.statement(said(3).payload_hash)
    assert (found.row, found.objects, found.erased) == (said(3), 0, True)
    with database.reading() as connection:
        pages = connection.execute(select(index_page.c.entries)).scalars().all()
    gone = found.number
    for page in pages:
        refs = (int.from_bytes(page[i + 8 : i + 16], "big") for i in range(0, len(page), 16))
        assert gone not in {ref >> 21 for ref in refs}
    assert not index.erase("00" * 32)
    assert index.add_batch(said(3), [an_object(1, 1, "v")]) == 0


def test_a_merge_that_died_half_way_leaves_nothing_and_loses_nothing(index, database, small_runs):
    for seq in range(8):
        index.add_batch(said(seq), [an_object(leaf, leaf, "v") for leaf in range(1, 20)])
    before = places(index.objects_by_value("v", limit=1000))
    real, calls = database.writing, itertools.count()

    def dies_on_the_third(doing=""):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return real(doing)

    database.writing = dies_on_the_third
    with pytest.raises(KeyboardInterrupt):
        index.tidy()
    database.writing = real
    assert places(index.objects_by_value("v", limit=1000)) == before
    again = ObjectIndex(database)
    with database.reading() as connection:
        assert -1 not in set(connection.execute(select(index_run.c.level)).scalars())
    while again.tidy():
        assert places(again.objects_by_value("v", limit=1000)) == before
    with database.reading() as connection:
        levels = connection.execute(select(index_run.c.field, index_run.c.level)).all()
    assert max(level for _field, level in levels) >= 1


def test_the_index_answers_the_same_after_a_restart(index, database, place):
    index.add([(said(0), [an_object(1, 7, "evil.example")])])
    database.close()
    again = open_database(place)
    assert len(ObjectIndex(again).objects_by_value("evil.example")) == 1
    again.close()


few = st.sampled_from(["a", "b", "c", "d", "\ud800", "é"])
step = st.one_of(
    st.tuples(st.just("add"), st.lists(st.lists(few, max_size=3), max_size=4)),
    st.tuples(st.just("batch"), st.lists(st.lists(few, max_size=3), min_size=1, max_size=40)),
    st.tuples(st.just("erase"), st.integers(0, 10)),
    st.tuples(st.just("tidy"), st.none()),
)


@settings(max_examples=scaled(40, 400))
@given(steps=st.lists(step, max_size=25))
def test_whatever_is_added_erased_and_merged_the_index_agrees_with_a_list(steps):
    with (
        pytest.MonkeyPatch.context() as patch,
        closing(create_database("sqlite://")) as database,
    ):
        make_runs_small(patch)
        index = ObjectIndex(database)
        told = {}
        for seq, (what, argument) in enumerate(steps):
            match what:
                case "add" | "batch":
                    rows = [
                        an_object(leaf, leaf % 3, *values)
                        for leaf, values in enumerate(argument, start=1)
                    ]
                    told[said(seq).payload_hash] = rows
                    if what == "add":
                        index.add([(said(seq), rows)])
                    else:
                        index.add_batch(said(seq), rows)
                case "erase":
                    if index.erase(said(argument).payload_hash):
                        told[said(argument).payload_hash] = []
                case _:
                    index.tidy()
        for value in ["a", "b", "c", "d", "\ud800", "é", "never"]:
            expected = [
                (payload_hash, row.leaf)
                for payload_hash, rows in told.items()
                for row in rows
                if value in {said_value for _path, said_value in row.keys}
            ]
            assert places(index.objects_by_value(value, limit=1000)) == expected
        by_id = sum(len(index.objects_by_id(f"indicator--{n:032x}", limit=1000)) for n in range(3))
        by_type = len(index.objects_by_type("indicator", limit=1000))
        assert by_id == by_type == sum(len(rows) for rows in told.values())
