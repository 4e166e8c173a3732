"""A voter's row stays in the office; a broken file is said with its line."""

import gzip
import json

import pytest
from click.testing import CliRunner

from detente.cli.main import root
from detente.elections.rolls import parse_layout
from detente.errors import EnvironmentFault, InputError
from detente.node.roll_files import (
    RollFiles,
    compare_rolls,
    read_layout,
    read_log,
    read_look_ups,
    read_weeks,
)
from detente.node.roll_keeping import keep_roll, read_kept

LAYOUT = {"key": "id", "columns": ["id", "last_name", "status"]}


@pytest.fixture
def office(tmp_path):
    (tmp_path / "layout.json").write_text(json.dumps(LAYOUT))
    (tmp_path / "a.tsv").write_text("id\tlast_name\tstatus\nV1\tKOWALSKA\tA\nV2\tNOWAK\tA\n")
    (tmp_path / "b.tsv").write_text("id\tlast_name\tstatus\nV1\tKOWALSKX\tA\nV2\tNOWAK\tA\n")
    (tmp_path / "log.csv").write_text("time,voter,action,field,old,new,operator,source,form\n")
    return tmp_path


def run(office, *more):
    words = ["elections", "rolls", "compare", str(office / "a.tsv"), str(office / "b.tsv")]
    words += ["--layout", str(office / "layout.json"), "--log", str(office / "log.csv")]
    return CliRunner().invoke(root, [*words, *more], standalone_mode=False)


def test_a_silent_edit_is_told_without_a_voter(office):
    done = run(office, "--json")
    assert done.return_value == 1
    answer = json.loads(done.stdout)
    assert [(row["signal"], row["count"]) for row in answer["signals"]] == [("silent_edit", 1)]
    assert answer["columns"] == {"last_name": 1}
    for secret in ("V1", "KOWALSK"):
        assert secret not in done.stdout + done.stderr


def test_ids_are_shown_only_on_request_to_this_user_and_that_is_recorded(office):
    run(office, "--show-voters", str(office / "ids.json"))
    shown = office / "ids.json"
    assert json.loads(shown.read_text()) == {"silent_edit": ["V1"]}
    record = office / "voters-shown.jsonl"
    assert [path.stat().st_mode & 0o777 for path in (shown, record)] == [0o600, 0o600]
    run(office, "--show-voters", str(office / "ids.json"))
    said = [json.loads(line) for line in record.read_text().splitlines()]
    assert [(row["file"], row["voters"]) for row in said] == [("ids.json", 1)] * 2


def test_a_link_in_the_way_is_not_followed(office):
    (office / "ids.json").symlink_to(office / "elsewhere")
    assert "cannot be written" in str(
        run(office, "--show-voters", str(office / "ids.json")).exception
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("voter\tfield\n", "no column 'action'"),
        ("voter,action\nV1,explode\n", ":2: the action 'explode'"),
        ("voter,action,time\nV1,add\n", ":2: 2 columns instead of 3"),
        ("voter,action,time\nV1,add,yesterday\n", ":2: 'yesterday' is no time"),
    ],
)
def test_a_broken_log_is_refused_with_its_line(tmp_path, text, said):
    (tmp_path / "log").write_text(text)
    with pytest.raises(InputError, match=said):
        list(read_log(tmp_path / "log"))


def test_broken_tables_beside_it_are_refused_with_their_line(tmp_path):
    (tmp_path / "weeks").write_text("county,week,registered,removed\nM,1,many,2\n")
    with pytest.raises(InputError, match="weeks:2"):
        list(read_weeks(tmp_path / "weeks"))
    (tmp_path / "looks").write_text("time,ip,id\nnever,192.0.2.1,5\n")
    with pytest.raises(InputError, match="looks:2"):
        list(read_look_ups(tmp_path / "looks"))


HEAD = b"id\tlast_name\tstatus\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (HEAD + b"V1\tKOWALSKA\tA\nV2\tNOW", "ends within a row: 2 of 3 columns"),
        (HEAD, "no row below"),
        (b"", "b.tsv:1: the header of the second snapshot"),
        (b"id\tstatus\nV1\tA\n", "b.tsv:1: the header of the second snapshot"),
        (gzip.compress(HEAD, mtime=0), "packed with gzip"),
        (HEAD.decode().encode("utf-16"), "UTF-16"),
    ],
)
def test_half_a_roll_is_refused_and_never_told_as_removed(office, data, said):
    (office / "b.tsv").write_bytes(data)
    with pytest.raises(InputError, match=said):
        compare_rolls(RollFiles(office / "a.tsv", office / "b.tsv", office / "layout.json"))
    with pytest.raises(InputError):
        keep_roll(office / "b.tsv", office / "layout.json", office / "kept")
    assert not (office / "kept").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": 1}'])
def test_what_is_no_layout_names_its_file(tmp_path, text):
    (tmp_path / "layout").write_text(text)
    with pytest.raises(InputError, match="layout"):
        read_layout(tmp_path / "layout")


def test_what_is_kept_of_a_roll_are_hashes_for_this_user_and_they_find_the_same(office):
    kept = office / "a.kept"
    words = ["elections", "rolls", "keep", str(office / "a.tsv")]
    words += ["--layout", str(office / "layout.json"), "--out", str(kept), "--json"]
    done = CliRunner().invoke(root, words, standalone_mode=False)
    assert json.loads(done.stdout)["rows"] == 2
    for file in (kept, office / "a.kept.key"):
        assert file.stat().st_mode & 0o777 == 0o600
        assert b"KOWALSKA" not in file.read_bytes()
    (office / "a.tsv").unlink()
    kept.rename(office / "a.tsv")
    (office / "a.kept.key").rename(office / "a.tsv.key")
    answer = json.loads(run(office, "--json").stdout)
    assert [(row["signal"], row["count"]) for row in answer["signals"]] == [("silent_edit", 1)]
    assert answer["rows"] == {"before": 2, "after": 2, "removed": 0, "added": 0, "changed": 1}


def keep(office, name):
    keep_roll(office / "a.tsv", office / "layout.json", office / name)
    return office / name


def test_each_keeping_has_its_own_key_and_overwrites_nothing(office):
    one, other = keep(office, "one"), keep(office, "other")
    assert one.read_bytes() != other.read_bytes()
    with pytest.raises(EnvironmentFault, match="File exists"):
        keep(office, "one")


@pytest.mark.parametrize("cut", [10, 40, -1])
def test_kept_hashes_that_are_cut_are_refused(office, cut):
    kept = keep(office, "kept")
    kept.write_bytes(kept.read_bytes()[:cut])
    with pytest.raises(InputError, match="no whole kept hashes"):
        read_kept(kept, read_layout(office / "layout.json"))


def test_kept_hashes_without_their_key_or_of_another_layout_are_refused(office):
    kept = keep(office, "kept")
    other = parse_layout({"key": "status", "columns": LAYOUT["columns"]})
    with pytest.raises(InputError, match="another layout"):
        read_kept(kept, other)
    (office / "kept.key").unlink()
    with pytest.raises(InputError, match="cannot be read"):
        read_kept(kept, read_layout(office / "layout.json"))


def test_the_power_of_the_checks_is_said_and_drawn_without_a_row(tmp_path):
    (tmp_path / "layout.json").write_text(json.dumps(LAYOUT))
    rows = "".join(f"V{n}\tNAME{n}\t{'AI'[n % 2]}\n" for n in range(600))
    (tmp_path / "a.tsv").write_text(f"id\tlast_name\tstatus\n{rows}")
    words = ["elections", "rolls", "power", str(tmp_path / "a.tsv"), "--layout"]
    words += [str(tmp_path / "layout.json"), "--periods", "5", "--svg", str(tmp_path / "p.svg")]
    done = CliRunner().invoke(root, [*words, "--json"], standalone_mode=False)
    answer = json.loads(done.stdout)
    classes = {row["class"]: row for row in answer["curves"]}
    assert {"silent_edit", "mass_removal", "id_enumeration"} <= set(classes)
    assert "one_field_burst" not in classes  # this layout has no party
    assert [point["detected"] for point in classes["silent_edit"]["points"]] == [1.0] * 8
    assert "NAME1" not in done.stdout + (tmp_path / "p.svg").read_text()
