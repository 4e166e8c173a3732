"""Nothing is said to the press that a second person did not approve word for word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.response import Sort, arrange
from detente.response.errors import PressRefused
from detente.response.notification import Channel, Person, Plan
from detente.response.notification import Sort as Way
from detente.response.press import (
    PressState,
    check_approval,
    clear,
    press_draft,
    press_letters,
    press_of,
)
from detente.statements import Tlp
from tests.core.response.threads import AUREL, BOREA, added, opening

SECRET = "the roll server of Aurel"


def drafted():
    return opening(Sort.PRESS, words="The page is slow.", by="ana", tlp="clear")


def history(*steps, author=AUREL):
    """A sentence after some steps, each (act, body); `of` may be a number of a step."""
    root = drafted()
    entries = [root]
    for act, body in steps:
        body = dict(body)
        if "of" in body and isinstance(body["of"], int):
            body["of"] = entries[body["of"]].digest
        entries.append(added(root, author, len(entries), [entries[-1].digest], act, **body))
    return arrange(root, [], private=entries[1:])


def after(*steps, author=AUREL):
    return press_of(history(*steps, author=author))


def approve(of, by):
    return "approve", {"of": of, "by": by}


def revise(words, by):
    return "revise", {"words": words, "by": by}


def test_a_draft_is_not_sent():
    press = after()
    assert press.state is PressState.DRAFT
    with pytest.raises(PressRefused, match="nothing of it is sent"):
        clear(press)


def test_another_person_approves_the_words_and_then_they_may_be_sent():
    press = after(approve(0, "chief"))
    assert (press.state, press.approved_by) == (PressState.APPROVED, "chief")
    assert press.approved_at is not None
    assert clear(press).words == "The page is slow."


@pytest.mark.parametrize("name", ["ana", "Ana", " ANA ", "\uff41na", "an\u200ba"])
def test_who_drafted_it_does_not_approve_it_under_any_spelling(name):
    press = after()
    with pytest.raises(PressRefused, match="does not approve"):
        check_approval(press, of=press.draft, by=name)


def test_an_approval_of_ones_own_words_that_was_written_past_the_flow_has_no_effect():
    press = after(approve(0, "ana"))
    assert press.state is PressState.DRAFT
    assert len(press.without_effect) == 1


def test_words_that_change_are_a_draft_again_and_an_old_approval_does_not_count():
    press = after(approve(0, "chief"), revise("The page is gone.", "ana"))
    assert (press.state, press.approved_by) == (PressState.DRAFT, "")
    late = after(revise("The page is gone.", "ana"), approve(0, "chief"))
    assert late.state is PressState.DRAFT
    assert after(revise("Gone.", "ana"), approve(1, "chief")).state is PressState.APPROVED


def test_who_changed_a_word_is_a_writer_too():
    steps = revise("Gone.", "chief"), revise("Gone, soon back.", "ana")
    assert after(*steps, approve(2, "chief")).state is PressState.DRAFT
    assert after(*steps, approve(2, "head")).state is PressState.APPROVED


def test_what_was_withdrawn_stays_so():
    gone = ("withdraw", {"words": "it was the provider", "by": "lead"})
    for late in (approve(0, "chief"), revise("Back.", "lead")):
        press = after(approve(0, "chief"), gone, late)
        assert press.state is PressState.WITHDRAWN
        with pytest.raises(PressRefused, match="withdrawn"):
            clear(press)


def test_a_partner_approves_nothing_of_ours():
    assert after(approve(0, "chief"), author=BOREA).state is PressState.DRAFT


names = st.sampled_from(["ana", "chief", "head"])
steps = st.one_of(
    st.tuples(st.just("revise"), st.fixed_dictionaries({"words": st.just("W"), "by": names})),
    st.tuples(st.just("approve"), st.fixed_dictionaries({"of": st.integers(0, 3), "by": names})),
    st.tuples(st.just("withdraw"), st.fixed_dictionaries({"words": st.just("W"), "by": names})),
)


@given(st.lists(steps, max_size=8))
def test_whatever_is_written_what_is_clear_was_approved_by_somebody_who_wrote_none_of_it(given):
    given = [
        (act, body | ({"of": min(body["of"], number)} if "of" in body else {}))
        for number, (act, body) in enumerate(given)
    ]
    thread = history(*given)
    press = press_of(thread)
    assert len(thread.placed) == len(given) + 1
    if press.state is not PressState.APPROVED:
        with pytest.raises(PressRefused):
            clear(press)
        return
    cleared = clear(press)
    assert cleared.approved_by not in press.writers
    (words,) = [each.entry for each in thread.placed if each.digest == cleared.draft]
    assert words.text("words") == cleared.words
    assert all(act != "withdraw" for act, _ in given)


def plan(sort=Way.MAIL):
    agency = Person("agency", "", {"way": "desk@agency.example"})
    return Plan("Aurel", {"way": Channel("way", sort, Tlp.CLEAR)}, {"agency": agency})


def test_the_press_gets_the_very_words_and_no_channel_cuts_them():
    cleared = clear(after(approve(0, "chief")))
    (letter,) = press_letters(plan(), cleared, ["agency", "agency"])
    assert (letter.address, letter.text) == ("desk@agency.example", "The page is slow.")
    long = clear(after(revise("w" * 161, "ana"), approve(1, "chief")))
    with pytest.raises(PressRefused, match="cut"):
        press_letters(plan(Way.SMS), long, ["agency"])
    with pytest.raises(PressRefused, match="nobody called"):
        press_letters(plan(), cleared, ["nobody"])


def test_words_to_begin_with_say_nothing_that_is_not_clear():
    assert SECRET in press_draft(title="Page", known=[SECRET], doing=[], tlp=Tlp.CLEAR)[1]
    assert SECRET not in "".join(press_draft(title=SECRET, known=[SECRET], doing=[], tlp=Tlp.AMBER))
