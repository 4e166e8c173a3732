"""`detente watch scan` on real files: the expected detections, whatever the processes. (cli.md)"""

import gzip
import json
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.cli.main import root
from detente.errors import InputError
from detente.node.rulesets import RuleChoice, load_rules
from detente.node.scanning import Engine, Scan, Summary, scan
from detente.watch.reading import Block, JsonLines, Options
from tests.shared import scaled, shared_path

TODAY = date(2026, 11, 23)
RULES = """\
title: Evil image
id: 33333333-3333-4333-8333-333333333331
level: high
status: test
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: evil.exe}, condition: s}
---
title: Evil word
id: 33333333-3333-4333-8333-333333333332
level: low
status: experimental
logsource: {product: windows}
detection: {s: [kiwi], condition: s}
---
title: Evil often
name: often
id: 33333333-3333-4333-8333-333333333333
level: critical
correlation:
  type: event_count
  rules: [33333333-3333-4333-8333-333333333331]
  group-by: [Computer]
  timespan: 1h
  generate: true
  condition: {gte: 3}
"""
CHANNEL = "Microsoft-Windows-Sysmon/Operational"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "rules.yml"
    path.write_text(RULES)
    return path


def sysmon(image="C:\\good.exe", **more):
    return {
        "Channel": CHANNEL,
        "EventID": 1,
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "Image": image,
        "Computer": "pc1",
        "SystemTime": "2024-01-01T00:00:00Z",
        **more,
    }


def loaded(*paths, **choice):
    return load_rules(RuleChoice(tuple(map(str, paths)), ("sysmon",), **choice), today=TODAY)


def rows(rules, *inputs, jobs=1, summary=None):
    what = Scan(loaded(rules), tuple(map(str, inputs)), jobs=jobs)
    found = scan(what, summary or Summary(), now=1.8e9)
    return [(Path(each.input).name, each.line, each.title) for each in found]


def written(path, events):
    path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
    return path


def test_each_detection_names_its_input_and_line_and_a_correlation_follows(rules, tmp_path):
    events = [sysmon(), *(sysmon("x\\EVIL.exe") for _ in range(3)), sysmon(note="Kiwi")]
    path = written(tmp_path / "a.jsonl", events)
    assert rows(rules, path) == [
        ("a.jsonl", 1, "Evil image"),
        ("a.jsonl", 2, "Evil image"),
        ("a.jsonl", 3, "Evil image"),
        ("a.jsonl", 3, "Evil often"),
        ("a.jsonl", 4, "Evil word"),
    ]


def long_input(path, count=6_000):
    images = ("C:\\evil.exe" if at % 7 == 0 else f"C:\\{at % 50}.exe" for at in range(count))
    lines = [
        orjson.dumps(sysmon(image, Computer=f"pc{at % 11}", note="x" * (at % 400)))
        for at, image in enumerate(images)
    ]
    lines[1_000] = b"{broken"
    lines[2_000] = b""
    lines[3_000] = b"{" + b" " * (1 << 21) + b"}"
    path.write_bytes(b"\n".join(lines))
    return path


def test_several_processes_find_the_same_in_the_same_order(rules, tmp_path):
    path = long_input(tmp_path / "long.jsonl")
    seen, alone, together = [], Summary(), Summary()
    for jobs, summary in ((1, alone), (2, together), (3, Summary())):
        seen.append(rows(rules, path, jobs=jobs, summary=summary))
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0]) > 800
    assert (alone.events, alone.bad) == (together.events, together.bad)
    assert alone.bad == 2


def test_packed_input_that_breaks_off_gives_what_came_before_and_says_so(rules, tmp_path):
    packed = gzip.compress(long_input(tmp_path / "long.jsonl").read_bytes())
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(packed[: len(packed) // 2])
    for jobs in (1, 2):
        summary = Summary()
        assert rows(rules, path, jobs=jobs, summary=summary)
        assert "ends before its end" in summary.shown[-1][1].reason


def test_what_is_no_log_in_a_folder_is_passed_over_but_named_it_is_an_error(rules, tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    written(folder / "a.jsonl", [sysmon("x\\evil.exe")])
    (folder / "note.bin").write_bytes(b"\x00\x01nothing known\xff")
    summary = Summary()
    assert rows(rules, folder, summary=summary) == [("a.jsonl", 0, "Evil image")]
    assert "note.bin" in summary.unread[0][0]
    with pytest.raises(InputError, match=r"note\.bin"):
        rows(rules, folder / "note.bin")


@pytest.mark.parametrize(
    ("choice", "titles"),
    [
        ({}, {"Evil image", "Evil word", "Evil often"}),
        ({"min_level": "high"}, {"Evil image", "Evil often"}),
        ({"min_level": "critical"}, {"Evil often"}),
        ({"statuses": ("experimental",)}, {"Evil word", "Evil often"}),
    ],
)
def test_rules_are_chosen_by_level_and_status_and_a_correlation_keeps_what_feeds_it(
    rules, tmp_path, choice, titles
):
    path = written(
        tmp_path / "a.jsonl", [*(sysmon("x\\evil.exe") for _ in range(3)), sysmon(n="kiwi")]
    )
    what = Scan(loaded(rules, **choice), (str(path),), jobs=1)
    assert {each.title for each in scan(what, Summary(), now=1.8e9)} == titles


def test_the_second_start_takes_what_the_first_compiled_and_no_other(rules, tmp_path):
    assert not loaded(rules).was_kept
    again = loaded(rules)
    assert again.was_kept
    (kept,) = (tmp_path / "cache" / "detente" / "rules").iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    kept.write_bytes(kept.read_bytes()[:-9])
    assert not loaded(rules).was_kept, "a damaged set"
    (kept,) = (tmp_path / "cache" / "detente" / "rules").iterdir()
    kept.chmod(0o666)
    assert not loaded(rules).was_kept, "a set that others could have written"
    rules.write_text(RULES.replace("evil.exe", "other.exe"))
    assert not loaded(rules).was_kept, "other rules"


def test_a_folder_for_compiled_sets_that_cannot_be_written_costs_only_time(rules, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
    assert not loaded(rules).was_kept
    assert loaded(rules).rules.program.rules


names = st.sampled_from(
    ["Channel", "EventID", "Provider_Name", "Image", "image", "Ima ge", "n", "_ls"]
)
values = st.one_of(
    st.sampled_from([CHANNEL, 1, "1", True, 1.0, None, "x\\evil.exe", "Kiwi", "[{", "\u212aiwi"]),
    st.lists(st.sampled_from(["evil.exe", 1, None]), max_size=2),
    st.just({"EventID": 1, "Image": "evil.exe"}),
)
lines = st.one_of(
    st.builds(lambda more: orjson.dumps({**sysmon(), **more}), st.dictionaries(names, values)),
    st.dictionaries(names, values).map(orjson.dumps),
    st.sampled_from([b"", b"[]", b"7", b"null", b"{", b'{"a":"\\ud800"}', b'"x"', b"\xff"]),
)


@settings(max_examples=scaled(300, 50_000), deadline=None)
@given(data=st.lists(lines, min_size=1, max_size=12))
def test_lines_asked_one_by_one_and_batches_give_the_same(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "quick-rules.yml"
    if not path.exists():
        path.write_text(RULES)
    rules = loaded(path)
    block = Block(0, data)
    quick, slow = Engine(rules), Engine(rules)
    for _ in range(2):  # the second time names and kinds are known
        one = quick.look_at_lines("log", JsonLines(Options()), block)
        other = slow.look("log", JsonLines(Options()).read(block))
        assert one == other


def detente(*arguments, **more):
    command = [sys.executable, "-m", "detente", "watch", "scan", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, timeout=300, **more)


def test_the_command_takes_many_paths_an_option_and_prints_a_row_for_each_detection(
    rules, tmp_path
):
    one = written(tmp_path / "a.jsonl", [sysmon("x\\evil.exe")])
    two = written(tmp_path / "b.jsonl", [sysmon(), sysmon(a="kiwi")])
    done = detente("--rules", rules, "--events", one, two, "--pipeline", "sysmon", "--json")
    assert done.returncode == 0, done.stderr.decode()
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["input"], row["line"]) for row in found] == [(str(one), 0), (str(two), 1)]
    assert found[0] == {
        "input": str(one),
        "line": 0,
        "rule": "33333333-3333-4333-8333-333333333331",
        "title": "Evil image",
        "level": "high",
        "tags": [],
        "fields": {"Image": "x\\evil.exe"},
    }


def test_standard_input_is_read_and_rows_may_go_to_a_file(rules, tmp_path):
    out = tmp_path / "rows.ndjson"
    done = detente(
        "--rules", rules, "--events", "-", "--output", out,
        input=orjson.dumps(sysmon("x\\evil.exe")),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(out.read_bytes())["input"] == "-"


FORMS = {
    "ocsf": lambda data: [json.loads(line)["time"] for line in data.splitlines()],
    "stix": lambda data: [
        each["first_observed"]
        for each in json.loads(data)["objects"]
        if each["type"] == "observed-data"
    ],
    "navigator": lambda data: [json.loads(data)["versions"]["layer"]],
    "html": lambda data: [b"Evil image" in data and b"2020-01-02" in data],
}


@pytest.mark.parametrize("form", list(FORMS))
def test_other_tools_and_people_get_a_scan_in_their_form_with_the_times_of_events(
    rules, tmp_path, form
):
    log, out = tmp_path / "log.jsonl", tmp_path / "out"
    event = {
        "Channel": CHANNEL,
        "EventID": 1,
        "Image": "evil.exe",
        "UtcTime": "2020-01-02 03:04:05",
    }
    log.write_text(json.dumps(event) + "\n")
    words = ["watch", "scan", "--rules", str(rules), "--events", str(log)]
    done = CliRunner().invoke(root, [*words, "--as", form, "--output", str(out)])
    assert done.exit_code == 0, done.output
    found = FORMS[form](out.read_bytes())
    assert (
        found
        == {
            "ocsf": [1_577_934_245_000],
            "stix": ["2020-01-02T03:04:05.000Z"],
            "navigator": ["4.5"],
            "html": [True],
        }[form]
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rules", "/nowhere.yml", "--events", "-"), "no such file"),
        (("--events", "-"), "--rules"),
        (("--rules",), "--rules"),
    ],
)
def test_bad_usage_ends_with_status_two_and_says_what(arguments, said):
    done = detente(*arguments, input=b"")
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_a_second_start_loads_neither_pysigma_nor_yaml(rules, tmp_path):
    path = written(tmp_path / "a.jsonl", [sysmon()])
    assert detente("--rules", rules, "--events", path).returncode == 0
    words = ("detente", "watch", "scan", "--rules", str(rules), "--events", str(path))
    done = subprocess.run(
        [sys.executable, "-c", LOADED_AFTER, *words],
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.strip() == b"[]"


LOADED_AFTER = """
import sys
from detente.cli import main
sys.argv = sys.argv[1:]
try:
    main()
except SystemExit:
    print(sorted({"sigma", "yaml"} & set(sys.modules)))
"""
SHARED_RULES = ("data", "watch", "sigma-rules.zip")


@pytest.mark.parametrize(
    "name", ["events_20k.jsonl.zst", "events_synthetic.jsonl", "events_mixed.jsonl.zst"]
)
def test_all_of_sigmahq_finds_exactly_what_is_expected(name):
    rules, events = shared_path(*SHARED_RULES), shared_path("data", "watch", name)
    stem = name.split(".")[0].removeprefix("events_")
    expected = json.loads(shared_path("data", "watch", f"expected_{stem}.json").read_bytes())
    wanted = {(rule, line) for rule, lines in expected["hits"].items() for line in lines}
    what = Scan(loaded(rules), (str(events),), jobs=2)
    found = {(each.rule, each.line) for each in scan(what, Summary(), now=1.8e9)}
    assert wanted <= found
    if not expected["partial"]:
        assert found == wanted
    if "not_evaluated" in expected:
        refused = {each.rule for each in what.loaded.rules.refused}
        assert refused == set(expected["not_evaluated"])


def test_every_case_that_sigmahq_recorded_fires_its_rule():
    rules = shared_path(*SHARED_RULES)
    folder = shared_path("data", "watch", "regression")
    cases = json.loads((folder / "manifest.json").read_bytes())["cases"]
    inputs = tuple(str(folder / case["evtx"]) for case in cases)
    found = Counter(
        (each.input, each.rule)
        for each in scan(Scan(loaded(rules), inputs, jobs=1), Summary(), now=1.8e9)
    )
    assert len(cases) == 100
    silent = [
        (case["case"], rule)
        for case, path in zip(cases, inputs, strict=True)
        for rule in case["rules"]
        if found[path, rule] < (case["match_count"] or 1)
    ]
    assert silent == []
