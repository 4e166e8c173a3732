"""Of a roll only counts leave: ten and more, rounded, each day once, through release."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.elections.rolls.sharing import Period, shared_counts, shared_size
from detente.errors import InputError, UnitError
from detente.node.clock import now
from detente.node.reading import read_said
from detente.node.roll_sharing import RELEASED_FILE, read_period, share_counts
from detente.statements import Tlp
from tests.edge.offices import copy_unit, make_unit, opened

SEPTEMBER = Period(date(2026, 9, 1), date(2026, 9, 30))
OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
REPORT = {
    "signals": [
        {"signal": "silent_edit", "count": 47, "explanation": "of KOWALSKA"},
        {"signal": "duplicates", "count": 9, "explanation": ""},
        {"signal": "V00001", "count": 400, "explanation": ""},
    ],
    "rows": {"before": 20_417, "after": 20_300, "removed": 214, "added": 3, "changed": 186},
    "columns": {"last_name": 44},
}


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("sharing") / "unit"
    make_unit(place)
    return place


@pytest.fixture
def home(founded, tmp_path):
    with opened(copy_unit(founded, tmp_path / "unit"), "Aurel") as (home,):
        yield home


@pytest.fixture
def report(tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(REPORT))
    return path


def shared(home, report, period):
    said = share_counts(home, report, period, tlp=Tlp.GREEN, now=now)
    return b"".join(leaf.data for leaf in read_said(home, said.payload_hash).content.leaves)


def test_only_rounded_counts_of_ten_and_more_are_said(home, report):
    said = shared(home, report, SEPTEMBER)
    note = json.loads(said[said.index(b'{"abstract"') :])
    assert json.loads(note["content"]) == {
        "counts": {"changed": 190, "removed": 210, "silent_edit": 50},
        "first": "2026-09-01",
        "last": "2026-09-30",
        "roll": 20_000,
    }
    for kept_back in (b"KOWALSKA", b"V00001", b"20417", b"last_name", b"duplicates"):
        assert kept_back not in said


def test_no_day_is_released_twice_and_the_next_period_is(home, report):
    shared(home, report, SEPTEMBER)
    with pytest.raises(InputError, match="released already"):
        shared(home, report, Period(date(2026, 9, 20), date(2026, 10, 20)))
    shared(home, report, OCTOBER)


def test_what_was_refused_was_not_released(home, report, monkeypatch):
    def refuse(*_, **__):
        raise UnitError("withheld")

    with monkeypatch.context() as patch:
        patch.setattr("detente.node.roll_sharing.publish", refuse)
        with pytest.raises(UnitError, match="withheld"):
            shared(home, report, SEPTEMBER)
    shared(home, report, SEPTEMBER)


def test_a_broken_list_of_releases_releases_nothing(home, report):
    (home.layout.directory / RELEASED_FILE).write_text("[[1]]")
    with pytest.raises(InputError, match="no list of released periods"):
        shared(home, report, SEPTEMBER)


@pytest.mark.parametrize("text", ["[]", "{", '{"signals": 1, "rows": []}', '{"rows": {}}'])
def test_what_is_no_comparison_is_refused(home, tmp_path, text):
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(InputError):
        shared(home, tmp_path / "odd.json", SEPTEMBER)


@pytest.mark.parametrize(
    ("first", "last"), [("2026-09-01", "2026-09-03"), ("2026-09-30", "2026-09-01"), ("x", "y")]
)
def test_a_period_of_a_few_days_or_backwards_is_refused(first, last):
    with pytest.raises(InputError):
        read_period(first, last)


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 10**6)), st.integers(0, 10**8))
def test_what_is_said_is_near_and_never_of_fewer_than_ten(counts, size):
    said = shared_counts(counts)
    assert set(said) == {name for name, count in counts.items() if count >= 10}
    assert all(each % 10 == 0 and abs(each - counts[name]) <= 5 for name, each in said.items())
    assert abs(shared_size(size) - size) <= max(size / 10, 10)
