"""The same events however the bytes arrive, each beside its line; nothing between is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.watch.reading import (
    Block,
    Format,
    Options,
    ReadingError,
    detect,
    line_reader,
    read,
)
from tests.core.watch.reading.samples import FLAT_WINDOWS, SAMPLES, rows

OPTIONS = Options(year_before=1_790_000_000.0)
LINED = [form for form in SAMPLES if form not in (Format.EVTX, Format.JSON)]


def gathered(chunks, form):
    batches = list(read(chunks, form, OPTIONS))
    return (
        [at for batch in batches for at in batch.positions],
        [event for batch in batches for event in batch.events],
        [raw for batch in batches for raw in batch.raws],
        [bad for batch in batches for bad in batch.bad],
    )


@pytest.mark.parametrize("form", list(SAMPLES), ids=str)
def test_every_sample_is_read_whole(form):
    positions, events, _, bad = gathered([SAMPLES[form]], form)
    assert bad == []
    assert events
    assert positions == sorted(set(positions))


@pytest.mark.parametrize("form", list(SAMPLES), ids=str)
@given(cuts=st.lists(st.integers(1, 5_000), max_size=30))
def test_pieces_of_any_size_give_the_same_events(form, cuts):
    data, at, chunks = SAMPLES[form], 0, []
    for cut in cuts:
        chunks.append(data[at : at + cut])
        at += cut
    assert gathered([*chunks, data[at:]], form) == gathered([data], form)


@pytest.mark.parametrize("form", LINED, ids=str)
def test_the_evidence_of_an_event_is_its_line(form):
    lines = SAMPLES[form].split(b"\n")
    positions, _, raws, _ = gathered([SAMPLES[form]], form)
    assert all(raw.startswith(lines[at]) for at, raw in zip(positions, raws, strict=True))


@pytest.mark.parametrize("form", list(SAMPLES), ids=str)
def test_the_format_shows_in_the_first_bytes(form):
    lines_alike = {Format.NGINX: Format.ACCESS}
    assert detect(SAMPLES[form]) == lines_alike.get(form, form)


@pytest.mark.parametrize("form", LINED, ids=str)
def test_one_bad_line_among_good_ones_is_set_aside_with_its_number(form):
    lines = SAMPLES[form].split(b"\n")
    noise = b"\x00 neither this nor that"
    data = b"\n".join((*lines[:-1], noise, b""))
    _, events, _, bad = gathered([data], form)
    assert events == gathered([SAMPLES[form]], form)[1]
    assert [line.position for line in bad] == [len(lines) - 1]
    assert bad[0].raw == noise


@pytest.mark.parametrize("form", LINED, ids=str)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_text_as_windows_tools_write_it_gives_the_same_events(form, encoding):
    data = SAMPLES[form].decode().encode(encoding)
    assert gathered([data], form)[1] == gathered([SAMPLES[form]], form)[1]
    assert detect(data) == detect(SAMPLES[form])


@pytest.mark.parametrize("form", [form for form in LINED if form is not Format.CSV], ids=str)
def test_lines_that_end_as_windows_ends_them_give_the_same_events(form):
    data = SAMPLES[form].replace(b"\n", b"\r\n")
    assert gathered([data], form)[1] == gathered([SAMPLES[form]], form)[1]


def test_bytes_that_are_no_utf_8_are_kept_as_latin_1():
    line = b"Mar  1 08:00:00 gate sshd[1]: Invalid user caf\xe9 from 192.0.2.1"
    (event,) = gathered([line], Format.SYSLOG)[1]
    assert event["user"] == "café"
    (event,) = gathered([b'{"Channel":"Security","EventID":1,"User":"caf\xe9"}'], Format.JSONL)[1]
    assert event["User"] == "café"


def test_half_a_surrogate_does_not_take_an_event_out_of_sight():
    line = b'{"Channel":"Security","EventID":4624,"User":"a\\ud800b"}'
    (event,) = gathered([line], Format.JSONL)[1]
    assert event["User"] == "a\ufffdb"


def test_what_is_no_format_is_refused_with_what_to_do():
    with pytest.raises(ReadingError, match="its format with --format"):
        detect(b"dear diary\nnothing happened today\n")


def test_nothing_at_all_has_no_events():
    assert gathered([], Format.AUTO) == ([], [], [], [])


def test_a_reader_of_lines_keeps_its_header_between_blocks():
    reader = line_reader(Format.W3C, OPTIONS)
    lines = SAMPLES[Format.W3C].split(b"\n")
    assert reader.read(Block(0, lines[:4])).events == []
    batch = reader.read(Block(4, lines[4:5]))
    assert (batch.positions, batch.events[0]["cs-method"]) == ([4], "GET")


def test_formats_without_lines_have_no_reader_of_lines():
    with pytest.raises(ReadingError):
        line_reader(Format.EVTX, OPTIONS)


def test_flat_windows_lines_are_not_copied_field_by_field():
    reader = line_reader(Format.JSONL, OPTIONS)
    line = rows(FLAT_WINDOWS)[:-1]
    reader.read(Block(0, [line]))  # names are new once
    assert reader.read(Block(1, [line])).events == [FLAT_WINDOWS]
