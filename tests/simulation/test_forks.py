"""Every fork is shown, no honest log or witness is framed, whatever the clocks do.

Random histories of one log before one witness: batches, checkpoints, clocks that
step back, both kinds of keys. In some the log keeps a second history; in some the
witness cosigns what it must not. 10^4 in `make check`, 10^6 in `make soak`.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from random import Random

import pytest

from detente.tlog import (
    AddCheckpoint,
    Branches,
    Checkpoint,
    Cosigned,
    ForkError,
    ForkProof,
    NoteSigner,
    Refused,
    SignedNote,
    TreeHashes,
    WitnessFault,
    WitnessFaultProof,
    answer,
    leaf_hash,
    prove_consistency,
    prove_fork,
    prove_witness_fault,
)
from tests.core.tlog.makers import (
    NOW,
    ORIGIN,
    MemoryStates,
    log_key,
    log_mldsa_key,
    signed,
    witness_key,
    witness_mldsa_key,
)
from tests.shared import scaled

# 10^6 histories take a quarter of an hour on a slow core.
pytestmark = pytest.mark.timeout(scaled(120, 7_200))

SEED = 20_260_922
HISTORIES = scaled(10_000, 1_000_000)
SIZE_MAX = 48
LEAVES = [leaf_hash(b"%d" % number) for number in range(SIZE_MAX)]
FORGED = [leaf_hash(b"forged %d" % number) for number in range(SIZE_MAX)]
LOG, LOG_ML = log_key(), log_mldsa_key()
LOG_KEYS = (LOG.verifier, LOG_ML.verifier)
WITNESS, WITNESS_ML = witness_key(), witness_mldsa_key()
HONEST = TreeHashes(LEAVES)
HONEST_ROOTS = [HONEST.root_of(size) for size in range(SIZE_MAX + 1)]


@dataclass
class Clock:
    """A clock that mostly goes forward."""

    random: Random
    now: int = NOW

    def read(self) -> int:
        self.now += self.random.choice((0, 1, 60, 60, 60, -1, -30, -86_400))
        return self.now


def log_signer(random: Random) -> NoteSigner:
    # ML-DSA signs at a twentieth of the speed; one note in ten is enough of them.
    return LOG_ML if random.random() < 0.1 else LOG


def sign(random: Random, clock: Clock, size: int, root: bytes) -> bytes:
    signer, now = log_signer(random), clock.read()
    if signer is LOG:
        return sign_untimed(size, root)
    return signed(Checkpoint(ORIGIN, size, root), signer, time=now)


@lru_cache(maxsize=1_000)
def sign_untimed(size: int, root: bytes) -> bytes:
    return signed(Checkpoint(ORIGIN, size, root), LOG)


def second_history(random: Random, fork: int) -> TreeHashes:
    """Return a view that leaves the honest one at `fork`, and may come back to its entries."""
    size = random.randint(fork + 1, SIZE_MAX)
    changed = [random.random() < 0.5 for _ in range(size)]
    return TreeHashes(
        [
            FORGED[place] if place == fork or (place > fork and changed[place]) else LEAVES[place]
            for place in range(size)
        ]
    )


def test_every_fork_is_shown_by_two_notes_and_a_few_hashes() -> None:
    for number in range(HISTORIES // 2):
        random = Random(SEED + number)
        clock = Clock(random)
        fork = random.randrange(SIZE_MAX)
        view = second_history(random, fork)
        view_size = view.size
        one = random.randint(fork + 1, SIZE_MAX)
        two = random.randint(fork + 1, view_size)
        notes = [
            sign(random, clock, one, HONEST_ROOTS[one]),
            sign(random, clock, two, view.root_of(two)),
        ]
        behind_larger = view if two >= one else HONEST
        random.shuffle(notes)
        proof = prove_fork(notes[0], notes[1], behind_larger)
        shown = ForkProof(Branches.parse(proof.branches.to_bytes())).verify(LOG_KEYS)
        assert {shown.first.size, shown.second.size} == {one, two}, number
        assert len(proof.branches.proof) <= 2 * SIZE_MAX.bit_length(), number


def test_no_honest_log_is_framed() -> None:
    for number in range(HISTORIES // 2):
        random = Random(SEED - 1 - number)
        clock = Clock(random)
        sizes = sorted((random.randint(0, SIZE_MAX), random.randint(1, SIZE_MAX)))
        first, second = (sign(random, clock, size, HONEST_ROOTS[size]) for size in sizes)
        for branches in accusations(random, first, second, sizes):
            with pytest.raises(ForkError):
                ForkProof(branches).verify(LOG_KEYS)
        with pytest.raises(ForkError):
            prove_fork(second, first, HONEST)


def accusations(random: Random, first: bytes, second: bytes, sizes: list[int]) -> list[Branches]:
    """Return what an accuser can build from honest notes, a forged tree and guesses."""
    old, new = sizes
    proof = prove_consistency(HONEST, old_size=old, new_size=new)
    bent = list(proof)
    if bent:
        place = random.randrange(len(bent))
        bent[place] = random.choice((random.randbytes(32), bent[place - 1][::-1], FORGED[0]))
    view = second_history(random, random.randrange(SIZE_MAX))
    known = min(old, view.size)
    kinds = (
        Branches(first, second, HONEST_ROOTS[old], tuple(proof)),
        Branches(first, second, random.randbytes(32), tuple(bent)),
        Branches(first, second, view.root_of(known), tuple(proof)),
        Branches(second, first, HONEST_ROOTS[new], ()),
        Branches(first, second),
    )
    return random.sample(kinds, 2)


def test_no_witness_that_keeps_the_rules_is_framed_and_none_cosigns_a_fork() -> None:
    for number in range(HISTORIES // 20):
        random = Random(SEED * 2 + number)
        states, clock = MemoryStates(), Clock(random)
        view = second_history(random, random.randrange(SIZE_MAX))
        given = []
        for _ in range(random.randint(2, 5)):
            tree, size = random.choice(((HONEST, SIZE_MAX), (view, view.size)))
            cosigned = ask(random, states, clock, tree, random.randint(0, size))
            given += cosigned
        for (early, _), (late, tree) in pairwise(given):
            with pytest.raises(ForkError):
                prove_witness_fault(late, early, WITNESS.verifier, tree)
            with pytest.raises(ForkError):
                WitnessFaultProof(Branches(early, late)).verify(WITNESS.verifier)


def ask(
    random: Random, states: MemoryStates, clock: Clock, tree: TreeHashes, size: int
) -> list[tuple[bytes, TreeHashes]]:
    """Ask for a cosignature of one view; the witness must not cosign two."""
    before = states.read(ORIGIN)
    old = before.size if before else 0
    checkpoint = Checkpoint(ORIGIN, size, tree.root_of(size))
    proof = tuple(prove_consistency(tree, old_size=min(old, size), new_size=size))
    note = SignedNote.parse(signed(checkpoint, LOG))
    body = AddCheckpoint(old, proof, note, checkpoint).to_bytes()
    now = clock.read()
    match answer(body, logs={ORIGIN: LOG_KEYS}, states=states, signers=[WITNESS], now=now):
        case Cosigned(state=state) as cosigned:
            assert old <= size
            assert not old or tree.root_of(old) == before.root
            assert state.timestamp >= max(now, before.timestamp if before else 0)
            return [(note.to_bytes() + cosigned.body, tree)]
        case Refused():
            assert states.read(ORIGIN) == before
            return []


def test_every_witness_that_breaks_the_rules_is_shown() -> None:
    for number in range(HISTORIES // 20):
        random = Random(SEED * 3 + number)
        witness = WITNESS_ML if random.random() < 0.1 else WITNESS
        fork = random.randrange(SIZE_MAX - 1)
        view = second_history(random, fork)
        view_size = view.size
        if random.random() < 0.5:
            one, two = random.randint(fork + 1, SIZE_MAX), random.randint(fork + 1, view_size)
            other, fault = view, WitnessFault.BOTH_BRANCHES
            later = 0
        else:
            one = random.randint(2, SIZE_MAX)
            two, other, fault = random.randint(1, one - 1), HONEST, WitnessFault.SHRANK
            later = random.randint(1, 10**6)
        first = signed(Checkpoint(ORIGIN, one, HONEST_ROOTS[one]), witness)
        second = signed(Checkpoint(ORIGIN, two, other.root_of(two)), witness, time=NOW + later)
        behind_larger = other if two >= one else HONEST
        pair = random.sample((first, second), 2)
        proof = prove_witness_fault(pair[0], pair[1], witness.verifier, behind_larger)
        again = WitnessFaultProof(Branches.parse(proof.branches.to_bytes()))
        assert again.verify(witness.verifier) is fault, number
