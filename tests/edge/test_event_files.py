"""Real files, packed or broken: read within bounds up to the break, and the break is said."""

import gzip
import io
import subprocess
import sys
from types import SimpleNamespace

import pytest
import zstandard

from detente.errors import InputError
from detente.node.event_files import EventInput, Unpacking, event_inputs, read_events
from detente.watch.reading import Format
from tests.core.watch.reading.samples import FLAT_WINDOWS, SAMPLES, rows

NOW = 1_790_000_000.0
LINE = rows(FLAT_WINDOWS)
MANY = LINE * 5_000


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


PACKERS = {"plain": bytes, "gzip": gzip.compress, "zstd": zstd}


def gathered(source: EventInput):
    batches = list(read_events(source, now=NOW))
    return (
        [event for batch in batches for event in batch.events],
        [bad for batch in batches for bad in batch.bad],
    )


@pytest.fixture
def put(tmp_path):
    def write(data: bytes) -> EventInput:
        path = tmp_path / "events"
        path.write_bytes(data)
        return EventInput(str(path))

    return write


@pytest.mark.parametrize("packer", list(PACKERS))
@pytest.mark.parametrize("form", list(SAMPLES), ids=str)
def test_every_format_is_read_from_a_file_packed_or_not(put, packer, form):
    source = put(PACKERS[packer](SAMPLES[form]))
    events, bad = gathered(source)
    assert events
    assert bad == []


@pytest.mark.parametrize("packer", ["gzip", "zstd"])
def test_parts_packed_one_after_the_other_are_all_read(put, packer):
    pack = PACKERS[packer]
    events, bad = gathered(put(pack(LINE * 3) + pack(LINE * 2)))
    assert (len(events), bad) == (5, [])


def test_padding_after_a_gzip_file_is_no_damage(put):
    events, bad = gathered(put(gzip.compress(LINE) + bytes(512)))
    assert (len(events), bad) == (1, [])


@pytest.mark.parametrize("packer", ["gzip", "zstd"])
def test_a_packed_file_cut_short_is_read_to_the_break_and_says_so(put, packer):
    data = b"".join(rows({**FLAT_WINDOWS, "EventRecordID": at}) for at in range(20_000))
    packed = PACKERS[packer](data)
    events, bad = gathered(put(packed[: len(packed) // 2]))
    assert 0 < len(events) < 20_000
    assert bad[-1].reason == f"the {packer} stream ends before its end; what came before was read"
    assert bad[-1].position >= len(events)


@pytest.mark.parametrize("packer", ["gzip", "zstd"])
def test_damage_inside_a_packed_file_ends_it_and_is_said(put, packer):
    packed = bytearray(PACKERS[packer](MANY))
    packed[8:40] = bytes(32)
    _, bad = gathered(put(bytes(packed)))
    assert f"the {packer} stream is damaged" in bad[-1].reason


@pytest.mark.parametrize("packer", ["gzip", "zstd"])
def test_a_bomb_stops_at_its_ratio_and_at_its_total(put, packer):
    source = put(PACKERS[packer](b"\n" * (4 << 20)))
    small = EventInput(source.name, Format.JSONL, unpacking=Unpacking(ratio=10, free_bytes=1 << 16))
    assert "over 10 times its size" in gathered(small)[1][-1].reason
    total = EventInput(source.name, Format.JSONL, unpacking=Unpacking(total_bytes=1 << 20))
    assert "more than 1048576 bytes" in gathered(total)[1][-1].reason


def test_an_event_log_cut_inside_a_chunk_gives_the_records_before(put):
    whole = SAMPLES[Format.EVTX]
    events, bad = gathered(put(whole[: 4_096 + 65_536 + 900]))
    assert len(events) >= 3
    assert "the file ends inside a chunk" in bad[-1].reason


def test_one_damaged_chunk_of_an_event_log_leaves_the_others(put):
    whole = bytearray(SAMPLES[Format.EVTX])
    whole[4_096 : 4_096 + 8] = b"whatever"
    events, bad = gathered(put(bytes(whole)))
    assert (len(events), len(bad)) == (3, 1)


def test_standard_input_is_read_as_a_file_is(monkeypatch):
    data = gzip.compress(SAMPLES[Format.SYSLOG])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    events, bad = gathered(EventInput("-"))
    assert (len(events), bad) == (10, [])


def test_a_pipe_is_read_as_a_file_is():
    code = (
        "from detente.node.event_files import EventInput, read_events\n"
        "print(sum(len(b.events) for b in read_events(EventInput('-'), now=0.0)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=SAMPLES[Format.EVTX], capture_output=True, timeout=60
    )
    assert done.stdout.split() == [b"6"], done.stderr


def test_an_absent_file_a_folder_and_an_unknown_format_are_refused_with_their_name(put, tmp_path):
    with pytest.raises(InputError, match="absent: no such file"):
        gathered(EventInput(str(tmp_path / "absent")))
    with pytest.raises(InputError, match="a folder"):
        gathered(EventInput(str(tmp_path)))
    with pytest.raises(InputError, match=r"events: no known format .* See that it is a log"):
        gathered(put(b"dear diary\nnothing happened today\n"))


def test_a_folder_stands_for_every_file_beneath_it_in_order(tmp_path):
    (tmp_path / "b").mkdir()
    for name in ("c", "a", "b/x"):
        (tmp_path / name).write_bytes(LINE)
    names = event_inputs([str(tmp_path), "-"])
    assert names == [*(str(tmp_path / name) for name in ("a", "b/x", "c")), "-"]
    with pytest.raises(InputError, match="no such file"):
        event_inputs([str(tmp_path / "absent")])
