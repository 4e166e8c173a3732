"""What is installed is what was looked at: every version pinned, every file hashed. (ADR 0001)"""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.shared import ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINNED = {
    name: (Version(version), block.count("--hash=sha256:"))
    for block in re.split(r"\n(?=\S)", LOCK)
    for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", block)
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_every_line_of_the_lock_is_a_pinned_version_with_hashes():
    assert len(PINNED) > 30
    assert all(hashes > 0 for _, hashes in PINNED.values())


def test_the_lock_holds_each_dependency_at_a_version_the_project_allows():
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, wanted):
        version, _ = PINNED[requirement.name]
        assert requirement.specifier.contains(version), f"{requirement} but {version} is locked"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-peers.lock"])
def test_no_lock_names_an_index(name):
    lock = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--index" not in lock
    assert "--find-links" not in lock


def test_every_line_of_the_lock_of_the_peers_is_a_pinned_version_with_hashes():
    lock = (ROOT / "requirements-peers.lock").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\S)", lock)
    assert len(blocks) > 20
    assert all(re.match(r"[\w.-]+==[\w.]+", each) and "--hash=sha256:" in each for each in blocks)
