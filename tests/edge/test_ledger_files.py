"""A month's ledger is said once, by the running node, and a stranger checks it alone. (A60)"""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import UnitError
from detente.node.accounting import Accounting, first_of, month_after
from detente.node.clock import now
from detente.node.home import Home
from detente.node.ledger_files import ledger_file, read_ledger_file
from detente.node.month_ending import GRACE, MonthKeeper, keep_months
from detente.node.office_clock import keep_office
from detente.node.reading import read_said, receipt_for
from detente.proofs import ProofRefused, ReceiptRefused, make_object_receipt, parse_chain
from detente.response import Sort
from detente.statements import open_leaves
from detente.storage.errors import StorageFault
from detente.tlog import Receipt
from tests.edge.joint import meet, responder
from tests.edge.offices import copy_unit, cosign, make_unit, opened, warn
from tests.edge.typed import Terminal

PERIOD = "2025-01"


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit") / "members"
    make_unit(place)
    return place


@pytest.fixture
def offices(unit, tmp_path):
    with opened(copy_unit(unit, tmp_path / "copy"), "Aurel", "Borea", "Cantor") as homes:
        yield homes


@pytest.fixture(scope="module")
def shown(unit, tmp_path_factory):
    """The file of a ledger and the chain: all that an overseer has."""
    directories = copy_unit(unit, tmp_path_factory.mktemp("shown") / "copy")
    with opened(directories, "Aurel", "Borea", "Cantor") as (aurel, borea, cantor):
        said = Accounting(aurel, responder(aurel)).publish(PERIOD, now()).said
        assert ledger_file(aurel, said.payload_hash, now) is None  # nobody has seen it
        cosign(aurel, borea, cantor)
        data = ledger_file(aurel, said.payload_hash, now)
        return data, aurel.layout.chain.read_bytes(), aurel.identity.member


@pytest.fixture
def type_in(monkeypatch, capfdbinary):
    return Terminal(monkeypatch, capfdbinary)


def test_a_stranger_checks_it_with_one_command_and_no_node(type_in, shown, tmp_path):
    data, chain, member = shown
    (tmp_path / "a.ledger").write_bytes(data)
    (tmp_path / "unit.chain").write_bytes(chain)
    words = ("--chain", tmp_path / "unit.chain", "--json")
    answer = type_in("ledger", "verify", tmp_path / "a.ledger", *words)
    document = answer.document
    assert answer.status == 0
    assert (document["valid"], document["by"], document["member"]) == (True, "Aurel", member)
    assert document["period"] == PERIOD
    assert sorted(document["seen_by"]) == ["Borea", "Cantor"]
    (tmp_path / "a.ledger").write_bytes(data.replace(b"a", b"b", 1))
    answer = type_in("ledger", "verify", tmp_path / "a.ledger", *words)
    assert (answer.status, answer.document["valid"]) == (1, False)
    (tmp_path / "unit.chain").write_bytes(b"{}")
    answer = type_in("ledger", "verify", tmp_path / "a.ledger", *words[:2])
    assert (answer.status, "not a charter chain" in answer.err) == (2, True)


@given(st.data())
def test_no_changed_byte_shows_another_ledger(shown, draws):
    data, chain, _ = shown
    true = read_ledger_file(data, parsed(chain))
    mutated = bytearray(data)
    mutated[draws.draw(st.integers(0, len(data) - 1))] ^= draws.draw(st.integers(1, 255))
    with suppress(UnitError):
        assert read_ledger_file(bytes(mutated), parsed(chain)).figures == true.figures


_CHAINS = {}


def parsed(chain):
    return _CHAINS.setdefault(chain, parse_chain(chain))


def test_another_units_chain_shows_nothing(shown, tmp_path):
    data, _, _ = shown
    make_unit(tmp_path / "others", ("Dorin", "Elena"))
    with opened({"Dorin": tmp_path / "others" / "Dorin"}, "Dorin") as (dorin,):
        chain = dorin.chain
    with pytest.raises(ProofRefused, match="of another"):
        read_ledger_file(data, chain)


def packed(home, statement):
    """The file of any statement, as somebody makes it who skips what `ledger_file` checks."""
    said = read_said(home, statement)
    receipt, _ = receipt_for(home, statement)
    bare = Receipt(receipt.index, receipt.hashes, receipt.checkpoint)
    return make_object_receipt(receipt.extra, bare, open_leaves(said.content, {1})).to_bytes()


def test_what_is_no_ledger_or_of_a_month_that_still_runs_or_that_too_few_saw_is_refused(offices):
    aurel, borea, cantor = offices
    body = {"title": "Ledger", "with": "unit", "tlp": "amber", "figures": {}, "words": "ours"}
    early = responder(aurel).open(Sort.LEDGER, body | {"period": f"{now():%Y-%m}"}).said
    warned = warn(aurel)
    with pytest.raises(UnitError, match="are needed"):
        read_ledger_file(packed(aurel, early.payload_hash), aurel.chain)
    cosign(aurel, borea, cantor)
    with pytest.raises(ReceiptRefused, match="was over"):
        read_ledger_file(packed(aurel, early.payload_hash), aurel.chain)
    with pytest.raises(ReceiptRefused, match="no ledger"):
        read_ledger_file(packed(aurel, warned.payload_hash), aurel.chain)


PAST = (now() - 2 * GRACE).replace(day=1, microsecond=0) - timedelta(days=40)
"""Two months ago: both are over and a day more, whatever day it is."""


@pytest.fixture(scope="module")
def old_unit(tmp_path_factory):
    place = tmp_path_factory.mktemp("old") / "members"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.edge.offices.now", lambda: PAST)
        make_unit(place)
    return place


@pytest.fixture
def old_offices(old_unit, tmp_path):
    with opened(copy_unit(old_unit, tmp_path / "old"), "Aurel", "Borea", "Cantor") as homes:
        yield homes


def files_of(home):
    return sorted(path.name for path in (home.layout.directory / "ledgers").glob("*"))


def ledgers_of(home):
    rows = responder(home).shelf.threads(Sort.LEDGER.value)
    return sorted(row.title for row in rows if row.author == home.identity.member)


def test_each_month_is_said_once_and_kept_when_the_others_have_seen_it(old_offices, monkeypatch):
    aurel, borea, cantor = old_offices
    with monkeypatch.context() as patch:
        patch.setattr("tests.edge.offices.now", lambda: PAST)
        warn(borea, "203.0.113.9")
    meet(aurel, borea)
    figures = Accounting(aurel, responder(aurel)).ledger(f"{PAST:%Y-%m}", now())
    keeper = MonthKeeper(aurel, now)
    keeper.look()
    assert files_of(aurel) == []  # said, and not settled
    periods = [f"{PAST:%Y-%m}", f"{month_after(first_of(f'{PAST:%Y-%m}')):%Y-%m}"]
    assert ledgers_of(aurel) == [f"Ledger {each}" for each in periods]
    cosign(aurel, borea, cantor)
    # What keeps it may be started anew meanwhile.
    MonthKeeper(aurel, now).look()
    keeper.look()
    assert files_of(aurel) == [f"{each}.ledger" for each in periods]
    assert len(ledgers_of(aurel)) == 2
    data = aurel.layout.ledger(periods[0]).read_bytes()
    (row,) = read_ledger_file(data, aurel.chain).by_partner().values()
    assert row == {name: n for name, n in figures[borea.identity.member].items() if n}
    assert row == {"warnings got": 1}
    assert b"203.0.113.9" not in data


def test_a_month_is_said_a_day_after_its_end(old_offices):
    aurel = old_offices[0]
    end = month_after(first_of(f"{PAST:%Y-%m}"))
    MonthKeeper(aurel, lambda: end + GRACE - timedelta(seconds=1)).look()
    assert ledgers_of(aurel) == []


def test_who_says_it_by_hand_has_a_node_that_does_not(old_unit, tmp_path):
    places = copy_unit(old_unit, tmp_path / "copy")
    (places["Borea"] / "detente.toml").write_text("ledger_monthly = false\n")
    with opened(places, "Borea") as (borea,):
        MonthKeeper(borea, now).look()
        assert ledgers_of(borea) == []


def test_a_unit_of_this_month_and_a_node_that_works_alone_say_nothing(offices, tmp_path):
    aurel, _, _ = offices
    MonthKeeper(aurel, now).look()
    assert ledgers_of(aurel) == []
    with Home.create(tmp_path / "alone", name="Dorin") as dorin:
        MonthKeeper(dorin, now).look()
        assert responder(dorin).shelf.threads(Sort.LEDGER.value) == []


def test_a_fault_is_told_once_while_it_lasts_and_the_looking_goes_on(old_offices, monkeypatch):
    aurel, _, _ = old_offices
    looks, told = [], []

    def refuse(*_asked):
        raise StorageFault("the disk is full")

    async def pause(_seconds):
        looks.append(1)
        if len(looks) == 3:
            monkeypatch.undo()
        if len(looks) == 4:
            raise asyncio.CancelledError

    monkeypatch.setattr(Accounting, "publish", refuse)
    with suppress(asyncio.CancelledError):
        asyncio.run(keep_months(aurel, now, told.append, pause=pause))
    assert told == ["the ledger: the disk is full"]
    assert ledgers_of(aurel) != []


def test_a_running_node_ends_its_months_by_its_own_clock(old_offices):
    aurel = old_offices[0]

    async def office():
        keeping = asyncio.create_task(keep_office(aurel, now, print))
        for _ in range(600):
            if await asyncio.to_thread(ledgers_of, aurel):
                break
            await asyncio.sleep(0.05)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    asyncio.run(office())
    assert f"Ledger {PAST:%Y-%m}" in ledgers_of(aurel)
