"""The exercise tells the truth about itself, and leaves nothing behind whatever happens to it.

Its scenes hold whichever rival lies; a scene that does not hold is said to have failed; what
is killed leaves no process, and its directory goes with the next run; nobody else's file is
ever touched.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from detente.errors import EnvironmentFault, UnitError
from detente.node.exercise import play, scenes
from detente.node.exercise.leftovers import Evidence, run_directory, sweep
from detente.node.exercise.scene import Scene, facts
from tests.edge.typed import Terminal, environment

LOCAL = ["founding", "receipt", "fork", "copy", "audit", "garbage", "theft", "flood"]
KILLED = Path(__file__).with_name("exercise_until_killed.py")


@pytest.fixture
def own_tmp(tmp_path, monkeypatch):
    """A temporary directory for the runs of this test alone."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return place


@pytest.fixture
def script(monkeypatch):
    """Let the exercise have other scenes."""

    def play_instead(*runs):
        made = tuple(
            Scene(name=f"scene-{number}", story="", expected="as promised", run=run)
            for number, run in enumerate(runs)
        )
        monkeypatch.setattr(scenes, "SCRIPT", made)

    return play_instead


def test_every_scene_holds_whichever_rival_lies_and_two_runs_do_not_disturb_each_other(
    own_tmp, tmp_path
):
    words = [word for name in LOCAL for word in ("--scene", name)]
    one = subprocess.Popen(
        [sys.executable, "-m", "detente", "exercise", "--headless", "--hostile", "aurel",
         "--seed", "7", "--evidence", tmp_path / "one", "--json", tmp_path / "one.json", *words],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    other = play(evidence=tmp_path / "other", seed=1, hostile="borea", only=LOCAL)
    out, err = one.communicate(timeout=300)
    assert one.returncode == 0, err.decode()
    assert out == b"", "the report is a file"
    assert [each for each in other.scenes if not each.held] == []
    assert [scene.scene for scene in other.scenes] == LOCAL
    rows = json.loads((tmp_path / "one.json").read_bytes())["scenes"]
    assert [row["scene"] for row in rows] == LOCAL
    for row in rows:
        assert set(row) == {"scene", "expected", "observed", "verdict", "evidence", "seconds"}
        assert row["verdict"] == "held"
        assert row["observed"] == row["expected"]
        assert row["seconds"] > 0
        assert row["evidence"]
        assert all(Path(file).is_file() for file in row["evidence"])
    assert list(own_tmp.iterdir()) == []


def test_a_scene_that_does_not_hold_is_said_to_have_failed(
    own_tmp, tmp_path, script, monkeypatch, capsysbinary
):
    def breaks(_stage):
        raise AssertionError("ours")

    def refuses(_stage):
        raise UnitError("no", remedy="none")

    script(lambda _stage: "as promised", lambda _stage: "otherwise", breaks, refuses,
           lambda _stage: "as promised")  # fmt: skip
    type_in = Terminal(monkeypatch, capsysbinary)
    report = tmp_path / "report.json"
    answer = type_in("exercise", "--headless", "--evidence", tmp_path / "e", "--json", report)
    assert answer.status == 1
    assert "2 of 5 scenes held" in answer.err
    rows = json.loads(report.read_bytes())["scenes"]
    assert [row["verdict"] for row in rows] == ["held", "failed", "failed", "failed", "held"]
    assert "AssertionError: ours" in rows[2]["observed"]
    (trace,) = rows[2]["evidence"]
    assert b"in breaks" in Path(trace).read_bytes()
    assert rows[3]["evidence"] == []
    assert list(own_tmp.iterdir()) == []


def test_a_machine_that_refuses_is_no_scenes_fault(own_tmp, tmp_path, script):
    def full(stage):
        (tmp_path / "e/scene-0").write_text("a file where a folder should be")
        stage.keep("x", b"")

    script(full)
    with pytest.raises(EnvironmentFault):
        play(evidence=tmp_path / "e", seed=1, hostile="aurel")
    assert list(own_tmp.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_what_is_killed_leaves_no_process_and_its_directory_goes_with_the_next_run(
    own_tmp, tmp_path, number
):
    fifo, evidence = tmp_path / "fifo", tmp_path / "evidence"
    os.mkfifo(fifo)
    running = subprocess.Popen(
        [sys.executable, KILLED, fifo, evidence],
        env=environment(PYTHONPATH=os.pathsep.join(sys.path)), stderr=subprocess.PIPE,
    )  # fmt: skip
    eventually(lambda: children_of(running.pid, fifo))
    children = children_of(running.pid, fifo)
    assert len(list(own_tmp.iterdir())) == 2, "a directory and its lock"
    running.send_signal(number)
    _out, err = running.communicate(timeout=60)
    eventually(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
    if number != signal.SIGKILL:
        assert running.returncode == {signal.SIGTERM: 143, signal.SIGINT: 130}[number], err
        assert b"Traceback" not in err
    else:
        assert len(list(own_tmp.iterdir())) == 2
        sweep()
    assert list(own_tmp.iterdir()) == []
    Evidence(evidence).close()


def children_of(process, named):
    """Return the processes begun by one, whose command line names a file."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(place.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            words = place.joinpath("cmdline").read_bytes()
        except OSError:
            continue
        if parent == process and str(named).encode() in words and b"receipt" in words:
            found.append(int(place.name))
    return found


def eventually(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_run_that_lives_is_never_swept_by_another(own_tmp):
    with run_directory() as mine:
        (mine / "file").write_text("x")
        with run_directory() as other:
            assert other != mine
        sweep()
        assert (mine / "file").exists()
    assert list(own_tmp.iterdir()) == []


def test_sweeping_follows_no_link_and_touches_nothing_with_another_name(own_tmp, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    (own_tmp / "detente-exercise-aa.lock").write_text("")
    (own_tmp / "detente-exercise-aa").symlink_to(precious)
    (own_tmp / "detente-exercise-bb.lock").symlink_to(precious / "file")
    (own_tmp / "detente-exercise-notes").mkdir()
    sweep()
    assert (precious / "file").read_text() == "x"
    assert (own_tmp / "detente-exercise-notes").exists()


# --- evidence -----------------------------------------------------------------------------


def test_evidence_replaces_only_what_an_exercise_wrote(tmp_path):
    root = tmp_path / "evidence"
    first = Evidence(root)
    first.keep("fork", "fork.proof", b"1")
    first.keep("fork", "fork.proof", b"2")
    first.close()
    (root / "notes.txt").write_text("mine")
    (root / "fork/notes.txt").write_text("mine")
    (root / "mine").mkdir()
    (root / "mine/notes.txt").write_text("mine")
    second = Evidence(root)
    assert not (root / "fork/fork.proof").exists()
    with pytest.raises(EnvironmentFault, match="not made by an exercise"):
        second.keep("fork", "notes.txt", b"ours")
    second.close()
    for place in ("notes.txt", "fork/notes.txt", "mine/notes.txt"):
        assert (root / place).read_text() == "mine"


def test_a_directory_of_somebody_elses_files_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(EnvironmentFault, match="no exercise made") as told:
        Evidence(tmp_path)
    assert "--evidence" in told.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_one_directory_takes_the_evidence_of_one_run_at_a_time(tmp_path):
    first = Evidence(tmp_path / "evidence")
    kept = first.keep("fork", "fork.proof", b"1")
    with pytest.raises(EnvironmentFault, match="in use by another exercise"):
        Evidence(tmp_path / "evidence")
    assert kept.read_bytes() == b"1"
    first.close()


@pytest.mark.parametrize(
    "line", ["../precious", "/etc/passwd", "a/../../precious", "a/b/c", "", "a/", "/", "./precious"]
)
def test_a_list_that_was_forged_leads_nowhere(tmp_path, line):
    (tmp_path / "precious").write_text("mine")
    root = tmp_path / "evidence"
    Evidence(root).close()
    (root / ".exercise-files").write_text(f"{line}\nlink/file\n")
    (root / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/file").write_text("mine")
    Evidence(root).close()
    assert (tmp_path / "precious").read_text() == "mine"
    assert (tmp_path / "elsewhere/file").read_text() == "mine"


def test_facts_read_the_same_on_both_sides():
    assert facts(valid=True, members=3, honest_framed=False) == (
        "valid: yes; members: 3; honest framed: no"
    )
