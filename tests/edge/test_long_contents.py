"""A content of many objects is read once, and found whole or not at all. (issue 3, section 4)"""

from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select

from detente.node.bundling import export_bundle, open_bundle, take_bundle
from detente.node.clock import now
from detente.node.cosigning import member_cosigner
from detente.node.holdings import HomeHoldings
from detente.node.importing import import_file
from detente.node.outward import HomeOutward
from detente.node.publishing import Saying, publish_each
from detente.node.receiving import Receiver
from detente.statements import UNIT, BatchReader, Kind, Pap, Tlp
from detente.statements.batch import BatchSummary
from detente.statements.errors import ContentError
from detente.statements.handling import Handling
from detente.storage import schema
from tests.edge.offices import copy_unit, logs_of, make_unit, opened, run

MANY = 4_500  # more than are kept before the index hears of them


def outward_of(home):
    cosigner = member_cosigner(home, mirror=False, logs=logs_of(home.charter), now=now)
    return HomeOutward(home, cosigner)


def table(start, count):
    rows = "".join(
        f"ipv4-addr,5.{n >> 16}.{n >> 8 & 255}.{n & 255}\n" for n in range(start, start + count)
    )
    return f"type,value\n{rows}".encode()


def sayings(home, counts):
    start = 0
    for count in counts:
        data = table(start, count)
        made = import_file(Path("a.csv"), data, member=home.identity.member, now=now()).objects
        handling = Handling(
            kind=Kind.INDICATOR, tlp=Tlp.GREEN, pap=Pap.GREEN, licence="CC0-1.0", count=count
        )
        yield Saying(made, handling, UNIT)
        start += count


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit") / "members"
    make_unit(place, ("Aurel", "Borea"))
    return place


def bundle_of(unit, place, counts):
    """Let Aurel say statements of so many objects each; return its bundle for Borea."""
    with opened(copy_unit(unit, place), "Aurel", "Borea") as (aurel, borea):
        publish_each(aurel, list(sayings(aurel, counts)), now=now)
        bundle = BytesIO()
        export_bundle(aurel, outward_of(aurel), bundle, reader=borea.identity.member)
    return bundle.getvalue()


def take(home, data):
    receiver = Receiver(HomeHoldings(home, now=now, stopped=print), now=now)
    face = open_bundle(BytesIO(data), file="bundle")
    run(take_bundle(home, face, receiver, here=outward_of(home).read, now=now))


def rows_in(home, *tables):
    with home.database.reading() as connection:
        return [connection.execute(select(func.count()).select_from(t)).scalar() for t in tables]


INDEX = (schema.statement, schema.index_run, schema.index_page, schema.index_fresh)


def test_a_long_content_is_read_once_and_every_object_is_found(unit, tmp_path, monkeypatch):
    data = bundle_of(unit, tmp_path / "said", [MANY])
    fed = []
    feed = BatchReader.feed
    monkeypatch.setattr(
        BatchReader, "feed", lambda self, part: (fed.append(len(part)), feed(self, part))[1]
    )
    with opened(copy_unit(unit, tmp_path / "heard"), "Borea") as (borea,):
        take(borea, data)
        (found,) = borea.index.statements()
        assert found.objects == MANY
        for value in ("5.0.0.0", f"5.0.{(MANY - 1) >> 8}.{(MANY - 1) & 255}"):
            assert len(borea.index.objects_by_value(value)) == 1
        once = sum(fed)
        take(borea, data)
        assert sum(fed) == once == borea_size(found, borea)


def borea_size(found, home):
    """Return the size of the padded content, which is what one reading feeds."""
    from detente.node.reading import entry_of
    from detente.statements import parse_entry

    return parse_entry(entry_of(home, found)).sealed.size


def test_a_long_content_that_is_not_what_was_said_leaves_nothing_in_the_index(
    unit, tmp_path, monkeypatch
):
    data = bundle_of(unit, tmp_path / "said", [MANY])

    def false(*_given):
        raise ContentError("the content gives another commitment")

    monkeypatch.setattr(BatchSummary, "check", false)
    with opened(copy_unit(unit, tmp_path / "heard"), "Borea") as (borea,):
        take(borea, data)
        assert rows_in(borea, *INDEX) == [0, 0, 0, 0]
        assert borea.index.objects_by_value("5.0.0.0") == []
        monkeypatch.undo()
        take(borea, data)
        assert len(borea.index.objects_by_value("5.0.0.0")) == 1


def test_one_bundle_brings_more_contents_than_wait_in_memory_at_once(unit, tmp_path, monkeypatch):
    for module in ("contents", "visiting"):
        monkeypatch.setattr(f"detente.exchange.protocol.{module}.CONTENTS_WAITING_MAX", 8)
    data = bundle_of(unit, tmp_path / "said", [1] * 270)
    with opened(copy_unit(unit, tmp_path / "heard"), "Borea") as (borea,):
        take(borea, data)
        assert [each.objects for each in borea.index.statements(limit=300)] == [1] * 270
