"""A case of evidence begins with its hash and where it stands; a shared one tells no more. (A71)"""

import json
from contextlib import closing
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import InputError, UnitError
from detente.node.case_beginnings import from_alarm, from_detection, from_warning
from detente.node.case_findings import from_finding
from detente.node.clock import now
from detente.node.home import Home
from detente.node.reading import entry_of, find_statement, receipt_for
from detente.response import case_of
from detente.storage.database import open_database
from detente.storage.detections import AlarmRow, DetectionRow, DetectionShelf, Taken
from detente.storage.handling import HandlingShelf
from detente.tlog import Checkpoint, SignedNote
from detente.watch.alarms import Alarm, AlarmKey
from tests.edge.joint import bring, casework, responder
from tests.edge.offices import copy_unit, cosign, make_unit, opened, warn
from tests.edge.typed import Terminal

EVENT = b'203.0.113.9 - - "GET /roll"'
DETECTION, ALARM = "ab" * 32, "cd" * 32
NIGHT = {
    "findings": [
        {
            "check": "sums",
            "place": "Arden",
            "difference": 40,
            "can_change_winner": True,
            "weight": "high",
            "explanation": "A slip of entry would explain it.",
        }
    ],
    "line": "1 difference",
    "notes": [],
    "rehearsal": False,
}
ROLL = {"signals": [{"signal": "silent-change", "count": 7}], "rows": {"before": 90}}


def detect(database, *, raw=EVENT, title="Odd request", alarm=ALARM, detection=DETECTION):
    at = now().timestamp()
    row = Alarm(alarm, AlarmKey("rule-1", "proxy", "203.0.113.9"), at, at, 3, 1)
    found = DetectionRow(
        detection, alarm, "proxy", "access.log:17", "rule-1", at, at, "{}",
        sha256(EVENT).digest(), raw,
    )  # fmt: skip
    DetectionShelf(database).keep(
        Taken(at=at, alarms=[AlarmRow(row, title, "high", "[]")], detections=[found])
    )


@pytest.fixture
def office(tmp_path):
    with Home.create(tmp_path / "office", name="Aurel") as home:
        pass
    with closing(open_database(home.layout.database)) as database:
        detect(database)
    return tmp_path / "office"


@pytest.fixture
def type_in(monkeypatch, capfdbinary):
    return Terminal(monkeypatch, capfdbinary)


def timeline(type_in, office, case):
    document = type_in("case", "show", case, "--json", "--node", office).document
    return document, [(each["act"], each["says"]) for each in document["timeline"]]


@pytest.mark.parametrize("name", [DETECTION[:12], ALARM[:8]], ids=["detection", "its alarm"])
def test_a_case_of_a_detection_begins_with_the_hash_of_the_event_and_where_it_stood(
    type_in, office, name
):
    case = type_in("case", "open", "--detection", name, "--json", "--node", office).document
    document, entries = timeline(type_in, office, case["thread"])
    assert (document["title"], document["level"], document["private"]) == (
        "Odd request", "high", True
    )  # fmt: skip
    assert [act for act, _ in entries] == ["open", "evidence", "hypothesis"]
    says = entries[1][1]
    assert (says["hash"], says["size"]) == (sha256(EVENT).hexdigest(), len(EVENT))
    assert "source proxy, position access.log:17" in says["words"]
    assert document["hypotheses"][0]["innocent"] is True
    with closing(open_database(office / "state.sqlite")) as database:
        assert HandlingShelf(database).of([ALARM])[ALARM].case == case["thread"]


def test_an_event_that_is_gone_leaves_its_hash_and_an_alarm_without_any_still_makes_a_case(
    tmp_path,
):
    with Home.create(tmp_path / "office", name="Aurel") as home:
        detect(home.database, raw=None, title="evil\u202e\nrule")
        found = from_detection(home, ALARM)
        assert found.evidence.hash == sha256(EVENT).hexdigest()
        assert (found.evidence.size, found.title) == (0, "evil rule")
        assert "no longer kept" in found.evidence.words
        row = DetectionShelf(home.database).alarm(ALARM)
        assert from_alarm(row, None).asked().evidence is None


@pytest.mark.parametrize("name", ["", "abab", "ee" * 8, "abababab%"])
def test_what_names_no_one_detection_opens_nothing(tmp_path, name):
    with Home.create(tmp_path / "office", name="Aurel") as home:
        detect(home.database)
        detect(home.database, alarm="aa" * 32, detection="ab" * 4 + "00" * 28)
        with pytest.raises(InputError, match="no one detection"):
            from_detection(home, name)
        assert casework(home).listed() == []


def test_a_case_of_a_finding_begins_with_the_hash_of_the_file(type_in, office, tmp_path):
    file = tmp_path / "night.json"
    file.write_text(json.dumps(NIGHT))
    case = type_in("case", "open", "--finding", file, "--json", "--node", office).document
    document, entries = timeline(type_in, office, case["thread"])
    assert (document["kind"], document["level"]) == ("results", "high")
    act, says = entries[1]
    assert (act, says["name"]) == ("evidence", "night.json")
    assert (says["hash"], says["size"]) == (
        sha256(file.read_bytes()).hexdigest(), len(file.read_bytes())
    )  # fmt: skip
    assert "sums, Arden, 40" in says["words"]


def test_a_rehearsal_is_called_one_and_is_never_grave():
    found = from_finding("night.json", json.dumps(NIGHT | {"rehearsal": True}).encode())
    assert found.title.startswith("REHEARSAL: ")
    assert found.evidence.words.startswith("REHEARSAL: ")
    assert found.level == "medium"


@pytest.mark.parametrize(
    ("printed", "kind"),
    [
        (ROLL, "rolls"),
        ({"findings": [{"sign": "flood", "place": "web", "count": 9}], "read": {}}, "cyber"),
        ({"links": [{"host": "x.example", "is_like": True, "class": "swap"}]}, "names"),
        ({"observed": "x.example", "protects": "y.example", "class": "swap"}, "names"),
    ],
)
def test_the_answer_of_every_check_is_known(printed, kind):
    assert from_finding("f", json.dumps(printed).encode()).kind == kind


def test_names_one_a_line_are_all_counted():
    row = json.dumps({"observed": "x.example", "protects": "y.example", "class": "swap"})
    found = from_finding("names.ndjson", (row + "\n").encode() * 7)
    assert found.evidence.own.endswith("and 2 more")


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{}", b"\xff\n\xff", b'{"findings": 1, "line": ""}', b'{"a": 1}\n{"a": ',
     b'{"findings": [1], "line": ""}', b'{"findings": [], "line": ""}', b"[" * 5_000],
)  # fmt: skip
def test_what_is_no_finding_is_refused_with_what_would_be_one(data):
    with pytest.raises(InputError) as refused:
        from_finding("f", data)
    assert refused.value.remedy


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=400),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["findings", "line", "signals", "rows", "links", "read", "check", "sign"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_values, st.text(max_size=300))
def test_whatever_a_file_holds_a_case_of_it_has_the_form_of_one_or_it_is_refused(value, name):
    try:
        found = from_finding(name, json.dumps(value).encode())
    except UnitError:
        return
    assert 0 < len(found.title) <= 200
    assert found.title.isprintable()
    assert found.evidence.name.isprintable()
    assert len(found.evidence.body(shared=False)["words"]) <= 8_000


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--detection", DETECTION, "--warning", "5c9f"), "one piece of evidence"),
        ((), "has a title"),
        (("--finding", "roll.json", "--share"), "travel rounded"),
        (("Title", "--finding", "no.json"), "no finding"),
    ],
)
def test_what_cannot_be_a_case_says_why_and_opens_none(
    type_in, office, tmp_path, monkeypatch, words, why
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "roll.json").write_text(json.dumps(ROLL))
    (tmp_path / "no.json").write_text("{}")
    answer = type_in("case", "open", *words, "--node", office)
    assert answer.status == 2
    assert why in answer.err
    assert type_in("case", "list", "--json", "--node", office).document == {"cases": []}


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit") / "members"
    make_unit(place)
    return place


@pytest.fixture
def offices(unit, tmp_path):
    with opened(copy_unit(unit, tmp_path / "copy"), "Aurel", "Borea", "Cantor") as homes:
        yield homes


def test_a_case_of_a_warning_names_the_log_its_place_and_who_saw_it(offices):
    aurel, borea, cantor = offices
    said = warn(aurel)
    cosign(aurel, borea, cantor)
    bring(aurel, borea)
    names = {each.id: each.name for each in borea.charter.members}
    found = from_warning(borea, said.payload_hash, names)
    case = casework(borea).open(found.asked()).thread
    kept = case_of(responder(borea).read(case))
    (evidence,) = kept.evidence
    entry = entry_of(borea, find_statement(borea, said.payload_hash))
    assert evidence.entry.text("hash") == sha256(entry).hexdigest()
    assert evidence.entry.text("statement") == said.payload_hash
    assert kept.thread.opening.texts("about") == (said.payload_hash,)
    words = evidence.entry.text("words")
    assert f"entry {said.seq} of log {said.origin}" in words
    receipt, seen = receipt_for(borea, said.payload_hash)
    tree = Checkpoint.parse(SignedNote.parse(receipt.checkpoint).text)
    assert f"tree of {tree.size} entries, root {tree.root.hex()}, {seen}" in words


def test_a_shared_case_tells_the_hash_and_keeps_the_source_at_its_office(offices):
    aurel, borea, _ = offices
    detect(aurel.database)
    asked = replace(from_detection(aurel, DETECTION).asked(), title="Probes", words="")
    case = casework(aurel).open(asked, readers=[borea.identity.member]).thread
    bring(aurel, borea)
    theirs, ours = responder(borea).read(case), responder(aurel).read(case)
    (evidence,) = case_of(theirs).evidence
    assert evidence.entry.text("hash") == sha256(EVENT).hexdigest()
    told = " ".join(str(dict(each.entry.body)) for each in theirs.placed)
    assert "proxy" not in told
    assert "access.log" not in told
    assert "203.0.113.9" not in told
    (own,) = [each.entry.text("words") for each in ours.placed if each.private]
    assert "source proxy, position access.log:17" in own
