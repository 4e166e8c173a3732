"""A rival recomputes a whole audit from public files and a receipt; whatever was changed shows.

(audit) whoever lost wants a wrong outcome confirmed: the office that chooses cards after the seed,
enters other ballots, publishes other figures.
"""

import gzip
import json
from contextlib import suppress
from datetime import timedelta
from functools import partial
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detente.elections import ElectionsError
from detente.elections.audit import Choice, Contest
from detente.elections.audit.inputs import Inputs
from detente.errors import InputError
from detente.node.audits.ballots import BallotReader
from detente.node.audits.commitment import commit, parse_commitment
from detente.node.audits.conducting import begin_round, enter, enter_count, report, say_report
from detente.node.audits.definition import load_audit
from detente.node.audits.entry_tables import read_table
from detente.node.audits.figures import state_of
from detente.node.audits.folder import AuditFolder
from detente.node.audits.logged import prove_document, quorum_time, say_document, unproven
from detente.node.audits.rounds import Seed
from detente.node.audits.verification import verify_audit
from detente.node.bundling import export_bundle, open_bundle, take_bundle
from detente.node.clock import now
from detente.node.holdings import HomeHoldings
from detente.node.home import Home
from detente.node.receiving import Receiver
from detente.proofs.cosigners import policy_text
from detente.signing import format_time
from detente.tlog import Policy
from tests.edge.county import MAYOR, SEED, fill_in, make_county
from tests.edge.offices import copy_unit, cosign, make_unit, opened, run, warn
from tests.edge.test_receiving import outward_of
from tests.edge.typed import Terminal

LATER = timedelta(seconds=2)


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit") / "members"
    make_unit(place, ("Aurel", "Borea"))
    return place


def published(place, *, lies=0, thrown=None, **changes):
    """An audit up to its first report, in no log."""
    audit = load_audit(AuditFolder(make_county(place, **changes)))
    made = commit(audit, now() - LATER)
    seed = Seed(SEED, thrown or made.committed + LATER, ("Aurel", "Borea"))
    begin_round(audit, seed=seed, cards=None, now=now())
    table = fill_in(place / "round-1.csv", lies=lies)
    enter(audit, table.read_bytes(), table.name)
    report(audit)
    return audit


def policy_of(home, owner):
    charter = home.present_charter(home.charter)
    (member,) = [each for each in charter.members if each.id == owner]
    return Policy.parse(policy_text(charter, member))


def outcomes(audit):
    return {name: type(each.outcome).__name__ for name, each in state_of(audit).found.items()}


def failed(place, policy=None):
    """What a check of the folder finds wrong, but for the receipt where there is no policy."""
    found = verify_audit(place, policy)
    return [
        each.name
        for each in found.checks
        if not each.good and (policy is not None or "seen before" not in each.name)
    ]


def test_a_rival_recomputes_a_whole_audit_from_a_receipt_that_its_own_node_wrote(founded, tmp_path):
    place = make_county(tmp_path / "county")
    folder = AuditFolder(place)
    audit = load_audit(folder)
    made = commit(audit, now())
    with opened(copy_unit(founded, tmp_path / "unit"), "Aurel", "Borea") as homes:
        aurel, borea = homes
        say_document(aurel, folder, "commitment", made.text, rehearsal=False, now=now)
        cosign(aurel, *homes[1:])
        bundle = BytesIO()
        export_bundle(aurel, outward_of(aurel), bundle, reader=borea.identity.member)
        receiver = Receiver(HomeHoldings(borea, now=now, stopped=print), now=now)
        face = open_bundle(BytesIO(bundle.getvalue()), file="bundle")
        run(take_bundle(borea, face, receiver, here=outward_of(borea).read, now=now))
        assert unproven(folder) == ["commitment"]
        assert prove_document(borea, folder, "commitment", now).settled
        begin_round(audit, seed=Seed(SEED, now() + LATER), cards=None, now=now())
        table = fill_in(place / "round-1.csv", lies=9)
        enter(audit, table.read_bytes(), table.name)
        say_report(aurel, audit, now)
        cosign(aurel, *homes[1:])
        assert unproven(folder) == ["report-1"]
        assert prove_document(aurel, folder, "report-1", now).settled
        policy, strange = (policy_of(borea, each.identity.member) for each in (aurel, borea))
    found = verify_audit(place, policy)
    assert [(each.name, each.said) for each in found.checks if not each.good] == []
    assert found.good
    assert outcomes(audit) == {"mayor": "Confirmed", "sheriff": "FullCount"}
    assert failed(place, strange) == [
        "the commitment was seen before the seed", "report-1.json in the log"
    ]  # fmt: skip
    (place / "report-1.receipt").unlink()
    assert failed(place, policy) == ["report-1.json in the log"]


def test_a_receipt_made_after_the_seed_shows_nothing(founded, tmp_path):
    place = make_county(tmp_path / "county")
    folder = AuditFolder(place)
    audit = load_audit(folder)
    made = commit(audit, now() - 2 * LATER)
    begin_round(audit, seed=Seed(SEED, now() - LATER), cards=None, now=now())
    with opened(copy_unit(founded, tmp_path / "unit"), "Aurel", "Borea") as homes:
        say_document(homes[0], folder, "commitment", made.text, rehearsal=False, now=now)
        cosign(homes[0], *homes[1:])
        prove_document(homes[0], folder, "commitment", now)
        policy = policy_of(homes[0], homes[0].identity.member)
        with pytest.raises(InputError, match="is there already"):
            prove_document(homes[0], folder, "commitment", now)
    assert "the commitment was seen before the seed" in failed(place, policy)


def test_a_policy_that_asks_for_nobody_shows_no_time(founded, tmp_path):
    with opened(copy_unit(founded, tmp_path / "unit"), "Aurel", "Borea") as homes:
        warn(homes[0])
        note = cosign(homes[0], *homes[1:])
        policy = policy_text(homes[0].present_charter(homes[0].charter),
                             homes[0].charter.member(homes[0].identity.member))  # fmt: skip
    lines = [line for line in policy.splitlines() if line.startswith("log")]
    nobody = Policy.parse("\n".join([*lines, "quorum none", ""]))
    with pytest.raises(Exception, match="nothing shows when"):
        quorum_time(nobody, note)


def test_a_training_node_commits_to_no_real_audit(tmp_path):
    folder = AuditFolder(make_county(tmp_path / "county"))
    commit(load_audit(folder), now())
    with (
        Home.create(tmp_path / "node", name="Aurel", exercise=True) as home,
        pytest.raises(InputError, match="not marked as a rehearsal"),
    ):
        say_document(home, folder, "commitment", "x", rehearsal=False, now=now)


def test_a_seed_from_before_the_commitment_is_refused(tmp_path):
    audit = load_audit(AuditFolder(make_county(tmp_path)))
    made = commit(audit, now())
    for thrown in (made.committed - LATER, made.committed):
        with pytest.raises(InputError, match="can choose the cards"):
            begin_round(audit, seed=Seed(SEED, thrown), cards=None, now=now())
    with pytest.raises(InputError, match="still to come"):
        begin_round(audit, seed=Seed(SEED, now() + timedelta(1)), cards=None, now=now())
    assert not (tmp_path / "seed.json").exists()


def test_a_seed_is_thrown_once(tmp_path):
    audit = published(tmp_path)
    with pytest.raises(InputError, match="there is only one"):
        begin_round(audit, seed=Seed("1" * 20, now()), cards=None, now=now())


@pytest.mark.parametrize("name", ["mayor.csv", "manifest.csv", "audit.json"])
def test_a_file_changed_after_the_commitment_stops_the_audit_and_shows(tmp_path, name):
    published(tmp_path)
    data = (tmp_path / name).read_text()
    (tmp_path / name).write_text(data.replace("b1-7,Ann", "b1-7,Bo").replace("b1-8,1", "b1-8,2")
                                 .replace("Arden county", "Arden"))  # fmt: skip
    assert "the files are those committed to" in failed(tmp_path)
    with pytest.raises(InputError, match="not the file that was committed to"):
        report(load_audit(AuditFolder(tmp_path)))


def test_cards_drawn_otherwise_than_by_the_seed_show(tmp_path):
    published(tmp_path)
    drawn = json.loads((tmp_path / "round-1.json").read_text())
    drawn["cards"][3], drawn["cards"][4] = drawn["cards"][4], drawn["cards"][3]
    (tmp_path / "round-1.json").write_text(json.dumps(drawn))
    assert "round 1" in failed(tmp_path)


@pytest.mark.parametrize(
    ("figure", "value"), [("risk", 0.001), ("outcome", "confirmed"), ("entered", 500)]
)
def test_a_published_figure_that_does_not_follow_shows(tmp_path, figure, value):
    published(tmp_path, lies=9)
    told = json.loads((tmp_path / "report-1.json").read_text())
    told["contests"][1][figure] = value
    (tmp_path / "report-1.json").write_text(json.dumps(told, indent=2) + "\n")
    found = verify_audit(tmp_path, None)
    (wrong,) = [each for each in found.checks if each.name == "report-1.json"]
    assert not wrong.good
    assert f"sheriff {figure}" in wrong.said


def test_ballots_changed_after_the_report_show(tmp_path):
    published(tmp_path, lies=9)
    ballots = (tmp_path / "ballots-1.json").read_text()
    (tmp_path / "ballots-1.json").write_text(ballots.replace('"Di"', '"Cy"'))
    assert "report-1.json" in failed(tmp_path)


def test_every_report_of_the_past_is_recomputed_as_of_then(tmp_path):
    audit = published(tmp_path, lies=9)
    count = {"contest": "sheriff", "tally": {"Cy": 500, "Di": 500}}
    with pytest.raises(InputError, match="same number"):
        enter_count(audit, json.dumps(count).encode(), "count")
    count["tally"] = {"Cy": 490, "Di": 510}
    enter_count(audit, json.dumps(count).encode(), "count")
    assert outcomes(audit)["sheriff"] == "Counted"
    name, document = report(audit)
    assert name == "report-2.json"
    assert document["contests"][1]["line"] == "counted in full: Di won, NOT as reported"
    assert report(audit)[0] == "report-2.json"  # the same is not said twice
    assert failed(tmp_path) == []
    with pytest.raises(InputError, match="say a reason"):
        enter_count(audit, json.dumps(count).encode(), "count")


def test_a_file_taken_away_shows(tmp_path):
    audit = published(tmp_path)
    enter_count(audit, b'{"contest": "mayor", "tally": {"Ann": 600, "Bo": 350}}', "count")
    report(audit)
    (tmp_path / "count-1.json").unlink()
    assert "report-2.json" in failed(tmp_path)


def test_rounds_go_on_until_a_contest_is_settled_and_pull_no_card_twice(tmp_path):
    audit = load_audit(AuditFolder(make_county(tmp_path, cards_max=1000)))
    made = commit(audit, now() - LATER)
    first = begin_round(audit, seed=Seed(SEED, made.committed + LATER), cards=60, now=now())
    with pytest.raises(InputError, match="are not entered"):
        begin_round(audit, seed=None, cards=None, now=now())
    table = fill_in(tmp_path / "round-1.csv")
    state = enter(audit, table.read_bytes(), table.name)
    assert outcomes(audit) == {"mayor": "Confirmed", "sheriff": "MoreCards"}
    second = begin_round(audit, seed=None, cards=None, now=now())
    assert second.drawn["mayor"] == 60
    assert second.drawn["sheriff"] == state.found["sheriff"].outcome.cards > 60
    assert not set(first.cards) & set(second.cards)
    table = fill_in(tmp_path / "round-2.csv")
    assert enter(audit, table.read_bytes(), table.name).line == "2 of 2 contests confirmed."
    report(audit)
    assert failed(tmp_path) == []
    with pytest.raises(InputError, match="no card is left to pull"):
        begin_round(audit, seed=None, cards=None, now=now())


def test_risk_so_far_follows_the_order_of_the_draw_not_of_the_people(tmp_path):
    audit = load_audit(AuditFolder(make_county(tmp_path)))
    made = commit(audit, now() - LATER)
    begin_round(audit, seed=Seed(SEED, made.committed + LATER), cards=40, now=now())
    header, *rows = fill_in(tmp_path / "round-1.csv").read_text().splitlines()
    state = enter(audit, "\n".join([header, *rows[20:]]).encode(), "last.csv")
    assert [each.entered for each in state.found.values()] == [0, 0]
    assert len(state.missing) == 10
    state = enter(audit, "\n".join([header, *rows[:20]]).encode(), "first.csv")
    assert [each.entered for each in state.found.values()] == [40, 40]


def test_a_card_is_entered_again_only_with_a_reason_and_both_stay(tmp_path):
    audit = published(tmp_path)
    drawn = json.loads((tmp_path / "round-1.json").read_text())["cards"][0]
    again = {"id": drawn, "votes": {"mayor": ["Bo"], "sheriff": ["other"]}}
    with pytest.raises(InputError, match="say a reason"):
        enter(audit, json.dumps({"ballots": [again]}).encode(), "x.json")
    again["reason"] = "read from the wrong side"
    enter(audit, json.dumps({"ballots": [again]}).encode(), "x.json")
    assert (tmp_path / "ballots-1.json").exists()
    assert (tmp_path / "ballots-2.json").exists()


def test_all_that_is_wrong_with_ballots_is_said_at_once_and_nothing_is_taken(tmp_path):
    audit = load_audit(AuditFolder(make_county(tmp_path)))
    made = commit(audit, now() - LATER)
    drawn = begin_round(audit, seed=Seed(SEED, made.committed + LATER), cards=5, now=now()).cards
    ballots = [
        {"id": drawn[0], "votes": {"mayor": ["Zoe"]}},
        {"id": "b9-1", "votes": None},
        {"id": drawn[1], "votes": {"mayor": 5}},
        {"id": drawn[2], "votes": {"mayor": ["Ann", "Ann"]}},
        {"id": drawn[3], "votes": {"mayor": {"Ann": 1}}},
        {"id": drawn[3], "votes": None},
        7,
    ]
    with pytest.raises(InputError) as caught:
        enter(audit, json.dumps({"ballots": ballots}).encode(), "x.json")
    for number in (1, 2, 3, 4, 6, 7):
        assert f"ballot {number}:" in str(caught.value)
    assert "ballot 5:" not in str(caught.value)
    assert not (tmp_path / "ballots-1.json").exists()


def test_cards_not_found_and_cards_without_the_contest_count_against_the_winner(tmp_path):
    audit = load_audit(AuditFolder(make_county(tmp_path)))
    made = commit(audit, now() - LATER)
    begin_round(audit, seed=Seed(SEED, made.committed + LATER), cards=30, now=now())
    header, *rows = fill_in(tmp_path / "round-1.csv").read_text().splitlines()
    said = {"mayor": "NO CONTEST", "sheriff": "NO CONTEST"}
    names = [row.split(",")[:2] for row in rows]
    lost = [f"{card},{contest},{said[contest]}" for card, contest in names[:20]]
    state = enter(audit, "\n".join([header, *lost, *rows[20:]]).encode(), "x.csv")
    seen = state.found["mayor"].judged[0].discrepancies
    recorded = [MAYOR[int(card.removeprefix("b1-"))] for card, _ in names[:20:2]]
    assert (seen[2], seen[1]) == (recorded.count("Ann"), recorded.count(""))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"card,contest\n", "expected the columns"),
        (b"", "expected the columns"),
        (b"card,contest,marks\nb1-1,mayor\n", "line 2: 2 columns"),
        (b"card,contest,marks\nb1-1,mayor,NOT FOUND\nb1-1,sheriff,Cy\n", "line 3"),
        (b"card,contest,marks\nb1-1,mayor,\n", "no ballot"),
        (b"{", "not JSON"),
        (b"[]", "one JSON object"),
    ],
)
def test_broken_tables_of_ballots_are_refused(tmp_path, data, said):
    audit = published(tmp_path)
    with pytest.raises(InputError, match=said):
        enter(audit, data, "x")


BROKEN = [
    ({"pendng": 3}, "has no 'pendng'"),
    ({"winners": ["Zoe"]}, "among those who stand"),
    ({"winners": []}, "do not fit plurality"),
    ({"choice": "dice"}, "one of plurality"),
    ({"cards": 3}, "upper bound"),
    ({"records": "../mayor.csv"}, "no plain file name"),
    ({"choice": "supermajority", "share": 1}, "do not fit"),
    ({"name": "one"}, "stands twice"),
]


@pytest.mark.parametrize(("change", "said"), BROKEN, ids=lambda value: str(value)[:24])
def test_a_definition_that_cannot_be_audited_is_refused_with_the_reason(tmp_path, change, said):
    make_county(tmp_path, **change)
    with pytest.raises(InputError, match=said):
        load_audit(AuditFolder(tmp_path))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"detente-audit": "commitment v1"}'])
def test_a_broken_commitment_is_refused(tmp_path, text):
    with pytest.raises(InputError):
        parse_commitment(text.encode(), tmp_path / "commitment.json")


def test_sheets_name_every_card_and_flag_a_rehearsal_and_carry_no_mark_of_a_record(tmp_path):
    published(tmp_path, rehearsal=True)
    page = (tmp_path / "round-1.html").read_text()
    drawn = json.loads((tmp_path / "round-1.json").read_text())
    assert drawn["rehearsal"]
    assert "REHEARSAL" in page
    assert all(f"{n}. {card}<" in page for n, card in enumerate(drawn["cards"], 1))
    assert "box <b>" in page
    assert "<script" not in page
    assert state_of(load_audit(AuditFolder(tmp_path))).line.startswith("REHEARSAL")


def test_a_sheet_shows_names_as_they_are_and_runs_nothing(tmp_path):
    make_county(tmp_path)
    rows = (tmp_path / "mayor.csv").read_text().replace(",Bo", ",<img src=x onerror=1>")
    (tmp_path / "mayor.csv").write_text(rows)
    audit = load_audit(AuditFolder(tmp_path))
    made = commit(audit, now() - LATER)
    begin_round(audit, seed=Seed(SEED, made.committed + LATER), cards=3, now=now())
    page = (tmp_path / "round-1.html").read_text()
    assert "&lt;img" in page
    assert "<img" not in page


def rewrite(place, **changes):
    told = json.loads((place / "audit.json").read_text())
    told["contests"] = [each | changes for each in told["contests"]]
    (place / "audit.json").write_text(json.dumps(told))
    return load_audit(AuditFolder(place))


def settle(audit, place):
    made = commit(audit, now() - LATER)
    begin_round(audit, seed=Seed(SEED, made.committed + LATER), cards=None, now=now())
    table = fill_in(place / "round-1.csv")
    return enter(audit, table.read_bytes(), table.name)


def test_cards_known_batch_by_batch_are_audited_by_their_batches_mean(tmp_path):
    make_county(tmp_path, cards_max=1000)
    header, *rows = (tmp_path / "manifest.csv").read_text().splitlines()
    pooled = [
        f"{row},{'batch-' + row.split(',')[1] if n % 2 else ''}" for n, row in enumerate(rows)
    ]
    (tmp_path / "manifest.csv").write_text("\n".join([f"{header},pool", *pooled]) + "\n")
    audit = rewrite(tmp_path)
    place = audit.contests["mayor"].electorate
    assert sorted(set(place.pools.tolist())) == [-1, *range(10)]
    assert place.margin(audit.contests["mayor"].assertions[0]) == pytest.approx(0.25)
    state = settle(audit, tmp_path)
    assert state.found["mayor"].judged[0].p_value < 1
    report(audit)
    assert failed(tmp_path) == []


def test_without_card_style_all_cards_of_the_manifest_are_drawn_from(tmp_path):
    make_county(tmp_path)
    more = "".join(f"b2-{n},1,1\n" for n in range(500))
    with (tmp_path / "manifest.csv").open("a") as manifest:
        manifest.write(more)
    plain = rewrite(tmp_path, style=False)
    styled = rewrite(tmp_path, style=True, cards=1000)
    assert len(styled.ids["mayor"]) == 1000
    assert len(plain.ids["mayor"]) == 1500
    margins = [each.contests["mayor"].electorate.margin(each.contests["mayor"].assertions[0])
               for each in (styled, plain)]  # fmt: skip
    assert margins == pytest.approx([0.25, 0.25 * 1000 / 1500])
    (tmp_path / "manifest.csv").write_text("card,box\nb1-0,1\n")
    with pytest.raises(InputError, match="in no manifest"):
        rewrite(tmp_path, style=False)


def test_records_left_out_do_not_shrink_what_is_drawn_from(tmp_path):
    make_county(tmp_path)
    with (tmp_path / "manifest.csv").open("a") as manifest:
        manifest.write("".join(f"b2-{n},1,1\n" for n in range(500)))
    audit = rewrite(tmp_path)
    place = audit.contests["mayor"].electorate
    assert (place.total, place.cards.count) == (1500, 1000)
    assert place.margin(audit.contests["mayor"].assertions[0]) == pytest.approx(0.25 / 1.5)


def test_a_record_without_a_card_is_told_with_what_is_near(tmp_path):
    make_county(tmp_path)
    text = (tmp_path / "manifest.csv").read_text()
    (tmp_path / "manifest.csv").write_text(text.replace("b1-0,", "b1-0x,"))
    with pytest.raises(InputError, match=r"1 records stand.* such as 'b1-0' .near: b1-0x"):
        rewrite(tmp_path)


def test_phantoms_are_drawn_and_never_found(tmp_path):
    audit = rewrite(make_county(tmp_path), cards=1400)
    state = settle(audit, tmp_path)
    drawn = [card for each in audit.drawn(SEED, {"mayor": state.found["mayor"].drawn}).values()
             for card in each]  # fmt: skip
    phantoms = sum(card.startswith("phantom-") for card in drawn)
    assert phantoms > 0
    assert state.found["mayor"].judged[0].discrepancies[1] == phantoms


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("card,box\nb1-0\n", ":2: expected 2 columns"),
        ("card,box\nb1-0,1\nb1-0,2\n", ":3: the card 'b1-0' stands there a second"),
    ],
)
def test_a_broken_manifest_is_refused_with_its_line(tmp_path, data, said):
    make_county(tmp_path)
    (tmp_path / "manifest.csv").write_text(data)
    with pytest.raises(InputError, match=said):
        load_audit(AuditFolder(tmp_path))


def test_an_officer_types_a_whole_audit(tmp_path, monkeypatch, capsysbinary):
    place = make_county(tmp_path / "county", rehearsal=True)
    audit = partial(Terminal(monkeypatch, capsysbinary), "elections", "audit")
    made = audit("commit", place)
    assert made.status == 0
    assert made.document["statement"] is None
    sample = ("sample", "--manifest", place / "manifest.csv", "--seed", SEED, "--cards", 3,
              "--commitment", place / "commitment.json", "--thrown")  # fmt: skip
    assert audit(*sample, "2019-01-01T00:00:00Z").status == 2
    assert audit(*sample, "2029-01-01T00:00:00Z").status == 0
    assert audit("round", place, "--seed", "123").status == 2
    later = format_time(now() + timedelta(seconds=60))
    drawn = audit("round", place, "--seed", SEED, "--thrown", later, "--by", "Aurel")
    assert drawn.document["drawn"] == {"mayor": 23, "sheriff": 139}
    found = audit("enter", place, fill_in(place / "round-1.csv", lies=9))
    assert [each["outcome"] for each in found.document["contests"]] == ["confirmed", "full count"]
    assert found.status == 1
    assert b"REHEARSAL" in found.out
    count = tmp_path / "count.json"
    count.write_text('{"contest": "sheriff", "tally": {"Cy": 520, "Di": 480}}')
    assert audit("count", place, count).status == 0
    assert audit("report", place).document["line"].endswith("1 counted in full.")
    checked = audit("verify", place)
    assert checked.status == 1
    assert [each["good"] for each in checked.document["checks"]] == [True, False, True, True]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**13) | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
NAMED = st.sampled_from(["id", "votes", "reason", "mayor", "ballots", "contest", "tally"])
VOTES = st.dictionaries(st.just("mayor") | NAMED, JSON, max_size=2)
BALLOTS = st.lists(st.fixed_dictionaries({"id": st.sampled_from(["a", "b"]) | JSON,
                                          "votes": VOTES | JSON}) | JSON, max_size=3)  # fmt: skip


@given(BALLOTS)
def test_whatever_ballots_hold_all_are_taken_or_none_with_the_reason(ballots):
    contest = Contest("mayor", Choice.PLURALITY, ("Ann", "Bo"), ("Ann",))
    reader = BallotReader({"mayor": contest}, {"a", "b"})
    try:
        taken = reader.take(Inputs({"ballots": ballots}))
    except ElectionsError:
        assert reader.entered == {}
    else:
        assert len(taken) == len(ballots)


@given(st.binary(max_size=80) | st.text('card,contest,marks\n"; NOT FOUND').map(str.encode))
@example(b"card,contest,marks\na,b," + b"x" * 200_000)
def test_no_table_breaks_the_reader(data):
    with suppress(InputError):
        read_table(data, "x")


def test_packed_records_stand_for_the_manifest(tmp_path):
    make_county(tmp_path)
    definition = json.loads((tmp_path / "audit.json").read_bytes())
    del definition["manifest"]
    (tmp_path / "audit.json").write_text(json.dumps(definition))
    records = tmp_path / definition["contests"][0]["records"]
    records.write_bytes(gzip.compress(records.read_bytes(), mtime=0))
    assert len(load_audit(AuditFolder(tmp_path)).manifest.ids) == 1000
