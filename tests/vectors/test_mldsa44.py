"""ML-DSA-44 verification gives Wycheproof's verdicts."""

from detente.signing import SignatureError, verify_mldsa44
from tests.vectors.published import cases, document


def test_every_wycheproof_case_gets_its_verdict() -> None:
    keys = document("mldsa44", "wycheproof-verify.json")["keys"]
    for case in cases("mldsa44", "wycheproof-verify.json"):
        try:
            verify_mldsa44(
                bytes.fromhex(keys[case["key"]]),
                bytes.fromhex(case["msg"]),
                bytes.fromhex(case["sig"]),
                context=bytes.fromhex(case["ctx"]),
            )
            is_valid = True
        except SignatureError:
            is_valid = False
        assert is_valid == (case["result"] == "valid"), case["name"]
