"""A file is followed to its last line: through rotation by name or by copy, and truncation."""

import gzip
import json
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import InputError
from detente.node.watching_files import QUIET_S, FileFollower
from detente.node.watching_sources import Via, parse_source
from detente.watch.reading import Format


class Reading:
    """A follower that can be stopped and begun again."""

    def __init__(self, path, address=""):
        self.source = parse_source("log", address or f"{path}?format=jsonl")
        self.place = ""
        self.said = []
        self.time = 0.0
        self.lines = []
        self.at = []
        self.forms = []
        self.open()

    def open(self):
        self.follower = FileFollower(
            self.source, self.place, monotonic=lambda: self.time, report=self.said.append
        )

    def restart(self):
        self.follower.close()
        self.open()

    def take(self, lines_max=10_000):
        for _ in range(20):
            portions = self.follower.take(lines_max)
            if not portions:
                return self.lines
            for portion in portions:
                self.lines += portion.lines
                self.at += [(portion.stream, at) for at in portion.at]
                if portion.lines:
                    self.forms.append((portion.form, portion.head))
                self.place = portion.place
        return self.lines


@pytest.fixture
def log(tmp_path):
    return tmp_path / "app.log"


def add(path, *words):
    with path.open("ab") as file:
        file.writelines(word.encode() + b"\n" for word in words)


def test_lines_come_once_and_in_order(log):
    add(log, "1", "2")
    reading = Reading(log)
    assert reading.take() == [b"1", b"2"]
    add(log, "3")
    assert reading.take() == [b"1", b"2", b"3"]
    assert reading.at == [("0", 0), ("0", 2), ("0", 4)]


def test_a_line_is_taken_once_it_ends(log):
    log.write_bytes(b"whole\nhal")
    reading = Reading(log)
    assert reading.take() == [b"whole"]
    with log.open("ab") as file:
        file.write(b"f\n")
    assert reading.take() == [b"whole", b"half"]


def test_a_file_that_is_renamed_is_read_to_its_end(log):
    add(log, "1")
    reading = Reading(log)
    reading.take()
    old = log.with_name("app.log.1")
    log.rename(old)
    add(log, "3")
    add(old, "2")  # its writer had it open still
    assert sorted(reading.take()) == [b"1", b"2", b"3"]
    add(old, "4")
    assert sorted(reading.take()) == [b"1", b"2", b"3", b"4"]
    reading.time += QUIET_S + 1
    reading.take()
    assert len(json.loads(reading.place)["tails"]) >= 1


@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_file_that_is_copied_and_cut_is_read_to_its_end(log, is_stopped):
    add(log, *(f"line {number}" for number in range(50)))
    reading = Reading(log)
    reading.take()
    if is_stopped:
        reading.follower.close()
    add(log, "in the copy alone")
    shutil.copy(log, log.with_name("app.log.1"))
    with log.open("r+b") as file:
        file.truncate(0)
    add(log, "after")
    if is_stopped:
        reading.open()
    assert reading.take()[50:] == [b"in the copy alone", b"after"]
    assert reading.said == []


def test_a_cut_that_grew_beyond_where_reading_stood_is_noticed(log):
    add(log, "a", "b")
    reading = Reading(log)
    reading.take()
    log.write_bytes(b"c\nd\ne\nf\n")
    assert reading.take() == [b"a", b"b", b"c", b"d", b"e", b"f"]
    assert "cut without a copy" in reading.said[0]


def test_rotations_while_nobody_watched_are_caught_up_in_order(log):
    add(log, "1", "2")
    reading = Reading(log)
    reading.take()
    reading.follower.close()
    add(log, "3")
    log.rename(log.with_name("app.log.2"))
    add(log, "4")
    log.rename(log.with_name("app.log.1"))
    add(log, "5")
    reading.open()
    assert reading.take() == [b"1", b"2", b"3", b"4", b"5"]


def test_a_rotated_file_that_is_gone_is_told(log):
    add(log, "1")
    reading = Reading(log)
    reading.take()
    reading.follower.close()
    add(log, "lost")
    packed = log.with_name("app.log.1.gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    add(log, "2 and a little longer")
    reading.open()
    assert reading.take() == [b"1", b"2 and a little longer"]
    assert "a rotated file is gone" in reading.said[0]


def test_a_file_that_is_not_there_yet_is_waited_for(log):
    reading = Reading(log)
    assert reading.take() == []
    add(log, "1")
    assert reading.take() == [b"1"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["add", "part", "rename", "copy", "restart", "take"]), max_size=25))
def test_whatever_happens_to_a_file_each_line_comes_once(tmp_path_factory, steps):
    log = tmp_path_factory.mktemp("logs") / "app.log"
    log.touch()
    reading, count, rotated = Reading(log), 0, 0
    for step in steps:
        if step in ("add", "part"):
            for _ in range(3):
                add(log, f"line number {count}")
                count += 1
        elif step == "restart":
            reading.restart()
        elif step == "take":
            reading.take(2)
        else:
            reading.take()  # a cut hides what nobody read and no copy holds
            rotated += 1
            other = log.with_name(f"app.log.{rotated}")
            if step == "rename":
                log.rename(other)
                log.touch()
            else:
                shutil.copy(log, other)
                with log.open("r+b") as file:
                    file.truncate(0)
    reading.take()
    wanted = sorted(f"line number {number}".encode() for number in range(count))
    assert sorted(reading.lines) == wanted
    reading.follower.close()


def test_a_reader_that_begins_later_knows_the_header(log):
    add(log, "#fields\ta\tb", "1\t2")
    reading = Reading(log, f"{log}?format=zeek")
    reading.take()
    reading.restart()
    add(log, "3\t4")
    reading.take()
    assert reading.forms[-1] == (Format.ZEEK, (b"#fields\ta\tb",))


def test_the_format_is_found_out_and_remembered(log):
    add(log, '{"event_type": "flow", "src_ip": "192.0.2.1"}')
    reading = Reading(log, str(log))
    reading.take()
    reading.restart()
    add(log, "{}")
    reading.take()
    assert [form for form, _ in reading.forms] == [Format.JSONL, Format.JSONL]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("udp://nowhere", "no source"),
        ("ftp://127.0.0.1:1", "no source"),
        ("udp://127.0.0.1:99999", "no source"),
        ("tls://127.0.0.1:1", "needs certificate="),
        ("http://127.0.0.1:1", "needs token="),
        ("nats://127.0.0.1:4222", "names the stream"),
        ("/a.log?colour=red", "does not know colour"),
        ("/a.evtx?format=evtx", "cannot be followed"),
        ("/a.log?rate=fast", "rate is a number"),
        ("", "names no place"),
    ],
)
def test_a_source_that_is_none_is_refused_with_what_to_write(address, says):
    with pytest.raises(InputError, match=says) as caught:
        parse_source("name", address)
    assert caught.value.remedy or "rate" in says


def test_a_source_is_read_as_it_is_written():
    source = parse_source(
        "bus", "nats://[::1]:4222/EVENTS?durable=d&format=syslog&rate=7&purpose=p"
    )
    assert (source.via, source.where, source.form) == (Via.NATS, "[::1]:4222/EVENTS", Format.SYSLOG)
    assert (source.rate, source.purpose, source.options) == (7, "p", {"durable": "d"})
