"""What was erased is gone from the node; what was not stays provable. (trust.md, section 2)"""

import json
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from detente.errors import InputError
from detente.node import publishing
from detente.node.beside import stand_beside
from detente.node.clock import now
from detente.node.erasing import discard_unsaid, erase
from detente.node.founding import accept_offer, apply_founding, make_offer, read_card, write_card
from detente.node.home import Home
from detente.node.importing import import_file
from detente.node.publishing import publish
from detente.node.reading import read_redacted, read_said
from detente.signing import Role
from detente.statements import Erased, Kind, Pap, Tlp, verify_opening
from detente.statements.handling import Handling
from detente.storage.errors import StorageFault
from detente.watch import Level
from tests.edge.taxii_office import MEDIA_TYPE, serving

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


def served(office, token):
    """Return, by view, the values that tools are served."""
    headers = {"Accept": MEDIA_TYPE, "Authorization": f"Bearer {token}"}

    def get(url):
        with urlopen(Request(url, headers=headers), timeout=10) as answer:
            return json.load(answer)

    shown = {}
    for view in office.service.catalogue().views:
        objects = get(f"{office.collection(view.name)}objects/?match[version]=all")
        patterns = [each.get("pattern", "") for each in objects.get("objects", [])]
        shown[view.name] = sorted(text.split("'")[1][-1] for text in patterns if text)
    return shown


@pytest.mark.parametrize("is_running", [True, False])
def test_outside_tools_are_served_what_remains_in_every_view_and_nothing_that_was_erased(
    office, said, is_running
):
    before = read_said(office, said).content.leaves
    gone = before[1].data.split(b'"id":"')[1].split(b'"')[0].decode()
    with serving(office) as server:
        token = server.token("siem")
        weighing = server.service.weighing
        weighing.acting.bring_up()
        before = served(server, token)
        assert before["alerting"] == before[server.own] == ["1", "2", "3"]
        if not is_running:
            office.forget = None
        erase(office, said, objects=[gone])
        if is_running:
            after = served(server, token)
            changed = {view: values for view, values in before.items() if values}
            assert all(after[view] == ["2", "3"] for view in changed)
            erase(office, said)
            assert not any(served(server, token).values())
    # Nor is it in what this node weighs, or in any file; also after it ran again.
    with serving(office) as server:
        server.service.weighing.acting.bring_up()
        kept = {} if is_running else {"2", "3"}
        states = server.service.weighing.acting.shelf.at_level(Level.NOTED)
        assert {each.item.value[-1] for each in states} == set(kept)
        assert set(served(server, server.token("second"))["alerting"]) == set(kept)
    office.database.close()
    everything = everything_in(office.layout.directory)
    assert b"198.51.100.1'" not in everything
    assert b'198.51.100.1"' not in everything


def test_what_remains_of_a_retracted_statement_stays_taken_back(office, said):
    stand_beside(office, Kind.RETRACTION, said, reason="ours", now=now)
    gone = read_said(office, said).content.leaves[1].data.split(b'"id":"')[1].split(b'"')[0]
    with serving(office) as server:
        token = server.token("siem")
        assert served(server, token)["alerting"] == []
        erase(office, said, objects=[gone.decode()])
        assert served(server, token)["alerting"] == []


def test_what_was_made_ready_and_never_said_goes_with_the_next_start_and_nothing_else(
    office, said, monkeypatch
):
    kept = read_said(office, said).content
    before = set(office.blobs.digests())

    def refuse(_home, _sign, _drafts, _now):
        raise StorageFault("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "say_each", refuse)
        with pytest.raises(StorageFault):
            say_again(office)
    left = set(office.blobs.digests()) - before
    assert left, "the ciphertext was there before it could be said"
    assert discard_unsaid(office) == len(left)
    assert set(office.blobs.digests()) == before
    assert discard_unsaid(office) == 0
    # An index that lost a row takes nothing that the log names.
    ciphertext = read_said(office, said).statement.sealed.ciphertext
    monkeypatch.setattr(office.content_keys, "unsaid", lambda: [ciphertext])
    assert discard_unsaid(office) == 0
    assert read_said(office, said).content == kept


def say_again(office):
    imported = import_file(Path("b.csv"), TABLE, member=office.identity.member, now=now())
    handling = Handling(
        kind=Kind.INDICATOR, tlp=Tlp.GREEN, pap=Pap.GREEN, licence="CC0-1.0", count=3
    )
    return publish(office, imported.objects, handling, audience="unit", now=now)
