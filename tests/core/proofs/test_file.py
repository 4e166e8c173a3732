"""A proof file is read in one form only, within limits, whatever the bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import UnitError
from detente.proofs import ProofFile, ProofFileError, ProofKind, parse_policy, verify
from detente.proofs.file import FIELDS, PARTS_MAX
from detente.tlog import Policy
from tests.core.proofs.makers import chain

PARTS = st.binary(max_size=40)
PROOFS = st.sampled_from(ProofKind).flatmap(
    lambda kind: st.fixed_dictionaries(
        {name: PARTS for name in FIELDS[kind].one}
        | {name: st.lists(PARTS, max_size=4).map(tuple) for name in FIELDS[kind].many}
    ).map(lambda parts: ProofFile(kind, parts))
)
POLICY = Policy.parse("quorum none\n")
CHAIN = chain()


@given(PROOFS)
def test_every_proof_file_reads_back_to_the_same_bytes(proof):
    data = proof.to_bytes()
    assert ProofFile.parse(data) == proof
    assert ProofFile.parse(data).to_bytes() == data


@given(PROOFS, st.booleans())
def test_no_parts_make_verifying_fail_in_another_way(proof, under_chain):
    verdict = verify(proof.to_bytes(), CHAIN if under_chain else POLICY)
    assert not verdict.valid
    assert verdict.kind == proof.kind.value
    assert verdict.reason


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_make_verifying_fail_in_another_way(data):
    verdict = verify(data, POLICY)
    assert (verdict.valid, verdict.kind, verdict.accused) == (False, "", "")


@pytest.mark.parametrize(
    "data",
    [
        b'{"detente-proof":"v2","first":"","kind":"double-vote","second":""}',
        b'{"detente-proof":"v1","first":"","kind":"treason","second":""}',
        b'{"detente-proof":"v1","first":"","kind":"double-vote"}',
        b'{"detente-proof":"v1","first":"","kind":"double-vote","second":"","third":""}',
        b'{"detente-proof":"v1","first":"","kind":"double-vote","second":[]}',
        b'{"detente-proof":"v1","first":"","kind":"double-vote","second":1}',
        b'{"detente-proof":"v1","first":"","kind":"double-vote","second":"AA"}',
        b'{"detente-proof":"v1","first":"","kind":"double-vote","second":"AB=="}',
        b'{"detente-proof":"v1","first":"","kind":"double-vote","second":"\xc3\xa9"}',
        b'{"kind":"double-vote","detente-proof":"v1","first":"","second":""}',
        b'{"detente-proof":"v1", "first":"","kind":"double-vote","second":""}',
        b'{"detente-proof":"v1","first":"","kind":["double-vote"],"second":""}',
        b'{"detente-proof":"v1","first":"","first":"","kind":"double-vote","second":""}',
    ],
)
def test_another_form_is_refused(data):
    with pytest.raises(ProofFileError):
        ProofFile.parse(data)


def test_more_parts_than_any_log_needs_are_refused_before_they_are_read():
    many = b",".join([b'""'] * (PARTS_MAX + 65))
    with pytest.raises(ProofFileError, match="values"):
        ProofFile.parse(b'{"consistency":[' + many + b'],"detente-proof":"v1"}')


def test_a_list_where_one_part_is_meant_is_not_written():
    with pytest.raises(ProofFileError):
        ProofFile(ProofKind.DOUBLE_VOTE, {"first": b"", "second": ()}).to_bytes()


def test_a_policy_file_is_a_chain_or_a_tlog_policy():
    assert parse_policy(CHAIN.file.to_bytes()).unit == CHAIN.unit
    assert parse_policy(b"quorum none\n") == POLICY


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"nonsense\n"])
def test_what_is_no_policy_is_refused_as_such(data):
    with pytest.raises(UnitError):
        parse_policy(data)
