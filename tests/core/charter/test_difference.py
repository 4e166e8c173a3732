"""What is voted on can be seen: no clause hides in look-alike or reordering characters. (A49)"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from detente.charter import AssetKind, RegisteredAsset, difference, visible
from tests.core.charter.people import after, by_id, member, unit

OLD = unit(3)


def test_a_charter_does_not_differ_from_itself():
    assert difference(OLD, OLD) == ()


def test_a_bidirectional_clause_is_spelled_out():
    trick = RegisteredAsset(
        owner=member("Aurel").id, kind=AssetKind.DOMAIN, value="safe\u202eelpmaxe.liame"
    )
    lines = difference(OLD, after(OLD, assets=(trick,)))
    (line,) = [line for line in lines if line.path.endswith("/value")]
    assert line.before is None
    assert line.after == "safe<U+202E RIGHT-TO-LEFT OVERRIDE>elpmaxe.liame"
    assert "\u202e" not in "".join(line.path for line in lines)


def test_a_look_alike_letter_is_spelled_out():
    lines = difference(OLD, after(OLD, name="N\u043erthern Sound"))
    (line,) = [line for line in lines if line.path == "name"]
    assert line.after == "N\u043e<U+043E CYRILLIC SMALL LETTER O>rthern Sound"


def test_an_inserted_member_does_not_blur_the_others():
    paths = {line.path for line in difference(OLD, unit(4))}
    assert all(path.startswith(f"members/{member('Dovar').id}/") for path in paths)


def test_every_changed_key_is_a_line_of_its_own():
    new = replace(member("Aurel"), epoch=2)
    members = by_id(new, member("Borea"), member("Cindral"))
    (line,) = difference(OLD, replace(OLD, members=members))
    assert (line.path, line.before, line.after) == (f"members/{new.id}/epoch", "1", "2")


@given(st.text(max_size=100))
def test_what_is_shown_contains_nothing_hidden(text):
    import unicodedata

    assert all(unicodedata.category(each)[0] != "C" for each in visible(text))


@given(st.text(alphabet=st.characters(max_codepoint=126, min_codepoint=32), max_size=100))
def test_plain_ascii_is_shown_as_it_is(text):
    assert visible(text) == text
