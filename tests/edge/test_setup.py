"""What is missing is named in one line; root has it installed, and is told so. (README)"""

import shutil
import subprocess

import pytest

from tests.shared import ROOT

NEEDED = ("bash", "cat", "cksum", "dirname")


@pytest.fixture
def machine(tmp_path):
    """A machine with nearly nothing on it: no Python, and a package manager that only notes."""
    project = tmp_path / "project"
    (project / "scripts").mkdir(parents=True)
    for name in ("scripts/setup.sh", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, project / name)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in NEEDED:
        (tools / name).symlink_to(str(shutil.which(name)))
    put(tools / "apt-get", f'echo "$@" >> {tmp_path}/asked; exit 1')
    return tmp_path


def put(path, script):
    path.write_text(f"#!{shutil.which('bash')}\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def set_up(machine, *, user):
    put(machine / "bin" / "id", f"echo {user}")
    return subprocess.run(
        [str(machine / "bin" / "bash"), "scripts/setup.sh"],
        cwd=machine / "project",
        env={"PATH": str(machine / "bin"), "HOME": str(machine)},
        capture_output=True,
        text=True,
    )


def test_without_rights_one_line_names_what_is_missing(machine):
    done = set_up(machine, user=1000)
    assert done.returncode == 3
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "Python 3.11 or later is missing: install the system package python3" in line
    assert not (machine / "asked").exists()


def test_root_has_it_installed_and_is_told(machine):
    done = set_up(machine, user=0)
    assert done.returncode != 0
    assert "is missing: installing the system package python3" in done.stderr
    assert "install -y -qq python3" in (machine / "asked").read_text()


def test_an_interpreter_that_is_too_old_is_passed_over(machine):
    put(machine / "bin" / "python3", "exit 1")
    done = set_up(machine, user=1000)
    assert done.returncode == 3
    assert "Python 3.11 or later is missing" in done.stderr


@pytest.fixture
def environment(machine):
    """An environment that was made from the lock as it is, with an interpreter that only notes."""
    folder = machine / "project" / ".venv"
    (folder / "bin").mkdir(parents=True)
    put(
        folder / "bin" / "python",
        f'if [ "$1" = -c ]; then echo here; else echo "$@" >> {machine}/installed; fi',
    )
    (folder / ".detente-home").write_text("here\n", encoding="utf-8")
    made_from = ("requirements.lock", "pyproject.toml", "scripts/setup.sh")
    stamp = subprocess.run(
        ["bash", "-c", f"cat {' '.join(made_from)} | cksum"],
        cwd=machine / "project",
        capture_output=True,
        check=True,
    )
    (folder / ".detente-lock").write_bytes(stamp.stdout)
    return machine


def test_an_environment_that_fits_is_left_alone(environment):
    done = set_up(environment, user=1000)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (environment / "installed").exists()


def test_a_changed_lock_is_installed_with_hashes_and_nothing_else(environment):
    with (environment / "project" / "requirements.lock").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    done = set_up(environment, user=1000)
    assert done.returncode == 0, done.stderr
    first, second, *_ = (environment / "installed").read_text().splitlines()
    assert "--require-hashes" in first
    assert first.endswith("-r requirements.lock")
    assert "--no-deps --no-build-isolation --editable ." in second
