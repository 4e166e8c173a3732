"""One strict Ed25519 verdict everywhere: C2SP/CCTV edge cases and Wycheproof."""

import pytest

from detente.signing import SignatureError, verify_signature
from tests.vectors.published import cases


def verdict(key: str, message: bytes, signature: str) -> bool:
    try:
        verify_signature(bytes.fromhex(key), message, bytes.fromhex(signature))
    except SignatureError:
        return False
    return True


def test_every_edge_case_gets_the_strict_verdict() -> None:
    for case in cases("ed25519", "cctv-edge-cases.json"):
        seen = verdict(case["key"], case["msg"].encode(), case["sig"])
        assert seen == case["strict"], case["name"]


def test_every_wycheproof_case_gets_the_strict_verdict() -> None:
    for case in cases("ed25519", "wycheproof-verify.json"):
        seen = verdict(case["key"], bytes.fromhex(case["msg"]), case["sig"])
        assert seen == case["strict"], case["name"]


def test_the_strict_verdict_differs_from_the_lenient_one_somewhere() -> None:
    """Otherwise the choice of verifier would not matter, and these files would test nothing."""
    edge_cases = cases("ed25519", "cctv-edge-cases.json")
    assert any(case["strict"] != case["lenient"] for case in edge_cases)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    assert not verdict("00" * length, b"", "00" * 64)
