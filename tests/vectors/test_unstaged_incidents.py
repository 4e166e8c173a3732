"""Incidents of the record that the generator of logs does not stage, inside its quiet days.

I4 and I5 (scans of results sites, with injections or without) and the web shell of I8 are played
by lines of our own; the page that leads elsewhere of I7 is no log line (test_look_alikes).
"""

import random
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from bench.systems import made
from detente.node.rulesets import SHIPPED, RuleChoice, load_rules
from detente.node.scanning import Scan, Summary, scan
from tests.shared import shared_path

NIGHT = datetime(2026, 9, 14, 2, 10, tzinfo=UTC)
OFFICES = ("office-a", "office-b", "office-c")
SCANNER, SHELL = "198.51.100.201", "198.51.100.202"
TRIED = (
    "admin",
    "backup",
    "cgi-bin",
    "config",
    "console",
    "dump",
    "old",
    "portal",
    "results",
    "sql",
)
INJECTED = ("1%27%20OR%20%271%27=%271", "1%27%20UNION%20SELECT%20NULL--", "1%20AND%20SLEEP(5)")
_TIME = re.compile(rb"\[([^\]]+)\]")


def line(moment, source, asked, status, method="GET"):
    stamp = moment.strftime("%d/%b/%Y:%H:%M:%S")
    return (
        f'{source} - - [{stamp} -0500] "{method} {asked} HTTP/1.1" {status} 512 "-" "Mozilla/5.0"'
    ).encode()


def scanned(chance, source=SCANNER):
    """Eighty pages that are not there, in four minutes."""
    pages = [f"/{chance.choice(TRIED)}/{chance.randrange(10**6)}" for _ in range(80)]
    return [line(NIGHT + timedelta(seconds=3 * n), source, p, 404) for n, p in enumerate(pages)]


def injected():
    """What a scan of the results site goes on to try."""
    return [
        line(
            NIGHT + timedelta(minutes=9, seconds=n),
            SCANNER,
            f"/results/2026-primary?id={each}",
            500,
        )
        for n, each in enumerate(INJECTED)
    ]


def uploaded():
    """A small script among pictures, spoken to."""
    return [
        line(NIGHT + timedelta(minutes=20, seconds=40 * n), SHELL, "/uploads/logo.php", 200, "POST")
        for n in range(3)
    ]


def by_time(lines):
    def moment(row):
        return datetime.strptime(_TIME.search(row)[1].decode(), "%d/%b/%Y:%H:%M:%S %z")

    return sorted(lines, key=moment)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    tool = shared_path("tools", "make_weblogs.py")
    return made(tool, tmp_path_factory.mktemp("quiet"), "--clean", "--benign", "6000")


@pytest.fixture(scope="module")
def told_of(tmp_path_factory):
    kept = tmp_path_factory.mktemp("kept")
    loaded = load_rules(RuleChoice((SHIPPED,)), today=date(2026, 11, 3), keep=kept)

    def told(*files):
        what = Scan(loaded, [str(file) for file in files], jobs=1)
        return list(scan(what, Summary(), now=datetime(2026, 11, 9, tzinfo=UTC).timestamp()))

    return told


@pytest.mark.parametrize(
    ("incident", "titles"),
    [
        ("I4", {"Many pages that are not there", "SQL in the address of a web request"}),
        ("I5", {"Many pages that are not there"}),
        ("I8", {"Script among uploads"}),
    ],
)
def test_an_incident_is_found_inside_quiet_days_and_nobody_else_is(
    quiet, told_of, tmp_path, incident, titles
):
    chance = random.Random(incident)
    staged = {
        "I4": {"office-a": [*scanned(chance), *injected()]},
        # Each state's site is scanned a little, and by the same source.
        "I5": {office: scanned(chance) for office in OFFICES},
        "I8": {"office-b": uploaded()},
    }[incident]
    for office, lines in staged.items():
        log = tmp_path / f"{office}.log"
        known = (quiet / office / "access.log").read_bytes().splitlines()
        whole = by_time([*known, *lines])
        log.write_bytes(b"\n".join(whole) + b"\n")
        told = told_of(log)
        # A page that is not there is told only once many are.
        loud = [each for each in told if each.level != "informational"]
        assert {each.title for each in loud} >= titles, office
        assert {whole[each.line] for each in loud} <= set(lines), office


def test_of_the_quiet_days_alone_nothing_is_said(quiet, told_of):
    told = told_of(*(quiet / office / "access.log" for office in OFFICES))
    assert [each for each in told if each.level != "informational"] == []
