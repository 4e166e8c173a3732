"""Who brings the same thing at the same moment: one is first, and nobody is told what is not so."""

import asyncio
import json
import threading
from collections import deque

import pytest

from detente.errors import InputError
from detente.exchange.taxii.errors import TaxiiError
from detente.node import depositing
from detente.node.clock import now
from detente.node.deposit_rounds import ROUND_BYTES_MAX, Brought, next_round
from detente.node.granting import grant
from detente.node.taxii import TaxiiService
from detente.storage.evidence import EvidenceShelf
from tests.edge.offices import copy_unit, make_unit, opened
from tests.edge.test_taxii_server import indicator, own


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("deposits")
    make_unit(place / "unit", ("Aurel", "Borea"))
    return place / "unit"


@pytest.fixture
def home(founded, tmp_path):
    with opened(copy_unit(founded, tmp_path / "unit"), "Aurel") as (home,):
        yield home


@pytest.fixture
def service(home):
    service = TaxiiService(home, now=now)
    yield service
    service.close()


def account(service, name):
    """Return the account behind a new token that may bring objects."""
    directory = service.deposits._home.layout.directory
    given = grant(
        directory,
        name,
        reader="own",
        use="passive",
        views=("*",),
        may_write=True,
        days=1,
        now=now(),
    )
    return service.tokens.check(given.text)


def together(service, *brought):
    """Let several envelopes wait until all are there, then return what became of each."""
    gate = threading.Event()
    first = service.deposits._sorter.submit(gate.wait, 10)

    async def bring():
        waiting = [
            asyncio.ensure_future(
                service.deposits.add(who, json.dumps({"objects": objects}).encode())
            )
            for who, *objects in brought
        ]
        await asyncio.sleep(0)
        gate.set()
        return await asyncio.gather(*waiting, return_exceptions=True)

    answers = asyncio.run(bring())
    assert first.result()
    return [each if isinstance(each, Exception) else json.loads(each) for each in answers]


def test_of_two_accounts_with_one_id_the_first_has_it_and_the_other_leaves_evidence(home, service):
    one, other = account(service, "one"), account(service, "other")
    thing = own(home, 1)
    came, late = together(service, (one, thing), (other, thing | {"name": "something else"}))
    assert (came["success_count"], late["success_count"]) == (1, 0)
    assert "another member or account" in late["failures"][0]["message"]
    assert EvidenceShelf(home.database).of("account other")


def test_one_version_with_two_contents_in_one_moment_is_said_once(home, service):
    one = account(service, "one")
    thing = own(home, 1)
    answers = together(service, (one, thing), (one, thing | {"name": "twice"}))
    assert [each["success_count"] for each in answers] == [1, 0]
    shared = service.deposits._shelf.siblings([thing["id"]])[thing["id"]]
    assert len(shared) == 1


def test_the_same_words_in_one_moment_are_said_once_and_good_for_both(home, service):
    one = account(service, "one")
    answers = together(service, (one, own(home, 1)), (one, own(home, 1)))
    assert [each["success_count"] for each in answers] == [1, 1]
    shared = service.deposits._shelf.siblings([own(home, 1)["id"]])
    assert [len(each) for each in shared.values()] == [1]


def test_who_leans_on_what_is_then_not_said_is_told_so(home, service, monkeypatch):
    one = account(service, "one")

    def refuse(_home, sayings, *, now):
        return [InputError("not now") for _ in sayings]

    monkeypatch.setattr(depositing, "publish_each", refuse)
    answers = together(service, (one, own(home, 1)), (one, own(home, 1)))
    assert [type(each) for each in answers] == [TaxiiError, TaxiiError]
    monkeypatch.undo()
    (again,) = together(service, (one, own(home, 1)))
    assert again["success_count"] == 1


def test_an_envelope_that_cannot_be_read_stops_no_other(service):
    one = account(service, "one")

    async def both():
        return await asyncio.gather(
            service.deposits.add(one, b"no json"),
            service.deposits.add(one, json.dumps({"objects": [indicator(3)]}).encode()),
            return_exceptions=True,
        )

    broken, good = asyncio.run(both())
    assert isinstance(broken, TaxiiError)
    assert json.loads(good)["success_count"] == 1


def test_a_fault_of_the_disk_is_told_to_everybody_who_waits(home, service, monkeypatch):
    one = account(service, "one")

    def fail(_home, _sayings, *, now):
        raise OSError("no space")

    monkeypatch.setattr(depositing, "publish_each", fail)
    answers = together(service, (one, own(home, 1)), (one, own(home, 2)))
    assert [type(each) for each in answers] == [OSError, OSError]


def test_a_round_holds_what_goes_into_it_and_at_least_one():
    sizes = (ROUND_BYTES_MAX // 2, ROUND_BYTES_MAX // 2, 1, ROUND_BYTES_MAX * 3, 1)
    waiting = deque(Brought("a", read=list, size=size) for size in sizes)
    rounds = [[each.size for each in next_round(waiting)] for _ in range(4)]
    assert rounds == [list(sizes[:2]), [1], [ROUND_BYTES_MAX * 3], [1]]
    assert next_round(waiting) == []
