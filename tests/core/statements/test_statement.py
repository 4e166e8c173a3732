"""A signed statement stands at one place only. (docs/threats.md: A28 replay, A31 malleability)"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import UnitError
from detente.signing import Role, SignatureError
from detente.statements import (
    Clear,
    StatementError,
    parse_entry,
    sign_statement,
    spoken,
    verify_statement,
)
from tests.core.statements.makers import (
    AUREL,
    BOREA,
    CHARTER,
    OLD_CHARTER,
    OTHER_UNIT,
    THE_UNIT,
    SeededSigner,
    headers,
    sealed_header,
)

SIGNER, THIEF = SeededSigner(1), SeededSigner(2)
ENTRY = sign_statement(sealed_header(), SIGNER).to_entry()
PLACE = {
    "unit": THE_UNIT,
    "charters": {CHARTER},
    "issuer": AUREL,
    "epoch": 1,
    "index": 7,
    "key": SIGNER.public_key,
}


@given(header=headers)
def test_an_entry_reads_back_as_it_was_signed(header):
    statement = sign_statement(header, SIGNER)
    assert parse_entry(statement.to_entry()) == statement
    assert parse_entry(statement.to_entry()).to_entry() == statement.to_entry()


def test_a_statement_verifies_where_it_was_made_for():
    verify_statement(parse_entry(ENTRY), **PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"unit": OTHER_UNIT},
        {"issuer": BOREA},
        {"epoch": 2},
        {"index": 8},
        {"index": 6},
        {"charters": {OLD_CHARTER}},
        {"charters": set()},
    ],
    ids=["unit", "issuer", "epoch", "later", "earlier", "old charter", "revoked"],
)
def test_a_statement_replayed_elsewhere_is_refused(elsewhere):
    with pytest.raises(StatementError):
        verify_statement(parse_entry(ENTRY), **(PLACE | elsewhere))


def test_a_statement_by_a_key_not_valid_there_is_refused():
    with pytest.raises(SignatureError):
        verify_statement(parse_entry(ENTRY), **(PLACE | {"key": THIEF.public_key}))


def test_a_thief_who_renames_the_key_is_refused():
    stolen = parse_entry(ENTRY)
    named = replace(stolen.envelope, keyid=parse_entry(ENTRY).envelope.keyid[::-1])
    with pytest.raises(SignatureError):
        verify_statement(replace(stolen, envelope=named), **PLACE)


@given(data=st.data())
def test_a_changed_byte_of_an_entry_is_refused(data):
    entry = bytearray(ENTRY)
    place = data.draw(st.integers(0, len(entry) - 1))
    entry[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(UnitError):
        verify_statement(parse_entry(bytes(entry)), **PLACE)


@given(junk=st.binary(max_size=400))
def test_junk_is_refused_without_a_traceback(junk):
    with pytest.raises(UnitError):
        parse_entry(junk)


def test_an_entry_has_at_most_65535_bytes():
    clear = sealed_header(says=Clear.of("note", {"text": "x" * 50_000}))
    with pytest.raises(UnitError, match="65,535"):
        parse_entry(sign_statement(clear, SIGNER, Role.GOVERNANCE).to_entry())


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.STATEMENT}))
def test_content_is_said_by_a_statement_key_only(role):
    with pytest.raises(StatementError, match="statement key"):
        sign_statement(sealed_header(), SIGNER, role)


@pytest.mark.parametrize("role", [Role.LOG, Role.WITNESS, Role.TRANSPORT, Role.MIRROR])
def test_keys_for_other_things_say_nothing(role):
    with pytest.raises(StatementError):
        sign_statement(sealed_header(says=Clear.of("leave", {})), SIGNER, role)


def test_a_signature_for_one_role_is_worth_nothing_in_another():
    clear = sealed_header(says=Clear.of("leave", {}))
    entry = sign_statement(clear, SIGNER, Role.GOVERNANCE).to_entry()
    moved = entry.replace(b"detente.governance", b"detente.statement")
    with pytest.raises(SignatureError):
        verify_statement(parse_entry(moved), **PLACE)


def test_the_charter_hears_a_clear_statement_with_its_place_and_key():
    header = sealed_header(says=Clear.of("adopt", {"charter": CHARTER}))
    statement = sign_statement(header, SIGNER, Role.GOVERNANCE)
    heard = spoken(statement, key=SIGNER.public_key)
    assert (heard.unit, heard.issuer, heard.epoch, heard.seq) == (THE_UNIT, AUREL, 1, 7)
    assert (heard.kind, heard.body) == ("adopt", {"charter": CHARTER})
    assert (heard.payload_hash, heard.key) == (statement.payload_hash, SIGNER.public_key)


def test_the_charter_hears_nothing_that_the_key_did_not_sign():
    statement = sign_statement(sealed_header(says=Clear.of("leave", {})), THIEF)
    with pytest.raises(SignatureError):
        spoken(statement, key=SIGNER.public_key)


def test_sealed_content_is_no_word_to_the_charter():
    with pytest.raises(StatementError, match="sealed"):
        spoken(parse_entry(ENTRY), key=SIGNER.public_key)


def test_what_identifies_a_statement_does_not_depend_on_who_is_named_as_signer():
    statement = parse_entry(ENTRY)
    renamed = replace(statement, envelope=replace(statement.envelope, keyid="0" * 64))
    assert renamed.payload_hash == statement.payload_hash
