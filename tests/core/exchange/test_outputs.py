"""What is written for tools leads to receipts, and no value or text in it acts by itself. (A09)"""

import csv
import io
import json
import re
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.exchange.lines import visible
from detente.exchange.outputs import (
    RECEIPTS,
    Action,
    csv_table,
    plain_lists,
    rpz_zone,
    stix_bundle,
    suricata_dataset,
)
from detente.statements import parse_bundle
from detente.watch import Level
from tests.core.exchange.line_makers import LINES, NOW, TRACE, line

WRITERS = {
    "list": plain_lists,
    "csv": csv_table,
    "rpz": lambda lines: rpz_zone(lines, action=Action.ALERT, now=NOW),
    "suricata": lambda lines: suricata_dataset(lines, action=Action.ALERT),
    "stix": stix_bundle,
}
HOSTILE_VALUES = [
    "evil.example\n* IN CNAME good.example.",
    "evil.example\r\nalert ip any any",
    "evil.example;",
    'evil.example"; sid:1;)',
    "=cmd|' /C calc'!A0.example",
    "-evil.example",
    "\u202eelpmaxe.live",
    "evil.example\x1b[31m",
    "$INCLUDE /etc/passwd",
]
HOSTILE_TEXTS = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(1)",
    "<script>alert(1)</script>",
    "\x1b[2J\x1b]0;x\x07",
    "\u202etxt.exe",
    "line\r\nnext",
    "a\u2028b\x00c",
    '","=1+1',
]


def written(files):
    return b"\n".join(files.values())


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_leads_to_the_receipt(name):
    files = WRITERS[name](LINES)
    everything = written(files).decode()
    assert TRACE.statement in everything
    assert TRACE.origin in everything


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("path", ["domain-name:value", "url:value", "ipv4-addr:value"])
@pytest.mark.parametrize("value", HOSTILE_VALUES)
def test_a_hostile_value_stands_in_no_list(name, path, value):
    if name != "stix":  # objects travel as they were said; a pattern is quoted there
        assert value not in written(WRITERS[name]([line(path, value)])).decode()
        assert len(written(WRITERS[name]([line(path, value)]))) <= len(
            written(WRITERS[name]([]))
        ) + (200 if value == "-evil.example" else 0)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_a09_a_hostile_text_is_shown_and_does_nothing(text):
    said = line("domain-name:value", "evil.example", why=text)
    for files in (csv_table([said]), plain_lists([said])):
        shown = written(files).decode()
        assert "\x1b" not in shown
        assert "<script" not in shown
        assert "\u202e" not in shown
    (row,) = list(csv.reader(io.StringIO(csv_table([said])["indicators.csv"].decode())))[1:]
    assert len(row) == 8
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "|")) for cell in row)


@given(st.text(max_size=60))
def test_a09_visible_text_is_one_line_of_plain_signs(text):
    shown = visible(text)
    assert shown.isprintable() or not shown
    assert not set(shown) & set("<>&\"'`\r\n")


@given(st.text(max_size=60))
def test_a09_no_cell_begins_as_a_formula(text):
    said = line("domain-name:value", "evil.example", why=text)
    rows = list(csv.reader(io.StringIO(csv_table([said])["indicators.csv"].decode(), newline="")))
    assert len(rows) == 2
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in rows[1])


def test_plain_lists_hold_a_value_a_line_and_nothing_else():
    files = plain_lists(LINES)
    assert files["address.txt"] == b"198.51.100.7\n203.0.113.0/24\n2001:db8::7\n"
    receipts = [json.loads(each) for each in files[RECEIPTS].splitlines()]
    values = [
        value
        for name, data in files.items()
        if name.endswith(".txt")
        for value in data.decode().split()
    ]
    assert sorted(values) == sorted(each["value"] for each in receipts)


def test_a_zone_lets_pass_and_logs_unless_the_office_chose_to_block():
    zone = rpz_zone(LINES, action=Action.ALERT, now=NOW)["detente.rpz"].decode()
    assert "evil.example IN CNAME rpz-passthru. ; statement " in zone
    assert "*.evil.example IN CNAME rpz-passthru." in zone
    assert "32.7.100.51.198.rpz-ip IN CNAME rpz-passthru." in zone
    assert "24.0.113.0.203.rpz-ip IN CNAME" in zone
    assert "128.7.zz.db8.2001.rpz-ip IN CNAME" in zone
    blocking = rpz_zone(LINES, action=Action.BLOCK, now=NOW)["detente.rpz"].decode()
    assert "evil.example IN CNAME . ; statement " in blocking
    assert "203.rpz-ip" not in blocking, "what only alerts is never blocked"


@given(st.ip_addresses())
def test_an_address_in_a_zone_is_read_back_as_itself(address):
    (trigger,) = re.findall(
        r"^(\S+)\.rpz-ip ",
        rpz_zone([line("ipv4-addr:value", str(address))], action=Action.ALERT, now=NOW)[
            "detente.rpz"
        ].decode(),
        re.M,
    )
    length, *labels = trigger.split(".")
    words = labels[::-1]
    mapped = getattr(address, "ipv4_mapped", None)
    if len(words) == 4 and "zz" not in words and length == "32":
        text = ".".join(words)
    else:
        text = ":".join("" if word == "zz" else word for word in words)
        text = (":" if words[0] == "zz" else "") + text + (":" if words[-1] == "zz" else "")
    assert ip_address(text) == (mapped or address)
    assert ip_network(f"{text}/{length}").num_addresses == 1


def test_suricata_gets_datasets_and_rules_that_alert():
    files = suricata_dataset(LINES, action=Action.ALERT)
    assert files["detente-ip.lst"] == b"198.51.100.7\n2001:db8::7\n"
    assert files["detente-md5.lst"] == b"ab" * 16 + b"\n"
    assert files["detente-domain.lst"] == b"ZXZpbC5leGFtcGxl\n"
    rules = files["detente.rules"].decode().splitlines()
    assert all(rule.startswith("alert ") and rule.endswith(")") for rule in rules)
    sids = re.findall(r"sid:(\d+);", files["detente.rules"].decode())
    assert len(sids) == len(set(sids)) == len(rules)
    blocking = suricata_dataset(LINES, action=Action.BLOCK)
    assert blocking["detente-ip.lst"] == b"198.51.100.7\n"
    assert "detente-md5.lst" not in blocking


def test_a_bundle_holds_the_objects_as_they_were_said():
    bundle = parse_bundle(stix_bundle(LINES)["bundle.json"])
    assert {each.raw for each in bundle.objects} == {each.objects[0].raw for each in LINES}


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_to_say_is_said_too(name):
    assert WRITERS[name]([])


def test_levels_decide_what_is_chosen_to_block():
    only = [each for each in LINES if each.level is Level.ACTIONABLE]
    assert len(only) == 2
