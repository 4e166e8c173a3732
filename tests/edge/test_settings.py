"""A setting is understood or refused with its line; none is needed to run."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import EnvironmentFault, InputError
from detente.node.settings import (
    ABOUT,
    Settings,
    load_settings,
    parse_settings,
    print_settings,
)


def test_a_node_without_a_settings_file_has_every_default(tmp_path):
    assert load_settings(tmp_path / "detente.toml") == Settings()
    assert parse_settings(b"") == Settings()


def test_every_setting_is_explained_and_its_default_is_allowed():
    assert list(ABOUT) == [each.name for each in fields(Settings)]
    assert parse_settings(print_settings(Settings()).encode()) == Settings()
    for about in ABOUT.values():
        assert about.says.endswith((".", ")."))


def test_the_file_is_read_from_disk(tmp_path):
    path = tmp_path / "detente.toml"
    path.write_text('unlock_file = "/media/stick/unlock.key"\ncheckpoint_every_s = 5\n')
    assert load_settings(path) == Settings(
        unlock_file="/media/stick/unlock.key", checkpoint_every_s=5
    )


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("\n# mine\nbatch_entry_max = 3", 3, "Did you mean batch_entries_max?"),
        ("colour = 'red'", 1, "Known are unlock_file"),
        ("[log]\nx = 1", 1, "no setting 'log'"),
        ("batch_entries_max = 0", 1, "a whole number from 1 to 256"),
        ("batch_entries_max = 1.5", 1, "a whole number"),
        ("batch_entries_max = true", 1, "a whole number"),
        ("checkpoint_every_s = 61", 1, "a number from 1 to 60"),
        ("checkpoint_every_s = nan", 1, "a number from 1 to 60"),
        ("\n\ncheckpoint_every_s = '5'", 3, "default, 50.0"),
        ("unlock_file = ''", 1, "text in quotes"),
        ("unlock_file = 7", 1, "text in quotes"),
        ("answer_others = 1", 1, "true or false"),
        ("answer_others = 'no'", 1, "default, true"),
        # One row of the journal holds no more.
        ("batch_entries_max = 257", 1, "a whole number from 1 to 256"),
        ("a = 1\nb = = 2", 2, "not TOML"),
        ("a = 1\na = 2", 2, "not TOML"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line_and_a_remedy(text, line, says):
    with pytest.raises(InputError) as told:
        parse_settings(text.encode(), file="detente.toml")
    assert told.value.line == line
    assert f"detente.toml:{line}: " in str(told.value)
    assert says in str(told.value)


def test_a_file_that_is_no_text_is_refused():
    with pytest.raises(InputError, match="UTF-8"):
        parse_settings(b"\xff\xfe")


def test_a_settings_file_too_large_to_be_one_is_not_read(tmp_path):
    path = tmp_path / "detente.toml"
    path.write_bytes(b"#" * 70_000)
    with pytest.raises(EnvironmentFault, match="larger"):
        load_settings(path)


printable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(
    unlock_file=printable,
    every=st.floats(1, 60),
    batch=st.integers(1, 256),
    answers=st.booleans(),
    waiting=st.integers(1, 10**6),
    free=st.integers(0, 10**9),
)
def test_settings_read_back_as_they_were_written(unlock_file, every, batch, answers, waiting, free):
    settings = Settings(
        unlock_file=unlock_file,
        checkpoint_every_s=every,
        batch_entries_max=batch,
        answer_others=answers,
        waiting_entries_max=waiting,
        disk_free_min_mb=free,
    )
    assert parse_settings(print_settings(settings).encode()) == settings


@given(data=st.binary(max_size=100) | st.text(max_size=100).map(lambda text: text.encode()))
def test_no_bytes_make_reading_settings_fail_in_another_way(data):
    try:
        assert isinstance(parse_settings(data), Settings)
    except InputError:
        return
