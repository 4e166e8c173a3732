"""STIX 2.1 interoperability examples: taken and given back unchanged in meaning."""

import json
from typing import Any

import pytest

from detente.errors import UnitError
from detente.signing import canonical
from detente.statements import StixError, parse_bundle, print_bundle
from tests.vectors.published import cases

UUID = "3a1b7c00-0000-4000-8000-000000000000"


def objects(document: Any) -> list[Any]:
    return document["objects"] if document["type"] == "bundle" else [document]


def test_every_case_to_be_accepted_is_taken_and_emitted_unchanged() -> None:
    for case in cases("stix", "interop-cases.json"):
        if case["expect"] != "accept":
            continue
        read = parse_bundle(json.dumps(case["document"]).encode())
        assert not read.rejected, (case["name"], read.rejected)
        emitted = json.loads(print_bundle(read.objects, UUID))["objects"]
        assert emitted == objects(case["document"]), case["name"]


def test_a_faulty_print_is_taken_or_refused_with_a_reason() -> None:
    for case in cases("stix", "interop-cases.json"):
        if case["expect"] == "accept":
            continue
        try:
            read = parse_bundle(canonical(case["document"]))
        except StixError:
            continue
        assert all(each.reason for each in read.rejected), case["name"]


def test_what_is_emitted_reads_back_to_the_same_bytes() -> None:
    for case in cases("stix", "interop-cases.json"):
        if case["expect"] == "accept":
            printed = print_bundle(parse_bundle(canonical(case["document"])).objects, UUID)
            assert print_bundle(parse_bundle(printed).objects, UUID) == printed


@pytest.mark.parametrize("byte", range(0, 4_000, 97))
def test_a_damaged_document_gives_no_traceback(byte: int) -> None:
    data = bytearray(canonical(cases("stix", "interop-cases.json")[0]["document"]))
    data[byte % len(data)] ^= 0x15
    try:
        parse_bundle(bytes(data))
    except UnitError:
        return
