"""The command line as a process among others: pipes, terminals, signals, a full disk."""

import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from tests.edge.offices import copy_unit, make_unit
from tests.edge.typed import environment, process

DETENTE = [sys.executable, "-m", "detente"]
SECRET = "six quiet words nobody would guess"


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit") / "members"
    make_unit(place, ("Aurel", "Borea"))
    return place


@pytest.fixture
def office(founded, tmp_path):
    place = tmp_path / "here"
    copy_unit(founded, place)
    (place / "scanners.csv").write_text("type,value\nipv4-addr,198.51.100.7\n")
    return place


def test_without_a_word_it_shows_what_there_is():
    shown = process()
    assert (shown.status, shown.err) == (0, "")
    assert shown.out == process("--help").out
    assert b"detente exercise --headless" in shown.out
    unknown = process("frobnicate")
    assert (unknown.status, unknown.out) == (2, b"")
    assert "frobnicate" in unknown.err


def test_one_process_says_and_another_reads(office):
    said = process("statement", "publish", "scanners.csv", "--node", "Aurel", "--json", cwd=office)
    assert (said.status, said.err) == (0, "")
    shown = process("statement", "show", said.document["id"], "--node", "Aurel", cwd=office)
    assert shown.document["objects"][0]["pattern"] == "[ipv4-addr:value = '198.51.100.7']"
    assert "198.51.100.7" in shown.err


def test_a_reader_that_leaves_early_is_no_finding_and_no_traceback(office):
    command = f"{sys.executable} -m detente keys show --json --node Aurel; echo $? >&2"
    done = subprocess.run(
        ["bash", "-c", f"({command}) | true"],
        cwd=office, env=environment(), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr
    assert done.stderr.split()[-1] in (b"0", b"3")


@pytest.mark.parametrize("redirected", [">/dev/full", ">&-"])
def test_an_answer_that_cannot_be_written_is_a_fault_of_the_machine(office, redirected):
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m detente keys show --json --node Aurel {redirected}"],
        cwd=office, env=environment(), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert b"standard output cannot be written" in done.stderr
    assert b"Traceback" not in done.stderr


def answer_at_terminal(arguments, answers, cwd):
    """Type answers at a terminal of their own; return the exit status and all that was shown."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(cwd)
        os.execve(sys.executable, [*DETENTE, *arguments], environment(TERM="dumb"))
    shown, waiting = b"", list(answers)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                data = os.read(terminal, 4_096)
            except OSError:
                break  # the child closed it
            shown += data
        if waiting and shown.rstrip().endswith(waiting[0][0]):
            os.write(terminal, waiting.pop(0)[1].encode() + b"\n")
    os.close(terminal)
    _pid, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown


def test_a_passphrase_is_asked_for_and_never_shown(tmp_path):
    asked = [(b"New passphrase:", SECRET), (b"confirmation:", SECRET)]
    status, shown = answer_at_terminal(
        ["init", "office", "--name", "Office", "--passphrase"], asked, tmp_path
    )
    assert (status, SECRET.encode() in shown) == (0, False), shown
    assert not (tmp_path / "office/unlock.key").exists()
    status, shown = answer_at_terminal(
        ["keys", "show", "--node", "office"], [(b"Passphrase:", "wrong")], tmp_path
    )
    assert status == 2
    assert b"does not open these keys" in shown
    nobody = process("keys", "show", "--node", "office", cwd=tmp_path)
    assert nobody.status == 2
    assert "DETENTE_PASSPHRASE_FILE" in nobody.err
    (tmp_path / "words").write_text(SECRET + "\n")
    named = environment(DETENTE_PASSPHRASE_FILE=str(tmp_path / "words"))
    opened = process("keys", "show", "--node", "office", "--json", cwd=tmp_path, env=named)
    assert opened.status == 0
    (tmp_path / "words").write_text("")
    empty = process("keys", "show", "--node", "office", cwd=tmp_path, env=named)
    assert empty.status == 2
    assert "holds no passphrase" in empty.err


def test_a_passphrase_is_not_taken_from_where_it_could_be_seen(tmp_path):
    done = process("init", "office", "--name", "Office", "--passphrase", cwd=tmp_path)
    assert done.status == 2
    assert "nobody is there to be asked" in done.err
    assert not (tmp_path / "office").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_publisher_stopped_at_any_moment_leaves_a_log_that_goes_on(office, number):
    for after_s in (0.4, 0.7):
        running = subprocess.Popen(
            [*DETENTE, "statement", "publish", "scanners.csv", "--node", "Aurel", "--json"],
            cwd=office, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        time.sleep(after_s)
        running.send_signal(number)
        _out, err = running.communicate(timeout=60)
        if running.returncode in (0, 2, 3, 130):
            assert b"Traceback" not in err
    said = process("statement", "publish", "scanners.csv", "--node", "Aurel", "--json", cwd=office)
    assert said.status == 0
    listed = process("statement", "list", "--node", "Aurel", "--json", cwd=office).document
    assert [each["index"] for each in listed["statements"]] == list(
        range(said.document["index"] + 1)
    )


def test_a_full_disk_costs_a_sentence_and_nothing_that_was_said(office):
    process("statement", "publish", "scanners.csv", "--node", "Aurel", cwd=office)
    rows = "".join(f"domain-name,d{number}.example\n" for number in range(2_000))
    (office / "many.csv").write_text("type,value\n" + rows)
    limit = 128  # blocks of 1,024 bytes: no file may grow beyond, as on a full disk
    done = subprocess.run(
        ["bash", "-c", f"trap '' XFSZ; ulimit -f {limit}; {' '.join(DETENTE)} "
         "statement publish many.csv --node Aurel --json"],
        cwd=office, env=environment(), capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr
    listed = process("statement", "list", "--node", "Aurel", "--json", cwd=office).document
    assert len(listed["statements"]) == 1
    assert process(
        "statement", "publish", "many.csv", "--node", "Aurel", "--json", cwd=office
    ).document["index"] in (1, 2)
