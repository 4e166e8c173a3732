"""Names come from whatever an office has at hand; a broken row is said, and stops nothing."""

import gzip
import json

import pytest
from click.testing import CliRunner

from detente.cli.main import root
from detente.errors import InputError
from detente.node.look_alikes import Count, read_index, read_names, scan_names


def write(path, data):
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data",
    [
        b"# seen today\nvote.example\n\nv0te.example\n",
        b"name\twhen\nvote.example\t1\nv0te.example\t2\n",
        b'when,"name"\r\n"a, b",vote.example\r\n1,v0te.example\r\n',
        b'{"query": "vote.example"}\n{"query": "v0te.example", "n": 1}\n',
        b'{"protected": ["vote.example", {"name": "v0te.example"}]}',
        b'[\n "vote.example",\n "v0te.example"\n]',
        gzip.compress(b"vote.example\nv0te.example", mtime=0),
    ],
)
def test_every_form_of_a_list_is_read(tmp_path, data):
    count = Count()
    assert [n for _, n in read_names(write(tmp_path / "f", data), count)] == [
        "vote.example",
        "v0te.example",
    ]
    assert (count.names, count.refusals) == (2, 0)


def test_rows_without_a_name_are_counted_and_stop_nothing(tmp_path):
    seen = write(tmp_path / "f", b"no name here\nardencunty.example\n" + b"x" * 200_000 + b"\n")
    ours = write(tmp_path / "ours", b"ardencounty.example\n")
    count = Count()
    assert [row.protects for row in scan_names(ours, seen, count)] == ["ardencounty.example"]
    assert count.refusals == 2
    assert count.refused[0] == "line 1: no name on this line"


def test_names_known_to_be_good_are_left_out(tmp_path):
    ours = write(tmp_path / "ours", b"ardencounty.example\n")
    seen = write(tmp_path / "seen", b"ardencounty.com\nardencounty.net\n")
    known = write(tmp_path / "known", b"ardencounty.com\n")
    found = scan_names(ours, seen, Count(), known=known)
    assert [row.observed for row in found] == ["ardencounty.net"]


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "no names"), (b"vote\n", "no name"), (b"a..b\n", "f:1"), (b"{\n}", "no list of names"),
     (b"[1", "not JSON"), (b"\x1f\x8bbroken", "gzip")],
)  # fmt: skip
def test_a_bad_list_of_own_names_is_refused_with_its_place(tmp_path, data, said):
    with pytest.raises(InputError, match=said):
        read_index(write(tmp_path / "f", data))


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(InputError, match="Check the path"):
        read_index(tmp_path / "nowhere")


def test_the_command_prints_rows_for_machines_and_words_for_people(tmp_path):
    ours = write(tmp_path / "ours", b"ardencounty.example\n")
    seen = write(tmp_path / "seen", b"ardencunty.example\nweather.example\n")
    words = ["elections", "names", "scan", "--protect", str(ours), "--observed", str(seen)]
    done = CliRunner().invoke(root, [*words, "--json"], standalone_mode=False)
    assert json.loads(done.stdout) == {
        "observed": "ardencunty.example",
        "protects": "ardencounty.example",
        "class": "omission",
        "score": 0.9,
    }
    told = CliRunner().invoke(root, words, standalone_mode=False)
    assert "one letter less" in told.stderr
    assert "2 names seen, 1 like one of ours" in told.stderr
