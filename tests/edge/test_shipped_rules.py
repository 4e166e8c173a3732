"""The rules that come with the program find what they are for, and leave people at work alone."""

import random
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
import yaml

from detente.node.exercise.web_days import INJECTED, VISITED, web_days
from detente.node.exercise.windows_days import TOUCHED, windows_days
from detente.node.rulesets import SHIPPED, RuleChoice, load_rules, shipped_rules
from detente.node.scanning import Scan, Summary, scan

UNTIL = datetime(2026, 11, 3, 20, tzinfo=UTC)
SLOW, CAME = "198.51.100.140", "203.0.113.140"
DOCUMENTS = [
    (file.name, said)
    for file in sorted(shipped_rules().glob("*.yml"))
    for said in yaml.safe_load_all(file.read_text(encoding="utf-8"))
]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    kept = tmp_path_factory.mktemp("kept")
    return load_rules(RuleChoice((SHIPPED,)), today=date(2026, 11, 3), keep=kept)


def found(loaded, *files):
    what = Scan(loaded, [str(file) for file in files], jobs=1)
    return list(scan(what, Summary(), now=UNTIL.timestamp()))


@pytest.mark.parametrize(
    ("name", "said"), DOCUMENTS, ids=[f"{n}-{s['title']}" for n, s in DOCUMENTS]
)
def test_a_shipped_rule_says_whose_it_is_what_it_mistakes_and_how_much_it_weighs(name, said):
    assert UUID(said["id"]).version == 4
    assert said["license"] == "Apache-2.0"
    assert said["author"] == "detente"
    assert said["level"] in ("informational", "low", "medium", "high", "critical")
    assert said["falsepositives"]
    assert said["description"].strip().endswith(".")
    assert all(tag.startswith("attack.") for tag in said["tags"])


def test_every_shipped_rule_is_carried_and_has_its_own_id(loaded):
    assert loaded.rules.refused == []
    ids = [said["id"] for _, said in DOCUMENTS]
    assert len(set(ids)) == len(ids) == len(loaded.rules.program.rules)


@pytest.mark.parametrize("seed", range(5))
def test_a_slow_injection_is_found_line_by_line_and_as_one_and_no_visitor_is(
    loaded, tmp_path, seed
):
    days = web_days(random.Random(seed), UNTIL, visits=2_000, injected_by=SLOW)
    (tmp_path / "access.log").write_bytes(days.data)
    told = found(loaded, tmp_path / "access.log")
    lines = days.data.splitlines()
    assert len(days.harm) == INJECTED
    assert {lines[each.line] for each in told} == days.harm
    assert [each.fields for each in told if each.level == "high"] == [{"c-ip": SLOW}]


@pytest.mark.parametrize("seed", range(5))
def test_an_intrusion_is_found_from_the_guessed_password_to_the_cleared_log_and_nobody_else_is(
    loaded, tmp_path, seed
):
    days = windows_days(random.Random(seed), UNTIL, events=2_000, intruded_by=CAME)
    (tmp_path / "windows.jsonl").write_bytes(days.data)
    told = found(loaded, tmp_path / "windows.jsonl")
    lines = days.data.splitlines()
    assert {lines[each.line] for each in told} <= days.harm
    titles = {each.title for each in told if each.level in ("high", "critical")}
    assert titles == {
        "A guessed password let somebody in",
        "A tool of the system fetches a file from the network",
        "The memory of LSASS is written to a file",
        "A program starts itself from a folder that everybody writes to",
        "A log of Windows was cleared",
    }


@pytest.mark.parametrize("seed", range(5))
def test_what_one_address_leaves_elsewhere_is_what_no_rule_looks_at(loaded, tmp_path, seed):
    chance = random.Random(seed)
    web = web_days(chance, UNTIL, visits=500, visited_by=(SLOW, CAME))
    windows = windows_days(chance, UNTIL, events=500, touched_by=(SLOW, CAME))
    (tmp_path / "access.log").write_bytes(web.data)
    (tmp_path / "windows.jsonl").write_bytes(windows.data)
    assert found(loaded, tmp_path / "access.log", tmp_path / "windows.jsonl") == []
    assert web.data.count(f"{SLOW} - ".encode()) == VISITED
    assert windows.data.count(f'"{CAME}"'.encode()) == TOUCHED
    assert web.harm == windows.harm == frozenset()
