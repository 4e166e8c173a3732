"""Two nodes that do not believe each other: what one says acts at the other by reasons alone.

(docs/threats.md: poisoned content; trust.md, section 6)
"""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from detente.node import answering
from detente.node.acting import ASSETS_FILE, Acting
from detente.node.answering import DISPUTES_MAX, PAGE_MAX, answer_all, answer_since
from detente.node.beside import stand_beside
from detente.node.clock import now
from detente.node.detecting import say_detected
from detente.node.exporting import Format, export
from detente.node.importing import import_file
from detente.node.outside import rows_of
from detente.node.publishing import publish
from detente.node.reporting import report_file, why
from detente.statements import UNIT, Kind, Pap, Tlp
from detente.statements.handling import Handling
from detente.storage.acting import ActingShelf
from detente.storage.errors import StorageFault
from detente.watch import Item, Level, Listed
from tests.edge.media import carry
from tests.edge.offices import copy_unit, make_unit, opened
from tests.shared import shared_path

ADDRESS = "198.51.100.7"


class Lists:
    """Implements `BenignLookup`."""

    def __init__(self, **listed):
        self._listed = listed

    def lists_of(self, item):
        is_hint = self._listed.get(item.value.replace(".", "_"))
        return () if is_hint is None else (Listed("a list", is_hint),)


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("acting") / "unit"
    make_unit(place, f=0)
    return place


@pytest.fixture
def unit(founded, tmp_path):
    directories = copy_unit(founded, tmp_path / "unit")
    with opened(directories, "Aurel", "Borea", "Cantor") as homes:
        yield homes


def acting(home, benign=None):
    return Acting(home, now=now, benign=benign or Lists())


def detect(home, *values):
    return say_detected(home, values, handshake=True, tlp=Tlp.GREEN, now=now)


def level_at(node, value=ADDRESS):
    node.bring_up()
    return node.shelf.find(Item("ipv4-addr:value", value)).level


def cosign(observer, *owners):
    """Let an observer take up logs; what it cosigned is shown to itself and to them."""
    for owner in owners:
        carry(owner, observer, now)


def notes(*homes):
    """Return every cosigned checkpoint that these nodes show."""
    found = []
    for home in homes:
        found += sorted((home.layout.directory / "logs").rglob("cosigned"))
        found += sorted((home.layout.directory / "witness").rglob("*/checkpoint"))
        found += sorted(p for p in (home.layout.directory / "witness").rglob("*") if p.is_file())
    return [path.read_bytes() for path in dict.fromkeys(found)]


def share(node, *homes):
    for note in notes(*homes):
        node.note_seen([note])


def test_one_members_word_alerts_at_the_other_and_a_second_origin_makes_it_act(unit):
    aurel, borea, cantor = unit
    detect(aurel, ADDRESS)
    detect(borea, ADDRESS)  # committed before either had the other's word
    cosign(cantor, aurel)
    here = acting(cantor)
    share(here, cantor)
    assert level_at(here) is Level.ALERTING
    cosign(cantor, borea)
    share(here, cantor)
    assert level_at(here) is Level.ACTIONABLE
    told = why(here, ADDRESS)
    assert [step["to"] for step in told["history"]] == ["alerting", "actionable"]
    assert any("2 independent origins of 2" in each["words"] for each in told["reasons"])


def test_a_node_looks_itself_at_the_checkpoints_it_cosigned(unit):
    aurel, borea, cantor = unit
    detect(aurel, ADDRESS)
    detect(borea, ADDRESS)
    cosign(cantor, aurel, borea)
    assert level_at(acting(cantor)) is Level.ACTIONABLE


def test_what_the_second_says_after_it_had_the_word_of_the_first_is_an_echo(unit):
    aurel, borea, cantor = unit
    detect(aurel, ADDRESS)
    carry(aurel, borea, now)
    detect(borea, ADDRESS)
    cosign(cantor, aurel, borea)
    here = acting(cantor)
    share(here, cantor, borea)
    assert level_at(here) is Level.ALERTING
    assert any(each["rule"] == "echo" for each in why(here, ADDRESS)["reasons"])


def test_replaying_the_log_gives_every_decision_again(unit):
    aurel, borea, _ = unit
    detect(aurel, ADDRESS, "203.0.113.9", "evil.example")
    said = detect(borea, ADDRESS)
    stand_beside(borea, Kind.RETRACTION, said.payload_hash, reason="a test", now=now)
    carry(borea, aurel, now)
    here = acting(aurel)
    share(here, aurel)
    here.bring_up()
    before = here.shelf.at_level(Level.NOTED)
    assert before
    here.rebuild()
    after = here.shelf.at_level(Level.NOTED)
    assert {each.item: each.decision for each in after} == {
        each.item: each.decision for each in before
    }


def test_bit_by_bit_gives_what_all_at_once_gives(unit):
    aurel, borea, _ = unit
    bit_by_bit = acting(aurel)
    for step in range(4):
        detect(aurel, f"198.51.100.{step}", ADDRESS)
        bit_by_bit.bring_up()
        detect(borea, ADDRESS)
        carry(borea, aurel, now)
        share(bit_by_bit, aurel)
        bit_by_bit.bring_up()
    before = {each.item: each.decision for each in bit_by_bit.shelf.at_level(Level.NOTED)}
    bit_by_bit.rebuild()
    assert {each.item: each.decision for each in bit_by_bit.shelf.at_level(Level.NOTED)} == before


def test_a_retraction_takes_the_alert_back_and_the_history_stays(unit):
    aurel, _, _ = unit
    said = detect(aurel, ADDRESS)
    here = acting(aurel)
    assert level_at(here) is Level.ALERTING
    stand_beside(aurel, Kind.RETRACTION, said.payload_hash, reason="our scanner", now=now)
    assert level_at(here) is Level.NOTED
    assert [each["to"] for each in why(here, ADDRESS)["history"]] == ["alerting", "noted"]


def test_own_assets_are_read_from_a_private_list(unit):
    aurel, borea, _ = unit
    (borea.layout.directory / ASSETS_FILE).write_text("network 198.51.100.0/24  # the counter\n")
    detect(aurel, ADDRESS)
    carry(aurel, borea, now)
    here = acting(borea)
    assert level_at(here) is Level.ALERTING
    assert any(each["rule"] == "own-asset" for each in why(here, ADDRESS)["reasons"])


def test_a_person_lets_act_what_many_share(unit):
    aurel, borea, cantor = unit
    detect(aurel, ADDRESS)
    detect(borea, ADDRESS)
    cosign(cantor, aurel, borea)
    here = acting(cantor, Lists(**{ADDRESS.replace(".", "_"): True}))
    share(here, cantor)
    assert level_at(here) is Level.ALERTING
    assert here.accept(Item("ipv4-addr:value", ADDRESS), by="A. Clerk").level is Level.ACTIONABLE


@pytest.mark.parametrize("kind", Format)
def test_what_alerts_is_written_for_every_tool_and_leads_to_receipts(unit, kind):
    aurel, _, _ = unit
    said = detect(aurel, ADDRESS, "evil.example", "ab" * 32)
    here = acting(aurel)
    here.bring_up()
    made = export(aurel, here.shelf, kind, least=Level.ALERTING, now=now)
    assert (made.lines, made.withheld) == (3, 0)
    everything = b"\n".join(made.files.values())
    assert said.payload_hash.encode() in everything
    assert b"block" not in everything
    assert b"drop " not in everything


def test_the_gate_withholds_from_a_tool_what_it_may_not_have(unit):
    aurel, borea, _ = unit
    say_detected(aurel, [ADDRESS], handshake=True, tlp=Tlp.RED, now=now)
    carry(aurel, borea, now)
    here = acting(borea)
    here.bring_up()
    made = export(borea, here.shelf, Format.CSV, least=Level.ALERTING, now=now)
    assert (made.lines, made.withheld) == (0, 1)


def test_a01_what_is_common_and_benign_raises_nothing_and_is_disputed_at_once(unit):
    aurel, borea, _ = unit
    said = detect(aurel, "8.8.8.8", ADDRESS)
    carry(aurel, borea, now)
    here = acting(borea, Lists(**{"8_8_8_8": False}))
    assert level_at(here, "8.8.8.8") is Level.NOTED
    assert level_at(here) is Level.ALERTING
    (dispute,) = answer_all(borea, here, now=now)
    assert answer_all(borea, here, now=now) == [], "said once"
    carry(borea, aurel, now)
    there = acting(aurel)
    there.bring_up()
    against = why(there, "8.8.8.8")["reasons"]
    assert [each["statements"] for each in against if each["rule"] == "disputed"] == [
        [dispute.payload_hash]
    ]
    others = why(there, ADDRESS)["reasons"]
    assert not [each for each in others if each["rule"] == "disputed"], "only what it is about"
    assert said.payload_hash != dispute.payload_hash


def test_received_rules_stand_in_quarantine_with_what_is_wrong_with_them(unit, tmp_path):
    aurel, borea, _ = unit
    rules = [
        {
            "type": "indicator",
            "spec_version": "2.1",
            "id": f"indicator--{number:08d}-0000-4000-8000-000000000000",
            "created": "2026-01-01T00:00:00Z",
            "modified": "2026-01-01T00:00:00Z",
            "valid_from": "2026-01-01T00:00:00Z",
            "pattern_type": "yara",
            "pattern": text,
        }
        for number, text in enumerate(
            ("rule a { condition: true }", 'include "x"\nrule b { condition: true }')
        )
    ]
    data = "\n".join(map(json.dumps, rules)).encode()
    member = aurel.identity.member
    objects = import_file(Path("rules.ndjson"), data, member=member, now=now()).objects
    handling = Handling(kind=Kind.RULE, tlp=Tlp.GREEN, pap=Pap.GREEN, licence="CC0-1.0", count=2)
    publish(aurel, objects, handling, audience=UNIT, now=now)
    carry(aurel, borea, now)
    here = acting(borea)
    here.bring_up()
    assert [each["standing"] for each in here.shelf.rules()] == ["quarantined", "refused"]


# --- GRIZZLY STEPPE: JAR-16-20296A as one member's word -----------------------------------------


def test_grizzly_steppe_its_noise_does_not_act_and_its_clean_rows_do_with_a_second_origin(unit):
    table = shared_path("data", "indicators", "grizzly-steppe.csv")
    expected = json.loads(
        shared_path("data", "indicators", "expected_noise.json").read_text(encoding="utf-8")
    )
    noisy = {each["row"]: each["lists"] for each in expected["noise"]}
    data = table.read_bytes()
    aurel, borea, cantor = unit
    member = aurel.identity.member
    imported = import_file(table, data, member=member, now=now(), source="US-CERT JAR-16-20296A")
    handling = Handling(
        kind=Kind.INDICATOR,
        tlp=Tlp.CLEAR,
        pap=Pap.GREEN,
        licence="NOASSERTION",
        count=len(imported.objects),
    )
    rows = rows_of(table, data)
    # Borea found every one of these values itself, before it had Aurel's word.
    detect(borea, *dict.fromkeys(row.item.value for row in rows if row.item is not None))
    publish(aurel, imported.objects, handling, audience=UNIT, now=now)

    here = Acting(cantor, now=now)
    cosign(cantor, aurel)
    share(here, cantor)
    here.bring_up()
    alone = report_file(here, table, data)
    assert alone.counts == {"alerting": expected["rows"]}, "one source acts nowhere"

    cosign(cantor, borea)
    share(here, cantor)
    here.bring_up()
    both = report_file(here, table, data)
    acting_rows = {row["row"] for row in both.rows if row["level"] == "actionable"}
    assert acting_rows == set(range(expected["rows"])) - noisy.keys()
    for row in both.rows:
        assert row["why"], "every row says why"
        lists = noisy.get(row["row"], [])
        assert len(row["lists"]) == len(lists)
        assert all(any(name in words for words in row["lists"]) for name in lists)


def test_the_report_says_of_a_quiet_year_that_it_faded(unit):
    aurel, _, _ = unit
    detect(aurel, ADDRESS)
    later = now() + timedelta(days=400)
    here = Acting(aurel, now=lambda: later, benign=Lists())
    here.bring_up()
    state = here.shelf.find(Item("ipv4-addr:value", ADDRESS))
    assert state.level is Level.ALERTING, "its own detection never falls silent by others' rules"


def test_a_node_stopped_before_it_decided_decides_when_it_runs_again(unit, monkeypatch):
    aurel, borea, cantor = unit
    detect(aurel, ADDRESS)
    detect(borea, ADDRESS)
    cosign(cantor, aurel, borea)
    stopped = acting(cantor)
    with monkeypatch.context() as patch:
        patch.setattr(ActingShelf, "settle", lambda *_: (_ for _ in ()).throw(StorageFault("x")))
        with pytest.raises(StorageFault):
            stopped.bring_up()
    assert stopped.shelf.taken() > 0
    assert level_at(acting(cantor)) is Level.ACTIONABLE


def test_a_record_that_turned_before_a_stop_bears_on_all_values_after_it(unit, monkeypatch):
    aurel, _, cantor = unit
    lists = Lists(**{f"100_64_0_{last}": False for last in range(1, 7)})
    detect(aurel, ADDRESS)
    cosign(cantor, aurel)
    here = acting(cantor, lists)
    assert level_at(here) is Level.ALERTING
    detect(aurel, *(f"100.64.0.{last}" for last in range(1, 7)))
    cosign(cantor, aurel)
    with monkeypatch.context() as patch:
        patch.setattr(ActingShelf, "turn", lambda *_: (_ for _ in ()).throw(StorageFault("x")))
        with pytest.raises(StorageFault):
            here.bring_up()
    again = acting(cantor, lists)
    assert level_at(again) is Level.NOTED
    assert any(each["rule"] == "precision" for each in why(again, ADDRESS)["reasons"])


class AllBenign:
    """Implements `BenignLookup`: every value is in a list."""

    def lists_of(self, item):
        return (Listed("everything", False),)


@pytest.mark.parametrize("page", [100, PAGE_MAX])
def test_who_lists_the_whole_internet_takes_nobodys_quota_by_being_disputed(
    unit, monkeypatch, page
):
    monkeypatch.setattr(answering, "PAGE_MAX", page)
    aurel, borea, _ = unit
    detect(aurel, *(f"evil-{number}.alt" for number in range(450)))
    carry(aurel, borea, now)
    here = acting(borea, AllBenign())
    here.bring_up()
    said = answer_since(borea, here, now=now)
    assert len(said) == DISPUTES_MAX
    here.bring_up()
    assert answer_since(borea, here, now=now) == []
    # A process that was stopped before it kept how far it came says none of it again.
    here.shelf.forget()
    here.bring_up()
    assert answer_since(borea, here, now=now) == [], "nor what the first time left over"
