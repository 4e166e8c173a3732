"""Live rows A18-A22: two faces, withheld growth, a rolled-back node, altered files."""

import shutil
from pathlib import Path

from click.testing import CliRunner

from detente.cli.main import root
from detente.exchange.protocol.paths import checkpoint_path
from tests.live.mischief import told, typed
from tests.live.unit import (
    HOSTILE,
    cosigned_size,
    eventually,
    faults,
    judge,
    kept_of,
    proofs,
    taken,
)


def shown_fork(unit, tmp_path):
    """Wait until every honest node holds a proof of the fork, and judge it apart."""
    liar = unit.liar.member
    unit.everywhere(
        lambda node: [1 for who, kind, _ in proofs(node) if (who, kind) == (liar, "fork")]
    )
    for node in unit.nodes:
        data = next(data for who, kind, data in proofs(node) if kind == "fork")
        verdict = judge(node, tmp_path, data)
        assert (verdict["valid"], verdict["kind"], verdict["accused"]) == (True, "fork", liar)
        assert "not show who held the key" in verdict["reason"]
        framed = bytearray(data)
        framed[len(framed) // 2] ^= 1
        assert judge(node, tmp_path, bytes(framed))["valid"] is False


def test_a18_two_trees_of_one_size_are_proven_within_two_rounds(unit, tmp_path):
    liar = unit.liar
    common = [liar.entry(0)]
    liar.show_log([*common, liar.entry(1, "203.0.113.10")], to="Aurel")
    liar.show_log([*common, liar.entry(1, "203.0.113.20")], to="Borea")
    shown_fork(unit, tmp_path)
    # The fork holds the log back where it begins; what was said before stays.
    for node in unit.nodes:
        assert set(kept_of(node, liar.member)) <= {0, 1}
    later = [*common, liar.entry(1, "203.0.113.10"), liar.entry(2, "203.0.113.30")]
    liar.show_log(later)
    unit.settle_down()
    for node in unit.nodes:
        assert 2 not in kept_of(node, liar.member)


def test_a19_two_trees_of_different_sizes_are_proven(unit, tmp_path):
    liar = unit.liar
    liar.show_log([liar.entry(n, f"203.0.113.{n}0") for n in range(2)], to="Aurel")
    liar.show_log([liar.entry(n, f"203.0.114.{n}0") for n in range(5)], to="Borea")
    shown_fork(unit, tmp_path)


def test_a20_a_log_frozen_for_one_member_is_seen_by_it_through_the_other(unit):
    liar = unit.liar
    entries = [liar.entry(n, f"203.0.113.{n}0") for n in range(3)]
    liar.show_log(entries[:1])
    unit.everywhere(lambda node: taken(node, liar.origin) == 1)
    liar.show_log(entries, to="Borea")
    aurel, borea = unit.nodes
    eventually(lambda: taken(borea, liar.origin) == 3, within_s=25)
    # Aurel is still shown the old checkpoint by the liar, and the new one by Borea.
    eventually(lambda: taken(aurel, liar.origin) == 3, within_s=25)
    assert unit.liar.faces["Aurel"].files[checkpoint_path(liar.origin)].split(b"\n")[1] == b"1"


def test_a21_a_node_restored_from_an_old_disk_does_not_sign(unit, tmp_path):
    aurel, borea = unit.nodes
    aurel.publish("198.51.100.1")
    eventually(lambda: cosigned_size(borea, aurel.origin) == 1, within_s=20)
    aurel.stop()
    old = tmp_path / "old-disk"
    shutil.copytree(aurel.directory, old)
    aurel.start()
    aurel.publish("198.51.100.2")
    eventually(lambda: cosigned_size(borea, aurel.origin) == 2, within_s=20)
    aurel.kill()
    shutil.rmtree(aurel.directory)
    shutil.copytree(old, aurel.directory)
    aurel.start()
    eventually(lambda: "of which it knows nothing" in aurel.words(), within_s=30)
    done = aurel.run("statement", "publish", warning(tmp_path))
    assert done.returncode != 0
    assert b"Never resume this log" in done.stderr
    unit.settle_down()
    assert cosigned_size(borea, aurel.origin) == 2
    assert not [kind for who, kind, _ in proofs(borea) if who == aurel.member]


def test_a21_a_back_up_restored_by_a_victim_signs_nothing_and_says_why(unit, tmp_path):
    """The victim does all as its guide says: backup, restore, the unlock key put back, run."""
    aurel, borea = unit.nodes
    first = aurel.say("198.51.100.1")
    eventually(lambda: cosigned_size(borea, aurel.origin) == 1, within_s=20)
    archive, unlock = tmp_path / "aurel.tar", (aurel.directory / "unlock.key").read_bytes()
    aurel.stop()
    saved = typed(aurel, "backup", archive)
    assert saved.exit_code == 0, saved.output
    aurel.start()
    aurel.say("198.51.100.2")
    eventually(lambda: cosigned_size(borea, aurel.origin) == 2, within_s=20)
    aurel.kill()
    shutil.rmtree(aurel.directory)
    restored = CliRunner().invoke(root, ["restore", str(archive), str(aurel.directory)])
    assert restored.exit_code == 0, restored.output
    assert "detente keys confirm" in restored.output
    (aurel.directory / "unlock.key").write_bytes(unlock)
    (aurel.directory / "unlock.key").chmod(0o600)
    aurel.start(wait=False)
    eventually(lambda: aurel.process.poll() is not None, within_s=30)
    refused = aurel.run("statement", "publish", warning(tmp_path))
    assert refused.returncode == 3
    for why in (aurel.words(), refused.stderr.decode()):
        assert "it signs nothing" in why
        assert "`detente keys confirm` compares" in why
    # What it holds can be read meanwhile.
    assert first in {each["id"] for each in told(aurel, "statement", "list")["statements"]}
    assert cosigned_size(borea, aurel.origin) == 2
    assert proofs(borea) == []
    # The word of another, given now, does not free it: it shows what the back-up lacks.
    vouched = tmp_path / "from-borea.checkpoint"
    assert typed(borea, "keys", "vouch", "Aurel", "--out", vouched).exit_code == 0
    compared = aurel.run("keys", "confirm", vouched)
    assert compared.returncode != 0
    assert b"detente keys recover" in compared.stderr


def test_a22_a_bit_changed_in_any_file_is_refused_and_the_rest_still_counts(unit):
    liar = unit.liar
    entries = [liar.entry(n, f"203.0.113.{n}0") for n in range(3)]
    files = liar.view(entries)
    for path, data in sorted(files.items()):
        altered = bytearray(data)
        altered[len(altered) // 2] ^= 1
        liar.show(files | {path: bytes(altered)} | liar.contents())
        unit.await_look(path)
        unit.settle_down(0.3)
        for node in unit.nodes:
            assert kept_of(node, liar.member) == {}, path
            assert cosigned_size(node, liar.origin) == 0, path
    liar.show_log(entries)
    unit.everywhere(lambda node: set(kept_of(node, liar.member)) == {0, 1, 2}, within_s=40)
    for node in unit.nodes:
        assert faults(node, liar.member)


def warning(folder: Path) -> Path:
    file = folder / "warning.csv"
    file.write_text("type,value,name\nipv4-addr,198.51.100.3,scanner\n")
    return file


def test_the_hostile_node_is_believed_where_it_is_honest(unit):
    liar = unit.liar
    liar.show_log([liar.entry(0), liar.entry(1, "203.0.113.50")])
    unit.everywhere(lambda node: kept_of(node, liar.member) == {0: 1, 1: 1})
    unit.everywhere(lambda node: cosigned_size(node, liar.origin) == 2)
    assert not any(faults(node, liar.member) for node in unit.nodes)
    assert HOSTILE in {member.name for member in unit.charter.members}
