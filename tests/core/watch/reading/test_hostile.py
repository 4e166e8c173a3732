"""No bytes stop the watch: hostile logs cost a bounded time and are set aside line by line."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.watch.reading import Format, Limits, Options, ReadingError, event_time, read
from tests.core.watch.reading.samples import FLAT_WINDOWS, SAMPLES, rows
from tests.shared import scaled

MUTANTS = 100
SIGNS = b"\"'\\[]{}=|,;: <>\t\n\r\0#()-%^&"
ODD = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"1e999", b"\xff\xfe", b"\\ud800")
SCALARS = (str, int, float, bool)


def mutant(chance: random.Random, data: bytes) -> bytes:
    """Return the input with a few wounds: flips, cuts, repeats, signs that formats live by."""
    wounded = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 8, 16))):
        at, other = chance.randrange(len(wounded) + 1), chance.randrange(len(wounded) + 1)
        match chance.randrange(7):
            case 0:
                wounded[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del wounded[at : at + chance.randrange(1, 40)]
            case 2:
                wounded[at:at] = wounded[other : other + chance.randrange(1, 200)]
            case 3:
                wounded[at:at] = bytes([chance.choice(SIGNS)]) * chance.choice((1, 2, 3, 50))
            case 4:
                wounded[at : at + 4] = chance.choice(ODD)
            case 5:
                wounded[at : at + 8] = wounded[other : other + 8]
            case _:
                del wounded[max(at, len(wounded) // 4) :]
    return bytes(wounded)


def assert_sound(data: bytes, form: Format) -> None:
    """Whatever comes, events are flat, and each stands beside its position and its bytes."""
    try:
        batches = list(read([data], form, Options(year_before=1_790_000_000.0)))
    except ReadingError:
        return
    for batch in batches:
        assert len(batch.positions) == len(batch.events) == len(batch.raws)
        assert all(bad.reason and len(bad.raw) <= Limits().kept_bytes for bad in batch.bad)
        for event in batch.events:
            moment = event_time(event)
            assert moment is None or isinstance(moment, float)
            for name, value in event.items():
                assert " " not in name
                if not name.startswith("_"):
                    assert all(
                        type(item) in SCALARS
                        for item in (value if isinstance(value, list) else [value])
                    )


@pytest.mark.parametrize("form", list(SAMPLES), ids=str)
@given(seed=st.integers(0, 2**64))
def test_ten_thousand_wounded_inputs_of_a_format_are_read_or_set_aside(form, seed):
    chance = random.Random(seed)
    for _ in range(scaled(MUTANTS, 1_000 * MUTANTS)):
        assert_sound(mutant(chance, SAMPLES[form]), form)


@given(seed=st.integers(0, 2**64), form=st.sampled_from(list(SAMPLES)))
def test_a_wounded_input_of_unknown_format_is_read_or_refused(seed, form):
    chance = random.Random(seed)
    for _ in range(MUTANTS):
        assert_sound(mutant(chance, SAMPLES[form]), Format.AUTO)


@given(data=st.binary(max_size=2_000), form=st.sampled_from(list(Format)))
def test_noise_is_read_or_refused_in_every_format(data, form):
    assert_sound(data, form)


# Each would take a careless expression hours: open quotes, brackets, and runs without an end.
RUNS = {
    Format.ACCESS: b'198.51.100.7 - - [01/Mar/2026:08:00:00 +0000] "' + b'\\"' * 400_000,
    Format.SQUID: b"1772352000.123 1 a " + b"a/" * 400_000,
    Format.SYSLOG: b"Mar  1 08:00:00 mx postfix/x[1]: " + b"a=<" * 300_000,
    Format.AUDITD: b"type=A msg=audit(1772352000.123:42): " + b"a=\"b'" * 150_000 + b"w" * 400_000,
    Format.CEF: b"CEF:0|a|b|c|d|e|f|" + b"\\" * 900_000,
    Format.LEEF: b"LEEF:1.0|a|b|c|d|" + b"x=y\t" * 1_000,
    Format.XML: b"<Event><System>" + b"<a x='" * 150_000 + b"</System>",
    Format.ERROR: b"[Sun Mar 01 08:00:00 2026] [error] [client " + b":1" * 400_000,
    Format.DNS: b"01-Mar-2026 08:00:00.123 client " + b"1" * 900_000,
    Format.W3C: b"#Fields: a b\n" + b'"' * 999_999,
    Format.CSV: b"a,b\n" + b'"\n' * 100_001,
    Format.ZEEK: b"#fields\ta\tb\n" + b"\t" * 900_000,
    Format.JSONL: b"[" * 900_000,
    Format.JSON: b'{"a":' * 150_000,
}


@pytest.mark.parametrize("form", list(RUNS), ids=str)
@pytest.mark.timeout(60)
def test_a_line_made_to_be_slow_is_not(form):
    assert_sound(RUNS[form], form)


def bad_reasons(
    data: bytes, form: Format = Format.JSONL, limits: Limits | None = None
) -> list[str]:
    options = Options(limits=limits or Limits())
    return [bad.reason for batch in read([data], form, options) for bad in batch.bad]


def events(data: bytes, form: Format = Format.JSONL, limits: Limits | None = None) -> list[dict]:
    options = Options(limits=limits or Limits())
    return [event for batch in read([data], form, options) for event in batch.events]


def test_nesting_names_values_and_lengths_over_a_limit_set_one_line_aside():
    deep = b'{"a":' * 40 + b"1" + b"}" * 40
    wide = b"{" + b",".join(b'"n%d":1' % at for at in range(5_000)) + b"}"
    many = b'{"a":[' + b",".join([b"1"] * 20_000) + b"]}"
    named = b'{"' + b"n" * 2_000 + b'":1}'
    data = b"\n".join((deep, wide, many, named, rows(FLAT_WINDOWS)))
    assert bad_reasons(data) == [
        "nested deeper than 32 levels",
        "more than 4096 fields in one event",
        "more than 16384 values in one event",
        "a field name longer than 1024 characters",
    ]
    assert events(data) == [FLAT_WINDOWS]


def test_names_that_multiply_along_a_path_cannot_fill_memory():
    key = b"k" * 1_000
    inner = b"{" + b",".join(b'"c%d":1' % at for at in range(50_000)) + b"}"
    assert events(b'{"' + key + b'":{"' + key + b'":' + inner + b"}}") == []


def test_a_line_over_the_limit_is_cut_counted_and_passed():
    long = b'{"a":"' + b"x" * 5_000 + b'"}'
    data = long + b"\n" + rows(FLAT_WINDOWS)
    limits = Limits(line_bytes=1_000, kept_bytes=100)
    assert bad_reasons(data, limits=limits) == ["a line over 1000 bytes"]
    assert events(data, limits=limits) == [FLAT_WINDOWS]


def test_a_stream_without_line_ends_holds_no_more_than_a_line():
    held = []

    def endless():
        for _ in range(2_000):
            held.append(1)
            yield b"x" * 10_000

    limits = Limits(line_bytes=50_000, kept_bytes=64)
    batches = list(read(endless(), Format.SYSLOG, Options(limits=limits)))
    assert [len(bad.raw) for batch in batches for bad in batch.bad] == [64]
    assert len(held) == 2_000


def test_a_document_over_the_limit_is_refused_with_what_to_do():
    (reason,) = bad_reasons(b"[" + b'{"a":1},' * 100, Format.JSON, Limits(document_bytes=100))
    assert "write one record a line" in reason


def test_a_million_empty_lines_come_in_small_batches():
    sizes = [len(batch.events) for batch in read([b"\n" * 1_000_000], Format.JSONL)]
    assert sum(sizes) == 0
    assert len(sizes) > 100


def test_a_stream_of_invented_names_empties_the_memory_of_names_and_is_read():
    data = rows(
        *({**FLAT_WINDOWS, **{f"n{row}_{at}": 1 for at in range(900)}} for row in range(80))
    )
    assert [len(event) for event in events(data)] == [900 + len(FLAT_WINDOWS)] * 80
