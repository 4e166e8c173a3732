"""Logs of an office are read whole, each by itself; a finding says where, when, what settles it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from detente.cli.main import root
from detente.errors import InputError
from detente.node.system_logs import Read, read_trusted, scan_systems

START = datetime(2026, 9, 1, tzinfo=UTC)


def line(at, client, address, status=200):
    when = f"{START + timedelta(seconds=at):%d/%b/%Y:%H:%M:%S +0000}"
    return f'{client} - - [{when}] "GET {address} HTTP/1.1" {status} 90 "-" "Mozilla/5.0"\n'


def mail(at, sender, shown, to):
    when = (START + timedelta(seconds=at)).isoformat()
    return (
        f'{when} mx1 gateway[7]: qid=4B71E090 from=<{sender}> display="{shown}" to=<{to}> '
        'subject="Guide" size=9 verdict=pass\n'
    )


@pytest.fixture
def logs(tmp_path):
    walked = (line(4 * n, "198.51.100.9", f"/lookup?voter_id={412_000 + n}") for n in range(80))
    (tmp_path / "access.log").write_text("".join(walked) + "no request\n")
    (tmp_path / "mail.log").write_text(
        "".join(mail(600 * n, "help@vendor.example", "Tally Systems", "a@ours.example")
                for n in range(5))
        + mail(9_000, "tally@freemail.example", "Tally Systems", "b@ours.example")
    )  # fmt: skip
    return tmp_path


def run(*words):
    return CliRunner().invoke(root, ["elections", "systems", "scan", *words], standalone_mode=False)


def test_each_log_is_read_by_itself_and_each_finding_says_where_and_when(logs):
    done = run("--events", str(logs), "--json")
    assert done.return_value == 1
    answer = json.loads(done.stdout)
    told = {row["sign"]: row for row in answer["findings"]}
    assert set(told) == {"sequential_enumeration", "trusted_name_elsewhere"}
    walk = told["sequential_enumeration"]
    assert walk["place"] == str(logs / "access.log")
    assert walk["lines"] == list(range(1, 81))
    assert (walk["start"], walk["end"]) == (START.timestamp(), START.timestamp() + 316)
    assert answer["read"] == {"requests": 80, "letters": 6, "others": 0, "bad": 1}


def test_nothing_to_say_ends_well(logs):
    (logs / "mail.log").unlink()
    (logs / "access.log").write_text(line(0, "192.0.2.1", "/"))
    assert run("--events", str(logs)).return_value == 0


def test_trusted_names_come_from_a_file_of_the_office(logs):
    trusted = logs / "trusted.json"
    trusted.write_text('{"Tally Systems": ["freemail.example"]}')
    done = run("--events", str(logs / "mail.log"), "--trusted", str(trusted), "--json")
    assert [row["count"] for row in json.loads(done.stdout)["findings"]] == [5]


@pytest.mark.parametrize("text", ["[]", '{"A": "b"}', "{", "\xff"])
def test_what_is_no_list_of_trusted_names_is_refused(tmp_path, text):
    (tmp_path / "trusted.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError):
        read_trusted(tmp_path / "trusted.json")


def test_a_missing_file_is_said(tmp_path):
    assert "no such file" in str(run("--events", str(tmp_path / "nowhere.log")).exception)


def test_a_request_without_a_readable_time_is_counted_as_left_out(tmp_path):
    rows = [line(n, "192.0.2.1", "/x").replace(":00:00:0", ":99:00:0") for n in range(9)]
    (tmp_path / "access.log").write_text("".join(rows))
    read = Read()
    assert list(scan_systems([str(tmp_path / "access.log")], read, now=4e9)) == []
    assert (read.requests, read.bad) == (0, 9)
