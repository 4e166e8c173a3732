"""Names come from whatever an office has at hand; a broken row is said, and stops nothing."""

import gzip
import json

import pytest
from click.testing import CliRunner

from detente.cli.main import root
from detente.elections.names.links import host_of
from detente.errors import InputError
from detente.node.look_alikes import Count, read_index, read_names, scan_names
from detente.node.name_pages import read_facts


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
        "facts": "",
    }
    told = CliRunner().invoke(root, words, standalone_mode=False)
    assert "one letter less" in told.stderr
    assert "2 names seen, 1 like one of ours" in told.stderr


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("20-Jun-2026 10:33:04.801 client 10.20.1.26#56464: query: ardencunty.example IN A + "
         "(10.0.0.2)\n", 1),
        ("$ORIGIN example.\n$TTL 60\nweather IN NS ns1.host.example.\n  IN NS ns2.host.example.\n"
         "ardencunty IN NS n.x.\n", 2),
        ("ardencunty.example. 3600 IN NS ns1.host.example.\n", 1),
        ('{"message_type":"certificate_update","data":{"leaf_cert":{"all_domains":'
         '["*.ardencunty.example","x.test"]}}}\n', 2),
        ('{"name_value":"ardencunty.example\\nwww.ardencunty.example"}\n', 2),
        ("2026-06-21T19:01:40-05:00 mx1 gateway[7]: qid=4B71E090 from=<a@ardencunty.example> "
         'display="B" to=<c@d.example> size=9\n', 1),
    ],
)  # fmt: skip
def test_names_are_read_where_they_are_seen(tmp_path, text, lines):
    (tmp_path / "ours.txt").write_text("ardencounty.example\n")
    (tmp_path / "seen").write_text(text)
    count = Count()
    found = list(scan_names(tmp_path / "ours.txt", tmp_path / "seen", count))
    assert found[0].observed.endswith("ardencunty.example")
    assert (count.names, count.refusals) == (lines, 0)


def test_what_is_known_of_a_name_moves_its_score_and_is_said(tmp_path):
    (tmp_path / "ours.txt").write_text("ardencounty.example\n")
    (tmp_path / "seen.txt").write_text("ardencunty.example\narden-county.example\n")
    facts = {
        "ardencunty.example": {"registered": "2026-11-01", "certificate": True, "mx": True},
        "arden-county.example": {"registered": "2001-01-01", "mx": False},
    }
    (tmp_path / "facts.json").write_text(json.dumps(facts))
    words = ["elections", "names", "scan", "--protect", str(tmp_path / "ours.txt"), "--observed"]
    words += [str(tmp_path / "seen.txt"), "--facts", str(tmp_path / "facts.json"), "--json"]
    done = CliRunner().invoke(root, words, standalone_mode=False)
    rows = {row["observed"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert rows["ardencunty.example"]["score"] > rows["arden-county.example"]["score"]
    assert "takes mail" in rows["ardencunty.example"]["facts"]


@pytest.mark.parametrize("text", ["[]", "{", '{"a.b": 1}', '{"a.b": {"registered": "soon"}}'])
def test_what_are_no_facts_is_refused(tmp_path, text):
    (tmp_path / "facts.json").write_text(text)
    with pytest.raises(InputError):
        read_facts(tmp_path / "facts.json")


def test_a_page_that_leads_to_a_look_alike_is_found(tmp_path):
    page = '<a href="https://{}/give">Donate</a><a href="/own">x</a><img src="//cdn.example/a.png">'
    (tmp_path / "a.html").write_text(page.format("actblue.example"))
    (tmp_path / "b.html").write_text(page.format("actblues.example") + '<a href="//new.test">y</a>')
    words = ["elections", "names", "links", str(tmp_path / "a.html"), str(tmp_path / "b.html")]
    done = CliRunner().invoke(root, [*words, "--json"], standalone_mode=False)
    assert done.return_value == 1
    rows = json.loads(done.stdout)["links"]
    assert [(row["host"], row["replaces"]) for row in rows] == [
        ("actblues.example", "actblue.example"), ("new.test", ""),
    ]  # fmt: skip
    same = CliRunner().invoke(root, [*words[:-1], words[-2]], standalone_mode=False)
    assert same.return_value == 0


@pytest.mark.parametrize(
    ("link", "host"),
    [("https://A.example:8443/x", "a.example"), ("//b.example?x", "b.example"),
     ("https://good.example@evil.example/", "evil.example"), ("/own", ""), ("#top", ""),
     ("mailto:x@c.example?subject=y", "c.example"), ("javascript://d.example", "")],
)  # fmt: skip
def test_a_link_leads_where_a_browser_would_go(link, host):
    assert host_of(link) == host
