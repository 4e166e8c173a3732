"""What we write of results and events is valid under NIST's schemas; its samples are read."""

import json
from datetime import UTC, datetime

import pytest

from detente.elections.records import read_cvr_json
from detente.elections.results import (
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
    chained,
    gaps,
    read_events,
    read_report,
)
from tests.shared import shared_path

NIGHT = datetime(2026, 11, 3, 22, tzinfo=UTC)


def published(name):
    return json.loads(shared_path("data", "elections", "results", name).read_bytes())


def validate(document, schema):
    schemas = pytest.importorskip("jsonschema_rs")
    schemas.Draft4Validator(published(schema)).validate(document)


def test_a_report_of_ours_is_valid():
    place, contest = Place("Arden", "P1"), Contest("Mayor", "Ward 2", 2)
    report = Report(
        "f",
        Level.PRECINCT,
        {(place, contest): {"Ann": 5}},
        {(place, contest): Turnout(9, None, 3, 1)},
    )
    whole = Report("g", Level.STATE, {(Place(), contest): {"Ann": 5}})
    document = as_standard_report([report, whole], Heading("Arden", "General", "2026-11-03", NIGHT))
    validate(document, "nist_1500-100_v2.schema.json")


def test_a_log_of_ours_is_valid():
    log = chained(Device("s-1", (Event("e1", 1, NIGHT, "open", description="polls opened"),)))
    validate(as_standard_log([log], NIGHT), "nist_1500-101.schema.json")


def test_the_samples_are_read():
    precincts = read_report(published("sample_1500-100_v2.json"), "f")
    assert precincts[0].is_test
    assert len(precincts[0].places()) == 9
    assert gaps(read_events(published("sample_1500-101.json")), "f") == []
    records = read_cvr_json(published("sample_1500-103.json"))
    assert records.contests["Clerk"].first_marks() == {"Alder": 6, "Birch": 3}
