"""Notes, keys, checkpoints, cosignatures, receipts and policies as others write them."""

from base64 import b64decode

import pytest

from detente.errors import UnitError
from detente.tlog import (
    Checkpoint,
    CheckpointError,
    KeyType,
    NoteError,
    Policy,
    PolicyError,
    Receipt,
    ReceiptError,
    Verifier,
    open_note,
)
from detente.tlog.cosignature import mldsa44_message
from tests.vectors.published import cases, document


@pytest.mark.parametrize("file", ["signed-notes.json", "cosignatures.json"])
def test_every_note_opens_or_not_as_published(file: str) -> None:
    for case in cases("notes", file):
        note = b64decode(case["input_b64"])
        verifiers = [Verifier.parse(vkey) for vkey in case["vkeys"]]
        try:
            opened = open_note(note, verifiers)
        except NoteError:
            assert case["expect"] != "open", case["name"]
            continue
        assert case["expect"] != "reject", case["name"]
        assert opened.signed.to_bytes() == note
        if "verified_names" in case:
            seen = sorted({one.verifier.name for one in opened.verified})
            assert seen == case["verified_names"], case["name"]
        if "verified" in case:
            timed = [
                [one.verifier.name, one.verifier.key_type, one.timestamp] for one in opened.verified
            ]
            assert timed == case["verified"], case["name"]


def test_every_note_is_a_checkpoint_of_its_log_or_not_as_published() -> None:
    for case in cases("notes", "signed-notes.json"):
        if "as_checkpoint" not in case:
            continue
        expected = case["as_checkpoint"]
        try:
            log = Verifier.parse(expected["log_vkey"])
            opened = open_note(b64decode(case["input_b64"]), [log])
            accepts = Checkpoint.parse(opened.text).origin == expected["origin"]
        except NoteError:
            accepts = False
        assert accepts == expected["strict_accepts"], case["name"]


def test_every_verifier_key_is_taken_or_refused_as_published() -> None:
    for case in cases("notes", "vkeys.json"):
        try:
            verifier = Verifier.parse(case["vkey"])
        except NoteError:
            assert case["expect"] in {"reject", "unsupported-type"}, case["name"]
            continue
        assert case["expect"] == "accept", case["name"]
        assert verifier.key_type == KeyType(case["key_type"])
        assert verifier.vkey == case["vkey"]


def test_every_checkpoint_text_is_read_as_published() -> None:
    for case in cases("notes", "checkpoint-bodies.json"):
        text = b64decode(case["input_b64"]).decode()
        try:
            checkpoint = Checkpoint.parse(text)
        except CheckpointError:
            assert case["expect"] == "reject", case["name"]
            continue
        assert case["expect"] == "accept", case["name"]
        assert checkpoint == Checkpoint(
            case["origin"], case["size"], b64decode(case["root_b64"]), tuple(case["extensions"])
        )
        assert checkpoint.to_text() == text


def test_names_too_long_for_an_mldsa_message_are_refused() -> None:
    for row in document("notes", "cosignatures.json")["mldsa_message_names"]:
        checkpoint = Checkpoint(row["origin"], 1, bytes(32))
        if row["expect"] == "ok":
            mldsa44_message(checkpoint, cosigner=row["cosigner"], timestamp=1)
        else:
            with pytest.raises(NoteError):
                mldsa44_message(checkpoint, cosigner=row["cosigner"], timestamp=1)


def test_every_receipt_is_read_and_written_as_published() -> None:
    for case in cases("notes", "tlog-proofs.json"):
        data = b64decode(case["input_b64"])
        try:
            receipt = Receipt.parse(data)
        except ReceiptError:
            assert case["expect"] == "reject", case["name"]
            continue
        assert case["expect"] == "parse", case["name"]
        assert receipt == Receipt(
            index=case["index"],
            hashes=tuple(map(b64decode, case["hashes_b64"])),
            checkpoint=b64decode(case["checkpoint_b64"]),
            extra=b64decode(case["extra_b64"] or ""),
        )
        assert receipt.to_bytes() == data


def test_every_policy_is_taken_or_refused_as_published() -> None:
    for case in cases("notes", "policies.json"):
        try:
            Policy.parse(b64decode(case["input_b64"]).decode("latin-1"))
        except PolicyError:
            assert case["expect"] != "accept", case["name"]
            continue
        assert case["expect"] != "reject", case["name"]


def test_every_checkpoint_satisfies_its_policy_or_not_as_published() -> None:
    for case in cases("notes", "policy-satisfaction.json"):
        policy = Policy.parse(b64decode(case["policy_b64"]).decode())
        try:
            policy.check(b64decode(case["checkpoint_b64"]))
        except UnitError:
            assert case["expect"] == "invalid", case["name"]
            continue
        assert case["expect"] == "valid", case["name"]
