"""RFC 9162 proofs: our verdict is the one published by transparency-dev/merkle."""

from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest

from detente.tlog import (
    ProofError,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)
from tests.vectors.published import cases

Case = dict[str, Any]


def hashes(case: Case) -> list[bytes]:
    return [b64decode(one) for one in case["proof"] or []]


def inclusion(case: Case) -> None:
    verify_inclusion(
        leaf_hash=b64decode(case["leafHash"]),
        index=case["leafIdx"],
        size=case["treeSize"],
        proof=hashes(case),
        root=b64decode(case["root"]),
    )


def consistency(case: Case) -> None:
    verify_consistency(
        old_size=case["size1"],
        old_root=b64decode(case["root1"]),
        new_size=case["size2"],
        new_root=b64decode(case["root2"]),
        proof=hashes(case),
    )


def subtree_inclusion(case: Case) -> None:
    verify_subtree_inclusion(
        leaf_hash=b64decode(case["leafHash"]),
        index=case["leafIdx"],
        start=case["start"],
        end=case["end"],
        proof=hashes(case),
        root=b64decode(case["root"]),
    )


def subtree_consistency(case: Case) -> None:
    verify_subtree_consistency(
        start=case["start"],
        end=case["end"],
        subtree_root=b64decode(case["root1"]),
        size=case["size"],
        root=b64decode(case["root2"]),
        proof=hashes(case),
    )


@pytest.mark.parametrize(
    ("file", "verify", "empty_subtrees"),
    [
        ("inclusion.json", inclusion, 0),
        ("consistency.json", consistency, 0),
        ("subtreeinclusion.json", subtree_inclusion, 0),
        ("subtreeconsistency.json", subtree_consistency, 3),
    ],
)
def test_every_published_proof_gets_its_published_verdict(
    file: str, verify: Callable[[Case], None], empty_subtrees: int
) -> None:
    otherwise = []
    for case in cases("merkle", file):
        try:
            verify(case)
            is_refused = False
        except ProofError:
            is_refused = True
        if is_refused != case["wantErr"]:
            # An empty subtree names no entries; we refuse it on purpose, which the source permits.
            assert case["emptySubtree"], case["name"]
            assert is_refused, case["name"]
            otherwise.append(case["name"])
    assert len(otherwise) <= empty_subtrees
