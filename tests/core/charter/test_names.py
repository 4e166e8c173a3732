"""A name on a screen cannot pass for another member's. (attack A15: impersonation by name)"""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.charter import NameRefused, check_name, check_names_differ, parse_charter
from detente.charter.names import _skeleton, check_plain_text
from tests.core.charter.people import by_id, member, unit


@pytest.mark.parametrize(
    "name",
    [
        "Aurel",
        "Étude & Fils (Nord)",
        "Ministère de l'Intérieur",
        "Электронные выборы",
        "Ελληνική Επιτροπή",
        "選挙管理委員会",
        "選挙かんりイインカイ",
        "선거 관리 위원회",
        "لجنة الانتخابات",
        "ועדת הבחירות",
        "Office 21",
    ],
)
def test_honest_names_of_many_scripts_are_admitted(name):
    check_name(name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("\u0410urel", "mixes scripts"),
        ("Aur\u0435l", "mixes scripts"),
        ("Bor\u03b5a", "mixes scripts"),
        ("Aurel\u202e", "U\\+202E RIGHT-TO-LEFT OVERRIDE"),
        ("Au\u200brel", "U\\+200B ZERO WIDTH SPACE"),
        ("Aurel\u00ad", "U\\+00AD SOFT HYPHEN"),
        ("Aurel\u2066", "U\\+2066"),
        ("Aurel\x00", "U\\+0000"),
        ("Aurel\nBorea", "U\\+000A"),
        ("Aurel\u00a0Nord", "U\\+00A0"),
        ("E\u0301tude", "NFC"),
        ("Aurel\u2028Nord", "U\\+2028"),
        (" Aurel", "spaces"),
        ("Aurel  Nord", "spaces"),
        ("", "1 to 64"),
        ("A" * 65, "1 to 64"),
        ("2026", "no letter"),
        ("Aurel\U0001f30a", "U\\+1F30A"),
        ("Aurel\ue000", "U\\+E000"),
        ("Au\u034frel", "U\\+034F COMBINING GRAPHEME JOINER"),
        ("Aurel\ufe0f", "U\\+FE0F VARIATION SELECTOR-16"),
        ("Aurel\U000e0101", "U\\+E0101"),
        ("Aurel\u17b4", "U\\+17B4"),
        ("Aurel\u180b", "U\\+180B"),
        ("\u3164\u3164", "U\\+3164 HANGUL FILLER"),
        ("\u115f", "U\\+115F"),
        ("Aure\u1160l", "U\\+1160"),
        ("\uffa0", "U\\+FFA0"),
        ("\U00013441", "U\\+13441"),
    ],
)
def test_a_name_that_hides_or_mixes_is_refused_with_the_character_named(name, why):
    with pytest.raises(NameRefused, match=why):
        check_name(name)


@pytest.mark.parametrize(
    "pair",
    [
        ("Aurel", "Aurel"),
        ("Aurel", "AUREL"),
        ("cocoa", "\u0441\u043e\u0441\u043e\u0430"),
        ("modern", "modem"),
        ("Illyria", "lllyria"),
        ("Port 10", "Port lO"),
        ("Borea", "Bore\u0430"),
    ],
    ids=["same", "case", "whole Cyrillic", "rn and m", "I and l", "1 and l", "one letter"],
)
def test_a_sybil_with_a_look_alike_name_is_refused(pair):
    with pytest.raises(NameRefused):
        check_names_differ(pair, what="member")


def test_an_applicant_with_a_cyrillic_look_alike_does_not_enter_a_charter():
    double = replace(member("Dovar"), name="\u0410\u0443\u0433\u0435")
    members = by_id(replace(member("Aurel"), name="Ayre"), member("Borea"), double)
    with pytest.raises(NameRefused, match="look alike"):
        parse_charter(unit(members=members).to_bytes())


def test_different_names_stay_different():
    check_names_differ(["Aurel", "Borea", "Cindral", "Aurelia", "Электра"], what="member")


@given(st.text(max_size=70))
def test_any_text_is_admitted_or_refused_and_nothing_else(text):
    with contextlib.suppress(NameRefused):
        check_name(text)
        assert text.isprintable()


@given(
    st.sampled_from(
        "\u034f\u115f\u1160\u17b4\u180b\u180f\u3164\ufe00\ufe0f\uffa0\U000e0100\U000e01ef"
    ),
    st.integers(0, 5),
)
def test_nothing_invisible_stands_anywhere_in_a_name_or_makes_two_names_differ(sign, place):
    hidden = "Aurel"[:place] + sign + "Aurel"[place:]
    with pytest.raises(NameRefused):
        check_name(hidden)
    assert _skeleton(hidden) == _skeleton("Aurel")
    with pytest.raises(NameRefused, match=f"U\\+{ord(sign):04X}"):
        check_plain_text(hidden, what="asset")


@given(st.text(alphabet="\u202e\u200b\x1b\n\ue000A", min_size=1, max_size=9))
def test_a_refusal_does_not_print_the_trick_it_refuses(text):
    with pytest.raises(NameRefused) as caught:
        check_name(text + "\u202e")
    assert str(caught.value).isprintable()


@given(st.text(alphabet="aeilnmrABIOl01 ", min_size=1, max_size=12))
def test_a_name_always_looks_like_itself(text):
    try:
        check_name(text)
    except NameRefused:
        return
    with pytest.raises(NameRefused):
        check_names_differ([text, text.swapcase()], what="member")
