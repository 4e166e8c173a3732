"""A shared thread is the same at all who hold the same. (a hostile partner in a case)"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.response import (
    ALTERNATIVES_MAX,
    TURNS_MAX,
    EntryError,
    arrange,
    case_of,
    parse_entry,
)
from detente.response.entries import check_entry
from tests.core.response.threads import AUREL, BOREA, CANTOR, added, histories, opening


def shown(thread):
    return [(each.digest, each.depth, each.missing, each.doubled) for each in thread.placed]


@given(histories(), st.randoms(use_true_random=False))
def test_any_order_gives_the_same_thread_and_the_same_case(history, chance):
    root, entries = history
    other = [*entries, *entries[::2]]
    chance.shuffle(other)
    here, there = arrange(root, entries), arrange(root, other)
    assert shown(here) == shown(there)
    assert replace(case_of(here), thread=there) == case_of(there)


@given(histories(), st.data())
def test_any_partition_gives_the_same_thread_once_it_heals(history, data):
    root, entries = history
    cut = data.draw(st.sets(st.sampled_from(range(len(entries)))) if entries else st.just(set()))
    one_side = [each for at, each in enumerate(entries) if at in cut]
    other_side = [each for at, each in enumerate(entries) if at not in cut]
    # While cut off each side has its own picture; neither depends on what it saw first.
    arrange(root, one_side), arrange(root, other_side)
    healed = [arrange(root, [*one_side, *other_side]), arrange(root, [*other_side, *one_side])]
    assert shown(healed[0]) == shown(healed[1]) == shown(arrange(root, entries))


@given(histories())
def test_an_entry_stands_after_everything_it_was_written_after(history):
    root, entries = history
    place = {each.digest: at for at, each in enumerate(arrange(root, entries).placed)}
    for each in entries:
        assert all(place[parent] < place[each.digest] for parent in each.parents)


@given(histories(), st.data())
def test_what_is_private_moves_nothing_that_is_shared(history, data):
    root, entries = history
    known = [root.digest, *(each.digest for each in entries)]
    own = [
        added(root, AUREL, 0, [data.draw(st.sampled_from(known))], words=f"own {n}")
        for n in range(data.draw(st.integers(0, 3)))
    ]
    whole = arrange(root, entries, private=own)
    shared = [each for each in shown(whole) if each[0] not in {one.digest for one in own}]
    assert shared == shown(arrange(root, entries))
    assert whole.heads == arrange(root, entries).heads


@given(histories())
def test_reading_back_what_was_printed_is_the_entry(history):
    root, entries = history
    for each in (root, *entries):
        check_entry(each)
        again = parse_entry(each.to_bytes())
        assert again.digest == each.digest
        assert again.to_bytes() == each.to_bytes()


@given(st.binary(max_size=300))
def test_bytes_that_are_no_entry_are_refused_in_words(data):
    with pytest.raises(EntryError):
        parse_entry(data)


@given(histories(), st.integers(0, 40))
def test_a_flood_at_one_turn_leaves_two_entries_and_is_counted(history, flood):
    root, entries = history
    turn = TURNS_MAX - 1
    noise = [added(root, CANTOR, turn, [root.digest], words=f"noise {n}") for n in range(flood)]
    thread = arrange(root, [*noise, *entries])
    kept = [each for each in thread.placed if each.entry.turn == turn]
    assert len(kept) == min(flood, ALTERNATIVES_MAX)
    assert thread.surplus == flood - len(kept)
    assert all(each.doubled for each in kept) or flood < 2
    assert {each.digest for each in entries} <= {each.digest for each in thread.placed}


def test_a_member_has_so_many_turns_and_no_more():
    root = opening()
    late = added(root, BOREA, TURNS_MAX, [root.digest])
    with pytest.raises(EntryError, match="turns"):
        check_entry(late)


def test_who_takes_no_part_is_left_out_and_counted():
    root = opening(**{"with": [BOREA]})
    stranger = added(root, CANTOR, 0, [root.digest])
    thread = arrange(root, [stranger])
    assert (len(thread.placed), thread.strangers) == (1, 1)


def test_what_was_hidden_from_this_member_shows_as_missing_and_blocks_nobody():
    root = opening()
    hidden = added(root, BOREA, 0, [root.digest])
    after = added(root, CANTOR, 0, [hidden.digest])
    thread = arrange(root, [after])
    assert [each.missing for each in thread.placed] == [0, 1]
    whole = arrange(root, [after, hidden])
    assert [each.digest for each in whole.placed] == [root.digest, hidden.digest, after.digest]


def test_an_entry_of_another_unit_or_sort_is_no_part_of_it():
    root = opening()
    foreign = replace(added(root, BOREA, 0, [root.digest]), unit="0b" * 32)
    assert arrange(root, [foreign]).strangers == 1


@pytest.mark.parametrize(
    "change",
    [
        {"turn": -1},
        {"parents": ()},
        {"parents": ("bb" * 32, "aa" * 32)},
        {"act": "erase"},
        {"body": {"words": "x", "more": "y"}},
        {"body": {"words": ""}},
        {"thread": ""},
    ],
)
def test_an_entry_that_says_what_entries_do_not_say_is_refused(change):
    root = opening()
    with pytest.raises(EntryError):
        check_entry(replace(added(root, BOREA, 0, [root.digest]), **change))
