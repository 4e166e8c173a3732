"""What a member says is said whole, under its label, to those it names, and found again."""

import pytest

from detente.charter import KeySlot
from detente.errors import EnvironmentFault, InputError, UnitError
from detente.node.beside import stand_beside
from detente.node.clock import now
from detente.node.erasing import erase
from detente.node.founding import accept_offer, apply_founding, withdraw_offer
from detente.node.home import Home
from detente.node.keykeeping import suspend
from detente.node.publishing import guess_kind, publish, strictest_labels
from detente.node.reading import (
    find_statement,
    newest_statements,
    read_redacted,
    read_said,
    receipt_for,
)
from detente.node.showing import describe_said
from detente.statements import UNIT, Kind, Pap, Tlp
from detente.statements.handling import Handling
from detente.statements.stix import encode_object, identity_of
from detente.storage.model import StatementRow
from tests.edge.offices import copy_unit, make_unit, opened, warn


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit") / "members"
    return place, *make_unit(place)


@pytest.fixture
def unit(founded, tmp_path):
    return copy_unit(founded[0], tmp_path / "members")


@pytest.fixture
def home(unit):
    with opened(unit, "Aurel") as (one,):
        yield one


LOG = "cd" * 16 + "/1"  # of nobody here


def others_of(home):
    return sorted(home.charter.member_ids - {home.identity.member})


def handling_of(home, said):
    content = read_said(home, said.payload_hash).content
    return Handling.parse(content.leaves[0].data)


# --- what stands beside -------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.RETRACTION, Kind.DISPUTE])
@pytest.mark.parametrize("tlp", [Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER, Tlp.AMBER_STRICT, Tlp.RED])
def test_what_stands_beside_goes_to_the_same_readers_under_the_same_label(home, kind, tlp):
    reader = others_of(home)[0]
    said = warn(home, audience=(reader,), tlp=tlp, pap=Pap.RED)
    beside = stand_beside(home, kind, said.payload_hash[:12].upper(), reason="a test", now=now)
    document = describe_said(read_said(home, beside.payload_hash))
    assert document["audience"] == [reader]
    assert (document["kind"], document["tlp"], document["pap"]) == (kind, str(tlp), "red")
    assert document["about"] == [said.payload_hash]


def test_what_stands_beside_an_erased_statement_is_as_closely_held_as_can_be(home):
    reader = others_of(home)[0]
    said = warn(home, audience=(reader,))
    erase(home, said.payload_hash)
    beside = stand_beside(home, Kind.RETRACTION, said.payload_hash, reason="gone", now=now)
    assert handling_of(home, beside).tlp is Tlp.RED
    assert read_said(home, beside.payload_hash).statement.sealed.audience == (reader,)


def test_nobody_takes_back_what_another_said_or_what_a_key_did(home):
    row = StatementRow("ab" * 32, others_of(home)[0], LOG, 0, "claim", now(), "ef" * 32)
    home.index.add([(row, [])])
    with pytest.raises(InputError, match="another member's") as told:
        stand_beside(home, Kind.RETRACTION, "ab" * 32, reason="no", now=now)
    assert "dispute" in told.value.remedy
    suspended = suspend(home, [KeySlot.TRANSPORT], now=now)
    for kind in (Kind.RETRACTION, Kind.DISPUTE):
        with pytest.raises(InputError, match="is a suspend, not a claim"):
            stand_beside(home, kind, suspended.payload_hash, reason="no", now=now)
    with pytest.raises(InputError, match="no statements"):
        stand_beside(home, Kind.RETRACTION, "12" * 32, reason="no", now=now)
    assert home.journal.end(home.identity.origin) == 1


def test_what_was_never_seen_here_is_doubted_before_the_whole_unit(home):
    said = stand_beside(home, Kind.DISPUTE, "12" * 32, reason="we know better", now=now)
    assert read_said(home, said.payload_hash).statement.sealed.audience == UNIT
    with pytest.raises(InputError):
        stand_beside(home, Kind.DISPUTE, "12" * 20, reason="part of an id", now=now)


def test_anothers_statement_is_shown_only_where_its_log_is_mirrored(home):
    row = StatementRow("ab" * 32, others_of(home)[0], LOG, 0, "claim", now())
    home.index.add([(row, [])])
    with pytest.raises(InputError, match="not mirrored here"):
        read_said(home, "abab")
    with pytest.raises(InputError, match="not mirrored here"):
        receipt_for(home, "abab")


# --- finding ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "ab", "xyzw", "12 4", "../..", "é" * 64, "a" * 65, "g" * 64])
def test_what_is_no_id_is_refused_before_anything_is_looked_up(home, name):
    with pytest.raises(InputError, match="is no id"):
        find_statement(home, name)


def test_a_shortened_id_finds_one_statement_or_says_how_many(home):
    rows = [
        StatementRow(f"{number:04x}" + "ab" * 30, "12" * 32, LOG, number, "note", now())
        for number in range(1_100)
    ]
    home.index.add([(row, []) for row in rows])
    assert find_statement(home, "044b").row.seq == 1_099, "beyond the first page"
    for ambiguous in ("0001a", "0001"):
        assert find_statement(home, ambiguous).row.seq == 1
    home.index.add([
        (StatementRow("0001" + "cd" * 30, "12" * 32, LOG, 2_000, "note", now()), [])
    ])  # fmt: skip
    with pytest.raises(InputError, match="2 statements") as told:
        find_statement(home, "0001")
    assert told.value.remedy == "Name more of it"
    newest = newest_statements(home, kind=None, limit=3)
    assert [each.row.seq for each in newest] == [1_098, 1_099, 2_000]


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_the_newest_of_one_kind_are_listed_however_rare_it_is(home, limit):
    rows = [
        StatementRow(f"{number:064x}", "12" * 32, LOG, number, kind, now())
        for number in range(300)
        for kind in ("claim" if number % 50 == 7 else "note",)
    ]
    assert newest_statements(home, kind=None, limit=limit) == []
    home.index.add([(row, []) for row in rows])
    claims = [row for row in rows if row.kind == "claim"][-limit:]
    assert [each.row for each in newest_statements(home, kind="claim", limit=limit)] == [
        found.row for found in (home.index.statement(claim.payload_hash) for claim in claims)
    ]
    assert len(newest_statements(home, kind=None, limit=limit)) == min(limit, 300)


# --- saying -------------------------------------------------------------------------------


def note(home, **more):
    moment = now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return encode_object(
        {
            "type": "note",
            "spec_version": "2.1",
            "id": "note--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061",
            "created_by_ref": identity_of(home.identity.member),
            "created": moment,
            "modified": moment,
            "content": "words",
            "object_refs": [identity_of(home.identity.member)],
        }
        | more
    )


def labelled(**changes):
    plain = {"kind": Kind.NOTE, "tlp": Tlp.GREEN, "pap": Pap.GREEN, "licence": "CC0-1.0",
             "count": 1}  # fmt: skip
    return Handling(**(plain | changes))


@pytest.mark.parametrize(
    ("handling", "audience", "error"),
    [
        (labelled(licence="no licence at all"), UNIT, UnitError),
        (labelled(kind=Kind.DENIAL), UNIT, UnitError),
        (labelled(about=("zz",)), UNIT, UnitError),
        (labelled(), ("ff" * 32,), InputError),
    ],
)
def test_what_no_reader_would_take_is_not_said(home, handling, audience, error):
    with pytest.raises(error):
        publish(home, [note(home)], handling, audience=audience, now=now)
    assert home.journal.end(home.identity.origin) == 0


def test_what_another_made_or_what_comes_from_the_future_is_not_said(home):
    for wrong in (
        {"created_by_ref": identity_of("ab" * 32)},
        {"modified": "2035-01-01T00:00:00.000Z"},
    ):
        with pytest.raises(UnitError, match="note--"):
            publish(home, [note(home, **wrong)], labelled(), audience=UNIT, now=now)
    assert home.journal.end(home.identity.origin) == 0


def test_a_marking_is_never_loosened_and_one_that_nobody_knows_counts_as_the_strictest(home):
    red = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
    strange = "marking-definition--00000000-0000-4000-8000-000000000000"
    for markings, expected in (
        ([], (Tlp.GREEN, Pap.CLEAR)),
        ([red], (Tlp.RED, Pap.CLEAR)),
        ([strange], (Tlp.RED, Pap.RED)),
    ):
        objects = [note(home, object_marking_refs=markings)] if markings else [note(home)]
        assert strictest_labels(objects, Tlp.GREEN, Pap.CLEAR) == expected
    labels = [note(home, labels=["PAP:RED"])]
    assert strictest_labels(labels, Tlp.CLEAR, Pap.GREEN) == (Tlp.CLEAR, Pap.RED)
    assert guess_kind(labels) is Kind.NOTE


def test_a_node_of_no_unit_says_nothing_and_says_why(tmp_path):
    with Home.create(tmp_path / "alone", name="Office") as alone:
        for act in (lambda: warn(alone), lambda: suspend(alone, [KeySlot.LOG], now=now)):
            with pytest.raises(InputError, match="belongs to no unit"):
                act()


# --- erasing ------------------------------------------------------------------------------


def test_what_is_erased_in_steps_is_gone_after_each_of_them(home):
    objects = [note(home, id=f"note--0c7b5b88-8ff7-4a4d-aa9d-feb398cd006{n}") for n in range(3)]
    handling = labelled(count=3)
    said = publish(home, objects, handling, audience=UNIT, now=now).payload_hash
    for step, each in enumerate(objects, start=1):
        done = erase(home, said, objects=[each.id] if step < 3 else [])
        assert (done.objects, done.kept) == (1, 3 - step)
        left = [shown.leaf.data for page in read_redacted(home, said) for shown in page.shown[1:]]
        assert left == [kept.raw for kept in objects[step:]]
        if step < 3:
            with pytest.raises(InputError, match="holds no object"):
                erase(home, said, objects=[each.id])
    assert erase(home, said).objects == 0, "nothing is left to erase"


# --- founding -----------------------------------------------------------------------------


def test_a_unit_is_founded_once_and_by_all_or_not_at_all(founded, unit, tmp_path):
    _place, document, answers = founded
    with opened(unit, "Aurel") as (home,):
        assert apply_founding(home, document, answers, now()) == home.charter
        with pytest.raises(InputError, match="belongs to a unit already"):
            accept_offer(home, document)
        with pytest.raises(InputError, match="belongs to a unit already"):
            withdraw_offer(home, document)
    with Home.create(tmp_path / "stranger", name="Dovar") as stranger:
        for act in (
            lambda: accept_offer(stranger, document),
            lambda: withdraw_offer(stranger, document),
            lambda: apply_founding(stranger, document, answers, now()),
        ):
            with pytest.raises(InputError, match="does not stand in the charter"):
                act()
        for some in ([], answers[:-1], [*answers[:-1], answers[0]]):
            with pytest.raises(UnitError, match="have not accepted"):
                apply_founding(stranger, document, some, now())
        for bad in (b"", b"{}", b"\xff\xfe", document, answers[0][:-3]):
            with pytest.raises(UnitError):
                apply_founding(stranger, document, [*answers[:-1], bad], now())
            with pytest.raises(UnitError):
                apply_founding(stranger, bad, answers, now())
        assert stranger.charters.units() == []
        assert not stranger.layout.chain.exists()


def test_a_directory_in_use_or_of_something_else_is_no_node(unit, tmp_path):
    with (
        opened(unit, "Aurel"),
        pytest.raises(EnvironmentFault, match="in use by process"),
        opened(unit, "Aurel"),
    ):
        raise AssertionError("two writers")
    with pytest.raises(InputError, match="a node is here already"):
        Home.create(unit["Aurel"], name="Again")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        Home.create(tmp_path / "full", name="Again")
    assert (tmp_path / "full/file").read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["", " x", "a\nb", "a\u202eb", "\u0410urel", "x" * 65, "\udcff", "42"]
)
def test_a_name_that_could_deceive_makes_no_node_and_leaves_nothing(tmp_path, name):
    for options in ({"name": name}, {"name": "Aurel", "operator": name}):
        if options.get("operator") == "":
            continue
        with pytest.raises(UnitError):
            Home.create(tmp_path / "node", **options)
        assert not (tmp_path / "node").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: b"\xff" * 90,
        lambda data: b"{}",
        lambda data: b"[" * 4_000,
        lambda data: data * 40,
        lambda data: data.replace(b'"epoch":1', b'"epoch":0'),
        lambda data: data.replace(b'"epoch":1', b'"epoch":true'),
        lambda data: data.replace(b'"v":1', b'"v":2'),
        lambda data: data.replace(b'"name":"Aurel"', b'"name":7'),
        lambda data: data.replace(b'"exercise":false', b'"exercise":0'),
    ],
)
def test_an_identity_file_that_was_changed_opens_no_node(unit, change):
    path = unit["Aurel"] / "identity.json"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(UnitError, match=r"identity\.json"), opened(unit, "Aurel"):
        pass


def test_nobody_is_addressed_who_could_not_read_it(home):
    reader, me = others_of(home)[0], home.identity.member
    for wrong in ((me,), tuple(sorted((me, reader))), ("00" * 32, reader)):
        with pytest.raises(InputError):
            publish(home, [note(home)], labelled(), audience=wrong, now=now)
    assert home.journal.end(home.identity.origin) == 0
    to_itself = publish(home, [note(home)], labelled(), audience=(), now=now)
    assert read_said(home, to_itself.payload_hash).content is not None, "shown later, said now"
