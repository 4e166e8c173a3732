"""What we ship works where we are not: the wheel runs alone in an empty environment. (README)"""

import os
import re
import shutil
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.shared import ROOT

SHIPPED = ("src", "pyproject.toml", "README.md", "LICENSE", "NOTICE")


def run(*command, **options):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(command, capture_output=True, text=True, env=clean, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """Build the sdist, and the wheel out of the sdist, as a release would."""
    copy = tmp_path_factory.mktemp("source")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, copy / name)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist", ".", cwd=copy)
    return copy / "dist"


@pytest.fixture(scope="module")
def wheel(distributions):
    (path,) = distributions.glob("detente-*.whl")
    return path


def empty_environment(folder: Path, *, with_pip: bool) -> Path:
    venv.create(folder, with_pip=with_pip, symlinks=True)
    return folder / "bin" / "python"


def declared_closure(name: str) -> set[str]:
    """Return every distribution that `name` says it needs, and what those need."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for text in metadata.requires(waiting.pop()) or []:
            requirement = Requirement(text)
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if wanted and requirement.name.lower() not in found:
                found.add(requirement.name.lower())
                waiting.append(requirement.name)
    return found


def lay_out(names: set[str], folder: Path) -> None:
    """Show just these distributions of our environment to another: links, nothing downloaded."""
    folder.mkdir()
    for name in names:
        distribution = metadata.distribution(name)
        tops = {Path(str(file)).parts[0] for file in distribution.files or []}
        for top in tops - {"..", "__pycache__"}:
            place = Path(str(distribution.locate_file(top)))
            if place.exists() and not (folder / top).exists():
                (folder / top).symlink_to(place)


def test_the_sdist_and_the_wheel_carry_the_licence_and_nothing_of_the_tests(distributions, wheel):
    names = run(sys.executable, "-m", "zipfile", "--list", str(wheel))
    assert "licenses/LICENSE" in names
    assert "licenses/NOTICE" in names
    assert "detente/py.typed" in names
    assert "detente/watch/rules/web-sql-injection.yml" in names
    assert "tests/" not in names
    assert list(distributions.glob("detente-*.tar.gz"))


def test_the_wheel_runs_with_only_what_it_declares(wheel, tmp_path):
    python = empty_environment(tmp_path / "empty", with_pip=False)
    lay_out(declared_closure("detente"), tmp_path / "declared")
    (site,) = (tmp_path / "empty" / "lib").glob("python*/site-packages")
    (site / "declared.pth").write_text(f"{tmp_path / 'declared'}\n", encoding="utf-8")
    offline = ["--quiet", "--no-deps", "--no-index"]
    run(sys.executable, "-m", "pip", "--python", str(python), "install", *offline, str(wheel))
    place = run(str(python), "-c", "import detente; print(detente.__file__)", cwd=tmp_path)
    assert place.startswith(str(site))
    assert "detente" in run(str(python.with_name("detente")), "--version", cwd=tmp_path)
    run(str(python.with_name("detente")), "doctor", cwd=tmp_path)


@pytest.mark.soak
def test_the_wheel_runs_in_an_environment_made_from_the_index(wheel, tmp_path):
    python = empty_environment(tmp_path / "fresh", with_pip=True)
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = tmp_path / "pins.txt"
    pins.write_text("\n".join(re.findall(r"^[\w.-]+==[\w.]+", lock, re.MULTILINE)))
    run(str(python), "-m", "pip", "install", "--quiet", "--constraint", str(pins), str(wheel))
    run(str(python.with_name("detente")), "doctor", cwd=tmp_path)
