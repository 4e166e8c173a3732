"""Whoever touches a roll in silence, in bulk or at night leaves a sign; honest churn does not."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.elections import ElectionsError
from detente.elections.rolls import (
    Action,
    LookUp,
    Role,
    Signal,
    Transaction,
    compare,
    compare_kept,
    drift,
    duplicates,
    enumeration,
    id_hashes,
    mass_removal,
    missing_provenance,
    non_eligible_causes,
    one_field_burst,
    parse_layout,
    person,
    reversals,
    roll_hashes,
    selection,
    silent_edits,
    silent_since_kept,
    wanted_people,
)
from detente.elections.rolls.peers import WeekCount, odd_week, score
from detente.elections.rolls.people import sound
from detente.elections.rolls.siphash import PADDING, siphash

COLUMNS = ("id", "last_name", "first_name", "birth_year", "address", "party", "status", "precinct",
           "zip")  # fmt: skip
KEY = bytes(range(16))
LAYOUT = parse_layout({"key": "id", "columns": list(COLUMNS)})
START = datetime(2026, 9, 1, 9)  # noqa: DTZ001 - a county's own time has no zone


def voter(number, **other):
    row = {
        "id": f"V{number:05d}",
        "last_name": f"NAME{chr(65 + number % 26)}",
        "first_name": f"F{number}",
        "birth_year": str(1940 + number % 60),
        "address": f"{number} HILL RD",
        "party": ("DEM", "REP", "UNA")[number % 3],
        "status": "A",
        "precinct": f"{number % 10:02d}",
        "zip": "27001",
    } | other
    return [row[name] for name in COLUMNS]


def roll(rows):
    text = ["\t".join(COLUMNS), *("\t".join(row) for row in rows)]
    return lambda: iter([(line + "\n").encode() for line in text])


def entry(number, action=Action.CHANGE, column="address", old="", new="", at=START, **other):
    given = {"operator": "op-1", "source": "192.0.2.1", "form": "F1"} | other
    return Transaction(f"V{number:05d}", action, column, old, new, at, **given)


def compared(before, after):
    return compare(roll(before), roll(after), LAYOUT, KEY)


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_two_snapshots_differ_as_two_dictionaries_do(first, second, moved):
    before = {n: voter(n) for n in first}
    after = {n: voter(n, address="ELSEWHERE") if n in moved else voter(n) for n in second}
    seen = compared(before.values(), sorted(after.values(), reverse=True))
    assert set(seen.removed) == {f"V{n:05d}" for n in first - second}
    assert set(seen.added) == {f"V{n:05d}" for n in second - first}
    assert set(seen.changed) == {f"V{n:05d}" for n in first & second & moved}
    assert seen.changes_by_column(COLUMNS).get("address", 0) == len(first & second & moved)


def test_line_ends_of_another_system_are_no_edit():
    crlf = roll([voter(1), voter(2)])
    other = [line.rstrip(b"\n") + b"\r\n" for line in crlf()]
    assert not compare(crlf, lambda: iter(other), LAYOUT, KEY).changed


def test_another_export_is_refused_with_the_column_that_is_wrong():
    other = lambda: iter([b"id\tsurname\n"])  # noqa: E731
    with pytest.raises(ElectionsError, match="'surname' instead of 'last_name'"):
        compare(roll([]), other, LAYOUT, KEY)


# Published with the paper (appendix A) and its reference code: key 00 to 0f, message 00, 01, ...
@pytest.mark.parametrize(
    ("length", "hashed"),
    [(0, 0x726FDB47DD0E0E31), (1, 0x74F839C593DC67FD), (15, 0xA129CA6149BE45E5),
     (63, 0x958A324CEB064572)],
)  # fmt: skip
def test_rows_are_hashed_as_the_paper_says(length, hashed):
    places = np.array([0]), np.array([length])
    assert siphash(bytes(range(64)) + bytes(PADDING), *places, KEY)[0] == hashed


def slow_siphash(data, key):
    """The paper's algorithm, a word at a time in whole numbers."""
    k = [int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")]
    v = [
        each ^ k[n % 2]
        for n, each in enumerate(
            (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
        )
    ]
    full = 2**64 - 1

    def turn(value, bits):
        return (value << bits | value >> (64 - bits)) & full

    def rounds(count):
        for _ in range(count):
            v[0] = v[0] + v[1] & full
            v[1] = turn(v[1], 13) ^ v[0]
            v[0] = turn(v[0], 32)
            v[2] = v[2] + v[3] & full
            v[3] = turn(v[3], 16) ^ v[2]
            v[0] = v[0] + v[3] & full
            v[3] = turn(v[3], 21) ^ v[0]
            v[2] = v[2] + v[1] & full
            v[1] = turn(v[1], 17) ^ v[2]
            v[2] = turn(v[2], 32)

    whole = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) % 256])
    for at in range(0, len(whole), 8):
        word = int.from_bytes(whole[at : at + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


@given(
    st.lists(st.binary(max_size=70), min_size=1, max_size=12), st.binary(min_size=16, max_size=16)
)
def test_many_pieces_at_once_are_hashed_as_each_alone(pieces, key):
    lengths = np.array([len(each) for each in pieces])
    starts = np.cumsum(lengths) - lengths
    seen = siphash(b"".join(pieces) + bytes(PADDING), starts, lengths, key)
    assert seen.tolist() == [slow_siphash(each, key) for each in pieces]


def against_kept(before, after, log=()):
    kept = roll_hashes(roll(before), LAYOUT, KEY)
    seen = compare_kept(kept, roll(after), LAYOUT, KEY)
    logged = id_hashes({each.voter for each in log}, KEY)
    return seen, silent_since_kept(seen, log, LAYOUT, logged)


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_kept_hashes_tell_the_same_rows_apart_as_the_snapshot_itself(first, second, moved):
    before = [voter(n) for n in sorted(first)]
    after = [voter(n, address="ELSEWHERE") if n in moved else voter(n) for n in sorted(second)]
    whole, (kept, _) = compared(before, after), against_kept(before, after)
    assert (len(whole.removed), set(whole.added), set(whole.changed)) == (
        kept.removed.size, set(kept.added), set(kept.changed)
    )  # fmt: skip


def test_against_kept_hashes_silence_is_found_and_the_silently_removed_are_only_counted():
    before = [voter(n) for n in range(5)]
    after = [voter(0, last_name="NAMEX"), voter(1, address="9 LAKE ST"), voter(4)]
    log = [entry(1, new="9 LAKE ST"), entry(2, Action.REMOVE, new="DECEASED")]
    _, found = against_kept(before, after, log)
    assert (found.count, found.voters) == (2, ("V00000",))


def test_hashes_under_two_keys_have_nothing_in_common():
    rows = [voter(n) for n in range(50)]
    one, other = (roll_hashes(roll(rows), LAYOUT, key) for key in (KEY, bytes(16)))
    assert not set(one.ids.tolist()) & set(other.ids.tolist())
    assert not set(one.rows.tolist()) & set(one.ids.tolist())


def silent(before, after, log):
    seen = compared(before, after)
    return silent_edits(seen, log, LAYOUT, drift(seen, LAYOUT))


def test_an_edit_without_an_entry_is_found_even_if_it_is_one():
    found = silent([voter(1), voter(2)], [voter(1, last_name="NAMEX"), voter(2)], [entry(2)])
    assert (found.count, found.voters) == (1, ("V00001",))


def test_an_edit_that_hides_behind_another_entry_is_found():
    said = entry(1, column="address", old="1 HILL RD", new="9 LAKE ST")
    assert silent([voter(1)], [voter(1, address="9 LAKE ST")], [said]) is None
    found = silent([voter(1)], [voter(1, address="666 OTHER ST")], [said])
    assert found.voters == ("V00001",)


def test_a_removal_and_an_addition_without_entries_are_found():
    assert silent([voter(1)], [voter(2)], []).count == 2


def test_every_honest_change_is_quiet():
    log = [entry(1, new="9 LAKE ST"), entry(2, Action.REMOVE, new="DECEASED"), entry(3, Action.ADD)]
    before, after = [voter(1), voter(2)], [voter(1, address="9 LAKE ST"), voter(3)]
    assert silent(before, after, log) is None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (voter(1, status="Q"), "an unknown status"),
        ([*voter(1)[:2], "", *voter(1)[2:-1]], "values moved one column"),
        (voter(1, address="1 HI", last_name="NA"), "values cut short"),
        (voter(1)[:-1], "too few or too many columns"),
    ],
)
def test_rows_that_no_longer_fit_are_said_to_drift(row, said):
    finding = drift(compared([voter(1)], [row]), LAYOUT).finding()
    assert finding.explanation.startswith(f"1 with {said}")


def spread(count, action=Action.REMOVE, **other):
    return [entry(n, action, at=START + timedelta(hours=7 * n), **other) for n in range(count)]


def test_removals_of_one_morning_stand_out_from_those_of_a_month():
    honest = spread(60, new="DECEASED")
    assert mass_removal(honest) is None
    morning = [entry(500 + n, Action.REMOVE, at=START + timedelta(days=9)) for n in range(60)]
    assert mass_removal([*honest, *morning]).count >= 60


def test_one_field_changed_in_one_hour_stands_out():
    honest = spread(60, Action.CHANGE, column="party")
    assert one_field_burst(honest) is None
    night = [
        entry(900 + n, column="party", at=START + timedelta(days=3, seconds=n)) for n in range(40)
    ]
    assert one_field_burst([*honest, *night]).count >= 40


def test_values_that_go_back_are_counted_and_slips_are_not():
    def there_and_back(number, days):
        later = START + timedelta(days=days)
        return [entry(number, old="A", new="B"), entry(number, old="B", new="A", at=later)]

    few = [each for n in range(4) for each in there_and_back(n, 5)]
    many = [each for n in range(20) for each in there_and_back(n, 5)]
    slow = [each for n in range(20) for each in there_and_back(n, 60)]
    assert reversals(few, records=20_000) is None
    assert reversals(slow, records=20_000) is None
    assert reversals(many, records=20_000).count == 20


def test_an_edit_without_a_source_is_itself_a_finding():
    nobody = {"operator": "", "source": "", "form": ""}
    assert missing_provenance([entry(n, **nobody) for n in range(5)]).count == 5
    assert missing_provenance([entry(n, form="") for n in range(50)]) is None


def test_removals_need_a_cause_and_the_quiet_period_is_counted_back_from_the_election():
    log = [
        entry(1, Action.REMOVE, new="DECEASED"),
        entry(2, Action.REMOVE, new=""),
        entry(3, Action.REMOVE, new="LIST MAINTENANCE"),
    ]
    assert non_eligible_causes(log, LAYOUT, election=date(2026, 11, 3)).count == 2
    assert non_eligible_causes(log, LAYOUT, election=date(2028, 11, 7)).count == 1
    assert non_eligible_causes(log[:1], LAYOUT, election=None) is None


def test_a_removed_set_of_one_party_is_no_chance_sample():
    before = [voter(n) for n in range(3_000)]
    chance = compared(before, before[300:])
    chosen = compared(before, [row for row in before if row[5] != "DEM" or int(row[7]) > 3])
    assert selection(chance, LAYOUT, before) is None
    assert "party" in selection(chosen, LAYOUT, before).explanation


def test_a_person_who_is_added_again_is_found_by_sound():
    before = [voter(n) for n in range(20)]
    twins = [voter(n, id=f"X{n}", last_name=f"NAME{chr(65 + n % 26)}H") for n in range(4)]
    seen = compared(before, before + twins)
    standing = {person(row, LAYOUT): 1 for row in before}
    assert duplicates(seen, wanted_people(seen, LAYOUT), standing).count == 4


@pytest.mark.parametrize(
    ("name", "code"),
    [("Robert", "R163"), ("Rupert", "R163"), ("Ashcraft", "A261"), ("Tymczak", "T522"),
     ("Pfister", "P236"), ("Honeyman", "H555"), ("", "")],
)  # fmt: skip
def test_names_sound_as_the_archives_say(name, code):
    assert sound(name) == code


def walk(source, count, seconds, step=1):
    return [
        LookUp(START + timedelta(seconds=seconds * n), source, f"{n * step:09d}")
        for n in range(count)
    ]


def test_a_script_that_walks_the_ids_is_told_from_many_people():
    people = [look for n in range(90) for look in walk(f"192.0.2.{n}", 3, 500, step=7 * n + 1)]
    assert enumeration(people) is None
    assert enumeration([*people, *walk("198.51.100.9", 300, 6)]).count == 300
    assert enumeration(walk("198.51.100.9", 300, 60)) is None


def weeks(last):
    counts = [WeekCount(f"P{c}", w, 20_000, 10 + (c * w) % 7) for c in range(12) for w in range(8)]
    return [*counts, *(WeekCount("M", w, 20_000, 12 + w % 3) for w in range(7)),
            WeekCount("M", 7, 20_000, last)]  # fmt: skip


def test_a_week_far_above_history_and_peers_is_odd_and_a_common_week_is_not():
    def judged(table):
        return odd_week(table, "M", signal=Signal.MASS_REMOVAL, what="removals")

    assert judged(weeks(200)).count == 200
    assert judged(weeks(14)) is None
    everybody = [WeekCount(w.county, w.week, w.registered, w.count * (20 if w.week == 7 else 1))
                 for w in weeks(14)]  # fmt: skip
    assert judged(everybody) is None


def test_a_county_without_history_is_said_to_have_none():
    with pytest.raises(ElectionsError, match="four are needed"):
        score(weeks(10), "NOWHERE")


@pytest.mark.parametrize(
    "document",
    [
        None,
        {"columns": []},
        {"key": "a", "columns": ["b"]},
        {"key": "a", "columns": ["a", "a"]},
        {"key": "a", "columns": ["a"], "separator": "||"},
        {"key": "a", "columns": ["a"], "roles": {"hair": "a"}},
        {"key": "a", "columns": ["a"], "roles": {"party": "b"}},
        {"key": "a", "columns": ["a"], "status_codes": "A"},
    ],
)
def test_what_is_no_layout_is_refused(document):
    with pytest.raises(ElectionsError):
        parse_layout(document)


def test_a_layout_of_other_names_is_followed():
    layout = parse_layout(
        {"key": "K", "columns": ["K", "PTY", "NACHNAME"], "roles": {"last_name": "NACHNAME"}}
    )
    assert layout.read(["1", "X", "Kowalska"], Role.LAST_NAME) == "Kowalska"
    assert layout.read(["1"], Role.LAST_NAME) == ""
