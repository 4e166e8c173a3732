"""Many lines say what none of them says: quiet sources behind loud ones, floods, walks, senders."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.elections.systems import (
    Letter,
    Request,
    Sign,
    Technique,
    look_at_letters,
    look_at_requests,
)
from detente.elections.systems.probes import technique_of

DAY = 86_400.0
START = 1_790_000_000.0
BROWSER = "Mozilla/5.0 Firefox/127.0"
SQL = "id=1%27+UNION+SELECT+NULL--"


def asked(at, source, page="/", query="", *, status=200, size=900, agent=BROWSER):
    return Request(0, START + at, source, page, query, status, size, agent)


def public(days=30, visits=1_500):
    chance = random.Random(7)
    pages = ("/", "/results/", "/register", "/lookup", "/static/site.css")
    return [
        asked(chance.uniform(0, days * DAY), f"192.0.2.{chance.randrange(200)}",
              chance.choice(pages), f"voter_id={chance.randrange(10**6)}")
        for _ in range(visits)
    ]  # fmt: skip


def numbered(requests):
    ordered = sorted(requests, key=lambda each: each.at)
    return [
        Request(n, r.at, r.source, r.page, r.query, r.status, r.size, r.agent)
        for n, r in enumerate(ordered, 1)
    ]


def seen(*requests):
    return {each.sign: each for each in look_at_requests(numbered([*public(), *requests]))}


def test_the_public_alone_is_left_alone():
    assert seen() == {}


@pytest.mark.parametrize(
    ("query", "technique"),
    [
        (SQL, Technique.SQL),
        ("id=1%27", Technique.SQL),
        ("id=1%2527%2520OR%25201%253D1", Technique.SQL),
        ("id=1+AND+1%3D2", Technique.SQL),
        ("id=1%27%3B+WAITFOR+DELAY+%270%3A0%3A5%27--", Technique.SQL),
        ("id=1%27+ORDER+BY+9--", Technique.SQL),
        ("template=..%2F..%2Fconf%2Fsite.cfg", Technique.TRAVERSAL),
        ("last_name=%24%7B9999%2B1%7D", Technique.TEMPLATE),
        ("q=O%27Brien", None),
        ("q=D%27Angelo+polling+place", None),
        ("q=select+a+party", None),
        ("q=union+hall+voting+site", None),
        ("q=where%27s+my+ballot+--+help", None),
        ("q=drop+box+locations", None),
        ("q=order+by+mail", None),
        ("voter_id=000123456", None),
        ("", None),
    ],
)
def test_a_probe_needs_the_grammar_of_one(query, technique):
    assert technique_of(query) is technique


@given(st.text(max_size=200))
def test_no_query_breaks_the_reader(query):
    assert technique_of(query) in (None, *Technique)


def test_the_quiet_source_is_named_behind_the_loud_one():
    loud = [asked(4 * n, "203.0.113.90", "/register", f"f{n % 10}={SQL}") for n in range(300)]
    quiet = [asked(100 + 90 * n, "203.0.113.150", "/register", SQL) for n in range(7)]
    elsewhere = [asked(50 * n, "198.51.100.9", "/news", SQL) for n in range(9)]
    found = seen(*loud, *quiet, *elsewhere)[Sign.CAMPAIGN]
    assert found.sources == ("203.0.113.90", "203.0.113.150")
    assert found.count == 307
    assert "loudest 300 times" in found.said


def slow(source, count, page="/status"):
    return [asked(40_000 * n, source, page, SQL, size=500) for n in range(count)]


def test_slow_probes_that_turn_fast_are_told_with_those_that_came_slowly_as_well():
    fast = [asked(13 * DAY + n, "198.51.100.1", "/status", SQL, size=9_000) for n in range(200)]
    found = seen(*slow("198.51.100.1", 25), *slow("198.51.100.2", 20), *fast)
    told = found[Sign.SLOW_THEN_FAST]
    assert told.sources == ("198.51.100.1", "198.51.100.2")
    assert told.count == 245
    assert "answers 18 times as large" in told.said


def test_slow_alone_and_fast_alone_are_no_turn():
    fast = [asked(n, "198.51.100.1", "/status", SQL) for n in range(200)]
    assert Sign.SLOW_THEN_FAST not in seen(*slow("198.51.100.1", 25))
    assert Sign.SLOW_THEN_FAST not in seen(*fast)


def test_an_even_pace_against_a_shut_door_is_told_and_a_crowd_at_it_is_not():
    def refused(at):
        return asked(at, "198.51.100.1", "/status", status=403)

    chance = random.Random(3)
    assert seen(*(refused(n // 5) for n in range(600)))[Sign.CONSTANT_RATE].count == 600
    assert Sign.CONSTANT_RATE not in seen(*(refused(chance.uniform(0, 120)) for _ in range(600)))


def test_an_even_crawler_that_is_answered_is_left_alone():
    assert seen(*(asked(10 * n, "192.0.2.230", f"/news/{n}") for n in range(120))) == {}


def flood(status=503):
    chance = random.Random(5)
    return [
        asked(chance.uniform(0, 1_500), f"2001:db8::{chance.randrange(400):x}", "/results/",
              status=status)
        for _ in range(1_200)
    ]  # fmt: skip


def test_what_is_quiet_inside_a_flood_is_found_and_the_flood_is_told_beside_it():
    odd = [asked(100 + 200 * n, "2001:db8::9", "/cgi-bin/report", "t=..%2Fsite") for n in range(6)]
    found = seen(*flood(), *odd)
    assert found[Sign.QUIET_IN_FLOOD].count == 6
    assert "/cgi-bin/report" in found[Sign.QUIET_IN_FLOOD].said
    assert found[Sign.FLOOD].count >= 1_200


def test_a_crowd_that_is_answered_is_no_flood():
    assert seen(*flood(status=200)) == {}


def test_voters_who_ask_for_known_pages_inside_a_flood_are_not_accused():
    voters = [asked(60 * n, f"192.0.2.{n}", "/register") for n in range(20)]
    assert Sign.QUIET_IN_FLOOD not in seen(*flood(), *voters)


def tools(order):
    stages = {
        "scan": [("/trace.axd", "", 404, "Mozilla/5.0 (compatible; Acunetix)")] * 20,
        "folders": [(f"/old{n}/", "", 404, BROWSER) for n in range(80)],
        "inject": [("/status", SQL, 500, "sqlmap/1.0.6")] * 20,
    }
    requests = [row for name in order for row in stages[name]]
    return [
        asked(2 * at, "203.0.113.44", page, query, status=status, agent=agent)
        for at, (page, query, status, agent) in enumerate(requests)
    ]


def test_tools_in_their_order_are_told_by_name_or_by_what_they_do():
    found = seen(*tools(("scan", "folders", "inject")))[Sign.TOOL_ORDER]
    assert found.count == 120
    assert "a list of folders tried (80), then injections (20)" in found.said


@pytest.mark.parametrize("order", [("inject", "scan"), ("folders",), ("scan",)])
def test_one_tool_or_another_order_is_no_chain(order):
    assert Sign.TOOL_ORDER not in seen(*tools(order))


def test_numbers_asked_one_after_the_other_are_a_walk_at_any_pace_and_others_are_none():
    def walk(step, pause):
        return [
            asked(pause * n, "198.51.100.140", "/lookup", f"voter_id={412_000 + step * n:09d}")
            for n in range(80)
        ]

    assert seen(*walk(1, 4))[Sign.ENUMERATION].count == 80
    assert seen(*walk(1, 600))[Sign.ENUMERATION].count == 80
    assert Sign.ENUMERATION not in seen(*walk(-977, 4))


def letter(at, sender, display, recipient="a@ours.example", attachment=""):
    return Letter(int(at) + 1, START + at, sender, display, recipient, attachment)


def usual(count=40):
    return [letter(900 * n, "help@vendor.example", "Tally Systems") for n in range(count)]


def told(*letters, known=None):
    return {each.sign: each for each in look_at_letters([*usual(), *letters], known)}


def test_a_trusted_name_from_another_domain_is_found_however_it_is_written():
    later = 50 * 900
    odd = [
        letter(later + n, "tally@freemail.example", shown, f"o{n}@ours.example", "ab" * 32)
        for n, shown in enumerate(("Tally Systems", "TaIIy Systems", "T\u0430lly Systems"))
    ]
    found = told(*odd)[Sign.TRUSTED_NAME]
    assert found.count == 3
    assert found.attachments == ("ab" * 32,)
    assert "never had it" in found.said


def test_a_name_the_office_trusts_needs_no_history():
    first = letter(0, "x@freemail.example", "State Board")
    assert Sign.TRUSTED_NAME not in told(first)
    known = {"State Board": frozenset({"board.example"})}
    assert told(first, known=known)[Sign.TRUSTED_NAME].sources == ("freemail.example",)


def test_hosts_of_a_trusted_domain_are_its_own():
    assert told(letter(50 * 900, "help@mx.vendor.example", "Tally Systems")) == {}


def test_a_stranger_who_writes_to_many_is_told_and_one_who_writes_to_few_is_not():
    later = 50 * 900

    def stranger(count):
        return [
            letter(later + n, "info@watchers.example", "Watchers", f"o{n}@ours.example")
            for n in range(count)
        ]

    assert told(*stranger(12))[Sign.NEW_SENDER].count == 12
    assert Sign.NEW_SENDER not in told(*stranger(4))


def test_a_piece_cut_out_of_a_steady_log_is_found():
    steady = [asked(60 * n, "192.0.2.7", "/") for n in range(2_000)]
    cut = [each for each in steady if not 50_000 < each.at - START < 72_000]
    assert look_at_requests(numbered(steady)) == []
    found = look_at_requests(numbered(cut))
    assert [each.sign for each in found] == [Sign.LOG_GAP]
    assert "6.1 hours" in found[0].said


def test_no_finding_names_an_attack_and_each_has_an_innocent_cause():
    requests = [*flood(), *tools(("scan", "folders", "inject"))]
    for found in seen(*requests).values():
        assert found.innocent
        assert found.settled_by
        assert "attack" not in f"{found.said}{found.innocent}{found.settled_by}".lower()
