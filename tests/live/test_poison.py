"""Live rows A01-A03, A33, A62: false words, and words against another's own; what acts is weighed.

Also: a veto for what belongs to others, and an import that poses as an own sighting.
"""

import re
from datetime import timedelta

from detente.exchange.protocol.paths import cosigned_path
from detente.node.clock import now
from detente.node.taking_back import RETRACTED_MAX
from detente.statements import Kind
from detente.watch import Basis, claim_extension
from tests.live.mischief import (
    cosigned_by,
    handled,
    indicator_of,
    made,
    named,
    note,
    sealed,
    shown_size,
    told,
    typed,
    why,
)
from tests.live.unit import HOSTILE, eventually, faults, kept, kept_of

TOOK_BACK = re.compile(rf"{HOSTILE} took back (\d+) of its own statements within")


def level(node, value):
    found = why(node, value)
    return None if found is None else found[0]


def rules(node, value):
    found = why(node, value)
    return set() if found is None else found[1]


def id_of(node, member, seq):
    """Return the id of what stands at a place of a member's log."""
    ((name, _),) = [(name, row) for name, row in kept(node).items() if row[:2] == (member, seq)]
    return name


def heard(stage, seq, objects=1):
    stage.everywhere(lambda node: kept_of(node, stage.liar.member).get(seq) == objects)


def detect(node, value):
    """Let an office say what it detected itself; return the statement's id."""
    return told(node, "indicators", "detected", value)["id"]


COMMON = {
    "8.8.8.8": "[ipv4-addr:value = '8.8.8.8']",
    "0.0.0.0/0": "[ipv4-addr:value = '0.0.0.0/0']",
    "a.root-servers.net": "[domain-name:value = 'a.root-servers.net']",
}


def test_a01_what_is_common_and_benign_is_logged_does_nothing_and_is_disputed(stage, tmp_path):
    liar = stage.liar
    objects = [indicator_of(liar.member, pattern) for pattern in COMMON.values()]
    seq = liar.say(sealed(liar, objects))
    heard(stage, seq, 3)
    for node in stage.nodes:
        assert {value: level(node, value) for value in COMMON} == dict.fromkeys(COMMON, "noted")
        typed(node, "indicators", "export", "--format", "list", "--to", tmp_path / node.name)
        exported = "".join(each.read_text() for each in (tmp_path / node.name).iterdir())
        assert not any(value in exported for value in COMMON)


def test_a_veto_for_what_belongs_to_others_stops_nobody_s_own_detection(stage):
    liar = stage.liar
    aurel, borea = stage.nodes
    said = detect(borea, "c2.foreign-veto.example")
    eventually(lambda: said in kept(aurel), within_s=20)
    words = note(
        liar.member,
        "leave this to us",
        extensions=claim_extension(
            Basis.UNSTATED, pattern="[domain-name:value = 'c2.foreign-veto.example']"
        ),
    )
    seq = liar.say(sealed(liar, [words], handled(Kind.VETO, about=[said])))
    heard(stage, seq)
    for node in stage.nodes:
        assert level(node, "c2.foreign-veto.example") == "alerting"
        assert "veto" not in rules(node, "c2.foreign-veto.example")
        assert "disputed" in rules(node, "c2.foreign-veto.example")


def test_a03_who_said_much_that_is_false_loses_its_weight(stage):
    liar = stage.liar
    fakes = [named(liar.member, f"false-{n}.a03.google.com") for n in range(1_000)]
    seq = liar.say(sealed(liar, fakes), sealed(liar, [named(liar.member, "one-more.a03.example")]))
    heard(stage, seq, 1_000)
    heard(stage, seq + 1)
    for node in stage.nodes:
        eventually(lambda node=node: level(node, "one-more.a03.example") == "noted", within_s=60)
        assert "precision" in rules(node, "one-more.a03.example")


def test_a33_what_another_said_cannot_be_taken_back(stage):
    liar = stage.liar
    aurel, borea = stage.nodes
    said = detect(aurel, "c2.a33.example")
    eventually(lambda: said in kept(borea), within_s=20)
    back = handled(Kind.RETRACTION, about=[said])
    seq = liar.say(sealed(liar, [note(liar.member, "taken back")], back))
    heard(stage, seq)
    for node in stage.nodes:
        assert level(node, "c2.a33.example") == "alerting"
        assert "withdrawn" not in rules(node, "c2.a33.example")
        assert kept(node)[said][0] == aurel.member  # the original stays


def test_a33_own_words_taken_back_in_masses_stay_in_the_log_and_people_are_told(stage):
    liar = stage.liar
    many = [f"c2-{n}.a33-mass.example" for n in range(20)]
    seq = liar.say(*(sealed(liar, [named(liar.member, value)]) for value in many))
    for n in range(20):
        heard(stage, seq + n)
    ids = sorted(id_of(stage.nodes[0], liar.member, seq + n) for n in range(20))
    before = {node.name: faults(node, liar.member) for node in stage.nodes}
    back = liar.say(
        sealed(liar, [note(liar.member, "all of it")], handled(Kind.RETRACTION, about=ids))
    )
    heard(stage, back)
    for node in stage.nodes:
        assert {level(node, value) for value in many} == {"noted"}
        assert "withdrawn" in rules(node, many[0])
        assert {kept_of(node, liar.member)[seq + n] for n in range(20)} == {1}
        # Nothing is refused; people hear of the rate, and of the one member whose it is.
        eventually(lambda node=node: TOOK_BACK.search(node.words()), within_s=30)
        assert int(TOOK_BACK.search(node.words())[1]) > RETRACTED_MAX
        assert faults(node, liar.member) == before[node.name]
        assert not any(f"{each.name} took back" in node.words() for each in stage.nodes)


def test_an_indicator_that_ran_out_alerts_nobody_any_more_and_stays_in_the_log(stage):
    liar = stage.liar
    until = (now() + timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    short = named(liar.member, "c2.runs-out.example", valid_until=until)
    seq = liar.say(sealed(liar, [short, named(liar.member, "c2.stays.example")]))
    heard(stage, seq, 2)
    for node in stage.nodes:
        eventually(lambda node=node: "expired" in rules(node, "c2.runs-out.example"), every_s=0.3)
        assert level(node, "c2.runs-out.example") == "noted"
        # Whether it alerts hangs on what this member's key said before; its time is not over.
        assert "expired" not in rules(node, "c2.stays.example")
        assert kept_of(node, liar.member)[seq] == 2


# No domain: rows above took so many of those back that the liar counts for none in their class.
A62 = "http://c2.a62.example/beacon"


def test_a62_another_s_finding_said_as_ones_own_is_an_echo(stage):
    liar = stage.liar
    aurel, _borea = stage.nodes
    said = detect(aurel, A62)
    stage.everywhere(lambda node: said in kept(node))
    place = kept(aurel)[said][1]
    stage.everywhere(lambda node: shown_size(node, aurel.origin) > place)
    # Whoever cosigned a log up to a word had that word from then on.
    liar.show({cosigned_path(aurel.origin): cosigned_by(liar, aurel, timedelta(seconds=5))})
    own = claim_extension(Basis.DETECTION, handshake=True)
    early = {"valid_from": "2026-01-01T00:00:00.000Z", "extensions": own}
    seq = liar.say(sealed(liar, [indicator_of(liar.member, f"[url:value = '{A62}']", **early)]))
    heard(stage, seq)
    for node in stage.nodes:
        eventually(lambda node=node: "echo" in rules(node, A62), within_s=30)
        assert level(node, A62) == "alerting"
        assert why_counts(node, A62) == 1


def why_counts(node, value):
    return len(told(node, "indicators", "why", value)["origins"])


def test_an_import_that_poses_as_an_own_sighting_is_nobody_s_detection(stage):
    liar = stage.liar
    aurel, _borea = stage.nodes
    said = detect(aurel, "c2.posing.example")
    stage.everywhere(lambda node: said in kept(node))
    reissued = [
        {
            "source_name": "detente",
            "description": "Re-issued; created by identity--4a65d8ea-3b2e-4a3c-9b0a-0e1b7a5f2c11",
        }
    ]
    own = claim_extension(Basis.DETECTION, handshake=True)
    posing = named(liar.member, "c2.posing.example", extensions=own, external_references=reissued)
    sighting = made(
        liar.member,
        "sighting",
        sighting_of_ref="indicator--4a65d8ea-3b2e-4a3c-9b0a-0e1b7a5f2c12",
        count=3,
        extensions=claim_extension(
            Basis.DETECTION, pattern="[domain-name:value = 'c2.posing.example']"
        ),
        external_references=reissued,
    )
    seq = liar.say(sealed(liar, [posing]), sealed(liar, [sighting], handled(Kind.SIGHTING)))
    heard(stage, seq)
    heard(stage, seq + 1)
    for node in stage.nodes:
        document = told(node, "indicators", "why", "c2.posing.example")
        assert liar.member not in document["origins"]
