"""A witness cosigns only growth, one history per log, never back in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import UnitError
from detente.tlog import (
    AddCheckpoint,
    Checkpoint,
    Cosigned,
    Refused,
    SignedNote,
    StaleCheckpoint,
    WitnessState,
    answer,
    open_note,
    prove_consistency,
)
from tests.core.tlog.makers import (
    NOW,
    ORIGIN,
    MemoryStates,
    Tree,
    entries_of,
    log_key,
    log_mldsa_key,
    signed,
    witness_key,
    witness_mldsa_key,
)

LOG, LOG_ML, WITNESS, WITNESS_ML = log_key(), log_mldsa_key(), witness_key(), witness_mldsa_key()
LOGS = {ORIGIN: [LOG.verifier, LOG_ML.verifier]}
TREE = Tree(entries_of(40))
FORKED = Tree([*entries_of(10), b"forged", *entries_of(40)[11:]])


def request(old, new, tree=TREE, signer=LOG, checkpoint=None):
    proof = tuple(prove_consistency(tree.hashes, old_size=min(old, new), new_size=new))
    checkpoint = checkpoint or tree.checkpoint(new)
    note = SignedNote.parse(signed(checkpoint, signer))
    return AddCheckpoint(old, proof, note, checkpoint).to_bytes()


def ask(states, body, now=NOW, signers=(WITNESS, WITNESS_ML)):
    return answer(body, logs=LOGS, states=states, signers=signers, now=now)


@pytest.fixture
def states():
    """A witness that has cosigned 20 entries."""
    store = MemoryStates()
    assert isinstance(ask(store, request(0, 20)), Cosigned)
    return store


def test_growth_is_cosigned_with_every_key_after_it_is_stored(states):
    given_ = ask(states, request(20, 33), now=NOW + 5)
    assert isinstance(given_, Cosigned)
    assert states.read(ORIGIN) == given_.state == WitnessState(33, TREE.hashes.root_of(33), NOW + 5)
    note = signed(TREE.checkpoint(33), LOG) + given_.body
    keys = [WITNESS.verifier, WITNESS_ML.verifier]
    assert [one.timestamp for one in open_note(note, keys).verified] == [NOW + 5] * 2


def test_the_same_tree_again_is_cosigned_again(states):
    given_ = ask(states, request(20, 20), now=NOW + 9)
    assert isinstance(given_, Cosigned)
    assert given_.state.timestamp == NOW + 9


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (request(20, 33, FORKED), 422),
        (request(20, 20, FORKED), 422),
        (request(10, 33), 409),
        (request(0, 5), 409),
        (request(33, 20), 400),
        (request(20, 33, signer=log_key(9)), 403),
        (request(20, 33, signer=log_key(9, "stranger.example")), 403),
        (request(0, 1, Tree(entries_of(1), "unknown.example/log")), 404),
        (b"", 400),
        (b"old 20\n", 400),
        (b"old 020" + request(20, 33)[6:], 400),
    ],
)
def test_what_is_no_growth_is_refused_and_changes_nothing(states, body, status):
    before = states.read(ORIGIN)
    given_ = ask(states, body)
    assert isinstance(given_, Refused)
    assert given_.status == status
    assert states.read(ORIGIN) == before


def test_a_stale_request_is_told_the_size_to_go_on_from(states):
    given_ = ask(states, request(10, 33))
    assert given_.body == b"20\n"
    assert given_.content_type == "text/x.tlog.size"


@pytest.mark.parametrize("size", [20, 33])
def test_a_fork_signed_by_the_log_is_kept_as_evidence(states, size):
    body = request(20, size, FORKED)
    assert ask(states, body).evidence == body
    assert ask(states, request(20, size, FORKED, signer=log_key(9))).evidence is None


def test_sixty_four_proof_hashes_are_refused_before_they_are_read(states):
    body = b"old 20\n" + b"not even base64\n" * 64 + request(20, 33).split(b"\n\n", 1)[1]
    assert ask(states, body).status == 400


def test_the_first_tree_needs_no_proof_and_takes_none():
    body = request(0, 20).replace(b"old 0\n", b"old 0\n" + b"A" * 43 + b"=\n", 1)
    assert ask(MemoryStates(), body).status == 422
    assert isinstance(ask(MemoryStates(), request(0, 20)), Cosigned)


def test_the_empty_tree_has_one_root():
    states = MemoryStates()
    bogus = request(0, 0, checkpoint=Checkpoint(ORIGIN, 0, bytes(32)))
    assert ask(states, bogus).status == 422
    assert isinstance(ask(states, request(0, 0)), Cosigned)
    assert isinstance(ask(states, request(0, 20)), Cosigned)
    assert ask(states, request(0, 0)).status == 409


def test_a_clock_that_steps_back_never_gives_an_earlier_time(states):
    given_ = ask(states, request(20, 33), now=NOW - 1_000)
    assert isinstance(given_, Cosigned)
    assert given_.state.timestamp == NOW


@pytest.mark.parametrize("now", [0, -5, 2**63])
def test_a_witness_without_a_clock_does_not_cosign(now):
    states = MemoryStates()
    assert ask(states, request(0, 20), now=now).status == 503
    assert states.read(ORIGIN) is None


class Overtaken(MemoryStates):
    """Another request is stored between reading and storing, `times` over."""

    def __init__(self, rivals):
        super().__init__()
        self.rivals = list(rivals)

    def advance(self, origin, old, new):
        if self.rivals:
            self.states[origin] = self.rivals.pop(0)
        super().advance(origin, old, new)


def test_of_two_requests_that_race_one_is_cosigned():
    rival = WitnessState(20, FORKED.hashes.root_of(20), NOW)
    states = Overtaken([rival])
    given_ = ask(states, request(0, 20))
    assert isinstance(given_, Refused)
    assert given_.status == 409
    assert states.read(ORIGIN) == rival


def test_a_race_that_only_moved_the_time_is_judged_again():
    same = WitnessState(20, TREE.hashes.root_of(20), NOW + 3)
    states = Overtaken([])
    assert isinstance(ask(states, request(0, 20)), Cosigned)
    states.rivals = [same]
    given_ = ask(states, request(20, 33))
    assert isinstance(given_, Cosigned)
    assert given_.state.timestamp == NOW + 3


def test_a_witness_that_always_loses_gives_up_without_cosigning():
    rivals = [WitnessState(20, TREE.hashes.root_of(20), NOW + step) for step in range(1, 9)]
    states = Overtaken([])
    assert isinstance(ask(states, request(0, 20)), Cosigned)
    states.rivals = rivals
    assert ask(states, request(20, 33)).status == 503


class Broken(MemoryStates):
    def advance(self, origin, old, new):
        raise StaleCheckpoint("nothing is ever stored")


def test_nothing_is_cosigned_that_was_not_stored():
    class Watched:
        def __init__(self):
            self.public_key = WITNESS.verifier.public_key
            self.calls = 0

        def sign(self, message):
            self.calls += 1
            return bytes(64)

    watched = Watched()
    signer = type(WITNESS)(WITNESS.verifier, watched)
    assert ask(Broken(), request(0, 20), signers=[signer]).status == 503
    assert watched.calls == 0


@given(st.binary(max_size=200), st.integers(0, 300))
def test_hostile_bytes_are_refused_and_nothing_else(data, keep):
    body = request(20, 33)
    for offered in (data, body[:keep] + data, data + body):
        given_ = ask(MemoryStates(), offered)
        assert isinstance(given_, Refused)
        try:
            assert AddCheckpoint.parse(offered).to_bytes() == offered
        except UnitError:
            assert given_.status == 400


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_request_reads_back_as_it_was_written(one, two):
    old, new = sorted((one, two))
    body = request(old, new)
    assert AddCheckpoint.parse(body).to_bytes() == body
