"""A content key is sealed to whom the gate cleared for all of it, and to nobody else."""

import pytest

from detente.release import (
    ClientReader,
    MemberReader,
    ReleaseError,
    Standing,
    decide,
    decide_audience,
    draft,
    seal_cleared,
)
from detente.statements import Pap, Position, Tlp, wrap_info
from tests.core.release.makers import (
    AUREL,
    BOREA,
    CEDAR,
    CHARTER,
    DUNE,
    UNIT,
    circle_of,
    content_of,
    held_of,
    note_object,
)

PLACE = Position(UNIT, AUREL, 1, 7)
KEYS = {member: member.encode() for member in (BOREA, CEDAR, DUNE)}


class Labelled:
    """Implements `Sealer` in the open, so that a test sees what went to whom."""

    def seal(self, *, public_key: bytes, info: bytes, plaintext: bytes) -> bytes:
        return public_key + b"|" + info + b"|" + plaintext


def sealed(answers, keys=KEYS):
    return seal_cleared(
        answers, keys, key=b"k" * 32, position=PLACE, commitment="33" * 32, sealer=Labelled()
    )


def drafted(audience="unit"):
    content = content_of([note_object(1)], tlp=Tlp.RED)
    return draft(content, issuer=AUREL, charter=CHARTER, audience=audience)


def test_every_cleared_reader_gets_one_wrap_bound_to_it():
    wraps = sealed(decide_audience(drafted((BOREA, DUNE)), circle=circle_of()))
    assert list(wraps) == sorted((BOREA, DUNE))
    assert wrap_info(PLACE, "33" * 32, BOREA) in wraps[BOREA]


def test_one_suspended_addressee_stops_the_sealing_and_the_operator_reads_why():
    answers = decide_audience(drafted(), circle=circle_of(cedar=Standing.SUSPENDED))
    with pytest.raises(ReleaseError, match="suspended, and gets nothing new"):
        sealed(answers)


def test_who_may_see_a_part_gets_no_key_to_the_whole():
    held = held_of(
        [note_object(1), note_object(2, Tlp.RED)],
        tlp=Tlp.GREEN,
        audience=(BOREA,),
        grants={CEDAR: BOREA},
    )
    answer = decide(held, MemberReader(CEDAR), circle=circle_of())
    assert answer.form.shown == (0, 1)
    with pytest.raises(ReleaseError, match="may see part of it"):
        sealed([answer])


def test_no_key_is_sealed_to_a_token():
    held = held_of([note_object(1)], pap=Pap.CLEAR)
    answer = decide(held, ClientReader(AUREL, "feed"), circle=circle_of())
    with pytest.raises(ReleaseError, match="to members, and to nobody else"):
        sealed([answer])


def test_a_missing_sealing_key_stops_the_sealing():
    with pytest.raises(ReleaseError, match="no sealing key"):
        sealed(decide_audience(drafted((BOREA,)), circle=circle_of()), keys={})
