"""Expressions run only where they can match: the text they require is in all they match. (0060)"""

import pytest
import re2
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detente.watch.kernel.patterns import quiet_options
from detente.watch.kernel.required import has_run, required_text, run_length
from tests.shared import scaled

pieces = st.sampled_from(
    ["abc", "Kiwi", "s", ".", r"\.", r"\d", "[a-c]", "[^]x]", "(abc)", "(?:ab|cd)", "|", "*", "+",
     "?", "{2,3}", "{", "{,5}", "(?i)", r"\x41", r"\Qa.b\E", "^", "$", r"\\", r"\n", "\u017f",
     "\u0130"]
)  # fmt: skip
texts = st.text(st.sampled_from("abcdKkiIwW\u017fsS.\\{},5A\u0130x\n\u212a"), max_size=24)


@settings(max_examples=scaled(1_000, 10_000_000), deadline=None)
@given(st.lists(pieces, max_size=6).map("".join), texts)
def test_what_an_expression_matches_holds_the_text_it_requires(pattern, text):
    try:
        found = re2.compile(pattern, quiet_options()).search(text)
    except re2.error:
        assume(False)
    if found is not None:
        assert required_text(pattern) in text.lower()


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"net\s+user", "user"),
        (r"\$PSHome\[\s*\d{1,3}\s*\]", "$pshome["),
        (r"(?i)disk-wipe", "-wipe"),
        (r"https?://0[0-9]{3}", "http"),
        ("abc|abd", ""),
        ("ab*cd", ""),
        (r"\x41bcd", ""),
    ],
)
def test_the_longest_text_is_taken_and_none_where_there_is_doubt(pattern, text):
    assert required_text(pattern) == text


@settings(max_examples=scaled(200, 100_000), deadline=None)
@given(st.sampled_from([".{3}", ".{3,}", "(.){2,}"]), st.text("ab\n\u00e9", max_size=9))
def test_a_run_of_any_characters_is_counted_as_re2_counts_it(pattern, text):
    searched = re2.compile(pattern, quiet_options()).search(text) is not None
    assert has_run(text, length=run_length(pattern)) is searched


def test_what_asks_more_than_a_run_is_no_run():
    assert [run_length(each) for each in (".{2,5}", "a{3}", ".{3,}b", "")] == [0, 0, 0, 0]
