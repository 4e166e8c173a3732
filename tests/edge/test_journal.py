"""What was acknowledged is in the journal, in order, without a hole. (docs/threats.md)"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from detente.errors import UnitError
from detente.storage import DamagedStore, StoreInUse, create_database, open_database
from detente.storage.journal import EntryJournal
from detente.storage.schema import journal as journal_table

ORIGIN = "0123456789abcdef0123456789abcdef/1"
OTHER = "0123456789abcdef0123456789abcdef/2"


@pytest.fixture
def database(place):
    database = create_database(place)
    yield database
    database.close()


@pytest.fixture
def journal(database):
    return EntryJournal(database)


@settings(max_examples=25)
@given(
    batches=st.lists(st.lists(st.binary(max_size=50), min_size=1, max_size=20), max_size=8),
    cuts=st.tuples(st.integers(0, 160), st.integers(0, 160)),
)
def test_what_went_in_comes_out_whatever_the_batches(tmp_path_factory, batches, cuts):
    path = tmp_path_factory.mktemp("journal") / "node.db"
    database = create_database(path)
    journal, entries = EntryJournal(database), []
    for batch in batches:
        journal.append(ORIGIN, len(entries), batch)
        entries += batch
    database.close()
    database = open_database(path)
    journal = EntryJournal(database)
    start, end = sorted(min(cut, len(entries)) for cut in cuts)
    assert journal.end(ORIGIN) == len(entries)
    assert journal.read(ORIGIN, start=start, end=end) == entries[start:end]
    database.close()


@pytest.mark.parametrize("start", [0, 2, 4, 9])
def test_entries_are_appended_at_the_end_and_nowhere_else(journal, start):
    journal.append(ORIGIN, 0, [b"a", b"b", b"c"])
    with pytest.raises(StoreInUse, match=f"does not end at position {start}"):
        journal.append(ORIGIN, start, [b"x"])
    journal.append(ORIGIN, 3, [b"d"])
    assert journal.read(ORIGIN, start=0, end=4) == [b"a", b"b", b"c", b"d"]


def test_the_logs_of_a_node_do_not_mix(journal):
    journal.append(ORIGIN, 0, [b"a"])
    journal.append(OTHER, 0, [b"b"])
    assert journal.read(OTHER, start=0, end=1) == [b"b"]
    journal.drop_below(ORIGIN, 1)
    assert (journal.end(ORIGIN), journal.end(OTHER)) == (0, 1)


def test_shortening_keeps_every_row_that_reaches_beyond(journal):
    journal.append(ORIGIN, 0, [b"a", b"b"])
    journal.append(ORIGIN, 2, [b"c", b"d"])
    journal.drop_below(ORIGIN, 3)
    assert journal.read(ORIGIN, start=2, end=4) == [b"c", b"d"]
    with pytest.raises(DamagedStore, match="lacks position 0"):
        journal.read(ORIGIN, start=0, end=4)


def test_after_shortening_the_log_goes_on_where_it_was(journal):
    journal.append(ORIGIN, 0, [b"a"])
    journal.drop_below(ORIGIN, 1)
    journal.append(ORIGIN, 1, [b"b"])
    assert journal.read(ORIGIN, start=1, end=2) == [b"b"]


def test_a_missing_row_is_an_error_never_a_shorter_answer(journal, database):
    for seq in range(3):
        journal.append(ORIGIN, seq, [bytes([seq])])
    with database.writing() as connection:
        connection.execute(text("DELETE FROM journal WHERE start_seq = 1"))
    with pytest.raises(DamagedStore, match=r"lacks position 1.*detente restore"):
        journal.read(ORIGIN, start=0, end=3)


def test_a_damaged_row_is_an_error_that_names_its_positions(journal, database):
    journal.append(ORIGIN, 0, [b"abc", b"def"])
    with database.writing() as connection:
        connection.execute(update(journal_table).values(entries=b"\x00\xffa"))
    with pytest.raises(DamagedStore, match="positions 0 to 1"):
        journal.read(ORIGIN, start=0, end=2)


def test_an_entry_longer_than_a_tile_can_hold_is_refused_before_anything_is_written(journal):
    with pytest.raises(UnitError, match="65,535"):
        journal.append(ORIGIN, 0, [b"x" * 65_536])
    assert journal.end(ORIGIN) == 0
