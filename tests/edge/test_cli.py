"""The command contract: what goes to standard output, what to people, and the exit status.

docs/cli.md. 0 done and good, 1 something was found wrong, 2 bad input, 3 the machine. Every
error names the file, the line where there is one, and what to do; none is a traceback.
"""

import json
import os
import shutil
import time

import pytest

from detente.cli.main import root
from detente.cli.output import Elsewhere, print_json, said_elsewhere
from detente.errors import UnitError
from detente.node.catching_up import open_node
from detente.node.clock import now
from detente.node.exercise import scene_names
from detente.tlog import Receipt
from tests.edge.media import carry
from tests.edge.offices import copy_unit, cosign, make_unit, opened
from tests.edge.typed import Terminal

TABLE = "type,value,name\nipv4-addr,198.51.100.7,scanner\ndomain-name,bad.example,\n"


@pytest.fixture
def type_in(monkeypatch, capsysbinary):
    monkeypatch.delenv("DETENTE_NODE", raising=False)
    return Terminal(monkeypatch, capsysbinary)


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit") / "members"
    make_unit(place, ("Aurel", "Borea"))
    return place


@pytest.fixture
def office(founded, tmp_path, monkeypatch):
    """The present directory holds two founded nodes and a table to publish."""
    place = tmp_path / "here"
    copy_unit(founded, place)
    (place / "scanners.csv").write_text(TABLE)
    monkeypatch.chdir(place)
    return place


def refused(answer, status, *says):
    """Check that a command failed in words: no traceback, nothing for machines."""
    assert answer.status == status, answer.err
    assert answer.out == b""
    assert "Traceback" not in answer.err
    for each in says:
        assert each in answer.err
    return answer


# --- founding -----------------------------------------------------------------------------


def test_a_unit_is_founded_by_files_alone(type_in, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("Aurel", "Borea"):
        made = type_in("init", name.lower(), "--name", name, "--json").document
        assert set(made) == {"member", "origin", "fingerprint"}
        card = type_in("charter", "card", "--out", f"{name}.card", "--node", name.lower(), "--json")
        assert card.document["fingerprint"] == made["fingerprint"]
    offer = type_in("charter", "found", "Aurel.card", "Borea.card", "--name", "Border unit",
                    "--out", "offer", "--json").document  # fmt: skip
    shown = type_in("charter", "show", "offer", "--json").document
    assert shown["unit"] == offer["unit"]
    assert {each["name"] for each in shown["members"]} == {"Aurel", "Borea"}
    for name in ("aurel", "borea"):
        assert (
            type_in("charter", "vote", "offer", "--out", f"{name}.yes", "--node", name).out == b""
        )
    refused(
        type_in("charter", "apply", "offer", "aurel.yes", "--node", "aurel"),
        2, "offer: ", "1 members have not accepted: Borea",
    )  # fmt: skip
    for _ in range(2):
        for name in ("aurel", "borea"):
            applied = type_in("charter", "apply", "offer", "aurel.yes", "borea.yes",
                              "--node", name, "--json")  # fmt: skip
            assert applied.document == {"unit": offer["unit"], "version": 1}
    assert type_in("charter", "show", "--node", "borea", "--json").document["unit"] == offer["unit"]
    refused(type_in("charter", "vote", "offer", "--out", "again", "--node", "aurel"), 2, "already")


def test_a_withdrawn_offer_founds_nothing(type_in, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("aurel", "borea"):
        type_in("init", name, "--name", name.title())
        type_in("charter", "card", "--out", f"{name}.card", "--node", name)
    type_in("charter", "found", "aurel.card", "borea.card", "--name", "Unit", "--out", "offer")
    type_in("charter", "vote", "offer", "--out", "aurel.yes", "--node", "aurel")
    type_in("charter", "vote", "offer", "--withdraw", "--out", "no", "--node", "borea")
    refused(
        type_in("charter", "apply", "offer", "aurel.yes", "no", "--node", "aurel"), 2, "withdrawn"
    )
    refused(type_in("charter", "show", "--node", "aurel"), 2, "belongs to no unit")
    for verb in ("chain", "policy"):
        refused(type_in("charter", verb, "--out", "x", "--node", "aurel"), 2, "no unit")


@pytest.mark.parametrize("cards", [["aurel.card"], ["aurel.card", "aurel.card"]])
def test_a_unit_that_could_not_be_is_refused(type_in, tmp_path, monkeypatch, cards):
    monkeypatch.chdir(tmp_path)
    type_in("init", "aurel", "--name", "Aurel")
    type_in("charter", "card", "--out", "aurel.card", "--node", "aurel")
    words = ["charter", "found", *cards, "--name", "Unit", "--out", "offer"]
    refused(type_in(*words), 2, "error: ")
    refused(type_in(*words, "--witness", "no key"), 2, "error: ")
    assert not (tmp_path / "offer").exists()


# --- saying -------------------------------------------------------------------------------


def publish(type_in, *words, file="scanners.csv"):
    return type_in("statement", "publish", file, "--node", "Aurel", "--json", *words)


def test_what_is_published_is_listed_shown_retracted_and_disputed(type_in, office):
    said = publish(type_in, "--tlp", "green").document
    assert (said["index"], said["tlp"], len(said["objects"])) == (0, "green", 2)
    shown = type_in("statement", "show", said["id"][:8], "--node", "Aurel", "--json").document
    assert [each["type"] for each in shown["objects"]] == ["indicator", "indicator"]
    assert (shown["kind"], shown["audience"], shown["pap"]) == ("indicator", "unit", "amber")
    retracted = type_in("statement", "retract", said["id"], "--node", "Aurel", "--json").document
    disputed = type_in("statement", "dispute", "ab" * 32, "--reason", "not so", "--node", "Aurel",
                       "--json").document  # fmt: skip
    listed = type_in("statement", "list", "--node", "Aurel", "--json").document["statements"]
    assert [each["id"] for each in listed] == [said["id"], retracted["id"], disputed["id"]]
    assert [each["kind"] for each in listed] == ["indicator", "retraction", "dispute"]
    only = type_in("statement", "list", "--limit", "1", "--node", "Aurel", "--json").document
    assert [each["id"] for each in only["statements"]] == [disputed["id"]]


def test_what_is_under_clear_is_disclosed_and_nothing_else(type_in, office):
    def disclose(said):
        return type_in(
            "statement", "disclose", said["id"][:12], "--yes", "--node", "Aurel", "--json"
        )

    refused(disclose(publish(type_in, "--tlp", "green", "--pap", "clear").document), 2, "TLP:GREEN")
    open_words = ("--tlp", "clear", "--pap", "clear", "--licence", "CC0-1.0")
    said = publish(type_in, *open_words).document
    first, again = (disclose(said).document for _ in range(2))
    assert first == again
    listed = type_in("statement", "list", "--node", "Aurel", "--json").document["statements"]
    assert [each["kind"] for each in listed] == ["indicator", "indicator", "publication"]


def test_a_statement_may_be_addressed_to_some(type_in, office):
    said = publish(type_in, "--tlp", "red", "--to", "Borea").document
    shown = type_in("statement", "show", said["id"], "--node", "Aurel", "--json").document
    borea = json.loads((office / "Borea/identity.json").read_bytes())["member"]
    assert shown["audience"] == [borea]
    refused(
        publish(type_in, "--to", "Dovar"), 2, "no member of the unit is called 'Dovar'", "Borea"
    )
    refused(publish(type_in, "--to", "Aurel"), 2, "its own readers")


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("bad.csv", "type,value\nipv4-addr,1.2.3\nmd5,zz\n", "bad.csv:2: ipv4-addr"),
        ("bad.csv", "type,value\nipv4-addr,1.2.3\nmd5,zz\n", "line 3: md5"),
        ("bad.ndjson", "{}\n", "bad.ndjson:1: "),
        ("bad.json", "{", "bad.json: "),
        ("bad.json", "", "bad.json: "),
        ("bad.json", "\udcff\udcfe\0", "bad.json: "),
        ("bad", "\0" * 9_000, "bad: "),
        ("we\nird\x1b[2J.csv", "x", "we\\u000aird\\u001b[2J.csv:1: "),
        ("\udcff.csv", "x", "\\udcff.csv:1: "),
    ],
)
def test_a_file_that_cannot_be_said_is_refused_by_name_and_line(type_in, office, name, data, says):
    (office / name).write_bytes(data.encode(errors="surrogateescape"))
    refused(publish(type_in, file=name), 2, says)
    assert type_in("statement", "list", "--node", "Aurel", "--json").document == {"statements": []}


def test_bad_words_are_refused_with_those_there_are(type_in, office):
    refused(publish(type_in, "--kind", "rumour"), 2, "indicator")
    refused(publish(type_in, "--kind", "denial"), 2, "denial")
    refused(publish(type_in, "--tlp", "white"), 2, "amber+strict")
    refused(publish(type_in, "--licence", "do what you want"), 2, "scanners.csv", "SPDX")
    refused(type_in("statement", "retract", "abcd", "--node", "Aurel"), 2, "no statements")
    refused(type_in("statement", "retract", "abcd", "--reason", " ", "--node", "Aurel"), 2, "words")
    refused(type_in("statement", "show", "..", "--node", "Aurel"), 2, "is no id")
    refused(
        type_in("keys", "suspend", "statment", "--node", "Aurel"), 2, "'statment'", "log_mldsa44"
    )


# --- receipts -----------------------------------------------------------------------------


def test_a_receipt_is_verified_by_whoever_has_it_and_a_policy(type_in, office):
    said = publish(type_in).document
    with opened({"Aurel": office / "Aurel", "Borea": office / "Borea"}, "Aurel", "Borea") as homes:
        cosign(*homes)
    made = type_in("receipt", "make", said["id"][:10], "--node", "Aurel", "--json").document
    assert made["file"] == f"{said['id'][:16]}.tlog-proof"
    assert (made["seen"], made["settled"], made["index"]) == ("seen by 1 of 1", True, 0)
    type_in("charter", "policy", "--out", "policy", "--node", "Borea", "--member", "Aurel")
    good = type_in("receipt", "verify", made["file"], "--policy", "policy", "--json")
    assert (good.status, good.document["valid"]) == (0, True)
    assert set(good.document) == {"valid", "reason", "origin", "size", "index", "witnesses"}
    assert (good.document["origin"], good.document["size"]) == (said["origin"], 1)
    receipt = Receipt.parse((office / made["file"]).read_bytes())
    (office / "entry").write_bytes(receipt.extra[:-1] + b" ")
    altered = type_in("receipt", "verify", made["file"], "--policy", "policy", "--entry", "entry",
                      "--json")  # fmt: skip
    assert (altered.status, altered.document["valid"]) == (1, False)
    assert altered.document["reason"]
    type_in("charter", "policy", "--out", "other", "--node", "Borea")
    other = type_in("receipt", "verify", made["file"], "--policy", "other", "--json")
    assert (other.status, other.document["valid"]) == (1, False)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\x00", b"{}", b"[" * 9_000, b"c2sp.org/tlog-proof@v1\n"]
)
def test_rubbish_is_no_receipt_and_no_proof_and_says_so_with_status_1(type_in, office, data):
    (office / "rubbish").write_bytes(data)
    type_in("charter", "policy", "--out", "policy", "--node", "Aurel")
    type_in("charter", "chain", "--out", "chain", "--node", "Aurel")
    for words in (
        ("receipt", "verify", "rubbish", "--policy", "policy"),
        ("proof", "verify", "rubbish", "--policy", "policy"),
        ("proof", "verify", "rubbish", "--policy", "chain"),
    ):
        answer = type_in(*words, "--json")
        assert (answer.status, answer.document["valid"]) == (1, False)
        assert "Traceback" not in answer.err
    for noun in ("receipt", "proof"):
        refused(type_in(noun, "verify", "rubbish", "--policy", "rubbish", "--json"), 2, "rubbish: ")


# --- keys ---------------------------------------------------------------------------------


def states(type_in):
    rows = type_in("keys", "show", "--node", "Aurel", "--json").document["keys"]
    return {(row["slot"], row["generation"]): row["state"] for row in rows}


def test_keys_are_suspended_rotated_and_recovered(type_in, office):
    assert set(states(type_in).values()) == {"in force"}
    assert type_in("keys", "suspend", "statement", "--node", "Aurel", "--json").document["id"]
    refused(publish(type_in), 3, "suspended", "detente keys rotate statement")
    assert type_in("keys", "rotate", "statement", "sealing", "--node", "Aurel").status == 0
    assert states(type_in)["statement", "2"] == "in force"
    assert publish(type_in).status == 0
    secrets = ("--recovery", "Aurel/recovery.key", "--next", "recovery-2.key")
    refused(type_in("keys", "rotate", "governance", "--node", "Aurel"), 2, "--recovery")
    recovered = type_in("keys", "recover", *secrets, "--node", "Aurel", "--json")
    assert recovered.status == 0
    again = type_in("keys", "recover", *secrets, "--node", "Aurel", "--json")
    assert again.document == recovered.document
    refused(
        type_in("keys", "recover", "--recovery", "nowhere", "--next", "x", "--node", "Aurel"),
        2, "nowhere: cannot be read",
    )  # fmt: skip
    assert publish(type_in).document["origin"].endswith("/2")


# --- back-up ------------------------------------------------------------------------------


def test_a_restored_node_refuses_to_sign_until_it_was_compared(type_in, office):
    publish(type_in)
    with opened({"Aurel": office / "Aurel", "Borea": office / "Borea"}, "Aurel", "Borea") as homes:
        (office / "before").write_bytes(cosign(*homes))
        carry(*homes, now)
    saved = type_in("backup", "node.tar", "--node", "Aurel", "--json").document
    assert saved["file"] == "node.tar"
    refused(type_in("backup", "node.tar", "--node", "Aurel"), 2, "node.tar: ")
    refused(type_in("backup", "Aurel/in.tar", "--node", "Aurel"), 2, "outside the node")
    put_back = type_in("restore", "node.tar", "back", "--json").document
    assert put_back["sums"] == saved["sums"]
    refused(type_in("restore", "node.tar", "back"), 2, "not an empty directory")
    shutil.copy("Aurel/unlock.key", "back/unlock.key")
    refused(
        type_in("statement", "publish", "scanners.csv", "--node", "back"),
        3, "may be older", "detente keys vouch",
    )  # fmt: skip
    assert type_in("doctor", "back", "--json").status == 1
    refused(
        type_in("keys", "confirm", "scanners.csv", "--node", "back"), 2, "at least 1 are needed"
    )
    refused(
        type_in("keys", "confirm", "before", "--node", "back"),
        2, "0 of the others cosigned since", "detente keys vouch",
    )  # fmt: skip
    time.sleep(1.1)  # cosignatures carry whole seconds, and one later than the restore counts
    asked = type_in("keys", "vouch", "Aurel", "--out", "held", "--node", "Borea", "--json")
    assert asked.document["log"].endswith("/1")
    assert type_in("keys", "confirm", "held", "--node", "back", "--json").status == 0
    assert type_in("statement", "publish", "scanners.csv", "--node", "back").status == 0


@pytest.mark.parametrize("data", [b"", b"\xff" * 2_000, b"not a tar" * 100])
def test_what_is_no_back_up_restores_nothing(type_in, office, data):
    (office / "bad.tar").write_bytes(data)
    refused(type_in("restore", "bad.tar", "back"), 2, "bad.tar")
    assert not (office / "back").exists()


# --- doctor -------------------------------------------------------------------------------


def rows_of(answer):
    return {row["check"]: row for row in answer.document["checks"]}


def test_the_doctor_says_what_is_good_and_what_to_do_about_the_rest(type_in, office):
    healthy = type_in("doctor", "Aurel", "--json")
    assert healthy.status == 0
    assert {row["state"] for row in healthy.document["checks"]} == {"good", "warning"}
    assert all(row["remedy"] for row in healthy.document["checks"] if row["state"] != "good")
    assert any("SQLite" in check for check in rows_of(type_in("doctor", "--json")))
    type_in("keys", "suspend", "statement", "--node", "Aurel")
    (office / "Aurel/detente.toml").write_text("disk_free_min_mb = 999999999\n")
    rows = rows_of(type_in("doctor", "Aurel", "--json"))
    assert rows["the statement key is suspended"]["state"] == "warning"
    assert any("disk_free_min_mb" in row["remedy"] for row in rows.values())


def damage_settings(node):
    (node / "detente.toml").write_text("colour = 3\n")


def damage_keys(node):
    (node / "keys/ring.json").write_bytes(b"{}")


def open_keys(node):
    (node / "keys/ring.json").chmod(0o644)


def lose_unlock(node):
    (node / "unlock.key").unlink()


def damage_database(node):
    data = (node / "state.sqlite").read_bytes()
    (node / "state.sqlite").write_bytes(data[:3_000])
    for journal in node.glob("state.sqlite-*"):
        journal.unlink()


def lose_database(node):
    for file in node.glob("state.sqlite*"):
        file.unlink()


def lose_chain(node):
    (node / "unit.chain").unlink()


def damage_identity(node):
    (node / "identity.json").write_bytes(b"\0")


@pytest.mark.parametrize(
    "harm",
    [damage_settings, damage_keys, open_keys, lose_unlock, damage_database, lose_database,
     lose_chain, damage_identity],
    ids=lambda harm: harm.__name__,
)  # fmt: skip
def test_a_node_that_was_harmed_says_so_in_words(type_in, office, harm):
    publish(type_in)
    harm(office / "Aurel")
    examined = type_in("doctor", "Aurel", "--json")
    assert examined.status == 1
    bad = [row for row in examined.document["checks"] if row["state"] == "bad"]
    assert bad
    assert all(row["remedy"] for row in bad)
    answer = publish(type_in)
    refused(answer, answer.status, "error: ")
    assert answer.status in (2, 3)
    assert answer.err.count("\n") >= 2, "what happened, and what to do"


# --- the exercise -------------------------------------------------------------------------


def test_an_unknown_scene_is_refused_with_those_there_are(type_in, office):
    refused(type_in("exercise", "--headless", "--scene", "nope"), 2, "nope", "founding, receipt")
    assert not (office / "exercise-evidence").exists()
    refused(type_in("exercise", "founding"), 2, "--scene")
    refused(type_in("exercise", "--headless", "--json", "no/such/folder.json"), 2, "no such folder")
    assert type_in("exercise", "--list").out.decode().split() == scene_names()


# --- everywhere ---------------------------------------------------------------------------

FILE_ARGUMENTS = [
    ("statement", "publish", "{}", "--node", "Aurel"),
    ("receipt", "verify", "{}", "--policy", "policy"),
    ("receipt", "verify", "policy", "--policy", "{}"),
    ("receipt", "verify", "policy", "--policy", "policy", "--entry", "{}"),
    ("proof", "verify", "{}", "--policy", "policy"),
    ("proof", "verify", "policy", "--policy", "{}"),
    ("charter", "found", "{}", "--name", "Unit", "--out", "offer"),
    ("charter", "vote", "{}", "--out", "yes", "--node", "Aurel"),
    ("charter", "apply", "{}", "policy", "--node", "Aurel"),
    ("charter", "apply", "policy", "{}", "--node", "Aurel"),
    ("charter", "show", "{}"),
    ("keys", "confirm", "{}", "--node", "Aurel"),
    ("keys", "recover", "--recovery", "{}", "--next", "n", "--node", "Aurel"),
    ("keys", "recover", "--recovery", "Aurel/recovery.key", "--next", "n", "--last", "{}",
     "--node", "Aurel"),
    ("restore", "{}", "back"),
]  # fmt: skip


@pytest.mark.parametrize("words", FILE_ARGUMENTS, ids=lambda words: " ".join(words[:2]))
def test_whatever_stands_where_a_file_should_is_refused_by_its_name(type_in, office, words):
    type_in("charter", "policy", "--out", "policy", "--node", "Aurel")
    (office / "folder").mkdir()
    for name in ("missing", "folder", "policy/inside", "n" * 300, "loop"):
        if name == "loop":
            os.symlink("loop", office / "loop")
        answer = type_in(*(word.format(name) for word in words))
        refused(answer, 2, name[:20])
    assert not (office / "back").exists()
    assert not (office / "n").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("statement", "list", "--kind", "\udcff"),
        ("statement", "show", "\udcff"),
        ("statement", "publish", "scanners.csv", "--to", "\udcff"),
        ("statement", "erase", "ab", "--object", "\udcff", "--yes"),
        ("indicators", "why", "\udcff"),
    ],
    ids=" ".join,
)
def test_a_word_that_is_no_text_is_refused_and_never_a_traceback(type_in, office, words):
    assert (office / "Aurel").is_dir()
    refused(type_in(*words, "--node", "Aurel"), 2, "not UTF-8", "\\udcff")


def test_json_on_a_terminal_carries_nothing_that_acts_on_it(monkeypatch):
    hostile = "\x9b31m\u202eevil\x7f\x1b[2J\u2066\u00e9"
    for is_watched in (True, False):
        elsewhere = Elsewhere(is_watched=is_watched)
        with said_elsewhere(elsewhere):
            print_json({"name": hostile})
        data = elsewhere.out.getvalue()
        assert json.loads(data) == {"name": hostile}
        assert data.endswith(b"}\n")
        if is_watched:
            assert all(0x20 <= each <= 0x7E for each in data[:-1])
        else:
            assert hostile[-1].encode() in data, "a program gets plain UTF-8"


def test_nothing_of_a_nodes_own_is_overwritten(type_in, office):
    for name in ("unlock.key", "identity.json", "recovery.key", "unit.chain", "state.sqlite"):
        before = (office / "Aurel" / name).read_bytes()
        for verb in ("card", "chain", "policy"):
            refused(
                type_in("charter", verb, "--out", f"Aurel/{name}", "--node", "Aurel"),
                2, f"Aurel/{name}", "own files",
            )  # fmt: skip
        assert (office / "Aurel" / name).read_bytes() == before
    for _ in range(2):
        assert type_in("charter", "chain", "--out", "again", "--node", "Aurel").status == 0
    refused(type_in("charter", "chain", "--out", "no/such/place", "--node", "Aurel"), 3, "no/such")
    assert sorted(path.name for path in office.glob(".*")) == []


def test_a_missing_node_is_named_with_the_way_to_make_one(type_in, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in (("statement", "list"), ("keys", "show"), ("charter", "card", "--out", "x")):
        refused(type_in(*words), 2, "no node is here", "detente init DIR")
        refused(type_in(*words, "--node", "elsewhere"), 2, "elsewhere: ")
    assert list(tmp_path.iterdir()) == []


def test_a_node_that_is_in_use_is_left_alone(type_in, office):
    with open_node(office / "Aurel"):
        refused(publish(type_in), 3, "in use by process")


def test_people_read_words_and_machines_one_document(type_in, office, monkeypatch):
    said = type_in("statement", "publish", "scanners.csv", "--node", "Aurel")
    assert json.loads(said.out)["id"] in said.err, "nobody looks at standard output: both"
    for words in (
        ("keys", "show"),
        ("charter", "show"),
        ("statement", "list"),
        ("doctor", "Aurel"),
    ):
        node = () if words[0] == "doctor" else ("--node", "Aurel")
        quiet = type_in(*words, *node, "--json")
        assert quiet.err == ""
        assert quiet.document


def test_a_fault_of_our_own_is_never_taken_for_a_finding(type_in, monkeypatch):
    def broken(_context):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(root, "invoke", broken)
    answer = type_in("doctor")
    assert answer.status == 3
    assert "Please report it" in answer.err
    monkeypatch.setattr(root, "invoke", lambda _context: (_ for _ in ()).throw(UnitError("x")))
    assert type_in("doctor").status == 2
