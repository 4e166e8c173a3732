"""A channel never carries more than its label allows, and a storm is cut. (A38: leaks)"""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.response import Level
from detente.response.notification import (
    SMS_CHARS_MAX,
    Channel,
    Notice,
    Person,
    Plan,
    Quiet,
    Sort,
    Step,
    call_tree,
    held_back,
    letters_of,
)
from detente.statements import Tlp

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
SECRET = "the roll server of Aurel"


def plan(most=Tlp.AMBER, sort=Sort.MAIL, quiet=None, per_hour=3):
    lead = Person("lead", "+355", {"way": "lead@office.example"}, quiet)
    chief = Person("chief", "", {"way": "chief@office.example"})
    return Plan(
        node="Aurel",
        channels={"way": Channel("way", sort, most)},
        people={"lead": lead, "chief": chief},
        steps=(Step(0, ("lead",)), Step(15, ("lead", "chief"))),
        per_hour=per_hour,
    )


def notice(tlp=Tlp.AMBER, level=Level.HIGH, title=f"probes of {SECRET}"):
    return Notice(7, level, tlp, title, f"seen at {SECRET}", NOON)


@given(st.sampled_from(list(Tlp)), st.sampled_from(list(Tlp)), st.sampled_from(list(Sort)))
def test_a_channel_carries_words_only_up_to_its_label(tlp, most, sort):
    (letter,) = letters_of(plan(most, sort), notice(tlp), 0, sent={}, now=NOON)
    assert (SECRET in letter.subject + letter.text) == (tlp <= most)
    assert "7" in letter.subject + letter.text
    assert sort is not Sort.SMS or len(letter.text) <= SMS_CHARS_MAX


@given(st.text(max_size=300))
def test_what_a_partner_wrote_writes_no_header_of_its_own(title):
    (letter,) = letters_of(plan(), notice(title=title), 0, sent={}, now=NOON)
    assert len(letter.subject.splitlines()) == 1


def test_a_storm_is_cut_and_the_last_letter_says_so():
    sent = {"lead@office.example": 2}
    (last,) = letters_of(plan(), notice(), 0, sent=sent, now=NOON)
    assert "held back" in last.text
    assert letters_of(plan(), notice(), 0, sent={"lead@office.example": 3}, now=NOON) == ()


@pytest.mark.parametrize(
    ("hour", "level", "is_quiet"),
    [
        (23, Level.HIGH, True),
        (3, Level.HIGH, True),
        (12, Level.HIGH, False),
        (23, Level.CRITICAL, False),
    ],
)
def test_quiet_hours_hold_back_what_is_below_their_level(hour, level, is_quiet):
    quiet = Quiet(time(22), time(6), ZoneInfo("Europe/Tirane"))
    now = datetime(2026, 11, 3, hour, tzinfo=ZoneInfo("Europe/Tirane"))
    asked = plan(quiet=quiet)
    assert held_back(asked, notice(level=level), 0, now) == is_quiet
    assert (letters_of(asked, notice(level=level), 0, sent={}, now=now) == ()) == is_quiet
    # Somebody without quiet hours is told at the next step.
    told = [each.person for each in letters_of(asked, notice(level=level), 1, sent={}, now=now)]
    assert told == (["chief"] if is_quiet else ["lead", "chief"])


def test_the_call_tree_names_every_step_with_numbers():
    text = call_tree(plan())
    assert "+355" in text
    assert "15 minutes" in text
