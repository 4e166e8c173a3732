"""What was erased is gone from the node; what was not stays provable. (trust.md, section 2)"""

from pathlib import Path

import pytest

from detente.errors import InputError
from detente.node.clock import now
from detente.node.erasing import erase
from detente.node.founding import accept_offer, apply_founding, make_offer, read_card, write_card
from detente.node.home import Home
from detente.node.importing import import_file
from detente.node.publishing import publish
from detente.node.reading import read_redacted, read_said
from detente.signing import Role
from detente.statements import Erased, Kind, Pap, Tlp, verify_opening
from detente.statements.handling import Handling

TABLE = b"type,value\n" + b"".join(b"ipv4-addr,198.51.100.%d\n" % last for last in (1, 2, 3))


@pytest.fixture
def office(tmp_path):
    homes = [Home.create(tmp_path / name, name=name) for name in ("Aurel", "Borea")]
    charter = make_offer(
        name="Unit",
        members=[read_card(write_card(home)) for home in homes],
        witnesses=[],
        f=0,
        now=now(),
    )
    document = charter.to_bytes()
    answers = [accept_offer(home, document) for home in homes]
    for home in homes:
        apply_founding(home, document, answers, now())
    yield homes[0]
    for home in homes:
        home.close()


@pytest.fixture
def said(office):
    imported = import_file(Path("a.csv"), TABLE, member=office.identity.member, now=now())
    handling = Handling(
        kind=Kind.INDICATOR, tlp=Tlp.GREEN, pap=Pap.GREEN, licence="CC0-1.0", count=3
    )
    return publish(office, imported.objects, handling, audience="unit", now=now).payload_hash


def everything_in(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())


def test_an_erased_object_and_its_salt_are_in_no_file_and_the_others_stay_provable(office, said):
    before = read_said(office, said)
    gone, *kept = before.content.leaves[1:]
    stix_id = gone.data.split(b'"id":"')[1].split(b'"')[0].decode()
    done = erase(office, said, objects=[stix_id])
    assert (done.objects, done.kept) == (1, 2)
    after = read_said(office, said)
    assert after.content is None
    (copy,) = read_redacted(office, said)
    verify_opening(copy, before.statement.sealed, before.statement.header.position)
    assert [each.leaf for each in copy.shown[1:]] == kept
    everything = everything_in(office.layout.directory)
    assert gone.salt not in everything
    assert b"198.51.100.1'" not in everything
    sealed = before.statement.sealed
    assert office.blobs.is_erased(sealed.ciphertext)
    assert all(office.blobs.is_erased(wrap) for wrap in sealed.wraps)


def test_erasing_everything_leaves_the_entry_and_nothing_else(office, said):
    before = read_said(office, said)
    assert erase(office, said).kept == 0
    after = read_said(office, said)
    assert after.statement == before.statement
    assert after.content is None
    assert read_redacted(office, said) == []
    assert office.index.objects_by_value("198.51.100.2") == []


def test_an_erasure_that_a_crash_interrupted_is_finished_by_doing_it_again(office, said):
    ciphertext = read_said(office, said).statement.sealed.ciphertext
    office.blobs.erase(ciphertext)
    erase(office, said)
    assert office.content_keys.get(ciphertext) is None


def test_an_object_that_was_never_said_is_named_in_the_error(office, said):
    with pytest.raises(InputError, match="holds no object indicator--nobody"):
        erase(office, said, objects=["indicator--nobody"])
    assert read_said(office, said).content is not None


def test_an_erasure_is_said_once_in_the_log_so_that_no_complaint_about_it_obliges(office, said):
    erase(office, said)
    erase(office, said)
    (stored,) = office.index.statements(kind="erased", limit=9)
    entry = read_said(office, stored.row.payload_hash).statement
    assert Erased.parse(entry.clear).statement == said
    assert entry.envelope.role is Role.STATEMENT
