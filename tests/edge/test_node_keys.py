"""A member keeps its keys over time by itself: no thief, rival or old back-up speaks for it."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from detente.charter import KeySlot
from detente.errors import InputError, UnitError
from detente.node import recovering
from detente.node.catching_up import catch_up, open_node, unjoined
from detente.node.clock import now
from detente.node.confirming import _fresh_words, _others, confirm_memory, vouch
from detente.node.errors import SigningRefused
from detente.node.keeping import back_up_home, restore_home
from detente.node.keykeeping import list_keys, parse_slots, rotate, suspend
from detente.node.publishing import publish, renew, speak_clear
from detente.node.reading import newest_statements, own_entry, read_said, receipt_for
from detente.node.recovering import recover
from detente.node.speaking import limits_of
from detente.proofs.chain import parse_chain
from detente.proofs.cosigners import mirror_verifiers, policy_text, witness_verifiers
from detente.proofs.judged import judge_entry
from detente.statements import parse_entry
from detente.storage.errors import DamagedStore, RestoredState, WrongUnlock
from detente.storage.keyfiles import Passphrase, UnlockFile
from detente.storage.restored import restored_at
from detente.tlog import Policy, Receipt, SignedNote, verify_receipt
from tests.edge.media import carry
from tests.edge.offices import copy_unit, cosign, make_unit, opened, warn


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    place = tmp_path_factory.mktemp("unit") / "members"
    make_unit(place, f=0)
    return place


@pytest.fixture
def unit(founded, tmp_path):
    return copy_unit(founded, tmp_path / "members")


def entry_of(home, said):
    return own_entry(home, said.origin, said.seq)


def counts(home, said):
    try:
        judge_entry(entry_of(home, said), parse_chain(home.layout.chain.read_bytes()))
    except UnitError:
        return False
    return True


def reopen(home, number=1, **options):
    directory = home.layout.directory
    return recover(
        home,
        directory / ("recovery.key" if number == 1 else f"recovery-{number}.key"),
        UnlockFile(home.layout.unlock),
        next_recovery=directory / f"recovery-{number + 1}.key",
        now=now,
        **options,
    )


def test_a_suspended_key_signs_nothing_more_and_its_successor_does(unit):
    with opened(unit, "Aurel") as (home,):
        before = warn(home, "198.51.100.1")
        with opened(unit, "Borea", "Cantor") as others:
            cosign(home, *others)
        suspend(home, [KeySlot.STATEMENT], now=now)
        with pytest.raises(SigningRefused, match="statement key"):
            warn(home, "198.51.100.2")
        rotate(home, [KeySlot.STATEMENT], now=now)
        after = warn(home, "198.51.100.3")
        assert counts(home, before)
        assert counts(home, after)
        states = {(row["slot"], row["generation"]): row["state"] for row in list_keys(home)}
        assert states["statement", "1"] == "ended"
        assert states["statement", "2"] == "in force"


@pytest.mark.parametrize("slot", ["log", "log_mldsa44"])
def test_a_suspended_log_key_does_not_lock_its_owner_out(unit, slot):
    with opened(unit, "Aurel") as (home,):
        warn(home, "198.51.100.1")
        suspend(home, [KeySlot(slot)], now=now)
        with pytest.raises(SigningRefused, match=f"keys rotate {slot}") as told:
            warn(home, "198.51.100.2")
        assert slot in told.value.remedy
        rotate(home, [KeySlot(slot)], now=now)
        warn(home, "198.51.100.3")
    with opened(unit, "Aurel") as (home,):
        assert warn(home, "198.51.100.4").seq == 4


def test_what_is_shown_after_a_log_key_was_replaced_is_signed_by_the_new_one(unit):
    with opened(unit, "Aurel", "Borea", "Cantor") as (home, *others):
        said = warn(home)
        cosign(home, *others)
        rotate(home, [KeySlot.LOG, KeySlot.LOG_MLDSA44], now=now)
        receipt, seen = receipt_for(home, said.payload_hash)
        assert str(seen) == "seen by 0 of 2", "the old cosigned checkpoint has another key"
        cosign(home, *others)
        receipt, seen = receipt_for(home, said.payload_hash)
        assert seen.settled
        present = home.present_charter(home.charter)
        owner = next(each for each in present.members if each.id == home.identity.member)
        policy = Policy.parse(policy_text(present, owner))
        verify_receipt(Receipt.parse(receipt.to_bytes()), policy, entry_of(home, said))


def test_a_suspended_governance_key_may_still_suspend_and_nothing_else(unit):
    with opened(unit, "Aurel") as (home,):
        suspend(home, [KeySlot.GOVERNANCE], now=now)
        suspend(home, [KeySlot.STATEMENT], now=now)
        with pytest.raises(SigningRefused, match="governance"):
            rotate(home, [KeySlot.STATEMENT], now=now)
        with pytest.raises(SigningRefused) as told:
            rotate(
                home,
                [KeySlot.GOVERNANCE],
                now=now,
                recovery=(home.layout.recovery, UnlockFile(home.layout.unlock)),
                next_recovery=home.layout.directory / "recovery-2.key",
            )
        assert "keys recover" in told.value.remedy
        assert not (home.layout.directory / "recovery-2.key").exists()
        assert reopen(home).epoch == 2
        assert counts(home, warn(home))


def test_a_new_governance_key_needs_the_recovery_key_that_counts(unit):
    with opened(unit, "Aurel", "Borea") as (home, rival):
        with pytest.raises(InputError, match="needs the recovery key"):
            rotate(home, [KeySlot.GOVERNANCE], now=now)
        files = {"now": now, "next_recovery": home.layout.directory / "recovery-2.key"}
        stolen = (rival.layout.recovery, UnlockFile(rival.layout.unlock))
        with pytest.raises(InputError, match="not the recovery key that counts"):
            rotate(home, [KeySlot.GOVERNANCE], recovery=stolen, **files)
        unlock = UnlockFile(rival.layout.unlock)
        with pytest.raises(WrongUnlock):
            rotate(home, [KeySlot.GOVERNANCE], recovery=(home.layout.recovery, unlock), **files)
        assert len(list_keys(home)) == 10
        assert home.chain.file.avowals == ()


@pytest.mark.parametrize("already", ["recovery.key", "unlock.key", "identity.json"])
def test_the_next_recovery_key_replaces_no_file(unit, already):
    with opened(unit, "Aurel") as (home,):
        path = home.layout.directory / already
        before = path.read_bytes()
        with pytest.raises(UnitError):
            recover(
                home, home.layout.recovery, UnlockFile(home.layout.unlock),
                next_recovery=path, now=now,
            )  # fmt: skip
        assert path.read_bytes() == before
        assert home.identity.epoch == 1


def test_two_recoveries_in_a_row_are_both_in_the_chain_and_both_logs_count(unit):
    with opened(unit, "Aurel", "Borea", "Cantor") as (home, *others):
        first = warn(home, "198.51.100.1")
        cosign(home, *others)
        assert reopen(home).epoch == 2
        second = warn(home, "198.51.100.2")
        cosign(home, *others)
        assert reopen(home, 2).epoch == 3
        third = warn(home, "198.51.100.3")
        assert home.chain.epoch_of(home.identity.member) == 3
        assert [counts(home, said) for said in (first, second, third)] == [True] * 3
    with opened(unit, "Aurel") as (home,):
        assert home.identity.epoch == 3
        assert list(unjoined(home)) == []


def test_two_recoveries_in_a_row_without_a_word_or_a_witness_between_them(unit):
    with opened(unit, "Aurel") as (home,):
        warn(home)
        reopen(home)
        reopen(home, 2)
        assert home.chain.epoch_of(home.identity.member) == 3
        assert counts(home, warn(home))


def test_a_recovery_that_the_chain_does_not_take_is_never_called_done(unit, monkeypatch):
    """Whoever then destroyed the used recovery key would have lost the seat."""
    with opened(unit, "Aurel") as (home,):
        warn(home)
        taken = recovering.chain_with
        monkeypatch.setattr(recovering, "chain_with", lambda _home, chain, _said: chain)
        with pytest.raises(UnitError, match="does not take the opening of epoch 2") as told:
            reopen(home)
        assert "Destroy no recovery key" in told.value.remedy
        assert home.identity.epoch == 1
        assert home.journal.end(f"{home.identity.log}/2") == 0, "nothing was said"
        monkeypatch.setattr(recovering, "chain_with", taken)
        behind = home.layout.chain.read_bytes()
        assert reopen(home).epoch == 2
    # As with a chain that refuses what was logged: found when it is asked for once more.
    with opened(unit, "Aurel") as (home,):
        home.keep_chain(parse_chain(behind))
        with pytest.raises(UnitError, match="does not take the opening of epoch 2"):
            reopen(home)


def test_a_recovery_done_again_names_the_same_next_key_or_is_refused(unit):
    with opened(unit, "Aurel") as (home,):
        warn(home)
        said = reopen(home)
        elsewhere = home.layout.directory / "recovery-9.key"
        with pytest.raises(InputError, match="named another recovery key") as told:
            recover(
                home, home.layout.recovery, UnlockFile(home.layout.unlock),
                next_recovery=elsewhere, now=now,
            )  # fmt: skip
        assert "--next" in told.value.remedy
        assert not elsewhere.exists()
        assert reopen(home) == said


def test_what_an_old_sealing_key_sealed_is_read_for_ever(unit):
    with opened(unit, "Aurel") as (home,):
        first = warn(home, "198.51.100.1")
        rotate(home, [KeySlot.SEALING], now=now)
        second = warn(home, "198.51.100.2")
        reopen(home)
        third = warn(home, "198.51.100.3")
        for number, said in enumerate((first, second, third), start=1):
            content = read_said(home, said.payload_hash).content
            assert f"198.51.100.{number}".encode() in content.leaves[1].data


def test_with_its_sealing_key_suspended_a_member_says_nothing_it_could_not_read_again(unit):
    with opened(unit, "Aurel") as (home,):
        suspend(home, [KeySlot.SEALING], now=now)
        with pytest.raises(SigningRefused, match="sealing") as told:
            warn(home)
        assert "keys rotate sealing" in told.value.remedy


def test_what_others_had_seen_of_the_old_epoch_still_counts_after_a_recovery(unit):
    with opened(unit, "Aurel", "Borea", "Cantor") as (home, *others):
        seen = warn(home, "198.51.100.1")
        cosign(home, *others)
        unseen = warn(home, "198.51.100.2")
        reopen(home)
        assert counts(home, seen)
        assert not counts(home, unseen), "nobody can tell it from what a thief says later"
        receipt, by = receipt_for(home, seen.payload_hash)
        assert by.settled
        assert receipt.index == 0


def test_a_recovery_names_no_checkpoint_that_the_own_log_did_not_sign(unit):
    with opened(unit, "Aurel", "Borea") as (home, liar):
        warn(home)
        warn(liar)
        text = SignedNote.parse(home.tiles(home.identity.origin).published()).text
        lines = SignedNote.parse(liar.tiles(liar.identity.origin).published()).lines
        forged = SignedNote(text.replace("\n1\n", "\n900\n"), lines).to_bytes()
        with pytest.raises(UnitError):
            reopen(home, last_note=forged)
        with pytest.raises(InputError, match="a checkpoint of log"):
            reopen(home, last_note=liar.tiles(liar.identity.origin).published())
        assert not (home.layout.directory / "recovery-2.key").exists()
        home.layout.log(home.identity.origin).joinpath("checkpoint").write_bytes(b"\0damaged")
        assert reopen(home).epoch == 2, "a damaged public file stops no recovery"


def test_the_chain_on_disk_catches_up_from_the_log_when_the_node_is_opened(unit):
    with opened(unit, "Aurel") as (home,):
        behind = home.layout.chain.read_bytes()
        suspend(home, [KeySlot.STATEMENT], now=now)
    unit["Aurel"].joinpath("unit.chain").write_bytes(behind)
    with opened(unit, "Aurel") as (home,):
        assert home.key_in_force(KeySlot.STATEMENT) is None
        assert list(unjoined(home)) == []


def test_a_chain_file_that_is_missing_or_another_units_is_never_guessed_at(unit, tmp_path):
    with opened(unit, "Aurel") as (home,):
        suspend(home, [KeySlot.STATEMENT], now=now)
    chain = unit["Aurel"] / "unit.chain"
    chain.unlink()
    with pytest.raises(DamagedStore, match="missing") as told:
        with_chain(unit)
    assert "any member" in told.value.remedy
    make_unit(tmp_path / "others", ("Dovar", "Elba"))
    chain.write_bytes((tmp_path / "others/Dovar/unit.chain").read_bytes())
    with pytest.raises(DamagedStore, match="another unit"):
        with_chain(unit)
    chain.write_bytes(b"\xff" * 50)
    with pytest.raises(UnitError):
        with_chain(unit)


def with_chain(unit):
    with opened(unit, "Aurel") as (home,):
        warn(home)


def test_an_avowal_that_the_chain_would_refuse_is_never_said(unit, monkeypatch):
    with opened(unit, "Aurel") as (home,):
        before = home.journal.end(home.identity.origin)
        # As with a broken source of randomness: the "new" key was used before.
        monkeypatch.setattr(home.keys, "generate", home.keys.current)
        with pytest.raises(UnitError, match="a key serves once"):
            rotate(home, [KeySlot.TRANSPORT], now=now)
        assert home.journal.end(home.identity.origin) == before
        assert warn(home).seq == before


def test_a_slot_that_nobody_knows_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="statement, log") as told:
        parse_slots(["statement", "statment"])
    assert "'statment'" in told.value.message


# --- restored -----------------------------------------------------------------------------


@pytest.fixture
def restored(unit, tmp_path):
    """A unit in which Aurel was put back from a back-up older than what it said since."""
    with opened(unit, "Aurel", "Borea", "Cantor") as (home, *others):
        warn(home, "198.51.100.1")
        cosign(home, *others)
        back_up_home(home, tmp_path / "old.tar")
        old = home.layout.cosigned(home.identity.origin).read_bytes()
    restore_home(tmp_path / "old.tar", tmp_path / "back")
    unlock = tmp_path / "back/unlock.key"
    unlock.write_bytes(unit["Aurel"].joinpath("unlock.key").read_bytes())
    unlock.chmod(0o600)
    return unit | {"Back": tmp_path / "back"}, old


def test_a_restored_node_signs_and_cosigns_nothing_and_reads_everything(restored):
    unit, _old = restored
    with opened(unit, "Back", "Borea") as (home, other):
        for act in (
            lambda: warn(home),
            lambda: suspend(home, [KeySlot.STATEMENT], now=now),
            lambda: renew(home, now),
            lambda: speak_clear(home, "note", {}, now=now),
            lambda: cosign(other, home),
        ):
            with pytest.raises(RestoredState):
                act()
        assert len(newest_statements(home, kind=None, limit=10)) == 1
        assert receipt_for(home, newest_statements(home, kind=None, limit=1)[0].row.payload_hash)


def later():
    """A moment after the restore, as the others' clocks show it."""
    return now() + timedelta(seconds=5)


def vouched(unit, *, by=("Borea",), clock=later):
    """What these others say, when they are asked, is the newest of Aurel's log."""
    notes = []
    for name in by:
        with opened(unit, "Aurel", name) as (home, other):
            carry(home, other, clock)
        with opened(unit, name) as (other,):
            notes.append(vouch(other, "Aurel", now=clock))
    return notes


def test_a_restored_node_signs_again_once_enough_of_the_others_say_they_hold_nothing_newer(
    restored,
):
    unit, _old = restored
    notes = vouched(unit)
    with opened(unit, "Back") as (home,):
        bare = home.tiles(home.identity.origin).published()
        for too_little in ([], [bare], [bare, bare], [b"", b"\xff"]):
            with pytest.raises(InputError, match="at least 1"):
                confirm_memory(home, too_little)
        confirm_memory(home, notes)
        assert warn(home).seq == 1


def test_the_back_ups_own_cosigned_checkpoint_is_no_word_of_others_after_the_restore(restored):
    """It would let the node write a second tree of a size that it signed already: a fork."""
    unit, cosigned = restored
    with opened(unit, "Aurel", "Borea", "Cantor") as (home, *others):
        warn(home, "198.51.100.2")
        cosign(home, *others)
    with opened(unit, "Back") as (home,):
        own = home.layout.cosigned(home.identity.origin).read_bytes()
        assert own == cosigned
        with pytest.raises(InputError, match="0 of the others cosigned since") as told:
            confirm_memory(home, [own])
        assert "detente keys vouch" in told.value.remedy
        assert "monitoring path" in told.value.remedy
        with pytest.raises(RestoredState):
            warn(home)


def test_a_restored_node_does_not_run_until_it_was_compared(restored):
    unit, _old = restored
    run = [sys.executable, "-m", "detente", "run", str(unit["Back"])]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert "signs nothing" in done.stderr
    assert "detente keys vouch" in done.stderr


def test_words_given_in_the_second_of_the_restore_or_before_it_do_not_count(restored):
    unit, _old = restored
    with opened(unit, "Back") as (home,):
        moment = restored_at(home.database)
    for early in (moment - timedelta(hours=1), moment):
        notes = vouched(unit, clock=lambda early=early: early)
        with opened(unit, "Back") as (home,), pytest.raises(InputError, match="0 of the others"):
            confirm_memory(home, notes)


def test_one_other_is_one_word_however_often_and_with_however_many_keys_it_speaks(restored):
    unit, _old = restored
    (one,) = vouched(unit)
    with opened(unit, "Back") as (home,):
        charter = replace(home.charter, f=1)
        member = charter.member(home.identity.member)
        assert len(_fresh_words(home, charter, member, [one, one])) == 1
        own = [key for pair in (witness_verifiers, mirror_verifiers) for key in pair(member)]
        assert not set(own) & set(_others(home, charter, member)), "the owner is no witness"
    two = vouched(unit, by=("Borea", "Cantor"))
    with opened(unit, "Back") as (home,):
        assert len(_fresh_words(home, charter, member, two)) == 2


def test_a_log_that_was_recovered_since_the_back_up_is_never_gone_on_with(restored):
    unit, _old = restored
    with opened(unit, "Aurel") as (home,):
        reopen(home)
        newest = home.tiles(home.identity.origin).published()
    with opened(unit, "Back") as (home,):
        with pytest.raises(RestoredState, match="epoch 2"):
            confirm_memory(home, [newest])
        with pytest.raises(RestoredState):
            warn(home)


def test_nobody_vouches_for_itself_a_stranger_or_a_log_it_never_took(restored):
    unit, _old = restored
    with opened(unit, "Borea") as (other,):
        for name in ("Borea", "Dovar"):
            with pytest.raises(InputError, match="no other member"):
                vouch(other, name, now=now)
        with pytest.raises(InputError, match="holds nothing of log"):
            vouch(other, "Cantor", now=now)
    with opened(unit, "Back") as (back,), pytest.raises(UnitError):
        vouch(back, "Borea", now=now)


def test_a_node_whose_others_hold_something_newer_never_signs_from_the_old_state(restored):
    unit, old = restored
    with opened(unit, "Aurel", "Borea", "Cantor") as (home, *others):
        warn(home, "198.51.100.2")
        newer = cosign(home, *others)
    with opened(unit, "Back") as (home,):
        with pytest.raises(RestoredState, match="at size 2"):
            confirm_memory(home, [old, newer])
        with pytest.raises(RestoredState):
            warn(home)
        with pytest.raises(InputError, match="no such file"):
            reopen(home, last_note=newer)
        take_recovery_key(unit, home)
        with pytest.raises(InputError, match="may hold more"):
            reopen(home)
        said = reopen(home, last_note=newer)
        opening = parse_entry(entry_of(home, said))
        assert opening.clear.body["last"]["size"] == 2
        assert warn(home).epoch == 2


def take_recovery_key(unit, home):
    home.layout.recovery.write_bytes(unit["Aurel"].joinpath("recovery.key").read_bytes())
    home.layout.recovery.chmod(0o600)


def test_an_old_back_up_does_not_open_an_epoch_a_second_time(restored):
    unit, _old = restored
    with opened(unit, "Aurel") as (home,):
        reopen(home)
        newest = home.tiles(home.identity.origin).published()
    with opened(unit, "Back") as (home,):
        take_recovery_key(unit, home)
        with pytest.raises(InputError, match="others hold epoch 2") as told:
            reopen(home, last_note=newest)
        assert "fork" in told.value.remedy
        assert home.identity.epoch == 1


def test_a_back_up_holds_nothing_that_opens_the_keys(unit, tmp_path):
    with opened(unit, "Aurel") as (home,):
        reopen(home)
        back_up_home(home, tmp_path / "node.tar")
    restore_home(tmp_path / "node.tar", tmp_path / "back")
    assert list((tmp_path / "back").glob("*.key")) == []
    settings = unit["Aurel"] / "detente.toml"
    settings.write_text('unlock_file = "keys/unlock.key"\n')
    (unit["Aurel"] / "unlock.key").rename(unit["Aurel"] / "keys/unlock.key")
    with opened(unit, "Aurel") as (home,), pytest.raises(InputError, match="among what is backed"):
        back_up_home(home, tmp_path / "again.tar")


def test_settings_move_the_unlock_file_and_bound_what_waits(unit, tmp_path):
    key = tmp_path / "stick"
    unit["Aurel"].joinpath("unlock.key").rename(key)
    unit["Aurel"].joinpath("detente.toml").write_text(
        f'unlock_file = "{key}"\nbatch_entries_max = 7\nwaiting_entries_max = 9\n'
    )
    with opened(unit, "Aurel") as (home,):
        assert (limits_of(home).batch_entries_max, limits_of(home).waiting_entries_max) == (7, 9)
        warn(home)
    unit["Aurel"].joinpath("detente.toml").write_text("unlock_fil = 3\n")
    with pytest.raises(InputError, match=r"detente\.toml:1"):
        open_node(unit["Aurel"])
    unit["Aurel"].joinpath("detente.toml").unlink()
    with pytest.raises(UnitError, match=r"unlock\.key"):
        open_node(unit["Aurel"])
    with pytest.raises(WrongUnlock):
        open_node(unit["Aurel"], Passphrase("guess"))


def test_catching_up_twice_finds_nothing_the_second_time(unit):
    with opened(unit, "Aurel") as (home,):
        warn(home)
        assert catch_up(home) == 0


def test_nothing_is_said_in_the_name_of_an_expired_charter_but_what_protects_the_own_keys(unit):
    with opened(unit, "Aurel") as (home,):
        late = home.charter.expires + timedelta(days=1)
        with pytest.raises(InputError, match="expired"):
            publish(home, [], None, audience="unit", now=lambda: late)
        suspend(home, [KeySlot.STATEMENT], now=now)
