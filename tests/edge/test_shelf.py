"""Whoever reads a view from anywhere to its end gets exactly what is in it, each thing once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.storage import create_database
from detente.storage.shelf import Shelf
from detente.storage.shelf_pages import PAGE_OBJECTS, ShelvedObject
from detente.storage.shelf_writing import Lot
from detente.storage.views import Stretches
from detente.storage.walking import Walker
from tests.shared import scaled

AUREL = "aa" * 32
NOW = 1_800_000_000_000_000


@pytest.fixture
def database(place):
    database = create_database(place)
    yield database
    database.close()


@pytest.fixture
def shelf(database):
    return Shelf(database)


@pytest.fixture
def walker(database, shelf):
    return Walker(shelf, Stretches(database))


def made(number, kind="indicator", version="2026-01-01T00:00:00.000Z", grade=0):
    identifier = f"{kind}--{number:08x}-0000-4000-8000-000000000000"
    return ShelvedObject(b'{"id":"%b"}' % identifier.encode(), identifier, version, grade)


def lot(statement, objects, *, views=("alerting",), grade_views=((),), account=""):
    return Lot(
        statement=statement,
        issuer=AUREL,
        account=account,
        grades=tuple((place,) for place, _ in enumerate(grade_views, start=1)),
        opening=b"opening",
        objects=objects,
        views=views,
        grade_views=grade_views,
    )


def put(shelf, *lots, now_us=NOW):
    shelf.put(lots, upto=lots[-1].statement, now_us=now_us)


def read(walker, view, *, after=-1, step=100, types=()):
    """Walk a view to its end; return (moment, bytes) of every object."""
    found = []
    while True:
        walk = walker.walk(view, after=after, objects=step, types=types)
        for span in walk.spans:
            for place in range(span.start, span.end):
                moment = span.added + place - span.start
                found.append((moment, span.page.slice(place, place + 1)))
        if walk.ended:
            return found
        assert walk.upto > after, "a walk that does not move never ends"
        after = walk.upto


def raws(objects):
    return [each.raw for each in objects]


def test_objects_come_back_byte_for_byte_in_the_order_they_entered(shelf, walker):
    objects = [made(number) for number in range(3 * PAGE_OBJECTS + 7)]
    put(shelf, lot(1, objects[:200]), lot(2, objects[200:]))
    found = read(walker, "alerting")
    assert [raw for _, raw in found] == raws(objects)
    moments = [moment for moment, _ in found]
    assert moments == sorted(set(moments))
    assert moments[-1] == NOW


def test_objects_of_a_page_are_one_slice_joined_by_commas(shelf):
    objects = [made(number) for number in range(5)]
    put(shelf, lot(1, objects))
    (page,) = shelf.pages([0])
    assert page.slice(1, 4) == b",".join(raws(objects[1:4]))
    assert page.size(1, 4) == len(page.slice(1, 4))
    assert page.names[4] == (objects[4].id, objects[4].version)


def test_small_statements_fill_one_page(shelf, walker):
    for statement in range(1, PAGE_OBJECTS + 3):
        put(shelf, lot(statement, [made(statement)]), now_us=NOW + statement)
    assert [page.count for page in shelf.pages([0, 1])] == [PAGE_OBJECTS, 2]
    assert len(shelf.pages([0])[0].runs) == PAGE_OBJECTS
    assert len(read(walker, "alerting")) == PAGE_OBJECTS + 2


def test_a_statement_that_stands_here_is_passed_over(shelf, walker):
    put(shelf, lot(1, [made(1)]))
    put(shelf, lot(1, [made(1)]))
    assert len(read(walker, "alerting")) == 1
    assert shelf.progress() == 1


def test_what_is_said_after_a_moment_is_found_by_that_moment(shelf, walker):
    put(shelf, lot(1, [made(number) for number in range(300)]))
    every = read(walker, "alerting")
    for place in (0, 1, 127, 128, 298, 299):
        assert read(walker, "alerting", after=every[place][0]) == every[place + 1 :]


def test_a_clock_set_back_never_puts_new_things_before_old_ones(shelf, walker):
    put(shelf, lot(1, [made(1)]), now_us=NOW)
    put(shelf, lot(2, [made(2)]), now_us=NOW - 10**12)
    assert [raw for _, raw in read(walker, "alerting")] == raws([made(1), made(2)])


def test_objects_of_other_grades_enter_other_views(shelf, walker):
    objects = [made(number, grade=number % 2) for number in range(10)]
    put(shelf, lot(1, objects, grade_views=(("tlp:green",), ("tlp:red",))))
    assert [raw for _, raw in read(walker, "tlp:green")] == raws(objects[::2])
    assert [raw for _, raw in read(walker, "tlp:red")] == raws(objects[1::2])


def test_an_id_said_twice_marks_both(shelf):
    put(shelf, lot(1, [made(1), made(2)]))
    put(shelf, lot(2, [made(3), made(1, version="2026-02-01T00:00:00.000Z")]))
    (page,) = shelf.pages([0])
    assert list(page.marks) == [1, 0, 0, 1]
    assert not page.is_plain
    (found,) = shelf.siblings([made(1).id]).values()
    assert [(each.number, each.statement) for each in found] == [(1, 1), (4, 2)]


def test_only_pages_that_hold_a_type_are_read(shelf, walker):
    objects = [made(number) for number in range(40 * PAGE_OBJECTS)]
    objects[10] = made(10, kind="tool")
    objects[30 * PAGE_OBJECTS] = made(11, kind="tool")
    put(shelf, lot(1, objects))
    found = [raw for _, raw in read(walker, "alerting", types=("tool",), step=1)]
    assert raws([objects[10], objects[30 * PAGE_OBJECTS]]) == [r for r in found if b"tool" in r]
    assert len(found) == 2 * PAGE_OBJECTS
    assert read(walker, "alerting", types=("malware",)) == []


def test_what_leaves_a_view_is_gone_and_the_rest_keeps_its_moments(shelf, walker):
    put(shelf, lot(1, [made(number) for number in range(200)], views=("alerting", "settled")))
    before = read(walker, "alerting")
    shelf.withdraw([1, 50, 51, 200], ["alerting"])
    assert read(walker, "alerting") == before[1:49] + before[51:199]
    assert len(read(walker, "settled")) == 200
    shelf.withdraw(range(1, 201))
    assert read(walker, "alerting") == read(walker, "settled") == []


def test_what_enters_again_enters_now(shelf, walker):
    put(shelf, lot(1, [made(number) for number in range(3)]))
    shelf.enter("actionable", [2], now_us=NOW + 5)
    shelf.enter("actionable", [1, 2], now_us=NOW + 9)
    assert read(walker, "actionable") == [(NOW + 5, made(1).raw), (NOW + 9, made(0).raw)]
    shelf.withdraw([2], ["actionable"])
    shelf.enter("actionable", [2], now_us=NOW + 20)
    assert [moment for moment, _ in read(walker, "actionable")] == [NOW + 9, NOW + 20]


def test_erasure_leaves_no_byte_and_no_name(shelf, walker, database):
    put(shelf, lot(1, [made(1), made(2)]), lot(2, [made(3)]))
    shelf.erase(1)
    assert [raw for _, raw in read(walker, "alerting")] == raws([made(3)])
    assert shelf.siblings([made(1).id]) == {}
    assert shelf.basis(1) is None
    (page,) = shelf.pages([0])
    assert made(1).raw not in page.data
    assert made(1).id not in {name for name, _ in page.names}
    put(shelf, lot(1, [made(2)]))
    assert [raw for _, raw in read(walker, "alerting")] == raws([made(3), made(2)])


def test_a_page_that_changed_is_not_served_from_memory(shelf, walker):
    put(shelf, lot(1, [made(1)]))
    assert shelf.pages([0])[0].count == 1
    put(shelf, lot(2, [made(2)]))
    assert shelf.pages([0])[0].count == 2


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 300)),
        st.tuples(st.just("out"), st.lists(st.integers(1, 400), min_size=1, max_size=9)),
        st.tuples(st.just("in"), st.lists(st.integers(1, 400), min_size=1, max_size=9)),
    ),
    max_size=8,
)


@settings(max_examples=scaled(25, 1_000))
@given(steps=STEPS, step=st.integers(1, 300), cut=st.integers(0, 10**6))
def test_a_view_is_what_entered_less_what_left_from_wherever_it_is_read(
    tmp_path_factory, steps, step, cut
):
    database = create_database(tmp_path_factory.mktemp("shelf") / "node.db")
    shelf, model, total = Shelf(database), [], 0
    walker = Walker(shelf, Stretches(database))
    for place, (what, given_) in enumerate(steps, start=1):
        if what == "put":
            put(shelf, lot(place, [made(total + n) for n in range(given_)]), now_us=NOW + place)
            model += range(total + 1, total + given_ + 1)
            total += given_
        elif what == "out":
            shelf.withdraw(given_, ["alerting"])
            model = [number for number in model if number not in given_]
        else:
            back = sorted({number for number in given_ if number <= total} - set(model))
            shelf.enter("alerting", back, now_us=NOW + place)
            model += back
    found = read(walker, "alerting", step=step)
    assert [raw for _, raw in found] == [made(number - 1).raw for number in model]
    moments = [moment for moment, _ in found]
    assert moments == sorted(set(moments))
    if found:
        after = moments[cut % len(moments)]
        assert read(walker, "alerting", step=step, after=after) == [
            each for each in found if each[0] > after
        ]
    database.close()
