"""Schemathesis asks what our OpenAPI description allows, and more: no answer is a 5xx."""

import warnings

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.edge.offices import make_unit, opened
from tests.edge.taxii_office import serving
from tests.edge.test_taxii_server import own, say

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")
EXAMPLES = 25


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    place = tmp_path_factory.mktemp("described")
    make_unit(place, ("Aurel", "Borea"))
    with opened({"Aurel": place / "Aurel"}, "Aurel") as (home,), serving(home) as office:
        say(home, *(own(home, number) for number in range(3)))
        office.service.shelving.bring_up()
        yield office


@pytest.fixture(scope="module")
def operations(office):
    """Every TAXII operation of the description that the server itself gives."""
    where = office.url.removesuffix("/taxii2/")
    schema = schemathesis.openapi.from_url(f"{where}/schema/openapi.json")
    every = [each.ok() for each in schema.get_all_operations()]
    return [each for each in every if each.path.startswith("/taxii2")]


def test_every_operation_of_the_server_is_described(operations):
    assert len(operations) == 11
    assert {each.method.upper() for each in operations} == {"GET", "POST", "DELETE"}


def test_nothing_that_the_description_allows_is_a_fault_of_ours(office, operations):
    token = office.token("described", write=True)
    there = {
        "root": office.root.rstrip("/").rpartition("/")[2],
        "name": office.collection(office.own).rstrip("/").rpartition("/")[2],
        "wanted": own(office.home, 1)["id"],
    }
    seen = set()

    def ask(case):
        for names in ({}, there):
            case.path_parameters = {**case.path_parameters, **names}
            answer = case.call(headers={"authorization": f"Bearer {token}"}, timeout=30)
            assert answer.status_code < 500, f"{case.method} {case.formatted_path}"
            seen.add(answer.status_code)

    for operation in operations:
        within = settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        within(given(operation.as_strategy())(ask))()
    assert {200, 404} <= seen
    assert seen & {400, 406, 415, 422}
