"""Keys at rest: who has the disk but not the passphrase has nothing. (Theft of a node's disk)"""

import copy
import hashlib
import pickle
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import EnvironmentFault, InputError
from detente.signing import Role, verify_mldsa44, verify_signature
from detente.statements.errors import SealingError
from detente.storage.errors import KeyFileError, NoSuchKey, WrongUnlock
from detente.storage.keyfiles import (
    PUBLIC_BYTES,
    ByPassphrase,
    ByRing,
    ByUnlockFile,
    Cost,
    KeyHeader,
    KeyType,
    Passphrase,
    UnlockFile,
    describe,
    parse_key,
    parse_sealed,
    print_sealed,
    seal_secret,
)
from detente.storage.keyholders import hold
from detente.storage.keys import ROLE_TYPES, KeyRing
from detente.storage.offline_keys import create_recovery_key, create_unlock_file, read_key

QUICK = Cost(operations=1, memory_bytes=8192)
WORDS = Passphrase("six quiet words nobody would guess")
EVERY_KEY = [(role, kind) for role, kinds in ROLE_TYPES.items() for kind in kinds]


@pytest.fixture
def ring(tmp_path):
    return KeyRing.create(tmp_path / "keys", WORDS, cost=QUICK)


def reopened(ring, tmp_path, unlock=WORDS):
    return KeyRing.open(tmp_path / "keys", unlock)


@pytest.mark.parametrize(("role", "kind"), EVERY_KEY, ids=lambda part: part.value)
def test_every_role_keeps_its_key_over_a_restart(ring, tmp_path, role, kind):
    header = ring.generate(role, kind)
    assert reopened(ring, tmp_path).headers() == (header,)
    assert len(header.public_key) == PUBLIC_BYTES[kind]


def test_a_reopened_key_signs_what_the_public_key_verifies(ring, tmp_path):
    plain = ring.generate(Role.LOG, KeyType.ED25519).public_key
    quantum = ring.generate(Role.LOG, KeyType.MLDSA44).public_key
    again = reopened(ring, tmp_path)
    verify_signature(plain, b"said", again.signer_of(plain).sign(b"said"))
    verify_mldsa44(quantum, b"said", again.signer_of(quantum).sign(b"said"))


def seal_to(public_key, info, plaintext):
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PublicKey, Suite

    key = MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(public_key[:1184]),
        X25519PublicKey.from_public_bytes(public_key[1184:]),
    )
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    return suite.encrypt(plaintext, key, info)


def test_what_was_sealed_to_an_old_generation_still_opens_after_rotation(ring, tmp_path):
    old = ring.generate(Role.SEALING, KeyType.HPKE)
    wrap = seal_to(old.public_key, b"place", b"k" * 32)
    new = ring.generate(Role.SEALING, KeyType.HPKE)
    again = reopened(ring, tmp_path)
    assert again.current(Role.SEALING, KeyType.HPKE) == new
    assert again.opener_of(old.public_key).open(info=b"place", sealed=wrap) == b"k" * 32
    with pytest.raises(SealingError):
        again.opener_of(new.public_key).open(info=b"place", sealed=wrap)
    with pytest.raises(SealingError):
        again.opener_of(old.public_key).open(info=b"elsewhere", sealed=wrap)


@given(sealed=st.binary(max_size=1300))
def test_garbage_sealed_to_us_is_an_error_of_ours_and_never_a_traceback(sealed):
    with pytest.raises(SealingError):
        hold(KeyType.HPKE, b"\7" * 96).open(info=b"", sealed=sealed)


def test_a_wrong_passphrase_is_said_to_be_wrong_and_not_repeated(ring, tmp_path):
    guess = "a guess that must not stand in a log"
    with pytest.raises(WrongUnlock, match="does not open") as told:
        reopened(ring, tmp_path, Passphrase(guess))
    assert guess not in f"{told.value!r} {told.value}"


def test_a_passphrase_typed_on_another_keyboard_is_the_same_passphrase(tmp_path):
    KeyRing.create(tmp_path / "keys", Passphrase("caf\u00e9"), cost=QUICK)
    KeyRing.open(tmp_path / "keys", Passphrase("cafe\u0301"))


def test_an_empty_passphrase_is_refused(tmp_path):
    with pytest.raises(InputError, match="protects nothing"):
        KeyRing.create(tmp_path / "keys", Passphrase(""), cost=QUICK)


def test_a_ring_is_never_made_over_another(ring, tmp_path):
    with pytest.raises(InputError, match="already"):
        KeyRing.create(tmp_path / "keys", WORDS, cost=QUICK)


def test_an_unlock_file_opens_the_ring_and_a_passphrase_does_not(tmp_path):
    medium = tmp_path / "stick.unlock"
    create_unlock_file(medium)
    KeyRing.create(tmp_path / "keys", UnlockFile(medium)).generate(Role.LOG, KeyType.ED25519)
    assert len(KeyRing.open(tmp_path / "keys", UnlockFile(medium)).headers()) == 1
    with pytest.raises(WrongUnlock, match="with an unlock file"):
        KeyRing.open(tmp_path / "keys", WORDS)
    medium.unlink()
    with pytest.raises(EnvironmentFault, match=r"stick\.unlock"):
        KeyRing.open(tmp_path / "keys", UnlockFile(medium))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_key_others_can_read_is_refused(ring, tmp_path, mode):
    ring.generate(Role.LOG, KeyType.ED25519)
    (path,) = (tmp_path / "keys").glob("log-*")
    path.chmod(mode)
    with pytest.raises(EnvironmentFault, match="chmod 600"):
        reopened(ring, tmp_path)


def test_everything_in_a_ring_is_private_to_its_user(ring, tmp_path):
    ring.generate(Role.LOG, KeyType.ED25519)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "keys").iterdir()} == {0o600}


def test_a_key_is_not_passed_off_as_another_roles(ring, tmp_path):
    ring.generate(Role.LOG, KeyType.ED25519)
    (path,) = (tmp_path / "keys").glob("log-*")
    forged = path.with_name("statement-ed25519-1.key.json")
    forged.write_bytes(path.read_bytes().replace(b'"role":"log"', b'"role":"statement"'))
    forged.chmod(0o600)
    with pytest.raises(KeyFileError, match="altered"):
        reopened(ring, tmp_path)


def test_a_key_of_another_ring_is_refused(ring, tmp_path):
    other = KeyRing.create(tmp_path / "other", WORDS, cost=QUICK)
    other.generate(Role.LOG, KeyType.ED25519)
    (path,) = (tmp_path / "other").glob("log-*")
    path.rename(tmp_path / "keys" / path.name)
    with pytest.raises(KeyFileError, match="another ring"):
        reopened(ring, tmp_path)


def test_any_changed_byte_of_a_key_file_is_noticed(ring, tmp_path):
    ring.generate(Role.STATEMENT, KeyType.ED25519)
    (path,) = (tmp_path / "keys").glob("statement-*")
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(InputError):
            reopened(ring, tmp_path)


def test_keys_appear_in_no_message_and_no_pickle(ring):
    for role, kind in EVERY_KEY:
        ring.generate(role, kind)
    for header in ring.headers():
        secret = ring._secret(header.public_key)
        holder = ring._open(header.public_key)
        shown = f"{ring!r} {holder!r} {holder} {WORDS!r}"
        assert secret.hex() not in shown
        assert WORDS.text not in shown
        for smuggle in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                smuggle(holder)


def test_no_secret_lies_on_the_disk_in_the_clear(ring, tmp_path):
    for role, kind in EVERY_KEY:
        ring.generate(role, kind)
    on_disk = b"".join(p.read_bytes() for p in (tmp_path / "keys").iterdir())
    for header in ring.headers():
        secret = ring._secret(header.public_key)
        assert secret not in on_disk
        assert secret.hex().encode() not in on_disk


def test_a_governance_key_can_live_off_line_and_come_back(ring, tmp_path):
    header = ring.generate(Role.GOVERNANCE, KeyType.ED25519)
    away, words = tmp_path / "safe.key", Passphrase("other words for the safe")
    ring.export(header, away, words, cost=QUICK)
    ring.remove(header)
    with pytest.raises(NoSuchKey, match="imported"):
        reopened(ring, tmp_path).signer_of(header.public_key)
    verify_signature(header.public_key, b"vote", read_key(away, words).sign(b"vote"))
    with pytest.raises(WrongUnlock):
        read_key(away, WORDS)
    assert ring.import_key(away, words) == header
    assert ring.import_key(away, words) == header
    assert reopened(ring, tmp_path).headers() == (header,)


def test_the_node_does_not_destroy_a_key_it_needs(ring):
    old = ring.generate(Role.SEALING, KeyType.HPKE)
    with pytest.raises(InputError, match="Rotate"):
        ring.remove(old)
    ring.generate(Role.SEALING, KeyType.HPKE)
    ring.remove(old)
    with pytest.raises(NoSuchKey):
        ring.opener_of(old.public_key)


def test_of_the_recovery_key_only_the_hash_stays(ring, tmp_path):
    path = tmp_path / "recovery.key"
    digest = create_recovery_key(path, WORDS, cost=QUICK)
    assert hashlib.sha256(read_key(path, WORDS).public_key).digest() == digest
    assert ring.headers() == ()
    with pytest.raises(InputError, match="never kept"):
        ring.import_key(path, WORDS)
    with pytest.raises(InputError, match="not replaced"):
        create_recovery_key(path, WORDS, cost=QUICK)


def test_a_new_passphrase_replaces_the_old_one(ring, tmp_path):
    header = ring.generate(Role.LOG, KeyType.ED25519)
    ring.change_unlock(Passphrase("new words"), cost=QUICK)
    assert reopened(ring, tmp_path, Passphrase("new words")).headers() == (header,)
    with pytest.raises(WrongUnlock):
        reopened(ring, tmp_path)


def test_a_sealing_key_signs_nothing_and_a_signing_key_opens_nothing(ring):
    sealing = ring.generate(Role.SEALING, KeyType.HPKE).public_key
    signing = ring.generate(Role.LOG, KeyType.ED25519).public_key
    with pytest.raises(NoSuchKey):
        ring.signer_of(sealing)
    with pytest.raises(NoSuchKey):
        ring.opener_of(signing)


protections = st.one_of(
    st.builds(
        ByPassphrase,
        st.binary(min_size=16, max_size=16),
        st.builds(Cost, st.integers(1, 64), st.integers(1, 2**31)),
    ),
    st.builds(ByUnlockFile),
    st.builds(ByRing, st.binary(min_size=16, max_size=16)),
)
headers = st.sampled_from(KeyType).flatmap(
    lambda kind: st.builds(
        KeyHeader,
        st.sampled_from(Role),
        st.just(kind),
        st.integers(1, 1_000_000),
        st.integers(0, 255).map(lambda byte: bytes([byte]) * PUBLIC_BYTES[kind]),
    )
)


@given(header=headers, protection=protections, nonce=st.binary(min_size=24, max_size=24))
def test_a_key_file_reads_back_as_it_was_written(header, protection, nonce):
    about = describe(header)
    sealed = seal_secret(b"s" * 32, b"k" * 32, about=about, protection=protection, nonce=nonce)
    key = parse_key(print_sealed(sealed))
    assert (key.header, key.sealed) == (header, sealed)


@given(data=st.binary(max_size=300) | st.from_regex(rb'\{"format":"detente key v1".{0,80}\}\n?'))
def test_bytes_that_are_no_key_file_are_named_so(data):
    for parse in (parse_key, parse_sealed):
        with pytest.raises(KeyFileError):
            parse(data)
