"""A clock that is off by an hour is noticed by what others sign, and by no f liars alone. (A26)"""

from hypothesis import given
from hypothesis import strategies as st

from detente.exchange.protocol.model import Clock
from detente.node.timekeeping import Timekeeping

NOW = 1_800_000_000
HOUR = 3_600


def heard(offsets, *, again=True):
    """Return the times of signers, each heard twice where they sign on."""
    times = Timekeeping()
    for who, offset in offsets.items():
        times.note(who, NOW + offset, now=NOW, steady=0)
        if again:
            times.note(who, NOW + offset + 60, now=NOW + 60, steady=60)
    return times


def test_a_clock_that_agrees_with_one_other_is_sure():
    times = heard({"a": -2})
    assert times.clock(f=0, steady=60) is Clock.SURE
    assert times.may_cosign(f=0, steady=60)


def test_a_clock_that_nobody_was_held_against_is_unsure_and_still_cosigns():
    assert Timekeeping().clock(f=1, steady=0) is Clock.UNSURE
    assert Timekeeping().may_cosign(f=1, steady=0)


def test_an_hour_behind_or_ahead_of_f_plus_one_others_is_wrong():
    for offset in (HOUR, -HOUR):
        times = heard({"a": offset, "b": offset})
        assert times.clock(f=1, steady=60) is Clock.WRONG
        assert not times.may_cosign(f=1, steady=60)
        assert "3600 s" in times.describe(steady=60)


def test_one_broken_clock_of_many_silences_nobody_who_is_right():
    times = heard({"a": 0, "b": 1, "broken": 31 * 24 * HOUR})
    assert times.clock(f=0, steady=60) is Clock.SURE


def test_old_times_of_who_signs_no_more_make_no_clock_wrong():
    times = heard({"a": -HOUR, "b": -HOUR}, again=False)
    assert times.clock(f=1, steady=0) is Clock.UNSURE
    # Until it is known whether they are old or we are ahead, no time is signed.
    assert not times.may_cosign(f=1, steady=0)
    assert times.may_cosign(f=1, steady=10_000)


def test_all_that_a_signer_left_behind_shown_at_once_does_not_make_it_alive():
    times = Timekeeping()
    for who in "ab":
        for number, at in enumerate((-HOUR, -HOUR + 2, -HOUR + 60, -HOUR + 1_800)):
            times.note(who, NOW + at, now=NOW + number, steady=number)
    assert times.clock(f=1, steady=4) is Clock.UNSURE
    # Nor does what it left behind while it was not to be reached.
    for who in "ab":
        times.note(who, NOW - 60, now=NOW + HOUR, steady=HOUR)
    assert times.clock(f=1, steady=HOUR) is Clock.UNSURE


@given(lag=st.integers(0, 60), often=st.integers(5, 60), late=st.integers(0, 60))
def test_who_signs_on_once_in_a_minute_is_heard_whenever_it_is_asked(lag, often, late):
    times = Timekeeping()
    for who in "ab":
        times.note(who, NOW - lag, now=NOW + HOUR, steady=0)
        times.note(who, NOW + often, now=NOW + HOUR + often + late, steady=often + late)
    assert times.clock(f=1, steady=often + late) is Clock.WRONG


def test_a_clock_that_was_set_right_is_sure_again():
    times = heard({"a": HOUR, "b": HOUR})
    for who in "ab":
        times.note(who, NOW + HOUR + 120, now=NOW + HOUR + 120, steady=120)
    assert times.clock(f=1, steady=120) is Clock.SURE


def test_a_clock_that_was_set_is_held_against_the_others_anew():
    times = heard({"a": 0, "b": 0})
    times.note("a", NOW + 120, now=NOW + 120 - HOUR, steady=120)
    assert times.clock(f=1, steady=120) is Clock.UNSURE
    times.note("b", NOW + 120, now=NOW + 120 - HOUR, steady=120)
    assert times.clock(f=1, steady=120) is Clock.WRONG


@given(
    f=st.integers(0, 3),
    honest=st.integers(1, 6),
    lies=st.lists(st.integers(-(10**6), 10**6), max_size=3),
)
def test_f_liars_alone_never_stop_a_clock_that_is_right(f, honest, lies):
    offsets = {f"liar {n}": lie for n, lie in enumerate(lies[:f])}
    offsets |= {f"honest {n}": 0 for n in range(max(honest, f))}
    times = heard(offsets)
    assert times.clock(f=f, steady=60) is not Clock.WRONG
    assert times.may_cosign(f=f, steady=60)
