"""The formats are those of the specifications, byte for byte (a tree of eight small entries)."""

import pytest

from detente.tlog import (
    Branches,
    Checkpoint,
    Fork,
    ForkProof,
    Frontier,
    TreeHashes,
    leaf_hash,
    open_note,
    pack_entries,
    prove_consistency,
    prove_fork,
    prove_inclusion,
    unpack_entries,
)
from detente.tlog.cosignature import mldsa44_message
from tests.core.tlog.makers import NOW, ORIGIN, log_key, signed, witness_key

ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
NOTE = """\
unit.example/alpha
8
XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

— unit.example/alpha wRJd1SDIn+J/xaW6I30ED2UfOaO+BDYUwCTVbauNHXsAtRs7O7kzG/6AfuzwpDhA+OBPp+IcXCM2ht/JXZloxSBQdw0=
— unit.example/beta-witness Ah8/QgAAAABqsTuA8s3y7YuESV9zMRAFtvf7l201jUOxvWLYV5ZfuTvZ9VcUe2u8TdVsi/dFuWmUtQPWDzOMDlMKhWH100zMQhZ2AA==
"""  # noqa: E501 - a note's lines are as long as they are
HASHES = TreeHashes([leaf_hash(entry) for entry in ENTRIES])


def hexes(proof: list[bytes]) -> list[str]:
    return [one.hex() for one in proof]


@pytest.mark.parametrize("size", range(9))
def test_the_root_of_each_size_is_the_published_one(size: int) -> None:
    growth = Frontier().append([leaf_hash(entry) for entry in ENTRIES[:size]])
    assert growth.frontier.root.hex() == ROOTS[size]
    assert HASHES.root_of(size).hex() == ROOTS[size]


def test_inclusion_proofs_are_the_published_ones() -> None:
    assert hexes(prove_inclusion(HASHES, index=5, size=8)) == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        ROOTS[4],
    ]
    assert hexes(prove_inclusion(HASHES, index=6, size=7)) == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        ROOTS[4],
    ]


def test_consistency_proofs_are_the_published_ones() -> None:
    last = "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e"
    assert hexes(prove_consistency(HASHES, old_size=3, new_size=7)) == [
        "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
        "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
        ROOTS[2],
        last,
    ]
    assert hexes(prove_consistency(HASHES, old_size=4, new_size=7)) == [last]
    assert hexes(prove_consistency(HASHES, old_size=6, new_size=8)) == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        ROOTS[4],
    ]


def test_the_entry_bundle_is_the_published_one() -> None:
    bundle = bytes.fromhex(
        "00000001000001100002202100023031000440414243000850515253545556570010"
        "606162636465666768696a6b6c6d6e6f"
    )
    assert pack_entries(ENTRIES) == bundle
    assert unpack_entries(bundle, 8) == ENTRIES


def test_the_signed_and_cosigned_checkpoint_is_the_published_one() -> None:
    log, witness = log_key(), witness_key()
    assert log.verifier.vkey == (
        "unit.example/alpha+c1125dd5+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
    )
    assert witness.verifier.vkey == (
        "unit.example/beta-witness+021f3f42+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
    )
    note = signed(Checkpoint(ORIGIN, 8, HASHES.root_of(8)), log, witness)
    assert note.decode() == NOTE
    opened = open_note(note, [log.verifier, witness.verifier])
    assert [one.timestamp for one in opened.verified] == [None, NOW]


def test_the_mldsa_message_is_the_published_one() -> None:
    message = mldsa44_message(
        Checkpoint(ORIGIN, 8, HASHES.root_of(8)),
        cosigner="unit.example/beta-witness",
        timestamp=NOW,
    )
    assert message.hex() == (
        "737562747265652f76310a0019756e69742e6578616d706c652f626574612d7769746e657373000000006ab13b80"
        "12756e69742e6578616d706c652f616c706861000000000000000000000000000000085dc9da79a70659a9ad559c"
        "b701ded9a2ab9d823aad2f4960cfe370eff4604328"
    )


def test_the_fork_proof_is_the_published_one() -> None:
    forged = [*ENTRIES[:3], b"forged", *ENTRIES[4:]]
    view = TreeHashes([leaf_hash(entry) for entry in forged])
    log = log_key()
    first = signed(Checkpoint(ORIGIN, 5, HASHES.root_of(5)), log)
    second = signed(Checkpoint(ORIGIN, 8, view.root_of(8)), log)
    proof = prove_fork(second, first, view)
    assert proof == ForkProof(
        Branches(
            first=first,
            second=second,
            prefix=bytes.fromhex(
                "0e03dbaddcc71c40b27b1835dccb6492262c800f4f849e83b137ab08c406fd8d"
            ),
            proof=(
                bytes.fromhex("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
                bytes.fromhex("4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658"),
                bytes.fromhex("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
                bytes.fromhex("4530547f2a5c06baa3ec94c8e62badbd65b41061b6af5a40febea8be57da09a9"),
            ),
        )
    )
    assert isinstance(proof.verify([log.verifier]), Fork)
