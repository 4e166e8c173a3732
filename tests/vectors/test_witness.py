"""The witness answers published request sequences as the specification says."""

from base64 import b64decode
from typing import Any

from detente.tlog import Cosigned, Refused, SignedNote, Verifier, answer, open_note
from detente.tlog.witness import AddCheckpoint
from tests.core.tlog.makers import NOW, MemoryStates, witness_key, witness_mldsa_key
from tests.vectors.published import cases

SIGNERS = (witness_key(), witness_mldsa_key())


def test_every_sequence_gets_the_listed_answers() -> None:
    for sequence in cases("notes", "witness-add-checkpoint.json"):
        logs: dict[str, list[Verifier]] = {}
        for vkey in sequence["log_vkeys"]:
            verifier = Verifier.parse(vkey)
            logs.setdefault(verifier.name, []).append(verifier)
        states = MemoryStates()
        for number, step in enumerate(sequence["steps"]):
            request = b64decode(step["request_b64"])
            given = answer(request, logs=logs, states=states, signers=SIGNERS, now=NOW)
            check(step, request, given, f"{sequence['name']}, request {number}")


def check(step: dict[str, Any], request: bytes, given: Cosigned | Refused, place: str) -> None:
    match given:
        case Cosigned():
            assert step["status"] == [200], place
            text = AddCheckpoint.parse(request).note.text
            for signer, line in zip(SIGNERS, given.lines, strict=True):
                note = SignedNote(text, (line,)).to_bytes()
                [verified] = open_note(note, [signer.verifier]).verified
                assert verified.timestamp == NOW, place
        case Refused():
            assert given.status in step["status"], f"{place}: {given.reason}"
            assert given.body == step.get("response_body", given.body.decode()).encode(), place
            expected_type = step.get("response_content_type", given.content_type)
            assert given.content_type == expected_type, place
