"""Live rows A26, A50 and A71: cut off from each other, told different things, clocks set wrong."""

import os
import signal
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from detente.charter import Confirm, Yes
from detente.node.clock import now
from detente.signing import format_time
from tests.live.mischief import clear, told
from tests.live.test_governance import ballot, proposal, renewal, show_papers, versions
from tests.live.test_log_integrity import shown_fork, warning
from tests.live.unit import cosigned_size, eventually, faults, kept, proofs, taken


def test_a50_two_charters_for_two_halves_bind_neither_and_show_a_fork(unit, tmp_path):
    liar = unit.liar
    halves = {"Aurel": renewal(unit, 100), "Borea": renewal(unit, 200)}
    show_papers(liar, *halves.values())
    for name, new in halves.items():
        bodies = [proposal(new), ballot(Yes, new), ballot(Confirm, new)]
        entries = [clear(liar, body.KIND, body.to_json())(seq) for seq, body in enumerate(bodies)]
        liar.show_log(entries, to=name)
    shown_fork(unit, tmp_path)
    assert versions(unit) == [1, 1]


def test_a71_who_is_cut_off_goes_on_alone_and_catches_up(unit):
    aurel, borea = unit.nodes
    first = aurel.say("198.51.100.71")
    eventually(lambda: first in kept(borea), within_s=20)
    borea.process.send_signal(signal.SIGSTOP)
    try:
        meanwhile = [aurel.say(f"198.51.100.{n}") for n in (72, 73)]
        unit.settle_down()
        assert set(meanwhile) <= set(kept(aurel))
        assert versions(unit) == [1, 1]
    finally:
        borea.process.send_signal(signal.SIGCONT)
    eventually(lambda: set(meanwhile) <= set(kept(borea)), within_s=60)
    eventually(lambda: cosigned_size(borea, aurel.origin) == 3, within_s=30)
    for node, other in (unit.nodes, unit.nodes[::-1]):
        assert [who for who, _, _ in proofs(node) if who == other.member] == []
        assert faults(node, other.member) == []


BACK = """
import datetime
import detente.node.clock as clock
right = clock.now
clock.now = lambda: right() - datetime.timedelta(seconds=200)
"""


def test_a26_a_clock_that_was_set_back_gives_no_earlier_time(unit, tmp_path):
    """Within the skew that honest clocks may have; beyond it see docs/threats.md."""
    aurel, borea = unit.nodes
    aurel.say("198.51.100.26")
    eventually(lambda: cosigned_size(borea, aurel.origin) == 1, within_s=20)
    before = cosigned_at(borea)
    borea.stop()
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock" / "sitecustomize.py").write_text(BACK)
    borea.environment["PYTHONPATH"] = f"{tmp_path / 'clock'}:{pythonpath()}"
    borea.start()
    own = borea.say("198.51.100.28")
    said_at = told(borea, "statement", "show", own)["time"]
    assert said_at < format_time(now() - timedelta(seconds=150))  # it is set back indeed
    aurel.say("198.51.100.27")
    eventually(lambda: cosigned_size(borea, aurel.origin) == 2, within_s=30)
    assert cosigned_at(borea) >= before
    assert [who for who, _, _ in proofs(aurel) if who == borea.member] == []


SHIFTED = """
import datetime
import pathlib
import detente.node.clock as clock
right = clock.now
shift = pathlib.Path(__file__).with_name("shift")
clock.now = lambda: right() + datetime.timedelta(seconds=int(shift.read_text() or 0))
"""


@pytest.mark.parametrize("shift", [-3_600, 3_600])
def test_a26_a_clock_an_hour_off_is_noticed_and_signs_and_blames_nothing(unit, tmp_path, shift):
    aurel, borea = unit.nodes
    liar = unit.liar
    clock = tmp_path / "clock"
    clock.mkdir()
    (clock / "sitecustomize.py").write_text(SHIFTED)
    (clock / "shift").write_text("0")
    for node in unit.nodes:
        node.stop()
    # Whoever is there signs the time each minute; here oftener, so that nobody need wait.
    with (aurel.directory / "detente.toml").open("a") as settings:
        settings.write("checkpoint_every_s = 2\n")
    borea.environment["PYTHONPATH"] = f"{clock}:{pythonpath()}"
    for node in unit.nodes:
        node.start()
    first = aurel.say("198.51.100.60")
    liar.say(liar.entry(liar.next))
    eventually(lambda: first in kept(borea) and taken(borea, liar.origin) == 1, within_s=20)
    eventually(lambda: cosigned_size(borea, aurel.origin) == 1, within_s=20)
    (clock / "shift").write_text(str(shift))
    second = aurel.say("198.51.100.61")
    liar.say(lambda seq: liar.entry(seq, "203.0.113.60"))
    side = "behind" if shift < 0 else "ahead of"
    eventually(signing_on(liar, lambda: f"s {side} what" in borea.words()), every_s=1)
    before = cosigned_size(borea, aurel.origin)
    third = aurel.say("198.51.100.62")
    unit.settle_down(3)
    assert cosigned_size(borea, aurel.origin) == before
    refused = borea.run("statement", "publish", warning(tmp_path))
    assert refused.returncode != 0
    assert b"Set the clock" in refused.stderr
    assert b"s " + side.encode() in (borea.directory / "clock.wrong").read_bytes()
    assert faults(borea, aurel.member) == []
    (clock / "shift").write_text("0")
    fourth = aurel.say("198.51.100.63")
    liar.say(lambda seq: liar.entry(seq, "203.0.113.61"))
    again = "agrees with what others sign again"
    eventually(signing_on(liar, lambda: again in borea.words()), every_s=1)
    eventually(lambda: {second, third, fourth} <= set(kept(borea)), within_s=40)
    for node, other in (unit.nodes, unit.nodes[::-1]):
        assert faults(node, other.member) == []
        assert [who for who, _, _ in proofs(node) if who == other.member] == []


def signing_on(liar, condition):
    """Let the hostile member sign the time again, as all who are there do, at each look."""

    def look():
        liar.show_log(liar.entries)
        return condition()

    return look


def pythonpath():
    return os.environ.get("PYTHONPATH", "")


def cosigned_at(node):
    """Return the latest time that a node's own cosigners gave for any log."""
    with closing(sqlite3.connect(f"file:{node.directory}/state.sqlite?mode=ro", uri=True)) as found:
        return found.execute("SELECT max(timestamp) FROM witness_state").fetchone()[0]
