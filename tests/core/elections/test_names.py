"""Voters hurry past one wrong letter: whatever is like an office's name is found and said how."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from detente.elections import ElectionsError
from detente.elections.names import WORDS, Likeness, NameIndex, is_one_edit
from detente.elections.names.folding import are_glyphs_apart, coarse, decode, latin, plain

OURS = ("ardencounty.example", "results.tamsincounty.example", "sos.state.xq.example",
        "county-clerk-vera.gov")  # fmt: skip
LETTERS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=1)


@pytest.fixture(scope="module")
def index():
    return NameIndex(OURS)


@pytest.mark.parametrize(
    ("observed", "likeness"),
    [
        ("ardencountys.example", Likeness.PLURAL),
        ("ardencountyx.example", Likeness.ADDITION),
        ("ardencouunty.example", Likeness.REPETITION),
        ("ardencoxunty.example", Likeness.INSERTION),
        ("ardencunty.example", Likeness.OMISSION),
        ("ardenocunty.example", Likeness.TRANSPOSITION),
        ("ardencaunty.example", Likeness.VOWEL_SWAP),
        ("ardenc0unty.example", Likeness.HOMOGLYPH),
        ("arclencounty.example", Likeness.HOMOGLYPH),
        ("xn--ardencunty-jvi.example", Likeness.HOMOGLYPH),
        ("arden-county.example", Likeness.HYPHENATION),
        ("arden.county.example", Likeness.SUBDOMAIN),
        ("ardencounty.com", Likeness.TLD_SWAP),
        ("ardencounty.co.uk", Likeness.TLD_SWAP),
        ("votes-ardencounty.example", Likeness.DICTIONARY),
        ("ardencountyelections.org", Likeness.DICTIONARY),
        ("countyarden.example", Likeness.WORD_ORDER),
        ("ardenco.example", Likeness.ABBREVIATION),
        ("ardencnty.example", Likeness.ABBREVIATION),
        ("tamsincountyresults.com", Likeness.WORD_ORDER),
        ("*.ardencounty.com", Likeness.TLD_SWAP),
        ("wwwardencounty.com", Likeness.VARIOUS),
        ("sosstatexq.example", Likeness.DROPPED_DOT),
        ("ardencounty.example.account-check.example", Likeness.BRAND_AS_SUBDOMAIN),
        ("county-clerk-vote.gov", Likeness.DICTIONARY),
        ("login.ardencunty.example", Likeness.OMISSION),
        ("sos.state.\u0445\u051b.example", Likeness.CYRILLIC),
    ],
)
def test_each_way_of_being_like_a_name_is_found_and_named(index, observed, likeness):
    found = index.look(observed)
    assert found is not None
    assert found.likeness is likeness
    assert found.protects in OURS


def test_every_likeness_has_its_words():
    assert set(WORDS) == set(Likeness)


@pytest.mark.parametrize(
    "observed",
    ["ardencounty.example", "www.ArdenCounty.example.", "mail.results.tamsincounty.example",
     "tamsincounty.example", "weather.example", "arden.example", "county.example", "a", ".", "",
     "x" * 300 + ".example", "co.uk", "xn--.example", "xn--\u00ff.example"],
)  # fmt: skip
def test_own_names_and_strangers_are_left_alone(index, observed):
    assert index.look(observed) is None


@given(st.integers(0, 10), LETTERS)
def test_one_letter_for_another_is_always_found(index, at, letter):
    name = OURS[0]
    observed = name[:at] + letter + name[at + 1 :]
    assume(observed != name)
    found = index.look(observed)
    assert found is not None
    assert found.protects == name


@given(st.integers(0, 11), LETTERS)
def test_one_letter_more_is_always_found(index, at, letter):
    found = index.look(OURS[0][:at] + letter + OURS[0][at:])
    assert found is not None


@given(st.integers(0, 10))
def test_one_letter_less_and_two_swapped_are_always_found(index, at):
    name = OURS[0]
    swapped = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    assume("." not in name[at : at + 2])
    assert index.look(name[:at] + name[at + 1 :])
    assert swapped == name or index.look(swapped)


def slow_distance(one, other):
    """Damerau's distance, restricted, by the book's table."""
    table = [
        [i + j if i * j == 0 else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)
    ]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            cost = one[i - 1] != other[j - 1]
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + cost)
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_one_edit_is_what_the_table_says(one, other):
    assert is_one_edit(one, other) == (slow_distance(one, other) <= 1)


@given(st.text(max_size=80))
def test_no_name_breaks_the_look(index, observed):
    found = index.look(observed)
    assert found is None or found.protects in OURS


@given(st.text("abcdelmnrvwik0", max_size=24), st.text("abcdelmnrvwik0", max_size=24))
def test_glyphs_apart_ends_soon_and_knows_its_own(one, other):
    assert are_glyphs_apart(one, one)
    assert are_glyphs_apart(one, other) in (True, False)


@given(st.text(max_size=30))
def test_folds_are_stable(text):
    once = latin(text)
    assert latin(once) == once
    assert "l" not in coarse(plain(once))


def test_a_broken_punycode_label_stays_as_it_stands():
    assert decode("xn--99999999999.example") == "xn--99999999999.example"


@pytest.mark.parametrize("name", ["", "example", "a..example", "x" * 260 + ".example"])
def test_what_is_no_domain_name_cannot_be_protected(name):
    with pytest.raises(ElectionsError):
        NameIndex([name])
