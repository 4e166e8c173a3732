"""Figures and event logs read back as they were written, and hostile ones are refused."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.elections import ElectionsError
from detente.elections.results import (
    Check,
    Contest,
    Device,
    Event,
    Heading,
    Level,
    Place,
    Report,
    Turnout,
    as_standard_log,
    as_standard_report,
    as_table,
    chained,
    gaps,
    read_events,
    read_report,
    read_report_xml,
    read_table,
)

NIGHT = datetime(2026, 11, 3, 22, tzinfo=UTC)
HEADING = Heading("Arden County", "General", "2026-11-03", NIGHT)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
KEPT = WORDS.filter(lambda word: word.lower() not in ("all", "total"))
COUNTS = st.none() | st.integers(0, 999)


ANY_TURNOUT = st.builds(Turnout, COUNTS, st.none(), COUNTS, COUNTS)


@st.composite
def reports(draw, turnout=ANY_TURNOUT):
    level = draw(st.sampled_from([Level.PRECINCT, Level.COUNTY, Level.STATE]))
    contests = draw(
        st.lists(
            st.builds(Contest, WORDS, st.just("") | WORDS, st.integers(1, 5)),
            min_size=1, max_size=3, unique=True,
        )
    )  # fmt: skip
    place = {
        Level.PRECINCT: st.builds(Place, st.just("") | KEPT, KEPT),
        Level.COUNTY: st.builds(Place, KEPT),
        Level.STATE: st.just(Place()),
    }[level]
    votes, said = {}, {}
    for at in draw(st.lists(place, min_size=1, max_size=3, unique=True)):
        for contest in contests:
            choices = st.dictionaries(WORDS, st.integers(0, 10**6), min_size=1, max_size=4)
            votes[at, contest] = draw(choices)
            beside = draw(turnout)
            if beside != Turnout():
                said[at, contest] = beside
    return Report("f", level, votes, said, draw(st.booleans()))


def same(seen, meant):
    assert seen.votes == meant.votes
    assert {(key[1].name, key[1].seats) for key in seen.votes} == {
        (key[1].name, key[1].seats) for key in meant.votes
    }
    assert (seen.level, seen.is_test) == (meant.level, meant.is_test)


@given(reports())
@settings(max_examples=60)
def test_a_table_is_read_back(report):
    data = "".join(as_table([report])).encode()
    seen = read_table(data, "f", level=report.level)
    same(seen, report)
    assert seen.turnout == report.turnout


# Ballots cast are told by unit in the standard, not by contest.
@given(reports(st.builds(Turnout, st.none(), st.none(), st.integers(0, 99), COUNTS)))
@settings(max_examples=60)
def test_a_standard_report_is_read_back_and_keeps_a_rehearsals_flag(report):
    document = as_standard_report([report], HEADING)
    (seen,) = read_report(document, "f")
    same(seen, report)
    assert seen.turnout == report.turnout
    assert seen.generated == NIGHT
    assert document["IsTest"] is report.is_test


def xml_of(name, value):
    """The same document as XML: what is called @id and @type become attributes."""
    if isinstance(value, list) and value and not isinstance(value[0], dict):
        return f"<{name}>{' '.join(value)}</{name}>"
    if isinstance(value, list):
        return "".join(xml_of(name, each) for each in value)
    if isinstance(value, bool):
        return f"<{name}>{str(value).lower()}</{name}>"
    if not isinstance(value, dict):
        return f"<{name}>{escape(str(value))}</{name}>"
    attributes = {"@id": "ObjectId", "Language": "Language"}
    given = "".join(f" {attributes[n]}={quoteattr(v)}" for n, v in value.items() if n in attributes)
    if "Content" in value:
        return f"<{name}{given}>{escape(value['Content'])}</{name}>"
    kind = value.get("@type", "").rpartition(".")[2]
    given += f' xsi:type="{kind}"' if kind else ""
    inner = "".join(xml_of(n, v) for n, v in value.items() if n != "@type" and n not in attributes)
    return f"<{name}{given}>{inner}</{name}>"


def as_xml(document):
    text = xml_of("ElectionReport", document)
    spaces = 'xmlns="http://itl.nist.gov/ns/voting/1500-100/v2"'
    spaces += ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    return text.replace("<ElectionReport", f"<ElectionReport {spaces}", 1).encode()


@given(reports(), st.integers(20, 400))
@settings(max_examples=60)
def test_the_standards_xml_says_what_its_json_says(report, size):
    document = as_standard_report([report], HEADING)
    data = as_xml(document)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert read_report_xml(pieces, "f") == read_report(document, "f")


def small():
    report = Report("f", Level.COUNTY, {(Place("Arden"), Contest("Mayor")): {"Ann": 5, "Bo": 4}})
    return as_xml(as_standard_report([report], HEADING)).decode()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text[: len(text) // 2], "broken XML"),
        (lambda text: '<!DOCTYPE a [<!ENTITY b "c">]>' + text, "document type"),
        (lambda text: text.replace(">5<", ">-5<"), "-5 votes for 'Ann'"),
        (lambda text: text.replace(">5<", ">x<").replace(">4<", ">y<"), "2 rows cannot be read"),
        (lambda text: re.sub("(<VoteCounts.*?</VoteCounts>)", r"\1\1", text, flags=re.S), "or two"),
        (lambda text: text.replace("ElectionReport", "Other"), "the root is 'Other'"),
        (lambda text: text.replace("county", "vote-center"), "no figures of"),
    ],
)
def test_a_wounded_report_is_refused_with_what_is_wrong(change, told):
    with pytest.raises(ElectionsError) as caught:
        read_report_xml([change(small()).encode()], "f")
    assert told in caught.value.message


@given(st.binary(max_size=200))
def test_no_bytes_break_the_xml_reader(data):
    with suppress(ElectionsError):
        read_report_xml([b"<ElectionReport>", data], "f")


def test_a_table_of_ten_million_rows_is_refused_before_any_is_taken():
    with pytest.raises(ElectionsError, match="line 5000002: more than 5000000 rows") as caught:
        read_table(b"county,office,candidate,votes\n" + b"\n" * 10_000_000, "f", level=None)
    assert "Split" in caught.value.remedy


def test_real_figures_and_a_rehearsals_are_never_one_report():
    real = Report("f", Level.STATE, {(Place(), Contest("Mayor")): {"Ann": 1}})
    test = Report("g", Level.STATE, dict(real.votes), is_test=True)
    with pytest.raises(ElectionsError, match="rehearsal"):
        as_standard_report([real, test], HEADING)


EVENTS = st.lists(
    st.builds(
        Event, WORDS, st.integers(0, 10**9), st.integers(0, 10**6).map(
            lambda seconds: NIGHT + timedelta(seconds=seconds)
        ), WORDS, st.sampled_from(["success", "failure", "na"]), st.just("") | WORDS,
    ), max_size=5,
)  # fmt: skip


@given(st.lists(st.builds(Device, WORDS, EVENTS.map(tuple)), max_size=3), st.booleans())
def test_an_event_log_is_read_back(devices, linked):
    meant = tuple(chained(each) if linked else each for each in devices)
    assert read_events(as_standard_log(meant, NIGHT)) == meant


def log(*numbers, kinds="scan", minutes=None):
    events = [
        Event("e", number, NIGHT + timedelta(minutes=(minutes or numbers)[at]), kinds)
        for at, number in enumerate(numbers)
    ]
    return Device("scanner-1", tuple(events))


@pytest.mark.parametrize(
    ("device", "told"),
    [
        (log(1, 2, 5), "2 events are missing between number 2"),
        (log(1, 2, 2), "number 2 follows number 2"),
        (log(1, 2, 3, minutes=[1, 9, 3]), "the clock goes back"),
        (log(1, kinds="open"), "without a zero report"),
    ],
)
def test_a_log_with_a_gap_says_where(device, told):
    (found,) = gaps([device], "log.json")
    assert told in found.explanation
    assert "attack" not in found.explanation


def test_a_whole_log_is_quiet_and_an_altered_one_breaks_its_chain():
    whole = chained(log(1, 2, 3))
    assert gaps([whole], "f") == []
    first, second, third = whole.events
    altered = Event(second.id, 2, second.time, "close", hash=second.hash)
    (found,) = gaps([Device("scanner-1", (first, altered, third), is_chained=True)], "f")
    assert found.check is Check.EVENT_LOG
    assert "chain of hashes breaks at number 2" in found.explanation


@pytest.mark.parametrize(
    "document",
    [
        None,
        {"@type": "EventLogging.ElectionEventLog", "Device": 5},
        {"@type": "EventLogging.ElectionEventLog", "Device": [{"Event": [{"Sequence": "x"}]}]},
    ],
)
def test_what_is_no_log_is_refused(document):
    with pytest.raises(ElectionsError):
        read_events(document)
